#include "pipeline/reader/cache.h"

struct cache_slot {
    uint32_t nid;
    enum render_format format;
    uint64_t used; /* tick of the last use; 0 = free */
    size_t weight;
    struct render *render;
};

struct cache {
    struct cache_slot slots[CACHE_ITEMS_MAX];
    uint64_t tick;
    size_t weight;
};

struct cache *cache_new(void)
{
    return calloc(1, sizeof(struct cache));
}

static void slot_drop(struct cache *cache, struct cache_slot *slot)
{
    cache->weight -= slot->weight;
    render_free(&slot->render);
    slot->used = 0;
    slot->weight = 0;
}

void cache_free(struct cache **cache)
{
    if (!*cache)
        return;
    for (size_t i = 0; i < CACHE_ITEMS_MAX; i++)
        if ((*cache)->slots[i].used)
            slot_drop(*cache, &(*cache)->slots[i]);
    free(*cache);
    *cache = NULL;
}

struct render *cache_find(struct cache *cache, uint32_t nid,
                          enum render_format format)
{
    for (size_t i = 0; i < CACHE_ITEMS_MAX; i++) {
        struct cache_slot *slot = &cache->slots[i];
        if (slot->used && slot->nid == nid && slot->format == format) {
            slot->used = ++cache->tick;
            return slot->render;
        }
    }
    return NULL;
}

/* A free slot, else the one not used for longest; NULL when all are free
 * and only used ones are wanted. */
static struct cache_slot *slot_oldest(struct cache *cache, bool in_use)
{
    struct cache_slot *best = NULL;

    for (size_t i = 0; i < CACHE_ITEMS_MAX; i++) {
        struct cache_slot *slot = &cache->slots[i];
        if (in_use && !slot->used)
            continue;
        if (!best || slot->used < best->used)
            best = slot;
    }
    return best;
}

void cache_put(struct cache *cache, uint32_t nid, enum render_format format,
               struct render *render)
{
    size_t weight = render_weight(render);
    struct cache_slot *slot;

    while (cache->weight && cache->weight + weight > CACHE_WEIGHT_MAX)
        slot_drop(cache, slot_oldest(cache, true));
    slot = slot_oldest(cache, false);
    if (slot->used)
        slot_drop(cache, slot);
    *slot = (struct cache_slot){nid, format, ++cache->tick, weight, render};
    cache->weight += weight;
}
