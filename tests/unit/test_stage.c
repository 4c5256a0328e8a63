/*
 * A worker on a store of mkpst and a Maildir: it is killed at random moments
 * and each item must be there exactly once; pause, resume and cancel are met
 * soon; what cannot be done fails with words. Needs PSTFS_MKPST and
 * PSTFS_READER. The seed of the kills is printed; PSTFS_SEED sets it.
 */
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "pipeline/base/clock.h"
#include "pipeline/base/io.h"
#include "pipeline/stage/worker.h"
#include "tests/unit/check.h"

#define ITEMS   1500
#define KILLS   20
#define WAIT_MS 60000

static char dir[] = "/tmp/pstfs-stage-XXXXXX";
static char store[PATH_MAX];
static struct settings *settings;

/* ---- a state, a job, a worker ---- */

struct bench {
    char state[PATH_MAX], target[PATH_MAX];
    struct db *db;
    int64_t store, job;
    pid_t worker;
    int input; /* the worker's standard input */
};

static int worker_main(const struct bench *b, int input, int other)
{
    struct err err = {0};
    int rc;

    close(other);
    dup2(input, STDIN_FILENO);
    rc = worker_run(b->state, settings, 0, &err);
    if (rc != 0)
        fprintf(stderr, "worker: %s\n", err.msg);
    return rc != 0;
}

static void worker_start(struct bench *b)
{
    int pair[2];

    CHECK_EQ(pipe2(pair, O_CLOEXEC), 0);
    fflush(stdout);
    b->worker = fork();
    if (b->worker == 0)
        _exit(worker_main(b, pair[0], pair[1]));
    close(pair[0]);
    b->input = pair[1];
}

static void worker_kill(struct bench *b)
{
    kill(b->worker, SIGKILL);
    waitpid(b->worker, NULL, 0);
    close(b->input);
}

/* Ends it as the mount does when it goes away: by its standard input. */
static void worker_stop(struct bench *b)
{
    int status = -1;

    close(b->input);
    waitpid(b->worker, &status, 0);
    CHECK_EQ(status, 0);
}

static struct db_job job_look(struct bench *b)
{
    struct db_job job = {0};

    CHECK_EQ(db_job_get(b->db, b->job, &job, NULL), 0);
    return job;
}

/* The state of the job once it is another than `from`, or time is over. */
static enum job_state job_leaves(struct bench *b, enum job_state from)
{
    uint64_t end = time_mono_ms() + WAIT_MS;
    struct db_job job = job_look(b);

    while (job.state == from && time_mono_ms() < end) {
        usleep(10000);
        job = job_look(b);
    }
    return job.state;
}

static enum job_state job_wait(struct bench *b)
{
    uint64_t end = time_mono_ms() + WAIT_MS;
    struct db_job job = job_look(b);

    while (!job_state_ended(job.state) && time_mono_ms() < end) {
        usleep(10000);
        job = job_look(b);
    }
    return job.state;
}

static void bench_open(struct bench *b, const char *name, const char *path)
{
    struct db_store row = {
        .path = path, .state = "ok", .reason = "", .record_key = ""};
    char file[PATH_MAX + 16];
    struct err err = {0};

    memset(b, 0, sizeof(*b));
    snprintf(b->state, sizeof(b->state), "%s/%s.state", dir, name);
    snprintf(b->target, sizeof(b->target), "maildir:%s/%s", dir, name);
    CHECK_EQ(io_mkdirs(b->state, 0700, &err), 0);
    snprintf(file, sizeof(file), "%s/" WORKER_DB_NAME, b->state);
    CHECK_EQ(db_open(file, &b->db, &err), 0);
    CHECK_EQ(db_store_put(b->db, &row, &b->store, &err), 0);
    CHECK_EQ(db_job_new(b->db, b->store, b->target, 0, 0, 0, &b->job, &err), 0);
}

/* ---- what is in the Maildir ---- */

static uint8_t seen[1 << 20]; /* by nid >> 5 */
static size_t messages, twice;
static char first_message[PATH_MAX];

static int message_count(const char *path, const struct stat *st, int type,
                         struct FTW *ftw)
{
    const char *at = strstr(path, "/cur/");
    cleanup_buf struct buf text = BUF(64 << 20);
    unsigned nid = 0;

    if (type != FTW_F || (!at && !strstr(path, "/new/")))
        return 0;
    if (io_slurp(path, &text, NULL) != 0 ||
        !(at = strstr(buf_str(&text), "X-Pstfs-Id: ")) ||
        sscanf(at, "X-Pstfs-Id: %*32[0-9a-f].%8x", &nid) != 1)
        return 1;
    if (!messages++)
        snprintf(first_message, sizeof(first_message), "%s", path);
    nid = (nid >> 5) % sizeof(seen);
    twice += seen[nid];
    seen[nid] = 1;
    return 0;
}

static size_t maildir_count(const struct bench *b)
{
    memset(seen, 0, sizeof(seen));
    messages = twice = 0;
    CHECK_EQ(nftw(strchr(b->target, ':') + 1, message_count, 16, FTW_PHYS), 0);
    CHECK_EQ(twice, 0);
    return messages;
}

static int item_check(void *ctx, const struct db_item *item,
                      const char *folder_path)
{
    CHECK_EQ(item->state, ITEM_VERIFIED);
    CHECK_EQ(strlen(item->hash), 64);
    CHECK(*item->remote && *folder_path && item->size);
    ++*(int *)ctx;
    return 0;
}

/* ---- tests ---- */

static void test_kills(unsigned seed)
{
    struct bench b;
    struct db_job job;
    int hits = 0, n = 0;

    srand(seed);
    bench_open(&b, "kills", store);
    for (int i = 0; i < KILLS * 4 && hits < KILLS; i++) {
        worker_start(&b);
        usleep(10000 + (unsigned)rand() % 190000);
        hits += !job_state_ended(job_look(&b).state);
        worker_kill(&b);
    }
    worker_start(&b);
    CHECK_EQ(job_wait(&b), JOB_DONE);
    worker_stop(&b);
    job = job_look(&b);
    CHECK_EQ(job.items[ITEM_VERIFIED], ITEMS);
    CHECK_EQ(db_ledger_each(b.db, b.job, -1, item_check, &n, NULL), 0);
    CHECK_EQ(n, ITEMS);
    CHECK_EQ(maildir_count(&b), ITEMS);
    printf("%d kills hit the job\n", hits);
    db_close(&b.db);
}

static void test_pause_resume_cancel(void)
{
    struct bench b;
    uint64_t began;

    bench_open(&b, "pause", store);
    worker_start(&b);
    CHECK_EQ(job_leaves(&b, JOB_QUEUED), JOB_RUNNING);
    began = time_mono_ms();
    CHECK_EQ(db_job_act(b.db, b.job, JOB_ACT_PAUSE, NULL), 0);
    CHECK_EQ(job_leaves(&b, JOB_RUNNING), JOB_PAUSED);
    CHECK(time_mono_ms() - began < 3000);
    CHECK_EQ(db_job_act(b.db, b.job, JOB_ACT_RESUME, NULL), 0);
    CHECK_EQ(io_write(b.input, "\n", 1), 0);
    CHECK_EQ(job_leaves(&b, JOB_QUEUED), JOB_RUNNING);
    CHECK_EQ(db_job_act(b.db, b.job, JOB_ACT_CANCEL, NULL), 0);
    CHECK_EQ(job_leaves(&b, JOB_RUNNING), JOB_CANCELLED);
    CHECK_EQ(db_job_act(b.db, b.job, JOB_ACT_RETRY, NULL), 0);
    CHECK_EQ(io_write(b.input, "\n", 1), 0);
    CHECK_EQ(job_wait(&b), JOB_DONE);
    worker_stop(&b);
    CHECK_EQ(maildir_count(&b), ITEMS);
    db_close(&b.db);
}

static void test_end_of_input(void)
{
    struct bench b;

    bench_open(&b, "input", store);
    worker_start(&b);
    CHECK_EQ(job_leaves(&b, JOB_QUEUED), JOB_RUNNING);
    worker_stop(&b);
    CHECK_EQ(job_look(&b).state, JOB_QUEUED);
    worker_start(&b);
    CHECK_EQ(job_leaves(&b, JOB_QUEUED), JOB_RUNNING);
    kill(b.worker, SIGTERM);
    worker_stop(&b);
    CHECK_EQ(job_look(&b).state, JOB_QUEUED);
    db_close(&b.db);
}

static int reason_copy(void *ctx, const struct db_item *item,
                       const char *folder_path)
{
    snprintf(ctx, DB_REASON_MAX, "%s", item->reason);
    return 0;
}

/* A message changes and one vanishes before verify: crash after ingest. */
static void test_verify_compares(void)
{
    char reason[DB_REASON_MAX] = "", state[PATH_MAX + 16];
    struct bench b;
    struct db_job job;
    int fd;

    bench_open(&b, "verify", store);
    worker_start(&b);
    while (strcmp(job_look(&b).stage, "verify") != 0)
        usleep(1000);
    worker_kill(&b);
    job = job_look(&b);
    if (job_state_ended(job.state) || job.items[ITEM_VERIFIED] ||
        maildir_count(&b) != ITEMS) {
        printf("verify was too fast for its test\n");
        db_close(&b.db);
        return;
    }
    fd = open(first_message, O_WRONLY);
    CHECK_EQ(io_pwrite(fd, "Y", 1, 0), 0);
    close(fd);
    worker_start(&b);
    CHECK_EQ(job_wait(&b), JOB_PARTIAL);
    job = job_look(&b);
    CHECK_EQ(job.items[ITEM_FAILED], 1);
    CHECK_EQ(
        db_ledger_each(b.db, b.job, ITEM_FAILED, reason_copy, reason, NULL), 0);
    CHECK_STR(reason, "differs at the target");
    CHECK_EQ(unlink(first_message), 0);
    CHECK_EQ(db_job_act(b.db, b.job, JOB_ACT_RETRY, NULL), 0);
    CHECK_EQ(job_wait(&b), JOB_DONE);
    worker_stop(&b);
    CHECK_EQ(maildir_count(&b), ITEMS);
    snprintf(state, sizeof(state), "%s/worker.0.lock", b.state);
    CHECK_EQ(access(state, F_OK), 0);
    db_close(&b.db);
}

static void test_no_store(const char *name, const char *path, const char *words)
{
    struct bench b;
    struct db_job job;

    bench_open(&b, name, path);
    worker_start(&b);
    CHECK_EQ(job_wait(&b), JOB_FAILED);
    worker_stop(&b);
    job = job_look(&b);
    CHECK_STR(job.stage, "check");
    if (!CHECK(strstr(job.error, words) != NULL))
        fprintf(stderr, "    %s\n", job.error);
    db_close(&b.db);
}

static void test_all(const char *mkpst, unsigned seed)
{
    char command[3 * PATH_MAX];

    snprintf(store, sizeof(store), "%s/store.pst", dir);
    snprintf(command, sizeof(command),
             "'%s' --messages %d --seed 21 --big 9M '%s'", mkpst, ITEMS, store);
    if (!CHECK(system(command) == 0))
        return;
    test_kills(seed);
    test_pause_resume_cancel();
    test_end_of_input();
    test_verify_compares();
    test_no_store("absent", "/nonexistent/a.pst", "a.pst: open");
    test_no_store("junk", mkpst, "mkpst: ");
}

int main(void)
{
    const char *mkpst = getenv("PSTFS_MKPST"), *given = getenv("PSTFS_SEED");
    unsigned seed =
        given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time_mono_ms();
    char command[PATH_MAX];

    if (!mkpst || !getenv("PSTFS_READER"))
        return 77;
    if (!mkdtemp(dir) || settings_new(NULL, &settings, NULL) != 0)
        return 1;
    printf("seed %u\n", seed);
    test_all(mkpst, seed);
    settings_free(&settings);
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    CHECK_EQ(system(command), 0);
    return check_report();
}
