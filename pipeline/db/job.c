#include "pipeline/db/handle.h"

#include <stdio.h>
#include <string.h>

#include "pipeline/base/clock.h"

#define JOB_COLS                                                               \
    "id, store, target, stage, error, state, request, slot, attempts,"         \
    " uid, gid, pid, created, started, ended, extracted, stamp, round"

static const char *const state_names[JOB_STATES] = {
    [JOB_QUEUED] = "queued",       [JOB_RUNNING] = "running",
    [JOB_PAUSED] = "paused",       [JOB_DONE] = "done",
    [JOB_PARTIAL] = "partial",     [JOB_FAILED] = "failed",
    [JOB_CANCELLED] = "cancelled",
};

const char *job_state_name(enum job_state state)
{
    return (unsigned)state < JOB_STATES ? state_names[state] : "unknown";
}

bool job_state_ended(enum job_state state)
{
    return state == JOB_DONE || state == JOB_PARTIAL || state == JOB_FAILED ||
           state == JOB_CANCELLED;
}

/* ---- reading ---- */

static void job_read(struct query *query, struct db_job *job)
{
    memset(job, 0, sizeof(*job));
    job->id = query_get_int(query, 0);
    job->store = query_get_int(query, 1);
    snprintf(job->target, sizeof(job->target), "%s", query_get_text(query, 2));
    snprintf(job->stage, sizeof(job->stage), "%s", query_get_text(query, 3));
    snprintf(job->error, sizeof(job->error), "%s", query_get_text(query, 4));
    job->state = (enum job_state)query_get_int(query, 5);
    job->request = (enum job_request)query_get_int(query, 6);
    job->slot = (int)query_get_int(query, 7);
    job->attempts = (int)query_get_int(query, 8);
    job->uid = (uint32_t)query_get_int(query, 9);
    job->gid = (uint32_t)query_get_int(query, 10);
    job->pid = (uint32_t)query_get_int(query, 11);
    job->created = query_get_int(query, 12);
    job->started = query_get_int(query, 13);
    job->ended = query_get_int(query, 14);
    job->extracted = query_get_int(query, 15) != 0;
    job->stamp = (uint64_t)query_get_int(query, 16);
    job->round = (int)query_get_int(query, 17);
}

static int job_read_tally(struct driver *driver, struct db_job *job,
                          struct err *err)
{
    struct query *query;
    int rc = driver_query(
        driver, "SELECT state, items, bytes FROM tally WHERE job = $1", &query,
        err);

    if (rc)
        return rc;
    query_int(query, 1, job->id);
    while ((rc = query_step(query, err)) > 0) {
        int64_t state = query_get_int(query, 0);
        if (state < 0 || state >= ITEM_STATES)
            continue;
        job->items[state] = query_get_int(query, 1);
        job->bytes[state] = query_get_int(query, 2);
    }
    return rc;
}

/* The one row of a query on id, with its counters. */
static int job_fetch(struct driver *driver, struct query *query, int64_t id,
                     struct db_job *job, struct err *err)
{
    int rc;

    query_int(query, 1, id);
    rc = query_step(query, err);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return err_set(err, ENOENT, "no such job");
    job_read(query, job);
    query_end(query);
    return job_read_tally(driver, job, err);
}

static int job_load(struct driver *driver, int64_t id, struct db_job *job,
                    struct err *err)
{
    struct query *query;
    int rc = driver_query(driver, "SELECT " JOB_COLS " FROM job WHERE id = $1",
                          &query, err);

    return rc ? rc : job_fetch(driver, query, id, job, err);
}

static int job_load_latest(struct driver *driver, int64_t store,
                           struct db_job *job, struct err *err)
{
    struct query *query;
    int rc = driver_query(driver,
                          "SELECT " JOB_COLS " FROM job WHERE store = $1"
                          " ORDER BY id DESC LIMIT 1",
                          &query, err);

    return rc ? rc : job_fetch(driver, query, store, job, err);
}

int db_job_get(struct db *db, int64_t id, struct db_job *job_r, struct err *err)
{
    int rc = db_begin_read(db, err);

    return rc ? rc : db_end(db, job_load(db->main, id, job_r, err), err);
}

int db_job_latest(struct db *db, int64_t store, struct db_job *job_r,
                  struct err *err)
{
    int rc = db_begin_read(db, err);

    if (rc)
        return rc;
    return db_end(db, job_load_latest(db->main, store, job_r, err), err);
}

static int job_each(struct driver *side, db_job_fn *fn, void *ctx,
                    struct err *err)
{
    cleanup_query struct query *query = NULL;
    struct db_job job;
    int rc = driver_query(side, "SELECT " JOB_COLS " FROM job ORDER BY id",
                          &query, err);

    while (!rc && (rc = query_step(query, err)) > 0) {
        job_read(query, &job);
        rc = job_read_tally(side, &job, err);
        if (!rc)
            rc = fn(ctx, &job);
    }
    return rc;
}

int db_job_each(struct db *db, db_job_fn *fn, void *ctx, struct err *err)
{
    struct driver *side;
    int rc = db_side_take(db, &side, err);

    if (rc)
        return rc;
    /* One snapshot for the jobs and their counters. */
    rc = driver_begin_read(side, err);
    if (!rc) {
        rc = job_each(side, fn, ctx, err);
        driver_rollback(side);
    }
    db_side_give(db, &side);
    return rc;
}

/* ---- new ---- */

static int job_check_store(struct driver *driver, int64_t store,
                           struct err *err)
{
    struct query *query;
    int64_t n;
    int rc = driver_query(driver, "SELECT count(*) FROM store WHERE id = $1",
                          &query, err);

    if (rc)
        return rc;
    query_int(query, 1, store);
    rc = db_ask_int(query, &n, err);
    if (!rc && n == 0)
        return err_set(err, ENOENT, "no store %lld", (long long)store);
    return rc;
}

static int job_check_active(struct driver *driver, int64_t store,
                            struct err *err)
{
    cleanup_query struct query *query = NULL;
    int rc = driver_query(driver,
                          "SELECT id, state FROM job"
                          " WHERE store = $1 AND state IN (0, 1, 2)",
                          &query, err);

    if (rc)
        return rc;
    query_int(query, 1, store);
    rc = query_step(query, err);
    if (rc <= 0)
        return rc;
    return err_set(err, EBUSY, "the store has job %lld, which is %s",
                   (long long)query_get_int(query, 0),
                   job_state_name((enum job_state)query_get_int(query, 1)));
}

static int job_check_done(struct driver *driver, int64_t store,
                          const char *target, struct err *err)
{
    struct query *query;
    int64_t id;
    int rc = driver_query(driver,
                          "SELECT max(id) FROM job WHERE store = $1"
                          " AND target = $2 AND state = $3",
                          &query, err);

    if (rc)
        return rc;
    query_int(query, 1, store);
    query_bytes(query, 2, target, strlen(target));
    query_int(query, 3, JOB_DONE);
    rc = db_ask_int(query, &id, err);
    if (!rc && id)
        return err_set(err, EEXIST, "job %lld has migrated the store there",
                       (long long)id);
    return rc;
}

static int job_insert(struct driver *driver, int64_t store, const char *target,
                      const uint32_t who[3], int64_t *id_r, struct err *err)
{
    struct query *query;
    int rc = driver_query(
        driver,
        "INSERT INTO job (store, target, uid, gid, pid, created, slot, stage,"
        " error, state, request, attempts, started, ended, extracted)"
        " VALUES ($1, $2, $3, $4, $5, $6, -1, '', '', 0, 0, 0, 0, 0, 0)"
        " RETURNING id",
        &query, err);

    if (rc)
        return rc;
    query_int(query, 1, store);
    query_bytes(query, 2, target, strlen(target));
    for (int i = 0; i < 3; i++)
        query_int(query, 3 + i, who[i]);
    query_int(query, 6, time_now());
    return db_ask_int(query, id_r, err);
}

int db_job_new(struct db *db, int64_t store, const char *target, uint32_t uid,
               uint32_t gid, uint32_t pid, int64_t *id_r, struct err *err)
{
    const uint32_t who[3] = {uid, gid, pid};
    int64_t id = 0;
    int rc;

    if (!*target || strlen(target) >= DB_TARGET_MAX)
        return err_set(err, EINVAL, "a target has 1 to %d bytes",
                       DB_TARGET_MAX - 1);
    rc = db_begin_write(db, err);
    if (rc)
        return rc;
    rc = job_check_store(db->main, store, err);
    if (!rc)
        rc = job_check_active(db->main, store, err);
    if (!rc)
        rc = job_check_done(db->main, store, target, err);
    if (!rc)
        rc = job_insert(db->main, store, target, who, &id, err);
    rc = db_end(db, rc, err);
    if (!rc && id_r)
        *id_r = id;
    return rc;
}
