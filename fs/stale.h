/*
 * After a kill -9 the kernel keeps the mount, and every access to it fails
 * with ENOTCONN. Nobody can use such a mount again: the next start takes it
 * away.
 */
#ifndef FS_STALE_H
#define FS_STALE_H

#include "pipeline/base/err.h"

/* Unmounts path if it is a dead mount of pstfs (and not of another file
 * system). 0 also when there was nothing to do. */
int stale_clear(const char *path, struct err *err);

#endif
