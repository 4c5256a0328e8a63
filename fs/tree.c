#include "fs/tree.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fs/node.h"
#include "pipeline/base/buf.h"
#include "pipeline/base/cleanup.h"

#define TREE_NAMES_MAX (256u << 20)

/* A folder while the list comes in. */
struct row {
    struct tree_folder folder;
    size_t text;    /* its name in the texts */
    uint32_t order; /* as the reader gave it */
    unsigned depth;
};

struct tree {
    struct tree_folder *list; /* by rising node id */
    size_t n, dropped;
};

/* The list while it is made: rows in the reader's order. */
struct making {
    struct row *rows;
    size_t n, cap, dropped;
    struct buf texts;
};

static void folder_finish(struct tree_folder *folder)
{
    nameset_free(&folder->names);
    free(steal_ptr(folder->class));
}

void tree_free(struct tree **tree)
{
    if (!*tree)
        return;
    for (size_t i = 0; i < (*tree)->n; i++)
        folder_finish(&(*tree)->list[i]);
    free((*tree)->list);
    free(*tree);
    *tree = NULL;
}

const struct tree_folder *tree_get(const struct tree *tree, uint32_t nid)
{
    size_t low = 0, high = tree->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (tree->list[mid].nid < nid)
            low = mid + 1;
        else
            high = mid;
    }
    return low < tree->n && tree->list[low].nid == nid ? &tree->list[low]
                                                       : NULL;
}

size_t tree_count(const struct tree *tree)
{
    return tree->n;
}

const struct tree_folder *tree_at(const struct tree *tree, size_t i)
{
    return &tree->list[i];
}

size_t tree_dropped(const struct tree *tree)
{
    return tree->dropped;
}

static int making_add(struct making *m, const struct reader_folder *folder)
{
    struct row *row;

    if (m->n == m->cap) {
        size_t cap = m->cap ? m->cap * 2 : 64;
        struct row *rows = realloc(m->rows, cap * sizeof(*rows));
        if (!rows)
            return -ENOMEM;
        m->rows = rows;
        m->cap = cap;
    }
    row = &m->rows[m->n];
    *row = (struct row){
        .folder = {.nid = folder->nid,
                   .parent = folder->parent,
                   .items = folder->items,
                   .unread = folder->unread,
                   .class = strdup(folder->class)},
        .text = m->texts.len,
        .order = (uint32_t)m->n,
    };
    m->n++;
    if (!row->folder.class)
        return -ENOMEM;
    return buf_add(&m->texts, folder->name, strlen(folder->name) + 1);
}

static int take_folder(void *ctx, const struct reader_folder *folder)
{
    struct making *m = ctx;

    if (folder->is_search)
        return 0;
    if (!node_fits(NODE_FOLDER, folder->nid) || m->n >= TREE_FOLDERS_MAX) {
        m->dropped++;
        return 0;
    }
    return making_add(m, folder);
}

static int row_compare(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->folder.nid != y->folder.nid)
        return x->folder.nid < y->folder.nid ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Sorts by node id; of rows with one node id the first stays. */
static void making_sort(struct making *m)
{
    size_t kept = 0;

    qsort(m->rows, m->n, sizeof(*m->rows), row_compare);
    for (size_t i = 0; i < m->n; i++) {
        if (kept && m->rows[kept - 1].folder.nid == m->rows[i].folder.nid) {
            folder_finish(&m->rows[i].folder);
            m->dropped++;
        } else {
            m->rows[kept++] = m->rows[i];
        }
    }
    m->n = kept;
}

static struct row *row_get(const struct making *m, uint32_t nid)
{
    size_t low = 0, high = m->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (m->rows[mid].folder.nid < nid)
            low = mid + 1;
        else
            high = mid;
    }
    return low < m->n && m->rows[low].folder.nid == nid ? &m->rows[low] : NULL;
}

static void row_settle(const struct making *m, struct row *row)
{
    const struct row *parent = row_get(m, row->folder.parent);

    /* Parents come first, so one that comes later would close a loop. */
    if (row->folder.nid == NODE_ROOT_NID) {
        row->folder.parent = NODE_ROOT_NID;
    } else if (!parent || parent->folder.nid == NODE_ROOT_NID ||
               parent->order >= row->order || parent->depth >= TREE_DEPTH_MAX) {
        row->folder.parent = NODE_ROOT_NID;
        row->depth = 1;
    } else {
        row->depth = parent->depth + 1;
    }
}

/* Parents and depths, in the reader's order since that has parents first. */
static int making_settle(const struct making *m)
{
    cleanup_free uint32_t *at = NULL;
    uint32_t top = 0;

    for (size_t i = 0; i < m->n; i++)
        if (m->rows[i].order > top)
            top = m->rows[i].order;
    at = calloc((size_t)top + 1, sizeof(*at));
    if (!at)
        return -ENOMEM;
    for (size_t i = 0; i < m->n; i++)
        at[m->rows[i].order] = (uint32_t)i + 1;
    for (uint32_t o = 0; o <= top; o++)
        if (at[o])
            row_settle(m, &m->rows[at[o] - 1]);
    return 0;
}

static int name_row(const struct making *m, const struct row *row)
{
    struct nameset **names = &row_get(m, row->folder.parent)->folder.names;
    int rc = 0;

    if (!*names) {
        *names = nameset_new();
        if (!*names)
            return -ENOMEM;
        if (row->folder.parent == NODE_ROOT_NID)
            rc = nameset_reserve(*names, TREE_CONTROL);
        if (rc == 0 && row->folder.parent == NODE_ROOT_NID)
            rc = nameset_reserve(*names, TREE_RECOVERED);
    }
    if (rc < 0)
        return rc;
    return nameset_add(*names, row->folder.nid, m->texts.data + row->text,
                       "(no name)", NULL);
}

static int making_name(const struct making *m)
{
    int rc = 0;

    for (size_t i = 0; i < m->n && rc == 0; i++)
        if (m->rows[i].folder.nid != NODE_ROOT_NID)
            rc = name_row(m, &m->rows[i]);
    for (size_t i = 0; i < m->n && rc == 0; i++)
        if (m->rows[i].folder.names)
            rc = nameset_settle(m->rows[i].folder.names);
    return rc;
}

static int making_build(struct making *m, struct tree **tree_r)
{
    static const struct reader_folder root = {.nid = NODE_ROOT_NID,
                                              .parent = NODE_ROOT_NID,
                                              .items = -1,
                                              .unread = -1,
                                              .name = "",
                                              .class = ""};
    struct tree *tree;
    int rc;

    making_sort(m);
    if (!row_get(m, NODE_ROOT_NID)) {
        if ((rc = making_add(m, &root)) < 0)
            return rc;
        making_sort(m);
    }
    if ((rc = making_settle(m)) < 0 || (rc = making_name(m)) < 0)
        return rc;
    tree = calloc(1, sizeof(*tree));
    if (!tree || !(tree->list = calloc(m->n, sizeof(*tree->list)))) {
        free(tree);
        return -ENOMEM;
    }
    for (; tree->n < m->n; tree->n++) {
        tree->list[tree->n] = m->rows[tree->n].folder;
        m->rows[tree->n].folder.names = NULL;
        m->rows[tree->n].folder.class = NULL;
    }
    tree->dropped = m->dropped;
    *tree_r = tree;
    return 0;
}

int tree_new(struct reader *reader, struct tree **tree_r, struct err *err)
{
    struct making m = {.texts = BUF(TREE_NAMES_MAX)};
    int rc;

    *tree_r = NULL;
    if ((rc = reader_folders(reader, take_folder, &m, err)) == 0) {
        rc = making_build(&m, tree_r);
        if (rc < 0)
            err_sys(err, -rc, "list of folders");
    }
    for (size_t i = 0; i < m.n; i++)
        folder_finish(&m.rows[i].folder);
    free(m.rows);
    buf_finish(&m.texts);
    return rc < 0 ? rc : 0;
}

int tree_single(uint32_t nid, struct tree **tree_r)
{
    struct tree *tree = calloc(1, sizeof(*tree));

    *tree_r = tree;
    if (!tree || !(tree->list = calloc(1, sizeof(*tree->list)))) {
        tree_free(tree_r);
        return -ENOMEM;
    }
    tree->list[0] = (struct tree_folder){.nid = nid,
                                         .parent = NODE_ROOT_NID,
                                         .items = -1,
                                         .unread = -1,
                                         .class = strdup("")};
    tree->n = 1;
    if (!tree->list[0].class)
        tree_free(tree_r);
    return *tree_r ? 0 : -ENOMEM;
}
