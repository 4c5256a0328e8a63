/* Processes on one database: they contend, and they are killed. And the time
 * of a ledger of 100,000 items, printed, never asserted. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pipeline/base/clock.h"
#include "pipeline/db/db.h"
#include "tests/unit/check.h"
#include "tests/unit/db_help.h"

/* Folders interleave in a real store: item i lies in some folder. */
#define FOLDERS       40
#define FOLDER_NID(k) (0x8022u + (uint32_t)(k)*32)
#define FOLDER_OF(i)  FOLDER_NID((i)*2654435761u % 1009 % FOLDERS)
#define WRITERS       3
#define WRITE_TURNS   40
#define KILLS         12
#define KILL_ITEMS    2000
#define KILL_BATCH    128
#define BIG_ITEMS     100000
#define BIG_BATCH     256
#define HASH_SAMPLE                                                            \
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static int64_t make_job(struct db *db, const char *path)
{
    struct db_store s = {.path = path, .state = "ok"};
    struct db_folder f = {FOLDER_NID(0), "Top\x1fInbox", 0};
    struct err err = {0};
    int64_t store = 0, job = 0;

    CHECK_EQ(db_store_put(db, &s, &store, &err), 0);
    CHECK_EQ(db_job_new(db, store, "maildir:/x", 0, 0, 0, &job, &err), 0);
    for (; f.nid <= FOLDER_NID(FOLDERS - 1); f.nid += 32)
        CHECK_EQ(db_ledger_folder(db, job, &f, &err), 0);
    return job;
}

static int add_items(struct db *db, int64_t job, uint32_t n)
{
    struct db_item it[BIG_BATCH];
    struct err err = {0};
    int rc = 0;

    for (uint32_t at = 0; at < n && !rc; at += BIG_BATCH) {
        uint32_t k = 0;
        for (; k < BIG_BATCH && at + k < n; k++)
            it[k] = (struct db_item){.nid = 0x200004 + (at + k) * 32,
                                     .folder = FOLDER_OF(at + k),
                                     .time = 1700000000,
                                     .size = 10000,
                                     .class = "IPM.Note",
                                     .subject = "About the budget of the year"};
        rc = db_ledger_add(db, job, it, k, &err);
    }
    return rc;
}

static int mark_folder(struct db *db, int64_t job, uint32_t folder,
                       enum item_state from, enum item_state to, size_t batch)
{
    struct err err = {0};
    struct db_item *it;
    uint32_t after = 0;
    size_t n = 1;
    int rc = 0;

    while (!rc && n) {
        rc = db_ledger_next(db, job, folder, from, after, batch, &it, &n, &err);
        for (size_t i = 0; !rc && i < n; i++) {
            after = it[i].nid;
            it[i].state = to;
            it[i].size += 1;
            it[i].hash = HASH_SAMPLE;
            it[i].remote = to == ITEM_SENDING
                               ? ""
                               : "cur/1700000000.M1P2_3.host,S=10000:2,S";
        }
        if (!rc)
            rc = db_ledger_mark(db, job, it, n, &err);
        free(it);
    }
    if (rc)
        fprintf(stderr, "mark: %s\n", err.msg);
    return rc;
}

/* Marks all items of `from` as `to`, folder by folder, in batches. */
static int mark_items(struct db *db, int64_t job, enum item_state from,
                      enum item_state to, size_t batch)
{
    int rc = 0;

    for (int k = 0; k < FOLDERS && !rc; k++)
        rc = mark_folder(db, job, FOLDER_NID(k), from, to, batch);
    return rc;
}

/* ---- contention ---- */

static int count_event(void *ctx, const struct db_event *e)
{
    (*(int *)ctx)++;
    return e->id > 0 ? 0 : -EINVAL;
}

static int contend(const char *path)
{
    struct err err = {0};
    struct db *db;

    if (db_open(path, &db, &err))
        return 1;
    for (int i = 0; i < WRITE_TURNS; i++)
        if (db_event_add(db, 5, 0, "info", "mine"))
            return 2;
    db_close(&db);
    return 0;
}

/* All begin with the file that is not there yet. */
static void test_contention(const char *path)
{
    struct err err = {0};
    struct db *db = NULL;
    int status, n = 0;

    for (int i = 0; i < WRITERS; i++)
        if (fork() == 0)
            _exit(contend(path));
    CHECK_EQ(contend(path), 0);
    for (int i = 0; i < WRITERS; i++) {
        CHECK(wait(&status) > 0);
        CHECK_EQ(status, 0);
    }
    CHECK_EQ(db_open(path, &db, &err), 0);
    CHECK_EQ(db_event_each(db, 5, 0, count_event, &n, &err), 0);
    CHECK_EQ(n, (WRITERS + 1) * WRITE_TURNS);
    db_close(&db);
}

/* Every process claims what it can; no job may be had twice. */
#define CLAIMERS   3
#define CLAIM_JOBS 30

static int claim_all(const char *path, int slot)
{
    struct err err = {0};
    struct db_job job;
    struct db *db;
    int n = 0;

    if (db_open(path, &db, &err))
        return 99;
    while (db_job_claim(db, slot, &job, &err) == 1)
        n++;
    db_close(&db);
    return n;
}

static void test_claims(const char *path)
{
    struct err err = {0};
    struct db_job job;
    struct db *db = NULL;
    int status, sum = 0;
    char name[32];

    CHECK_EQ(db_open(path, &db, &err), 0);
    for (int i = 0; i < CLAIM_JOBS; i++) {
        snprintf(name, sizeof(name), "/claim/%d", i);
        make_job(db, name);
    }
    db_close(&db); /* a connection does not survive a fork */
    for (int i = 0; i < CLAIMERS; i++)
        if (fork() == 0)
            _exit(claim_all(path, i));
    for (int i = 0; i < CLAIMERS; i++) {
        CHECK(wait(&status) > 0);
        sum += WEXITSTATUS(status);
    }
    CHECK_EQ(sum, CLAIM_JOBS);
    CHECK_EQ(db_open(path, &db, &err), 0);
    for (int i = 0; i < CLAIMERS; i++)
        CHECK_EQ(db_job_release_slot(db, i, &err), 0);
    CHECK_EQ(db_job_claim(db, 0, &job, &err), 1);
    CHECK_EQ(job.attempts, 2);
    db_close(&db);
}

/* ---- kills ---- */

static void mark_forever(const char *path, int64_t job)
{
    struct err err = {0};
    struct db *db;

    if (db_open(path, &db, &err))
        _exit(1);
    for (;;) {
        if (mark_items(db, job, ITEM_LISTED, ITEM_SENDING, KILL_BATCH) ||
            mark_items(db, job, ITEM_SENDING, ITEM_INGESTED, KILL_BATCH) ||
            mark_items(db, job, ITEM_INGESTED, ITEM_LISTED, KILL_BATCH))
            _exit(2);
    }
}

/* A folder is less than a batch here: its items move together or not. */
static int check_whole(void *ctx, const struct db_item *it, const char *path)
{
    struct db_item *last = ctx;

    if (it->folder == last->folder && it->state != last->state)
        return -EINVAL;
    *last = *it;
    return 0;
}

static void test_kills(const char *path)
{
    struct err err = {0};
    struct db *db = NULL;
    struct db_item last = {0};
    int64_t job, moved = 0;
    struct db_job j;
    int status;

    CHECK_EQ(db_open(path, &db, &err), 0);
    job = make_job(db, "/kill");
    CHECK_EQ(add_items(db, job, KILL_ITEMS), 0);
    db_close(&db);
    srandom(7);
    for (int i = 0; i < KILLS; i++) {
        pid_t pid = fork();
        if (pid == 0)
            mark_forever(path, job);
        usleep((useconds_t)(20000 + random() % 80000));
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        CHECK_EQ(db_open(path, &db, &err), 0);
        CHECK_EQ(help_check_counters(db, job), KILL_ITEMS);
        CHECK_EQ(db_job_get(db, job, &j, &err), 0);
        CHECK_EQ(db_ledger_each(db, job, -1, check_whole, &last, &err), 0);
        moved += j.items[ITEM_LISTED] != KILL_ITEMS;
        db_close(&db);
    }
    CHECK(moved > 0);
}

/* ---- 100,000 items ---- */

static int count_item(void *ctx, const struct db_item *it, const char *path)
{
    uint64_t *last = ctx, key = (uint64_t)it->folder << 32 | it->nid;

    if (key <= *last || !*path)
        return -EINVAL;
    *last = key;
    return 0;
}

static void say(const char *what, uint64_t *since)
{
    uint64_t now = time_mono_ms();

    printf("%d items: %-9s %5llu ms\n", BIG_ITEMS, what,
           (unsigned long long)(now - *since));
    *since = time_mono_ms();
}

static void test_big(const char *path)
{
    struct err err = {0};
    struct db *db = NULL;
    struct db_job j;
    uint64_t last = 0;
    uint64_t t;
    int64_t job;

    CHECK_EQ(db_open(path, &db, &err), 0);
    job = make_job(db, "/big");
    t = time_mono_ms();
    CHECK_EQ(add_items(db, job, BIG_ITEMS), 0);
    say("added", &t);
    CHECK_EQ(mark_items(db, job, ITEM_LISTED, ITEM_SENDING, BIG_BATCH), 0);
    say("sending", &t);
    CHECK_EQ(mark_items(db, job, ITEM_SENDING, ITEM_INGESTED, BIG_BATCH), 0);
    say("ingested", &t);
    CHECK_EQ(mark_items(db, job, ITEM_INGESTED, ITEM_VERIFIED, BIG_BATCH), 0);
    say("verified", &t);
    CHECK_EQ(db_ledger_each(db, job, -1, count_item, &last, &err), 0);
    say("listed", &t);
    CHECK(!db_remote_known(db, "maildir:/x", "none"));
    say("searched", &t);
    CHECK_EQ(db_job_get(db, job, &j, &err), 0);
    CHECK_EQ(j.items[ITEM_VERIFIED], BIG_ITEMS);
    CHECK_EQ(help_check_counters(db, job), BIG_ITEMS);
    say("recounted", &t);
    db_close(&db);
}

int main(void)
{
    char dir[256], path[300];

    if (help_dir(dir, sizeof(dir)))
        return 99;
    snprintf(path, sizeof(path), "%s/state.db", dir);
    test_contention(path);
    test_claims(path);
    test_kills(path);
    test_big(path);
    help_dir_remove(dir);
    return check_report();
}
