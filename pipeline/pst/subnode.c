#include "pipeline/pst/bytes.h"
#include "pipeline/pst/disk.h"

/* SLBLOCK (level 0) and SIBLOCK (level 1), section 7. */
struct list {
    struct chunk *chunk; /* owned */
    unsigned width, level, count;
    size_t first, stride;
};

static int list_read(struct pst *pst, uint64_t bid, int level,
                     struct list *list_r, struct err *err)
{
    unsigned width = pst->layout->width;
    struct chunk *c = NULL;
    int rc = 0;

    if (bid & BID_INTERNAL)
        rc = block_read(pst, bid, &c, err);
    if (rc < 0)
        return rc;
    list_r->chunk = c;
    list_r->width = width;
    list_r->first = width == 8 ? 8 : 4;
    if (c && c->len >= list_r->first) {
        list_r->level = c->data[1];
        list_r->count = get16(c->data + 2);
        list_r->stride = (list_r->level ? 2u : 3u) * width;
        if (c->data[0] == 2 && list_r->level <= 1 &&
            (level < 0 || list_r->level == (unsigned)level) &&
            list_r->count <= (c->len - list_r->first) / list_r->stride)
            return 0;
    }
    chunk_unref(&list_r->chunk);
    return err_set(err, EBADMSG, "block %#llx is no list of subnodes",
                   (unsigned long long)bid);
}

static const uint8_t *entry_at(const struct list *list, unsigned i)
{
    return list->chunk->data + list->first + i * list->stride;
}

/* The upper half of a NID here is garbage (section 3). */
static uint32_t nid_at(const struct list *list, unsigned i)
{
    return get32(entry_at(list, i));
}

static void node_at(const struct list *list, unsigned i, struct node *node_r)
{
    const uint8_t *at = entry_at(list, i);

    node_r->nid = get32(at);
    node_r->parent = 0;
    node_r->data = get_wide(at + list->width, list->width);
    node_r->sub = get_wide(at + 2 * list->width, list->width);
}

/* Number of entries with a nid <= wanted. */
static unsigned entries_upto(const struct list *list, uint32_t nid)
{
    unsigned low = 0, high = list->count;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (nid_at(list, middle) <= nid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int absent(uint32_t nid, struct err *err)
{
    return err_set(err, ENOENT, "no subnode %#x", nid);
}

/* Binary search, and a plain one for lists that are out of order. */
static int leaf_find(const struct list *list, uint32_t nid, struct node *node_r,
                     struct err *err)
{
    unsigned n = entries_upto(list, nid);

    if (n && nid_at(list, n - 1) == nid) {
        node_at(list, n - 1, node_r);
        return 0;
    }
    for (unsigned i = 0; i < list->count; i++)
        if (nid_at(list, i) == nid) {
            node_at(list, i, node_r);
            return 0;
        }
    return absent(nid, err);
}

int subnode_find(struct pst *pst, uint64_t sub, uint32_t nid,
                 struct node *node_r, struct err *err)
{
    struct list list;
    unsigned n;
    int rc;

    if (bid_clean(sub) == 0)
        return absent(nid, err);
    rc = list_read(pst, sub, -1, &list, err);
    if (rc == 0 && list.level == 1) {
        n = entries_upto(&list, nid);
        if (n) {
            sub = get_wide(entry_at(&list, n - 1) + list.width, list.width);
            chunk_unref(&list.chunk);
            rc = list_read(pst, sub, 0, &list, err);
        } else {
            chunk_unref(&list.chunk);
            return absent(nid, err);
        }
    }
    if (rc < 0)
        return rc;
    rc = leaf_find(&list, nid, node_r, err);
    chunk_unref(&list.chunk);
    return rc;
}

struct walk {
    struct pst *pst;
    node_fn *fn;
    void *ctx;
    uint32_t left; /* subnodes still allowed */
};

static int walk_leaf(struct walk *w, const struct list *list)
{
    int rc = 0;

    for (unsigned i = 0; i < list->count && !rc; i++) {
        struct node node;
        if (w->left == 0)
            return 0;
        w->left--;
        node_at(list, i, &node);
        rc = w->fn(w->ctx, &node);
    }
    return rc;
}

/* The leaf lists below an SIBLOCK; a broken one is noted and left out. */
static int walk_inner(struct walk *w, const struct list *inner)
{
    int rc = 0;

    for (unsigned i = 0; i < inner->count && !rc && w->left; i++) {
        uint64_t bid =
            get_wide(entry_at(inner, i) + inner->width, inner->width);
        struct err err = {0};
        struct list leaf;
        if (list_read(w->pst, bid, 0, &leaf, &err) < 0) {
            damage_lost(w->pst->sink, (uint32_t)bid);
            pst_note(w->pst, "%s", err.msg);
            continue;
        }
        rc = walk_leaf(w, &leaf);
        chunk_unref(&leaf.chunk);
    }
    return rc;
}

int subnodes_walk(struct pst *pst, uint64_t sub, node_fn *fn, void *ctx,
                  struct err *err)
{
    struct walk w = {
        .pst = pst, .fn = fn, .ctx = ctx, .left = PST_SUBNODES_MAX};
    struct list list;
    int rc;

    if (bid_clean(sub) == 0)
        return 0;
    rc = list_read(pst, sub, -1, &list, err);
    if (rc < 0)
        return rc;
    rc = list.level ? walk_inner(&w, &list) : walk_leaf(&w, &list);
    chunk_unref(&list.chunk);
    return rc;
}
