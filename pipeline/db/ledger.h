/* The ledger as the other files of pipeline/db need it. */
#ifndef DB_LEDGER_H
#define DB_LEDGER_H

#include "pipeline/db/db.h"
#include "pipeline/db/driver.h"

/* Puts the failed items of a job back to listed, as if never sent; inside a
 * transaction of the caller's. */
int ledger_relist_failed(struct driver *driver, int64_t job, struct err *err);

/* Sets the stamp of the job's row; inside a transaction of the caller's. */
int ledger_stamp(struct driver *driver, int64_t job, uint64_t stamp,
                 struct err *err);

/* The first folder above `after` that has items in the job's ledger; -1
 * begins. 1 found, 0 none. */
int ledger_folder_after(struct driver *driver, int64_t job, int64_t after,
                        int64_t *folder_r, struct err *err);

/* After "item": the index to go by. */
#define BY_NID   DRIVER_BY("item_nid")
#define BY_STATE DRIVER_BY("item_state")

/* The columns that ledger_read_item reads, in its order. */
#define LEDGER_COLS                                                            \
    "nid, folder, state, time, size, class, subject, hash, remote, reason,"    \
    " defects, round"
void ledger_read_item(struct query *query, struct db_item *item);

#endif
