/*
 * Items rendered a moment ago, so that a size and the read after it, or the
 * reads of one file, render once. Bounded by count and by the memory the
 * renderings hold; the least recently used goes first.
 */
#ifndef READER_RECENT_H
#define READER_RECENT_H

#include "pipeline/render/render.h"

#define RECENT_ITEMS_MAX  256
#define RECENT_WEIGHT_MAX (32u << 20) /* bytes; the newest may pass it */

struct recent;

struct recent *recent_new(void); /* NULL on ENOMEM */
void recent_free(struct recent **recent);

/* A kept rendering (of a part of an item, 0: of itself), NULL when there is
 * none. Borrowed until the next put. */
struct render *recent_find(struct recent *recent, uint32_t nid,
                           enum render_format format, unsigned part);
/* Keeps render (owned by the cache from now on), dropping older ones. */
void recent_put(struct recent *recent, uint32_t nid, enum render_format format,
                unsigned part, struct render *render);

#endif
