/* Jobs and how they go from state to state. */
#include "tests/unit/check.h"

#include <errno.h>
#include <stdlib.h>

#include "pipeline/db/db.h"
#include "tests/unit/db_help.h"

static void check_job(struct db *db, int64_t id, enum job_state state,
                      enum job_request request, int slot)
{
    struct err err = {0};
    struct db_job job;

    CHECK_EQ(db_job_get(db, id, &job, &err), 0);
    CHECK_STR(job_state_name(job.state), job_state_name(state));
    CHECK_EQ(job.request, request);
    CHECK_EQ(db_job_request(db, id), request);
    CHECK_EQ(job.slot, slot);
    CHECK_EQ(job.ended != 0, job_state_ended(state));
}

static void test_job_new(struct db *db)
{
    int64_t store = help_store(db, "/job/new"), id = 0, other = 0;
    struct err err = {0};
    struct db_job job;

    CHECK_EQ(db_job_latest(db, store, &job, &err), -ENOENT);
    CHECK_EQ(db_job_new(db, 12345, "maildir:/x", 1, 2, 3, &id, &err), -ENOENT);
    CHECK_EQ(db_job_new(db, store, "", 1, 2, 3, &id, &err), -EINVAL);
    CHECK_EQ(db_job_new(db, store, "maildir:/\xff", 1, 2, 3, &id, &err), 0);
    CHECK_EQ(db_job_new(db, store, "imap:a@b", 1, 2, 3, &other, &err), -EBUSY);
    CHECK(strstr(err.msg, "queued") != NULL);
    CHECK_EQ(db_job_get(db, id, &job, &err), 0);
    CHECK_STR(job.target, "maildir:/\xff");
    CHECK_STR(job.stage, "");
    CHECK_STR(job.error, "");
    CHECK_EQ(job.store, store);
    CHECK_EQ(job.uid, 1);
    CHECK_EQ(job.gid, 2);
    CHECK_EQ(job.pid, 3);
    CHECK(job.created > 0 && job.started == 0 && !job.extracted);
    check_job(db, id, JOB_QUEUED, JOB_GO, -1);
    CHECK_EQ(db_job_set(db, id, JOB_DONE, "", &err), 0);
    CHECK_EQ(db_job_new(db, store, "maildir:/\xff", 1, 2, 3, &other, &err),
             -EEXIST);
    CHECK_EQ(db_job_new(db, store, "imap:a@b", 1, 2, 3, &other, &err), 0);
    CHECK_EQ(db_job_latest(db, store, &job, &err), 0);
    CHECK_EQ(job.id, other);
    CHECK_EQ(db_job_act(db, other, JOB_ACT_CANCEL, &err), 0);
    CHECK_EQ(db_job_get(db, 999, &job, &err), -ENOENT);
}

static void test_job_work(struct db *db)
{
    int64_t one = 0, two = 0;
    struct err err = {0};
    struct db_job job;

    CHECK_EQ(db_job_claim(db, 0, &job, &err), 0);
    db_job_new(db, help_store(db, "/work/1"), "maildir:/1", 0, 0, 0, &one,
               &err);
    db_job_new(db, help_store(db, "/work/2"), "maildir:/2", 0, 0, 0, &two,
               &err);
    CHECK_EQ(db_job_claim(db, 3, &job, &err), 1);
    CHECK_EQ(job.id, one);
    CHECK_EQ(job.attempts, 1);
    CHECK(job.started > 0);
    check_job(db, one, JOB_RUNNING, JOB_GO, 3);
    CHECK_EQ(db_job_claim(db, 4, &job, &err), 1);
    CHECK_EQ(job.id, two);
    CHECK_EQ(db_job_claim(db, 5, &job, &err), 0);
    CHECK_EQ(db_job_stage(db, one, "extract", "", &err), 0);
    CHECK_EQ(db_job_stage(db, 999, "extract", "", &err), -ENOENT);
    CHECK_EQ(db_job_extracted(db, one, &err), 0);
    CHECK_EQ(db_job_extracted(db, 999, &err), -ENOENT);
    CHECK_EQ(db_job_set(db, one, JOB_FAILED, "no such host", &err), 0);
    CHECK_EQ(db_job_get(db, one, &job, &err), 0);
    CHECK_STR(job.stage, "extract");
    CHECK_STR(job.error, "no such host");
    CHECK(job.extracted);
    check_job(db, one, JOB_FAILED, JOB_GO, -1);
    CHECK_EQ(db_job_set(db, one, JOB_DONE, "", &err), -EINVAL);
    CHECK_EQ(db_job_set(db, two, JOB_RUNNING, "", &err), -EINVAL);
    CHECK_EQ(db_job_set(db, two, JOB_PARTIAL, "", &err), 0);
    check_job(db, two, JOB_PARTIAL, JOB_GO, -1);
}

/* One way through the states: what is done in turn, and what comes of it. */
struct flow_step {
    char what; /* p r c t: act; C: claim; L: release; 0-6: db_job_set */
    int rc;
    enum job_state state;
    enum job_request request;
};

static int flow_do(struct db *db, int64_t id, char what, struct err *err)
{
    static const char acts[] = "prct";
    const char *act = strchr(acts, what);
    struct db_job job;

    if (act)
        return db_job_act(db, id, (enum job_action)(act - acts), err);
    if (what == 'C')
        return db_job_claim(db, 7, &job, err);
    if (what == 'L')
        return db_job_release_slot(db, 7, err);
    return db_job_set(db, id, (enum job_state)(what - '0'), "why", err);
}

static void test_flow(struct db *db, const char *path,
                      const struct flow_step *step, size_t n)
{
    struct err err = {0};
    int64_t id = 0;

    CHECK_EQ(
        db_job_new(db, help_store(db, path), "maildir:/f", 0, 0, 0, &id, &err),
        0);
    for (size_t i = 0; i < n; i++) {
        int rc = flow_do(db, id, step[i].what, &err);
        if (rc != step[i].rc)
            fprintf(stderr, "%s step %zu: %s\n", path, i, err.msg);
        CHECK_EQ(rc, step[i].rc);
        check_job(db, id, step[i].state, step[i].request,
                  step[i].state == JOB_RUNNING ? 7 : -1);
    }
}

static void test_flows(struct db *db)
{
    static const struct flow_step queued[] = {
        {'r', -EINVAL, JOB_QUEUED, JOB_GO}, {'t', -EINVAL, JOB_QUEUED, JOB_GO},
        {'p', 0, JOB_PAUSED, JOB_GO},       {'p', -EINVAL, JOB_PAUSED, JOB_GO},
        {'C', 0, JOB_PAUSED, JOB_GO},       {'r', 0, JOB_QUEUED, JOB_GO},
        {'c', 0, JOB_CANCELLED, JOB_GO},    {'c', -EINVAL, JOB_CANCELLED, 0},
        {'p', -EINVAL, JOB_CANCELLED, 0},   {'r', -EINVAL, JOB_CANCELLED, 0},
        {'t', 0, JOB_QUEUED, JOB_GO},       {'p', 0, JOB_PAUSED, JOB_GO},
        {'c', 0, JOB_CANCELLED, JOB_GO},
    };
    static const struct flow_step running[] = {
        {'C', 1, JOB_RUNNING, JOB_GO},
        {'r', -EINVAL, JOB_RUNNING, JOB_GO},
        {'t', -EINVAL, JOB_RUNNING, JOB_GO},
        {'p', 0, JOB_RUNNING, JOB_PAUSE},
        {'r', 0, JOB_RUNNING, JOB_GO}, /* taken back ... */
        {'2', 0, JOB_QUEUED, JOB_GO},  /* ... while it stopped */
        {'C', 1, JOB_RUNNING, JOB_GO},
        {'p', 0, JOB_RUNNING, JOB_PAUSE},
        {'2', 0, JOB_PAUSED, JOB_GO},
        {'r', 0, JOB_QUEUED, JOB_GO},
        {'C', 1, JOB_RUNNING, JOB_GO},
        {'p', 0, JOB_RUNNING, JOB_PAUSE},
        {'c', 0, JOB_RUNNING, JOB_CANCEL},
        {'p', -EINVAL, JOB_RUNNING, JOB_CANCEL},
        {'2', 0, JOB_CANCELLED, JOB_GO},
    };
    static const struct flow_step crashed[] = {
        {'L', 0, JOB_QUEUED, JOB_GO},      {'C', 1, JOB_RUNNING, JOB_GO},
        {'L', 0, JOB_QUEUED, JOB_GO},      {'C', 1, JOB_RUNNING, JOB_GO},
        {'p', 0, JOB_RUNNING, JOB_PAUSE},  {'L', 0, JOB_PAUSED, JOB_GO},
        {'r', 0, JOB_QUEUED, JOB_GO},      {'C', 1, JOB_RUNNING, JOB_GO},
        {'c', 0, JOB_RUNNING, JOB_CANCEL}, {'L', 0, JOB_CANCELLED, JOB_GO},
        {'t', 0, JOB_QUEUED, JOB_GO},      {'C', 1, JOB_RUNNING, JOB_GO},
        {'p', 0, JOB_RUNNING, JOB_PAUSE},  {'0', 0, JOB_PAUSED, JOB_GO},
        {'r', 0, JOB_QUEUED, JOB_GO},      {'C', 1, JOB_RUNNING, JOB_GO},
        {'c', 0, JOB_RUNNING, JOB_CANCEL}, {'3', 0, JOB_DONE, JOB_GO},
        {'t', -EINVAL, JOB_DONE, JOB_GO},
    };
    test_flow(db, "/flow/queued", queued, array_len(queued));
    test_flow(db, "/flow/running", running, array_len(running));
    test_flow(db, "/flow/crashed", crashed, array_len(crashed));
}

static int see_job(void *ctx, const struct db_job *job)
{
    struct help_seen *seen = ctx;

    seen->n++;
    CHECK(job->id > seen->ids[0]);
    seen->ids[0] = job->id;
    return seen->n == seen->stop ? 17 : 0;
}

static void test_job_list(struct db *db)
{
    struct help_seen seen = {0};
    struct err err = {0};
    int64_t n;

    CHECK_EQ(db_job_each(db, see_job, &seen, &err), 0);
    n = seen.n;
    CHECK(n > 4);
    seen = (struct help_seen){.stop = 2};
    CHECK_EQ(db_job_each(db, see_job, &seen, &err), 17);
    CHECK_EQ(db_job_act(db, 4711, JOB_ACT_PAUSE, &err), -ENOENT);
    CHECK_STR(job_state_name(JOB_STATES), "unknown");
    CHECK_STR(item_state_name(ITEM_VERIFIED), "verified");
}

/* An older job may not be taken up while the store has another. */
static void test_job_retry_busy(struct db *db)
{
    int64_t store = help_store(db, "/retry/busy"), old = 0, new = 0;
    struct err err = {0};

    CHECK_EQ(db_job_new(db, store, "maildir:/a", 0, 0, 0, &old, &err), 0);
    CHECK_EQ(db_job_act(db, old, JOB_ACT_CANCEL, &err), 0);
    CHECK_EQ(db_job_new(db, store, "maildir:/b", 0, 0, 0, &new, &err), 0);
    CHECK_EQ(db_job_act(db, old, JOB_ACT_RETRY, &err), -EBUSY);
    check_job(db, old, JOB_CANCELLED, JOB_GO, -1);
    CHECK_EQ(db_job_act(db, new, JOB_ACT_CANCEL, &err), 0);
    CHECK_EQ(db_job_act(db, old, JOB_ACT_RETRY, &err), 0);
    CHECK_EQ(db_job_act(db, old, JOB_ACT_CANCEL, &err), 0);
}

int main(void)
{
    struct err err = {0};
    struct db *db = NULL;
    char dir[256], path[300];

    if (help_dir(dir, sizeof(dir)))
        return 99;
    snprintf(path, sizeof(path), "%s/state.db", dir);
    CHECK_EQ(db_open(path, &db, &err), 0);
    test_job_new(db);
    test_job_work(db);
    test_flows(db);
    test_job_list(db);
    test_job_retry_busy(db);
    db_close(&db);
    help_dir_remove(dir);
    return check_report();
}
