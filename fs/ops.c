#include "fs/ops.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "fs/attr.h"
#include "fs/catalog.h"
#include "pipeline/base/log.h"

#define STATFS_BLOCK   4096
#define WRITE_MAX      (1u << 20)
#define BACKGROUND_MAX 16384 /* read-ahead requests in flight */

struct fs *ops_fs(fuse_req_t req)
{
    return fuse_req_userdata(req);
}

struct control_caller ops_caller(fuse_req_t req)
{
    const struct fuse_ctx *ctx = fuse_req_ctx(req);

    return (struct control_caller){ctx->uid, ctx->gid, (uint32_t)ctx->pid};
}

void ops_fail(fuse_req_t req, int rc, const struct err *err)
{
    if (rc == -EIO && err->msg[0])
        log_warn("%s", err->msg);
    else if (rc == -ESTALE && err->msg[0])
        log_info("%s", err->msg);
    fuse_reply_err(req, -rc);
}

static struct lane_call *call_keep(const struct lane_call *lane)
{
    const struct ops_call *call = (const struct ops_call *)lane;
    size_t len = call->name ? strlen(call->name) + 1 : 0;
    struct ops_call *kept = malloc(sizeof(*kept) + len);

    if (!kept)
        return NULL;
    *kept = *call;
    if (len)
        kept->name = memcpy(kept + 1, call->name, len);
    return &kept->lane;
}

static void call_refuse(struct lane_call *lane, int code)
{
    fuse_reply_err(((struct ops_call *)lane)->req, code);
}

void ops_run(struct ops_call *call, int (*run)(struct lane_call *call))
{
    call->lane.run = run;
    call->lane.keep = call_keep;
    call->lane.refuse = call_refuse;
    lanes_run(ops_fs(call->req)->lanes, &call->lane);
}

static void ops_init(void *userdata, struct fuse_conn_info *conn)
{
    unsigned want = FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO |
                    FUSE_CAP_EXPORT_SUPPORT | FUSE_CAP_ASYNC_READ |
                    FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_AUTO_INVAL_DATA;

    conn->want |= conn->capable & want;
    /* All replies come from memory, and a command may be short. */
    conn->want &= ~(unsigned)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE |
                              FUSE_CAP_SPLICE_MOVE | FUSE_CAP_WRITEBACK_CACHE);
    if (conn->max_write > WRITE_MAX)
        conn->max_write = WRITE_MAX;
    /* The kernel holds back reads of all stores when so many are not
     * answered: those of one that is stuck must not be enough. */
    conn->max_background = BACKGROUND_MAX;
    conn->congestion_threshold = BACKGROUND_MAX;
}

/* Numbers are computed: nothing to forget. */
static void ops_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup)
{
    fuse_reply_none(req);
}

static void ops_forget_multi(fuse_req_t req, size_t count,
                             struct fuse_forget_data *forgets)
{
    fuse_reply_none(req);
}

static int lookup_run(struct lane_call *lane)
{
    const struct ops_call *call = (struct ops_call *)lane;
    struct fuse_entry_param e = {0};
    struct err err = {0};
    struct node node;
    int rc = -ESTALE;

    if (node_split(call->ino, &node))
        rc = attr_find(ops_fs(call->req), node, call->name, &e, &err);
    if (rc == LANE_FULL)
        return rc;
    if (rc == -ENOENT && !node_is_control(node.kind)) {
        e.ino = 0; /* and the kernel may remember that */
        e.entry_timeout = ATTR_MISSING_S;
        rc = 0;
    }
    if (rc < 0)
        ops_fail(call->req, rc, &err);
    else
        fuse_reply_entry(call->req, &e);
    return 0;
}

static void ops_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct ops_call call = {.req = req, .ino = parent, .name = name};

    ops_run(&call, lookup_run);
}

static int getattr_run(struct lane_call *lane)
{
    const struct ops_call *call = (struct ops_call *)lane;
    struct fuse_entry_param e = {0};
    struct err err = {0};
    struct node node;
    int rc = -ESTALE;

    if (node_split(call->ino, &node))
        rc = attr_node(ops_fs(call->req), node, &e, &err);
    if (rc == LANE_FULL)
        return rc;
    if (rc < 0)
        ops_fail(call->req, rc, &err);
    else
        fuse_reply_attr(call->req, &e.attr, e.attr_timeout);
    return 0;
}

static void ops_getattr(fuse_req_t req, fuse_ino_t ino,
                        struct fuse_file_info *fi)
{
    struct ops_call call = {.req = req, .ino = ino};

    ops_run(&call, getattr_run);
}

static void ops_statfs(fuse_req_t req, fuse_ino_t ino)
{
    struct statvfs st = {
        .f_bsize = STATFS_BLOCK, .f_frsize = STATFS_BLOCK, .f_namemax = 255};
    struct catalog *catalog = ops_fs(req)->catalog;
    struct catalog_store *store;
    uint64_t bytes = 0;

    for (size_t i = 0; (store = catalog_store_at(catalog, i)); i++)
        if (!store->gone && !store->rejected) {
            bytes += (uint64_t)store->size;
            st.f_files++;
        }
    st.f_blocks = (bytes + STATFS_BLOCK - 1) / STATFS_BLOCK;
    fuse_reply_statfs(req, &st);
}

const struct fuse_lowlevel_ops *ops_table(void)
{
    static const struct fuse_lowlevel_ops table = {
        .init = ops_init,
        .lookup = ops_lookup,
        .forget = ops_forget,
        .forget_multi = ops_forget_multi,
        .getattr = ops_getattr,
        .opendir = ops_opendir,
        .readdir = ops_readdir,
        .readdirplus = ops_readdirplus,
        .releasedir = ops_releasedir,
        .open = ops_open,
        .read = ops_read,
        .write = ops_write,
        .poll = ops_poll,
        .release = ops_release,
        .statfs = ops_statfs,
        .getxattr = ops_getxattr,
        .listxattr = ops_listxattr,
        .setattr = ops_setattr,
        .mknod = ops_mknod,
        .mkdir = ops_mkdir,
        .unlink = ops_remove,
        .rmdir = ops_remove,
        .symlink = ops_symlink,
        .rename = ops_rename,
        .link = ops_link,
        .create = ops_create,
        .setxattr = ops_setxattr,
        .removexattr = ops_removexattr,
        .fallocate = ops_fallocate,
    };

    return &table;
}
