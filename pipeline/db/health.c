#include "pipeline/db/handle.h"

static int health_put(struct driver *side, int64_t store, uint64_t stamp,
                      int64_t time, const char *text, struct err *err)
{
    struct query *query;
    int rc = driver_query(
        side,
        "INSERT INTO health (store, stamp, time, text)"
        " VALUES ($1, $2, $3, $4) ON CONFLICT (store)"
        " DO UPDATE SET stamp = excluded.stamp, time = excluded.time,"
        " text = excluded.text",
        &query, err);

    if (rc)
        return rc;
    query_int(query, 1, store);
    query_int(query, 2, (int64_t)stamp);
    query_int(query, 3, time);
    query_text(query, 4, text);
    return query_run(query, err);
}

int db_health_put(struct db *db, int64_t store, uint64_t stamp, int64_t time,
                  const char *text, struct err *err)
{
    struct driver *side;
    int rc = db_side_take(db, &side, err);

    if (rc)
        return rc;
    rc = health_put(side, store, stamp, time, text, err);
    db_side_give(db, &side);
    return rc;
}

static int health_get(struct driver *side, int64_t store, uint64_t *stamp_r,
                      int64_t *time_r, struct buf *out, struct err *err)
{
    cleanup_query struct query *query = NULL;
    int rc = driver_query(side,
                          "SELECT stamp, time, text FROM health"
                          " WHERE store = $1",
                          &query, err);

    if (rc)
        return rc;
    query_int(query, 1, store);
    rc = query_step(query, err);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return err_set(err, ENOENT, "the store was not checked");
    *stamp_r = (uint64_t)query_get_int(query, 0);
    *time_r = query_get_int(query, 1);
    rc = buf_adds(out, query_get_text(query, 2));
    return rc ? err_set(err, out->error, "result of a check") : 0;
}

int db_health_get(struct db *db, int64_t store, uint64_t *stamp_r,
                  int64_t *time_r, struct buf *out, struct err *err)
{
    struct driver *side;
    int rc = db_side_take(db, &side, err);

    if (rc)
        return rc;
    rc = health_get(side, store, stamp_r, time_r, out, err);
    db_side_give(db, &side);
    return rc;
}
