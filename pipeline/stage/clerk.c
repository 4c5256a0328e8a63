#include "pipeline/stage/clerk.h"

#include <pthread.h>
#include <string.h>

#include "pipeline/stage/marks.h"
#include "pipeline/stage/recover.h"

#define LOOK_MS 100 /* results wait no longer for a batch to share with */

_Static_assert(MARKS_MAX >= 3 * FEED_ITEMS_MAX,
               "a batch's items sent and not rendered, and the next one's");

struct queue {
    struct batch *list[FEED_BATCHES];
    size_t n;
};

struct clerk {
    struct run *run;
    struct feed *feed;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Below the lock. */
    struct queue noted, done;
    size_t out; /* with the sender */
    bool stop, ended;
    struct err err; /* code 0: all is well */
    /* The thread's own. */
    struct marks marks;
    char (*reasons)[DB_REASON_MAX]; /* of items not rendered */
};

static void queue_put(struct queue *q, struct batch *batch)
{
    q->list[q->n++] = batch;
}

static struct batch *queue_take(struct queue *q)
{
    struct batch *first = q->n ? q->list[0] : NULL;

    if (first)
        memmove(q->list, q->list + 1, --q->n * sizeof(q->list[0]));
    return first;
}

/* ---- what is noted ---- */

/* EINPROGRESS: nobody knows what became of the item. It stays in sending and
 * is looked up when the stage runs again. */
static void results_add(struct clerk *clerk, const struct batch *batch)
{
    struct marks *marks = &clerk->marks;

    for (size_t i = 0; i < batch->n; i++) {
        const struct target_item *item = &batch->items[i];
        if (item->error == 0)
            marks_add(marks, item->nid, ITEM_INGESTED, item->size, item->hash,
                      item->remote, "", batch->defects[i]);
        else if (item->error != EINPROGRESS)
            marks_add(marks, item->nid, ITEM_FAILED, item->size, NULL, "",
                      *item->reason ? item->reason : strerror(item->error),
                      batch->defects[i]);
    }
    for (size_t i = 0; i < batch->bad_n; i++) {
        const struct feed_bad *bad = &batch->bad[i];
        recover_reason(clerk->run, bad->nid, bad->error, clerk->reasons[i],
                       DB_REASON_MAX);
        marks_add(marks, bad->nid, ITEM_FAILED, 0, NULL, "", clerk->reasons[i],
                  "");
    }
}

static void state_add(struct clerk *clerk, const struct batch *batch,
                      enum item_state state)
{
    for (size_t i = 0; i < batch->n; i++)
        marks_add(&clerk->marks, batch->items[i].nid, state,
                  batch->items[i].size, NULL, "", "", batch->defects[i]);
}

/* The results of all batches that the sender is done with; those of the last
 * share their transaction with next, which may be NULL. */
static int batches_note(struct clerk *clerk, struct batch *next,
                        struct err *err)
{
    struct batch *batch;
    bool more;
    int rc;

    do {
        pthread_mutex_lock(&clerk->lock);
        batch = queue_take(&clerk->done);
        more = clerk->done.n > 0;
        pthread_mutex_unlock(&clerk->lock);
        if (batch)
            results_add(clerk, batch);
        if (!more && next)
            state_add(clerk, next, ITEM_SENDING);
        rc = marks_save(&clerk->marks, clerk->run, err);
        feed_give(clerk->feed, batch);
    } while (rc == 0 && more);
    return rc;
}

/* ---- the thread ---- */

enum step { STEP_NOTE, STEP_FEED, STEP_OVER };

/* Waits until there is something to note, or room for another batch while
 * the feed has more, or an end. */
static enum step step_wait(struct clerk *clerk, bool fed)
{
    enum step step = STEP_OVER;

    pthread_mutex_lock(&clerk->lock);
    while (
        !clerk->stop && !clerk->done.n &&
        (fed ? clerk->out + clerk->noted.n > 0 : clerk->noted.n >= CLERK_AHEAD))
        pthread_cond_wait(&clerk->changed, &clerk->lock);
    if (!clerk->stop && !fed && clerk->noted.n < CLERK_AHEAD)
        step = STEP_FEED;
    else if (!clerk->stop && clerk->done.n)
        step = STEP_NOTE;
    pthread_mutex_unlock(&clerk->lock);
    return step;
}

static void noted_put(struct clerk *clerk, struct batch *batch)
{
    pthread_mutex_lock(&clerk->lock);
    queue_put(&clerk->noted, batch);
    pthread_cond_broadcast(&clerk->changed);
    pthread_mutex_unlock(&clerk->lock);
}

static int batches_pass(struct clerk *clerk, struct err *err)
{
    bool fed = false;
    enum step step;

    while ((step = step_wait(clerk, fed)) != STEP_OVER) {
        struct batch *next = NULL;
        int rc = 1;
        if (step == STEP_FEED)
            rc = feed_next(clerk->feed, LOOK_MS, &next, err);
        if (rc < 0 && rc != -EAGAIN)
            return rc;
        fed = rc == 0 || fed;
        rc = batches_note(clerk, next, err);
        if (rc == 0 && next)
            noted_put(clerk, next);
        else
            feed_give(clerk->feed, next);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* Says how it ended, then waits for what the sender still has. What the
 * sender did not take is listed again. */
static void batches_settle(struct clerk *clerk, int rc, const struct err *why)
{
    struct queue unsent;
    struct batch *batch;
    struct err err = {0};

    pthread_mutex_lock(&clerk->lock);
    clerk->ended = true;
    if (rc != 0) {
        clerk->err = *why;
        clerk->err.code = -rc;
    }
    unsent = clerk->noted;
    clerk->noted.n = 0;
    pthread_cond_broadcast(&clerk->changed);
    while (clerk->out)
        pthread_cond_wait(&clerk->changed, &clerk->lock);
    pthread_mutex_unlock(&clerk->lock);
    rc = batches_note(clerk, NULL, &err);
    while (rc == 0 && (batch = queue_take(&unsent)) != NULL) {
        state_add(clerk, batch, ITEM_LISTED);
        rc = marks_save(&clerk->marks, clerk->run, &err);
    }
    pthread_mutex_lock(&clerk->lock);
    if (rc != 0 && !clerk->err.code) {
        clerk->err = err;
        clerk->err.code = -rc;
    }
    pthread_mutex_unlock(&clerk->lock);
}

static void *clerk_main(void *ctx)
{
    struct clerk *clerk = ctx;
    struct err err = {0};
    int rc = batches_pass(clerk, &err);

    batches_settle(clerk, rc, &err);
    return NULL;
}

/* ---- the sender's side ---- */

int clerk_next(struct clerk *clerk, unsigned ms, struct batch **batch_r,
               struct err *err)
{
    struct timespec until;
    int rc = -EAGAIN;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&clerk->lock);
    while (!clerk->noted.n && !clerk->ended &&
           pthread_cond_timedwait(&clerk->changed, &clerk->lock, &until) == 0)
        continue;
    *batch_r = queue_take(&clerk->noted);
    if (*batch_r) {
        rc = 1;
        clerk->out++;
        pthread_cond_broadcast(&clerk->changed);
    } else if (clerk->ended) {
        rc = -clerk->err.code;
        if (rc && err)
            *err = clerk->err;
    }
    pthread_mutex_unlock(&clerk->lock);
    return rc;
}

void clerk_done(struct clerk *clerk, struct batch *batch)
{
    pthread_mutex_lock(&clerk->lock);
    clerk->out--;
    queue_put(&clerk->done, batch);
    pthread_cond_broadcast(&clerk->changed);
    pthread_mutex_unlock(&clerk->lock);
}

static void clerk_release(struct clerk *clerk)
{
    feed_free(&clerk->feed);
    pthread_cond_destroy(&clerk->changed);
    pthread_mutex_destroy(&clerk->lock);
    free(clerk->reasons);
    free(clerk);
}

int clerk_new(struct run *run, const struct run_folders *folders,
              struct clerk **clerk_r, struct err *err)
{
    struct clerk *clerk = calloc(1, sizeof(*clerk));
    pthread_condattr_t attr;
    int rc;

    if (!clerk)
        return err_set(err, ENOMEM, "no memory");
    clerk->run = run;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&clerk->changed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&clerk->lock, NULL);
    clerk->reasons = calloc(FEED_ITEMS_MAX, sizeof(*clerk->reasons));
    rc = clerk->reasons ? feed_new(run, folders, &clerk->feed, err)
                        : err_set(err, ENOMEM, "no memory");
    if (rc == 0) {
        rc = -pthread_create(&clerk->thread, NULL, clerk_main, clerk);
        if (rc != 0)
            err_sys(err, -rc, "thread");
    }
    if (rc != 0) {
        clerk_release(clerk);
        return rc;
    }
    *clerk_r = clerk;
    return 0;
}

int clerk_end(struct clerk **clerk, struct err *err)
{
    int rc;

    if (!*clerk)
        return 0;
    pthread_mutex_lock(&(*clerk)->lock);
    (*clerk)->stop = true;
    pthread_cond_broadcast(&(*clerk)->changed);
    pthread_mutex_unlock(&(*clerk)->lock);
    pthread_join((*clerk)->thread, NULL);
    rc = -(*clerk)->err.code;
    if (rc && err)
        *err = (*clerk)->err;
    clerk_release(*clerk);
    *clerk = NULL;
    return rc;
}
