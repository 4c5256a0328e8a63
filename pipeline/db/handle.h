/*
 * What is behind struct db, for the files of pipeline/db only.
 *
 * The main connection carries every short call and every durable write,
 * under the lock. Calls that hand rows to a function of the caller, and the
 * cached sizes, take a side connection: such a call sees one snapshot, may
 * last as long as it likes without holding up others, and its function may
 * use the db. A third connection only watches for commits, whoever made them.
 */
#ifndef DB_HANDLE_H
#define DB_HANDLE_H

#include <pthread.h>

#include "pipeline/db/db.h"
#include "pipeline/db/driver.h"

#define DB_SIDE_KEEP 4 /* idle side connections that stay open */

struct db {
    char *path;
    pthread_mutex_t lock;
    struct driver *main;

    pthread_mutex_t side_lock;
    struct driver *side[DB_SIDE_KEEP];
    size_t side_n;

    pthread_mutex_t watch_lock;
    struct driver *watch;
    int64_t watched, version;
};

/* Takes the lock and begins; the transaction's work is done on db->main. */
int db_begin_write(struct db *db, struct err *err);
int db_begin_read(struct db *db, struct err *err);
/* Commits when rc is 0, else rolls back; gives the lock free. Returns rc or
 * the error of the commit. */
int db_end(struct db *db, int rc, struct err *err);

/* A connection of one's own, and back. */
int db_side_take(struct db *db, struct driver **side_r, struct err *err);
void db_side_give(struct db *db, struct driver **side);

/* In the caller's transaction: no item of the store is bad. */
int bad_forget(struct driver *driver, int64_t store, struct err *err);

/* A query that answers one number (0 when it has no row), parameters set by
 * the caller. */
int db_ask_int(struct query *query, int64_t *value_r, struct err *err);

#endif
