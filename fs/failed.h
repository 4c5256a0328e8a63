/*
 * failed/ in a store's .ctl: each failed item of its newest job as the target
 * should have got it ("Subject (200024).eml") and beside it the reason in
 * words ("Subject (200024).txt"). The node id in the name makes it unique and
 * lets a look-up ask the ledger for one item only.
 */
#ifndef FS_FAILED_H
#define FS_FAILED_H

#include <stdbool.h>
#include <stdint.h>

#include "fs/fs.h"
#include "fs/name.h"
#include "pipeline/base/buf.h"

/* Both names of each failed item; fn's non-zero result stops. */
typedef int failed_fn(void *ctx, const char *name, uint32_t nid,
                      bool is_reason);
int failed_each(struct fs *fs, int64_t store, failed_fn *fn, void *ctx);
/* By name: 0, -ENOENT. */
int failed_find(struct fs *fs, int64_t store, const char *name, uint32_t *nid_r,
                bool *is_reason_r);
/* The reason and a newline, appended to out; -ENOENT when it is no failed
 * item (any more). */
int failed_reason(struct fs *fs, int64_t store, uint32_t nid, struct buf *out);

#endif
