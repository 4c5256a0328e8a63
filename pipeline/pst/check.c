/*
 * Looks at everything a store has: all pages of both trees, all blocks, all
 * folders and items with their parts. What is damaged becomes a note, as when
 * it is met in passing; then the owners of damaged blocks are looked for.
 */
#include <string.h>

#include "pipeline/pst/heap.h"
#include "pipeline/pst/salvage.h"

struct check {
    struct pst *pst;
    struct pst_check *counts;
    struct list bad; /* uint64_t: ids of damaged blocks */
    uint32_t nid;    /* the node at work, while its blocks are gone over */
    unsigned depth;
    uint64_t visits; /* blocks and subnodes that may still be gone over */
};

/* True when the caller wants no more. */
static bool check_beat(struct check *c)
{
    struct pst *pst = c->pst;

    if (pst->progress && pst->progress(pst->progress_ctx) != 0)
        c->counts->stopped = true;
    return c->counts->stopped;
}

static int bid_order(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static bool is_bad(const struct check *c, uint64_t bid)
{
    bid = bid_clean(bid);
    return c->bad.count &&
           bsearch(&bid, c->bad.data, c->bad.count, c->bad.size, bid_order);
}

/* Nodes of a hostile store may share their subnodes, and those theirs: that
 * ends. Large ones take their time: the caller is told. */
static bool check_visit(struct check *c)
{
    if (c->visits == 0 || c->counts->stopped)
        return false;
    if (--c->visits == 0)
        pst_note(c->pst, "nodes name more blocks than the store has: not all "
                         "owners were looked for");
    return c->visits % 256 != 0 || !check_beat(c);
}

static int check_extent(void *ctx, const uint8_t *record)
{
    struct check *c = ctx;
    struct extent e;
    uint64_t *bid;

    extent_parse(c->pst->layout, record, &e);
    c->counts->blocks++;
    c->counts->bytes += e.stored;
    if (!extent_sound(c->pst, &e)) {
        c->counts->bad_blocks++;
        bid = list_add(&c->bad, PST_CHECK_BLOCKS_MAX);
        if (bid)
            *bid = e.bid;
    }
    return c->counts->blocks % 64 == 0 && check_beat(c);
}

static int check_node_entry(void *ctx, const uint8_t *record)
{
    struct check *c = ctx;

    return ++c->counts->nodes % 1024 == 0 && check_beat(c);
}

static int check_lost(void *ctx, uint64_t low, uint64_t high, uint64_t ib)
{
    struct check *c = ctx;

    c->counts->bad_pages++;
    return 0;
}

static void check_block_of(struct check *c, uint64_t bid)
{
    if (is_bad(c, bid))
        pst_note_node(c->pst, c->nid, "block %#llx of it is damaged",
                      (unsigned long long)bid_clean(bid));
}

/* The blocks of one data tree. */
static void check_data(struct check *c, uint64_t bid)
{
    struct pst_stream *s = NULL;
    uint32_t count = 0;
    struct err err = {0};
    uint64_t id;

    check_block_of(c, bid);
    if (stream_open(c->pst, bid, &s, &err) < 0 ||
        stream_block_count(s, &count, &err) < 0)
        pst_note_node(c->pst, c->nid, "%s", err.msg);
    for (uint32_t k = 0; c->bad.count && k < count && check_visit(c); k++)
        if (stream_block_id(s, k, &id, NULL) == 0)
            check_block_of(c, id);
    pst_stream_free(&s);
}

static int check_tree(void *ctx, const struct node *node)
{
    struct check *c = ctx;
    struct err err = {0};

    if (!check_visit(c))
        return 1;
    if (node->data)
        check_data(c, node->data);
    if (!node->sub || c->depth == PST_CHECK_DEPTH)
        return 0;
    c->depth++;
    check_block_of(c, node->sub);
    if (subnodes_walk(c->pst, node->sub, check_tree, c, &err) < 0)
        pst_note_node(c->pst, c->nid, "%s", err.msg);
    c->depth--;
    return 0;
}

static void check_item(struct check *c, uint32_t nid)
{
    struct pst_item *item = NULL;
    struct err err = {0};

    c->counts->items++;
    if (pst_item_open(c->pst, nid, &item, &err) < 0) {
        pst_note_node(c->pst, nid, "%s", err.msg);
        c->counts->bad_items++;
        return;
    }
    pst_item_recipients(item);
    for (size_t i = 0; i < pst_item_attachments(item); i++) {
        struct pst_attachment *a = NULL;
        if (pst_attachment_open(item, i, &a, &err) < 0)
            pst_note_node(c->pst, nid, "attachment %zu: %s", i + 1, err.msg);
        pst_attachment_free(&a);
    }
    c->counts->bad_items += pst_item_damage(item) > 0;
    pst_item_free(&item);
}

static int check_node(void *ctx, const struct node *node)
{
    struct check *c = ctx;

    c->nid = node->nid;
    c->depth = 0;
    if (c->bad.count || NID_TYPE(node->nid) != NID_MESSAGE)
        check_tree(c, node);
    if (NID_TYPE(node->nid) == NID_MESSAGE)
        check_item(c, node->nid);
    else
        c->counts->folders += NID_TYPE(node->nid) == NID_FOLDER;
    return check_beat(c);
}

int pst_check(struct pst *pst, struct pst_check *counts_r, struct err *err)
{
    const struct tree_fns blocks = {check_extent, check_lost};
    const struct tree_fns nodes = {check_node_entry, check_lost};
    struct check c = {
        .pst = pst, .counts = counts_r, .bad = {.size = sizeof(uint64_t)}};

    memset(counts_r, 0, sizeof(*counts_r));
    tree_walk(pst, &pst->nbt, 0, &nodes, &c);
    if (!counts_r->stopped)
        tree_walk(pst, &pst->bbt, 0, &blocks, &c);
    if (c.bad.count) /* hostile trees need not rise */
        qsort(c.bad.data, c.bad.count, c.bad.size, bid_order);
    c.visits = counts_r->blocks * PST_CHECK_VISITS + PST_CHECK_VISITS_MIN;
    if (!counts_r->stopped)
        nodes_walk(pst, 0, check_node, &c);
    list_finish(&c.bad);
    counts_r->unlisted = pst->notes_dropped;
    return counts_r->stopped ? err_set(err, EINTR, "the check was stopped")
                             : pst_unchanged(pst, err);
}
