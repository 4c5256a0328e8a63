/* Counted pieces of memory and a least-recently-used cache of them. */
#ifndef PST_CACHE_H
#define PST_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A page or a decoded block. Whoever holds a reference may read data; the
 * cache holds one too, so dropping from it hurts nobody. */
struct chunk {
    struct chunk *chain, *newer, *older; /* of the cache */
    uint64_t key;
    uint32_t refs;
    uint32_t len;
    bool damaged; /* a block that failed its checks, used all the same */
    uint8_t data[];
};

struct chunk *chunk_new(size_t len); /* one reference; NULL on ENOMEM */
struct chunk *chunk_ref(struct chunk *c);
void chunk_unref(struct chunk **c); /* *c may be NULL; sets it to NULL */

struct cache {
    struct chunk **buckets; /* CACHE_BUCKETS of them */
    struct chunk *newest, *oldest;
    size_t bytes, budget;
};

int cache_init(struct cache *cache, size_t budget); /* 0 or -ENOMEM */
void cache_finish(struct cache *cache);
void cache_clear(struct cache *cache);
/* A new reference, or NULL when the key is not there. */
struct chunk *cache_find(struct cache *cache, uint64_t key);
/* Adds c (the cache takes its own reference) and drops the oldest over the
 * budget. The key must not be there yet. */
void cache_add(struct cache *cache, uint64_t key, struct chunk *c);

#endif
