/* One mount per state: a lock on STATE/lock, which says who has it. */
#ifndef FS_LOCK_H
#define FS_LOCK_H

#include "pipeline/base/err.h"

/* The descriptor, to be kept open, or -EBUSY (words: which process, which
 * mountpoint) or another negative errno. */
int lock_take(const char *state_dir, const char *mountpoint, struct err *err);

#endif
