#include <string.h>

#include "pipeline/base/io.h"
#include "pipeline/pst/bytes.h"
#include "pipeline/pst/salvage.h"

#define SCAN_KEEP (64u << 10) /* the largest block with its trailer */

/* One pass over the file: every place where a tree page may stand is checked
 * for one, and every slot's end for a block's trailer (section 23). */
struct scan {
    struct salvage *s;
    const struct layout *l;
    uint8_t *data; /* of the file from base on */
    uint64_t base;
    size_t len;
    uint64_t crc_left; /* bytes that may still be summed up */
};

static const uint8_t page_types[] = {0x80, 0x81};

/* A page that was written elsewhere, and moved with what is around it, counts
 * when its id is one that the store has given out. */
static bool page_counts(const struct scan *scan, const uint8_t *data,
                        uint64_t ib, uint8_t type, struct page *page)
{
    const struct layout *l = scan->l;

    return (get_wide(data + l->page_bid_at, l->width) <
                scan->s->pst->bid_next ||
            page_placed(l, data, ib)) &&
           page_whole(l, data, type, page) && page->count > 0;
}

static void page_look(struct scan *scan, uint64_t ib)
{
    const struct layout *l = scan->l;
    const uint8_t *data = scan->data + (ib - scan->base);
    struct scan_page *p;
    struct page page;

    for (size_t i = 0; i < array_len(page_types); i++) {
        if (!page_counts(scan, data, ib, page_types[i], &page))
            continue;
        p = list_add(&scan->s->pages, PST_SCAN_PAGES_MAX);
        if (!p)
            return;
        p->ib = ib;
        p->bid = get_wide(data + l->page_bid_at, l->width);
        p->type = page_types[i];
        p->level = (uint8_t)page.level;
        p->first = get_wide(data, l->width);
        p->last =
            get_wide(data + (size_t)(page.count - 1) * page.stride, l->width);
    }
}

/* The live tree has the block right here. */
static bool is_live(struct pst *pst, const struct extent *e)
{
    struct extent live;

    return live_extent_find(pst, e->bid, &live, NULL) == 0 &&
           extent_same(&live, e);
}

static void block_keep(struct scan *scan, const struct extent *e, bool moved)
{
    struct scan_block *b;

    if (is_live(scan->s->pst, e))
        return;
    b = list_add(&scan->s->blocks, PST_SCAN_BLOCKS_MAX);
    if (!b)
        return;
    b->extent = *e;
    b->rank = moved ? RANK_MOVED : RANK_SOUND;
}

/* A trailer that ends at `end`. Without its signature it counts only when the
 * block id is one that the store has given out. */
static void block_look(struct scan *scan, uint64_t end)
{
    const struct layout *l = scan->l;
    const uint8_t *t = scan->data + (end - scan->base) - l->block_trailer;
    uint64_t next = scan->s->pst->bid_next;
    struct extent e = {.stored = get16(t)};
    uint32_t total = extent_total(l, &e);
    bool moved;

    e.bid = get_wide(t + l->block_bid_at, l->width);
    e.size = l->block_size_at ? get16(t + l->block_size_at) : e.stored;
    if (e.stored == 0 || e.stored > l->block_full || e.size == 0 ||
        e.size > l->block_full || e.bid == 0 || (e.bid & 1) ||
        end < l->first_map + total || end - total < scan->base)
        return;
    e.ib = end - total;
    moved = get16(t + 2) != crypt_signature(e.ib, e.bid);
    if ((moved && e.bid >= next) || e.stored > scan->crc_left)
        return;
    scan->crc_left -= e.stored;
    if (get32(t + l->block_crc_at) ==
        crypt_crc(scan->data + (e.ib - scan->base), e.stored))
        block_keep(scan, &e, moved);
}

/* Looks at [from, to), all of which is in memory, as is what a block that ends
 * there may need. Steps are whole pages, so that none lies in two. */
static void step_look(struct scan *scan, uint64_t from, uint64_t to)
{
    const struct layout *l = scan->l;

    if (from < l->first_map)
        from = l->first_map;
    for (uint64_t ib = from; ib + l->page_size <= to; ib += l->page_size)
        page_look(scan, ib);
    for (uint64_t end = from + l->block_align; end <= to; end += l->block_align)
        block_look(scan, end);
}

static int block_order(const void *a, const void *b)
{
    const struct scan_block *x = a, *y = b;

    if (x->extent.bid != y->extent.bid)
        return x->extent.bid < y->extent.bid ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return x->extent.ib < y->extent.ib ? -1 : x->extent.ib > y->extent.ib;
}

void scan_sort(struct salvage *s)
{
    if (s->blocks.count)
        qsort(s->blocks.data, s->blocks.count, s->blocks.size, block_order);
}

/* Reads on: what was read last stays in front of it, as far as a block or a
 * page may reach back. */
static bool step_read(struct scan *scan, uint64_t from)
{
    struct pst *pst = scan->s->pst;
    size_t kept = scan->len < SCAN_KEEP ? scan->len : SCAN_KEEP;
    ssize_t got;

    memmove(scan->data, scan->data + scan->len - kept, kept);
    scan->base = from - kept;
    got = live_pread(pst, NULL, scan->data + kept, PST_SCAN_STEP, from);
    if (got < 0)
        pst_note_at(pst, PST_NOTE_STORE, from, "reading at %#llx: %s",
                    (unsigned long long)from, strerror((int)-got));
    /* what the disk does not give is nothing */
    if (got < 0) {
        memset(scan->data + kept, 0, PST_SCAN_STEP);
        got = PST_SCAN_STEP;
    }
    scan->len = kept + (size_t)got;
    return got > 0;
}

void scan_file(struct salvage *s)
{
    struct pst *pst = s->pst;
    uint64_t size = pst->info.file_size;
    struct scan scan = {
        .s = s,
        .l = pst->layout,
        .data = malloc(SCAN_KEEP + PST_SCAN_STEP),
        .crc_left = size * PST_SCAN_CRC_FACTOR + PST_SCAN_STEP,
    };

    for (uint64_t from = 0; scan.data && from < size; from += PST_SCAN_STEP) {
        if (!step_read(&scan, from) || !salvage_alive(s))
            break;
        step_look(&scan, from, scan.base + scan.len);
    }
    free(scan.data);
}
