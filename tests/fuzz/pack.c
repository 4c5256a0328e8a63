#include "tests/fuzz/pack.h"

#include <string.h>

#include "pipeline/pst/bytes.h"

#define HEADER_BYTES 1024u
#define DATA_MAX     65535u
#define INTERNAL     2u

struct pack {
    const struct layout *l;
    enum pst_crypt crypt;
    struct buf *out;
    uint64_t ids; /* given so far */
    struct extent blocks[PACK_BLOCKS_MAX];
    size_t block_count;
    struct node nodes[PACK_NODES_MAX];
    size_t node_count;
    bool full;
};

/* ---- the list in bytes ---- */

void pack_parse(const uint8_t *data, size_t len, struct pack_list *list_r)
{
    unsigned depth = 0;
    size_t at = 1;

    list_r->count = 0;
    list_r->format = len ? (enum pst_format)((data[0] & 3) % 3) : PST_UNICODE;
    list_r->crypt = len ? (enum pst_crypt)((data[0] >> 2 & 3) % 3) : 0;
    while (at + PACK_HEAD <= len && list_r->count < PACK_NODES_MAX) {
        const uint8_t *p = data + at;
        size_t size = get16(p + 9);
        at += PACK_HEAD;
        depth = p[0] % (PACK_DEPTH_MAX + 1) < depth + 1
                    ? p[0] % (PACK_DEPTH_MAX + 1)
                    : depth + 1;
        if (list_r->count == 0)
            depth = 0;
        if (depth > PACK_DEPTH_MAX)
            depth = PACK_DEPTH_MAX;
        if (size > len - at)
            size = len - at;
        list_r->nodes[list_r->count++] = (struct pack_node){
            depth, get32(p + 1), get32(p + 5), data + at, size};
        at += size;
    }
}

static void put_number(uint8_t *to, uint64_t n, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        to[i] = (uint8_t)(n >> 8 * i);
}

void pack_print_head(const struct pack_list *list, struct buf *out)
{
    buf_addc(out, (char)(list->format | list->crypt << 2));
}

void pack_print_node(const struct pack_node *node, struct buf *out)
{
    size_t len = node->len < DATA_MAX ? node->len : DATA_MAX;
    uint8_t head[PACK_HEAD];

    head[0] = (uint8_t)node->depth;
    put_number(head + 1, node->nid, 4);
    put_number(head + 5, node->parent, 4);
    put_number(head + 9, len, 2);
    buf_add(out, head, sizeof(head));
    buf_add(out, node->data, len);
}

/* ---- blocks ---- */

static uint8_t *place(struct pack *p, size_t size, unsigned align,
                      uint64_t *ib_r)
{
    size_t gap = (align - p->out->len % align) % align;
    uint8_t *at = buf_grow(p->out, gap + size);

    if (!at)
        abort();
    memset(at, 0, gap + size);
    *ib_r = p->out->len - size;
    return at + gap;
}

static void block_seal(const struct layout *l, const struct extent *e,
                       uint8_t *data)
{
    size_t least = e->stored + l->block_trailer;
    size_t total =
        (least + l->block_align - 1) / l->block_align * l->block_align;
    uint8_t *t = data + total - l->block_trailer;

    put_number(t, e->stored, 2);
    put_number(t + 2, crypt_signature(e->ib, e->bid), 2);
    put_number(t + l->block_crc_at, crypt_crc(data, e->stored), 4);
    put_number(t + l->block_bid_at, e->bid, l->width);
}

static uint64_t block_put(struct pack *p, const void *data, size_t len,
                          unsigned internal)
{
    const struct layout *l = p->l;
    struct extent *e = &p->blocks[p->block_count];
    size_t least = len + l->block_trailer;
    uint8_t *to;

    if (p->block_count == PACK_BLOCKS_MAX || !len) {
        p->full = len > 0;
        return 0;
    }
    to =
        place(p, (least + l->block_align - 1) / l->block_align * l->block_align,
              l->block_align, &e->ib);
    memcpy(to, data, len);
    e->bid = ++p->ids * 4 | internal;
    e->stored = e->size = (uint32_t)len;
    if (!internal)
        crypt_encode(p->crypt, e->bid, to, len);
    block_seal(l, e, to);
    p->block_count++;
    return e->bid;
}

/* One block, or several below an XBLOCK. */
static uint64_t data_put(struct pack *p, const uint8_t *data, size_t len)
{
    uint8_t list[8 + (DATA_MAX / 8000 + 1) * 8] = {1, 1};
    unsigned n = 0, full = p->l->block_full;

    if (len <= full)
        return block_put(p, data, len, 0);
    put_number(list + 4, len, 4);
    for (size_t at = 0; at < len; at += full, n++)
        put_number(
            list + 8 + (size_t)n * p->l->width,
            block_put(p, data + at, len - at < full ? len - at : full, 0),
            p->l->width);
    put_number(list + 2, n, 2);
    return block_put(p, list, 8 + (size_t)n * p->l->width, INTERNAL);
}

static int by_nid(const void *a, const void *b)
{
    const struct node *x = a, *y = b;

    return x->nid < y->nid ? -1 : x->nid > y->nid;
}

static int by_bid(const void *a, const void *b)
{
    const struct extent *x = a, *y = b;

    return x->bid < y->bid ? -1 : x->bid > y->bid;
}

static uint64_t subnodes_put(struct pack *p, struct node *nodes, size_t n)
{
    unsigned w = p->l->width;
    uint8_t list[8 + PACK_NODES_MAX * 3 * 8] = {2, 0};
    uint8_t *at = list + (w == 8 ? 8 : 4);

    if (!n)
        return 0;
    qsort(nodes, n, sizeof(*nodes), by_nid);
    put_number(list + 2, n, 2);
    for (size_t i = 0; i < n; i++, at += 3 * (size_t)w) {
        put_number(at, nodes[i].nid, w);
        put_number(at + w, nodes[i].data, w);
        put_number(at + 2 * (size_t)w, nodes[i].sub, w);
    }
    return block_put(p, list, (size_t)(at - list), INTERNAL);
}

/* The node and its subnodes; *i moves behind them. Depth is bounded by
 * PACK_DEPTH_MAX. */
static struct node node_put(struct pack *p, const struct pack_list *list,
                            size_t *i)
{
    const struct pack_node *from = &list->nodes[(*i)++];
    struct node node = {.nid = from->nid, .parent = from->parent};
    struct node *subs = calloc(PACK_NODES_MAX, sizeof(*subs));
    size_t n = 0;

    if (!subs)
        abort();
    node.data = data_put(p, from->data, from->len);
    while (*i < list->count && list->nodes[*i].depth > from->depth)
        subs[n++] = node_put(p, list, i);
    node.sub = subnodes_put(p, subs, n);
    free(subs);
    return node;
}

/* ---- pages ---- */

static void page_seal(const struct layout *l, uint64_t ib, uint8_t *page)
{
    uint64_t bid = get_wide(page + l->page_bid_at, l->width);

    put_number(page + l->page_trailer + 2, crypt_signature(ib, bid), 2);
    put_number(page + l->page_crc_at, crypt_crc(page, l->page_trailer), 4);
}

/* entries: count of them, stride bytes each. *ref_r: bid and ib. */
static void page_put(struct pack *p, uint8_t type, unsigned level,
                     const uint8_t *entries, size_t count, unsigned stride,
                     uint64_t ref_r[2])
{
    const struct layout *l = p->l;
    uint8_t *page = place(p, l->page_size, l->page_size, &ref_r[1]);
    uint8_t *counts = page + l->counts_at;

    ref_r[0] = ++p->ids * 4;
    if (count)
        memcpy(page, entries, count * stride);
    put_number(counts, count, l->count_width);
    put_number(counts + l->count_width, l->area / stride, l->count_width);
    counts[2 * l->count_width] = (uint8_t)stride;
    counts[2 * l->count_width + 1] = (uint8_t)level;
    page[l->page_trailer] = page[l->page_trailer + 1] = type;
    put_number(page + l->page_bid_at, ref_r[0], l->width);
    page_seal(l, ref_r[1], page);
}

/* Leaves and a root above them. */
static void tree_put(struct pack *p, uint8_t type, const uint8_t *entries,
                     size_t count, unsigned stride, uint64_t root_r[2])
{
    const struct layout *l = p->l;
    size_t per = l->area / stride, n = 0;
    uint8_t inner[4096] = {0};

    for (size_t i = 0; i < count && (n + 1) * l->inner_size <= l->area; n++) {
        size_t some = count - i < per ? count - i : per;
        uint8_t *at = inner + n * l->inner_size;
        uint64_t ref[2];
        page_put(p, type, 0, entries + i * stride, some, stride, ref);
        memcpy(at, entries + i * stride, l->width);
        put_number(at + l->width, ref[0], l->width);
        put_number(at + 2 * (size_t)l->width, ref[1], l->width);
        i += some;
    }
    page_put(p, type, 1, inner, n, l->inner_size, root_r);
}

static void nodes_put(struct pack *p, uint64_t root_r[2])
{
    uint8_t entries[PACK_NODES_MAX * 32] = {0}, *at = entries;
    unsigned w = p->l->width, stride = p->l->nbt_size;

    qsort(p->nodes, p->node_count, sizeof(*p->nodes), by_nid);
    for (size_t i = 0; i < p->node_count; i++, at += stride) {
        put_number(at, p->nodes[i].nid, w);
        put_number(at + w, p->nodes[i].data, w);
        put_number(at + 2 * (size_t)w, p->nodes[i].sub, w);
        put_number(at + 3 * (size_t)w, p->nodes[i].parent, 4);
    }
    tree_put(p, 0x81, entries, p->node_count, stride, root_r);
}

static void blocks_put(struct pack *p, uint64_t root_r[2])
{
    uint8_t entries[PACK_BLOCKS_MAX * 24] = {0}, *at = entries;
    unsigned w = p->l->width, stride = p->l->bbt_size;
    bool big = p->l->format == PST_UNICODE_4K;

    qsort(p->blocks, p->block_count, sizeof(*p->blocks), by_bid);
    for (size_t i = 0; i < p->block_count; i++, at += stride) {
        uint8_t *sizes = at + 2 * (size_t)w;
        put_number(at, p->blocks[i].bid, w);
        put_number(at + w, p->blocks[i].ib, w);
        put_number(sizes, p->blocks[i].stored, 2);
        put_number(sizes + 2, big ? p->blocks[i].size : 2, 2);
        if (big)
            put_number(sizes + 4, 2, 2);
    }
    tree_put(p, 0x80, entries, p->block_count, stride, root_r);
}

/* ---- the header ---- */

static void header_seal(const struct layout *l, uint8_t *h)
{
    put_number(h + 4, crypt_crc(h + 8, 471), 4);
    if (l->format != PST_ANSI)
        put_number(h + 524, crypt_crc(h + 8, 516), 4);
}

static void header_put(const struct pack *p, const uint64_t nbt[2],
                       const uint64_t bbt[2])
{
    static const uint16_t versions[] = {14, 23, 36};
    const struct layout *l = p->l;
    uint8_t *h = (uint8_t *)p->out->data, *root = h + l->root_at;

    memcpy(h, "!BDN\0\0\0\0SM", 10);
    put_number(h + 10, versions[l->format], 2);
    put_number(h + 12, 19, 2);
    put_number(root + l->eof_at, p->out->len, l->width);
    put_number(root + l->nbt_at, nbt[0], l->width);
    put_number(root + l->nbt_at + l->width, nbt[1], l->width);
    put_number(root + l->bbt_at, bbt[0], l->width);
    put_number(root + l->bbt_at + l->width, bbt[1], l->width);
    h[l->crypt_at] = (uint8_t)p->crypt;
    header_seal(l, h);
}

void pack_store(const struct pack_list *list, struct buf *out)
{
    struct pack *p = calloc(1, sizeof(*p));
    uint64_t nbt[2], bbt[2], ib;

    if (!p)
        abort();
    p->l = &pst_layouts[list->format];
    p->crypt = list->crypt;
    p->out = out;
    place(p, HEADER_BYTES, HEADER_BYTES, &ib);
    for (size_t i = 0; i < list->count && !p->full;)
        p->nodes[p->node_count++] = node_put(p, list, &i);
    nodes_put(p, nbt);
    blocks_put(p, bbt);
    header_put(p, nbt, bbt);
    free(p);
}

/* ---- repair ---- */

static void leaf_repair(const struct layout *l, uint8_t *store, size_t len,
                        const uint8_t *page)
{
    const uint8_t *counts = page + l->counts_at;
    size_t count = get_wide(counts, l->count_width);
    size_t stride = counts[2 * l->count_width];

    if (stride < l->bbt_size || count * stride > l->area ||
        counts[2 * l->count_width + 1] != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *at = page + i * stride;
        struct extent e = {.bid = get_wide(at, l->width) & ~UINT64_C(1),
                           .ib = get_wide(at + l->width, l->width),
                           .stored = get16(at + 2 * (size_t)l->width)};
        if (e.stored && e.ib < len &&
            len - e.ib >= e.stored + l->block_align + l->block_trailer)
            block_seal(l, &e, store + e.ib);
    }
}

void pack_repair(uint8_t *store, size_t len)
{
    const struct layout *l;
    unsigned version;

    if (len < HEADER_BYTES)
        return;
    version = get16(store + 10);
    l = &pst_layouts[version < 16   ? PST_ANSI
                     : version < 36 ? PST_UNICODE
                                    : PST_UNICODE_4K];
    header_seal(l, store);
    for (size_t ib = 0; ib + l->page_size <= len; ib += 512) {
        uint8_t *page = store + ib, *t = page + l->page_trailer;
        if (t[0] != t[1] || t[0] < 0x80 || t[0] > 0x81)
            continue;
        if (t[0] == 0x80)
            leaf_repair(l, store, len, page);
        page_seal(l, ib, page);
    }
}
