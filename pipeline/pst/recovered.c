#include <stdio.h>
#include <string.h>

#include "pipeline/pst/heap.h"
#include "pipeline/pst/salvage.h"

#define ORIGIN_MAX  96
#define FLAG_HIDDEN 0x40 /* of message flags: an FAI item */

/* Items that no listing shows (section 22). */
struct search {
    struct salvage *s;
    struct list listed;  /* uint32_t: what the tables of folders name */
    struct list folders; /* uint32_t: folders that have such a table */
    struct list keys;    /* uint64_t: of the items that are shown */
    struct list *found;
};

static int nid_order(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static int key_order(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static bool list_has(const struct list *list, const void *key,
                     int (*order)(const void *, const void *))
{
    return list->count &&
           bsearch(key, list->data, list->count, list->size, order);
}

static void list_sort(struct list *list,
                      int (*order)(const void *, const void *))
{
    if (list->count)
        qsort(list->data, list->count, list->size, order);
}

/* Whole and a message; its key in *key_r. */
static bool message_check(struct pst *pst, const struct node *node,
                          uint64_t *key_r)
{
    struct damage damage = {.nid = node->nid};
    struct damage *before = damage_enter(pst, &damage);
    struct pst_props *props = NULL;
    bool fine = props_open(pst, node, &props, NULL) == 0;

    damage_leave(pst, before);
    fine = fine && damage.count == 0 &&
           pst_props_type(props, PR_MESSAGE_CLASS) &&
           !(pst_props_int(props, PR_MESSAGE_FLAGS, 0) & FLAG_HIDDEN);
    if (fine)
        *key_r = piece_key(props);
    if (fine && !*key_r)
        *key_r = piece_print(props, PIECE_MESSAGE);
    props_free(&props);
    return fine;
}

static void found_add(struct search *search, const struct node *node,
                      enum pst_recovered_kind kind, uint64_t place,
                      uint64_t key)
{
    struct found *f = list_add(search->found, PST_RECOVERED_MAX);

    if (f)
        *f = (struct found){*node, kind, place, key};
}

/* ---- orphans ---- */

static int table_read_rows(void *ctx, const struct node *node)
{
    struct search *search = ctx;
    struct table *t = NULL;
    struct pst_props row;
    uint32_t *at;

    if (NID_TYPE(node->nid) != NID_CONTENTS ||
        table_open(search->s->pst, node, &t, NULL) < 0)
        return !salvage_alive(search->s);
    for (uint64_t r = 0; r < table_rows(t); r++) {
        if (!table_row(t, r, &row))
            continue;
        at = list_add(&search->listed, PST_SAVED_NODES_MAX);
        if (at)
            *at = row_id(&row);
    }
    at = table_is_torn(t) ? NULL : list_add(&search->folders, PST_FOLDERS_MAX);
    if (at)
        *at = NID_WITH(node->nid, NID_FOLDER);
    table_free(&t);
    return !salvage_alive(search->s);
}

static int orphan_look(void *ctx, const struct node *node)
{
    struct search *search = ctx;
    uint32_t folder = node_folder(node);
    uint64_t key;

    if (NID_TYPE(node->nid) == NID_MESSAGE &&
        !list_has(&search->listed, &node->nid, nid_order) &&
        (!folder || list_has(&search->folders, &folder, nid_order)) &&
        message_check(search->s->pst, node, &key))
        found_add(search, node, PST_RECOVERED_ORPHAN, 0, key);
    return !salvage_alive(search->s);
}

static void orphans_find(struct search *search)
{
    struct pst *pst = search->s->pst;

    nodes_walk(pst, 0, table_read_rows, search);
    list_sort(&search->listed, nid_order);
    list_sort(&search->folders, nid_order);
    nodes_walk(pst, 0, orphan_look, search);
}

/* ---- deleted ones ---- */

static int deleted_look(void *ctx, const struct node *node,
                        const struct scan_page *page)
{
    struct search *search = ctx;
    struct pst *pst = search->s->pst;
    struct node live;
    uint64_t key;

    if (NID_TYPE(node->nid) != NID_MESSAGE || bid_clean(node->data) == 0 ||
        (node_find(pst, node->nid, &live, NULL) == 0 &&
         bid_clean(live.data) == bid_clean(node->data)))
        return 0;
    if (message_check(pst, node, &key))
        found_add(search, node, PST_RECOVERED_DELETED, page->ib, key);
    return 0;
}

/* ---- fragments ---- */

static void fragments_find(struct search *search)
{
    struct list pieces = {.size = sizeof(struct piece)};
    struct refs *refs = refs_new(search->s, true);

    for (size_t i = 0; refs && i < search->found->count; i++)
        refs_mark_node(refs,
                       &((struct found *)list_at(search->found, i))->node);
    if (refs)
        pieces_find(search->s, refs, &pieces);
    refs_free(&refs);
    for (size_t i = pieces.count; i > 0; i--) { /* the newest first */
        const struct piece *p = list_at(&pieces, i - 1);
        uint64_t key;
        if (p->kind == PIECE_MESSAGE &&
            message_check(search->s->pst, &p->node, &key))
            found_add(search, &p->node, PST_RECOVERED_FRAGMENT, p->node.data,
                      key);
    }
    list_finish(&pieces);
}

/* ---- each once ---- */

static int key_note(void *ctx, const struct node *node)
{
    struct search *search = ctx;
    uint64_t key, *at;

    if (NID_TYPE(node->nid) != NID_MESSAGE ||
        !message_check(search->s->pst, node, &key))
        return 0;
    at = list_add(&search->keys, PST_SAVED_NODES_MAX);
    if (at)
        *at = key;
    return !salvage_alive(search->s);
}

/* By key; of one key the first found, which is the newest, comes first. */
struct rank {
    uint64_t key;
    uint32_t index;
};

static int rank_order(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Older versions of items that are shown, and of ones found already. */
static void versions_drop(struct search *search)
{
    struct list ranks = {.size = sizeof(struct rank)};
    size_t kept = 0;
    uint64_t last = 0;

    for (size_t i = 0; i < search->found->count; i++) {
        struct rank *r = list_add(&ranks, PST_RECOVERED_MAX);
        if (r)
            *r = (struct rank){((struct found *)list_at(search->found, i))->key,
                               (uint32_t)i};
    }
    list_sort(&ranks, rank_order);
    for (size_t i = 0; i < ranks.count; i++) {
        const struct rank *r = list_at(&ranks, i);
        struct found *f = list_at(search->found, r->index);
        if ((i && r->key == last) ||
            (f->kind != PST_RECOVERED_ORPHAN &&
             list_has(&search->keys, &r->key, key_order)))
            f->node.data = 0;
        last = r->key;
    }
    for (size_t i = 0; i < search->found->count; i++) {
        const struct found *f = list_at(search->found, i);
        if (f->node.data)
            *(struct found *)list_at(search->found, kept++) = *f;
    }
    search->found->count = kept;
    list_finish(&ranks);
}

static int found_order(const void *a, const void *b)
{
    const struct found *x = a, *y = b;

    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->node.nid != y->node.nid)
        return x->node.nid < y->node.nid ? -1 : 1;
    return x->node.data < y->node.data ? -1 : x->node.data > y->node.data;
}

static void found_make(struct salvage *s)
{
    struct search search = {
        .s = s,
        .listed = {.size = sizeof(uint32_t)},
        .folders = {.size = sizeof(uint32_t)},
        .keys = {.size = sizeof(uint64_t)},
        .found = &s->found,
    };
    struct damage *before = damage_enter(s->pst, NULL);

    s->found_asked = true;
    orphans_find(&search);
    stale_walk(s, deleted_look, &search);
    fragments_find(&search);
    if (s->found.count)
        nodes_walk(s->pst, 0, key_note, &search);
    list_sort(&search.keys, key_order);
    versions_drop(&search);
    list_sort(&s->found, found_order);
    list_finish(&search.listed);
    list_finish(&search.folders);
    list_finish(&search.keys);
    damage_leave(s->pst, before);
}

static bool found_ready(struct pst *pst)
{
    if (!salvage_begin(pst))
        return false;
    if (!pst->salvage->found_asked)
        found_make(pst->salvage);
    return true;
}

static void origin_text(const struct found *f, char text[ORIGIN_MAX])
{
    static const char *const words[] = {
        [PST_RECOVERED_ORPHAN] = "orphan: in the node tree but in no folder",
        [PST_RECOVERED_DELETED] = "deleted: found in an old page at",
        [PST_RECOVERED_FRAGMENT] = "fragment: nothing names its block",
    };

    if (f->kind == PST_RECOVERED_ORPHAN)
        snprintf(text, ORIGIN_MAX, "%s", words[f->kind]);
    else
        snprintf(text, ORIGIN_MAX, "%s %#llx", words[f->kind],
                 (unsigned long long)f->place);
}

static int found_show(struct pst *pst, const struct found *f, uint32_t number,
                      struct buf text[ENTRY_TEXTS], pst_recovered_fn *fn,
                      void *ctx)
{
    struct pst_props *props = NULL;
    struct pst_entry e = {.nid = f->node.nid};
    char origin[ORIGIN_MAX];
    int rc;

    props_open(pst, &f->node, &props, NULL);
    entry_fill(&e, props, text);
    origin_text(f, origin);
    rc = fn(ctx, &(struct pst_recovered){
                     .number = number,
                     .kind = f->kind,
                     .nid = f->node.nid,
                     .class = e.class,
                     .subject = e.subject,
                     .from = e.from,
                     .to = e.to,
                     .time = e.time,
                     .origin = origin,
                 });
    props_free(&props);
    return rc;
}

int pst_recovered(struct pst *pst, uint32_t start, pst_recovered_fn *fn,
                  void *ctx, struct err *err)
{
    struct buf text[ENTRY_TEXTS];
    int rc = 0;

    if (!found_ready(pst))
        return err_sys(err, ENOMEM, "recovered items");
    entry_texts_init(text);
    for (size_t i = start; i < pst->salvage->found.count && rc == 0; i++)
        rc = found_show(pst, list_at(&pst->salvage->found, i), (uint32_t)i + 1,
                        text, fn, ctx);
    entry_texts_finish(text);
    return rc;
}

int pst_item_open_recovered(struct pst *pst, uint32_t number,
                            struct pst_item **item_r, struct err *err)
{
    char origin[ORIGIN_MAX];
    const struct found *f;
    int rc;

    *item_r = NULL;
    if (!found_ready(pst))
        return err_sys(err, ENOMEM, "recovered items");
    if (number == 0 || number > pst->salvage->found.count)
        return err_set(err, ENOENT, "no recovered item %u", number);
    f = list_at(&pst->salvage->found, number - 1);
    rc = item_open_node(pst, &f->node, NULL, 0, item_r, err);
    if (rc < 0)
        return rc;
    origin_text(f, origin);
    item_set_origin(*item_r, origin);
    return 0;
}

struct count {
    uint32_t n, most;
};

static int node_count(void *ctx, const struct node *node)
{
    struct count *count = ctx;

    return ++count->n >= count->most;
}

uint32_t pst_node_count(struct pst *pst, uint32_t most)
{
    struct count count = {0, most};

    nodes_walk(pst, 0, node_count, &count);
    return count.n;
}
