#include "fs/lane.h"

#include <pthread.h>
#include <stdlib.h>

struct lanes {
    pthread_mutex_t lock;
    unsigned inside, inside_max; /* threads, in all lanes */
    unsigned pending_n;
    struct lane_call *first, **last; /* set aside, oldest first */
    bool closed;
    int64_t stores;
    uint8_t width[]; /* threads inside, by store */
};

static _Thread_local struct lane_call *current;

int lanes_new(unsigned threads, int64_t stores, struct lanes **lanes_r)
{
    unsigned spare = threads / 4 < LANE_RESERVE ? threads / 4 : LANE_RESERVE;
    struct lanes *l = calloc(1, sizeof(*l) + (size_t)stores + 1);

    *lanes_r = l;
    if (!l)
        return -ENOMEM;
    pthread_mutex_init(&l->lock, NULL);
    l->inside_max = threads > spare + 1 ? threads - spare : 1;
    l->last = &l->first;
    l->stores = stores;
    return 0;
}

void lanes_free(struct lanes **lanes)
{
    if (!*lanes)
        return;
    pthread_mutex_destroy(&(*lanes)->lock);
    free(*lanes);
    *lanes = NULL;
}

/* ---- with the lock held ---- */

static bool has_room(const struct lanes *l, int64_t store)
{
    return l->inside < l->inside_max && l->width[store] < LANE_WIDTH;
}

static void lane_take(struct lanes *l, struct lane_call *call, int64_t store)
{
    l->inside++;
    l->width[store]++;
    call->held = store;
}

static int set_aside(struct lanes *l, const struct lane_call *call)
{
    struct lane_call *kept = NULL;

    if (l->closed)
        return EINTR;
    if (l->pending_n >= LANE_PENDING_MAX)
        return EBUSY;
    if (!(kept = call->keep(call)))
        return ENOMEM;
    kept->next = NULL;
    *l->last = kept;
    l->last = &kept->next;
    l->pending_n++;
    return 0;
}

/* The oldest call whose lane has room, inside it; NULL none. */
static struct lane_call *take_pending(struct lanes *l)
{
    for (struct lane_call **at = &l->first; *at; at = &(*at)->next) {
        struct lane_call *call = *at;
        if (!has_room(l, call->wanted))
            continue;
        *at = call->next;
        if (l->last == &call->next)
            l->last = at;
        l->pending_n--;
        lane_take(l, call, call->wanted);
        return call;
    }
    return NULL;
}

/* ---- running ---- */

int lane_enter(struct lanes *l, int64_t store)
{
    struct lane_call *call = current;
    int rc = 0;

    if (!l || !call || store < 0 || store > l->stores || call->held == store)
        return 0;
    pthread_mutex_lock(&l->lock);
    if (!call->held && has_room(l, store)) {
        lane_take(l, call, store);
    } else {
        call->wanted = store;
        rc = LANE_FULL;
    }
    pthread_mutex_unlock(&l->lock);
    return rc;
}

static int run_once(struct lane_call *call)
{
    int rc;

    current = call;
    rc = call->run(call);
    current = NULL;
    return rc;
}

/* Between the look and now the lane may have become free: nobody would fetch
 * a call set aside then. True: run it again, it is inside. */
static bool run_again(struct lanes *l, struct lane_call *call)
{
    int code = 0;

    pthread_mutex_lock(&l->lock);
    if (has_room(l, call->wanted) && !l->closed)
        lane_take(l, call, call->wanted);
    else
        code = set_aside(l, call);
    pthread_mutex_unlock(&l->lock);
    if (code)
        call->refuse(call, code);
    return call->held != 0;
}

static struct lane_call *leave(struct lanes *l, struct lane_call *call)
{
    struct lane_call *next = NULL;

    if (!call->held) /* nothing has become free */
        return NULL;
    pthread_mutex_lock(&l->lock);
    l->inside--;
    l->width[call->held]--;
    call->held = 0;
    next = take_pending(l);
    pthread_mutex_unlock(&l->lock);
    return next;
}

static struct lane_call *call_run(struct lanes *l, struct lane_call *call)
{
    int rc = run_once(call);

    if (rc == LANE_FULL && !call->held && run_again(l, call))
        rc = run_once(call);
    /* One request is for one store: inside it is never told so again. */
    if (rc == LANE_FULL && call->held)
        call->refuse(call, EIO);
    return leave(l, call);
}

void lanes_run(struct lanes *l, struct lane_call *call)
{
    struct lane_call *kept = call_run(l, call);

    while (kept) {
        struct lane_call *next = call_run(l, kept);
        free(kept);
        kept = next;
    }
}

void lanes_close(struct lanes *l)
{
    struct lane_call *call;

    pthread_mutex_lock(&l->lock);
    l->closed = true;
    call = l->first;
    l->first = NULL;
    l->last = &l->first;
    l->pending_n = 0;
    pthread_mutex_unlock(&l->lock);
    while (call) {
        struct lane_call *next = call->next;
        call->refuse(call, EINTR);
        free(call);
        call = next;
    }
}
