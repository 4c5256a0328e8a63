#include "fs/parts.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/name.h"
#include "fs/node.h"
#include "pipeline/base/buf.h"
#include "pipeline/reader/client.h"

#define EXT_MAX 16 /* bytes of what counts as an extension */

_Static_assert(READER_PART_MAX == NODE_PART_MAX, "each part is a node");

struct parts {
    int64_t store;
    uint32_t nid, folder;
    unsigned generation;
    unsigned refs; /* holders, the cache among them */
    struct nameset *names;
    struct listing_item *items;
    size_t n, cap;
};

struct parts_cache {
    pthread_mutex_t lock;
    struct parts *kept[PARTS_KEPT]; /* the last used first; NULL: the end */
};

struct parts_cache *parts_cache_new(void)
{
    struct parts_cache *cache = calloc(1, sizeof(*cache));

    if (cache)
        pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

static void parts_free(struct parts *parts)
{
    nameset_free(&parts->names);
    free(parts->items);
    free(parts);
}

/* The lock is held. */
static void parts_release(struct parts *parts)
{
    if (--parts->refs == 0)
        parts_free(parts);
}

void parts_cache_free(struct parts_cache **cache)
{
    if (!*cache)
        return;
    for (size_t i = 0; i < PARTS_KEPT && (*cache)->kept[i]; i++)
        parts_free((*cache)->kept[i]);
    pthread_mutex_destroy(&(*cache)->lock);
    free(*cache);
    *cache = NULL;
}

void parts_put(struct parts_cache *cache, struct parts **parts)
{
    if (!*parts)
        return;
    pthread_mutex_lock(&cache->lock);
    parts_release(*parts);
    pthread_mutex_unlock(&cache->lock);
    *parts = NULL;
}

static size_t parts_weight(const struct parts *parts)
{
    return sizeof(*parts) + parts->cap * sizeof(*parts->items) +
           nameset_weight(parts->names);
}

/* ---- what is kept; the lock is held ---- */

static struct parts *kept_remove(struct parts_cache *cache, size_t i)
{
    struct parts *parts = cache->kept[i];

    memmove(&cache->kept[i], &cache->kept[i + 1],
            (PARTS_KEPT - 1 - i) * sizeof(*cache->kept));
    cache->kept[PARTS_KEPT - 1] = NULL;
    return parts;
}

static void kept_add(struct parts_cache *cache, struct parts *parts)
{
    size_t weight = parts_weight(parts), n = 1;

    if (cache->kept[PARTS_KEPT - 1])
        parts_release(kept_remove(cache, PARTS_KEPT - 1));
    memmove(&cache->kept[1], &cache->kept[0],
            (PARTS_KEPT - 1) * sizeof(*cache->kept));
    cache->kept[0] = parts;
    while (n < PARTS_KEPT && cache->kept[n]) {
        weight += parts_weight(cache->kept[n]);
        if (weight > PARTS_KEPT_BYTES)
            parts_release(kept_remove(cache, n));
        else
            n++;
    }
}

struct parts *parts_cache_find(struct parts_cache *cache, int64_t store,
                               uint32_t nid, unsigned generation)
{
    struct parts *found = NULL;

    pthread_mutex_lock(&cache->lock);
    for (size_t i = 0; !found && i < PARTS_KEPT && cache->kept[i]; i++) {
        struct parts *parts = cache->kept[i];
        if (parts->store != store || parts->nid != nid ||
            parts->generation != generation)
            continue;
        found = kept_remove(cache, i);
        kept_add(cache, found);
        found->refs++;
    }
    pthread_mutex_unlock(&cache->lock);
    return found;
}

static void parts_tell(const struct parts *parts,
                       void (*fn)(void *ctx, uint64_t ino), void *ctx)
{
    struct node node = {
        .kind = NODE_PARTS, .store = parts->store, .id = parts->nid};

    fn(ctx, node_join(node));
    node.kind = NODE_PART;
    for (size_t i = 0; i < nameset_count(parts->names); i++) {
        node.part = nameset_nid(parts->names, i);
        fn(ctx, node_join(node));
    }
}

void parts_cache_drop(struct parts_cache *cache, int64_t store,
                      void (*fn)(void *ctx, uint64_t ino), void *ctx)
{
    struct parts *dropped[PARTS_KEPT];
    size_t n = 0;

    pthread_mutex_lock(&cache->lock);
    for (size_t i = 0; i < PARTS_KEPT && cache->kept[i];) {
        if (cache->kept[i]->store == store)
            dropped[n++] = kept_remove(cache, i);
        else
            i++;
    }
    pthread_mutex_unlock(&cache->lock);
    for (size_t i = 0; i < n; i++) {
        if (fn)
            parts_tell(dropped[i], fn, ctx);
        parts_put(cache, &dropped[i]);
    }
}

/* ---- making one ---- */

/* The extension by which a number may be put before it: short and plain.
 * Cuts it from name. */
static const char *cut_extension(char *name)
{
    char *dot = strrchr(name, '.');
    size_t len = dot ? strlen(dot + 1) : 0;

    if (!dot || dot == name || !len || len > EXT_MAX)
        return "";
    for (const char *at = dot + 1; *at; at++)
        if (!isalnum((unsigned char)*at) || (*at & 0x80))
            return "";
    *dot = '\0';
    return dot + 1;
}

static int items_grow(struct parts *parts)
{
    size_t cap = parts->cap ? parts->cap * 2 : 8;
    struct listing_item *items;

    if (parts->n < parts->cap)
        return 0;
    items = realloc(parts->items, cap * sizeof(*items));
    if (!items)
        return -ENOMEM;
    parts->items = items;
    parts->cap = cap;
    return 0;
}

static int take_part(void *ctx, const struct reader_part *part)
{
    struct parts *parts = ctx;
    cleanup_free char *name = strdup(part->name);
    const char *ext;
    int rc = name ? items_grow(parts) : -ENOMEM;

    if (rc < 0)
        return rc;
    ext = cut_extension(name);
    rc = nameset_add(parts->names, part->number, name, "attachment", ext);
    if (rc < 0)
        return rc;
    parts->items[parts->n++] = (struct listing_item){
        .size = part->bad ? 1 : part->size & INT64_MAX,
        .time = part->time,
        .bad = part->bad,
    };
    return 0;
}

static int parts_fill(struct parts *parts, const struct catalog_store *store,
                      struct err *err)
{
    int rc = (parts->names = nameset_new()) ? 0 : -ENOMEM;

    if (rc == 0) {
        rc = reader_parts(store->reader, parts->nid, &parts->folder, take_part,
                          parts, err);
        if (rc != 0 && rc != -ENOMEM)
            return rc < 0 ? rc : -EIO;
    }
    if (rc == 0)
        rc = nameset_settle(parts->names);
    return rc < 0 ? err_sys(err, -rc, "attachments of item %x", parts->nid) : 0;
}

int parts_make(struct parts_cache *cache, const struct catalog_store *store,
               uint32_t nid, unsigned generation, struct parts **parts_r,
               struct err *err)
{
    struct parts *parts = calloc(1, sizeof(*parts));
    int rc;

    *parts_r = NULL;
    if (!parts)
        return err_sys(err, ENOMEM, "attachments of item %x", nid);
    *parts = (struct parts){
        .store = store->id, .nid = nid, .generation = generation, .refs = 2};
    rc = parts_fill(parts, store, err);
    if (rc < 0) {
        parts_free(parts);
        return rc;
    }
    pthread_mutex_lock(&cache->lock);
    kept_add(cache, parts);
    pthread_mutex_unlock(&cache->lock);
    *parts_r = parts;
    return 0;
}

/* ---- looking at one ---- */

uint32_t parts_folder(const struct parts *parts)
{
    return parts->folder;
}

const struct nameset *parts_names(const struct parts *parts)
{
    return parts->names;
}

struct listing_item parts_item(const struct parts *parts, size_t i)
{
    return parts->items[i];
}
