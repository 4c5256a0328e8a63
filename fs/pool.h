/*
 * Which stores have a reader process: at most `mount.readers` at once. The
 * one not used for the longest time is ended when another is wanted, and any
 * that was idle for `mount.reader_idle` seconds.
 */
#ifndef FS_POOL_H
#define FS_POOL_H

#include <stdint.h>

#include "fs/catalog.h"
#include "pipeline/base/err.h"

struct pool;

int pool_new(unsigned max, uint64_t idle_ms, struct pool **pool_r,
             struct err *err);
void pool_free(struct pool **pool);

/* Around every call on store->reader. enter waits while all places are taken
 * by stores that are being read. No thread may hold two. */
void pool_enter(struct pool *pool, struct catalog_store *store);
void pool_leave(struct pool *pool, struct catalog_store *store);

/* Ends readers that were idle for long enough; called now and then. */
void pool_idle(struct pool *pool);

#endif
