/* The state: stores, events, sizes, versions, the schema. Jobs, the ledger,
 * and processes that contend and die have files of their own. */
#include "tests/unit/check.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "pipeline/base/clock.h"
#include "pipeline/db/db.h"
#include "pipeline/db/schema.h"
#include "tests/unit/db_help.h"

/* ---- stores ---- */

static int see_store(void *ctx, const struct db_store *s)
{
    struct help_seen *seen = ctx;

    if (seen->n < 8)
        seen->ids[seen->n] = s->id;
    seen->n++;
    snprintf(seen->text, sizeof(seen->text), "%s|%s|%s|%s|%lld|%lld", s->path,
             s->state, s->reason, s->record_key, (long long)s->size,
             (long long)s->mtime);
    return seen->n == seen->stop ? -ECANCELED : 0;
}

static void test_store_put(struct db *db)
{
    struct db_store s = {.path = "/p/caf\xe9\xff.pst",
                         .state = "ok",
                         .reason = "",
                         .record_key = "abcd",
                         .size = 7,
                         .mtime = 8};
    struct help_seen seen = {0};
    struct err err = {0};
    int64_t id = 0, again = 0;

    CHECK_EQ(db_store_put(db, &s, &id, &err), 0);
    CHECK(id >= 1);
    s.record_key = "";
    s.state = "gone";
    s.reason = "not there";
    s.size = (int64_t)1 << 40;
    CHECK_EQ(db_store_put(db, &s, &again, &err), 0);
    CHECK_EQ(again, id);
    CHECK_EQ(db_store_get(db, id, see_store, &seen, &err), 0);
    CHECK_EQ(seen.n, 1);
    CHECK_STR(seen.text,
              "/p/caf\xe9\xff.pst|gone|not there|abcd|1099511627776|8");
    CHECK_EQ(db_store_get(db, 99, see_store, &seen, &err), -ENOENT);
    CHECK_EQ(db_store_put(db, &s, NULL, &err), 0);
}

static void test_store_many(struct db *db)
{
    struct db_store s[3] = {
        {.path = "/m/1", .state = "ok", .reason = "", .record_key = ""},
        {.path = "/m/2", .state = "rejected", .reason = "no PST"},
        {.path = "/m/3", .state = "ok", .reason = "", .record_key = "77"}};
    struct help_seen seen = {0};
    struct err err = {0};
    int64_t first, version;

    CHECK_EQ(db_store_put_all(db, s, 3, &err), 0);
    CHECK(s[0].id < s[1].id && s[1].id < s[2].id);
    first = s[0].id;
    version = db_version(db);
    CHECK_EQ(db_store_put_all(db, s, 3, &err), 0);
    CHECK_EQ(s[0].id, first);
    CHECK_EQ(db_version(db), version); /* nothing new: nothing written */
    CHECK_EQ(db_store_each(db, see_store, &seen, &err), 0);
    CHECK(seen.n >= 3);
    CHECK_EQ(seen.ids[seen.n - 1], s[2].id);
    seen = (struct help_seen){.stop = 2};
    CHECK_EQ(db_store_each(db, see_store, &seen, &err), -ECANCELED);
    CHECK_EQ(seen.n, 2);
}

static int put_inside(void *ctx, const struct db_store *s)
{
    struct db_store copy = *s;
    struct err err = {0};
    int64_t id;

    copy.mtime++;
    return db_store_put(ctx, &copy, &id, &err);
}

/* A listing's function may use the db, and sees none of its own changes. */
static void test_store_nested(struct db *db)
{
    struct err err = {0};

    CHECK_EQ(db_store_each(db, put_inside, db, &err), 0);
}

/* ---- events, sizes, versions ---- */

static int see_event(void *ctx, const struct db_event *e)
{
    struct help_seen *seen = ctx;

    seen->ids[0] = e->id;
    seen->n++;
    snprintf(seen->text, sizeof(seen->text), "%s|%s|%lld|%lld", e->level,
             e->text, (long long)e->store, (long long)e->job);
    return e->time > 0 ? 0 : -EINVAL;
}

static void test_events(struct db *db)
{
    struct err err = {0};
    struct help_seen seen = {0};

    CHECK_EQ(db_event_add(db, 0, 0, "info", "mounted"), 0);
    CHECK_EQ(db_event_add(db, 1, 2, "warning", "slow"), 0);
    CHECK_EQ(db_event_add(db, 2, 3, "error", "lost"), 0);
    CHECK_EQ(db_event_each(db, 0, 0, see_event, &seen, &err), 0);
    CHECK_EQ(seen.n, 3);
    CHECK_STR(seen.text, "error|lost|2|3");
    CHECK_EQ(db_event_each(db, 0, seen.ids[0], see_event, &seen, &err), 0);
    CHECK_EQ(seen.n, 3);
    CHECK_EQ(db_event_each(db, 1, 0, see_event, &seen, &err), 0);
    CHECK_EQ(seen.n, 4);
    CHECK_STR(seen.text, "warning|slow|1|2");
}

static void test_sizes(struct db *db)
{
    static const char blob[] = "\0one\0two";
    cleanup_buf struct buf out = BUF(1 << 20);
    cleanup_buf struct buf small = BUF(4);
    struct err err = {0};
    uint64_t stamp = UINT64_MAX - 1;

    CHECK_EQ(db_sizes_get(db, 1, 2, stamp, 3, &out, &err), -ENOENT);
    CHECK_EQ(db_sizes_put(db, 1, 2, stamp, 3, blob, sizeof(blob), &err), 0);
    CHECK_EQ(db_sizes_get(db, 1, 2, stamp, 3, &out, &err), 0);
    CHECK_EQ(out.len, sizeof(blob));
    CHECK(memcmp(buf_str(&out), blob, sizeof(blob)) == 0);
    CHECK_EQ(db_sizes_get(db, 1, 2, stamp, 3, &small, &err), -EFBIG);
    CHECK_EQ(db_sizes_get(db, 1, 2, stamp, 4, &out, &err), -ENOENT);
    CHECK_EQ(db_sizes_get(db, 1, 2, 7, 3, &out, &err), -ENOENT);
    CHECK_EQ(db_sizes_put(db, 1, 2, 7, 4, NULL, 0, &err), 0);
    buf_clear(&out);
    CHECK_EQ(db_sizes_get(db, 1, 2, 7, 4, &out, &err), 0);
    CHECK_EQ(out.len, 0);
    CHECK_EQ(db_sizes_get(db, 1, 2, stamp, 3, &out, &err), -ENOENT);
}

/* ---- items that end readers ---- */

static int see_bad(void *ctx, uint32_t nid, const char *reason)
{
    struct help_seen *seen = ctx;

    seen->n++;
    snprintf(seen->text, sizeof(seen->text), "%x|%s", nid, reason);
    return 0;
}

/* How many are bad, and the last as text. */
static int bad_count(struct db *db, const char *path, uint64_t stamp,
                     const char *last)
{
    struct help_seen seen = {0};
    struct err err = {0};

    CHECK_EQ(db_bad_each(db, path, stamp, see_bad, &seen, &err), 0);
    CHECK_STR(seen.text, last);
    return seen.n;
}

static void test_bad(struct db *db)
{
    uint64_t old = UINT64_MAX - 1, new = 7;
    struct err err = {0};

    CHECK(help_store(db, "/bad") > 0 && help_store(db, "/bad/2") > 0);
    CHECK_EQ(bad_count(db, "/bad", old, ""), 0);
    CHECK_EQ(db_bad_add(db, "/bad", old, UINT32_MAX, "died", &err), 0);
    CHECK_EQ(db_bad_add(db, "/bad", old, 0x24, "hung", &err), 0);
    CHECK_EQ(db_bad_add(db, "/bad", old, 0x24, "died", &err), 0);
    CHECK_EQ(db_bad_add(db, "/bad/2", old, 0x44, "hung", &err), 0);
    CHECK_EQ(db_bad_add(db, "/not known", old, 0x44, "hung", &err), 0);
    CHECK_EQ(bad_count(db, "/bad", old, "ffffffff|died"), 2);
    CHECK_EQ(bad_count(db, "/bad/2", old, "44|hung"), 1);
    CHECK_EQ(bad_count(db, "/not known", old, ""), 0);
    CHECK_EQ(bad_count(db, "/bad", new, ""), 0);
    CHECK_EQ(db_bad_add(db, "/bad", new, 0x24, "again", &err), 0);
    CHECK_EQ(bad_count(db, "/bad", new, "24|again"), 1);
    CHECK_EQ(bad_count(db, "/bad", old, ""), 0);
}

static void test_bad_many(struct db *db, const char *path)
{
    struct driver *d = NULL;
    struct err err = {0};

    CHECK(help_store(db, "/bad/many") > 0);
    CHECK_EQ(driver_open(path, DRIVER_LAZY, 64, &d, &err), 0);
    CHECK_EQ(driver_exec(d,
                         "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL"
                         " SELECT i + 1 FROM n WHERE i < 4095)"
                         " INSERT INTO bad_item SELECT id, 1, i, 'x', 0"
                         " FROM store, n WHERE path = CAST('/bad/many'"
                         " AS BLOB)",
                         &err),
             0);
    driver_close(&d);
    CHECK_EQ(db_bad_add(db, "/bad/many", 1, 0x1000, "x", &err), 0);
    CHECK_EQ(db_bad_add(db, "/bad/many", 1, 0x1001, "x", &err), 0);
    CHECK_EQ(bad_count(db, "/bad/many", 1, "1000|x"), DB_BAD_MAX);
}

static void test_bad_retry(struct db *db)
{
    int64_t store = help_store(db, "/bad/job"), job;
    struct err err = {0};

    CHECK_EQ(db_job_new(db, store, "maildir:/x", 0, 0, 0, &job, &err), 0);
    CHECK_EQ(db_job_act(db, job, JOB_ACT_CANCEL, &err), 0);
    CHECK_EQ(db_bad_add(db, "/bad/job", 1, 0x24, "died", &err), 0);
    CHECK_EQ(db_job_act(db, job, JOB_ACT_RETRY, &err), 0);
    CHECK_EQ(bad_count(db, "/bad/job", 1, ""), 0);
    CHECK_EQ(bad_count(db, "/bad", 7, "24|again"), 1);
}

static void test_version(struct db *db, const char *path)
{
    struct err err = {0};
    struct db *other = NULL;
    int64_t before = db_version(db), after;

    CHECK_EQ(db_version(db), before);
    CHECK_EQ(db_event_add(db, 0, 0, "info", "mine"), 0);
    after = db_version(db);
    CHECK(after > before);
    CHECK_EQ(db_open(path, &other, &err), 0);
    before = db_version(db);
    CHECK_EQ(db_event_add(other, 0, 0, "info", "theirs"), 0);
    CHECK(db_version(db) > before);
    before = db_version(db);
    CHECK_EQ(db_version(db), before);
    db_close(&other);
    CHECK(other == NULL);
}

/* ---- the schema ---- */

static const struct schema_step test_steps[] = {
    {"one", "CREATE TABLE t (a BIGINT NOT NULL); INSERT INTO t VALUES (7)"},
    {"two", "ALTER TABLE t ADD COLUMN b BIGINT NOT NULL DEFAULT 8"},
    {"bad", "INSERT INTO t VALUES (9, 9); INSERT INTO nowhere VALUES (1)"},
};

static int64_t ask(struct driver *d, const char *sql)
{
    struct err err = {0};
    struct query *q;
    int64_t value = -1;

    if (CHECK(driver_query(d, sql, &q, &err) == 0)) {
        if (query_step(q, &err) == 1)
            value = query_get_int(q, 0);
        query_end(q);
    }
    return value;
}

static void test_migrate(const char *dir)
{
    struct err err = {0};
    struct driver *d = NULL;
    char path[300];
    int version = -1;

    snprintf(path, sizeof(path), "%s/steps.db", dir);
    CHECK_EQ(driver_open(path, DRIVER_DURABLE, 64, &d, &err), 0);
    CHECK_EQ(driver_schema(d, &version, &err), 0);
    CHECK_EQ(version, 0);
    CHECK_EQ(schema_migrate(d, test_steps, 1, &err), 0);
    CHECK_EQ(ask(d, "SELECT a FROM t"), 7);
    CHECK_EQ(schema_migrate(d, test_steps, 2, &err), 0);
    CHECK_EQ(ask(d, "SELECT b FROM t"), 8);
    CHECK_EQ(schema_migrate(d, test_steps, 3, &err), -EIO);
    CHECK(strstr(err.msg, "step 3 (bad)") && strstr(err.msg, "nowhere"));
    CHECK_EQ(driver_schema(d, &version, &err), 0);
    CHECK_EQ(version, 2);
    CHECK_EQ(ask(d, "SELECT count(*) FROM t"), 1);
    CHECK_EQ(schema_migrate(d, test_steps, 1, &err), -EPROTO);
    driver_close(&d);
}

static void test_open_bad(const char *dir)
{
    struct err err = {0};
    struct driver *d = NULL;
    struct db *db = NULL;
    char path[300];
    FILE *f;

    snprintf(path, sizeof(path), "%s/none/state.db", dir);
    CHECK_EQ(db_open(path, &db, &err), -EIO);
    CHECK(db == NULL && strstr(err.msg, "none/state.db"));
    snprintf(path, sizeof(path), "%s/text.db", dir);
    f = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fprintf(f, "this is no database\n");
    fclose(f);
    CHECK_EQ(db_open(path, &db, &err), -EIO);
    snprintf(path, sizeof(path), "%s/new.db", dir);
    CHECK_EQ(db_open(path, &db, &err), 0);
    db_close(&db);
    CHECK_EQ(driver_open(path, DRIVER_DURABLE, 64, &d, &err), 0);
    CHECK_EQ(driver_schema_set(d, 1000, &err), 0);
    driver_close(&d);
    CHECK_EQ(db_open(path, &db, &err), -EPROTO);
    CHECK(strstr(err.msg, "version 1000") != NULL);
}

/* ---- threads ---- */

#define THREADS      4
#define THREAD_TURNS 60

static void *thread_main(void *ctx)
{
    struct db *db = ctx;
    struct err err = {0};
    struct help_seen seen = {0};

    for (int i = 0; i < THREAD_TURNS; i++) {
        if (db_event_add(db, 77, 0, "info", "thread") != 0 ||
            db_event_each(db, 77, 0, see_event, &seen, &err) != 0 ||
            db_version(db) <= 0)
            return db; /* not NULL: failed */
    }
    return NULL;
}

static void test_threads(struct db *db)
{
    pthread_t threads[THREADS];
    struct err err = {0};
    struct help_seen seen = {0};
    void *result;

    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, thread_main, db), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &result);
        CHECK(result == NULL);
    }
    CHECK_EQ(db_event_each(db, 77, 0, see_event, &seen, &err), 0);
    CHECK_EQ(seen.n, THREADS * THREAD_TURNS);
}

/* ---- again after a restart ---- */

static void test_reopen(struct db **db, const char *path)
{
    int64_t id = help_store(*db, "/again");
    struct err err = {0};

    db_close(db);
    CHECK_EQ(db_open(path, db, &err), 0);
    CHECK_EQ(help_store(*db, "/again"), id);
    CHECK(help_store(*db, "/again/2") > id);
}

int main(void)
{
    char dir[256], path[300];
    struct err err = {0};
    struct db *db = NULL;

    if (help_dir(dir, sizeof(dir)))
        return 99;
    snprintf(path, sizeof(path), "%s/state.db", dir);
    CHECK_EQ(db_open(path, &db, &err), 0);
    test_store_put(db);
    test_store_many(db);
    test_store_nested(db);
    test_events(db);
    test_sizes(db);
    test_bad(db);
    test_bad_many(db, path);
    test_bad_retry(db);
    test_version(db, path);
    test_threads(db);
    test_reopen(&db, path);
    db_close(&db);
    test_migrate(dir);
    test_open_bad(dir);
    help_dir_remove(dir);
    return check_report();
}
