#include "tools/mkpst/variant.h"

#include <string.h>

#include "pipeline/base/cleanup.h"

/* sub_entries stays at the Unicode maximum everywhere, so that stores of each
 * variant have a subnode tree of two levels without thousands of subnodes. */
static const struct variant variants[] = {
    {
        .name = "unicode",
        .version = 23,
        .client_version = 19,
        .magic = "SM",
        .unicode = true,
        .id_size = 8,
        .page_size = 512,
        .page_body = 496,
        .page_area = 488,
        .nbt_entry = 32,
        .bbt_entry = 24,
        .inner_entry = 24,
        .slot = 64,
        .block_trailer = 16,
        .block_max = 8176,
        .xblock_entries = 1021,
        .sub_entries = 340,
        .sub_index_entries = 510,
        .first_map = 0x4400,
        .section = 253952,
        .density_list = 0x4200,
        .size_limit = (uint64_t)1 << 38,
        .heap_alloc_max = 3580,
        .heap_block_shift = 16,
        .heap_index_max = 2047,
        .value_max = 1024,
    },
    {
        .name = "ansi",
        .version = 14,
        .client_version = 19,
        .magic = "SM",
        .id_size = 4,
        .page_size = 512,
        .page_body = 500,
        .page_area = 496,
        .nbt_entry = 16,
        .bbt_entry = 12,
        .inner_entry = 12,
        .slot = 64,
        .block_trailer = 12,
        .block_max = 8180,
        .xblock_entries = 1019,
        .sub_entries = 340,
        .sub_index_entries = 1022,
        .first_map = 0x4400,
        .section = 253952,
        .density_list = 0x4200,
        .map_pad = 4,
        .size_limit = (uint64_t)1 << 31,
        .heap_alloc_max = 3068,
        .heap_block_shift = 16,
        .heap_index_max = 2047,
        .value_max = 320,
    },
    {
        .name = "ost4k",
        .version = 36,
        .client_version = 12,
        .magic = "SO",
        .unicode = true,
        .large_pages = true,
        .id_size = 8,
        .page_size = 4096,
        .page_body = 4072,
        .page_area = 4056,
        .nbt_entry = 32,
        .bbt_entry = 24,
        .inner_entry = 24,
        .slot = 512,
        .block_trailer = 24,
        .block_max = 65512,
        .xblock_entries = 8188,
        .sub_entries = 340,
        .sub_index_entries = 4094,
        .first_map = 0x22000,
        .section = 16678912,
        .density_list = 0x21000,
        .size_limit = (uint64_t)1 << 38,
        .heap_alloc_max = 3580,
        .heap_block_shift = 19,
        .heap_index_max = 2047,
        .value_max = 1024,
    },
};

const struct variant *variant_find(const char *name)
{
    for (size_t i = 0; i < array_len(variants); i++)
        if (strcmp(variants[i].name, name) == 0)
            return &variants[i];
    return NULL;
}
