#include "fs/control_priv.h"

#include <pthread.h>
#include <string.h>

#include "pipeline/base/clock.h"

#define RATE_JOBS    64   /* running jobs followed */
#define RATE_SAMPLES 16   /* per job: the window is about this many seconds */
#define RATE_STEP_MS 1000 /* between two samples */
#define RATE_MIN_MS  500  /* a window shorter than this says nothing */

struct sample {
    uint64_t at;
    int64_t done;
};

struct track {
    int64_t job; /* 0: free */
    char stage[16];
    uint64_t seen;
    size_t n, next;
    struct sample samples[RATE_SAMPLES];
};

static pthread_mutex_t rate_lock = PTHREAD_MUTEX_INITIALIZER;
static struct track tracks[RATE_JOBS];

int64_t control_items_all(const struct db_job *job)
{
    int64_t sum = 0;

    for (int i = 0; i < ITEM_STATES; i++)
        sum += job->items[i];
    return sum;
}

int64_t control_items_ingested(const struct db_job *job)
{
    return job->items[ITEM_INGESTED] + job->items[ITEM_VERIFIED];
}

int64_t control_bytes_ingested(const struct db_job *job)
{
    return job->bytes[ITEM_INGESTED] + job->bytes[ITEM_VERIFIED];
}

void control_done(const struct db_job *job, struct control_done *done_r)
{
    int64_t all = control_items_all(job);
    int64_t done = all - job->items[ITEM_LISTED] - job->items[ITEM_SENDING];

    if (!job->extracted && !job_state_ended(job->state)) {
        /* Still counting: what is listed, of a total not known. */
        *done_r = (struct control_done){.done = all};
        return;
    }
    if (strcmp(job->stage, "verify") == 0 && !job_state_ended(job->state))
        done -= job->items[ITEM_INGESTED];
    *done_r = (struct control_done){.done = done, .total = all};
    if (all > 0)
        done_r->percent = (int)(done * 100 / all);
    else if (job->state == JOB_DONE)
        done_r->percent = 100;
}

static struct track *track_find(int64_t job)
{
    for (size_t i = 0; i < RATE_JOBS; i++)
        if (tracks[i].job == job)
            return &tracks[i];
    return NULL;
}

/* The job's track, made anew when the stage is another: a rate is a stage's. */
static struct track *track_take(const struct db_job *job)
{
    struct track *t = track_find(job->id);

    if (!t)
        t = track_find(0);
    for (size_t i = 0; !t && i < RATE_JOBS; i++)
        if (tracks[i].seen + RATE_STEP_MS * RATE_SAMPLES < time_mono_ms())
            t = &tracks[i];
    if (!t)
        return NULL;
    if (t->job != job->id || strcmp(t->stage, job->stage) != 0) {
        memset(t, 0, sizeof(*t));
        t->job = job->id;
        memcpy(t->stage, job->stage, sizeof(t->stage));
    }
    return t;
}

static void track_add(struct track *t, int64_t done)
{
    uint64_t now = time_mono_ms();
    const struct sample *last =
        &t->samples[(t->next + RATE_SAMPLES - 1) % RATE_SAMPLES];

    t->seen = now;
    if (t->n && now - last->at < RATE_STEP_MS)
        return;
    t->samples[t->next] = (struct sample){now, done};
    t->next = (t->next + 1) % RATE_SAMPLES;
    if (t->n < RATE_SAMPLES)
        t->n++;
}

/* Over the window; -1 when it is too short. */
static int64_t track_rate(const struct track *t, int64_t done)
{
    const struct sample *first =
        &t->samples[(t->next + RATE_SAMPLES - t->n) % RATE_SAMPLES];
    uint64_t ms = t->n ? time_mono_ms() - first->at : 0;

    if (ms < RATE_MIN_MS)
        return -1;
    return done > first->done ? (done - first->done) * 1000 / (int64_t)ms : 0;
}

void control_rate_note(const struct db_job *job)
{
    struct control_done done;
    struct track *t;

    control_done(job, &done);
    pthread_mutex_lock(&rate_lock);
    if (job->state == JOB_RUNNING) {
        t = track_take(job);
        if (t)
            track_add(t, done.done);
    } else if ((t = track_find(job->id))) {
        t->job = 0;
    }
    pthread_mutex_unlock(&rate_lock);
}

static int64_t rate_average(const struct db_job *job, int64_t until)
{
    int64_t took = until - job->started;
    struct control_done done;

    if (!job->started)
        return 0;
    control_done(job, &done);
    return done.done / (took > 0 ? took : 1);
}

int64_t control_rate(const struct db_job *job)
{
    struct control_done done;
    int64_t rate = -1;
    struct track *t;

    if (job_state_ended(job->state))
        return rate_average(job, job->ended);
    if (job->state != JOB_RUNNING)
        return 0;
    control_done(job, &done);
    pthread_mutex_lock(&rate_lock);
    t = track_find(job->id);
    if (t && strcmp(t->stage, job->stage) == 0)
        rate = track_rate(t, done.done);
    pthread_mutex_unlock(&rate_lock);
    return rate >= 0 ? rate : rate_average(job, time_now());
}

int64_t control_eta(const struct db_job *job)
{
    int64_t rate = job->state == JOB_RUNNING ? control_rate(job) : 0;
    struct control_done done;

    control_done(job, &done);
    if (rate <= 0 || done.total <= 0)
        return -1;
    return (done.total - done.done + rate - 1) / rate;
}

static int sample_job(void *ctx, const struct db_job *job)
{
    control_rate_note(job);
    return 0;
}

void control_rate_sample(struct fs *fs)
{
    db_job_each(fs->db, sample_job, NULL, NULL);
}

void control_rate_finish(void)
{
    pthread_mutex_lock(&rate_lock);
    memset(tracks, 0, sizeof(tracks));
    pthread_mutex_unlock(&rate_lock);
}
