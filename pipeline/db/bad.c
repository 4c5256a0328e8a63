#include "pipeline/db/handle.h"

#include <string.h>

#include "pipeline/base/clock.h"

#define STORE_OF_PATH "(SELECT id FROM store WHERE path = $1)"

static int bad_query(struct driver *driver, const char *sql, const char *path,
                     uint64_t stamp, struct query **query_r, struct err *err)
{
    int rc = driver_query(driver, sql, query_r, err);

    if (rc)
        return rc;
    query_bytes(*query_r, 1, path, strlen(path));
    query_int(*query_r, 2, (int64_t)stamp);
    return 0;
}

/* Those of other states. */
static int bad_drop(struct driver *driver, const char *path, uint64_t stamp,
                    struct err *err)
{
    struct query *query;
    int rc = bad_query(driver,
                       "DELETE FROM bad_item WHERE store = " STORE_OF_PATH
                       " AND stamp <> $2",
                       path, stamp, &query, err);

    return rc ? rc : query_run(query, err);
}

static int bad_insert(struct driver *driver, const char *path, uint64_t stamp,
                      uint32_t nid, const char *reason, struct err *err)
{
    struct query *query;
    int rc = driver_query(
        driver,
        "INSERT INTO bad_item (store, stamp, nid, reason, time)"
        " SELECT id, $1, $2, $3, $4 FROM store WHERE path = $5 AND $6 >"
        " (SELECT count(*) FROM bad_item b WHERE b.store = store.id)"
        " ON CONFLICT (store, nid) DO UPDATE SET"
        " reason = excluded.reason, time = excluded.time",
        &query, err);

    if (rc)
        return rc;
    query_int(query, 1, (int64_t)stamp);
    query_int(query, 2, nid);
    query_text_cut(query, 3, reason, DB_REASON_MAX);
    query_int(query, 4, time_now());
    query_bytes(query, 5, path, strlen(path));
    query_int(query, 6, DB_BAD_MAX);
    return query_run(query, err);
}

int db_bad_add(struct db *db, const char *path, uint64_t stamp, uint32_t nid,
               const char *reason, struct err *err)
{
    int rc = db_begin_write(db, err);

    if (rc)
        return rc;
    rc = bad_drop(db->main, path, stamp, err);
    if (!rc)
        rc = bad_insert(db->main, path, stamp, nid, reason, err);
    return db_end(db, rc, err);
}

int bad_forget(struct driver *driver, int64_t store, struct err *err)
{
    struct query *query;
    int rc = driver_query(driver, "DELETE FROM bad_item WHERE store = $1",
                          &query, err);

    if (rc)
        return rc;
    query_int(query, 1, store);
    return query_run(query, err);
}

static int bad_each(struct query *query, db_bad_fn *fn, void *ctx,
                    struct err *err)
{
    int rc;

    while ((rc = query_step(query, err)) > 0) {
        rc = fn(ctx, (uint32_t)query_get_int(query, 0),
                query_get_text(query, 1));
        if (rc)
            break;
    }
    query_end(query);
    return rc;
}

int db_bad_each(struct db *db, const char *path, uint64_t stamp, db_bad_fn *fn,
                void *ctx, struct err *err)
{
    struct driver *side;
    struct query *query;
    int rc = db_side_take(db, &side, err);

    if (rc)
        return rc;
    rc = bad_query(
        side,
        "SELECT nid, reason FROM bad_item WHERE store = " STORE_OF_PATH
        " AND stamp = $2 ORDER BY nid",
        path, stamp, &query, err);
    if (!rc)
        rc = bad_each(query, fn, ctx, err);
    db_side_give(db, &side);
    return rc;
}
