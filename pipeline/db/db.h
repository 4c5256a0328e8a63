/*
 * The state: stores, jobs, the ledger, events, cached sizes. SQLite, WAL,
 * one file; nothing outside pipeline/db knows SQL. Every function is one
 * transaction, durable (synchronous=FULL) when it returns, unless it says
 * otherwise. Safe for several threads (they take turns) and processes.
 *
 * Errors: 0 or negative errno with words; EIO for the database itself.
 * Paths and names are bytes, NUL-terminated.
 *
 * Functions that hand rows to a caller's function do so from one snapshot and
 * without holding anybody up; the function may use the db. What it returns
 * other than 0 ends the listing and is returned. Texts live for its call.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/base/buf.h"
#include "pipeline/base/err.h"

struct db;

/* Opens or creates the database file, migrating its schema forward. */
int db_open(const char *path, struct db **db_r, struct err *err);
void db_close(struct db **db);

/* Grows whenever anybody has committed, this db included: cheap, for
 * polling. */
int64_t db_version(struct db *db);

/* ---- stores ---- */

struct db_store {
    int64_t id;             /* stable for a path, also over restarts; 1.. */
    const char *path;       /* absolute path of the file */
    const char *state;      /* "ok", "rejected", "gone" */
    const char *reason;     /* why rejected or gone; "" */
    const char *record_key; /* hex; "" until it was opened once */
    int64_t size, mtime;    /* of the file when last seen */
};
/* Inserts or updates by path (an empty record_key keeps the old one). */
int db_store_put(struct db *db, const struct db_store *store, int64_t *id_r,
                 struct err *err);
/* Many at once, one transaction; sets stores[i].id. */
int db_store_put_all(struct db *db, struct db_store *stores, size_t n,
                     struct err *err);
typedef int db_store_fn(void *ctx, const struct db_store *store);
int db_store_each(struct db *db, db_store_fn *fn, void *ctx, struct err *err);
int db_store_get(struct db *db, int64_t id, db_store_fn *fn, void *ctx,
                 struct err *err); /* -ENOENT */

/* ---- jobs ---- */

enum job_state {
    JOB_QUEUED,
    JOB_RUNNING,
    JOB_PAUSED,
    JOB_DONE,    /* balanced and verified, nothing failed */
    JOB_PARTIAL, /* balanced and verified, but some items failed */
    JOB_FAILED,  /* a stage could not be finished; error says why */
    JOB_CANCELLED,
    JOB_STATES,
};
enum job_request { JOB_GO, JOB_PAUSE, JOB_CANCEL };
const char *job_state_name(enum job_state state);
bool job_state_ended(
    enum job_state state); /* done, partial, failed, cancelled */

/* Ledger states (product.md); the order is that of the db. */
enum item_state {
    ITEM_LISTED,
    ITEM_FILTERED,
    ITEM_DUPLICATE,
    ITEM_SENDING,  /* durable before the bytes leave */
    ITEM_INGESTED, /* the target confirmed it */
    ITEM_VERIFIED, /* read back and equal */
    ITEM_FAILED,
    ITEM_STATES,
};
const char *item_state_name(enum item_state state);

#define DB_TARGET_MAX 1024
#define DB_REASON_MAX 512

struct db_job {
    int64_t id, store;
    char target[DB_TARGET_MAX]; /* kind:address */
    char stage[16];             /* the stage it is in or ended in */
    char error[DB_REASON_MAX];  /* last error, "" none */
    enum job_state state;
    enum job_request request;
    int slot; /* worker slot that has it, -1 none */
    int attempts;
    uint32_t uid, gid, pid;          /* who asked */
    int64_t created, started, ended; /* unix seconds, 0 not yet */
    bool extracted; /* the listing is complete: total is final */
    uint64_t stamp; /* of the store's state that is listed, 0 unknown */
    int round;      /* how often it was listed anew */
    /* items and bytes per ledger state, kept by the ledger calls */
    int64_t items[ITEM_STATES], bytes[ITEM_STATES];
};

/* New queued job. -EBUSY when the store has a job that has not ended,
 * -EEXIST when a job to this target has ended as done. */
int db_job_new(struct db *db, int64_t store, const char *target, uint32_t uid,
               uint32_t gid, uint32_t pid, int64_t *id_r, struct err *err);
int db_job_get(struct db *db, int64_t id, struct db_job *job_r,
               struct err *err);
/* The newest job of a store; -ENOENT. */
int db_job_latest(struct db *db, int64_t store, struct db_job *job_r,
                  struct err *err);
typedef int db_job_fn(void *ctx, const struct db_job *job);
int db_job_each(struct db *db, db_job_fn *fn, void *ctx, struct err *err);

/* What the user wants. -EINVAL with words when the state does not allow it
 * (e.g. resume of a running job). */
enum job_action {
    JOB_ACT_PAUSE,
    JOB_ACT_RESUME,
    JOB_ACT_CANCEL,
    JOB_ACT_RETRY,
    JOB_ACT_VERIFY
};
/* pause: a queued job at once, a running one when its worker sees the
 * request; resume: a paused one is queued; cancel: likewise as pause; retry:
 * an ended job is queued again with its failed items back to listed, and the
 * state of the store forgotten, so that it is listed anew; verify:
 * a done or partial job is queued again as it is, so that its target is read
 * back once more. */
int db_job_act(struct db *db, int64_t id, enum job_action action,
               struct err *err);

/* Worker side. At its start a worker of a slot (it holds the slot's lock, so
 * nobody else has it) gives back what its predecessor left running. */
int db_job_release_slot(struct db *db, int slot, struct err *err);
/* Claims the oldest queued job for the slot: 1 claimed, 0 none. */
int db_job_claim(struct db *db, int slot, struct db_job *job_r,
                 struct err *err);
/* The stage it is in, and what it waits for there ("" nothing). */
int db_job_stage(struct db *db, int64_t id, const char *stage,
                 const char *trouble, struct err *err);
int db_job_extracted(struct db *db, int64_t id, struct err *err);
/* Which state of the store the ledger lists. */
int db_job_stamp(struct db *db, int64_t id, uint64_t stamp, struct err *err);
/* The store is in another state: another round of listing begins, extracted
 * and stamp are none. What is in the ledger stays; rows that stand for a whole
 * folder (nid and folder the same) go, since the new listing tells. */
int db_job_relist(struct db *db, int64_t id, struct err *err);
/* Ends, pauses or re-queues: state with its error text ("" none). A request
 * that is open then is met: re-queued with a pause requested is paused, and
 * anything but an end with a cancel requested is cancelled; paused without a
 * request (it was taken back meanwhile) is queued. -EINVAL: has ended. */
int db_job_set(struct db *db, int64_t id, enum job_state state,
               const char *error, struct err *err);
/* Just the request flag, cheap: between batches. */
enum job_request db_job_request(struct db *db, int64_t id);

/* ---- ledger ---- */

struct db_folder {
    uint32_t nid;
    const char *path; /* UTF-8 names joined by '\x1f' (no name has it) */
    int64_t listed;   /* rows of the contents table; put: new ones */
};
int db_ledger_folder(struct db *db, int64_t job, const struct db_folder *f,
                     struct err *err);
typedef int db_folder_fn(void *ctx, const struct db_folder *folder);
int db_ledger_folders(struct db *db, int64_t job, db_folder_fn *fn, void *ctx,
                      struct err *err);

/* Longest texts of an item; class, subject, reason and
 * defects are cut there, a longer
 * remote id is -EINVAL. */
#define DB_CLASS_MAX   256
#define DB_SUBJECT_MAX 1024
#define DB_REMOTE_MAX  1024
#define DB_DEFECTS_MAX 256

struct db_item {
    uint32_t nid, folder;
    enum item_state state;
    int64_t time;
    uint64_t size; /* bytes sent; before that the store's hint */
    const char *class, *subject;
    const char *hash;    /* SHA-256 hex of what was sent; "" before */
    const char *remote;  /* the target's id of it; "" before */
    const char *reason;  /* of failed, filtered, duplicate; "" */
    const char *defects; /* what of it could not be read: "2: words"; "" */
    int round;           /* of listing, that it came with */
};
/* Adds items as listed (or as item->state) in the job's round; known nids are
 * left as they are. */
int db_ledger_add(struct db *db, int64_t job, const struct db_item *items,
                  size_t n, struct err *err);
/* New state of n items of one job in one transaction; hash, remote, reason,
 * defects and size are set as given ("" clears), the other fields (but nid) are
 * not read. -ENOENT when a nid is not in the ledger: none is marked then. */
int db_ledger_mark(struct db *db, int64_t job, const struct db_item *items,
                   size_t n, struct err *err);
/* Items of one folder in one state with nid > after, rising, at most max;
 * freed as one block by free(). Texts point into the block. */
int db_ledger_next(struct db *db, int64_t job, uint32_t folder,
                   enum item_state state, uint32_t after, size_t max,
                   struct db_item **items_r, size_t *n_r, struct err *err);
typedef int db_item_fn(void *ctx, const struct db_item *item,
                       const char *folder_path);
/* All items in folder and nid order; state < 0: all states. */
int db_ledger_each(struct db *db, int64_t job, int state, db_item_fn *fn,
                   void *ctx, struct err *err);
int db_ledger_get(struct db *db, int64_t job, uint32_t nid, db_item_fn *fn,
                  void *ctx, struct err *err); /* -ENOENT */
/* Is this remote id on this target noted by any job? (look-up after crash)
 * It has no index: it reads the ledgers of the target's jobs, about half a
 * second a million items. */
bool db_remote_known(struct db *db, const char *target, const char *remote);
/* The same for items of this nid only, at once: copies of a store share the
 * ids in their messages, and an id has the nid in it. */
bool db_item_remote_known(struct db *db, const char *target, uint32_t nid,
                          const char *remote);
/* Counts the ledger anew, for tests: equal to the counters of the job. */
int db_ledger_recount(struct db *db, int64_t job, int64_t items_r[ITEM_STATES],
                      int64_t bytes_r[ITEM_STATES], struct err *err);

/* ---- events: what `log` shows ---- */

#define DB_EVENT_MAX 4096 /* bytes of text; longer ones are cut */

struct db_event {
    int64_t id, time, store, job; /* store, job: 0 when of the whole system */
    const char *level, *text;     /* "info", "warning", "error" */
};
int db_event_add(struct db *db, int64_t store, int64_t job, const char *level,
                 const char *text);
typedef int db_event_fn(void *ctx, const struct db_event *event);
/* Events of one store (0: all) with id > after, oldest first. */
int db_event_each(struct db *db, int64_t store, int64_t after, db_event_fn *fn,
                  void *ctx, struct err *err);

/* ---- items that end readers ---- */

#define DB_BAD_MAX 4096 /* that are kept of a store */

/* The item is bad in this state (stamp) of the store with this path; what is
 * known of other states goes, as does anything past DB_BAD_MAX. A store that
 * is not known is passed over. */
int db_bad_add(struct db *db, const char *path, uint64_t stamp, uint32_t nid,
               const char *reason, struct err *err);
typedef int db_bad_fn(void *ctx, uint32_t nid, const char *reason);
/* Those of that state. A job's retry forgets the store's. */
int db_bad_each(struct db *db, const char *path, uint64_t stamp, db_bad_fn *fn,
                void *ctx, struct err *err);

/* ---- cached sizes: not durable at once, losing them costs time only ---- */

/* One blob per (store, folder); a get whose stamp or version differs is
 * -ENOENT. */
int db_sizes_put(struct db *db, int64_t store, uint32_t folder, uint64_t stamp,
                 int version, const void *data, size_t len, struct err *err);
int db_sizes_get(struct db *db, int64_t store, uint32_t folder, uint64_t stamp,
                 int version, struct buf *out, struct err *err);

/* ---- the newest check of a store ---- */

/* stamp: of the file that was checked, chosen by the caller; text: the result
 * as it is shown. A get of a store that never was: -ENOENT. */
int db_health_put(struct db *db, int64_t store, uint64_t stamp, int64_t time,
                  const char *text, struct err *err);
int db_health_get(struct db *db, int64_t store, uint64_t *stamp_r,
                  int64_t *time_r, struct buf *out, struct err *err);

#endif
