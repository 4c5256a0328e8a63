/* The three variants of the format as numbers (mspst.md section 1). */
#ifndef MKPST_VARIANT_H
#define MKPST_VARIANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE_MAX  4096
#define BLOCK_DATA_MAX 65512

struct variant {
    const char *name;
    uint16_t version, client_version;
    const char *magic; /* "SM" or "SO" */
    bool unicode;      /* strings are UTF-16 */
    bool large_pages;  /* 4k pages, compressed blocks */
    unsigned id_size;  /* of block ids and file offsets */
    /* pages */
    unsigned page_size, page_body; /* page_body: what the CRC covers */
    unsigned page_area;            /* room for B-tree entries */
    unsigned nbt_entry, bbt_entry, inner_entry;
    /* blocks */
    unsigned slot, block_trailer, block_max;
    unsigned xblock_entries, sub_entries, sub_index_entries;
    /* space maps */
    uint64_t first_map, section, density_list;
    unsigned map_pad; /* bytes before the bits of an allocation map */
    uint64_t size_limit;
    /* heaps */
    unsigned heap_alloc_max;   /* bytes of one allocation */
    unsigned heap_block_shift; /* where the block number of a HID stands */
    unsigned heap_index_max;   /* allocations in one block */
    unsigned value_max;        /* longer values get a subnode */
};

/* "unicode", "ansi" or "ost4k"; NULL when unknown. */
const struct variant *variant_find(const char *name);

#endif
