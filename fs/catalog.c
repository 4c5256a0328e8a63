#include "fs/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "fs/catalog_priv.h"

char catalog_no_text[] = "";

/* ---- the files that are known ---- */

static int id_compare(const void *a, const void *b)
{
    const struct known *const *x = a, *const *y = b;

    return (*x)->store.id < (*y)->store.id ? -1
                                           : (*x)->store.id > (*y)->store.id;
}

static int path_compare(const void *a, const void *b)
{
    const struct known *const *x = a, *const *y = b;

    return strcmp((*x)->store.path, (*y)->store.path);
}

struct known *known_find(struct known *const *by_path, size_t n,
                         const char *path)
{
    struct known key = {.store.path = (char *)path}, *at = &key, **found = NULL;

    if (n)
        found = bsearch(&at, by_path, n, sizeof(*by_path), path_compare);
    return found ? *found : NULL;
}

struct known *known_get(const struct catalog *c, const char *path)
{
    return known_find(c->by_path, c->n, path);
}

static void known_free(struct known *known)
{
    reader_free(&known->store.reader);
    if (known->store.shown != catalog_no_text)
        free(known->store.shown);
    free(known->store.path);
    free(known->noted);
    free(known);
}

bool known_room(struct catalog *c, size_t more)
{
    size_t cap = c->n + more;
    struct known **list;

    if (cap <= c->cap)
        return true;
    cap += cap / 2;
    if ((list = realloc(c->by_id, cap * sizeof(*list))))
        c->by_id = list;
    if (list && (list = realloc(c->by_path, cap * sizeof(*list))))
        c->by_path = list;
    if (list)
        c->cap = cap;
    return list != NULL;
}

int known_add(struct catalog *c, const struct db_store *row)
{
    struct known *known = calloc(1, sizeof(*known));

    if (!known)
        return -ENOMEM;
    known->store.id = row->id;
    known->store.size = row->size;
    known->store.mtime = row->mtime;
    known->store.shown = catalog_no_text;
    known->store.rejected = strcmp(row->state, "rejected") == 0;
    known->store.gone = true; /* until a scan sees it */
    known->store.path = strdup(row->path);
    known->noted = strdup(row->reason);
    known->store.reason = known->noted;
    if (!known->store.path || !known->noted) {
        known_free(known);
        return -ENOMEM;
    }
    c->by_id[c->n] = c->by_path[c->n] = known;
    c->n++;
    return 0;
}

void known_sort(struct catalog *c)
{
    if (!c->n)
        return;
    qsort(c->by_id, c->n, sizeof(*c->by_id), id_compare);
    qsort(c->by_path, c->n, sizeof(*c->by_path), path_compare);
}

/* ---- life ---- */

static int take_row(void *ctx, const struct db_store *row)
{
    struct catalog *c = ctx;

    return known_room(c, 1) ? known_add(c, row) : -ENOMEM;
}

static int copy_sources(struct catalog *c, const char *const *sources, size_t n)
{
    c->sources = calloc(n + 1, sizeof(*c->sources));
    if (!c->sources)
        return -ENOMEM;
    for (; c->n_sources < n; c->n_sources++)
        if (!(c->sources[c->n_sources] = strdup(sources[c->n_sources])))
            return -ENOMEM;
    return 0;
}

int catalog_new(struct fs *fs, const char *const *sources, size_t n,
                struct catalog **catalog_r, struct err *err)
{
    struct catalog *c = calloc(1, sizeof(*c));
    bool changed;
    int rc = -ENOMEM;

    *catalog_r = NULL;
    if (c) {
        pthread_rwlock_init(&c->lock, NULL);
        c->fs = fs;
        c->changed = fs->mounted;
        c->view = view_new();
        rc = c->view ? copy_sources(c, sources, n) : -ENOMEM;
    }
    if (rc < 0)
        err_sys(err, -rc, "catalog");
    else
        rc = db_store_each(fs->db, take_row, c, err);
    if (rc == 0) {
        known_sort(c);
        rc = catalog_rescan_watched(c, NULL, &changed, err);
    }
    if (rc < 0)
        catalog_free(&c);
    *catalog_r = c;
    return rc;
}

void catalog_free(struct catalog **catalog)
{
    struct catalog *c = *catalog;

    if (!c)
        return;
    for (size_t i = 0; i < c->n; i++)
        known_free(c->by_id[i]);
    for (size_t i = 0; i < c->n_sources; i++)
        free(c->sources[i]);
    free(c->sources);
    free(c->by_id);
    free(c->by_path);
    view_free(&c->view);
    pthread_rwlock_destroy(&c->lock);
    free(c);
    *catalog = NULL;
}

/* ---- questions ---- */

struct catalog_store *catalog_store(struct catalog *c, int64_t id)
{
    struct known key = {.store.id = id}, *at = &key, **found = NULL;

    pthread_rwlock_rdlock(&c->lock);
    if (c->n)
        found = bsearch(&at, c->by_id, c->n, sizeof(*c->by_id), id_compare);
    at = found ? *found : NULL;
    pthread_rwlock_unlock(&c->lock);
    return at ? &at->store : NULL;
}

struct catalog_store *catalog_store_at(struct catalog *c, size_t n)
{
    struct known *known;

    pthread_rwlock_rdlock(&c->lock);
    known = n < c->n ? c->by_id[n] : NULL;
    pthread_rwlock_unlock(&c->lock);
    return known ? &known->store : NULL;
}

int64_t catalog_changed(struct catalog *c)
{
    return __atomic_load_n(&c->changed, __ATOMIC_RELAXED);
}

int catalog_each(struct catalog *c, uint32_t dir, catalog_entry_fn *fn,
                 void *ctx)
{
    int rc;

    pthread_rwlock_rdlock(&c->lock);
    rc = view_each(c->view, dir, fn, ctx);
    pthread_rwlock_unlock(&c->lock);
    return rc;
}

int catalog_find(struct catalog *c, uint32_t dir, const char *name,
                 struct catalog_entry *entry_r)
{
    int rc;

    pthread_rwlock_rdlock(&c->lock);
    rc = view_find(c->view, dir, name, entry_r);
    pthread_rwlock_unlock(&c->lock);
    if (rc == 0)
        entry_r->name = name;
    return rc;
}

int catalog_parent(struct catalog *c, uint32_t dir, uint32_t *parent_r)
{
    int rc;

    pthread_rwlock_rdlock(&c->lock);
    rc = view_parent(c->view, dir, parent_r);
    pthread_rwlock_unlock(&c->lock);
    return rc;
}

int catalog_store_dir(struct catalog *c, int64_t store, uint32_t *dir_r)
{
    int rc;

    pthread_rwlock_rdlock(&c->lock);
    rc = view_store_dir(c->view, store, dir_r);
    pthread_rwlock_unlock(&c->lock);
    return rc;
}
