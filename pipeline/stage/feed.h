/*
 * The items of a job as batches ready to send: a thread asks the reader for
 * the next items while the last batch is on its way to the target. Folder
 * after folder in the order given, items listed in the ledger, rising.
 */
#ifndef STAGE_FEED_H
#define STAGE_FEED_H

#include "pipeline/stage/marks.h"
#include "pipeline/stage/run.h"

/* One being filled, one filled, two noted, one being sent, one sent. */
#define FEED_BATCHES   6
#define FEED_BYTES_MAX (8u << 20) /* of a batch, whatever the target takes */
#define FEED_ITEMS_MAX 1024

struct feed;

/* An item of a batch whose bytes are read when they are asked for. */
struct feed_piece {
    struct run *run;
    uint32_t nid;
};

struct batch {
    const struct run_folder *folder;
    struct target_item *items; /* n, all rendered */
    size_t n;
    struct feed_bad {
        uint32_t nid;
        int error; /* why it could not be rendered: a positive errno */
    } * bad;
    size_t bad_n;
    /* What items point to. */
    char (*ids)[RUN_ID_SIZE];
    char (*defects)[MARKS_DEFECTS_MAX];
    struct feed_piece *pieces;
    char *arena;
    size_t used;
};

/* Starts the thread. folders is borrowed; run must stay where it is. */
int feed_new(struct run *run, const struct run_folders *folders,
             struct feed **feed_r, struct err *err);
/* The next batch, waiting at most ms for it: 1 got it, 0 that was all,
 * -EAGAIN not yet, else what the feeding failed of. */
int feed_next(struct feed *feed, unsigned ms, struct batch **batch_r,
              struct err *err);
/* A batch that is done with; NULL is fine. */
void feed_give(struct feed *feed, struct batch *batch);
/* Stops the thread (a call it is in is interrupted) and frees all batches. */
void feed_free(struct feed **feed);

/* Fills a target item that is read in pieces through run->pieces. */
void feed_item(struct run *run, const struct reader_meta *meta, uint32_t nid,
               char id[RUN_ID_SIZE], struct feed_piece *piece,
               struct target_item *item_r);

#endif
