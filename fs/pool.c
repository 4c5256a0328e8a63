#include "fs/pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "pipeline/base/clock.h"

struct place {
    struct catalog_store *store; /* NULL: free */
    unsigned busy;               /* calls that are running */
    uint64_t last;               /* monotonic ms of the last leave */
};

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t left;
    unsigned max;
    uint64_t idle_ms;
    struct place *places;
};

int pool_new(unsigned max, uint64_t idle_ms, struct pool **pool_r,
             struct err *err)
{
    struct pool *pool = calloc(1, sizeof(*pool));

    *pool_r = NULL;
    max += max == 0;
    if (!pool || !(pool->places = calloc(max, sizeof(*pool->places)))) {
        free(pool);
        return err_sys(err, ENOMEM, "readers");
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->left, NULL);
    pool->max = max;
    pool->idle_ms = idle_ms;
    *pool_r = pool;
    return 0;
}

void pool_free(struct pool **pool)
{
    if (!*pool)
        return;
    pthread_mutex_destroy(&(*pool)->lock);
    pthread_cond_destroy(&(*pool)->left);
    free((*pool)->places);
    free(*pool);
    *pool = NULL;
}

static struct place *place_of(struct pool *pool,
                              const struct catalog_store *store)
{
    for (unsigned i = 0; i < pool->max; i++)
        if (pool->places[i].store == store)
            return &pool->places[i];
    return NULL;
}

/* The place not used for the longest time, NULL when all are in use. */
static struct place *place_oldest(struct pool *pool)
{
    struct place *oldest = NULL;

    for (unsigned i = 0; i < pool->max; i++) {
        struct place *p = &pool->places[i];
        if (p->busy == 0 && (!oldest || p->last < oldest->last))
            oldest = p;
    }
    return oldest;
}

/* A place for the store, with the store it is taken from in *out_r. */
static struct place *place_take(struct pool *pool, struct catalog_store *store,
                                struct catalog_store **out_r)
{
    struct place *place;

    for (;;) {
        if ((place = place_of(pool, store)))
            return place;
        if ((place = place_of(pool, NULL)) || (place = place_oldest(pool)))
            break;
        pthread_cond_wait(&pool->left, &pool->lock);
    }
    *out_r = place->store;
    place->store = store;
    return place;
}

void pool_enter(struct pool *pool, struct catalog_store *store)
{
    struct catalog_store *out = NULL;

    pthread_mutex_lock(&pool->lock);
    place_take(pool, store, &out)->busy++;
    pthread_mutex_unlock(&pool->lock);
    if (out)
        reader_rest(out->reader);
}

void pool_leave(struct pool *pool, struct catalog_store *store)
{
    struct place *place;

    pthread_mutex_lock(&pool->lock);
    place = place_of(pool, store);
    place->busy--;
    place->last = time_mono_ms();
    pthread_cond_broadcast(&pool->left);
    pthread_mutex_unlock(&pool->lock);
}

static struct catalog_store *take_idle(struct pool *pool)
{
    uint64_t now = time_mono_ms();
    struct catalog_store *store = NULL;

    pthread_mutex_lock(&pool->lock);
    for (unsigned i = 0; i < pool->max && !store; i++) {
        struct place *p = &pool->places[i];
        if (p->store && p->busy == 0 && now - p->last >= pool->idle_ms) {
            store = p->store;
            p->store = NULL;
            pthread_cond_broadcast(&pool->left);
        }
    }
    pthread_mutex_unlock(&pool->lock);
    return store;
}

void pool_idle(struct pool *pool)
{
    struct catalog_store *store;

    while ((store = take_idle(pool)))
        reader_rest(store->reader);
}
