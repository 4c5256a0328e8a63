#include "pipeline/stage/feed.h"

#include <pthread.h>
#include <string.h>

#define ASK_ITEMS 1024 /* of one reader_fetch */
#define ASK_TRIES 64   /* of one, while the reader dies in its items */

struct feed {
    struct run *run;
    const struct run_folders *folders;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Below the lock. */
    struct batch *free_list[FEED_BATCHES], *ready[FEED_BATCHES];
    size_t free_n, ready_n;
    bool stop, ended;
    struct err err; /* of the feeding, when it has ended badly */
    /* The thread's own. */
    struct batch all[FEED_BATCHES];
    struct batch *open; /* being filled, NULL none */
    const struct run_folder *folder;
    const uint32_t *nids;
    size_t taken; /* of nids */
    size_t items_max, bytes_max;
};

/* ---- items ---- */

static ssize_t piece_read(void *ctx, uint64_t off, void *buf, size_t len,
                          struct err *err)
{
    const struct feed_piece *piece = ctx;
    ssize_t n = reader_read(piece->run->pieces, piece->nid,
                            run_format(piece->run), off, buf, len, err);

    /* Not the item's fault: see batch_send. */
    if (n == -ESTALE || n == READER_NO_SOURCE || n == -ETIMEDOUT)
        piece->run->torn = (int)n;
    return n;
}

void feed_item(struct run *run, const struct reader_meta *meta, uint32_t nid,
               char id[RUN_ID_SIZE], struct feed_piece *piece,
               struct target_item *item_r)
{
    *piece = (struct feed_piece){run, nid};
    run_item_id(run, nid, id);
    item_r->nid = nid;
    item_r->size = meta->size;
    item_r->time = meta->time;
    item_r->flags = meta->flags;
    item_r->id = id;
    item_r->data = NULL;
    item_r->read = piece_read;
    item_r->ctx = piece;
    item_r->error = EINPROGRESS;
    item_r->remote[0] = item_r->reason[0] = '\0';
    memset(item_r->hash, 0, sizeof(item_r->hash));
}

/* ---- batches between the two threads ---- */

static void batch_push(struct feed *feed)
{
    if (!feed->open)
        return;
    pthread_mutex_lock(&feed->lock);
    feed->ready[feed->ready_n++] = feed->open;
    pthread_cond_broadcast(&feed->changed);
    pthread_mutex_unlock(&feed->lock);
    feed->open = NULL;
}

/* An empty batch to fill, when one is given back; NULL: stop. */
static struct batch *batch_open(struct feed *feed)
{
    if (feed->open)
        return feed->open;
    pthread_mutex_lock(&feed->lock);
    while (!feed->free_n && !feed->stop)
        pthread_cond_wait(&feed->changed, &feed->lock);
    if (!feed->stop)
        feed->open = feed->free_list[--feed->free_n];
    pthread_mutex_unlock(&feed->lock);
    if (feed->open) {
        feed->open->folder = feed->folder;
        feed->open->n = feed->open->bad_n = feed->open->used = 0;
    }
    return feed->open;
}

void feed_give(struct feed *feed, struct batch *batch)
{
    if (!batch)
        return;
    pthread_mutex_lock(&feed->lock);
    feed->free_list[feed->free_n++] = batch;
    pthread_cond_broadcast(&feed->changed);
    pthread_mutex_unlock(&feed->lock);
}

/* ---- the thread ---- */

static int bad_add(struct feed *feed, uint32_t nid, int error)
{
    struct batch *batch = batch_open(feed);

    if (!batch)
        return RUN_ENDING;
    batch->bad[batch->bad_n++] = (struct feed_bad){nid, error};
    if (batch->bad_n == feed->items_max)
        batch_push(feed);
    return 0;
}

static int item_add(struct feed *feed, uint32_t nid,
                    const struct reader_meta *meta, const void *data)
{
    bool big = !data || meta->size > feed->bytes_max;
    struct batch *batch = feed->open;

    if (batch && batch->n &&
        (big || meta->size > feed->bytes_max - batch->used))
        batch_push(feed);
    batch = batch_open(feed);
    if (!batch)
        return RUN_ENDING;
    feed_item(feed->run, meta, nid, batch->ids[batch->n],
              &batch->pieces[batch->n], &batch->items[batch->n]);
    marks_defects(meta, batch->defects[batch->n]);
    if (!big) {
        batch->items[batch->n].data = batch->arena + batch->used;
        memcpy(batch->arena + batch->used, data, meta->size);
        batch->used += meta->size;
    }
    if (++batch->n == feed->items_max || big)
        batch_push(feed);
    return 0;
}

static int fetched(void *ctx, size_t i, const struct reader_meta *meta,
                   const void *data)
{
    struct feed *feed = ctx;
    uint32_t nid = feed->nids[feed->taken];
    int rc = meta->error ? bad_add(feed, nid, meta->error)
                         : item_add(feed, nid, meta, data);

    if (rc == 0)
        feed->taken++;
    return rc;
}

/* An item that kills the reader is refused after a few kills, and the others
 * then come through: what looks like a failure may pass. */
static int chunk_fetch(struct feed *feed, const uint32_t *nids, size_t n,
                       struct err *err)
{
    int rc = 0;

    feed->nids = nids;
    feed->taken = 0;
    for (int i = 0; feed->taken < n && i < ASK_TRIES; i++) {
        rc = reader_fetch(feed->run->reader, run_format(feed->run),
                          nids + feed->taken, n - feed->taken, fetched, feed,
                          err);
        if (rc != -EIO || __atomic_load_n(&feed->stop, __ATOMIC_RELAXED))
            break;
    }
    return rc;
}

static int folder_feed(struct feed *feed, struct err *err)
{
    struct run *run = feed->run;
    uint32_t after = 0, nids[ASK_ITEMS];

    for (;;) {
        struct db_item *items = NULL;
        size_t n = 0;
        int rc = db_ledger_next(run->db, run->job.id, feed->folder->nid,
                                ITEM_LISTED, after, ASK_ITEMS, &items, &n, err);
        for (size_t i = 0; rc == 0 && i < n; i++)
            nids[i] = after = items[i].nid;
        free(items);
        if (rc == 0 && n)
            rc = chunk_fetch(feed, nids, n, err);
        if (rc != 0 || !n)
            return rc;
    }
}

static void *feed_main(void *ctx)
{
    struct feed *feed = ctx;
    struct err err = {0};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < feed->folders->n; i++) {
        feed->folder = &feed->folders->list[i];
        rc = folder_feed(feed, &err);
        if (rc >= 0)
            batch_push(feed);
    }
    pthread_mutex_lock(&feed->lock);
    feed->ended = true;
    if (rc < 0) {
        feed->err = err;
        feed->err.code = -rc;
    }
    pthread_cond_broadcast(&feed->changed);
    pthread_mutex_unlock(&feed->lock);
    return NULL;
}

/* ---- the taker's side ---- */

static void wait_for(struct feed *feed, unsigned ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (!feed->ready_n && !feed->ended)
        if (pthread_cond_timedwait(&feed->changed, &feed->lock, &until) != 0)
            return;
}

int feed_next(struct feed *feed, unsigned ms, struct batch **batch_r,
              struct err *err)
{
    int rc = -EAGAIN;

    pthread_mutex_lock(&feed->lock);
    wait_for(feed, ms);
    if (feed->ready_n) {
        *batch_r = feed->ready[0];
        memmove(feed->ready, feed->ready + 1,
                --feed->ready_n * sizeof(feed->ready[0]));
        rc = 1;
    } else if (feed->ended) {
        rc = -feed->err.code;
        if (rc && err)
            *err = feed->err;
    }
    pthread_mutex_unlock(&feed->lock);
    return rc;
}

static int batch_make(struct feed *feed, struct batch *batch)
{
    size_t n = feed->items_max;

    batch->items = calloc(n, sizeof(*batch->items));
    batch->bad = calloc(n, sizeof(*batch->bad));
    batch->ids = calloc(n, sizeof(*batch->ids));
    batch->defects = calloc(n, sizeof(*batch->defects));
    batch->pieces = calloc(n, sizeof(*batch->pieces));
    batch->arena = malloc(feed->bytes_max);
    feed->free_list[feed->free_n++] = batch;
    return batch->items && batch->bad && batch->ids && batch->defects &&
                   batch->pieces && batch->arena
               ? 0
               : -ENOMEM;
}

static void feed_release(struct feed *feed)
{
    for (size_t i = 0; i < FEED_BATCHES; i++) {
        free(feed->all[i].items);
        free(feed->all[i].bad);
        free(feed->all[i].ids);
        free(feed->all[i].defects);
        free(feed->all[i].pieces);
        free(feed->all[i].arena);
    }
    pthread_cond_destroy(&feed->changed);
    pthread_mutex_destroy(&feed->lock);
    free(feed);
}

static size_t smaller(uint64_t a, uint64_t b)
{
    return (size_t)(a < b ? a : b);
}

int feed_new(struct run *run, const struct run_folders *folders,
             struct feed **feed_r, struct err *err)
{
    struct feed *feed = calloc(1, sizeof(*feed));
    pthread_condattr_t attr;
    int rc = 0;

    if (!feed)
        return err_set(err, ENOMEM, "no memory");
    feed->run = run;
    feed->folders = folders;
    feed->items_max = smaller(run->ops->batch_items, FEED_ITEMS_MAX);
    feed->bytes_max = smaller(run->ops->batch_bytes, FEED_BYTES_MAX);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&feed->changed, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&feed->lock, NULL);
    for (size_t i = 0; rc == 0 && i < FEED_BATCHES; i++)
        rc = batch_make(feed, &feed->all[i]);
    if (rc == 0)
        rc = -pthread_create(&feed->thread, NULL, feed_main, feed);
    if (rc != 0) {
        feed_release(feed);
        return err_sys(err, -rc, "feed");
    }
    *feed_r = feed;
    return 0;
}

void feed_free(struct feed **feed)
{
    struct reader *reader;

    if (!*feed)
        return;
    reader = (*feed)->run->reader;
    pthread_mutex_lock(&(*feed)->lock);
    __atomic_store_n(&(*feed)->stop, true, __ATOMIC_RELAXED);
    reader_interrupt(reader, !(*feed)->ended);
    pthread_cond_broadcast(&(*feed)->changed);
    pthread_mutex_unlock(&(*feed)->lock);
    pthread_join((*feed)->thread, NULL);
    reader_interrupt(reader, false);
    feed_release(*feed);
    *feed = NULL;
}
