#include "pipeline/pst/cache.h"

#include "pipeline/base/cleanup.h"

#define CACHE_BUCKETS 16384u /* a power of two */

struct chunk *chunk_new(size_t len)
{
    struct chunk *c = malloc(sizeof(*c) + len);

    if (!c)
        return NULL;
    c->chain = c->newer = c->older = NULL;
    c->key = 0;
    c->refs = 1;
    c->len = (uint32_t)len;
    c->damaged = false;
    return c;
}

struct chunk *chunk_ref(struct chunk *c)
{
    c->refs++;
    return c;
}

void chunk_unref(struct chunk **c)
{
    if (*c && --(*c)->refs == 0)
        free(*c);
    *c = NULL;
}

static struct chunk **bucket_of(struct cache *cache, uint64_t key)
{
    uint64_t mixed = key * 0x9E3779B97F4A7C15ull;

    return &cache->buckets[mixed >> 40 & (CACHE_BUCKETS - 1)];
}

int cache_init(struct cache *cache, size_t budget)
{
    cache->buckets = calloc(CACHE_BUCKETS, sizeof(*cache->buckets));
    cache->newest = cache->oldest = NULL;
    cache->bytes = 0;
    cache->budget = budget;
    return cache->buckets ? 0 : -ENOMEM;
}

static void unlink_chunk(struct cache *cache, struct chunk *c)
{
    if (c->newer)
        c->newer->older = c->older;
    else
        cache->newest = c->older;
    if (c->older)
        c->older->newer = c->newer;
    else
        cache->oldest = c->newer;
    c->newer = c->older = NULL;
}

static void push_newest(struct cache *cache, struct chunk *c)
{
    c->older = cache->newest;
    if (cache->newest)
        cache->newest->newer = c;
    else
        cache->oldest = c;
    cache->newest = c;
}

static void drop_oldest(struct cache *cache)
{
    struct chunk *c = cache->oldest;
    struct chunk **at = bucket_of(cache, c->key);

    while (*at != c)
        at = &(*at)->chain;
    *at = c->chain;
    c->chain = NULL;
    unlink_chunk(cache, c);
    cache->bytes -= sizeof(*c) + c->len;
    chunk_unref(&c);
}

void cache_clear(struct cache *cache)
{
    while (cache->oldest)
        drop_oldest(cache);
}

void cache_finish(struct cache *cache)
{
    cache_clear(cache);
    free(cache->buckets);
    cache->buckets = NULL;
}

struct chunk *cache_find(struct cache *cache, uint64_t key)
{
    struct chunk *c = *bucket_of(cache, key);

    while (c && c->key != key)
        c = c->chain;
    if (!c)
        return NULL;
    if (c != cache->newest) {
        unlink_chunk(cache, c);
        push_newest(cache, c);
    }
    return chunk_ref(c);
}

void cache_add(struct cache *cache, uint64_t key, struct chunk *c)
{
    struct chunk **at = bucket_of(cache, key);

    c->key = key;
    c->chain = *at;
    *at = chunk_ref(c);
    push_newest(cache, c);
    cache->bytes += sizeof(*c) + c->len;
    while (cache->bytes > cache->budget && cache->oldest != c)
        drop_oldest(cache);
}
