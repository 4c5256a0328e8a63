/*
 * The threads that keep house. One writes sizes to the state, ends idle
 * readers and tells the kernel what has changed; it never waits for a source.
 * The other scans the sources, every `mount.rescan` seconds and when asked: a
 * share that hangs holds that one only. All notifications about the mail tree
 * come from them, never from a request handler, where they could wait for
 * themselves.
 */
#ifndef FS_KEEPER_H
#define FS_KEEPER_H

#include <stdbool.h>

#include "fs/fs.h"
#include "pipeline/base/err.h"

#define KEEPER_MS      1000  /* between two rounds */
#define KEEPER_SCAN_MS 10000 /* longest that anybody waits for a scan */

int keeper_new(struct fs *fs, struct keeper **keeper_r, struct err *err);
/* False: a scan hangs in its source and its thread goes on. Then nothing it
 * uses may be freed. */
bool keeper_free(struct keeper **keeper);

/* A store is not what it was (mail_refresh): tell the kernel now, scan now. */
void keeper_wake(struct keeper *keeper);
/* Scans and waits for the end; true in *changed_r when the tree is another.
 * ETIMEDOUT after KEEPER_SCAN_MS: it goes on. */
int keeper_rescan(struct keeper *keeper, bool *changed_r, struct err *err);

#endif
