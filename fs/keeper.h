/*
 * The thread that keeps house: scans the sources again every `mount.rescan`
 * seconds and tells the kernel what has changed, writes sizes to the state,
 * ends idle readers. All notifications about the mail tree come from it,
 * never from a request handler, where they could wait for themselves.
 */
#ifndef FS_KEEPER_H
#define FS_KEEPER_H

#include "fs/fs.h"
#include "pipeline/base/err.h"

#define KEEPER_MS 1000 /* between two rounds */

struct keeper;

int keeper_new(struct fs *fs, struct keeper **keeper_r, struct err *err);
void keeper_free(struct keeper **keeper);

#endif
