#include "pipeline/pst/heap.h"

#include <string.h>

#include "pipeline/pst/bytes.h"

#define HEAP_SLOTS      8u /* blocks held at once */
#define HEAP_HEADER     12u
#define HID_TYPE_BITS   5u
#define HID_INDEX_SMALL 11u
#define HID_PAGE_MAP    4u /* cAlloc, cFree */

struct slot {
    uint32_t index;
    struct chunk *chunk;
};

struct heap {
    struct pst *pst;
    struct pst_stream *stream;
    uint64_t sub;
    uint32_t root;
    uint32_t blocks;
    struct slot slots[HEAP_SLOTS];
    unsigned recent; /* slot hit last */
    unsigned victim; /* slot to fill next */
    bool damaged;
};

/* Its page map lies inside the block. */
static bool block_sound(const struct chunk *c)
{
    uint32_t map;

    if (c->len < 2)
        return false;
    map = get16(c->data);
    return map + HID_PAGE_MAP + 2 <= c->len &&
           get16(c->data + map) <= (c->len - map - HID_PAGE_MAP - 2) / 2;
}

/* A block of a file that says it is not encrypted but is (section 8). */
static void block_unmask(struct pst *pst, struct chunk **chunk, bool first)
{
    struct chunk *plain;

    if (pst->crypt != PST_CRYPT_NONE)
        return;
    plain = chunk_new((*chunk)->len);
    if (!plain)
        return;
    memcpy(plain->data, (*chunk)->data, plain->len);
    plain->key = (*chunk)->key;
    plain->damaged = (*chunk)->damaged;
    crypt_decode(PST_CRYPT_PERMUTE, plain->key, plain->data, plain->len);
    if (block_sound(plain) &&
        (!first || (plain->len > 2 && plain->data[2] == HEAP_SIGNATURE))) {
        pst_note(pst, "blocks are encrypted although the header denies it");
        chunk_unref(chunk);
        *chunk = chunk_ref(plain);
    }
    chunk_unref(&plain);
}

static int block_load(struct heap *heap, uint32_t index, struct chunk **chunk_r,
                      struct err *err)
{
    struct chunk *c = NULL;
    bool fine;
    int rc = stream_block(heap->stream, index, &c, err);

    if (rc < 0)
        return rc;
    fine = block_sound(c) &&
           (index > 0 || (c->len > 2 && c->data[2] == HEAP_SIGNATURE));
    if (!fine)
        block_unmask(heap->pst, &c, index == 0);
    if (!block_sound(c)) {
        rc = err_set(err, EBADMSG, "block %#llx is no part of a heap",
                     (unsigned long long)c->key);
        chunk_unref(&c);
        return rc;
    }
    *chunk_r = c;
    return 0;
}

/* The block, held by a slot. */
static int block_hold(struct heap *heap, uint32_t index,
                      const struct chunk **chunk_r, struct err *err)
{
    struct chunk *c = NULL;
    unsigned i = heap->recent;
    int rc;

    for (unsigned n = 0; n < HEAP_SLOTS; n++, i = (i + 1) % HEAP_SLOTS)
        if (heap->slots[i].chunk && heap->slots[i].index == index) {
            heap->recent = i;
            *chunk_r = heap->slots[i].chunk;
            return 0;
        }
    rc = block_load(heap, index, &c, err);
    if (rc < 0)
        return rc;
    i = heap->victim;
    heap->victim = (i + 1) % HEAP_SLOTS;
    chunk_unref(&heap->slots[i].chunk);
    heap->slots[i] = (struct slot){index, c};
    heap->damaged |= c->damaged;
    heap->recent = i;
    *chunk_r = c;
    return 0;
}

static int header_read(struct heap *heap, uint8_t client, struct err *err)
{
    const struct chunk *c;
    int rc = stream_block_count(heap->stream, &heap->blocks, err);

    if (rc < 0)
        return rc;
    if (heap->blocks > PST_HEAP_BLOCKS)
        return err_set(err, EFBIG, "a heap of %u blocks", heap->blocks);
    rc = block_hold(heap, 0, &c, err);
    if (rc < 0)
        return rc;
    if (c->len < HEAP_HEADER || c->data[2] != HEAP_SIGNATURE)
        return err_set(err, EBADMSG, "block %#llx begins no heap",
                       (unsigned long long)c->key);
    if (c->data[3] != client)
        return err_set(err, EBADMSG, "a heap of kind %#x where %#x belongs",
                       c->data[3], client);
    heap->root = get32(c->data + 4);
    return 0;
}

int heap_open(struct pst *pst, const struct node *node, uint8_t client,
              struct heap **heap_r, struct err *err)
{
    struct heap *heap = calloc(1, sizeof(*heap));
    int rc;

    *heap_r = NULL;
    if (!heap)
        return err_sys(err, ENOMEM, "heap");
    heap->pst = pst;
    heap->sub = node->sub;
    rc = stream_open(pst, node->data, &heap->stream, err);
    if (rc == 0)
        rc = header_read(heap, client, err);
    if (rc < 0)
        heap_free(&heap);
    *heap_r = heap;
    return rc;
}

void heap_free(struct heap **heap)
{
    if (!*heap)
        return;
    for (unsigned i = 0; i < HEAP_SLOTS; i++)
        chunk_unref(&(*heap)->slots[i].chunk);
    pst_stream_free(&(*heap)->stream);
    free(*heap);
    *heap = NULL;
}

struct pst *heap_store(const struct heap *heap)
{
    return heap->pst;
}

uint32_t heap_root(const struct heap *heap)
{
    return heap->root;
}

uint64_t heap_sub(const struct heap *heap)
{
    return heap->sub;
}

bool heap_is_damaged(const struct heap *heap)
{
    return heap->damaged;
}

struct damage *heap_sink(const struct heap *heap)
{
    return stream_sink(heap->stream);
}

uint64_t heap_size(const struct heap *heap)
{
    return pst_stream_size(heap->stream);
}

static int bad_hid(uint32_t hid, struct err *err)
{
    return err_set(err, EBADMSG, "heap id %#x leads nowhere", hid);
}

/* Allocation number index (from 1) of a block whose page map is sound. */
static int allocation(const struct chunk *c, uint32_t index, uint32_t hid,
                      const uint8_t **data_r, size_t *len_r, struct err *err)
{
    uint32_t map = get16(c->data);
    const uint8_t *at = c->data + map + HID_PAGE_MAP + 2 * (size_t)(index - 1);
    uint32_t begin, end;

    if (index == 0 || index > get16(c->data + map))
        return bad_hid(hid, err);
    begin = get16(at);
    end = get16(at + 2);
    if (begin > end || end > c->len)
        return bad_hid(hid, err);
    *data_r = c->data + begin;
    *len_r = end - begin;
    return 0;
}

static int get_split(struct heap *heap, uint32_t hid, unsigned index_bits,
                     const uint8_t **data_r, size_t *len_r, struct err *err)
{
    uint32_t block = hid >> (HID_TYPE_BITS + index_bits);
    uint32_t index = hid >> HID_TYPE_BITS & ((1u << index_bits) - 1);
    const struct chunk *c;
    int rc;

    if (!hnid_is_heap(hid) || block >= heap->blocks)
        return bad_hid(hid, err);
    rc = block_hold(heap, block, &c, err);
    return rc < 0 ? rc : allocation(c, index, hid, data_r, len_r, err);
}

int heap_get(struct heap *heap, uint32_t hid, const uint8_t **data_r,
             size_t *len_r, struct err *err)
{
    unsigned bits = heap->pst->layout->hid_index_bits;
    int rc;

    if (hid == 0) {
        *data_r = (const uint8_t *)"";
        *len_r = 0;
        return 0;
    }
    rc = get_split(heap, hid, bits, data_r, len_r, err);
    /* sources differ on the split of a 4k file: section 9 */
    if (rc == -EBADMSG && bits != HID_INDEX_SMALL)
        rc = get_split(heap, hid, HID_INDEX_SMALL, data_r, len_r, err);
    return rc;
}
