#include "pipeline/db/driver.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/log.h"

/* More statements than the house has; one more is a bug. */
#define QUERIES_MAX 96

/* How long a writer waits for the others, and how long it sleeps between
 * two looks: short and uneven, or a worker that commits without a pause
 * would starve everybody else. */
#define BUSY_WAIT_MS   60000
#define BUSY_SLEEP_US  500
#define BUSY_JITTER_US 1500
/* A batch is marked twice in a row: its pages should still be in the log, so
 * that they reach the file once. */
#define WAL_PAGES       "4000"
#define WAL_KEEP_BYTES  "67108864"
#define OPEN_TRIES_MAX  100
#define OPEN_RETRY_USEC 20000

struct query {
    struct driver *driver;
    const char *sql;
    sqlite3_stmt *stmt;
    int rc; /* first failed bind */
};

struct driver {
    sqlite3 *lite;
    uint64_t busy_since; /* when the wait that goes on began */
    unsigned jitter;
    size_t n;
    struct query queries[QUERIES_MAX];
};

static int driver_fail(struct driver *driver, int rc, const char *what,
                       struct err *err)
{
    return err_set(err, EIO, "database: %s: %s", what,
                   driver->lite ? sqlite3_errmsg(driver->lite)
                                : sqlite3_errstr(rc));
}

static int driver_wait(void *ctx, int tries)
{
    struct driver *driver = ctx;
    uint64_t now = time_mono_ms();

    if (tries == 0)
        driver->busy_since = now;
    if (now - driver->busy_since > BUSY_WAIT_MS)
        return 0;
    driver->jitter = driver->jitter * 1103515245u + 12345u;
    usleep(BUSY_SLEEP_US + (driver->jitter >> 16) % BUSY_JITTER_US);
    return 1;
}

int driver_exec(struct driver *driver, const char *sql, struct err *err)
{
    int rc = sqlite3_exec(driver->lite, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : driver_fail(driver, rc, "statement", err);
}

/* The one statement whose wait SQLite does not hand to the busy handler:
 * two processes may make the file at the same moment. */
static int driver_set_wal(struct driver *driver, struct err *err)
{
    for (int tries = 0; tries < OPEN_TRIES_MAX; tries++) {
        int rc = sqlite3_exec(driver->lite, "PRAGMA journal_mode=WAL", NULL,
                              NULL, NULL);
        if (rc == SQLITE_OK)
            return 0;
        if (rc != SQLITE_BUSY && rc != SQLITE_LOCKED)
            return driver_fail(driver, rc, "open", err);
        usleep(OPEN_RETRY_USEC);
    }
    return err_set(err, EIO, "database: it stays locked by others");
}

static int driver_setup(struct driver *driver, const char *path,
                        enum driver_sync sync, int cache_kib, struct err *err)
{
    char pragmas[320];
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    int rc = sqlite3_open_v2(path, &driver->lite, flags, NULL);

    if (rc != SQLITE_OK)
        return driver_fail(driver, rc, path, err);
    sqlite3_busy_handler(driver->lite, driver_wait, driver);
    rc = driver_set_wal(driver, err);
    if (rc)
        return rc;
    snprintf(pragmas, sizeof(pragmas),
             "PRAGMA synchronous=%s; PRAGMA cache_size=-%d;"
             "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;"
             "PRAGMA wal_autocheckpoint=" WAL_PAGES ";"
             "PRAGMA journal_size_limit=" WAL_KEEP_BYTES,
             sync == DRIVER_DURABLE ? "FULL" : "NORMAL", cache_kib);
    return driver_exec(driver, pragmas, err);
}

int driver_open(const char *path, enum driver_sync sync, int cache_kib,
                struct driver **driver_r, struct err *err)
{
    struct driver *driver = calloc(1, sizeof(*driver));
    int rc;

    *driver_r = NULL;
    if (!driver)
        return err_set(err, ENOMEM, "no memory for the database");
    driver->jitter = (unsigned)getpid() ^ (unsigned)time_mono_ms();
    rc = driver_setup(driver, path, sync, cache_kib, err);
    if (rc)
        driver_close(&driver);
    *driver_r = driver;
    return rc;
}

void driver_close(struct driver **driver)
{
    struct driver *d = *driver;

    *driver = NULL;
    if (!d)
        return;
    for (size_t i = 0; i < d->n; i++)
        sqlite3_finalize(d->queries[i].stmt);
    if (sqlite3_close(d->lite) != SQLITE_OK)
        log_warn("database: closed with work going on");
    free(d);
}

/* ---- transactions ---- */

int driver_begin_write(struct driver *driver, struct err *err)
{
    return driver_exec(driver, "BEGIN IMMEDIATE", err);
}

int driver_begin_read(struct driver *driver, struct err *err)
{
    return driver_exec(driver, "BEGIN", err);
}

int driver_commit(struct driver *driver, struct err *err)
{
    int rc = driver_exec(driver, "COMMIT", err);

    if (rc)
        driver_rollback(driver);
    return rc;
}

void driver_rollback(struct driver *driver)
{
    /* Some errors (disk full) have rolled back already. */
    if (!sqlite3_get_autocommit(driver->lite))
        sqlite3_exec(driver->lite, "ROLLBACK", NULL, NULL, NULL);
}

static int driver_one(struct driver *driver, const char *sql, int64_t *value_r,
                      struct err *err)
{
    cleanup_query struct query *query = NULL;
    int rc = driver_query(driver, sql, &query, err);

    if (rc)
        return rc;
    rc = query_step(query, err);
    if (rc <= 0)
        return rc ? rc : err_set(err, EIO, "database: no row: %s", sql);
    *value_r = query_get_int(query, 0);
    return 0;
}

int driver_schema(struct driver *driver, int *number_r, struct err *err)
{
    int64_t value = 0;
    int rc = driver_one(driver, "PRAGMA user_version", &value, err);

    *number_r = (int)value;
    return rc;
}

int driver_schema_set(struct driver *driver, int number, struct err *err)
{
    char sql[64];

    snprintf(sql, sizeof(sql), "PRAGMA user_version=%d", number);
    return driver_exec(driver, sql, err);
}

int driver_changed(struct driver *driver, int64_t *value_r, struct err *err)
{
    return driver_one(driver, "PRAGMA data_version", value_r, err);
}

int64_t driver_rows(struct driver *driver)
{
    return sqlite3_changes(driver->lite);
}

/* ---- queries ---- */

/* $i must be the i-th parameter: SQLite takes it for a name and numbers
 * names as they come, PostgreSQL takes the number. */
static void query_check_names(const sqlite3_stmt *stmt)
{
    sqlite3_stmt *s = (sqlite3_stmt *)(uintptr_t)stmt;
    char name[16];

    for (int i = 1; i <= sqlite3_bind_parameter_count(s); i++) {
        const char *is = sqlite3_bind_parameter_name(s, i);
        snprintf(name, sizeof(name), "$%d", i);
        assert(is && strcmp(is, name) == 0);
    }
}

int driver_query(struct driver *driver, const char *sql, struct query **query_r,
                 struct err *err)
{
    struct query *query;
    int rc;

    for (size_t i = 0; i < driver->n; i++) {
        if (driver->queries[i].sql == sql) {
            *query_r = &driver->queries[i];
            assert(!sqlite3_stmt_busy((*query_r)->stmt));
            return 0;
        }
    }
    assert(driver->n < QUERIES_MAX);
    query = &driver->queries[driver->n];
    rc = sqlite3_prepare_v3(driver->lite, sql, -1, SQLITE_PREPARE_PERSISTENT,
                            &query->stmt, NULL);
    if (rc != SQLITE_OK)
        return driver_fail(driver, rc, "query", err);
    query_check_names(query->stmt);
    query->driver = driver;
    query->sql = sql;
    query->rc = SQLITE_OK;
    driver->n++;
    *query_r = query;
    return 0;
}

static void query_note(struct query *query, int rc)
{
    if (rc != SQLITE_OK && query->rc == SQLITE_OK)
        query->rc = rc;
}

void query_int(struct query *query, int i, int64_t value)
{
    query_note(query, sqlite3_bind_int64(query->stmt, i, value));
}

void query_text(struct query *query, int i, const char *text)
{
    query_note(query, sqlite3_bind_text(query->stmt, i, text ? text : "", -1,
                                        SQLITE_STATIC));
}

void query_text_cut(struct query *query, int i, const char *text, size_t max)
{
    size_t len = text ? strlen(text) : 0;

    if (len > max)
        len = charset_cut(text, len, max);
    query_note(query, sqlite3_bind_text64(query->stmt, i, text ? text : "", len,
                                          SQLITE_STATIC, SQLITE_UTF8));
}

void query_bytes(struct query *query, int i, const void *data, size_t len)
{
    query_note(query, sqlite3_bind_blob64(query->stmt, i, len ? data : "", len,
                                          SQLITE_STATIC));
}

void query_end(struct query *query)
{
    if (!query)
        return;
    sqlite3_reset(query->stmt);
    query->rc = SQLITE_OK;
}

int query_step(struct query *query, struct err *err)
{
    int rc = query->rc;

    if (rc == SQLITE_OK)
        rc = sqlite3_step(query->stmt);
    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE)
        rc = 0;
    else
        rc = driver_fail(query->driver, rc, "query", err);
    query_end(query);
    return rc;
}

int query_run(struct query *query, struct err *err)
{
    int rc = query_step(query, err);

    if (rc > 0)
        query_end(query);
    return rc > 0 ? 0 : rc;
}

int64_t query_get_int(struct query *query, int i)
{
    return sqlite3_column_int64(query->stmt, i);
}

const char *query_get_text(struct query *query, int i)
{
    const char *text = (const char *)sqlite3_column_text(query->stmt, i);

    return text ? text : "";
}

const void *query_get_bytes(struct query *query, int i, size_t *len_r)
{
    const void *data = sqlite3_column_blob(query->stmt, i);

    *len_r = (size_t)sqlite3_column_bytes(query->stmt, i);
    return data ? data : "";
}
