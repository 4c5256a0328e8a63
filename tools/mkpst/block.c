#include "tools/mkpst/block.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tools/mkpst/bytes.h"

#define SLOT_UNIT 64 /* all places are multiples of it */
#define REFS_MAX  0xFFFF

void blocks_init(struct blocks *b, struct space *space, enum pst_crypt crypt)
{
    *b = (struct blocks){.space = space, .v = space->v, .crypt = crypt};
    b->scratch = mem_new(compressBound(BLOCK_DATA_MAX));
}

void blocks_finish(struct blocks *b)
{
    free(b->list);
    free(b->scratch);
    *b = (struct blocks){0};
}

/* The bytes as they are stored: compressed where that saves a slot. */
static const void *compressed(struct blocks *b, const void *data, size_t *len)
{
    const struct variant *v = b->v;
    uLongf packed = compressBound(BLOCK_DATA_MAX);

    if (!v->large_pages ||
        compress2(b->scratch, &packed, data, *len, 6) != Z_OK ||
        round_up(packed + v->block_trailer, v->slot) >=
            round_up(*len + v->block_trailer, v->slot))
        return data;
    *len = packed;
    return b->scratch;
}

static void seal(struct blocks *b, uint8_t *start, size_t total,
                 const struct block_entry *e, uint64_t bid)
{
    const struct variant *v = b->v;
    uint8_t *t = start + total - v->block_trailer;

    put16(t, e->stored);
    put16(t + 2, crypt_signature((uint64_t)e->slot * SLOT_UNIT, bid));
    put_id(t + (v->id_size == 4 ? 4 : 8), v->id_size, bid);
    put32(t + (v->id_size == 4 ? 8 : 4), crypt_crc(start, e->stored));
    if (v->large_pages) {
        put16(t + 16, 2);
        put16(t + 18, e->inflated);
    }
}

uint64_t block_add(struct blocks *b, bool internal, const void *data,
                   size_t len)
{
    uint64_t bid = ((uint64_t)b->count + 1) * 4 + (internal ? 2 : 0), ib;
    size_t stored = len;
    const void *bytes = compressed(b, data, &stored);
    size_t total = round_up(stored + b->v->block_trailer, b->v->slot);
    uint8_t *at = space_take(b->space, total, b->v->slot, &ib);
    struct block_entry *e;

    b->list = mem_grow(b->list, b->count, &b->cap, sizeof(*b->list));
    e = &b->list[b->count++];
    *e = (struct block_entry){(uint32_t)(ib / SLOT_UNIT), (uint16_t)stored,
                              (uint16_t)len, 1, internal};
    memcpy(at, bytes, stored);
    if (!internal)
        crypt_encode(b->crypt, bid, at, stored);
    seal(b, at, total, e, bid);
    return bid;
}

void block_ref(struct blocks *b, uint64_t bid)
{
    struct block_entry *e;

    if (!bid)
        return;
    e = &b->list[bid / 4 - 1];
    if (e->refs < REFS_MAX)
        e->refs++;
}

void block_list_add(struct block_list *list, uint64_t bid, size_t len)
{
    list->ids =
        mem_grow(list->ids, list->count, &list->cap, sizeof(*list->ids));
    list->ids[list->count++] = bid;
    list->total += len;
}

static uint64_t write_xblock(struct blocks *b, unsigned level,
                             const uint64_t *ids, size_t count, uint64_t total)
{
    uint8_t data[BLOCK_DATA_MAX];
    unsigned width = b->v->id_size;

    data[0] = 1;
    data[1] = (uint8_t)level;
    put16(data + 2, (uint16_t)count);
    put32(data + 4, (uint32_t)total);
    for (size_t i = 0; i < count; i++) {
        put_id(data + 8 + i * width, width, ids[i]);
        block_ref(b, ids[i]);
    }
    return block_add(b, true, data, 8 + count * width);
}

/* All blocks but the last are full, which gives each XBLOCK its bytes. */
static uint64_t write_two_levels(struct blocks *b,
                                 const struct block_list *list)
{
    size_t most = b->v->xblock_entries;
    struct block_list upper = {0};
    uint64_t left = list->total, root;

    for (size_t i = 0; i < list->count; i += most) {
        size_t n = list->count - i < most ? list->count - i : most;
        uint64_t size = (uint64_t)n * b->v->block_max;
        if (size > left)
            size = left;
        left -= size;
        block_list_add(&upper, write_xblock(b, 1, list->ids + i, n, size), 0);
    }
    if (upper.count > most)
        fatal("a value is too large for the format");
    root = write_xblock(b, 2, upper.ids, upper.count, list->total);
    free(upper.ids);
    return root;
}

uint64_t block_list_root(struct blocks *b, struct block_list *list)
{
    uint64_t root = 0;

    if (list->total > UINT32_MAX)
        fatal("a value of 4 GiB or more does not fit the format");
    if (list->count == 1)
        root = list->ids[0];
    else if (list->count && list->count <= b->v->xblock_entries)
        root = write_xblock(b, 1, list->ids, list->count, list->total);
    else if (list->count)
        root = write_two_levels(b, list);
    free(list->ids);
    *list = (struct block_list){0};
    return root;
}

void stream_init(struct stream *s, struct blocks *b)
{
    *s = (struct stream){.blocks = b, .data = mem_new(b->v->block_max)};
}

static void stream_flush(struct stream *s)
{
    if (s->fill)
        block_list_add(&s->list, block_add(s->blocks, false, s->data, s->fill),
                       s->fill);
    s->fill = 0;
}

void stream_add(struct stream *s, const void *data, size_t len)
{
    size_t room = s->blocks->v->block_max;
    const uint8_t *p = data;

    while (len) {
        size_t n = room - s->fill < len ? room - s->fill : len;
        memcpy(s->data + s->fill, p, n);
        s->fill += n;
        p += n;
        len -= n;
        if (s->fill == room)
            stream_flush(s);
    }
}

uint64_t stream_end(struct stream *s, uint64_t *size_r)
{
    uint64_t root;

    stream_flush(s);
    if (size_r)
        *size_r = s->list.total;
    root = block_list_root(s->blocks, &s->list);
    free(s->data);
    s->data = NULL;
    return root;
}

uint64_t block_value(struct blocks *b, const void *data, size_t len)
{
    size_t most = b->v->block_max;
    const uint8_t *p = data;
    struct block_list list = {0};

    for (size_t at = 0; at < len; at += most) {
        size_t n = len - at < most ? len - at : most;
        block_list_add(&list, block_add(b, false, p + at, n), n);
    }
    return block_list_root(b, &list);
}
