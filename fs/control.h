/*
 * The table of control and status files: one row a file. Rows of the root's
 * .ctl and of each store's .ctl; ops.c turns requests into these calls and
 * knows no file by name. Rules: design.md, "Control and status files".
 */
#ifndef FS_CONTROL_H
#define FS_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "fs/fs.h"
#include "pipeline/base/buf.h"
#include "pipeline/base/err.h"

#define CONTROL_LINE_MAX 4096 /* a longer command is E2BIG */

/* Who asks, from fuse_req_ctx. */
struct control_caller {
    uint32_t uid, gid, pid;
};

struct control_row {
    const char *name;
    mode_t mode;      /* permission bits: 0444, 0644, 0200 ... */
    const char *help; /* grammar; what reading a write-only file gives */
    /* Appends the whole text; NULL: help is shown. store 0: the root. */
    int (*show)(struct fs *fs, int64_t store, struct buf *out, struct err *err);
    /* One complete command line without its newline; NULL: EPERM. */
    int (*store)(struct fs *fs, int64_t store, const char *line,
                 const struct control_caller *caller, struct err *err);
    bool waits; /* an open read blocks until the job has ended */
};

/* Row i of the root's (store 0) or a store's directory; NULL past the end.
 * Row numbers never change while the mount lives. */
const struct control_row *control_row(int64_t store, unsigned i);
/* Row number by name, -ENOENT. */
int control_find(int64_t store, const char *name);

/* Attributes with the real size (of the text as it is now). ino is not
 * set. */
int control_stat(struct fs *fs, int64_t store, unsigned row, struct stat *st_r);

/* truncate(2), as `: > errors` and shells' `>` do: empties `errors`, means
 * nothing to other writable files, -EPERM for the rest. control_open does it
 * for O_TRUNC. */
int control_truncate(struct fs *fs, int64_t store, unsigned row);

struct control_handle; /* one open file */
int control_open(struct fs *fs, int64_t store, unsigned row, int flags,
                 struct control_handle **handle_r);
/* Bytes from the snapshot made at open. Two exceptions: after a poll, reading
 * from 0 again takes a new one; and reading on at the end gives what came
 * since: of `log` always (tail -f), of `progress` the new line, once an end
 * of file was given. */
ssize_t control_read(struct control_handle *h, uint64_t off, void *buf,
                     size_t len);
/* len, or negative errno: each complete line is carried out before this
 * returns; the reason of an error goes to `errors`. When lines before the one
 * refused were carried out, the result is the count of bytes before it: the
 * caller writes the rest again and gets the errno then. */
ssize_t control_write(struct control_handle *h, const void *data, size_t len,
                      const struct control_caller *caller);
/* Carries out an unterminated last line; its errors are only logged. */
void control_release(struct control_handle **h,
                     const struct control_caller *caller);
/* Has the text changed since the snapshot? (poll) */
bool control_changed(struct control_handle *h);
/* For rows that wait: 1 and the text in the snapshot when the job has ended
 * (or there is none), 0 not yet. */
int control_wait_ready(struct control_handle *h);

/* Frees all that is kept between requests. No handle may be open. */
void control_finish(void);

/* failed/: the failed items of a store's newest job. */
struct control_failed {
    uint32_t nid;
    const char *class, *subject, *reason;
};
typedef int control_failed_fn(void *ctx, const struct control_failed *item);
int control_failed_each(struct fs *fs, int64_t store, control_failed_fn *fn,
                        void *ctx);

#endif
