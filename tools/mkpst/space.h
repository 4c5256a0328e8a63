/*
 * The file as a row of sections, each with its allocation map (mspst.md
 * section 6). Space is given out in rising order and never taken back, so one
 * section at a time is held in memory and written whole.
 */
#ifndef MKPST_SPACE_H
#define MKPST_SPACE_H

#include "tools/mkpst/variant.h"

enum page_type {
    PAGE_BBT = 0x80,
    PAGE_NBT = 0x81,
    PAGE_FMAP = 0x82,
    PAGE_PMAP = 0x83,
    PAGE_AMAP = 0x84,
    PAGE_FPMAP = 0x85,
    PAGE_DLIST = 0x86
};

struct space {
    const struct variant *v;
    int fd;
    uint64_t number, base; /* of the section being filled */
    uint8_t *data;         /* owned: v->section bytes */
    uint8_t *map;          /* owned: one byte per slot, 1 = in use */
    size_t used;
    uint64_t free_bytes; /* in the sections that are written */
    uint64_t next_page;  /* page id */
};

void space_init(struct space *s, const struct variant *v, int fd);
/* len bytes (zeroed) at a multiple of align. The pointer is good until the
 * next call; *ib_r is where it will be in the file. */
uint8_t *space_take(struct space *s, size_t len, size_t align, uint64_t *ib_r);
uint64_t space_position(const struct space *s);

/* Fills in trailer, signature and CRC of a page (section 4). */
void page_seal(const struct variant *v, uint8_t *page, enum page_type type,
               uint64_t ib, uint64_t bid);

/* Writes the last section and the density list. Then nothing can be taken. */
void space_finish(struct space *s);
/* After space_finish: ends of the file. */
uint64_t space_last_map(const struct space *s);
uint64_t space_file_size(const struct space *s);

#endif
