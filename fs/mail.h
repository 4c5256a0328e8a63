/*
 * Folders and items of the stores: what is asked of the readers is kept here,
 * the folders of a store as a tree, the items of a folder as a listing. The
 * listings are a cache bounded in bytes; an open directory keeps its own
 * alive. Exact sizes are made when they are asked for, in batches where many
 * will be, and remembered by the state; the writing is left to mail_keep, so
 * no request waits for the disk.
 *
 * Safe for any number of threads. Errors: -ENOENT no such thing, -EIO (with
 * words, which the caller logs) the reader could not say, -ESTALE the store
 * is gone, -EACCES it has a password and the settings refuse that.
 */
#ifndef FS_MAIL_H
#define FS_MAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "fs/catalog.h"
#include "fs/facts.h"
#include "fs/fs.h"
#include "fs/listing.h"
#include "fs/nameset.h"
#include "fs/node.h"
#include "fs/parts.h"

#define MAIL_CACHE_BYTES (64u << 20) /* of listings; one may be larger */
#define MAIL_BATCH_MS    50          /* for sizes in one listing request */
#define MAIL_AHEAD_MS    10          /* for sizes of the items that follow */
#define MAIL_BATCH_MAX   512         /* items sized by one message */
#define MAIL_FOLLOW_MAX  3           /* changes followed by one call */

/* Recovered items have a reader, a place among the readers and a lane of their
 * own: a search through a whole file holds up nobody else. */
#define MAIL_LANES          (2ll * NODE_STORE_MAX)
#define MAIL_RECOVERED_PART 4 /* of mount.readers, as many more for these */

struct mail;

int mail_new(struct fs *fs, struct mail **mail_r, struct err *err);
/* Writes what is to be remembered. Nobody may be inside a call. */
void mail_free(struct mail **mail);

/* All below: folder and nid may be those of recovered items (client.h). */

/* Is there such a folder? *parent_r: its parent's node id. 0, -ENOENT ... */
int mail_folder(struct mail *mail, struct catalog_store *store, uint32_t nid,
                uint32_t *parent_r, struct err *err);
/* Subfolders: fn's non-zero result stops and is returned. fn may not call
 * mail. */
typedef int mail_folder_fn(void *ctx, uint32_t nid, const char *name);
int mail_folders(struct mail *mail, struct catalog_store *store, uint32_t nid,
                 mail_folder_fn *fn, void *ctx, struct err *err);

/* What a folder says of itself; -1 unknown. class: "" unknown, at most
 * MAIL_CLASS_MAX - 1 bytes. */
#define MAIL_CLASS_MAX 128
struct mail_counts {
    int64_t items, unread, subfolders;
    char class[MAIL_CLASS_MAX];
};
int mail_counts(struct mail *mail, struct catalog_store *store, uint32_t nid,
                struct mail_counts *counts_r, struct err *err);

struct mail_found {
    bool is_folder;
    bool is_parts; /* the directory of an item's attachments */
    uint32_t nid;
    struct listing_item item; /* of an item */
};
/* A name in a folder; an item is sized before this returns. The directory of
 * an item that has attachments, though its row says that it has none, is
 * found. */
int mail_find(struct mail *mail, struct catalog_store *store, uint32_t folder,
              const char *name, struct mail_found *found_r, struct err *err);
/* An item whose folder is not known. */
int mail_item(struct mail *mail, struct catalog_store *store, uint32_t nid,
              struct listing_item *item_r, struct err *err);
/* The same in a format, whatever its class makes of it in the tree. */
int mail_sized(struct mail *mail, struct catalog_store *store, uint32_t nid,
               enum reader_format format, struct listing_item *item_r,
               struct err *err);
/* Bytes of an item, as reader_read, of the state that mail_changes() told of
 * before: -ESTALE when the file is another by now. */
ssize_t mail_read(struct mail *mail, struct catalog_store *store, uint32_t nid,
                  enum reader_format format, unsigned change, uint64_t off,
                  void *buf, size_t len, struct err *err);

/* The attachments of an item, held until mail_parts_put. */
int mail_parts(struct mail *mail, struct catalog_store *store, uint32_t nid,
               struct parts **parts_r, struct err *err);
void mail_parts_put(struct mail *mail, struct parts **parts);
/* Bytes of one of them, as reader_part_read. */
ssize_t mail_part_read(struct mail *mail, struct catalog_store *store,
                       uint32_t nid, unsigned part, unsigned change,
                       uint64_t off, void *buf, size_t len, struct err *err);

/* Appends what is asked of an item (reader_facts) by its name; -ENODATA for
 * an unknown one. */
int mail_fact(struct mail *mail, struct catalog_store *store, uint32_t nid,
              const char *name, struct buf *value, struct err *err);

/* Around other calls on store->reader (`info`): mail bounds the number of
 * reader processes. No thread may be inside mail meanwhile. */
int mail_enter(struct mail *mail, struct catalog_store *store);
void mail_leave(struct mail *mail, struct catalog_store *store);

/* A folder's items, held until mail_close. */
struct mail_dir;
int mail_open(struct mail *mail, struct catalog_store *store, uint32_t folder,
              struct mail_dir **dir_r, struct err *err);
void mail_close(struct mail *mail, struct mail_dir **dir);
/* Another holder of the same listing, with a mail_close of its own. */
struct mail_dir *mail_hold(struct mail *mail, struct mail_dir *dir);
const struct listing *mail_listing(const struct mail_dir *dir);
/* Makes sizes of the n items from first known, as many as MAIL_BATCH_MS
 * allows; failure costs nothing but the sizes. */
void mail_size(struct mail *mail, struct mail_dir *dir, size_t first, size_t n);

/* Has somebody been told of all items with their sizes? Then the kernel has
 * them by name, and may keep the list of names too; before, keeping it would
 * turn the next `ls -l` into one look-up an item. */
bool mail_told(const struct mail_dir *dir);
void mail_tell(struct mail_dir *dir);

/* The store's file has changed or come back: all that is known of it is
 * forgotten. each (NULL: nobody) first gets the inode number of everything
 * that is forgotten. */
typedef void mail_known_fn(void *ctx, uint64_t ino);
void mail_changed(struct mail *mail, struct catalog_store *store,
                  mail_known_fn *fn, void *ctx);
/* The times that was, or that a call here found the file changed and followed
 * it: 0 for a store that lies still. Such a call forgets what was known and
 * answers from the new state; the keeper is woken for the kernel's sake. */
unsigned mail_changes(struct mail *mail, int64_t store);
/* For callers of store->reader between mail_enter and mail_leave: it said
 * ESTALE; ask again. */
void mail_follow(struct mail *mail, struct catalog_store *store);
/* The next store that was followed so; NULL none. */
struct catalog_store *mail_refreshed(struct mail *mail);
/* The kernel has forgotten all from before that change. Until then it may
 * have names and sizes that are no more: mail_is_told is false, and nothing
 * may be opened. */
void mail_kernel_told(struct mail *mail, const struct catalog_store *store,
                      unsigned change);
bool mail_is_told(struct mail *mail, int64_t store);

/* From the next listing on the recovered items are, too, those that libpff
 * finds and we do not; until the file changes. EOPNOTSUPP: built without. */
int mail_recover(struct mail *mail, struct catalog_store *store,
                 struct err *err);
/* The end has come: searches for recovered items are given up. */
void mail_give_up(struct mail *mail);

/* To be called about every second, by one thread: writes sizes and record
 * keys to the state, ends idle readers. */
void mail_keep(struct mail *mail);

#endif
