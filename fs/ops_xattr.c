/*
 * Extended attributes: user.pst.* of items and folders. Programs ask every
 * file for others (`ls -l` for security.selinux and system.posix_acl_access);
 * those are not supported, which is said at once and makes most programs ask
 * only once.
 */
#include <stdio.h>
#include <string.h>

#include "fs/attr.h"
#include "fs/mail.h"
#include "fs/ops.h"

#define PREFIX    "user.pst."
#define VALUE_MAX (64u << 10) /* XATTR_SIZE_MAX */

static const char item_names[] =
    PREFIX "subject\0" PREFIX "from\0" PREFIX "to\0" PREFIX "date\0" PREFIX
           "class\0" PREFIX "message-id\0" PREFIX "entryid\0" PREFIX
           "size\0" PREFIX "flags\0" PREFIX "nid";
static const char folder_names[] =
    PREFIX "items\0" PREFIX "unread\0" PREFIX "subfolders\0" PREFIX
           "class\0" PREFIX "nid";

static const struct names {
    const char *list; /* NULL: nodes of this kind have none */
    size_t size;
} names[NODE_KINDS] = {
    [NODE_ITEM] = {item_names, sizeof(item_names)},
    [NODE_FOLDER] = {folder_names, sizeof(folder_names)},
    [NODE_STORE] = {folder_names, sizeof(folder_names)},
};

static bool has_name(enum node_kind kind, const char *name)
{
    const char *at = names[kind].list, *end = at + names[kind].size;

    for (; at && at < end; at += strlen(at) + 1)
        if (strcmp(at, name) == 0)
            return true;
    return false;
}

/* -1: the folder does not say. */
static int put_count(struct buf *value, int64_t n)
{
    return n < 0 ? 0 : buf_addf(value, "%lld", (long long)n);
}

static int folder_value(const struct mail_counts *counts, uint32_t nid,
                        const char *name, struct buf *value)
{
    if (strcmp(name, "items") == 0)
        return put_count(value, counts->items);
    if (strcmp(name, "unread") == 0)
        return put_count(value, counts->unread);
    if (strcmp(name, "subfolders") == 0)
        return put_count(value, counts->subfolders);
    if (strcmp(name, "class") == 0)
        return buf_adds(value, counts->class);
    return buf_addf(value, "%#x", nid);
}

static int node_value(struct fs *fs, const struct node *node, const char *name,
                      struct buf *value, struct err *err)
{
    uint32_t nid = node->kind == NODE_STORE ? NODE_ROOT_NID : node->id;
    struct catalog_store *store;
    struct mail_counts counts;
    int rc = attr_store(fs, *node, &store, err);

    name += strlen(PREFIX);
    if (rc < 0)
        return rc;
    if (node->kind == NODE_ITEM)
        return mail_fact(fs->mail, store, nid, name, value, err);
    rc = mail_counts(fs->mail, store, nid, &counts, err);
    return rc < 0 ? rc : folder_value(&counts, nid, name, value);
}

static void reply_value(fuse_req_t req, size_t size, const char *data,
                        size_t len)
{
    if (size == 0)
        fuse_reply_xattr(req, len);
    else if (size < len)
        fuse_reply_err(req, ERANGE);
    else
        fuse_reply_buf(req, data, len);
}

static int getxattr_run(struct lane_call *lane)
{
    const struct ops_call *call = (struct ops_call *)lane;
    cleanup_buf struct buf value = BUF(VALUE_MAX);
    struct err err = {0};
    struct node node;
    int rc = -ESTALE;

    if (node_split(call->ino, &node))
        rc =
            has_name(node.kind, call->name)
                ? node_value(ops_fs(call->req), &node, call->name, &value, &err)
                : -ENODATA;
    if (rc == LANE_FULL)
        return rc;
    if (rc < 0)
        ops_fail(call->req, rc, &err);
    else
        reply_value(call->req, call->size, buf_str(&value), value.len);
    return 0;
}

void ops_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
    struct ops_call call = {.req = req, .ino = ino, .name = name, .size = size};

    if (ops_fs(req)->no_xattr)
        fuse_reply_err(req, ENOSYS); /* and the kernel asks no more */
    else if (strncmp(name, "user.", strlen("user.")) != 0)
        fuse_reply_err(req, EOPNOTSUPP);
    else if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
        fuse_reply_err(req, ENODATA);
    else
        ops_run(&call, getxattr_run);
}

void ops_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
    struct node node;

    if (ops_fs(req)->no_xattr)
        fuse_reply_err(req, ENOSYS);
    else if (!node_split(ino, &node))
        fuse_reply_err(req, ESTALE);
    else
        reply_value(req, size, names[node.kind].list, names[node.kind].size);
}
