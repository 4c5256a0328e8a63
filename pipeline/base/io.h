/* Whole reads and writes, small files, directories: all EINTR-safe. */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "pipeline/base/buf.h"
#include "pipeline/base/err.h"

/* Bytes read (fewer than len only at end of file), or negative errno. */
ssize_t io_pread(int fd, void *buf, size_t len, uint64_t off);
ssize_t io_read(int fd, void *buf, size_t len);

/* As fstat, but always that system call: the C library may use one that takes
 * a path, which a sandbox cannot allow. 0 or negative errno. */
struct stat;
int io_fstat(int fd, struct stat *st_r);

/* 0, or negative errno; all of len or an error. */
int io_write(int fd, const void *buf, size_t len);
int io_pwrite(int fd, const void *buf, size_t len, uint64_t off);

/* Appends the whole file to out (bounded by out->max); 0 or -errno. */
int io_slurp(const char *path, struct buf *out, struct err *err);

/* mkdir -p; existing directories are fine. */
int io_mkdirs(const char *path, mode_t mode, struct err *err);

/* fsync of a directory by path: makes renames in it durable. */
int io_sync_dir(const char *path, struct err *err);

/* "a/b" joined with exactly one slash; malloc'd, NULL on ENOMEM. */
char *io_join(const char *a, const char *b);

/* The directory of the running executable, malloc'd; NULL on error. */
char *io_self_dir(void);

#endif
