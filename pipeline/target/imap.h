/*
 * Inside the IMAP target. A folder of the store is a mailbox of the same path
 * below the personal namespace and the setting imap.prefix; the separator in
 * a name becomes '_', as what the server refuses, and such a name ends in a
 * tag ("a/b" is "a_b~3c0d"), for the server keeps no note of whose it is. The
 * path of the one name "Inbox" is INBOX. The connection is made when it is
 * needed, and again after it was lost.
 *
 * A remote id is "<uidvalidity>.<uid>".
 */
#ifndef TARGET_IMAP_H
#define TARGET_IMAP_H

#include "pipeline/target/imap_conn.h"
#include "pipeline/target/imap_text.h"
#include "pipeline/target/names.h"
#include "pipeline/target/target.h"

/* Mailbox names: Maildir++ servers keep them in one file name. */
#define IMAP_NAME_MAX  240
#define IMAP_STEP      (256 * 1024) /* bytes of one read of an item */
#define IMAP_AHEAD_MAX 16           /* single appends under way at once */

enum imap_keywords {
    IMAP_KEYWORDS_UNKNOWN,
    IMAP_KEYWORDS_NO,
    IMAP_KEYWORDS_YES
};

struct imap {
    const struct settings *settings;
    char *user;
    struct imap_conn *conn; /* NULL: not connected */
    struct names *names;    /* NULL until the namespace is known */
    struct names_rules rules;
    char *ns_prefix; /* of the personal namespace, "" none */
    char bad[2];     /* the separator */
    char strict[16]; /* what servers may refuse besides */
    struct hash *hash;
    char *step;          /* IMAP_STEP bytes */
    uint64_t slowest_ms; /* the longest wait for the end of an append */
};

struct imap_folder {
    char *name; /* the mailbox, as the server knows it */
    uint32_t uidvalidity, uidnext, exists; /* at the last selection */
    enum imap_keywords forwarded;          /* may $Forwarded be stored? */
    bool limit_known;
    uint64_t append_limit; /* 0: none */
};

extern const struct target_ops imap_ops;

/* Connects when there is no good connection. */
int imap_need(struct imap *t, struct err *err);

/* The mailbox of a path, made and subscribed when absent. */
int imap_folder_get(struct imap *t, const char *const *path, size_t n,
                    struct imap_folder **f_r, struct err *err);
void imap_folder_free(void *folder);
/* SELECT or EXAMINE; fills the three numbers of f, and forwarded where it is
 * told. */
int imap_folder_select(struct imap *t, struct imap_folder *f, bool writable,
                       struct err *err);
/* Is there a mailbox of that name that takes messages? */
int imap_mailbox_is_there(struct imap *t, const char *name, bool *there_r,
                          struct err *err);
/* CREATE and SUBSCRIBE; a mailbox that exists is fine. */
int imap_folder_create(struct imap *t, const char *name, struct err *err);
/* Leaves the mailbox; nothing is expunged. */
int imap_folder_unselect(struct imap *t, struct imap_folder *f, bool writable,
                         struct err *err);
/* STATUS of one number, such as UIDNEXT; -ENOENT when it is not told. */
int imap_folder_status(struct imap *t, const struct imap_folder *f,
                       const char *what, uint64_t *n_r, struct err *err);

/* Looks among the messages from uid_min on for those of n items with hash
 * set: error 0 and remote, else error ENOENT. */
int imap_look(struct imap *t, struct imap_folder *f, struct target_item **items,
              size_t n, uint32_t uid_min, struct err *err);
void imap_remote_set(struct target_item *item, uint32_t uidvalidity,
                     uint32_t uid);

/* A body that is hashed as it comes off the wire. */
struct imap_body {
    struct hash *hash;
    bool streamed;
    uint64_t size;
    uint8_t digest[HASH_SIZE];
};
/* The imap_literal_fn's work. */
void imap_body_piece(struct imap_body *b, uint64_t total, uint64_t off,
                     const void *data, size_t len);
/* At the end of the line: size and digest are those of the fetched body, as
 * a literal or in quotes; false when the line has none. */
bool imap_body_take(struct imap_body *b, const char *line, size_t len,
                    struct imap_fetch *f_r);

/* The operations of target.h. */
int imap_put(struct target *target, struct target_folder *folder,
             struct target_item *items, size_t n, struct err *err);
int imap_find(struct target *target, struct target_folder *folder,
              struct target_item *items, size_t n, struct err *err);
int imap_readback(struct target *target, struct target_folder *folder,
                  target_seen_fn *fn, void *ctx, struct err *err);

#endif
