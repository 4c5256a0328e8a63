/*
 * Items rendered a moment ago, so that a size and the read after it, or the
 * reads of one file, render once. Bounded by count and by the memory the
 * renderings hold; the least recently used goes first.
 */
#ifndef READER_CACHE_H
#define READER_CACHE_H

#include "pipeline/render/render.h"

#define CACHE_ITEMS_MAX  256
#define CACHE_WEIGHT_MAX (32u << 20) /* bytes; the newest may pass it */

struct cache;

struct cache *cache_new(void); /* NULL on ENOMEM */
void cache_free(struct cache **cache);

/* A kept rendering, NULL when there is none. Borrowed until the next put. */
struct render *cache_find(struct cache *cache, uint32_t nid,
                          enum render_format format);
/* Keeps render (owned by the cache from now on), dropping older ones. */
void cache_put(struct cache *cache, uint32_t nid, enum render_format format,
               struct render *render);

#endif
