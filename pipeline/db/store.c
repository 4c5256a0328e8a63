#include "pipeline/db/handle.h"

#include <string.h>

#define STORE_COLS "id, path, state, reason, record_key, size, mtime"

static void store_read(struct query *query, struct db_store *s)
{
    s->id = query_get_int(query, 0);
    s->path = query_get_text(query, 1);
    s->state = query_get_text(query, 2);
    s->reason = query_get_text(query, 3);
    s->record_key = query_get_text(query, 4);
    s->size = query_get_int(query, 5);
    s->mtime = query_get_int(query, 6);
}

static bool store_same(const struct db_store *is, const struct db_store *put)
{
    const char *key = put->record_key ? put->record_key : "";

    return is->size == put->size && is->mtime == put->mtime &&
           strcmp(is->state, put->state ? put->state : "") == 0 &&
           strcmp(is->reason, put->reason ? put->reason : "") == 0 &&
           (!*key || strcmp(is->record_key, key) == 0);
}

/* 1 and the id when the row is there just so: a rescan that found nothing
 * new must not write, sync and wake everybody. */
static int store_unchanged(struct driver *driver, const struct db_store *put,
                           int64_t *id_r, struct err *err)
{
    cleanup_query struct query *query = NULL;
    struct db_store is;
    int rc =
        driver_query(driver, "SELECT " STORE_COLS " FROM store WHERE path = $1",
                     &query, err);

    if (rc)
        return rc;
    query_bytes(query, 1, put->path, strlen(put->path));
    rc = query_step(query, err);
    if (rc <= 0)
        return rc;
    store_read(query, &is);
    *id_r = is.id;
    return store_same(&is, put);
}

static int store_upsert(struct driver *driver, const struct db_store *s,
                        int64_t *id_r, struct err *err)
{
    struct query *query;
    int rc = driver_query(
        driver,
        "INSERT INTO store (path, state, reason, record_key, size, mtime)"
        " VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (path) DO UPDATE SET state = excluded.state,"
        " reason = excluded.reason, size = excluded.size,"
        " mtime = excluded.mtime, record_key = CASE"
        " WHEN excluded.record_key = '' THEN store.record_key"
        " ELSE excluded.record_key END"
        " RETURNING id",
        &query, err);

    if (rc)
        return rc;
    query_bytes(query, 1, s->path, strlen(s->path));
    query_text(query, 2, s->state);
    query_text(query, 3, s->reason);
    query_text(query, 4, s->record_key);
    query_int(query, 5, s->size);
    query_int(query, 6, s->mtime);
    return db_ask_int(query, id_r, err);
}

static int store_put(struct driver *driver, const struct db_store *s,
                     int64_t *id_r, struct err *err)
{
    int rc = store_unchanged(driver, s, id_r, err);

    if (rc < 0)
        return rc;
    return rc ? 0 : store_upsert(driver, s, id_r, err);
}

int db_store_put(struct db *db, const struct db_store *store, int64_t *id_r,
                 struct err *err)
{
    int64_t id = 0;
    int rc = db_begin_write(db, err);

    if (rc)
        return rc;
    rc = db_end(db, store_put(db->main, store, &id, err), err);
    if (!rc && id_r)
        *id_r = id;
    return rc;
}

int db_store_put_all(struct db *db, struct db_store *stores, size_t n,
                     struct err *err)
{
    int rc = db_begin_write(db, err);

    if (rc)
        return rc;
    for (size_t i = 0; i < n && !rc; i++)
        rc = store_put(db->main, &stores[i], &stores[i].id, err);
    return db_end(db, rc, err);
}

static int store_each(struct query *query, db_store_fn *fn, void *ctx,
                      struct err *err)
{
    struct db_store s;
    int rc;

    while ((rc = query_step(query, err)) > 0) {
        store_read(query, &s);
        rc = fn(ctx, &s);
        if (rc)
            break;
    }
    query_end(query);
    return rc;
}

int db_store_each(struct db *db, db_store_fn *fn, void *ctx, struct err *err)
{
    struct driver *side;
    struct query *query;
    int rc = db_side_take(db, &side, err);

    if (rc)
        return rc;
    rc = driver_query(side, "SELECT " STORE_COLS " FROM store ORDER BY id",
                      &query, err);
    if (!rc)
        rc = store_each(query, fn, ctx, err);
    db_side_give(db, &side);
    return rc;
}

static int store_get(struct driver *side, int64_t id, db_store_fn *fn,
                     void *ctx, struct err *err)
{
    cleanup_query struct query *query = NULL;
    struct db_store s;
    int rc = driver_query(
        side, "SELECT " STORE_COLS " FROM store WHERE id = $1", &query, err);

    if (rc)
        return rc;
    query_int(query, 1, id);
    rc = query_step(query, err);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return err_set(err, ENOENT, "no store %lld", (long long)id);
    store_read(query, &s);
    return fn(ctx, &s);
}

int db_store_get(struct db *db, int64_t id, db_store_fn *fn, void *ctx,
                 struct err *err)
{
    struct driver *side;
    int rc = db_side_take(db, &side, err);

    if (rc)
        return rc;
    rc = store_get(side, id, fn, ctx, err);
    db_side_give(db, &side);
    return rc;
}
