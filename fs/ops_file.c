#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "fs/attr.h"
#include "fs/export.h"
#include "fs/failed.h"
#include "fs/mail.h"
#include "fs/notify.h"
#include "fs/ops.h"
#include "pipeline/base/log.h"

#define READ_MAX     (8u << 20) /* the kernel asks for less */
#define REASON_BYTES (1u << 17)

/* An open control file. fi->fh of mail files is the store's change count. */
struct file {
    struct control_handle *control;
    bool waits;
    /* Who wrote last: an unterminated line is carried out at release, and
     * that request has nobody's credentials. */
    struct control_caller writer;
};

static struct file *file_of(const struct fuse_file_info *fi)
{
    return (struct file *)(uintptr_t)fi->fh;
}

static int open_control(fuse_req_t req, const struct node *node,
                        struct fuse_file_info *fi)
{
    const struct control_row *row = control_row(node->store, node->id);
    struct file *file = row ? calloc(1, sizeof(*file)) : NULL;
    int rc;

    if (!file)
        return row ? -ENOMEM : -ESTALE;
    rc = control_open(ops_fs(req), node->store, node->id, fi->flags,
                      &file->control);
    if (rc < 0) {
        free(file);
        return rc;
    }
    file->waits = row->waits;
    file->writer = ops_caller(req);
    fi->fh = (uintptr_t)file;
    fi->direct_io = 1;
    return 0;
}

static int open_mail(fuse_req_t req, const struct node *node,
                     struct fuse_file_info *fi, struct err *err)
{
    struct catalog_store *store;
    int rc;

    if ((fi->flags & O_ACCMODE) != O_RDONLY || (fi->flags & O_TRUNC))
        return node_is_control(node->kind) ? -EPERM : -EROFS;
    if ((rc = attr_store(ops_fs(req), *node, &store, err)) < 0)
        return rc;
    fi->fh = mail_changes(ops_fs(req)->mail, node->store);
    /* What the kernel would open may be of before: it asks again. */
    if (!mail_is_told(ops_fs(req)->mail, node->store))
        return err_set(err, ESTALE, "%s has just changed", store->path);
    /* Once the file has changed, pages may be of the old one. */
    fi->keep_cache =
        fi->fh == 0 && (node->kind == NODE_ITEM || node->kind == NODE_PART ||
                        node->kind == NODE_RECOVERED_ITEM);
    /* Nor may they be put where an older handle would find them. */
    fi->direct_io = fi->fh != 0;
    fi->noflush = 1;
    return 0;
}

static int open_run(struct lane_call *lane)
{
    struct ops_call *call = (struct ops_call *)lane;
    struct err err = {0};
    struct node node;
    int rc = -ESTALE;

    if (node_split(call->ino, &node))
        rc = node.kind == NODE_CONTROL
                 ? open_control(call->req, &node, &call->fi)
                 : open_mail(call->req, &node, &call->fi, &err);
    if (rc == LANE_FULL)
        return rc;
    if (rc < 0)
        ops_fail(call->req, rc, &err);
    else if (fuse_reply_open(call->req, &call->fi) < 0 &&
             node.kind == NODE_CONTROL) {
        /* The opener was interrupted: no release will come. */
        struct file *file = file_of(&call->fi);
        control_release(&file->control, &file->writer);
        free(file);
    }
    return 0;
}

void ops_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct ops_call call = {.req = req, .ino = ino, .fi = *fi};

    ops_run(&call, open_run);
}

/* ---- reading ---- */

static ssize_t read_item(fuse_req_t req, const struct node *node, uint64_t off,
                         void *data, size_t size,
                         const struct fuse_file_info *fi, struct err *err)
{
    enum reader_format format = export_format(node);
    struct fs *fs = ops_fs(req);
    struct catalog_store *store;
    ssize_t n = attr_store(fs, *node, &store, err);

    if (n < 0)
        return n;
    if (mail_changes(fs->mail, node->store) != fi->fh)
        return err_set(err, ESTALE, "%s has changed", store->path);
    if (node->kind == NODE_PART)
        n = mail_part_read(fs->mail, store, node->id, node->part,
                           (unsigned)fi->fh, off, data, size, err);
    else
        n = mail_read(fs->mail, store, node->id, format, (unsigned)fi->fh, off,
                      data, size, err);
    if (n >= 0 || n == -ESTALE || n == -ENOMEM || n == -EACCES ||
        n == LANE_FULL)
        return n;
    err_wrap(err, "%s: item %x", store->path, node->id);
    return -EIO;
}

static ssize_t read_reason(fuse_req_t req, const struct node *node,
                           uint64_t off, void *data, size_t size)
{
    cleanup_buf struct buf text = BUF(REASON_BYTES);
    int rc = failed_reason(ops_fs(req), node->store, node->id, &text);

    if (rc < 0)
        return rc;
    if (off >= text.len)
        return 0;
    if (size > text.len - off)
        size = text.len - off;
    memcpy(data, text.data + off, size);
    return (ssize_t)size;
}

static ssize_t read_node(fuse_req_t req, const struct node *node, uint64_t off,
                         void *data, size_t size,
                         const struct fuse_file_info *fi, struct err *err)
{
    switch (node->kind) {
    case NODE_CONTROL:
        return control_read(file_of(fi)->control, off, data, size);
    case NODE_REASON:
        return read_reason(req, node, off, data, size);
    default:
        return read_item(req, node, off, data, size, fi, err);
    }
}

static int read_run(struct lane_call *lane)
{
    const struct ops_call *call = (struct ops_call *)lane;
    cleanup_free char *data = malloc(call->size + 1);
    struct err err = {0};
    struct node node;
    ssize_t n = -ENOMEM;

    if (data && node_split(call->ino, &node))
        n = read_node(call->req, &node, (uint64_t)call->off, data, call->size,
                      &call->fi, &err);
    if (n == LANE_FULL)
        return LANE_FULL;
    if (n < 0)
        ops_fail(call->req, (int)n, &err);
    else
        fuse_reply_buf(call->req, data, (size_t)n);
    return 0;
}

void ops_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
              struct fuse_file_info *fi)
{
    struct ops_call call = {.req = req, .ino = ino, .off = off, .fi = *fi};
    struct node node;

    call.size = size < READ_MAX ? size : READ_MAX;
    if (!node_split(ino, &node))
        fuse_reply_err(req, ESTALE);
    else if (node.kind == NODE_CONTROL && file_of(fi)->waits)
        notify_wait(ops_fs(req)->notify, file_of(fi)->control, req, size, off);
    else
        ops_run(&call, read_run);
}

/* ---- control files ---- */

void ops_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size,
               off_t off, struct fuse_file_info *fi)
{
    struct control_caller caller = ops_caller(req);
    struct file *file = file_of(fi);
    struct node node;
    ssize_t n;

    if (!node_split(ino, &node) || node.kind != NODE_CONTROL) {
        fuse_reply_err(req, EROFS);
        return;
    }
    file->writer = caller;
    n = control_write(file->control, data, size, &caller);
    if (n < 0)
        fuse_reply_err(req, (int)-n);
    else
        fuse_reply_write(req, (size_t)n);
}

static unsigned ready_events(const struct file *file)
{
    unsigned ready = POLLIN | POLLRDNORM | POLLPRI;

    if (file->waits)
        return control_wait_ready(file->control) == 1 ? ready : 0;
    return POLLOUT | POLLWRNORM | (control_changed(file->control) ? ready : 0);
}

/* A control file is readable for poll when its text is another one than was
 * read: that is what a program that polls it waits for. */
void ops_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
              struct fuse_pollhandle *ph)
{
    struct node node;

    if (!node_split(ino, &node) || node.kind != NODE_CONTROL) {
        if (ph)
            fuse_pollhandle_destroy(ph);
        fuse_reply_poll(req, POLLIN | POLLRDNORM);
        return;
    }
    /* First be told of changes, then look: none is missed. */
    if (ph)
        notify_poll(ops_fs(req)->notify, file_of(fi)->control, ph);
    fuse_reply_poll(req, ready_events(file_of(fi)));
}

void ops_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct file *file = file_of(fi);
    struct node node;

    if (node_split(ino, &node) && node.kind == NODE_CONTROL) {
        notify_forget(ops_fs(req)->notify, file->control);
        control_release(&file->control, &file->writer);
        free(file);
    }
    fuse_reply_err(req, 0);
}
