#include "pipeline/reader/skips.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/reader/client.h"

struct skip {
    uint32_t nid;
    unsigned kills;
    bool news;               /* refused, and nobody was told */
    char why[SKIPS_WHY_MAX]; /* of the last kill */
};

struct skips {
    struct skips *next;
    char *path;
    unsigned refs;
    struct reader_file file;
    struct skip *list; /* NULL until the first; SKIPS_MAX of them */
    size_t n;
};

static pthread_mutex_t skips_lock = PTHREAD_MUTEX_INITIALIZER;
static struct skips *all;

static struct skips *skips_new(const char *path)
{
    struct skips *skips = calloc(1, sizeof(*skips));

    if (skips && !(skips->path = strdup(path))) {
        free(skips);
        return NULL;
    }
    if (skips) {
        skips->next = all;
        all = skips;
    }
    return skips;
}

struct skips *skips_get(const char *path)
{
    struct skips *skips;

    pthread_mutex_lock(&skips_lock);
    for (skips = all; skips; skips = skips->next)
        if (strcmp(skips->path, path) == 0)
            break;
    if (!skips)
        skips = skips_new(path);
    if (skips)
        skips->refs++;
    pthread_mutex_unlock(&skips_lock);
    return skips;
}

void skips_put(struct skips **skips)
{
    struct skips *s = *skips, **at = &all;

    if (!s)
        return;
    *skips = NULL;
    pthread_mutex_lock(&skips_lock);
    if (--s->refs == 0) {
        while (*at != s)
            at = &(*at)->next;
        *at = s->next;
        free(s->list);
        free(s->path);
        free(s);
    }
    pthread_mutex_unlock(&skips_lock);
}

void skips_belong(struct skips *skips, const struct reader_file *file)
{
    pthread_mutex_lock(&skips_lock);
    if (skips->file.now != file->now)
        skips->n = 0;
    skips->file = *file;
    pthread_mutex_unlock(&skips_lock);
}

static struct skip *skip_find(const struct skips *skips, uint32_t nid)
{
    for (size_t i = 0; i < skips->n; i++)
        if (skips->list[i].nid == nid)
            return &skips->list[i];
    return NULL;
}

static bool is_refused(const struct skip *skip)
{
    return skip && skip->kills >= READER_KILLS_MAX;
}

/* NULL when there is no memory: then an item is asked for once more. */
static struct skip *skip_make(struct skips *skips, uint32_t nid)
{
    if (!skips->list)
        skips->list = calloc(SKIPS_MAX, sizeof(*skips->list));
    if (!skips->list)
        return NULL;
    if (skips->n == SKIPS_MAX)
        memmove(skips->list, skips->list + 1,
                --skips->n * sizeof(*skips->list));
    skips->list[skips->n] = (struct skip){.nid = nid};
    return &skips->list[skips->n++];
}

/* The item with that many kills more; the lock is held. */
static struct skip *skip_count(struct skips *skips, uint32_t nid,
                               unsigned kills, const char *why)
{
    struct skip *skip = skip_find(skips, nid);

    if (!skip)
        skip = skip_make(skips, nid);
    if (skip) {
        skip->kills += kills;
        snprintf(skip->why, sizeof(skip->why), "%s", why);
    }
    return skip;
}

void skips_add(struct skips *skips, uint32_t nid, const char *why)
{
    struct skip *skip;

    if (!nid)
        return;
    pthread_mutex_lock(&skips_lock);
    skip = skip_count(skips, nid, 1, why);
    if (skip && skip->kills == READER_KILLS_MAX)
        skip->news = true;
    pthread_mutex_unlock(&skips_lock);
}

void skips_seed(struct skips *skips, const struct reader_file *file,
                uint32_t nid, const char *why)
{
    pthread_mutex_lock(&skips_lock);
    if (skips->file.now == file->now && !is_refused(skip_find(skips, nid)))
        skip_count(skips, nid, READER_KILLS_MAX, why);
    pthread_mutex_unlock(&skips_lock);
}

bool skips_news(struct skips *skips, uint64_t *lasting_r, uint32_t *nid_r,
                char why_r[SKIPS_WHY_MAX])
{
    size_t i = 0;

    pthread_mutex_lock(&skips_lock);
    while (i < skips->n && !skips->list[i].news)
        i++;
    if (i < skips->n) {
        skips->list[i].news = false;
        *lasting_r = skips->file.lasting;
        *nid_r = skips->list[i].nid;
        memcpy(why_r, skips->list[i].why, SKIPS_WHY_MAX);
    }
    pthread_mutex_unlock(&skips_lock);
    return i < skips->n;
}

bool skips_refused(struct skips *skips, uint32_t nid, struct err *err)
{
    const struct skip *skip;
    bool refused;

    pthread_mutex_lock(&skips_lock);
    skip = skip_find(skips, nid);
    refused = is_refused(skip);
    if (refused)
        err_set(err, EIO, "item 0x%x ended the reader before, %u times: %s",
                nid, READER_KILLS_MAX, skip->why);
    pthread_mutex_unlock(&skips_lock);
    return refused;
}

bool skips_at(struct skips *skips, size_t n, uint32_t *nid_r,
              char why_r[SKIPS_WHY_MAX])
{
    size_t i;

    pthread_mutex_lock(&skips_lock);
    for (i = 0; i < skips->n; i++)
        if (is_refused(&skips->list[i]) && n-- == 0)
            break;
    if (i < skips->n) {
        *nid_r = skips->list[i].nid;
        memcpy(why_r, skips->list[i].why, SKIPS_WHY_MAX);
    }
    pthread_mutex_unlock(&skips_lock);
    return i < skips->n;
}
