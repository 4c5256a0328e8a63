/*
 * One walk over the sources: every regular file, known by its first bytes.
 * Symbolic links are not followed, so nothing outside a source is reached.
 */
#ifndef FS_SCAN_H
#define FS_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/base/err.h"

#define SCAN_DEPTH_MAX    64    /* directories below a source */
#define SCAN_REJECTED_MAX 50000 /* more are counted, not listed */

struct scan_file {
    char *path;         /* absolute */
    char *shown;        /* place in the mount */
    const char *reason; /* why it is no store; NULL: it is one. Constant */
    int64_t size, mtime;
    uint64_t file; /* struct reader_file, now */
};

struct scan {
    struct scan_file *list;
    size_t n, cap, rejected, dropped;
};

/* What is known of a path: true, and the reason as above, when the file was
 * looked into before and has not changed. */
typedef bool scan_known_fn(void *ctx, const struct scan_file *file,
                           const char **reason_r);

/* sources: absolute paths. skip: a directory that is passed over (the
 * mountpoint), NULL none. A source that cannot be read is a rejected
 * file, as is any directory or file below it that cannot. */
int scan_run(const char *const *sources, size_t n, const char *skip,
             scan_known_fn *known, void *ctx, struct scan *scan_r,
             struct err *err);
void scan_finish(struct scan *scan);

/* Did this reason come from the file's own bytes? Others may pass. */
bool scan_is_final(const char *reason);

#endif
