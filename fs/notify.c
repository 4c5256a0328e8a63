#include "fs/notify.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "fs/control_priv.h"
#include "pipeline/base/clock.h"

#define NOTIFY_IDLE_MS   1000 /* between looks when nobody waits */
#define NOTIFY_SHARE     8    /* a look may take 1/8 of the time, no more */
#define NOTIFY_SAMPLE_MS 1000 /* between two samples of the rates */
#define NOTIFY_READ      8192 /* bytes of one answer: a status is shorter */

/*
 * Locks: lock may be held when the handle's and the db's are taken. libfuse
 * calls wait_interrupted with the request's lock held, so that one comes
 * before ours: fuse_req_interrupt_func is never called under lock.
 */
struct poll_one {
    struct poll_one *next;
    struct control_handle *h;
    struct fuse_pollhandle *ph;
};

struct wait_one {
    struct wait_one *next;
    struct control_handle *h;
    fuse_req_t req;
    size_t len;
    off_t off;
    bool armed; /* its interrupt function is set: may be answered */
    bool interrupted;
};

struct notify {
    struct fs *fs;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    struct poll_one *polls;
    struct wait_one *waits;
    bool stop;
    bool look; /* somebody came: look even if nothing has changed */
    int64_t version;
    uint64_t generation, sampled;
};

static void reply_text(struct control_handle *h, fuse_req_t req, size_t len,
                       off_t off)
{
    char data[NOTIFY_READ];
    ssize_t n = control_read(h, (uint64_t)off, data,
                             len < sizeof(data) ? len : sizeof(data));

    if (n < 0)
        fuse_reply_err(req, (int)-n);
    else
        fuse_reply_buf(req, data, (size_t)n);
}

/* ---- answers; lock is held ---- */

static void poll_wake(struct poll_one **at)
{
    struct poll_one *p = *at;

    *at = p->next;
    fuse_lowlevel_notify_poll(p->ph);
    fuse_pollhandle_destroy(p->ph);
    free(p);
}

static void wait_take(struct wait_one **at)
{
    struct wait_one *w = *at;

    *at = w->next;
    free(w);
}

static void wait_fail(struct wait_one **at, int code)
{
    fuse_reply_err((*at)->req, code);
    wait_take(at);
}

static void wait_answer(struct wait_one **at)
{
    struct wait_one *w = *at;

    reply_text(w->h, w->req, w->len, w->off);
    wait_take(at);
}

static void look_at_polls(struct notify *n)
{
    struct poll_one **at = &n->polls;

    while (*at) {
        if (control_changed((*at)->h))
            poll_wake(at);
        else
            at = &(*at)->next;
    }
}

static void look_at_waits(struct notify *n)
{
    struct wait_one **at = &n->waits;

    while (*at) {
        if (!(*at)->armed)
            at = &(*at)->next;
        else if ((*at)->interrupted)
            wait_fail(at, EINTR);
        else if (control_wait_ready((*at)->h))
            wait_answer(at);
        else
            at = &(*at)->next;
    }
}

static void answer_interrupted(struct notify *n)
{
    struct wait_one **at = &n->waits;

    while (*at) {
        if ((*at)->armed && (*at)->interrupted)
            wait_fail(at, EINTR);
        else
            at = &(*at)->next;
    }
}

/* ---- the thread ---- */

/* Rates, once a second or so; without lock. */
static void sample(struct notify *n)
{
    uint64_t now = time_mono_ms();

    if (now - n->sampled < NOTIFY_SAMPLE_MS)
        return;
    control_rate_sample(n->fs);
    n->sampled = time_mono_ms();
    n->sampled += (n->sampled - now) * NOTIFY_SHARE;
}

/* One look; lock is held, but for the sampling. Something changed? */
static void look(struct notify *n)
{
    int64_t version = db_version(n->fs->db);
    uint64_t generation = control_generation();
    bool changed = version != n->version || generation != n->generation;

    n->version = version;
    n->generation = generation;
    if (changed || n->look) {
        n->look = false;
        look_at_waits(n);
        look_at_polls(n);
    }
    if (changed) {
        pthread_mutex_unlock(&n->lock);
        sample(n);
        pthread_mutex_lock(&n->lock);
    }
}

/* Sleeps ms unless told to stop; interrupts are answered meanwhile. */
static void pause_for(struct notify *n, uint64_t ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(ms / 1000);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    while (!n->stop &&
           pthread_cond_timedwait(&n->cond, &n->lock, &until) == 0) {
        answer_interrupted(n);
        if (ms > NOTIFY_MS && n->look)
            break; /* it was an idle pause */
    }
}

static void *notify_thread(void *arg)
{
    struct notify *n = arg;

    pthread_mutex_lock(&n->lock);
    while (!n->stop) {
        uint64_t begin = time_mono_ms(), ms;

        look(n);
        ms = (time_mono_ms() - begin) * NOTIFY_SHARE;
        if (ms < NOTIFY_MS)
            ms = n->polls || n->waits ? NOTIFY_MS : NOTIFY_IDLE_MS;
        pause_for(n, ms);
    }
    pthread_mutex_unlock(&n->lock);
    return NULL;
}

static void notify_init(struct notify *n, struct fs *fs)
{
    pthread_condattr_t attr;

    n->fs = fs;
    n->version = db_version(fs->db);
    pthread_mutex_init(&n->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&n->cond, &attr);
    pthread_condattr_destroy(&attr);
}

int notify_new(struct fs *fs, struct notify **notify_r, struct err *err)
{
    struct notify *n = calloc(1, sizeof(*n));
    int r;

    if (!n)
        return err_set(err, ENOMEM, "no memory");
    notify_init(n, fs);
    r = pthread_create(&n->thread, NULL, notify_thread, n);
    if (r != 0) {
        pthread_cond_destroy(&n->cond);
        pthread_mutex_destroy(&n->lock);
        free(n);
        return err_sys(err, r, "cannot start the notify thread");
    }
    *notify_r = n;
    return 0;
}

void notify_free(struct notify **notify)
{
    struct notify *n = *notify;

    *notify = NULL;
    if (!n)
        return;
    pthread_mutex_lock(&n->lock);
    n->stop = true;
    pthread_cond_signal(&n->cond);
    pthread_mutex_unlock(&n->lock);
    pthread_join(n->thread, NULL);
    while (n->waits)
        wait_fail(&n->waits, ENOTCONN);
    while (n->polls)
        poll_wake(&n->polls);
    pthread_cond_destroy(&n->cond);
    pthread_mutex_destroy(&n->lock);
    free(n);
}

/* ---- requests ---- */

void notify_poll(struct notify *n, struct control_handle *h,
                 struct fuse_pollhandle *ph)
{
    struct poll_one *p;

    pthread_mutex_lock(&n->lock);
    for (p = n->polls; p && p->h != h; p = p->next)
        ;
    if (p) {
        fuse_pollhandle_destroy(p->ph);
        p->ph = ph;
    } else if ((p = calloc(1, sizeof(*p)))) {
        *p = (struct poll_one){n->polls, h, ph};
        n->polls = p;
    } else {
        fuse_pollhandle_destroy(ph);
    }
    n->look = true; /* it may have changed just before */
    pthread_cond_signal(&n->cond);
    pthread_mutex_unlock(&n->lock);
}

/* The request is looked for, never its wait_one kept: libfuse may call this
 * for a request that has just been answered. */
static void wait_interrupted(fuse_req_t req, void *data)
{
    struct notify *n = data;

    pthread_mutex_lock(&n->lock);
    for (struct wait_one *w = n->waits; w; w = w->next)
        if (w->req == req)
            w->interrupted = true;
    pthread_cond_signal(&n->cond);
    pthread_mutex_unlock(&n->lock);
}

void notify_wait(struct notify *n, struct control_handle *h, fuse_req_t req,
                 size_t len, off_t off)
{
    struct wait_one *w;

    if (control_wait_ready(h)) {
        reply_text(h, req, len, off);
        return;
    }
    w = calloc(1, sizeof(*w));
    if (!w) {
        fuse_reply_err(req, ENOMEM);
        return;
    }
    *w = (struct wait_one){.h = h, .req = req, .len = len, .off = off};
    pthread_mutex_lock(&n->lock);
    w->next = n->waits;
    n->waits = w;
    pthread_mutex_unlock(&n->lock);
    fuse_req_interrupt_func(req, wait_interrupted, n);
    pthread_mutex_lock(&n->lock);
    w->armed = true; /* from here on it belongs to the thread */
    n->look = true;
    pthread_cond_signal(&n->cond);
    pthread_mutex_unlock(&n->lock);
}

void notify_forget(struct notify *n, struct control_handle *h)
{
    struct poll_one **p;
    struct wait_one **w;

    pthread_mutex_lock(&n->lock);
    for (p = &n->polls; *p;) {
        struct poll_one *one = *p;

        if (one->h != h) {
            p = &one->next;
            continue;
        }
        *p = one->next;
        fuse_pollhandle_destroy(one->ph);
        free(one);
    }
    for (w = &n->waits; *w;) {
        if ((*w)->h == h && (*w)->armed)
            wait_fail(w, EINTR);
        else
            w = &(*w)->next;
    }
    pthread_mutex_unlock(&n->lock);
}
