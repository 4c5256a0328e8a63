#include <string.h>

#include "pipeline/pst/bytes.h"
#include "pipeline/pst/salvage.h"

/* Every block that a tree or the scan knows, and whether a node or a list of
 * blocks names it (section 23): what nothing names is where lost nodes
 * begin. */
struct ref {
    uint64_t bid;
    bool named;
};

struct refs {
    struct salvage *s;
    struct list list; /* struct ref, by bid */
    uint64_t seen;
};

static int ref_order(const void *a, const void *b)
{
    const struct ref *x = a, *y = b;

    return x->bid < y->bid ? -1 : x->bid > y->bid;
}

static struct ref *ref_find(const struct refs *refs, uint64_t bid)
{
    struct ref key = {bid_clean(bid), false};

    if (refs->list.count == 0 || key.bid == 0)
        return NULL;
    return bsearch(&key, refs->list.data, refs->list.count, refs->list.size,
                   ref_order);
}

static void ref_add(struct refs *refs, uint64_t bid)
{
    struct ref *r = list_add(&refs->list, PST_SCAN_BLOCKS_MAX);

    if (r)
        r->bid = bid_clean(bid);
}

static int live_block(void *ctx, const uint8_t *record)
{
    struct refs *refs = ctx;

    ref_add(refs, get_wide(record, refs->s->pst->layout->width));
    return ++refs->seen % 4096 == 0 && !salvage_alive(refs->s);
}

static int lost_blocks(void *ctx, uint64_t low, uint64_t high, uint64_t ib)
{
    (void)ctx, (void)low, (void)high, (void)ib;
    return 0;
}

/* Blocks of the live tree, and those found for its lost keys. */
static void blocks_collect(struct refs *refs, bool stale)
{
    static const struct tree_fns fns = {live_block, lost_blocks};
    struct salvage *s = refs->s;
    size_t kept = 0;

    tree_walk(s->pst, &s->pst->bbt, 0, &fns, refs);
    for (size_t i = 0; i < s->blocks.count; i++) {
        const struct scan_block *b = list_at(&s->blocks, i);
        if (stale || salvage_has_lost(s->pst, &s->pst->bbt, b->extent.bid))
            ref_add(refs, b->extent.bid);
    }
    if (refs->list.count == 0)
        return;
    qsort(refs->list.data, refs->list.count, refs->list.size, ref_order);
    for (size_t i = 0; i < refs->list.count; i++)
        if (kept == 0 || refs_bid(refs, kept - 1) != refs_bid(refs, i))
            *(struct ref *)list_at(&refs->list, kept++) =
                *(struct ref *)list_at(&refs->list, i);
    refs->list.count = kept;
}

static void mark(struct refs *refs, uint64_t bid)
{
    struct ref *r = ref_find(refs, bid);

    if (r)
        r->named = true;
}

/* The ids in a list of blocks or of subnodes (section 7). */
static void children_mark(struct refs *refs, const struct chunk *c)
{
    unsigned width = refs->s->pst->layout->width, level, count;
    size_t first = width == 8 ? 8 : 4, stride, at;

    if (c->len < 8)
        return;
    level = c->data[1];
    count = get16(c->data + 2);
    if (c->data[0] == 1) {
        for (at = 8; count && at + width <= c->len; count--, at += width)
            mark(refs, get_wide(c->data + at, width));
    } else if (c->data[0] == 2) {
        stride = (level ? 2u : 3u) * width;
        for (at = first; count && at + stride <= c->len; count--, at += stride)
            for (unsigned k = 1; k * width < stride; k++)
                mark(refs, get_wide(c->data + at + k * width, width));
    }
}

static void lists_read(struct refs *refs)
{
    for (size_t i = 0; i < refs->list.count && salvage_alive(refs->s); i++) {
        struct chunk *c = NULL;
        if (!(refs_bid(refs, i) & BID_INTERNAL) ||
            block_read(refs->s->pst, refs_bid(refs, i), &c, NULL) < 0)
            continue;
        children_mark(refs, c);
        chunk_unref(&c);
    }
}

static int node_mark(void *ctx, const struct node *node)
{
    refs_mark_node(ctx, node);
    return 0;
}

struct refs *refs_new(struct salvage *s, bool stale)
{
    struct refs *refs = calloc(1, sizeof(*refs));

    if (!refs)
        return NULL;
    refs->s = s;
    refs->list.size = sizeof(struct ref);
    blocks_collect(refs, stale);
    lists_read(refs);
    nodes_walk(s->pst, 0, node_mark, refs);
    return refs;
}

void refs_free(struct refs **refs)
{
    if (*refs)
        list_finish(&(*refs)->list);
    free(*refs);
    *refs = NULL;
}

size_t refs_count(const struct refs *refs)
{
    return refs->list.count;
}

uint64_t refs_bid(const struct refs *refs, size_t i)
{
    return ((struct ref *)list_at(&refs->list, i))->bid;
}

bool refs_named(const struct refs *refs, size_t i)
{
    return ((struct ref *)list_at(&refs->list, i))->named;
}

bool refs_exists(const struct refs *refs, uint64_t bid)
{
    return ref_find(refs, bid) != NULL;
}

bool refs_is_free(const struct refs *refs, uint64_t bid)
{
    const struct ref *r = ref_find(refs, bid);

    return r && !r->named;
}

void refs_mark_node(struct refs *refs, const struct node *node)
{
    mark(refs, node->data);
    mark(refs, node->sub);
}
