/*
 * The FUSE requests: one handler each, in the table at the end of ops.c.
 * ops_dir.c has those on open directories, ops_file.c those on open files,
 * ops_xattr.c those on extended attributes, ops_change.c those that want to
 * change something.
 */
#ifndef FS_OPS_H
#define FS_OPS_H

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include "fs/control.h"
#include "fs/fs.h"
#include "fs/lane.h"
#include "fs/node.h"
#include "pipeline/base/err.h"

/* The session's user data is the struct fs. */
const struct fuse_lowlevel_ops *ops_table(void);

/* ---- for the handlers ---- */

/* Answers with -rc; what went wrong here is logged. */
void ops_fail(fuse_req_t req, int rc, const struct err *err);
struct fs *ops_fs(fuse_req_t req);
struct control_caller ops_caller(fuse_req_t req);

/* A request that may ask a reader, with what its handler was given. */
struct ops_call {
    struct lane_call lane; /* first */
    fuse_req_t req;
    fuse_ino_t ino;
    const char *name; /* look-ups and attributes only */
    size_t size;
    off_t off;
    bool plus;
    struct fuse_file_info fi;
};
/* run answers, or returns LANE_FULL and will be called again. */
void ops_run(struct ops_call *call, int (*run)(struct lane_call *call));

void ops_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void ops_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                 struct fuse_file_info *fi);
void ops_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                     struct fuse_file_info *fi);
void ops_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);

void ops_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void ops_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
              struct fuse_file_info *fi);
void ops_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size,
               off_t off, struct fuse_file_info *fi);
void ops_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
              struct fuse_pollhandle *ph);
void ops_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);

void ops_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name,
                  size_t size);
void ops_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);

void ops_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int to_set,
                 struct fuse_file_info *fi);
void ops_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
               dev_t dev);
void ops_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name,
               mode_t mode);
void ops_remove(fuse_req_t req, fuse_ino_t parent, const char *name);
void ops_symlink(fuse_req_t req, const char *text, fuse_ino_t parent,
                 const char *name);
void ops_rename(fuse_req_t req, fuse_ino_t parent, const char *name,
                fuse_ino_t to, const char *to_name, unsigned flags);
void ops_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent,
              const char *name);
void ops_create(fuse_req_t req, fuse_ino_t parent, const char *name,
                mode_t mode, struct fuse_file_info *fi);
void ops_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name,
                  const char *value, size_t size, int flags);
void ops_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name);
void ops_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off,
                   off_t len, struct fuse_file_info *fi);

#endif
