/*
 * Who waits for a change: poll handles and held-back reads of `wait`. A
 * thread looks at db_version every NOTIFY_MS and, on a change, wakes polls
 * and answers the waits that are ready. Never called from a request handler
 * with a notification to send: the thread sends them all.
 */
#ifndef FS_NOTIFY_H
#define FS_NOTIFY_H

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include "fs/control.h"
#include "fs/fs.h"

#define NOTIFY_MS 100

int notify_new(struct fs *fs, struct notify **notify_r, struct err *err);
/* Stops the thread, answers what is held with ENOTCONN, frees. Call before
 * the session is destroyed. */
void notify_free(struct notify **notify);

/* Keeps ph (owned from now on) for the handle, replacing an older one. */
void notify_poll(struct notify *notify, struct control_handle *h,
                 struct fuse_pollhandle *ph);
/* Answers req with up to len bytes at off once control_wait_ready(h) is 1;
 * EINTR when the request is interrupted. */
void notify_wait(struct notify *notify, struct control_handle *h,
                 fuse_req_t req, size_t len, off_t off);
/* Forgets all that hangs on the handle (its release). */
void notify_forget(struct notify *notify, struct control_handle *h);

#endif
