/*
 * A heap on a node (mspst.md section 9), written block by block as it fills:
 * only the first block, the one with the current fill bitmap and the current
 * one stay in memory.
 */
#ifndef MKPST_HEAP_H
#define MKPST_HEAP_H

#include "tools/mkpst/block.h"

enum heap_kind { HEAP_TABLE = 0x7C, HEAP_PROPS = 0xBC, HEAP_COLUMN = 0xA5 };

struct heap_block {
    size_t number;
    uint8_t *data; /* owned: block_max bytes */
    size_t used;
    uint16_t *ends; /* owned: where each allocation ends */
    size_t count, cap, empty;
};

struct heap {
    struct blocks *blocks;
    struct heap_block *first, *span, *current; /* may be the same */
    struct block_list list;
    uint64_t size; /* bytes of all blocks, known after heap_measure */
};

void heap_init(struct heap *h, struct blocks *b, enum heap_kind kind);
/* A copy of data (NULL: zeros); its HID, 0 for len 0. len is at most
 * heap_alloc_max. *at_r (may be NULL): the copy, good until the next call,
 * or for ever while the heap has one block only. */
uint32_t heap_add(struct heap *h, const void *data, size_t len, uint8_t **at_r);
void heap_set_root(struct heap *h, uint32_t hid);
/* Bytes all blocks will have; nothing may be added afterwards. */
uint64_t heap_measure(struct heap *h);
/* Writes what is left and returns the data tree's id. */
uint64_t heap_end(struct heap *h);

/* A BTH (section 10) of sorted records into the heap; the header's HID. */
uint32_t heap_add_tree(struct heap *h, unsigned key_size, unsigned value_size,
                       const uint8_t *records, size_t count);

#endif
