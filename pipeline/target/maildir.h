/*
 * Inside the Maildir target. DIR is a Maildir++ (cur new tmp are the INBOX);
 * a store folder is DIR/.Name.Sub with names in modified UTF-7, where '.' and
 * '/' of a name are '_'. The file pstfs-folder in it holds the store's path,
 * one name a line, so that two different paths never share a folder, in this
 * run or a later one; a folder without that file was there before us and
 * belongs to the path that its name says.
 *
 * All mail goes to cur/: a migrated message is not new mail.
 */
#ifndef TARGET_MAILDIR_H
#define TARGET_MAILDIR_H

#include "pipeline/target/maildir_set.h"
#include "pipeline/target/names.h"
#include "pipeline/target/target.h"

#define MAILDIR_OPEN_MAX  16           /* folders whose descriptors are kept */
#define MAILDIR_STEP      (256 * 1024) /* bytes of one read */
#define MAILDIR_NAMES_MAX 250          /* bytes of a folder's name */

/* How messages become durable. One syncfs for a batch is twice as fast as an
 * fsync for each file, even if those come from several threads; but file
 * systems on a network or in user space do not always pass it on. */
enum maildir_sync { MAILDIR_SYNC_NONE, MAILDIR_SYNC_FS, MAILDIR_SYNC_FILE };

struct maildir {
    char *dir;
    int root; /* descriptor of DIR */
    enum maildir_sync sync;
    mode_t dir_mode, file_mode; /* those of DIR, at least for the owner */
    bool chown;                 /* we are root and DIR is not root's */
    uid_t uid;
    gid_t gid;
    struct names *names;
    struct maildir_folder *open[MAILDIR_OPEN_MAX];
    uint64_t clock; /* counts uses */
    struct hash *hash;
    char *step; /* MAILDIR_STEP bytes */
};

struct maildir_folder {
    char *name;             /* below DIR; "." for the INBOX */
    int dir, tmp, cur, new; /* -1: not open now */
    uint64_t used;          /* maildir.clock at the last use */
    bool cleaned;           /* tmp/ is free of dead files */
    bool indexed;
    struct maildir_set index; /* keys of the messages in cur and new */
};

extern const struct target_ops maildir_ops;

/* The address as a path; malloc'd. EINVAL with words. */
int maildir_path(const struct target_params *params, char **path_r,
                 struct err *err);
/* Opens DIR, made with all above it when absent; below beneath (may be "")
 * no symbolic link is followed. */
int maildir_root_open(struct maildir *m, const char *beneath, struct err *err);

/* Makes the directory of a node's child ready and binds the child. */
int maildir_claim(struct maildir *m, const struct names_node *parent,
                  const char *own, struct names_node **node_r, struct err *err);
/* Makes cur, new and tmp in a directory where they are absent. */
int maildir_fill(struct maildir *m, int dir, struct err *err);
/* Removes half-made directories of dead processes from DIR. */
void maildir_claim_clean(struct maildir *m);

/* Finds or makes the folder of a path; owned by m->names. */
int maildir_folder_get(struct maildir *m, const char *const *path, size_t n,
                       struct maildir_folder **f_r, struct err *err);
/* Opens the descriptors. */
int maildir_folder_use(struct maildir *m, struct maildir_folder *f,
                       struct err *err);
/* As maildir_folder_use, and reads which messages are there. */
int maildir_folder_index(struct maildir *m, struct maildir_folder *f,
                         struct err *err);
void maildir_folder_free(void *folder);

/* Calls fn for each file of our name pattern in cur and new; a value other
 * than 0 ends the walk and is returned. base_len: bytes of the unique part. */
typedef int maildir_walk_fn(void *ctx, int dirfd, const char *name, ino_t ino,
                            size_t base_len, uint64_t key, struct err *err);
int maildir_walk(struct maildir *m, struct maildir_folder *f,
                 maildir_walk_fn *fn, void *ctx, struct err *err);

/* Size and hash of a file: 0 or negative errno, no words. */
int maildir_file_hash(struct maildir *m, int dirfd, const char *name,
                      uint64_t *size_r, uint8_t hash_r[HASH_SIZE]);
/* The key of an item whose hash is set; 0 when its id is bad. */
uint64_t maildir_item_key(const struct target_item *item);
/* Looks for n items with hash and size set: where a file has the same key and
 * the same bytes, error is 0 and remote its unique part, else error ENOENT. */
int maildir_look(struct maildir *m, struct maildir_folder *f,
                 struct target_item **items, size_t n, struct err *err);

/* The three operations of target.h. */
int maildir_put(struct target *t, struct target_folder *f,
                struct target_item *items, size_t n, struct err *err);
int maildir_find(struct target *t, struct target_folder *f,
                 struct target_item *items, size_t n, struct err *err);
int maildir_readback(struct target *t, struct target_folder *f,
                     target_seen_fn *fn, void *ctx, struct err *err);

#endif
