/*
 * The store's file as its path shows it. It is asked in a thread of its own,
 * for a share that hangs would hold the caller for as long: then the caller
 * gets ETIMEDOUT, and until the thread comes back nobody else waits for that
 * path at all.
 */
#ifndef READER_SOURCE_H
#define READER_SOURCE_H

#include "pipeline/base/err.h"
#include "pipeline/reader/client.h"

#define SOURCE_STUCK_MAX 256 /* threads held by shares that hang */

/* Opens the regular file at path. ENOENT, EACCES ... as open(2), EINVAL for
 * what is no file, ETIMEDOUT. */
int source_open(const char *path, unsigned ms, int *fd_r,
                struct reader_file *file_r, struct err *err);
/* The same without keeping it open, its first bytes read from the disk: does
 * it answer? */
int source_look(const char *path, unsigned ms, struct reader_file *file_r,
                struct err *err);

#endif
