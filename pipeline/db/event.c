#include "pipeline/db/handle.h"

#include "pipeline/base/clock.h"

#define EVENT_COLS "id, time, store, job, level, text"

static int event_insert(struct driver *driver, const struct db_event *e)
{
    struct query *query;
    int rc = driver_query(driver,
                          "INSERT INTO event (time, store, job, level, text)"
                          " VALUES ($1, $2, $3, $4, $5)",
                          &query, NULL);

    if (rc)
        return rc;
    query_int(query, 1, e->time);
    query_int(query, 2, e->store);
    query_int(query, 3, e->job);
    query_text(query, 4, e->level);
    query_text_cut(query, 5, e->text, DB_EVENT_MAX);
    return query_run(query, NULL);
}

int db_event_add(struct db *db, int64_t store, int64_t job, const char *level,
                 const char *text)
{
    struct db_event e = {.time = time_now(),
                         .store = store,
                         .job = job,
                         .level = level,
                         .text = text};
    int rc = db_begin_write(db, NULL);

    return rc ? rc : db_end(db, event_insert(db->main, &e), NULL);
}

static int event_each(struct query *query, db_event_fn *fn, void *ctx,
                      struct err *err)
{
    struct db_event e;
    int rc;

    while ((rc = query_step(query, err)) > 0) {
        e.id = query_get_int(query, 0);
        e.time = query_get_int(query, 1);
        e.store = query_get_int(query, 2);
        e.job = query_get_int(query, 3);
        e.level = query_get_text(query, 4);
        e.text = query_get_text(query, 5);
        rc = fn(ctx, &e);
        if (rc)
            break;
    }
    query_end(query);
    return rc;
}

int db_event_each(struct db *db, int64_t store, int64_t after, db_event_fn *fn,
                  void *ctx, struct err *err)
{
    static const char all[] =
        "SELECT " EVENT_COLS " FROM event WHERE id > $1 ORDER BY id";
    static const char one[] = "SELECT " EVENT_COLS " FROM event"
                              " WHERE id > $1 AND store = $2 ORDER BY id";
    struct driver *side;
    struct query *query;
    int rc = db_side_take(db, &side, err);

    if (rc)
        return rc;
    rc = driver_query(side, store ? one : all, &query, err);
    if (!rc) {
        query_int(query, 1, after);
        if (store)
            query_int(query, 2, store);
        rc = event_each(query, fn, ctx, err);
    }
    db_side_give(db, &side);
    return rc;
}
