#include <stdlib.h>
#include <string.h>

#include "fs/catalog_priv.h"
#include "fs/node.h"
#include "fs/scan.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/log.h"

/* ---- what a scan changes in the state ---- */

#define GONE "not found in the sources"

struct rows {
    struct db_store *list;
    size_t n, cap;
};

static int rows_add(struct rows *rows, const char *path, const char *state,
                    const char *reason, int64_t size, int64_t mtime)
{
    size_t cap = rows->cap ? rows->cap * 2 : 64;
    struct db_store *list;

    if (rows->n == rows->cap) {
        list = realloc(rows->list, cap * sizeof(*list));
        if (!list)
            return -ENOMEM;
        rows->list = list;
        rows->cap = cap;
    }
    rows->list[rows->n++] = (struct db_store){.path = path,
                                              .state = state,
                                              .reason = reason,
                                              .record_key = "",
                                              .size = size,
                                              .mtime = mtime};
    return 0;
}

/* Of files that are no stores only the reason counts. */
static bool file_same(const struct known *known, const struct scan_file *file)
{
    const struct catalog_store *store = &known->store;

    if (!store->gone && store->rejected && file->reason)
        return strcmp(store->reason, file->reason) == 0;
    return !store->gone && store->rejected == (file->reason != NULL) &&
           store->size == file->size && store->mtime == file->mtime &&
           store->file == file->file &&
           strcmp(store->reason, file->reason ? file->reason : "") == 0;
}

/* Rows for the files that are new or other than the state has them: stores
 * first, so that they get the low numbers. */
static int rows_of_files(struct catalog *c, const struct scan *scan,
                         bool rejected, struct rows *rows)
{
    int rc = 0;

    for (size_t i = 0; i < scan->n && rc == 0; i++) {
        const struct scan_file *file = &scan->list[i];
        struct known *known = known_get(c, file->path);
        if ((file->reason != NULL) != rejected)
            continue;
        if (known)
            known->seen = true;
        if (known && file_same(known, file))
            continue;
        rc = rows_add(rows, file->path, rejected ? "rejected" : "ok",
                      rejected ? file->reason : "", file->size, file->mtime);
    }
    return rc;
}

static int rows_of_gone(struct catalog *c, struct rows *rows)
{
    int rc = 0;

    for (size_t i = 0; i < c->n && rc == 0; i++) {
        const struct catalog_store *store = &c->by_id[i]->store;
        if (!c->by_id[i]->seen && strcmp(store->reason, GONE) != 0)
            rc = rows_add(rows, store->path, "gone", GONE, store->size,
                          store->mtime);
    }
    return rc;
}

/* Writes what has changed; new files get their numbers. */
static int save_scan(struct catalog *c, const struct scan *scan,
                     struct rows *rows, struct err *err)
{
    int rc;

    for (size_t i = 0; i < c->n; i++)
        c->by_id[i]->seen = c->by_id[i]->touched = false;
    rc = rows_of_files(c, scan, false, rows);
    if (rc == 0)
        rc = rows_of_files(c, scan, true, rows);
    if (rc == 0)
        rc = rows_of_gone(c, rows);
    if (rc < 0)
        return err_sys(err, -rc, "scan");
    return rows->n ? db_store_put_all(c->fs->db, rows->list, rows->n, err) : 0;
}

/* ---- what a scan changes here; under the lock for writing ---- */

static int add_rows(struct catalog *c, const struct rows *rows)
{
    size_t sorted = c->n; /* those added here are not */
    int rc = known_room(c, rows->n) ? 0 : -ENOMEM;

    for (size_t i = 0; i < rows->n && rc == 0; i++)
        if (!known_find(c->by_path, sorted, rows->list[i].path))
            rc = known_add(c, &rows->list[i]);
    known_sort(c);
    return rc;
}

static void set_reason(struct known *known, const char *constant)
{
    if (strcmp(known->store.reason, constant ? constant : catalog_no_text) != 0)
        known->store.reason = (char *)(constant ? constant : catalog_no_text);
}

/* Others read these at any time: nothing is written that is not new. */
static void set_facts(struct known *known, const struct scan_file *file,
                      bool rejected)
{
    struct catalog_store *store = &known->store;

    if (store->file != file->file)
        store->file = file->file;
    if (store->size != file->size)
        store->size = file->size;
    if (store->mtime != file->mtime)
        store->mtime = file->mtime;
    if (store->rejected != rejected)
        store->rejected = rejected;
    if (store->gone)
        store->gone = false;
}

static void apply_file(struct known *known, const struct scan_file *file)
{
    struct catalog_store *store = &known->store;
    const char *reason = file->reason;
    struct err err = {0};

    known->touched = !file_same(known, file) &&
                     (!file->reason || (!store->rejected && !store->gone));
    known->seen = true;
    if (store->shown == catalog_no_text &&
        !(store->shown = strdup(file->shown)))
        store->shown = catalog_no_text;
    if (!reason && store->id > NODE_STORE_MAX)
        reason = "too many stores";
    if (!reason && !store->reader &&
        reader_new(store->path, &store->reader, &err) < 0)
        reason = "no memory for a reader";
    set_facts(known, file, reason != NULL);
    set_reason(known, reason);
}

static void apply_scan(struct catalog *c, const struct scan *scan)
{
    for (size_t i = 0; i < c->n; i++)
        c->by_id[i]->seen = false;
    for (size_t i = 0; i < scan->n; i++) {
        struct known *known = known_get(c, scan->list[i].path);
        if (known && !known->seen)
            apply_file(known, &scan->list[i]);
    }
    for (size_t i = 0; i < c->n; i++) {
        struct known *known = c->by_id[i];
        if (known->seen)
            continue;
        known->touched = !known->store.gone && !known->store.rejected;
        if (!known->store.gone)
            known->store.gone = true;
        set_reason(known, GONE);
    }
}

/* The tree of all that is shown, in the order of the paths, so that numbers
 * come out the same each time. NULL on ENOMEM. */
static struct view *make_view(const struct catalog *c)
{
    struct view *view = view_new();

    for (size_t i = 0; view && i < c->n; i++) {
        const struct catalog_store *store = &c->by_path[i]->store;
        int rc = 0;
        if (!store->gone && !store->rejected)
            rc = view_add(view, store->shown, store->id);
        if (rc == -EEXIST)
            log_warn("%s: another store has its place", store->path);
        else if (rc < 0)
            view_free(&view);
    }
    if (view)
        view_settle(view);
    return view;
}

static int apply_all(struct catalog *c, const struct scan *scan,
                     const struct rows *rows, struct view **old_r,
                     struct err *err)
{
    struct view *view = NULL;
    int rc;

    pthread_rwlock_wrlock(&c->lock);
    rc = add_rows(c, rows);
    if (rc == 0) {
        apply_scan(c, scan);
        view = make_view(c);
    }
    if (view) {
        *old_r = c->view;
        c->view = view;
    }
    pthread_rwlock_unlock(&c->lock);
    return view ? 0 : err_sys(err, ENOMEM, "scan");
}

/* ---- scanning ---- */

static bool scan_known(void *ctx, const struct scan_file *file,
                       const char **reason_r)
{
    struct catalog *c = ctx;
    const struct known *known = known_get(c, file->path);

    /* What could not be read may be readable now: it is always tried. */
    if (!known || known->store.gone || known->store.size != file->size ||
        known->store.mtime != file->mtime || known->store.file != file->file)
        return false;
    *reason_r = known->store.rejected ? known->store.reason : NULL;
    return !known->store.rejected || scan_is_final(known->store.reason);
}

struct telling {
    struct catalog *catalog;
    const struct catalog_watch *watch;
};

static void tell_entry(void *ctx, uint32_t dir, const char *name)
{
    struct telling *t = ctx;

    if (t->watch && t->watch->entry)
        t->watch->entry(t->watch->ctx, dir, name);
}

static void tell_stores(struct telling *t)
{
    for (size_t i = 0; i < t->catalog->n; i++)
        if (t->catalog->by_id[i]->touched && t->watch && t->watch->store)
            t->watch->store(t->watch->ctx, &t->catalog->by_id[i]->store);
}

int catalog_rescan_watched(struct catalog *c, const struct catalog_watch *watch,
                           bool *changed_r, struct err *err)
{
    struct telling telling = {c, watch};
    struct rows rows = {0};
    struct view *old = NULL;
    struct scan scan;
    int rc = scan_run((const char *const *)c->sources, c->n_sources,
                      c->fs->mountpoint, scan_known, c, &scan, err);

    *changed_r = false;
    if (rc < 0)
        return rc;
    if (scan.dropped)
        log_warn("%zu more files that are no stores are not listed",
                 scan.dropped);
    rc = save_scan(c, &scan, &rows, err);
    if (rc == 0)
        rc = apply_all(c, &scan, &rows, &old, err);
    if (rc == 0) {
        tell_stores(&telling);
        *changed_r = view_diff(old, c->view, tell_entry, &telling);
        if (*changed_r)
            __atomic_store_n(&c->changed, time_now(), __ATOMIC_RELAXED);
    }
    view_free(&old);
    free(rows.list);
    scan_finish(&scan);
    return rc;
}
