/* Shared by mail.c (trees, items), mail_cache.c (listings that are kept),
 * mail_change.c (what a change undoes), mail_parts.c (attachments, facts) and
 * size.c (exact sizes). */
#ifndef FS_MAIL_PRIV_H
#define FS_MAIL_PRIV_H

#include <pthread.h>
#include <stdbool.h>

#include "fs/mail.h"
#include "fs/node.h"
#include "fs/pool.h"
#include "fs/tree.h"

#define KEY_SIZE sizeof(((struct reader_info *)0)->record_key)

/*
 * What is known of one store. tree, stamp, generation and dirs change only
 * under build and mail->lock together, so either suffices for reading.
 */
struct mail_store {
    struct catalog_store *store;
    pthread_mutex_t change; /* one at a time forgets; taken before build */
    pthread_mutex_t build;  /* taken before mail->lock */
    struct tree *tree;      /* NULL: not asked yet */
    uint64_t stamp;
    unsigned generation;
    unsigned told;         /* the generation the kernel knows of */
    bool refreshed;        /* mail_refreshed */
    char key[KEY_SIZE];    /* record key the state has to learn; "" none */
    struct mail_dir *dirs; /* listings in the cache, last used first */
    unsigned cost_us;      /* of sizing one item, running mean */
    bool refusal_told;     /* that it has a password */
    /* mail_recovered.c: what is known of the recovered items, as if of a
     * store of one folder; made when first wanted. */
    struct mail_store *twin;
    bool recovered; /* this is the twin, or the twin's */
    /* A twin's twin is for libpff: all it has is a reader. */
    struct mail_store *of;    /* the twin it belongs to; NULL: it is no such */
    unsigned asked;           /* mail_recover calls; under mail->lock */
    struct catalog_store own; /* of a twin: its reader is another one */
};

struct mail_dir {
    struct mail_store *of;
    uint32_t folder;
    unsigned generation;
    unsigned asked; /* as of the store when it was made */
    uint64_t stamp;
    struct listing *listing;
    unsigned refs; /* holders, the cache not counted */
    bool cached;
    bool told;                    /* mail_told */
    struct mail_dir *next, *prev; /* of the store */
    struct mail_dir *older, *newer;
    pthread_mutex_t sizing;  /* one thread at a time asks for sizes */
    size_t last_found;       /* item of the last look-up */
    unsigned fresh;          /* sizes the state does not have */
    uint64_t fresh_since_ms; /* when the first of them came */
};

struct mail {
    struct fs *fs;
    struct pool *pool, *pool_recovered;
    pthread_mutex_t lock;
    struct mail_store *stores[NODE_STORE_MAX + 1];
    struct mail_dir *newest, *oldest; /* the cache */
    size_t weight;                    /* bytes in the cache */
    bool keys;                        /* there are record keys for the state */
    bool refuse_password;             /* setting */
    bool ending;                      /* mail_give_up was called */
    struct parts_cache *parts;
    struct facts *facts;
    bool refreshed; /* some store is */
};

/* mail_cache.c: the listings that are kept; all under mail->lock. */
void mail_cache_add(struct mail *mail, struct mail_dir *dir);
/* Takes it out of the cache; true when nobody holds it. */
bool mail_cache_remove(struct mail *mail, struct mail_dir *dir);
/* The folder's listing, held; NULL none. */
struct mail_dir *mail_cache_find(struct mail *mail, struct mail_store *s,
                                 uint32_t folder);
/* It was found: drop it later than the others. */
void mail_cache_touch(struct mail *mail, struct mail_dir *dir);
void mail_cache_free(struct mail_dir *dir);

/* One call from outside, which may be made again in a new state. */
struct attempt {
    unsigned n, generation;
};
struct attempt attempt_begin(struct mail *mail, int64_t store);
/* rc says that the file has changed: follows it, and true to try again. */
bool attempt_again(struct mail *mail, struct catalog_store *store, int rc,
                   struct attempt *attempt);
/* After a read of n bytes, or an error: between the look at the change and the
 * reading the file may have changed and somebody followed it; then the bytes
 * are of the new state, and it is ESTALE. */
ssize_t mail_read_end(struct mail *mail, struct catalog_store *store, ssize_t n,
                      struct attempt *attempt, struct err *err);
/* What of a reader's error goes on to the kernel. */
int mail_code(int rc);

/* mail_change.c: record keys are learned when a store is opened; the state
 * wants them. */
void keys_save(struct mail *mail);

/* The state of a store, or its twin if nid is of that, made when it is first
 * asked for; -ESTALE when it is not shown (any more). */
int mail_store_get(struct mail *mail, struct catalog_store *store, uint32_t nid,
                   struct mail_store **s_r, struct err *err);
/* mail_recovered.c: the twin, made if need be; mail->lock is held. NULL on
 * ENOMEM. */
struct mail_store *mail_twin(struct mail *mail, struct mail_store *s);
/* Who answers for an item of a listing of s. */
struct mail_store *mail_answers(struct mail_store *s, uint32_t nid);
/* Its calls may be answered again, after an interrupt. */
void mail_twin_resume(struct mail *mail, struct mail_store *twin);

/* mail_parts.c: NAME.attachments in a folder. */
int mail_find_parts(struct mail *mail, struct mail_dir *dir, const char *name,
                    struct mail_found *found_r, struct err *err);

/* Before any wait for the reader of a store: 0 or LANE_FULL (lane.h). */
int mail_gate(struct mail *mail, const struct mail_store *s);
/* Around each call on s->store->reader. */
void mail_reader_enter(struct mail *mail, struct mail_store *s);
void mail_reader_leave(struct mail *mail, struct mail_store *s);

/* May the store be looked into at all? -EACCES: by the settings, not. */
int mail_admit(struct mail *mail, struct mail_store *s, struct err *err);

/* size.c: makes the size of item i known (and, where look-ups go from one to
 * the next, of some that follow). */
int size_found(struct mail *mail, struct mail_dir *dir, size_t i,
               struct err *err);
/* Sizes of the state into a new listing. */
void size_load(struct mail *mail, struct mail_dir *dir);
/* Writes what is fresh, all of it or what is due. */
void size_save(struct mail *mail, bool all);
/* One item whatever its folder. */
int size_item(struct mail *mail, struct mail_store *s, uint32_t nid,
              enum reader_format format, struct listing_item *item_r,
              struct err *err);

#endif
