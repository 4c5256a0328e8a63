#include <stdio.h>
#include <string.h>

#include "pipeline/pst/heap.h"

#define SET_FIRST 256u /* a power of two */

/* The walk over all folders (section 17): hierarchy tables from the root
 * down, then what the node tree has besides (section 23). */
struct visit {
    uint32_t nid, parent;
    uint32_t depth;
};

struct folders {
    struct pst *pst;
    pst_folder_fn *fn;
    void *ctx;
    struct visit *queue; /* those shown, in order; hierarchies to read */
    size_t count, cap;
    struct visit *set; /* by hash of nid; nid 0 is free */
    size_t set_size;
    struct buf name, class;
};

static struct visit *set_slot(const struct folders *f, uint32_t nid)
{
    size_t mask = f->set_size - 1;
    size_t i = (nid * 0x9E3779B1u >> 8) & mask;

    while (f->set[i].nid && f->set[i].nid != nid)
        i = (i + 1) & mask;
    return &f->set[i];
}

static bool is_seen(const struct folders *f, uint32_t nid)
{
    return f->set_size && set_slot(f, nid)->nid == nid;
}

static int set_grow(struct folders *f)
{
    struct visit *old = f->set;
    size_t old_size = f->set_size;

    if (f->set && f->count * 2 < f->set_size)
        return 0;
    f->set_size = old_size ? old_size * 2 : SET_FIRST;
    f->set = calloc(f->set_size, sizeof(*f->set));
    if (!f->set) {
        f->set = old;
        f->set_size = old_size;
        return -ENOMEM;
    }
    for (size_t i = 0; i < old_size; i++)
        if (old[i].nid)
            *set_slot(f, old[i].nid) = old[i];
    free(old);
    return 0;
}

/* Puts the folder into the queue and the set, its parent known before. A
 * folder too deep down is hung nowhere, which ends the chain. */
static int visit_add(struct folders *f, struct visit *v)
{
    const struct visit *parent = v->parent ? set_slot(f, v->parent) : NULL;

    v->depth = parent ? parent->depth + 1 : 0;
    if (v->depth > PST_FOLDER_DEPTH) {
        pst_note(f->pst, "folder %#x lies too deep", v->nid);
        v->depth = v->parent = 0;
    }
    if (f->count == PST_FOLDERS_MAX)
        return -EFBIG;
    if (f->count == f->cap) {
        size_t cap = f->cap ? 2 * f->cap : 64;
        struct visit *queue = realloc(f->queue, cap * sizeof(*queue));
        if (!queue)
            return -ENOMEM;
        f->queue = queue;
        f->cap = cap;
    }
    f->queue[f->count++] = *v;
    if (set_grow(f) < 0)
        return -ENOMEM;
    *set_slot(f, v->nid) = *v;
    return 0;
}

static const char *text_of(struct pst_props *props, uint16_t id,
                           struct buf *out)
{
    buf_clear(out);
    if (props)
        props_text_cut(props, id, PST_LIST_TEXT_MAX / 3, true, out, NULL);
    return buf_str(out);
}

/* Shows a folder with the properties of its row or its own, NULL for none. */
static int folder_show(struct folders *f, struct visit *v,
                       struct pst_props *props)
{
    struct pst_folder folder = {.nid = v->nid};
    int rc = visit_add(f, v);

    if (rc < 0)
        return rc;
    folder.parent = v->parent;
    folder.name = text_of(props, PR_DISPLAY_NAME, &f->name);
    folder.class = text_of(props, PR_CONTAINER_CLASS, &f->class);
    folder.items = props ? pst_props_int(props, PR_CONTENT_COUNT, -1) : -1;
    folder.unread = props ? pst_props_int(props, PR_CONTENT_UNREAD, -1) : -1;
    if (folder.unread < 0)
        folder.unread = -1;
    folder.is_search = NID_TYPE(v->nid) == NID_SEARCH_FOLDER;
    return f->fn(f->ctx, &folder);
}

/* Shows a folder that no row describes, by its own properties. */
static int folder_show_node(struct folders *f, uint32_t nid, uint32_t parent)
{
    struct visit v = {nid, parent, 0};
    struct pst_props *props = NULL;
    struct err err = {0};
    struct node node;
    int rc = node_find(f->pst, nid, &node, &err);

    if (rc == 0)
        rc = props_open(f->pst, &node, &props, &err);
    if (rc < 0)
        pst_note_node(f->pst, nid, "%s", err.msg);
    rc = folder_show(f, &v, props);
    props_free(&props);
    return rc;
}

static int row_show(struct folders *f, uint32_t parent, struct pst_props *row)
{
    struct visit v = {row_id(row), parent, 0};
    unsigned type = NID_TYPE(v.nid);
    struct node node;

    if ((type != NID_FOLDER && type != NID_SEARCH_FOLDER) || is_seen(f, v.nid))
        return 0;
    if (node_find(f->pst, v.nid, &node, NULL) == -ENOENT) {
        pst_note_node(f->pst, v.nid, "is listed but is not there");
        return 0;
    }
    if (pst_props_type(row, PR_DISPLAY_NAME) == 0)
        return folder_show_node(f, v.nid, parent);
    return folder_show(f, &v, row);
}

static int children_show(struct folders *f, uint32_t parent)
{
    struct table *table = NULL;
    struct err err = {0};
    struct node node;
    int rc = node_find(f->pst, NID_WITH(parent, NID_HIERARCHY), &node, &err);

    if (rc == 0)
        rc = table_open(f->pst, &node, &table, &err);
    if (rc < 0) {
        if (NID_TYPE(parent) != NID_SEARCH_FOLDER)
            pst_note_node(f->pst, parent, "its subfolders: %s", err.msg);
        return 0;
    }
    for (uint64_t r = 0; r < table_rows(table) && rc == 0; r++) {
        struct pst_props row;
        if (table_row(table, r, &row))
            rc = row_show(f, parent, &row);
    }
    table_free(&table);
    return rc;
}

/* ---- what no list of subfolders names ---- */

/* Folders of the node tree that have not been shown, and folders that items
 * name as theirs but that have no node. */
struct rest {
    const struct folders *folders;
    struct visit *list;
    size_t count, cap;
    uint32_t last_parent; /* of an item; mostly the next one has it too */
    bool loose;           /* there are items without any folder */
};

static int rest_put(struct rest *r, uint32_t nid, uint32_t parent)
{
    if (r->count == PST_FOLDERS_MAX)
        return 0;
    if (r->count == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 64;
        struct visit *list = realloc(r->list, cap * sizeof(*list));
        if (!list)
            return -ENOMEM;
        r->list = list;
        r->cap = cap;
    }
    r->list[r->count++] = (struct visit){nid, parent, 0};
    return 0;
}

static bool in_rest(const struct rest *r, uint32_t nid)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->list[i].nid == nid)
            return true;
    return false;
}

/* Nodes come in the order of their numbers, folders before items. */
static int rest_add(void *ctx, const struct node *node)
{
    struct rest *r = ctx;
    uint32_t folder;

    if (NID_TYPE(node->nid) == NID_FOLDER && !is_seen(r->folders, node->nid))
        return rest_put(r, node->nid, node->parent);
    if (NID_TYPE(node->nid) != NID_MESSAGE)
        return 0;
    folder = node_folder(node);
    if (folder == r->last_parent)
        return 0;
    r->last_parent = folder;
    r->loose |= folder == PST_LOST_FOLDER;
    if (!folder || folder == PST_LOST_FOLDER || is_seen(r->folders, folder) ||
        in_rest(r, folder))
        return 0;
    return rest_put(r, folder, 0);
}

static int lost_folder_show(struct folders *f)
{
    struct visit v = {PST_LOST_FOLDER, 0, 0};
    struct pst_folder folder = {
        .nid = PST_LOST_FOLDER,
        .name = PST_LOST_FOLDER_NAME,
        .class = "",
        .items = -1,
        .unread = -1,
    };
    int rc;

    if (is_seen(f, PST_LOST_FOLDER))
        return 0;
    v.parent = folder.parent = is_seen(f, NID_ROOT) ? NID_ROOT : 0;
    rc = visit_add(f, &v);
    return rc < 0 ? rc : f->fn(f->ctx, &folder);
}

/* Below the folder for what was lost; one without a node gets a name. */
static int torn_show(struct folders *f, const struct visit *torn)
{
    struct visit v = {torn->nid, PST_LOST_FOLDER, 0};
    struct pst_folder folder = {
        .nid = v.nid, .class = "", .items = -1, .unread = -1};
    struct node node;
    char name[32];
    int rc = lost_folder_show(f);

    if (rc)
        return rc;
    if (node_find(f->pst, v.nid, &node, NULL) == 0)
        return folder_show_node(f, v.nid, v.parent);
    snprintf(name, sizeof(name), "Folder %x", v.nid);
    rc = visit_add(f, &v);
    folder.parent = v.parent;
    folder.name = name;
    return rc < 0 ? rc : f->fn(f->ctx, &folder);
}

/* Shows each one whose parent is there, and `force` others without a parent;
 * what is left stays in the list. */
static int rest_pass(struct folders *f, struct rest *r, size_t force)
{
    size_t kept = 0;
    int rc = 0;

    for (size_t i = 0; i < r->count && rc == 0; i++) {
        struct visit v = r->list[i];
        if (v.parent != v.nid && v.parent && is_seen(f, v.parent)) {
            rc = folder_show_node(f, v.nid, v.parent);
        } else if (force) {
            rc = torn_show(f, &v);
            force--;
        } else {
            r->list[kept++] = v;
        }
    }
    r->count = kept;
    return rc;
}

/* Brings a folder whose parent does not exist at all to the front: it is
 * where a torn-off branch begins. */
static void rest_front(struct rest *r)
{
    for (size_t i = 0; i < r->count && i < PST_FOLDER_DEPTH; i++)
        if (!in_rest(r, r->list[i].parent)) {
            struct visit v = r->list[0];
            r->list[0] = r->list[i];
            r->list[i] = v;
            return;
        }
}

static int rest_show(struct folders *f)
{
    struct rest r = {.folders = f};
    int rc = nodes_walk(f->pst, 0, rest_add, &r);

    if (rc == 0 && r.count)
        pst_note(f->pst, "%zu folders are in no list of subfolders", r.count);
    for (unsigned n = 0; rc == 0 && r.count; n++) {
        size_t before = r.count;
        rc = rest_pass(f, &r, n < PST_FOLDER_DEPTH ? 0 : before);
        if (rc == 0 && r.count == before) {
            rest_front(&r);
            rc = rest_pass(f, &r, 1);
        }
    }
    if (rc == 0 && r.loose)
        rc = lost_folder_show(f);
    free(r.list);
    return rc;
}

/* The root, by its node or, where that is lost, when its list of subfolders
 * is there. */
static int root_show(struct folders *f)
{
    struct visit root = {NID_ROOT, 0, 0};
    struct node node;

    if (node_find(f->pst, NID_ROOT, &node, NULL) == 0)
        return folder_show_node(f, NID_ROOT, 0);
    if (node_find(f->pst, NID_WITH(NID_ROOT, NID_HIERARCHY), &node, NULL) == 0)
        return folder_show(f, &root, NULL);
    return 0;
}

int pst_folders(struct pst *pst, pst_folder_fn *fn, void *ctx, struct err *err)
{
    struct folders f = {
        .pst = pst,
        .fn = fn,
        .ctx = ctx,
        .name = BUF(PST_LIST_TEXT_MAX),
        .class = BUF(PST_LIST_TEXT_MAX),
    };
    int rc = root_show(&f);

    for (size_t i = 0; i < f.count && rc == 0; i++)
        rc = children_show(&f, f.queue[i].nid);
    if (rc == 0)
        rc = rest_show(&f);
    if (rc == -ENOMEM || rc == -EFBIG)
        err_sys(err, -rc, "folders");
    free(f.queue);
    free(f.set);
    buf_finish(&f.name);
    buf_finish(&f.class);
    return rc;
}
