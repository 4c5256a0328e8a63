/*
 * Where a store goes: one file per kind, one row per kind in the table of
 * target.c. A target knows nothing of stages, jobs or ledgers.
 *
 * All calls come from one thread. Folder names are the store's own, UTF-8;
 * each kind makes its server's names of them. Errors: negative errno with
 * words; EAGAIN-like trouble (connection lost, server busy) is ECONNRESET,
 * EHOSTUNREACH, ETIMEDOUT or EAGAIN and may be tried again, others may not.
 */
#ifndef TARGET_TARGET_H
#define TARGET_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "pipeline/base/err.h"
#include "pipeline/base/hash.h"
#include "pipeline/base/settings.h"

#define TARGET_REMOTE_MAX 512 /* bytes of a remote id with its NUL */

/* The flags are those of render.h. */
#define TARGET_SEEN      0x01
#define TARGET_ANSWERED  0x02
#define TARGET_FORWARDED 0x04
#define TARGET_FLAGGED   0x08
#define TARGET_DRAFT     0x10

struct target; /* an open target */
struct target_folder;

struct target_item {
    uint32_t nid;
    uint64_t size; /* bytes of the message */
    int64_t time;  /* delivery time, 0 none */
    uint32_t flags;
    /* "<record key>.<nid>", hex: what the message itself carries in its
     * X-Pstfs-Id header. Copies of one store share it, so a target that
     * finds an id compares the content too before it says "there". */
    const char *id;
    const void *data; /* all bytes, or NULL: then read() in pieces */
    /* Bytes at off (fewer than len only at the end) or negative errno. */
    ssize_t (*read)(void *ctx, uint64_t off, void *buf, size_t len,
                    struct err *err);
    void *ctx;
    /* Filled by put and find: */
    int error;                      /* 0 there, else a positive errno */
    char remote[TARGET_REMOTE_MAX]; /* the target's id when there */
    char reason[256];               /* words for error */
    uint8_t hash[HASH_SIZE];        /* SHA-256 of the bytes sent (put) */
};

struct target_params {
    const struct settings *settings;
    const char *address; /* after the colon */
};

/* One found message of a read-back. */
typedef int target_seen_fn(void *ctx, const char *remote, uint64_t size,
                           const uint8_t hash[HASH_SIZE]);

struct target_ops {
    const char *kind, *help;
    bool crlf; /* wants RENDER_MAIL_CRLF */
    /* Most items and bytes that one put takes. */
    size_t batch_items;
    uint64_t batch_bytes;

    /* Address well-formed? EINVAL with words. No network, no disk. */
    int (*check)(const struct target_params *params, struct err *err);
    int (*open)(const struct target_params *params, struct target **t_r,
                struct err *err);
    void (*close)(struct target *t);
    /* The folder for a path of n names, made when absent; owned by t. Equal
     * paths give the same folder. name_r: what the target calls it. */
    int (*folder)(struct target *t, const char *const *names, size_t n,
                  struct target_folder **f_r, struct err *err);
    const char *(*folder_name)(const struct target_folder *f);
    /* Are these items there already? Same id and same bytes: sets error 0
     * and remote, else error ENOENT. Asked for items whose last put ended
     * in the dark (crash, lost connection). */
    int (*find)(struct target *t, struct target_folder *f,
                struct target_item *items, size_t n, struct err *err);
    /* Delivers; durable at the target when it returns 0, then each item has
     * its own error or remote id. A negative result: nothing is known of
     * the items whose error is EINPROGRESS (find them before trying again). */
    int (*put)(struct target *t, struct target_folder *f,
               struct target_item *items, size_t n, struct err *err);
    /* Reads every message of the folder back, hashing its bytes in the form
     * they were sent. */
    int (*readback)(struct target *t, struct target_folder *f,
                    target_seen_fn *fn, void *ctx, struct err *err);
};

/* The row of a kind, NULL when unknown. */
const struct target_ops *target_kind(const char *kind);
/* All kinds; NULL ends. */
const struct target_ops *const *target_kinds(void);

/* Splits "[kind:]address" (kind from settings job.default_kind when bare),
 * checks it, and writes the full form; EINVAL with words (unknown kind,
 * malformed address). */
int target_parse(const struct settings *settings, const char *text,
                 char *full_r, size_t full_size,
                 const struct target_ops **ops_r, struct err *err);

#endif
