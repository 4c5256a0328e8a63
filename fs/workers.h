/*
 * The worker processes: `pstfs --worker SLOT`, one per slot, started again
 * with growing pauses when they die. A worker's standard input is a pipe:
 * a byte wakes it, end of file (this process is gone) ends it.
 */
#ifndef FS_WORKERS_H
#define FS_WORKERS_H

#include "fs/fs.h"

int workers_new(struct fs *fs, const char *config, struct workers **workers_r,
                struct err *err);
/* Ends them (SIGTERM, then SIGKILL after a few seconds) and frees. */
void workers_free(struct workers **workers);
/* There is new work. */
void workers_wake(struct workers *workers);

#endif
