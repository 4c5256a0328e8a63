/* Lanes: how many calls are inside at once, that none is lost or run twice,
 * and that the end refuses what is set aside. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "fs/lane.h"
#include "tests/unit/check.h"

#define THREADS 24
#define STORES  5
#define CALLS   3000 /* of each thread */

struct job {
    struct lane_call call;
    int64_t store;
    int *answers;          /* of this job: must be 1 in the end */
    pthread_mutex_t *gate; /* held by the test while jobs shall block */
};

static struct lanes *lanes;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int inside[STORES + 1], all, most, most_all, refused;

static void count(int64_t store, int by)
{
    pthread_mutex_lock(&lock);
    inside[store] += by;
    all += by;
    most = inside[store] > most ? inside[store] : most;
    most_all = all > most_all ? all : most_all;
    pthread_mutex_unlock(&lock);
}

static void answer(struct job *job)
{
    __atomic_add_fetch(job->answers, 1, __ATOMIC_RELAXED);
}

static int job_run(struct lane_call *call)
{
    struct job *job = (struct job *)call;

    if (job->store == 0) { /* needs no reader */
        answer(job);
        return 0;
    }
    if (lane_enter(lanes, job->store) < 0)
        return LANE_FULL;
    CHECK_EQ(lane_enter(lanes, job->store), 0); /* it is inside already */
    count(job->store, 1);
    if (job->gate) {
        pthread_mutex_lock(job->gate);
        pthread_mutex_unlock(job->gate);
    }
    count(job->store, -1);
    answer(job);
    return 0;
}

static struct lane_call *job_keep(const struct lane_call *call)
{
    struct job *kept = malloc(sizeof(*kept));

    *kept = *(const struct job *)call;
    return &kept->call;
}

static void job_refuse(struct lane_call *call, int code)
{
    refused++;
    answer((struct job *)call);
}

static void job_do(int64_t store, int *answers, pthread_mutex_t *gate)
{
    struct job job = {{.run = job_run, .keep = job_keep, .refuse = job_refuse},
                      store,
                      answers,
                      gate};

    *answers = 0;
    lanes_run(lanes, &job.call);
}

static void reset(unsigned threads)
{
    CHECK_EQ(lanes_new(threads, STORES, &lanes), 0);
    most = most_all = all = refused = 0;
}

/* ---- many at once ---- */

static int answers[THREADS][CALLS];

static void *many(void *ctx)
{
    int *mine = ctx;

    for (unsigned i = 0; i < CALLS; i++)
        job_do((i * 7 + (unsigned)(mine - answers[0])) % (STORES + 1), &mine[i],
               NULL);
    return NULL;
}

static void test_many(unsigned threads)
{
    pthread_t ids[THREADS];
    int wrong = 0;

    reset(threads);
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&ids[i], NULL, many, answers[i]);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(ids[i], NULL);
    for (size_t i = 0; i < THREADS; i++)
        for (size_t k = 0; k < CALLS; k++)
            wrong += answers[i][k] != 1;
    CHECK_EQ(wrong, 0);
    CHECK_EQ(refused, 0);
    CHECK(most >= 1 && most <= LANE_WIDTH);
    CHECK(most_all <= (int)threads);
    lanes_free(&lanes);
}

/* ---- a store that stands still ---- */

static pthread_mutex_t stuck = PTHREAD_MUTEX_INITIALIZER;
static int stuck_answers[THREADS], set_aside_answers[THREADS];

static void *block(void *ctx)
{
    job_do(1, ctx, &stuck);
    return NULL;
}

static bool soon(const int *value, int want)
{
    for (int i = 0; i < 5000; i++) {
        if (__atomic_load_n(value, __ATOMIC_RELAXED) == want)
            return true;
        usleep(1000);
    }
    return false;
}

static void test_stuck(bool closing)
{
    pthread_t ids[LANE_WIDTH];
    int other = 0, done = 0;

    reset(64);
    pthread_mutex_lock(&stuck);
    for (size_t i = 0; i < LANE_WIDTH; i++)
        pthread_create(&ids[i], NULL, block, &stuck_answers[i]);
    CHECK(soon(&all, LANE_WIDTH));
    for (size_t i = 0; i < THREADS; i++) /* from here: it does not block */
        job_do(1, &set_aside_answers[i], NULL);
    CHECK_EQ(set_aside_answers[0] + set_aside_answers[THREADS - 1], 0);
    job_do(2, &other, NULL);
    CHECK_EQ(other, 1);
    if (closing) {
        lanes_close(lanes);
        CHECK_EQ(refused, THREADS);
        job_do(1, &other, NULL);
        CHECK_EQ(refused, THREADS + 1);
    }
    pthread_mutex_unlock(&stuck);
    for (size_t i = 0; i < LANE_WIDTH; i++)
        pthread_join(ids[i], NULL);
    for (size_t i = 0; i < THREADS; i++)
        done += set_aside_answers[i] == 1;
    CHECK_EQ(done, THREADS);
    CHECK_EQ(refused, closing ? THREADS + 1 : 0);
    lanes_free(&lanes);
}

int main(void)
{
    test_many(64);
    test_many(4); /* fewer threads than lanes would take */
    test_stuck(false);
    test_stuck(true);
    lanes = NULL; /* as in the tests of other parts */
    CHECK_EQ(lane_enter(lanes, 1), 0);
    return check_report();
}
