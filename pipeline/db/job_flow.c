/* How a job goes from state to state: what the user wants, what its worker
 * does. Reading and making jobs is in job.c. */
#include "pipeline/db/handle.h"

#include "pipeline/base/clock.h"
#include "pipeline/db/ledger.h"

/* What decides: the part of a job's row that the flow reads and writes. */
struct flow {
    int64_t id, store, ended;
    enum job_state state;
    enum job_request request;
    int slot, attempts;
    const char *error; /* as given; NULL: leave it */
};

static int flow_load(struct driver *driver, int64_t id, struct flow *f,
                     struct err *err)
{
    cleanup_query struct query *query = NULL;
    int rc = driver_query(driver,
                          "SELECT store, ended, state, request, slot,"
                          " attempts FROM job WHERE id = $1",
                          &query, err);

    if (rc)
        return rc;
    query_int(query, 1, id);
    rc = query_step(query, err);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return err_set(err, ENOENT, "no job %lld", (long long)id);
    f->id = id;
    f->store = query_get_int(query, 0);
    f->ended = query_get_int(query, 1);
    f->state = (enum job_state)query_get_int(query, 2);
    f->request = (enum job_request)query_get_int(query, 3);
    f->slot = (int)query_get_int(query, 4);
    f->attempts = (int)query_get_int(query, 5);
    f->error = NULL;
    return 0;
}

static int flow_save(struct driver *driver, const struct flow *f,
                     struct err *err)
{
    struct query *query;
    int rc = driver_query(driver,
                          "UPDATE job SET ended = $1, state = $2,"
                          " request = $3, slot = $4, attempts = $5,"
                          " error = CASE WHEN $6 = 1 THEN $7 ELSE error END"
                          " WHERE id = $8",
                          &query, err);

    if (rc)
        return rc;
    query_int(query, 1, f->ended);
    query_int(query, 2, f->state);
    query_int(query, 3, f->request);
    query_int(query, 4, f->slot);
    query_int(query, 5, f->attempts);
    query_int(query, 6, f->error != NULL);
    query_text_cut(query, 7, f->error, DB_REASON_MAX - 1);
    query_int(query, 8, f->id);
    return query_run(query, err);
}

/* Out of the worker's hands into state. A request that is still open is met
 * now, unless the job has ended by itself. */
static void flow_leave(struct flow *f, enum job_state state)
{
    if (!job_state_ended(state) && f->request == JOB_CANCEL)
        state = JOB_CANCELLED;
    else if (state == JOB_QUEUED && f->request == JOB_PAUSE)
        state = JOB_PAUSED;
    f->state = state;
    f->request = JOB_GO;
    f->slot = -1;
    f->ended = job_state_ended(state) ? time_now() : 0;
}

/* ---- the user ---- */

static int flow_refuse(const struct flow *f, const char *action,
                       struct err *err)
{
    const char *asked[] = {"", ", to be paused", ", to be cancelled"};

    return err_set(err, EINVAL, "cannot %s: job %lld is %s%s", action,
                   (long long)f->id, job_state_name(f->state),
                   asked[f->request]);
}

static int flow_pause(struct driver *driver, struct flow *f, struct err *err)
{
    if (f->state == JOB_QUEUED)
        flow_leave(f, JOB_PAUSED);
    else if (f->state == JOB_RUNNING && f->request != JOB_CANCEL)
        f->request = JOB_PAUSE;
    else
        return flow_refuse(f, "pause", err);
    return 0;
}

static int flow_resume(struct driver *driver, struct flow *f, struct err *err)
{
    if (f->state == JOB_PAUSED)
        flow_leave(f, JOB_QUEUED);
    else if (f->state == JOB_RUNNING && f->request == JOB_PAUSE)
        f->request = JOB_GO; /* the worker has not seen it yet, or must not */
    else
        return flow_refuse(f, "resume", err);
    return 0;
}

static int flow_cancel(struct driver *driver, struct flow *f, struct err *err)
{
    if (f->state == JOB_QUEUED || f->state == JOB_PAUSED)
        flow_leave(f, JOB_CANCELLED);
    else if (f->state == JOB_RUNNING)
        f->request = JOB_CANCEL;
    else
        return flow_refuse(f, "cancel", err);
    return 0;
}

static int flow_check_alone(struct driver *driver, const struct flow *f,
                            const char *action, struct err *err)
{
    struct query *query;
    int64_t other;
    int rc = driver_query(driver,
                          "SELECT id FROM job"
                          " WHERE store = $1 AND state IN (0, 1, 2)",
                          &query, err);

    if (rc)
        return rc;
    query_int(query, 1, f->store);
    rc = db_ask_int(query, &other, err);
    if (!rc && other)
        return err_set(err, EBUSY, "cannot %s: the store has job %lld", action,
                       (long long)other);
    return rc;
}

/* An ended job back to the queue, as if never tried. */
static void flow_again(struct flow *f)
{
    flow_leave(f, JOB_QUEUED);
    f->attempts = 0;
    f->error = "";
}

static int flow_retry(struct driver *driver, struct flow *f, struct err *err)
{
    int rc;

    if (!job_state_ended(f->state) || f->state == JOB_DONE)
        return flow_refuse(f, "retry", err);
    rc = flow_check_alone(driver, f, "retry", err);
    if (!rc)
        rc = ledger_relist_failed(driver, f->id, err);
    if (!rc)
        rc = ledger_stamp(driver, f->id, 0, err);
    if (!rc)
        rc = bad_forget(driver, f->store, err);
    flow_again(f);
    return rc;
}

/* The stages run again; all but the last find nothing to do. */
static int flow_verify(struct driver *driver, struct flow *f, struct err *err)
{
    int rc;

    if (f->state != JOB_DONE && f->state != JOB_PARTIAL)
        return flow_refuse(f, "verify", err);
    rc = flow_check_alone(driver, f, "verify", err);
    flow_again(f);
    return rc;
}

int db_job_act(struct db *db, int64_t id, enum job_action action,
               struct err *err)
{
    static int (*const acts[])(struct driver *, struct flow *, struct err *) = {
        [JOB_ACT_PAUSE] = flow_pause,   [JOB_ACT_RESUME] = flow_resume,
        [JOB_ACT_CANCEL] = flow_cancel, [JOB_ACT_RETRY] = flow_retry,
        [JOB_ACT_VERIFY] = flow_verify,
    };
    struct flow f;
    int rc;

    if ((unsigned)action >= array_len(acts))
        return err_set(err, EINVAL, "no such action");
    rc = db_begin_write(db, err);
    if (rc)
        return rc;
    rc = flow_load(db->main, id, &f, err);
    if (!rc)
        rc = acts[action](db->main, &f, err);
    if (!rc)
        rc = flow_save(db->main, &f, err);
    return db_end(db, rc, err);
}

/* ---- the worker ---- */

/* Some running job of the slot; 0 none. */
static int flow_find_running(struct driver *driver, int slot, int64_t *id_r,
                             struct err *err)
{
    struct query *query;
    int rc = driver_query(driver,
                          "SELECT min(id) FROM job"
                          " WHERE state = $1 AND slot = $2",
                          &query, err);

    if (rc)
        return rc;
    query_int(query, 1, JOB_RUNNING);
    query_int(query, 2, slot);
    return db_ask_int(query, id_r, err);
}

static int flow_release(struct driver *driver, int slot, struct err *err)
{
    struct flow f;
    int64_t id;
    int rc;

    while ((rc = flow_find_running(driver, slot, &id, err)) == 0 && id) {
        rc = flow_load(driver, id, &f, err);
        if (rc)
            return rc;
        flow_leave(&f, JOB_QUEUED);
        rc = flow_save(driver, &f, err);
        if (rc)
            return rc;
    }
    return rc;
}

int db_job_release_slot(struct db *db, int slot, struct err *err)
{
    int rc = db_begin_write(db, err);

    return rc ? rc : db_end(db, flow_release(db->main, slot, err), err);
}

static int flow_oldest(struct driver *driver, int64_t *id_r, struct err *err)
{
    struct query *query;
    int rc = driver_query(driver, "SELECT min(id) FROM job WHERE state = $1",
                          &query, err);

    if (rc)
        return rc;
    query_int(query, 1, JOB_QUEUED);
    return db_ask_int(query, id_r, err);
}

static int flow_take(struct driver *driver, int64_t id, int slot,
                     struct err *err)
{
    struct query *query;
    int rc = driver_query(
        driver,
        "UPDATE job SET state = $1, slot = $2, attempts = attempts + 1,"
        " started = CASE WHEN started = 0 THEN $3 ELSE started END"
        " WHERE id = $4",
        &query, err);

    if (rc)
        return rc;
    query_int(query, 1, JOB_RUNNING);
    query_int(query, 2, slot);
    query_int(query, 3, time_now());
    query_int(query, 4, id);
    return query_run(query, err);
}

/* Is there one at all? Idle workers ask often and must not keep writers
 * waiting, so this look takes no lock. */
static int flow_peek(struct db *db, int64_t *id_r, struct err *err)
{
    int rc = db_begin_read(db, err);

    return rc ? rc : db_end(db, flow_oldest(db->main, id_r, err), err);
}

int db_job_claim(struct db *db, int slot, struct db_job *job_r, struct err *err)
{
    int64_t id = 0;
    int rc = flow_peek(db, &id, err);

    if (rc || !id)
        return rc;
    rc = db_begin_write(db, err);
    if (rc)
        return rc;
    rc = flow_oldest(db->main, &id, err);
    if (!rc && id)
        rc = flow_take(db->main, id, slot, err);
    rc = db_end(db, rc, err);
    if (rc || !id)
        return rc;
    rc = db_job_get(db, id, job_r, err);
    return rc ? rc : 1;
}

int db_job_stage(struct db *db, int64_t id, const char *stage,
                 const char *trouble, struct err *err)
{
    struct query *query;
    int rc = db_begin_write(db, err);

    if (rc)
        return rc;
    rc = driver_query(db->main,
                      "UPDATE job SET stage = $1, error = $2 WHERE id = $3",
                      &query, err);
    if (!rc) {
        query_text(query, 1, stage);
        query_text_cut(query, 2, trouble, DB_REASON_MAX - 1);
        query_int(query, 3, id);
        rc = query_run(query, err);
    }
    if (!rc && driver_rows(db->main) == 0)
        rc = err_set(err, ENOENT, "no job %lld", (long long)id);
    return db_end(db, rc, err);
}

int db_job_extracted(struct db *db, int64_t id, struct err *err)
{
    struct query *query;
    int rc = db_begin_write(db, err);

    if (rc)
        return rc;
    rc = driver_query(db->main, "UPDATE job SET extracted = 1 WHERE id = $1",
                      &query, err);
    if (!rc) {
        query_int(query, 1, id);
        rc = query_run(query, err);
    }
    if (!rc && driver_rows(db->main) == 0)
        rc = err_set(err, ENOENT, "no job %lld", (long long)id);
    return db_end(db, rc, err);
}

static int flow_set(struct driver *driver, int64_t id, enum job_state state,
                    const char *error, struct err *err)
{
    struct flow f;
    int rc = flow_load(driver, id, &f, err);

    if (rc)
        return rc;
    if (state == JOB_RUNNING || (unsigned)state >= JOB_STATES)
        return err_set(err, EINVAL, "a job is not set to %s",
                       job_state_name(state));
    if (job_state_ended(f.state))
        return err_set(err, EINVAL, "job %lld has ended as %s", (long long)id,
                       job_state_name(f.state));
    /* The user has taken the pause back while the worker was stopping. */
    if (state == JOB_PAUSED && f.request == JOB_GO)
        state = JOB_QUEUED;
    flow_leave(&f, state);
    f.error = error ? error : "";
    return flow_save(driver, &f, err);
}

int db_job_set(struct db *db, int64_t id, enum job_state state,
               const char *error, struct err *err)
{
    int rc = db_begin_write(db, err);

    return rc ? rc : db_end(db, flow_set(db->main, id, state, error, err), err);
}

enum job_request db_job_request(struct db *db, int64_t id)
{
    struct query *query;
    int64_t request = JOB_GO;

    pthread_mutex_lock(&db->lock);
    if (driver_query(db->main, "SELECT request FROM job WHERE id = $1", &query,
                     NULL) == 0) {
        query_int(query, 1, id);
        if (db_ask_int(query, &request, NULL) != 0)
            request = JOB_GO;
    }
    pthread_mutex_unlock(&db->lock);
    return (enum job_request)request;
}
