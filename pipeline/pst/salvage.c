#include "pipeline/pst/salvage.h"

#include <string.h>

#include "pipeline/pst/bytes.h"

void *list_add(struct list *list, size_t most)
{
    void *at;

    if (list->count >= most)
        return NULL;
    if (list->count == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 64;
        char *data = realloc(list->data, cap * list->size);
        if (!data)
            return NULL;
        list->data = data;
        list->cap = cap;
    }
    at = list_at(list, list->count++);
    memset(at, 0, list->size);
    return at;
}

void list_finish(struct list *list)
{
    free(list->data);
    list->data = NULL;
    list->count = list->cap = 0;
}

bool salvage_alive(struct salvage *s)
{
    struct pst *pst = s->pst;

    if (!s->stopped && pst->progress && pst->progress(pst->progress_ctx) != 0)
        s->stopped = true;
    return !s->stopped;
}

/* ---- which keys are lost ---- */

struct losing {
    struct list *lost;
    uint64_t entries;
    struct salvage *s;
};

static int losing_leaf(void *ctx, const uint8_t *record)
{
    struct losing *l = ctx;

    (void)record;
    return ++l->entries % 4096 == 0 && !salvage_alive(l->s);
}

static int losing_lost(void *ctx, uint64_t low, uint64_t high, uint64_t ib)
{
    struct losing *l = ctx;
    struct range *r = list_add(l->lost, PST_LOST_MAX);

    if (r)
        *r = (struct range){low, high, ib};
    return 0;
}

static void lost_find(struct salvage *s, const struct btree *tree,
                      struct list *lost)
{
    static const struct tree_fns fns = {losing_leaf, losing_lost};
    struct losing l = {.lost = lost, .s = s};

    tree_walk(s->pst, tree, 0, &fns, &l);
    for (size_t i = 0; i < lost->count; i++) {
        const struct range *r = list_at(lost, i);
        pst_note_at(s->pst, PST_NOTE_PAGE, r->ib,
                    "%s page at %#llx is lost: keys %#llx to %#llx", tree->name,
                    (unsigned long long)r->ib, (unsigned long long)r->low,
                    (unsigned long long)(r->high - 1));
    }
}

static const struct list *lost_of(const struct pst *pst,
                                  const struct btree *tree)
{
    return tree == &pst->nbt ? &pst->salvage->lost_nbt
                             : &pst->salvage->lost_bbt;
}

bool salvage_has_lost(const struct pst *pst, const struct btree *tree,
                      uint64_t key)
{
    const struct list *lost = lost_of(pst, tree);
    size_t low = 0, high = lost->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct range *r = list_at(lost, middle);
        if (key >= r->low && key < r->high)
            return true;
        if (key < r->low)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

/* ---- roots ---- */

/* The root page that the header names by its id, wherever it lies. */
static void root_find(struct salvage *s, struct btree *tree)
{
    struct page page;

    if (page_read(s->pst, tree, tree->ib, tree->bid, -1, &page, NULL) == 0) {
        uint64_t bid = get_wide(page.chunk->data + s->pst->layout->page_bid_at,
                                s->pst->layout->width);
        chunk_unref(&page.chunk);
        if (bid == tree->bid)
            return;
    }
    for (size_t i = 0; i < s->pages.count; i++) {
        const struct scan_page *p = list_at(&s->pages, i);
        if (p->type != tree->type || p->bid != tree->bid)
            continue;
        pst_note_at(s->pst, PST_NOTE_PAGE, p->ib,
                    "header: the %s begins at %#llx, not %#llx", tree->name,
                    (unsigned long long)p->ib, (unsigned long long)tree->ib);
        tree->ib = p->ib;
        btree_finish(tree);
        return;
    }
}

/* ---- look-ups ---- */

/* The first saved node with a number of at least nid. */
static size_t saved_from(const struct salvage *s, uint64_t nid)
{
    size_t low = 0, high = s->nodes.count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct saved_node *n = list_at(&s->nodes, middle);
        if (n->node.nid < nid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct saved_node *salvage_saved(const struct pst *pst, uint32_t nid)
{
    const struct saved_node *n;
    size_t i;

    if (!pst->salvage)
        return NULL;
    i = saved_from(pst->salvage, nid);
    if (i == pst->salvage->nodes.count)
        return NULL;
    n = list_at(&pst->salvage->nodes, i);
    return n->node.nid == nid ? n : NULL;
}

struct saved_node *salvage_edit(struct salvage *s, uint32_t nid)
{
    size_t i = saved_from(s, nid);
    struct saved_node *n = i < s->nodes.count ? list_at(&s->nodes, i) : NULL;

    return n && n->node.nid == nid ? n : NULL;
}

bool salvage_node(struct pst *pst, uint32_t nid, struct node *node_r)
{
    const struct saved_node *n = salvage_saved(pst, nid);

    if (n)
        *node_r = n->node;
    return n != NULL;
}

bool salvage_keep(struct salvage *s, const struct node *node,
                  enum saved_from from)
{
    size_t at = saved_from(s, node->nid);
    struct saved_node *n;

    if (at < s->nodes.count) {
        n = list_at(&s->nodes, at);
        if (n->node.nid == node->nid)
            return false;
    }
    if (!list_add(&s->nodes, PST_SAVED_NODES_MAX))
        return false;
    n = list_at(&s->nodes, at);
    memmove(n + 1, n, (s->nodes.count - 1 - at) * sizeof(*n));
    *n = (struct saved_node){*node, from};
    if (NID_TYPE(node->nid) == NID_MESSAGE && !node_folder(node))
        n->node.parent = PST_LOST_FOLDER;
    return true;
}

bool extent_same(const struct extent *a, const struct extent *b)
{
    return a->bid == b->bid && a->ib == b->ib && a->stored == b->stored &&
           a->size == b->size;
}

bool salvage_extent(struct pst *pst, uint64_t bid, const struct extent * not,
                    struct extent *extent_r)
{
    const struct list *blocks = &pst->salvage->blocks;
    size_t low = 0, high = blocks->count;
    const struct scan_block *b;

    while (low < high) {
        size_t middle = (low + high) / 2;
        b = list_at(blocks, middle);
        if (b->extent.bid < bid)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < blocks->count; low++) {
        b = list_at(blocks, low);
        if (b->extent.bid != bid)
            break;
        if (not &&extent_same(&b->extent, not ))
            continue;
        *extent_r = b->extent;
        return true;
    }
    return false;
}

int salvage_walk(struct pst *pst, uint64_t low, uint64_t high, node_fn *fn,
                 void *ctx)
{
    int rc = 0;

    for (size_t i = saved_from(pst->salvage, low);
         i < pst->salvage->nodes.count && rc == 0; i++) {
        struct node node =
            ((struct saved_node *)list_at(&pst->salvage->nodes, i))->node;
        if (node.nid >= high)
            break;
        rc = fn(ctx, &node);
    }
    return rc;
}

/* ---- the whole ---- */

static void nodes_rebuild(struct salvage *s)
{
    struct list pieces = {.size = sizeof(struct piece)};
    struct refs *refs = refs_new(s, false);

    if (!refs)
        return;
    stale_nodes(s, refs);
    if (salvage_alive(s))
        pieces_find(s, refs, &pieces);
    refs_free(&refs);
    pieces_rejoin(s, &pieces);
    list_finish(&pieces);
}

static void salvage_run(struct salvage *s)
{
    struct pst *pst = s->pst;

    scan_file(s);
    scan_sort(s);
    root_find(s, &pst->nbt);
    root_find(s, &pst->bbt);
    lost_find(s, &pst->nbt, &s->lost_nbt);
    lost_find(s, &pst->bbt, &s->lost_bbt);
    if (s->lost_bbt.count)
        stale_extents(s);
    if (s->lost_nbt.count)
        nodes_rebuild(s);
    if (s->stopped)
        pst_note(pst, "the search for lost parts was ended early");
}

bool salvage_begin(struct pst *pst)
{
    struct salvage *s = pst->salvage;
    struct damage *before;

    if (s || pst->noting)
        return s != NULL;
    s = calloc(1, sizeof(*s));
    if (!s)
        return false;
    s->pst = pst;
    s->lost_nbt.size = s->lost_bbt.size = sizeof(struct range);
    s->pages.size = sizeof(struct scan_page);
    s->blocks.size = sizeof(struct scan_block);
    s->nodes.size = sizeof(struct saved_node);
    s->found.size = sizeof(struct found);
    s->busy = true;
    pst->salvage = s;
    before = damage_enter(pst, NULL);
    salvage_run(s);
    damage_leave(pst, before);
    s->busy = false;
    return true;
}

void salvage_free(struct salvage **salvage)
{
    struct salvage *s = *salvage;

    if (!s)
        return;
    list_finish(&s->lost_nbt);
    list_finish(&s->lost_bbt);
    list_finish(&s->pages);
    list_finish(&s->blocks);
    list_finish(&s->nodes);
    list_finish(&s->found);
    free(s);
    *salvage = NULL;
}

bool pst_incomplete(const struct pst *pst)
{
    const struct salvage *s = pst->salvage;

    return s && (s->lost_nbt.count || s->lost_bbt.count || s->stopped);
}
