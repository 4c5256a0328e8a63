/*
 * Keeps the ledger for the sender, in a thread of its own, so that the sender
 * waits for the target only: a batch comes from the feed, is noted as sending
 * (durable) before the sender gets it, and what became of it is noted when
 * the sender is done with it. Both share a transaction where they meet.
 */
#ifndef STAGE_CLERK_H
#define STAGE_CLERK_H

#include "pipeline/stage/feed.h"

#define CLERK_AHEAD 2 /* batches noted that the sender has not asked for */

struct clerk;

/* Starts the feed and the thread. folders is borrowed. */
int clerk_new(struct run *run, const struct run_folders *folders,
              struct clerk **clerk_r, struct err *err);
/* The next batch to send, waiting at most ms: 1 got it, 0 that was all,
 * -EAGAIN not yet, else what feeding or noting failed of. */
int clerk_next(struct clerk *clerk, unsigned ms, struct batch **batch_r,
               struct err *err);
/* The sender is done with it, well or not: its items say. */
void clerk_done(struct clerk *clerk, struct batch *batch);
/* Ends the thread: results are noted, batches that were noted and not sent
 * are listed again. Then frees all; 0 or what noting failed of. */
int clerk_end(struct clerk **clerk, struct err *err);

#endif
