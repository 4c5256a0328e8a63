/*
 * Checks of whole stores: each page, block and item is looked at, in a reader
 * process of its own, one store after the other, while the mount goes on. The
 * result is kept by the state and shown by the store's `health`.
 */
#ifndef FS_HEALTH_H
#define FS_HEALTH_H

#include <stdint.h>

#include "fs/fs.h"
#include "pipeline/base/buf.h"

#define HEALTH_TEXT_MAX  (4u << 20) /* bytes of one result */
#define HEALTH_QUEUE_MAX 100000     /* stores that wait */

struct health;

int health_new(struct fs *fs, struct health **health_r, struct err *err);
/* Ends the check at work; what it found until then is lost. */
void health_free(struct health **health);

/* The store's turn comes; -EBUSY when it waits or is being checked already. */
int health_ask(struct health *health, int64_t store, struct err *err);
/* "state unchecked|waiting|checking|checked|changed|failed" and the result,
 * `key value` lines. Waits for no reader. */
int health_show(struct health *health, int64_t store, struct buf *out,
                struct err *err);

#endif
