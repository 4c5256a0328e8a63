#include <string.h>

#include "pipeline/pst/bytes.h"
#include "pipeline/pst/heap.h"
#include "pipeline/pst/salvage.h"

/* Entries of pages that no live tree leads to: old ones, whole, and broken
 * ones, as far as they make sense (section 23). */

static uint64_t key_of(const struct layout *l, const uint8_t *record)
{
    return get_wide(record, l->width);
}

/* Newest first; leaves only matter. */
static int page_order(const void *a, const void *b)
{
    const struct scan_page *x = a, *y = b;

    if (x->bid != y->bid)
        return x->bid > y->bid ? -1 : 1;
    return x->ib < y->ib ? -1 : x->ib > y->ib;
}

/* The bytes of a page, and how many entries of which size it has. A count or
 * size that cannot be is replaced by what fits. */
static bool raw_read(struct pst *pst, uint64_t ib, uint8_t type, uint8_t *data,
                     unsigned *count_r, unsigned *stride_r)
{
    const struct layout *l = pst->layout;
    unsigned least = type == pst->nbt.type ? l->nbt_size : l->bbt_size;
    const uint8_t *at = data + l->counts_at;

    if (file_read(pst, ib, data, l->page_size, NULL) < 0)
        return false;
    *count_r = (unsigned)get_wide(at, l->count_width);
    *stride_r = at[2 * l->count_width];
    if (at[2 * l->count_width + 1] != 0)
        return false; /* not a leaf */
    if (*stride_r < least || *stride_r > 2 * least)
        *stride_r = least;
    if (*count_r * *stride_r > l->area)
        *count_r = l->area / *stride_r;
    return true;
}

/* ---- the block tree ---- */

static void extent_offer(struct salvage *s, const uint8_t *record)
{
    struct scan_block *b;
    struct extent e;

    extent_parse(s->pst->layout, record, &e);
    if (e.bid == 0 || (e.bid & 1) ||
        !salvage_has_lost(s->pst, &s->pst->bbt, e.bid))
        return;
    b = list_add(&s->blocks, PST_SCAN_BLOCKS_MAX);
    if (b)
        *b = (struct scan_block){e, RANK_NAMED};
}

static void extents_of_page(struct salvage *s, uint64_t ib)
{
    uint8_t data[PAGE_BYTES_MAX];
    unsigned count, stride;

    if (!raw_read(s->pst, ib, s->pst->bbt.type, data, &count, &stride))
        return;
    for (unsigned i = 0; i < count; i++)
        extent_offer(s, data + (size_t)i * stride);
}

void stale_extents(struct salvage *s)
{
    for (size_t i = 0; i < s->lost_bbt.count && salvage_alive(s); i++)
        extents_of_page(s, ((struct range *)list_at(&s->lost_bbt, i))->ib);
    for (size_t i = 0; i < s->pages.count && salvage_alive(s); i++) {
        const struct scan_page *p = list_at(&s->pages, i);
        if (p->type == s->pst->bbt.type && p->level == 0)
            extents_of_page(s, p->ib);
    }
    scan_sort(s);
}

/* ---- the node tree ---- */

int stale_walk(struct salvage *s, stale_fn *fn, void *ctx)
{
    uint8_t data[PAGE_BYTES_MAX];
    unsigned count, stride;
    int rc = 0;

    if (s->pages.count)
        qsort(s->pages.data, s->pages.count, s->pages.size, page_order);
    for (size_t i = 0; i < s->pages.count && !rc && salvage_alive(s); i++) {
        const struct scan_page *p = list_at(&s->pages, i);
        if (p->type != s->pst->nbt.type || p->level != 0 ||
            !raw_read(s->pst, p->ib, p->type, data, &count, &stride))
            continue;
        for (unsigned k = 0; k < count && !rc; k++) {
            struct node node;
            node_parse(s->pst->layout, data + (size_t)k * stride, &node);
            rc = fn(ctx, &node, p);
        }
    }
    return rc;
}

/* An entry that may stand in for a lost one. */
struct offer {
    struct saved_node saved;
    uint64_t bid; /* of its page: the newest counts */
};

struct offers {
    struct salvage *s;
    struct refs *refs;
    struct list list; /* struct offer */
    /* Leaves that have a key, for keys in rising order: a heap with the
     * newest on top, of pointers to pages. */
    struct list heap;
    size_t next_page; /* first one not in the heap yet */
};

/* Items and folders are heaps, tables too: what begins their data tells
 * whether an entry can be right. */
static bool node_fits_data(struct pst *pst, const struct node *node)
{
    unsigned type = NID_TYPE(node->nid);
    bool props = type == NID_MESSAGE || type == NID_FOLDER ||
                 type == NID_SEARCH_FOLDER || type == NID_ASSOCIATED;
    bool table = type == NID_HIERARCHY || type == NID_CONTENTS;
    struct heap *heap = NULL;
    bool fits;

    if (!props && !table)
        return true;
    fits =
        heap_open(pst, node, props ? HEAP_PROPS : HEAP_TABLE, &heap, NULL) == 0;
    heap_free(&heap);
    return fits;
}

static bool node_plausible(const struct offers *o, const struct node *node)
{
    uint64_t data = bid_clean(node->data), sub = bid_clean(node->sub);
    unsigned type = NID_TYPE(node->nid);
    bool shared = type != NID_MESSAGE && type != NID_FOLDER;

    if (data == 0 && (type == NID_MESSAGE || type == NID_FOLDER))
        return false;
    if (data &&
        (shared ? !refs_exists(o->refs, data) : !refs_is_free(o->refs, data)))
        return false;
    if (sub && (!(sub & BID_INTERNAL) || !refs_is_free(o->refs, sub)))
        return false;
    return data == 0 || node_fits_data(o->s->pst, node);
}

static void node_offer(struct offers *o, const struct node *node,
                       enum saved_from from, uint64_t bid)
{
    struct offer *offer;

    if (node->nid == 0 ||
        !salvage_has_lost(o->s->pst, &o->s->pst->nbt, node->nid))
        return;
    offer = list_add(&o->list, PST_SAVED_NODES_MAX);
    if (offer)
        *offer = (struct offer){{*node, from}, bid};
}

/* Of a broken page, entries whose keys rise within what it should have. */
static void nodes_of_broken(struct offers *o, const struct range *r)
{
    const struct layout *l = o->s->pst->layout;
    uint8_t data[PAGE_BYTES_MAX];
    unsigned count, stride;
    uint64_t next = r->low;

    if (!raw_read(o->s->pst, r->ib, o->s->pst->nbt.type, data, &count, &stride))
        return;
    for (unsigned i = 0; i < count; i++) {
        const uint8_t *record = data + (size_t)i * stride;
        uint64_t key = key_of(l, record);
        struct node node;
        if (key < next || key >= r->high || key > UINT32_MAX)
            continue;
        next = key + 1;
        node_parse(l, record, &node);
        node_offer(o, &node, SAVED_PAGE, UINT64_MAX);
    }
}

static int node_take(void *ctx, const struct node *node,
                     const struct scan_page *page)
{
    node_offer(ctx, node, SAVED_STALE, page->bid);
    return 0;
}

static int offer_order(const void *a, const void *b)
{
    const struct offer *x = a, *y = b;

    if (x->saved.node.nid != y->saved.node.nid)
        return x->saved.node.nid < y->saved.node.nid ? -1 : 1;
    return x->bid > y->bid ? -1 : x->bid < y->bid;
}

static int first_order(const void *a, const void *b)
{
    const struct scan_page *x = a, *y = b;

    return x->first < y->first ? -1 : x->first > y->first;
}

static const struct scan_page **heap_at(const struct offers *o, size_t i)
{
    return list_at(&o->heap, i);
}

static void heap_swap(struct offers *o, size_t a, size_t b)
{
    const struct scan_page *page = *heap_at(o, a);

    *heap_at(o, a) = *heap_at(o, b);
    *heap_at(o, b) = page;
}

static void heap_push(struct offers *o, const struct scan_page *page)
{
    const struct scan_page **at = list_add(&o->heap, PST_SCAN_PAGES_MAX);
    size_t i = o->heap.count - 1;

    if (!at)
        return;
    *at = page;
    for (; i && (*heap_at(o, (i - 1) / 2))->bid < page->bid; i = (i - 1) / 2)
        heap_swap(o, i, (i - 1) / 2);
}

static void heap_pop(struct offers *o)
{
    size_t i = 0;

    heap_swap(o, 0, --o->heap.count);
    for (;;) {
        size_t most = i;
        for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < o->heap.count; k++)
            if ((*heap_at(o, k))->bid > (*heap_at(o, most))->bid)
                most = k;
        if (most == i)
            return;
        heap_swap(o, i, most);
        i = most;
    }
}

/* A leaf tells all about the keys from its first to its last one at the time
 * it was written: what an older one has besides was deleted since. Keys are
 * asked about in rising order. */
static bool is_superseded(struct offers *o, const struct offer *offer)
{
    const struct list *pages = &o->s->pages;
    uint64_t key = offer->saved.node.nid;

    for (; o->next_page < pages->count; o->next_page++) {
        const struct scan_page *p = list_at(pages, o->next_page);
        if (p->first > key)
            break;
        if (p->type == o->s->pst->nbt.type && p->level == 0)
            heap_push(o, p);
    }
    while (o->heap.count && (*heap_at(o, 0))->last < key)
        heap_pop(o);
    return o->heap.count && (*heap_at(o, 0))->bid > offer->bid;
}

/* The best offer for each node; what it names is taken then. */
static void offers_accept(struct offers *o)
{
    struct salvage *s = o->s;

    if (o->list.count)
        qsort(o->list.data, o->list.count, o->list.size, offer_order);
    if (s->pages.count)
        qsort(s->pages.data, s->pages.count, s->pages.size, first_order);
    for (size_t i = 0; i < o->list.count && salvage_alive(s); i++) {
        const struct offer *offer = list_at(&o->list, i);
        const struct node *node = &offer->saved.node;
        if (!is_superseded(o, offer) && node_plausible(o, node) &&
            salvage_keep(s, node, offer->saved.from))
            refs_mark_node(o->refs, node);
    }
}

void stale_nodes(struct salvage *s, struct refs *refs)
{
    struct offers o = {
        .s = s,
        .refs = refs,
        .list = {.size = sizeof(struct offer)},
        .heap = {.size = sizeof(struct scan_page *)},
    };

    for (size_t i = 0; i < s->lost_nbt.count && salvage_alive(s); i++)
        nodes_of_broken(&o, list_at(&s->lost_nbt, i));
    stale_walk(s, node_take, &o);
    offers_accept(&o);
    list_finish(&o.list);
    list_finish(&o.heap);
}
