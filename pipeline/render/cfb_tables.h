/*
 * The sectors of a compound file that is read ([MS-CFB] 2.2 to 2.6): its
 * tables, its directory, chains. Nothing is taken on trust: EBADMSG for
 * whatever does not fit, EFBIG past a limit of cfb_copy.h, ENOMEM.
 */
#ifndef RENDER_CFB_TABLES_H
#define RENDER_CFB_TABLES_H

#include "pipeline/render/cfb_priv.h"

struct cfb_tables {
    struct segment_source source;
    unsigned shift;
    uint32_t sectors; /* whole or torn, behind the header */
    uint32_t *fat, *mini_fat;
    size_t fat_count, mini_count;
    uint8_t *taken, *mini_taken; /* a bit for each sector that has a place */
    uint8_t *directory;
    size_t directory_count;
};

/* A run of sectors of a chain; at: sectors of the chain before it. */
struct cfb_run {
    uint32_t first, count;
    uint32_t at;
};

/* Where the bytes of a chain are. */
struct cfb_extent {
    const struct cfb_tables *tables;
    struct cfb_run *runs; /* malloc'd */
    size_t count, room;
    uint64_t sectors;
};

/* Reads the tables of k->source; finish frees them, after a failure too. */
int cfb_tables_load(struct cfb_tables *k);
/* Frees what only opening needs: extents can still be read. */
void cfb_tables_finish(struct cfb_tables *k);

/* A sector has one place, so that no chain ends in another or in itself: false
 * when it has one already. */
bool cfb_take(uint8_t *taken, uint32_t n);

/* A chain from its first sector to the mark at its end. */
int cfb_extent_open(struct cfb_tables *k, uint32_t start, struct cfb_extent *c);
/* All of it in memory (malloc), at most max bytes. */
int cfb_extent_load(struct cfb_tables *k, uint32_t start, uint64_t max,
                    uint8_t **data_r, size_t *size_r);
/* As a segment_source reads; ctx is the extent. */
ssize_t cfb_extent_read(void *ctx, uint64_t off, void *buf, size_t len,
                        struct err *err);

#endif
