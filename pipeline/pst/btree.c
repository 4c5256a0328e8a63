#include "pipeline/pst/disk.h"

#include "pipeline/pst/bytes.h"
#include "pipeline/pst/salvage.h"

void btree_finish(struct btree *tree)
{
    chunk_unref(&tree->leaf);
}

static uint64_t key_at(const struct layout *l, const struct page *page,
                       unsigned i)
{
    return get_wide(page->chunk->data + (size_t)i * page->stride, l->width);
}

/* Number of entries with a key <= wanted. */
static unsigned entries_upto(const struct layout *l, const struct page *page,
                             uint64_t key)
{
    unsigned low = 0, high = page->count;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (key_at(l, page, middle) <= key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void child_of(const struct layout *l, const struct page *page,
                     unsigned i, uint64_t *ib_r, uint64_t *bid_r)
{
    const uint8_t *at = page->chunk->data + (size_t)i * page->stride;

    *bid_r = get_wide(at + l->width, l->width);
    *ib_r = get_wide(at + 2 * l->width, l->width);
}

static int absent(const struct btree *tree, uint64_t key, struct err *err)
{
    return err_set(err, ENOENT, "%s has no %#llx", tree->name,
                   (unsigned long long)key);
}

static void keep_leaf(struct btree *tree, struct page *leaf, uint64_t low,
                      uint64_t high)
{
    chunk_unref(&tree->leaf);
    tree->leaf = leaf->chunk;
    tree->low = low;
    tree->high = high;
}

/* Keys that a broken page should have had need not be looked for twice. */
static int lost_check(struct pst *pst, const struct btree *tree, uint64_t key,
                      struct err *err)
{
    if (!pst->salvage || !salvage_has_lost(pst, tree, key))
        return 0;
    return err_set(err, EBADMSG, "the %s's page for %#llx is broken",
                   tree->name, (unsigned long long)key);
}

/* Goes down to the leaf that must hold key and keeps it in the tree. */
static int leaf_find(struct pst *pst, struct btree *tree, uint64_t key,
                     struct err *err)
{
    const struct layout *l = pst->layout;
    uint64_t ib = tree->ib, bid = tree->bid, low = 0, high = UINT64_MAX;
    struct page page;
    int level = -1;

    for (;;) {
        int rc = page_read(pst, tree, ib, bid, level, &page, err);
        if (rc < 0)
            return rc;
        if (page_strays(pst, &page, tree->name, ib, bid, low, high)) {
            chunk_unref(&page.chunk);
            return err_set(err, EBADMSG, "%s: wrong page", tree->name);
        }
        if (page.level == 0)
            break;
        unsigned n = entries_upto(l, &page, key);
        if (n > 0) {
            low = key_at(l, &page, n - 1);
            child_of(l, &page, n - 1, &ib, &bid);
        }
        if (n < page.count)
            high = key_at(l, &page, n);
        level = (int)page.level - 1;
        chunk_unref(&page.chunk);
        if (n == 0)
            return absent(tree, key, err);
    }
    keep_leaf(tree, &page, low, high);
    return 0;
}

/* The leaf entry of key; it stays valid until the next search. */
static int record_find(struct pst *pst, struct btree *tree, uint64_t key,
                       const uint8_t **record_r, struct err *err)
{
    const struct layout *l = pst->layout;
    struct page leaf;
    unsigned n;

    if (!tree->leaf || key < tree->low || key >= tree->high) {
        int rc = lost_check(pst, tree, key, err);
        if (rc == 0)
            rc = leaf_find(pst, tree, key, err);
        if (rc < 0)
            return rc;
    }
    leaf.chunk = tree->leaf;
    leaf.count =
        (unsigned)get_wide(tree->leaf->data + l->counts_at, l->count_width);
    leaf.stride = tree->leaf->data[l->counts_at + 2 * l->count_width];
    n = entries_upto(l, &leaf, key);
    if (n == 0 || key_at(l, &leaf, n - 1) != key)
        return absent(tree, key, err);
    *record_r = leaf.chunk->data + (size_t)(n - 1) * leaf.stride;
    return 0;
}

void node_parse(const struct layout *l, const uint8_t *record,
                struct node *node_r)
{
    node_r->nid = get32(record);
    node_r->data = get_wide(record + l->width, l->width);
    node_r->sub = get_wide(record + 2 * l->width, l->width);
    node_r->parent = get32(record + 3 * l->width);
}

void extent_parse(const struct layout *l, const uint8_t *record,
                  struct extent *extent_r)
{
    const uint8_t *sizes = record + 2 * l->width;

    extent_r->bid = get_wide(record, l->width);
    extent_r->ib = get_wide(record + l->width, l->width);
    extent_r->stored = get16(sizes);
    extent_r->size = get16(l->format == PST_UNICODE_4K ? sizes + 2 : sizes);
}

int live_node_find(struct pst *pst, uint32_t nid, struct node *node_r,
                   struct err *err)
{
    const uint8_t *record;
    int rc = record_find(pst, &pst->nbt, nid, &record, err);

    if (rc == 0)
        node_parse(pst->layout, record, node_r);
    return rc;
}

int live_extent_find(struct pst *pst, uint64_t bid, struct extent *extent_r,
                     struct err *err)
{
    const uint8_t *record;
    int rc = record_find(pst, &pst->bbt, bid_clean(bid), &record, err);

    if (rc == 0)
        extent_parse(pst->layout, record, extent_r);
    return rc;
}

int node_find(struct pst *pst, uint32_t nid, struct node *node_r,
              struct err *err)
{
    int rc = live_node_find(pst, nid, node_r, err);

    if (rc == -EBADMSG && salvage_begin(pst) && salvage_node(pst, nid, node_r))
        return 0;
    if (rc == -ENOENT && nid >= LOOSE_BASE && pst->salvage &&
        salvage_node(pst, nid, node_r))
        return 0;
    return rc;
}

int extent_find(struct pst *pst, uint64_t bid, struct extent *extent_r,
                struct err *err)
{
    int rc = live_extent_find(pst, bid, extent_r, err);

    if (rc == -EBADMSG && salvage_begin(pst) &&
        salvage_extent(pst, bid_clean(bid), NULL, extent_r))
        return 0;
    return rc;
}

/* A walk over a tree's leaves. Levels fall, keys must rise and pages are
 * counted, so that a hostile tree ends too. */
struct walk {
    struct pst *pst;
    const struct btree *tree;
    uint64_t next; /* least key wanted */
    uint64_t pages_left;
    const struct tree_fns *fns;
    void *ctx;
};

static int walk_leaf(struct walk *w, const struct page *page)
{
    const struct layout *l = w->pst->layout;
    unsigned i = w->next ? entries_upto(l, page, w->next - 1) : 0;

    for (; i < page->count; i++) {
        uint64_t key = key_at(l, page, i);
        int rc;
        if (key < w->next || key == UINT64_MAX)
            continue;
        w->next = key + 1;
        rc = w->fns->leaf(w->ctx, page->chunk->data + (size_t)i * page->stride);
        if (rc)
            return rc;
    }
    return 0;
}

static int walk_lost(struct walk *w, uint64_t low, uint64_t high, uint64_t ib)
{
    if (low < w->next)
        low = w->next;
    if (low >= high)
        return 0;
    w->next = high;
    return w->fns->lost(w->ctx, low, high, ib);
}

/* The page has the keys in [low, high). Recursion is bounded: the level falls
 * by one at each step. */
static int walk_page(struct walk *w, uint64_t ib, uint64_t bid, int level,
                     uint64_t low, uint64_t high)
{
    const struct layout *l = w->pst->layout;
    struct page page;
    int rc = 0;

    if (w->pages_left == 0)
        return 0;
    w->pages_left--;
    if (page_read(w->pst, w->tree, ib, bid, level, &page, NULL) < 0)
        return walk_lost(w, low, high, ib);
    if (page_strays(w->pst, &page, w->tree->name, ib, bid, low, high)) {
        chunk_unref(&page.chunk);
        return walk_lost(w, low, high, ib);
    }
    if (page.level == 0)
        rc = walk_leaf(w, &page);
    for (unsigned i = 0; page.level && i < page.count && !rc; i++) {
        uint64_t end = i + 1 < page.count ? key_at(l, &page, i + 1) : high;
        if (end <= w->next)
            continue;
        child_of(l, &page, i, &ib, &bid);
        rc = walk_page(w, ib, bid, (int)page.level - 1, key_at(l, &page, i),
                       end);
    }
    chunk_unref(&page.chunk);
    return rc;
}

int tree_walk(struct pst *pst, const struct btree *tree, uint64_t from,
              const struct tree_fns *fns, void *ctx)
{
    struct walk w = {
        .pst = pst,
        .tree = tree,
        .next = from,
        .pages_left = pst->info.file_size / pst->layout->page_size,
        .fns = fns,
        .ctx = ctx,
    };

    return walk_page(&w, tree->ib, tree->bid, -1, 0, UINT64_MAX);
}

struct nodes {
    struct pst *pst;
    node_fn *fn;
    void *ctx;
    uint64_t next; /* no node below it is still to come */
};

static int nodes_leaf(void *ctx, const uint8_t *record)
{
    struct nodes *n = ctx;
    struct node node;

    if (get_wide(record, n->pst->layout->width) > UINT32_MAX)
        return 0;
    node_parse(n->pst->layout, record, &node);
    n->next = (uint64_t)node.nid + 1;
    return n->fn(n->ctx, &node);
}

static int nodes_lost(void *ctx, uint64_t low, uint64_t high, uint64_t ib)
{
    struct nodes *n = ctx;

    (void)ib;
    if (!salvage_begin(n->pst))
        return 0;
    n->next = high;
    return salvage_walk(n->pst, low, high, n->fn, n->ctx);
}

int nodes_walk(struct pst *pst, uint32_t from, node_fn *fn, void *ctx)
{
    static const struct tree_fns fns = {nodes_leaf, nodes_lost};
    struct nodes n = {pst, fn, ctx, from};
    int rc = tree_walk(pst, &pst->nbt, from, &fns, &n);

    if (rc || !pst->salvage)
        return rc;
    if (n.next < LOOSE_BASE)
        n.next = LOOSE_BASE;
    return salvage_walk(pst, n.next, UINT64_MAX, fn, ctx);
}
