/*
 * One connection to the database: the only file that knows which one it is.
 * SQLite now; PostgreSQL comes behind the same functions. The SQL above it
 * keeps to what both take: parameters $1, $2 .. numbered in the order they
 * first appear, ON CONFLICT, RETURNING, partial indexes; the macros below
 * stand for what differs.
 *
 * A connection belongs to one thread at a time; who shares it brings a lock.
 * Errors: 0 or negative errno, EIO with the database's own words.
 */
#ifndef DB_DRIVER_H
#define DB_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#include "pipeline/base/err.h"

/* A primary key that counts up and never gives a number twice. */
#define DRIVER_ID "INTEGER PRIMARY KEY AUTOINCREMENT"
/* A table stored in the order of its primary key. */
#define DRIVER_CLUSTERED " WITHOUT ROWID"
/* After a table's name: the index to go by. SQLite knows no statistics of
 * the ledger and would guess badly. */
#define DRIVER_BY(index) " INDEXED BY " index

enum driver_sync {
    DRIVER_DURABLE, /* a commit is on the disk when it returns */
    DRIVER_LAZY     /* a commit may be lost by a power failure, whole */
};

struct driver;
struct query; /* a prepared statement, owned by its connection */

/* cache_kib: memory for pages of the file. */
int driver_open(const char *path, enum driver_sync sync, int cache_kib,
                struct driver **driver_r, struct err *err);
void driver_close(struct driver **driver);

/* Statements without parameters and rows, separated by semicolons. */
int driver_exec(struct driver *driver, const char *sql, struct err *err);

/* A transaction that may write waits here for other writers, for a minute at
 * most; one that reads sees one state of the database from its first query
 * on. A commit that fails has rolled back. */
int driver_begin_write(struct driver *driver, struct err *err);
int driver_begin_read(struct driver *driver, struct err *err);
int driver_commit(struct driver *driver, struct err *err);
void driver_rollback(struct driver *driver);

/* The number of the schema, kept in the file; 0 in a new one. */
int driver_schema(struct driver *driver, int *number_r, struct err *err);
int driver_schema_set(struct driver *driver, int number, struct err *err);

/* Differs from the value before when another connection has committed. */
int driver_changed(struct driver *driver, int64_t *value_r, struct err *err);

/* Rows that the last query_run changed. */
int64_t driver_rows(struct driver *driver);

/* Prepares sql, or finds it prepared: sql must be a string constant, since it
 * is known by its address. No two uses of one query may overlap. */
int driver_query(struct driver *driver, const char *sql, struct query **query_r,
                 struct err *err);

/* Parameter i, 1... Texts and bytes must live until query_end or the next
 * query_run; a text that is NULL counts as "". An error shows in the step. */
void query_int(struct query *query, int i, int64_t value);
void query_text(struct query *query, int i, const char *text);
/* At most max bytes of it, cut between characters. */
void query_text_cut(struct query *query, int i, const char *text, size_t max);
void query_bytes(struct query *query, int i, const void *data, size_t len);

/* 1 a row, 0 no more (the query is ready for other parameters), negative. */
int query_step(struct query *query, struct err *err);
/* For a query without rows: steps to its end. */
int query_run(struct query *query, struct err *err);
/* Gives up the rest of the rows; needed unless a step returned 0 or less. */
void query_end(struct query *query);
static inline void query_end_ptr(struct query **query)
{
    query_end(*query);
}
#define cleanup_query __attribute__((cleanup(query_end_ptr)))

/* Column i, 0.., of the row; texts live until the next step. Never NULL. */
int64_t query_get_int(struct query *query, int i);
const char *query_get_text(struct query *query, int i);
const void *query_get_bytes(struct query *query, int i, size_t *len_r);

#endif
