/*
 * What every file of fs/ shares: the running mount. Locks are inside the
 * parts; nothing here changes after start.
 */
#ifndef FS_FS_H
#define FS_FS_H

#include <stdbool.h>
#include <stdint.h>

#include "pipeline/base/settings.h"
#include "pipeline/db/db.h"

struct catalog; /* catalog.h: sources and their stores */
struct notify;  /* notify.h: who waits for a change */
struct workers; /* workers.h: the worker processes */
struct mail;    /* mail.h: folders and items of the stores */
struct keeper;  /* keeper.h: who scans the sources and tells the kernel */
struct lanes;   /* lane.h: who may wait for a reader */
struct health;  /* health.h: checks of whole stores */
struct fuse_session;

struct fs {
    struct settings *settings;
    struct db *db;
    struct catalog *catalog;
    struct notify *notify;
    struct workers *workers;
    struct mail *mail;
    struct lanes *lanes;
    struct health *health;
    struct keeper *keeper;
    struct fuse_session *session;
    const char *state_dir;
    const char *mountpoint;
    int64_t mounted;   /* unix seconds: mtime of what has no other */
    uint32_t uid, gid; /* owner of all that is shown */
    bool no_xattr;     /* extended attributes answer ENOSYS */
    bool attachments;  /* shown as files beside their items */
};

#endif
