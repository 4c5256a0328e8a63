#include "fs/facts.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/reader/client.h"

/* All names and values of one item: name NUL value NUL ... */
struct entry {
    int64_t store; /* 0: free */
    uint32_t nid;
    unsigned generation;
    uint64_t used; /* tick of the last use */
    struct buf text;
};

struct facts {
    pthread_mutex_t lock;
    uint64_t tick;
    struct entry kept[FACTS_KEPT];
};

struct facts *facts_new(void)
{
    struct facts *facts = calloc(1, sizeof(*facts));

    if (facts)
        pthread_mutex_init(&facts->lock, NULL);
    return facts;
}

void facts_free(struct facts **facts)
{
    if (!*facts)
        return;
    for (size_t i = 0; i < FACTS_KEPT; i++)
        buf_finish(&(*facts)->kept[i].text);
    pthread_mutex_destroy(&(*facts)->lock);
    free(*facts);
    *facts = NULL;
}

static int value_find(const struct buf *text, const char *name,
                      struct buf *value)
{
    const char *at = buf_str(text), *end = at + text->len;

    while (at < end) {
        const char *found = at + strlen(at) + 1;
        if (strcmp(at, name) == 0)
            return buf_adds(value, found);
        at = found + strlen(found) + 1;
    }
    return -ENODATA;
}

int facts_find(struct facts *facts, int64_t store, uint32_t nid,
               unsigned generation, const char *name, struct buf *value)
{
    int rc = -ENOENT;

    pthread_mutex_lock(&facts->lock);
    for (size_t i = 0; i < FACTS_KEPT && rc == -ENOENT; i++) {
        struct entry *e = &facts->kept[i];
        if (e->store != store || e->nid != nid || e->generation != generation)
            continue;
        e->used = ++facts->tick;
        rc = value_find(&e->text, name, value);
    }
    pthread_mutex_unlock(&facts->lock);
    return rc;
}

/* In the place of the one not used for longest. Takes over the text. */
static void entry_keep(struct facts *facts, struct entry *entry)
{
    struct entry *oldest = &facts->kept[0];

    pthread_mutex_lock(&facts->lock);
    for (size_t i = 1; i < FACTS_KEPT; i++)
        if (facts->kept[i].used < oldest->used)
            oldest = &facts->kept[i];
    buf_finish(&oldest->text);
    *oldest = *entry;
    oldest->used = ++facts->tick;
    pthread_mutex_unlock(&facts->lock);
}

static int take_fact(void *ctx, const char *name, const char *value)
{
    struct buf *text = ctx;
    size_t names = strlen(name) + 1, values = strlen(value) + 1;

    if (text->len + names + values > FACTS_BYTES)
        return 0;
    buf_add(text, name, names);
    return buf_add(text, value, values);
}

int facts_make(struct facts *facts, const struct catalog_store *store,
               uint32_t nid, unsigned generation, const char *name,
               struct buf *value, struct err *err)
{
    struct entry entry = {store->id, nid, generation, .text = BUF(FACTS_BYTES)};
    int rc = reader_facts(store->reader, nid, take_fact, &entry.text, err);

    if (rc == 0)
        rc = value_find(&entry.text, name, value);
    if (rc == 0 || rc == -ENODATA)
        entry_keep(facts, &entry);
    else
        buf_finish(&entry.text);
    return rc;
}
