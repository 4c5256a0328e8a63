/*
 * A table of sector chains ([MS-CFB] 2.3, 2.4) that is worked out when it is
 * read. Each chain is a run of sectors, the runs follow one another, then come
 * the table's own sectors. One sector may be passed over: the range lock of
 * files over 2 GB (2.7).
 */
#ifndef RENDER_CFB_CHAIN_H
#define RENDER_CFB_CHAIN_H

#include "pipeline/render/segment.h"

#define CFB_FREE    0xFFFFFFFFu /* also: no stream */
#define CFB_END     0xFFFFFFFEu
#define CFB_FAT     0xFFFFFFFDu
#define CFB_DIFAT   0xFFFFFFFCu
#define CFB_REG_MAX 0xFFFFFFFAu /* the highest number of a sector */

struct cfb_chains {
    uint32_t *ends;      /* the last sector of each run, rising; owned */
    size_t count, room;  /* of ends */
    uint64_t used;       /* sectors of all runs */
    uint64_t fat, difat; /* sectors of the table behind them */
    uint64_t lock;       /* the sector passed over; 0 none */
    uint64_t size;       /* bytes of the table */
};

/* Adds a run and returns its first sector, CFB_END for none. ENOMEM. */
int cfb_chains_add(struct cfb_chains *c, uint64_t sectors, uint32_t *start_r);

/* Runs know nothing of the lock: the number in the file of a sector. */
uint32_t cfb_chains_number(const struct cfb_chains *c, uint64_t sector);

/* The table's bytes; c is borrowed. */
struct segment_source cfb_chains_source(struct cfb_chains *c);

void cfb_chains_finish(struct cfb_chains *c);

#endif
