#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/attr.h"
#include "fs/control.h"
#include "fs/export.h"
#include "fs/failed.h"
#include "fs/mail.h"
#include "fs/name.h"
#include "fs/ops.h"
#include "fs/tree.h"
#include "pipeline/base/buf.h"

#define NAMES_BYTES_MAX (1u << 30)
#define DOTS            2   /* "." and "..": the first two places */
#define PLUS_BYTES      160 /* of an entry with attributes, about */

/* One entry kept in the handle: all but the items of a folder. */
struct slot {
    size_t name; /* in the names */
    struct node node;
};

/*
 * An open directory: a snapshot. Places (offsets) are: the dots, the slots,
 * the items, the directories of their attachments; they mean the same as long
 * as it is open.
 */
struct dir {
    struct fs *fs;
    struct node node, parent;
    struct buf names;
    struct slot *slots;
    size_t n, cap;
    struct mail_dir *mail; /* NULL: no items */
    size_t told; /* places before this were answered with attributes */
};

static struct dir *dir_of(const struct fuse_file_info *fi)
{
    return (struct dir *)(uintptr_t)fi->fh;
}

static void dir_free(struct dir *dir)
{
    mail_close(dir->fs->mail, &dir->mail);
    buf_finish(&dir->names);
    free(dir->slots);
    free(dir);
}

static int slot_add(struct dir *dir, const char *name, struct node node)
{
    if (dir->n == dir->cap) {
        size_t cap = dir->cap ? dir->cap * 2 : 16;
        struct slot *slots = realloc(dir->slots, cap * sizeof(*slots));
        if (!slots)
            return -ENOMEM;
        dir->slots = slots;
        dir->cap = cap;
    }
    dir->slots[dir->n++] = (struct slot){dir->names.len, node};
    return buf_add(&dir->names, name, strlen(name) + 1);
}

/* ---- what is in a directory, by kind ---- */

static int add_shown(void *ctx, const struct catalog_entry *entry)
{
    struct node node = {.kind = entry->store ? NODE_STORE : NODE_DIR,
                        .store = entry->store,
                        .id = entry->dir};

    return slot_add(ctx, entry->name, node);
}

static int fill_dir(struct dir *dir, struct err *err)
{
    struct node ctl = {.kind = NODE_CTL};
    int rc = 0;

    if (dir->node.id == 0)
        rc = slot_add(dir, TREE_CONTROL, ctl);
    return rc < 0
               ? rc
               : catalog_each(dir->fs->catalog, dir->node.id, add_shown, dir);
}

static int add_folder(void *ctx, uint32_t nid, const char *name)
{
    struct dir *dir = ctx;
    struct node node = {
        .kind = NODE_FOLDER, .store = dir->node.store, .id = nid};

    return slot_add(dir, name, node);
}

static int fill_folder(struct dir *dir, struct err *err)
{
    bool top = dir->node.kind == NODE_STORE;
    uint32_t nid = top ? NODE_ROOT_NID : dir->node.id;
    struct node ctl = {.kind = NODE_CTL, .store = dir->node.store};
    struct node recovered = {.kind = NODE_RECOVERED, .store = dir->node.store};
    struct catalog_store *store;
    int rc = attr_store(dir->fs, dir->node, &store, err);

    if (rc == 0 && top)
        rc = slot_add(dir, TREE_CONTROL, ctl);
    if (rc == 0 && top && attr_recovered(dir->fs))
        rc = slot_add(dir, TREE_RECOVERED, recovered);
    if (rc == 0)
        rc = mail_folders(dir->fs->mail, store, nid, add_folder, dir, err);
    if (rc == 0)
        rc = mail_open(dir->fs->mail, store, nid, &dir->mail, err);
    return rc;
}

static int fill_recovered(struct dir *dir, struct err *err)
{
    struct catalog_store *store;
    int rc = attr_store(dir->fs, dir->node, &store, err);

    return rc < 0 ? rc
                  : mail_open(dir->fs->mail, store, READER_RECOVERED,
                              &dir->mail, err);
}

static int fill_parts(struct dir *dir, struct err *err)
{
    struct node node = {
        .kind = NODE_PART, .store = dir->node.store, .id = dir->node.id};
    struct catalog_store *store;
    struct parts *parts = NULL;
    int rc = attr_store(dir->fs, dir->node, &store, err);

    if (rc == 0)
        rc = mail_parts(dir->fs->mail, store, node.id, &parts, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < nameset_count(parts_names(parts)); i++) {
        node.part = nameset_nid(parts_names(parts), i);
        rc = slot_add(dir, nameset_at(parts_names(parts), i), node);
    }
    mail_parts_put(dir->fs->mail, &parts);
    return rc;
}

static int fill_ctl(struct dir *dir, struct err *err)
{
    struct node node = {.kind = NODE_CONTROL, .store = dir->node.store};
    const struct control_row *row;
    int rc = 0;

    for (; rc == 0 && (row = control_row(node.store, node.id)); node.id++)
        rc = slot_add(dir, row->name, node);
    node = (struct node){.kind = NODE_FAILED, .store = dir->node.store};
    if (rc == 0 && node.store)
        rc = slot_add(dir, "failed", node);
    node.kind = NODE_EXPORTS;
    if (rc == 0 && node.store)
        rc = slot_add(dir, EXPORT_NAME, node);
    return rc;
}

static int add_failed(void *ctx, const char *name, uint32_t nid, bool is_reason)
{
    struct dir *dir = ctx;
    struct node node = {.kind = is_reason ? NODE_REASON : NODE_FAILED_ITEM,
                        .store = dir->node.store,
                        .id = nid};

    return slot_add(dir, name, node);
}

static int fill_failed(struct dir *dir, struct err *err)
{
    int rc = failed_each(dir->fs, dir->node.store, add_failed, dir);

    return rc == -ENOENT ? 0 : rc; /* no job: nothing has failed */
}

static int fill_exports(struct dir *dir, struct err *err)
{
    return 0; /* by name only */
}

typedef int fill_fn(struct dir *dir, struct err *err);
static fill_fn *const fill_fns[NODE_KINDS] = {
    [NODE_DIR] = fill_dir,         [NODE_STORE] = fill_folder,
    [NODE_FOLDER] = fill_folder,   [NODE_CTL] = fill_ctl,
    [NODE_FAILED] = fill_failed,   [NODE_RECOVERED] = fill_recovered,
    [NODE_EXPORTS] = fill_exports, [NODE_PARTS] = fill_parts,
};

/* ---- open and release ---- */

static int opendir_run(struct lane_call *lane)
{
    struct ops_call *call = (struct ops_call *)lane;
    struct fuse_file_info *fi = &call->fi;
    struct dir *dir = calloc(1, sizeof(*dir));
    struct err err = {0};
    int rc = -ENOTDIR;

    if (!dir) {
        fuse_reply_err(call->req, ENOMEM);
        return 0;
    }
    dir->fs = ops_fs(call->req);
    dir->names.max = NAMES_BYTES_MAX;
    if (node_split(call->ino, &dir->node) && fill_fns[dir->node.kind])
        rc = fill_fns[dir->node.kind](dir, &err);
    if (rc == 0)
        rc = attr_parent(dir->fs, dir->node, &dir->parent, &err);
    if (rc < 0) {
        dir_free(dir);
        if (rc != LANE_FULL)
            ops_fail(call->req, rc, &err);
        return rc == LANE_FULL ? rc : 0;
    }
    fi->fh = (uintptr_t)dir;
    fi->keep_cache = !node_is_control(dir->node.kind);
    /* Not the sources: a listing begun before a rescan and read after it
     * would stay in the kernel, where nothing takes it away again. */
    fi->cache_readdir = dir->mail && mail_told(dir->mail) &&
                        dir->node.kind != NODE_RECOVERED; /* it may grow */
    if (fuse_reply_open(call->req, fi) < 0)
        dir_free(dir); /* interrupted: no release will come */
    return 0;
}

void ops_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct ops_call call = {.req = req, .ino = ino, .fi = *fi};

    ops_run(&call, opendir_run);
}

void ops_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    dir_free(dir_of(fi));
    fuse_reply_err(req, 0);
}

/* ---- reading ---- */

struct reply {
    fuse_req_t req;
    struct dir *dir;
    bool plus;
    char *data;
    size_t len, size;
    char name[NAME_MAX_BYTES + 1]; /* one that is put together */
};

static size_t dir_items(const struct dir *dir)
{
    return dir->mail ? listing_count(mail_listing(dir->mail)) : 0;
}

static size_t dir_parted(const struct dir *dir)
{
    return dir->mail && dir->fs->attachments
               ? listing_with_parts(mail_listing(dir->mail))
               : 0;
}

static size_t dir_places(const struct dir *dir)
{
    return DOTS + dir->n + dir_items(dir) + dir_parted(dir);
}

/* e with number and type but no attributes: the kernel asks when it wants to
 * know. */
static void entry_bare(struct node node, struct fuse_entry_param *e)
{
    *e = (struct fuse_entry_param){0};
    e->attr.st_ino = node_join(node);
    e->attr.st_mode = attr_mode(node.kind);
}

static void entry_item(const struct dir *dir, size_t i, struct node *node,
                       struct fuse_entry_param *e)
{
    const struct listing *listing = mail_listing(dir->mail);
    struct listing_item item;

    *node = (struct node){.kind = dir->node.kind == NODE_RECOVERED
                                      ? NODE_RECOVERED_ITEM
                                      : NODE_ITEM,
                          .store = dir->node.store,
                          .id = nameset_nid(listing_names(listing), i)};
    if (listing_item(listing, i, &item))
        attr_item(dir->fs, *node, &item, e);
    else
        entry_bare(*node, e);
}

static void entry_slot(const struct reply *r, const struct slot *slot,
                       struct fuse_entry_param *e)
{
    struct err err = {0};

    /* Failed items would be rendered one by one; what cannot be told is
     * asked for again, and answered, by a look-up. */
    if (!r->plus || slot->node.kind == NODE_FAILED_ITEM ||
        attr_node(r->dir->fs, slot->node, e, &err) < 0)
        entry_bare(slot->node, e);
}

/* The directory of the attachments of the n-th item that has some. */
static const char *entry_parted(struct reply *r, size_t n,
                                struct fuse_entry_param *e)
{
    const struct listing *listing = mail_listing(r->dir->mail);
    size_t i = listing_with_parts_at(listing, n);
    struct slot slot = {.node = {.kind = NODE_PARTS,
                                 .store = r->dir->node.store,
                                 .id = nameset_nid(listing_names(listing), i)}};

    entry_slot(r, &slot, e);
    snprintf(r->name, sizeof(r->name), "%s%s",
             nameset_at(listing_names(listing), i), LISTING_PARTS);
    return r->name;
}

/* The name at a place, e filled; NULL past the end. */
static const char *entry_at(struct reply *r, size_t at,
                            struct fuse_entry_param *e)
{
    struct dir *dir = r->dir;
    struct node node = dir->node;

    if (at < DOTS) {
        entry_bare(at ? dir->parent : node, e);
        return at ? ".." : ".";
    }
    if ((at -= DOTS) < dir->n) {
        entry_slot(r, &dir->slots[at], e);
        return dir->names.data + dir->slots[at].name;
    }
    if ((at -= dir->n) < dir_items(dir)) {
        entry_item(dir, at, &node, e);
        return nameset_at(listing_names(mail_listing(dir->mail)), at);
    }
    if ((at -= dir_items(dir)) < dir_parted(dir))
        return entry_parted(r, at, e);
    return NULL;
}

/* False when it does not fit any more. */
static bool reply_add(struct reply *r, const char *name,
                      const struct fuse_entry_param *e, size_t at)
{
    size_t left = r->size - r->len, need;

    if (r->plus)
        need = fuse_add_direntry_plus(r->req, r->data + r->len, left, name, e,
                                      (off_t)at + 1);
    else
        need = fuse_add_direntry(r->req, r->data + r->len, left, name, &e->attr,
                                 (off_t)at + 1);
    if (need > left)
        return false;
    r->len += need;
    return true;
}

/* The item at a place, or the first. */
static size_t item_at(const struct dir *dir, size_t at)
{
    size_t first = DOTS + dir->n;

    return at > first ? at - first : 0;
}

static void size_batch(const struct reply *r, size_t at)
{
    size_t n = r->size / PLUS_BYTES;

    if (r->plus && r->dir->mail && at + n > DOTS + r->dir->n)
        mail_size(r->dir->fs->mail, r->dir->mail, item_at(r->dir, at), n);
}

/* Answers; then, while the caller looks at what it got, makes the sizes it
 * will ask for next. The directory may be closed meanwhile. */
static void reply_send(struct reply *r, size_t next, bool more)
{
    struct mail *mail = r->dir->fs->mail;
    struct mail_dir *held = NULL;
    size_t item = item_at(r->dir, next);

    if (more && r->dir->mail)
        held = mail_hold(mail, r->dir->mail);
    fuse_reply_buf(r->req, r->data, r->len);
    if (held)
        mail_size(mail, held, item, r->size / PLUS_BYTES);
    mail_close(mail, &held);
}

/* Keeps account of how far the kernel was told attributes, from the first
 * item on without a gap. */
static void count_told(const struct reply *r, size_t at,
                       const struct fuse_entry_param *e)
{
    struct dir *dir = r->dir;

    if (at < DOTS + dir->n)
        dir->told = DOTS + dir->n;
    else if (r->plus && e->ino && dir->told == at)
        dir->told = at + 1;
}

static void reply_dir(fuse_req_t req, size_t size, off_t off,
                      struct fuse_file_info *fi, bool plus)
{
    struct reply r = {.req = req,
                      .dir = dir_of(fi),
                      .plus = plus,
                      .data = malloc(size),
                      .size = size};
    struct fuse_entry_param e;
    const char *name;
    size_t at = (size_t)off;

    if (!r.data) {
        fuse_reply_err(req, ENOMEM);
        return;
    }
    size_batch(&r, at);
    for (; (name = entry_at(&r, at, &e)); at++) {
        if (!reply_add(&r, name, &e, at))
            break;
        count_told(&r, at, &e);
    }
    if (r.dir->mail && r.dir->told == dir_places(r.dir))
        mail_tell(r.dir->mail);
    /* The kernel begins every listing with attributes; only when somebody
     * looked at them it goes on with them. */
    reply_send(&r, at, plus && off > 0 && name);
    free(r.data);
}

/* Sizes that would have to wait are left out: never LANE_FULL. */
static int readdir_run(struct lane_call *lane)
{
    struct ops_call *call = (struct ops_call *)lane;

    reply_dir(call->req, call->size, call->off, &call->fi, call->plus);
    return 0;
}

void ops_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                 struct fuse_file_info *fi)
{
    struct ops_call call = {
        .req = req, .ino = ino, .size = size, .off = off, .fi = *fi};

    ops_run(&call, readdir_run);
}

void ops_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                     struct fuse_file_info *fi)
{
    struct ops_call call = {.req = req,
                            .ino = ino,
                            .size = size,
                            .off = off,
                            .plus = true,
                            .fi = *fi};

    ops_run(&call, readdir_run);
}
