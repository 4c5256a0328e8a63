/* Sizes are a cache: they go through a side connection, whose commits do not
 * wait for the disk. */
#include "pipeline/db/handle.h"

static int sizes_put(struct driver *side, int64_t store, uint32_t folder,
                     uint64_t stamp, int version, const void *data, size_t len,
                     struct err *err)
{
    struct query *query;
    int rc =
        driver_query(side,
                     "INSERT INTO sizes (store, folder, stamp, version, data)"
                     " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (store, folder)"
                     " DO UPDATE SET stamp = excluded.stamp,"
                     " version = excluded.version, data = excluded.data",
                     &query, err);

    if (rc)
        return rc;
    query_int(query, 1, store);
    query_int(query, 2, folder);
    query_int(query, 3, (int64_t)stamp);
    query_int(query, 4, version);
    query_bytes(query, 5, data, len);
    return query_run(query, err);
}

int db_sizes_put(struct db *db, int64_t store, uint32_t folder, uint64_t stamp,
                 int version, const void *data, size_t len, struct err *err)
{
    struct driver *side;
    int rc = db_side_take(db, &side, err);

    if (rc)
        return rc;
    rc = sizes_put(side, store, folder, stamp, version, data, len, err);
    db_side_give(db, &side);
    return rc;
}

static int sizes_get(struct driver *side, int64_t store, uint32_t folder,
                     uint64_t stamp, int version, struct buf *out,
                     struct err *err)
{
    cleanup_query struct query *query = NULL;
    const void *data;
    size_t len;
    int rc = driver_query(side,
                          "SELECT data FROM sizes WHERE store = $1"
                          " AND folder = $2 AND stamp = $3 AND version = $4",
                          &query, err);

    if (rc)
        return rc;
    query_int(query, 1, store);
    query_int(query, 2, folder);
    query_int(query, 3, (int64_t)stamp);
    query_int(query, 4, version);
    rc = query_step(query, err);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return err_set(err, ENOENT, "no sizes are kept");
    data = query_get_bytes(query, 0, &len);
    rc = buf_add(out, data, len);
    return rc ? err_set(err, out->error, "sizes of %zu bytes", len) : 0;
}

int db_sizes_get(struct db *db, int64_t store, uint32_t folder, uint64_t stamp,
                 int version, struct buf *out, struct err *err)
{
    struct driver *side;
    int rc = db_side_take(db, &side, err);

    if (rc)
        return rc;
    rc = sizes_get(side, store, folder, stamp, version, out, err);
    db_side_give(db, &side);
    return rc;
}
