#include "tools/mkpst/heap.h"

#include <stdlib.h>
#include <string.h>

#include "tools/mkpst/bytes.h"

#define FIRST_HEADER  12
#define SPAN_HEADER   66
#define PLAIN_HEADER  2
#define SPAN_FIRST    8   /* the first block with a fill bitmap */
#define SPAN_LENGTH   128 /* how many blocks it speaks for */
#define MAP_FIXED     4
#define TREE_TYPE     0xB5
#define TREE_HID      4
#define TREE_KEY_MAX  16
#define TREE_LEAF_MAX 40

static bool is_span(size_t number)
{
    return number >= SPAN_FIRST && (number - SPAN_FIRST) % SPAN_LENGTH == 0;
}

static struct heap_block *block_new(struct heap *h, size_t number)
{
    struct heap_block *b = mem_new(sizeof(*b));

    b->number = number;
    b->data = mem_new(h->blocks->v->block_max);
    b->used = number == 0       ? FIRST_HEADER
              : is_span(number) ? SPAN_HEADER
                                : PLAIN_HEADER;
    return b;
}

static void block_free(struct heap_block **b)
{
    free((*b)->data);
    free((*b)->ends);
    free(*b);
    *b = NULL;
}

/* Where the page map begins: even, after the last allocation. */
static size_t map_place(const struct heap_block *b)
{
    return (b->used + 1) & ~(size_t)1;
}

static size_t block_length(const struct heap_block *b)
{
    return map_place(b) + MAP_FIXED + 2 * (b->count + 1);
}

static size_t header_length(const struct heap_block *b)
{
    return b->number == 0       ? FIRST_HEADER
           : is_span(b->number) ? SPAN_HEADER
                                : PLAIN_HEADER;
}

static void write_map(struct heap_block *b)
{
    size_t at = map_place(b);

    put16(b->data, (uint16_t)at);
    put16(b->data + at, (uint16_t)b->count);
    put16(b->data + at + 2, (uint16_t)b->empty);
    put16(b->data + at + 4, (uint16_t)header_length(b));
    for (size_t i = 0; i < b->count; i++)
        put16(b->data + at + 6 + 2 * i, b->ends[i]);
}

/* The level that stands for so many free bytes (section 9). */
static unsigned fill_level(size_t left)
{
    static const uint16_t steps[] = {3584, 2560, 2048, 1792, 1536,
                                     1280, 1024, 768,  512,  256,
                                     128,  64,   32,   16,   8};
    unsigned level = 0;

    while (level < array_len(steps) && left < steps[level])
        level++;
    return level;
}

static void note_fill(struct heap *h, const struct heap_block *b)
{
    size_t room = h->blocks->v->block_max, used = block_length(b), at;
    unsigned level = fill_level(room > used ? room - used : 0);
    uint8_t *nibbles;

    if (b->number < SPAN_FIRST) {
        nibbles = h->first->data + 8;
        at = b->number;
    } else {
        nibbles = h->span->data + 2;
        at = b->number - h->span->number;
    }
    nibbles[at / 2] |= (uint8_t)(level << (at % 2 ? 4 : 0));
}

/* Writes a block. Its place in the list was made when it was begun. */
static void emit(struct heap *h, struct heap_block *b, size_t len)
{
    write_map(b);
    h->list.ids[b->number] = block_add(h->blocks, false, b->data, len);
}

static void next_block(struct heap *h)
{
    struct heap_block *old = h->current;
    size_t full = h->blocks->v->block_max;

    note_fill(h, old);
    if (old != h->first && old != h->span) {
        emit(h, old, full);
        block_free(&old);
    }
    h->list.total += full;
    h->current = block_new(h, h->list.count);
    if (is_span(h->current->number)) {
        if (h->span) {
            emit(h, h->span, full);
            block_free(&h->span);
        }
        h->span = h->current;
    }
    block_list_add(&h->list, 0, 0);
}

void heap_init(struct heap *h, struct blocks *b, enum heap_kind kind)
{
    *h = (struct heap){.blocks = b};
    h->first = h->current = block_new(h, 0);
    h->first->data[2] = 0xEC;
    h->first->data[3] = (uint8_t)kind;
    block_list_add(&h->list, 0, 0);
}

void heap_set_root(struct heap *h, uint32_t hid)
{
    put32(h->first->data + 4, hid);
}

static bool has_room(const struct heap *h, size_t len)
{
    const struct heap_block *b = h->current;
    size_t after =
        ((b->used + len + 1) & ~(size_t)1) + MAP_FIXED + 2 * (b->count + 2);

    return after <= h->blocks->v->block_max &&
           b->count < h->blocks->v->heap_index_max;
}

uint32_t heap_add(struct heap *h, const void *data, size_t len, uint8_t **at_r)
{
    struct heap_block *b;

    if (!len)
        return 0;
    if (len > h->blocks->v->heap_alloc_max)
        fatal("a heap allocation of %zu bytes", len);
    if (!has_room(h, len))
        next_block(h);
    b = h->current;
    if (at_r)
        *at_r = b->data + b->used;
    if (data)
        memcpy(b->data + b->used, data, len);
    b->used += len;
    b->ends = mem_grow(b->ends, b->count, &b->cap, sizeof(*b->ends));
    b->ends[b->count++] = (uint16_t)b->used;
    return (uint32_t)(b->count << 5 | b->number
                                          << h->blocks->v->heap_block_shift);
}

uint64_t heap_measure(struct heap *h)
{
    return h->size = h->list.total + block_length(h->current);
}

uint64_t heap_end(struct heap *h)
{
    size_t full = h->blocks->v->block_max;
    struct heap_block *last = h->current;

    note_fill(h, last);
    heap_measure(h);
    h->list.total = h->size;
    if (h->first != last)
        emit(h, h->first, full);
    if (h->span && h->span != last)
        emit(h, h->span, full);
    emit(h, last, block_length(last));
    if (h->first != last)
        block_free(&h->first);
    if (h->span && h->span != last)
        block_free(&h->span);
    block_free(&last);
    h->first = h->span = h->current = NULL;
    return block_list_root(h->blocks, &h->list);
}

/* One level of a BTH: allocations of whole records. Gives the records of the
 * level above: each child's first key and HID. */
static size_t add_level(struct heap *h, const uint8_t *records, size_t count,
                        unsigned record, unsigned key, uint8_t *above)
{
    size_t most = h->blocks->v->heap_alloc_max / record, made = 0;

    for (size_t i = 0; i < count; i += most, made++) {
        size_t n = count - i < most ? count - i : most;
        uint32_t hid = heap_add(h, records + i * record, n * record, NULL);
        memcpy(above + made * (key + TREE_HID), records + i * record, key);
        put32(above + made * (key + TREE_HID) + key, hid);
    }
    return made;
}

uint32_t heap_add_tree(struct heap *h, unsigned key_size, unsigned value_size,
                       const uint8_t *records, size_t count)
{
    uint8_t head[8] = {TREE_TYPE, (uint8_t)key_size, (uint8_t)value_size};
    unsigned record = key_size + value_size, inner = key_size + TREE_HID;
    size_t fit = h->blocks->v->heap_alloc_max / TREE_LEAF_MAX;
    uint8_t *level = mem_new((count / fit + 2) * inner);
    uint8_t *upper = mem_new((count / fit + 2) * inner);
    size_t n = add_level(h, records, count, record, key_size, level);

    while (n > 1) {
        uint8_t *swap = level;
        n = add_level(h, level, n, inner, key_size, upper);
        level = upper;
        upper = swap;
        head[3]++;
    }
    if (n)
        memcpy(head + 4, level + key_size, TREE_HID);
    free(level);
    free(upper);
    return heap_add(h, head, sizeof(head), NULL);
}
