#include "fs/attr.h"
#include "fs/ops.h"

/* Nothing can be made, removed or renamed here: the mail tree is read-only,
 * the control tree has its files and no others. */
static void refuse(fuse_req_t req, fuse_ino_t ino)
{
    struct node node;

    if (!node_split(ino, &node))
        fuse_reply_err(req, ESTALE);
    else
        fuse_reply_err(req, node_is_control(node.kind) ? EPERM : EROFS);
}

/* `>` and touch set size and times of a control file: that is no change. */
static bool may_set(const struct node *node, int to_set)
{
    const int harmless = FUSE_SET_ATTR_SIZE | FUSE_SET_ATTR_ATIME |
                         FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_ATIME_NOW |
                         FUSE_SET_ATTR_MTIME_NOW | FUSE_SET_ATTR_CTIME;
    const struct control_row *row;

    if (node->kind != NODE_CONTROL || (to_set & ~harmless))
        return false;
    row = control_row(node->store, node->id);
    return row && (row->mode & 0222);
}

void ops_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int to_set,
                 struct fuse_file_info *fi)
{
    struct fuse_entry_param e = {0};
    struct err err = {0};
    struct node node;
    int rc;

    if (!node_split(ino, &node) || !may_set(&node, to_set)) {
        refuse(req, ino);
        return;
    }
    if (to_set & FUSE_SET_ATTR_SIZE) /* empties `errors` */
        control_truncate(ops_fs(req), node.store, node.id);
    rc = attr_node(ops_fs(req), node, &e, &err);
    if (rc < 0)
        ops_fail(req, rc, &err);
    else
        fuse_reply_attr(req, &e.attr, e.attr_timeout);
}

void ops_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
               dev_t dev)
{
    refuse(req, parent);
}

void ops_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
    refuse(req, parent);
}

void ops_remove(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    refuse(req, parent);
}

void ops_symlink(fuse_req_t req, const char *text, fuse_ino_t parent,
                 const char *name)
{
    refuse(req, parent);
}

void ops_rename(fuse_req_t req, fuse_ino_t parent, const char *name,
                fuse_ino_t to, const char *to_name, unsigned flags)
{
    refuse(req, parent);
}

void ops_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent,
              const char *name)
{
    refuse(req, parent);
}

void ops_create(fuse_req_t req, fuse_ino_t parent, const char *name,
                mode_t mode, struct fuse_file_info *fi)
{
    refuse(req, parent);
}

void ops_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name,
                  const char *value, size_t size, int flags)
{
    refuse(req, ino);
}

void ops_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
    refuse(req, ino);
}

void ops_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off,
                   off_t len, struct fuse_file_info *fi)
{
    refuse(req, ino);
}
