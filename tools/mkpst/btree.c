#include "tools/mkpst/btree.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/base/io.h"
#include "tools/mkpst/bytes.h"

#define SLOT_UNIT 64

struct ref {
    uint64_t key;
    struct btree_root at;
};

/* Writes entry i of a level at `at`; gives its key. */
typedef uint64_t entry_fn(const struct space *s, const void *list, size_t i,
                          uint8_t *at);

struct level {
    enum page_type type;
    unsigned number, entry_size;
    entry_fn *fn;
    const void *list;
    size_t count;
};

static struct ref write_page(struct space *s, const struct level *l,
                             size_t from, size_t n, size_t most)
{
    const struct variant *v = s->v;
    struct ref ref = {0};
    uint8_t *page = space_take(s, v->page_size, v->page_size, &ref.at.ib);
    uint8_t *meta = page + v->page_area;

    for (size_t i = 0; i < n; i++) {
        uint64_t key = l->fn(s, l->list, from + i, page + i * l->entry_size);
        if (i == 0)
            ref.key = key;
    }
    ref.at.bid = s->next_page++;
    if (v->large_pages) {
        put16(meta, (uint16_t)n);
        put16(meta + 2, (uint16_t)most);
        meta += 2;
    } else {
        meta[0] = (uint8_t)n;
        meta[1] = (uint8_t)most;
    }
    meta[2] = (uint8_t)l->entry_size;
    meta[3] = (uint8_t)l->number;
    page_seal(v, page, l->type, ref.at.ib, ref.at.bid);
    return ref;
}

static struct ref *write_level(struct space *s, const struct level *l,
                               size_t *count_r)
{
    size_t most = s->v->page_area / l->entry_size;
    struct ref *refs = mem_new((l->count / most + 1) * sizeof(*refs));

    *count_r = 0;
    for (size_t i = 0; i < l->count; i += most) {
        size_t n = l->count - i < most ? l->count - i : most;
        refs[(*count_r)++] = write_page(s, l, i, n, most);
    }
    return refs;
}

static uint64_t put_inner(const struct space *s, const void *list, size_t i,
                          uint8_t *at)
{
    const struct ref *ref = (const struct ref *)list + i;
    unsigned width = s->v->id_size;

    put_id(at, width, ref->key);
    put_id(at + width, width, ref->at.bid);
    put_id(at + 2 * width, width, ref->at.ib);
    return ref->key;
}

static struct btree_root write_tree(struct space *s, struct level *l)
{
    size_t count;
    struct ref *refs = write_level(s, l, &count);
    struct btree_root root;

    while (count > 1) {
        struct ref *below = refs;
        *l = (struct level){l->type,   l->number + 1, s->v->inner_entry,
                            put_inner, below,         count};
        refs = write_level(s, l, &count);
        free(below);
    }
    root = refs[0].at;
    free(refs);
    return root;
}

static uint64_t put_node(const struct space *s, const void *list, size_t i,
                         uint8_t *at)
{
    const struct node *n = (const struct node *)list + i;
    unsigned width = s->v->id_size;

    put_id(at, width, n->nid);
    put_id(at + width, width, n->data);
    put_id(at + 2 * width, width, n->subs);
    put32(at + 3 * width, n->parent);
    return n->nid;
}

static uint64_t put_block(const struct space *s, const void *list, size_t i,
                          uint8_t *at)
{
    const struct block_entry *e = (const struct block_entry *)list + i;
    unsigned width = s->v->id_size;
    uint64_t bid = ((uint64_t)i + 1) * 4 + (e->internal ? 2 : 0);

    put_id(at, width, bid);
    put_id(at + width, width, (uint64_t)e->slot * SLOT_UNIT);
    at += 2 * (size_t)width;
    put16(at, e->stored);
    put16(at + 2, s->v->large_pages ? e->inflated : e->refs);
    if (s->v->large_pages)
        put16(at + 4, e->refs);
    return bid;
}

struct btree_root btree_write_nodes(struct space *s, const struct nodes *nodes)
{
    struct level l = {PAGE_NBT, 0,           s->v->nbt_entry,
                      put_node, nodes->list, nodes->count};

    return write_tree(s, &l);
}

struct btree_root btree_write_blocks(struct space *s, const struct blocks *b)
{
    struct level l = {PAGE_BBT,  0,       s->v->bbt_entry,
                      put_block, b->list, b->count};

    return write_tree(s, &l);
}

/* ---- header ---- */

#define HEADER_ANSI    512
#define HEADER_UNICODE 564
#define PARTIAL_FROM   8
#define PARTIAL_LEN    471
#define FULL_LEN       516
#define MAPS_VALID     2

/* ROOT: sizes of the file and of its free space, and the two trees. */
static void put_root(uint8_t *at, const struct space *s, const struct header *h)
{
    unsigned w = s->v->id_size;

    at += 4;
    put_id(at, w, space_file_size(s));
    put_id(at + w, w, space_last_map(s));
    put_id(at + 2 * w, w, s->free_bytes);
    put_id(at + 3 * w, w, 0);
    put_id(at + 4 * w, w, h->nodes.bid);
    put_id(at + 5 * w, w, h->nodes.ib);
    put_id(at + 6 * w, w, h->blocks.bid);
    put_id(at + 7 * w, w, h->blocks.ib);
    at[8 * w] = MAPS_VALID;
}

static void put_counters(uint8_t *head, const struct space *s,
                         const struct header *h)
{
    bool ansi = s->v->id_size == 4;
    uint8_t *ids = head + (ansi ? 36 : 44);

    if (ansi) {
        put32(head + 24, (uint32_t)h->next_block);
        put32(head + 28, (uint32_t)s->next_page);
    } else {
        put64(head + 32, s->next_page);
        put64(head + 516, h->next_block);
    }
    put32(head + (ansi ? 32 : 40), h->unique);
    for (int i = 0; i < NID_TYPES; i++)
        put32(ids + 4 * i, h->highest[i]);
}

void header_write(const struct space *s, const struct header *h)
{
    uint8_t head[HEADER_UNICODE] = {'!', 'B', 'D', 'N'};
    bool ansi = s->v->id_size == 4;
    size_t len = ansi ? HEADER_ANSI : HEADER_UNICODE;
    int r;

    memcpy(head + 8, s->v->magic, 2);
    put16(head + 10, s->v->version);
    put16(head + 12, s->v->client_version);
    head[14] = head[15] = 1;
    put_counters(head, s, h);
    put_root(head + (ansi ? 164 : 180), s, h);
    memset(head + (ansi ? 204 : 256), s->v->large_pages ? 0 : 0xFF, 256);
    head[ansi ? 460 : 512] = 0x80;
    head[ansi ? 461 : 513] = (uint8_t)h->crypt;
    put32(head + 4, crypt_crc(head + PARTIAL_FROM, PARTIAL_LEN));
    if (!ansi)
        put32(head + 524, crypt_crc(head + PARTIAL_FROM, FULL_LEN));
    r = io_pwrite(s->fd, head, len, 0);
    if (r < 0)
        fatal("cannot write: %s", strerror(-r));
}
