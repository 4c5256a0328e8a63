#include "fs/attr.h"

#include <string.h>

#include "fs/catalog.h"
#include "fs/control.h"
#include "fs/export.h"
#include "fs/failed.h"
#include "fs/mail.h"
#include "fs/tree.h"

#define BLOCK_BYTES  512
#define FAILED_NAME  "failed"
#define REASON_BYTES (1u << 17)

mode_t attr_mode(enum node_kind kind)
{
    switch (kind) {
    case NODE_ITEM:
    case NODE_RECOVERED_ITEM:
    case NODE_FAILED_ITEM:
    case NODE_EXPORT:
    case NODE_EXPORT_RECOVERED:
    case NODE_REASON:
    case NODE_CONTROL:
    case NODE_PART:
        return S_IFREG | 0444;
    default:
        return S_IFDIR | 0555;
    }
}

/* Everything but size and times. */
static void entry_begin(struct fs *fs, struct node node, double timeout,
                        struct fuse_entry_param *e)
{
    *e = (struct fuse_entry_param){
        .ino = node_join(node),
        .attr_timeout = timeout,
        .entry_timeout = timeout,
    };
    e->attr.st_ino = e->ino;
    e->attr.st_mode = attr_mode(node.kind);
    e->attr.st_nlink = 1; /* of a directory: "not counted" */
    e->attr.st_uid = fs->uid;
    e->attr.st_gid = fs->gid;
    e->attr.st_blksize = 4096;
}

static void entry_time(struct fuse_entry_param *e, int64_t sec, long nsec)
{
    e->attr.st_mtim = (struct timespec){sec, nsec};
    e->attr.st_ctim = e->attr.st_atim = e->attr.st_mtim;
}

static void entry_size(struct fuse_entry_param *e, uint64_t size)
{
    e->attr.st_size = (off_t)size;
    e->attr.st_blocks = (blkcnt_t)((size + BLOCK_BYTES - 1) / BLOCK_BYTES);
}

int attr_store(struct fs *fs, struct node node, struct catalog_store **store_r,
               struct err *err)
{
    *store_r = catalog_store(fs->catalog, node.store);
    if (!*store_r || (*store_r)->gone || (*store_r)->rejected)
        return err_set(err, ESTALE, "store %lld is gone",
                       (long long)node.store);
    return 0;
}

void attr_item(struct fs *fs, struct node node, const struct listing_item *item,
               struct fuse_entry_param *e_r)
{
    bool control = node_is_control(node.kind);

    entry_begin(fs, node, control ? ATTR_FAILED_S : ATTR_MAIL_S, e_r);
    entry_time(e_r, item->time, 0);
    entry_size(e_r, item->size);
}

/* ---- by kind ---- */

static int stat_dir(struct fs *fs, struct node node, struct fuse_entry_param *e,
                    struct err *err)
{
    uint32_t parent;

    if (catalog_parent(fs->catalog, node.id, &parent) < 0)
        return err_set(err, ESTALE, "the directory is gone");
    entry_begin(fs, node, ATTR_MAIL_S, e);
    entry_time(e, catalog_changed(fs->catalog), 0);
    return 0;
}

/* A change within the second shows in the nanoseconds: the kernel keeps a
 * directory's cache only while its time is the same. */
static int stat_store(struct fs *fs, struct node node,
                      struct fuse_entry_param *e, struct err *err)
{
    struct catalog_store *store;
    int rc = attr_store(fs, node, &store, err);

    if (rc < 0)
        return rc;
    entry_begin(fs, node, ATTR_MAIL_S, e);
    entry_time(e, store->mtime, mail_changes(fs->mail, node.store) % 1000000);
    return 0;
}

static int stat_folder(struct fs *fs, struct node node,
                       struct fuse_entry_param *e, struct err *err)
{
    struct catalog_store *store;
    uint32_t parent;
    int rc = attr_store(fs, node, &store, err);

    if (rc == 0)
        rc = mail_folder(fs->mail, store, node.id, &parent, err);
    return rc < 0 ? rc : stat_store(fs, node, e, err);
}

static int stat_item(struct fs *fs, struct node node,
                     struct fuse_entry_param *e, struct err *err)
{
    struct catalog_store *store;
    struct listing_item item;
    int rc = attr_store(fs, node, &store, err);

    if (rc == 0 && node_is_control(node.kind))
        rc = mail_sized(fs->mail, store, node.id, export_format(&node), &item,
                        err);
    else if (rc == 0)
        rc = mail_item(fs->mail, store, node.id, &item, err);
    if (rc == 0)
        attr_item(fs, node, &item, e);
    return rc;
}

static int stat_part(struct fs *fs, struct node node,
                     struct fuse_entry_param *e, struct err *err)
{
    struct catalog_store *store;
    struct listing_item item;
    struct parts *parts = NULL;
    int rc = attr_store(fs, node, &store, err);
    ssize_t i = -ENOENT;

    if (rc == 0)
        rc = mail_parts(fs->mail, store, node.id, &parts, err);
    if (rc < 0)
        return rc;
    if ((i = nameset_of_nid(parts_names(parts), node.part)) >= 0) {
        item = parts_item(parts, (size_t)i);
        attr_item(fs, node, &item, e);
    }
    mail_parts_put(fs->mail, &parts);
    return i < 0 ? -ENOENT : 0;
}

static int stat_ctl(struct fs *fs, struct node node, struct fuse_entry_param *e,
                    struct err *err)
{
    struct catalog_store *store;
    int rc = node.store ? attr_store(fs, node, &store, err) : 0;

    entry_begin(fs, node, 0, e);
    entry_time(e, fs->mounted, 0);
    return rc;
}

static int stat_control(struct fs *fs, struct node node,
                        struct fuse_entry_param *e, struct err *err)
{
    struct catalog_store *store;
    int rc = node.store ? attr_store(fs, node, &store, err) : 0;

    if (rc < 0)
        return rc;
    entry_begin(fs, node, 0, e);
    if (!control_row(node.store, node.id))
        return -ENOENT;
    rc = control_stat(fs, node.store, node.id, &e->attr);
    e->attr.st_ino = e->ino;
    return rc;
}

static int stat_reason(struct fs *fs, struct node node,
                       struct fuse_entry_param *e, struct err *err)
{
    cleanup_buf struct buf text = BUF(REASON_BYTES);
    int rc = failed_reason(fs, node.store, node.id, &text);

    entry_begin(fs, node, 0, e);
    entry_time(e, fs->mounted, 0);
    entry_size(e, text.len);
    return rc;
}

typedef int stat_fn(struct fs *fs, struct node node, struct fuse_entry_param *e,
                    struct err *err);
static stat_fn *const stat_fns[NODE_KINDS] = {
    [NODE_DIR] = stat_dir,
    [NODE_STORE] = stat_store,
    [NODE_FOLDER] = stat_folder,
    [NODE_ITEM] = stat_item,
    [NODE_CTL] = stat_ctl,
    [NODE_CONTROL] = stat_control,
    [NODE_FAILED] = stat_ctl,
    [NODE_FAILED_ITEM] = stat_item,
    [NODE_REASON] = stat_reason,
    [NODE_RECOVERED] = stat_store,
    [NODE_RECOVERED_ITEM] = stat_item,
    [NODE_EXPORTS] = stat_ctl,
    [NODE_EXPORT] = stat_item,
    [NODE_EXPORT_RECOVERED] = stat_item,
    [NODE_PARTS] = stat_store,
    [NODE_PART] = stat_part,
};

int attr_node(struct fs *fs, struct node node, struct fuse_entry_param *e_r,
              struct err *err)
{
    return stat_fns[node.kind] ? stat_fns[node.kind](fs, node, e_r, err)
                               : -ENOENT;
}

/* ---- names ---- */

static int find_in_dir(struct fs *fs, struct node parent, const char *name,
                       struct fuse_entry_param *e, struct err *err)
{
    struct node node = {.kind = NODE_CTL};
    struct catalog_entry entry;
    int rc;

    if (parent.id == 0 && strcmp(name, TREE_CONTROL) == 0)
        return stat_ctl(fs, node, e, err);
    rc = catalog_find(fs->catalog, parent.id, name, &entry);
    if (rc < 0)
        return rc;
    node.kind = entry.store ? NODE_STORE : NODE_DIR;
    node.store = entry.store;
    node.id = entry.dir;
    return attr_node(fs, node, e, err);
}

bool attr_recovered(const struct fs *fs)
{
    return settings_bool(fs->settings, "mount.recovered");
}

static int find_in_recovered(struct fs *fs, struct node parent,
                             const char *name, struct fuse_entry_param *e,
                             struct err *err)
{
    struct node node = {.kind = NODE_RECOVERED_ITEM, .store = parent.store};
    struct catalog_store *store;
    struct mail_found found;
    int rc = attr_store(fs, parent, &store, err);

    if (rc == 0)
        rc = mail_find(fs->mail, store, READER_RECOVERED, name, &found, err);
    if (rc == 0 && found.is_parts)
        rc = -ENOENT; /* its attachments are in the item only */
    if (rc < 0)
        return rc;
    node.id = found.nid;
    attr_item(fs, node, &found.item, e);
    return 0;
}

static int find_in_folder(struct fs *fs, struct node parent, const char *name,
                          struct fuse_entry_param *e, struct err *err)
{
    bool top = parent.kind == NODE_STORE;
    struct node node = {.kind = NODE_CTL, .store = parent.store};
    struct catalog_store *store;
    struct mail_found found;
    int rc;

    if (top && strcmp(name, TREE_CONTROL) == 0)
        return stat_ctl(fs, node, e, err);
    node.kind = NODE_RECOVERED;
    if (top && strcmp(name, TREE_RECOVERED) == 0 && attr_recovered(fs))
        return stat_store(fs, node, e, err);
    rc = attr_store(fs, parent, &store, err);
    if (rc == 0)
        rc = mail_find(fs->mail, store, top ? NODE_ROOT_NID : parent.id, name,
                       &found, err);
    if (rc < 0)
        return rc;
    node.id = found.nid;
    node.kind = found.is_folder  ? NODE_FOLDER
                : found.is_parts ? NODE_PARTS
                                 : NODE_ITEM;
    if (node.kind != NODE_ITEM)
        return stat_store(fs, node, e, err);
    attr_item(fs, node, &found.item, e);
    return 0;
}

static int find_in_parts(struct fs *fs, struct node parent, const char *name,
                         struct fuse_entry_param *e, struct err *err)
{
    struct node node = {
        .kind = NODE_PART, .store = parent.store, .id = parent.id};
    struct catalog_store *store;
    struct listing_item item;
    struct parts *parts = NULL;
    int rc = attr_store(fs, parent, &store, err);
    ssize_t i = -ENOENT;

    if (rc == 0)
        rc = mail_parts(fs->mail, store, parent.id, &parts, err);
    if (rc < 0)
        return rc;
    if ((i = nameset_find(parts_names(parts), name)) >= 0) {
        node.part = nameset_nid(parts_names(parts), (size_t)i);
        item = parts_item(parts, (size_t)i);
        attr_item(fs, node, &item, e);
    }
    mail_parts_put(fs->mail, &parts);
    return i < 0 ? -ENOENT : 0;
}

static int find_in_ctl(struct fs *fs, struct node parent, const char *name,
                       struct fuse_entry_param *e, struct err *err)
{
    struct node node = {.kind = NODE_FAILED, .store = parent.store};
    int row;

    if (parent.store && strcmp(name, FAILED_NAME) == 0)
        return stat_ctl(fs, node, e, err);
    node.kind = NODE_EXPORTS;
    if (parent.store && strcmp(name, EXPORT_NAME) == 0)
        return stat_ctl(fs, node, e, err);
    row = control_find(parent.store, name);
    if (row < 0)
        return row;
    node.kind = NODE_CONTROL;
    node.id = (uint32_t)row;
    return stat_control(fs, node, e, err);
}

static int find_in_failed(struct fs *fs, struct node parent, const char *name,
                          struct fuse_entry_param *e, struct err *err)
{
    struct node node = {.store = parent.store};
    bool reason;
    int rc = failed_find(fs, parent.store, name, &node.id, &reason);

    if (rc < 0)
        return rc;
    node.kind = reason ? NODE_REASON : NODE_FAILED_ITEM;
    return attr_node(fs, node, e, err);
}

static int find_in_exports(struct fs *fs, struct node parent, const char *name,
                           struct fuse_entry_param *e, struct err *err)
{
    struct node node;
    int rc = export_find(name, &node);

    if (rc == 0 && node.kind == NODE_EXPORT_RECOVERED && !attr_recovered(fs))
        rc = -ENOENT;
    if (rc < 0)
        return rc;
    node.store = parent.store;
    return attr_node(fs, node, e, err);
}

typedef int find_fn(struct fs *fs, struct node parent, const char *name,
                    struct fuse_entry_param *e, struct err *err);
static find_fn *const find_fns[NODE_KINDS] = {
    [NODE_DIR] = find_in_dir,         [NODE_STORE] = find_in_folder,
    [NODE_FOLDER] = find_in_folder,   [NODE_CTL] = find_in_ctl,
    [NODE_FAILED] = find_in_failed,   [NODE_RECOVERED] = find_in_recovered,
    [NODE_EXPORTS] = find_in_exports, [NODE_PARTS] = find_in_parts,
};

static int find_dots(struct fs *fs, struct node parent, const char *name,
                     struct fuse_entry_param *e, struct err *err)
{
    struct node node = parent;
    int rc = name[1] ? attr_parent(fs, parent, &node, err) : 0;

    return rc < 0 ? rc : attr_node(fs, node, e, err);
}

int attr_find(struct fs *fs, struct node parent, const char *name,
              struct fuse_entry_param *e_r, struct err *err)
{
    if (!strcmp(name, ".") || !strcmp(name, ".."))
        return find_dots(fs, parent, name, e_r, err);
    if (!find_fns[parent.kind])
        return -ENOTDIR;
    return find_fns[parent.kind](fs, parent, name, e_r, err);
}

static int parent_of_folder(struct fs *fs, struct node node,
                            struct node *parent_r, struct err *err)
{
    struct catalog_store *store;
    uint32_t nid;
    int rc = attr_store(fs, node, &store, err);

    if (rc == 0)
        rc = mail_folder(fs->mail, store, node.id, &nid, err);
    if (rc < 0)
        return rc;
    *parent_r = (struct node){.kind = NODE_STORE, .store = node.store};
    if (nid != NODE_ROOT_NID) {
        parent_r->kind = NODE_FOLDER;
        parent_r->id = nid;
    }
    return 0;
}

/* The folder that the node tree names for the item; the store's directory
 * where this is no folder that is shown. */
static int parent_of_parts(struct fs *fs, struct node node,
                           struct node *parent_r, struct err *err)
{
    struct catalog_store *store;
    struct parts *parts = NULL;
    uint32_t above, nid;
    int rc = attr_store(fs, node, &store, err);

    if (rc == 0)
        rc = mail_parts(fs->mail, store, node.id, &parts, err);
    if (rc < 0)
        return rc;
    nid = parts_folder(parts);
    mail_parts_put(fs->mail, &parts);
    *parent_r = (struct node){.kind = NODE_STORE, .store = node.store};
    if (nid == NODE_ROOT_NID || !node_fits(NODE_FOLDER, nid))
        return 0;
    rc = mail_folder(fs->mail, store, nid, &above, err);
    if (rc == 0) {
        parent_r->kind = NODE_FOLDER;
        parent_r->id = nid;
    }
    return rc == -ENOENT ? 0 : rc;
}

int attr_parent(struct fs *fs, struct node node, struct node *parent_r,
                struct err *err)
{
    *parent_r = (struct node){.kind = NODE_DIR};
    switch (node.kind) {
    case NODE_DIR:
        return catalog_parent(fs->catalog, node.id, &parent_r->id);
    case NODE_STORE:
        return catalog_store_dir(fs->catalog, node.store, &parent_r->id);
    case NODE_FOLDER:
        return parent_of_folder(fs, node, parent_r, err);
    case NODE_PARTS:
        return parent_of_parts(fs, node, parent_r, err);
    case NODE_CTL:
        parent_r->kind = node.store ? NODE_STORE : NODE_DIR;
        break;
    case NODE_RECOVERED:
        parent_r->kind = NODE_STORE;
        break;
    case NODE_FAILED:
    case NODE_EXPORTS:
        parent_r->kind = NODE_CTL;
        break;
    default:
        return -ENOTDIR;
    }
    parent_r->store = node.store;
    return 0;
}
