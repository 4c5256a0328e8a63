#include "fs/health.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "fs/catalog.h"
#include "fs/control_priv.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/log.h"

struct health {
    struct fs *fs;
    pthread_t thread;
    bool running; /* the thread was started */
    bool stop;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    int64_t *queue; /* stores that wait, the next one first */
    size_t count, cap;
    int64_t at; /* the store at work, 0 none */
    struct reader *reader;
};

/* ---- the check ---- */

static void add_counts(struct buf *out, const struct reader_check *c)
{
    buf_addf(out,
             "folders %" PRIu64 "\nitems %" PRIu64 "\nnodes %" PRIu64
             "\nblocks %" PRIu64 "\nbytes %" PRIu64 "\ndamaged_pages %" PRIu64
             "\ndamaged_blocks %" PRIu64 "\ndamaged_items %" PRIu64 "\n",
             c->folders, c->items, c->nodes, c->blocks, c->bytes, c->bad_pages,
             c->bad_blocks, c->bad_items);
}

static void check_run(struct reader *reader, struct buf *out)
{
    cleanup_buf struct buf notes = BUF(HEALTH_TEXT_MAX / 2);
    struct reader_check c;
    struct err err = {0};

    if (reader_check(reader, &c, &err) < 0 ||
        reader_notes(reader, &notes, &err) < 0) {
        buf_adds(out, "health unknown\n");
        buf_adds(out, "error ");
        control_clean(out, err.msg, strlen(err.msg));
        buf_addc(out, '\n');
        return;
    }
    buf_addf(out, "health %s\n", notes.len ? "damaged" : "ok");
    add_counts(out, &c);
    control_notes(out, &notes);
    if (c.unlisted)
        buf_addf(out, "unlisted %" PRIu64 "\n", c.unlisted);
}

static void result_keep(struct health *h, const struct catalog_store *s,
                        uint64_t stamp, const struct buf *out)
{
    struct err err = {0};

    if (db_health_put(h->fs->db, s->id, stamp, time_now(), buf_str(out), &err) <
        0)
        log_warn("%s: %s", s->path, err.msg);
    db_event_add(h->fs->db, s->id, 0, "info", "checked: see health");
}

static void store_check(struct health *h, struct catalog_store *s)
{
    cleanup_buf struct buf out = BUF(HEALTH_TEXT_MAX);
    uint64_t stamp = s->file;
    struct reader *reader = NULL;
    bool stop;

    if (s->gone || s->rejected || reader_new(s->path, &reader, NULL) < 0)
        return;
    pthread_mutex_lock(&h->lock);
    h->reader = reader;
    reader_interrupt(reader, h->stop);
    pthread_mutex_unlock(&h->lock);
    check_run(reader, &out);
    pthread_mutex_lock(&h->lock);
    h->reader = NULL;
    stop = h->stop;
    pthread_mutex_unlock(&h->lock);
    reader_free(&reader);
    if (!stop)
        result_keep(h, s, stamp, &out);
}

/* The next store, 0 at the end. */
static int64_t queue_take(struct health *h)
{
    int64_t store = 0;

    pthread_mutex_lock(&h->lock);
    h->at = 0;
    while (!h->stop && h->count == 0)
        pthread_cond_wait(&h->cond, &h->lock);
    if (!h->stop) {
        store = h->at = h->queue[0];
        memmove(h->queue, h->queue + 1, --h->count * sizeof(*h->queue));
    }
    pthread_mutex_unlock(&h->lock);
    return store;
}

static void *health_run(void *arg)
{
    struct health *h = arg;
    struct catalog_store *s;
    int64_t store;

    while ((store = queue_take(h)) != 0)
        if ((s = catalog_store(h->fs->catalog, store)) != NULL)
            store_check(h, s);
    return NULL;
}

/* ---- asking ---- */

/* Its place in the queue, 0 when it is at work, -1 when neither. */
static int64_t queue_place(const struct health *h, int64_t store)
{
    if (h->at == store)
        return 0;
    for (size_t i = 0; i < h->count; i++)
        if (h->queue[i] == store)
            return (int64_t)i + 1;
    return -1;
}

static int queue_add(struct health *h, int64_t store, struct err *err)
{
    size_t cap = h->cap ? 2 * h->cap : 64;
    int64_t *more;

    if (queue_place(h, store) >= 0)
        return err_set(err, EBUSY, "a check is under way");
    if (h->count == HEALTH_QUEUE_MAX)
        return err_set(err, EBUSY, "too many stores wait for a check");
    if (h->count == h->cap) {
        more = realloc(h->queue, cap * sizeof(*more));
        if (!more)
            return err_sys(err, ENOMEM, "check");
        h->queue = more;
        h->cap = cap;
    }
    h->queue[h->count++] = store;
    return 0;
}

/* The thread starts with the first check: before that nobody needs it. */
static int thread_need(struct health *h, struct err *err)
{
    int rc = h->running ? 0 : pthread_create(&h->thread, NULL, health_run, h);

    h->running = rc == 0;
    return rc ? err_sys(err, rc, "check") : 0;
}

int health_ask(struct health *h, int64_t store, struct err *err)
{
    int rc;

    pthread_mutex_lock(&h->lock);
    rc = queue_add(h, store, err);
    if (rc == 0)
        rc = thread_need(h, err);
    pthread_cond_signal(&h->cond);
    pthread_mutex_unlock(&h->lock);
    return rc;
}

static void add_bad(void *ctx, uint32_t nid, const char *why)
{
    struct buf *out = ctx;

    buf_addf(out, "bad_item 0x%x ended the reader: ", nid);
    control_clean(out, why, strlen(why));
    buf_addc(out, '\n');
}

static void add_result(const struct catalog_store *s, int64_t place,
                       uint64_t stamp, int64_t time, const struct buf *text,
                       struct buf *out)
{
    char when[TIME_TEXT_MAX];
    bool same = stamp == s->file;

    buf_addf(out, "state %s\n",
             place == 0  ? "checking"
             : place > 0 ? "waiting"
             : !time     ? "unchecked"
             : same      ? "checked"
                         : "changed");
    if (!time)
        return;
    buf_addf(out, "checked %s\n", time_rfc3339(time, when));
    buf_add(out, buf_str(text), text->len);
}

int health_show(struct health *h, int64_t store, struct buf *out,
                struct err *err)
{
    cleanup_buf struct buf text = BUF(HEALTH_TEXT_MAX);
    struct catalog_store *s = catalog_store(h->fs->catalog, store);
    uint64_t stamp = 0;
    int64_t time = 0, place;
    int rc;

    if (!s)
        return err_set(err, ENOENT, "no such store");
    rc = db_health_get(h->fs->db, store, &stamp, &time, &text, err);
    if (rc < 0 && rc != -ENOENT)
        return rc;
    pthread_mutex_lock(&h->lock);
    place = queue_place(h, store);
    pthread_mutex_unlock(&h->lock);
    add_result(s, place, stamp, time, &text, out);
    if (s->reader)
        reader_bad(s->reader, add_bad, out);
    return -out->error;
}

/* ---- life ---- */

int health_new(struct fs *fs, struct health **health_r, struct err *err)
{
    struct health *h = calloc(1, sizeof(*h));

    *health_r = h;
    if (!h)
        return err_sys(err, ENOMEM, "checks");
    h->fs = fs;
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->cond, NULL);
    return 0;
}

void health_free(struct health **health)
{
    struct health *h = *health;

    if (!h)
        return;
    pthread_mutex_lock(&h->lock);
    h->stop = true;
    if (h->reader)
        reader_interrupt(h->reader, true);
    pthread_cond_signal(&h->cond);
    pthread_mutex_unlock(&h->lock);
    if (h->running)
        pthread_join(h->thread, NULL);
    pthread_cond_destroy(&h->cond);
    pthread_mutex_destroy(&h->lock);
    free(h->queue);
    free(h);
    *health = NULL;
}
