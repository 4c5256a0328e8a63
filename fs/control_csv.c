#include "fs/control_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/catalog.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/csv.h"

#define STORE_ID_MAX 10000000 /* rows looked at by number */

/* The newest job of each store, by the store's number. */
struct latest {
    int64_t job;
    enum job_state state;
    char *target;
};

struct latest_all {
    struct latest *by_store;
    size_t n;
};

static void latest_finish(struct latest_all *all)
{
    for (size_t i = 0; i < all->n; i++)
        free(all->by_store[i].target);
    free(all->by_store);
}

static int latest_grow(struct latest_all *all, size_t n)
{
    struct latest *more;

    if (n <= all->n)
        return 0;
    n = n < all->n * 2 ? all->n * 2 : n;
    more = realloc(all->by_store, n * sizeof(*more));
    if (!more)
        return -ENOMEM;
    memset(more + all->n, 0, (n - all->n) * sizeof(*more));
    all->by_store = more;
    all->n = n;
    return 0;
}

static int latest_add(void *ctx, const struct db_job *job)
{
    struct latest_all *all = ctx;
    struct latest *l;

    if (job->store < 0 || job->store > STORE_ID_MAX)
        return 0;
    if (latest_grow(all, (size_t)job->store + 1) < 0)
        return -ENOMEM;
    l = &all->by_store[job->store];
    if (l->job > job->id)
        return 0;
    free(l->target);
    l->target = strdup(job->target);
    l->job = job->id;
    l->state = job->state;
    return l->target ? 0 : -ENOMEM;
}

struct rows {
    struct fs *fs;
    struct buf *out;
    const struct latest_all *latest;
};

static void add_place(const struct rows *rows, int64_t store)
{
    const struct catalog_store *s = catalog_store(rows->fs->catalog, store);

    csv_text(rows->out, s && s->shown ? s->shown : "");
}

static int store_row(void *ctx, const struct db_store *s)
{
    const struct rows *rows = ctx;
    const struct latest_all *all = rows->latest;
    const struct latest *l = NULL;
    char when[TIME_TEXT_MAX], format[16];
    struct buf *out = rows->out;

    if (s->id >= 0 && (size_t)s->id < all->n && all->by_store[s->id].job)
        l = &all->by_store[s->id];
    control_format(s->id, format);
    csv_int(out, s->id);
    csv_text(out, s->path);
    add_place(rows, s->id);
    csv_text(out, s->state);
    csv_text(out, s->reason);
    csv_text(out, format);
    csv_int(out, s->size);
    csv_text(out, control_time(s->mtime, "", when));
    csv_text(out, s->record_key);
    csv_text(out, l ? job_state_name(l->state) : "none");
    csv_text(out, l ? l->target : "");
    csv_end(out);
    return -out->error;
}

int control_show_stores(struct fs *fs, int64_t store, struct buf *out,
                        struct err *err)
{
    cleanup_with(latest_finish) struct latest_all latest = {NULL};
    struct rows rows = {fs, out, &latest};
    int r = db_job_each(fs->db, latest_add, &latest, err);

    buf_adds(out, "id,path,place,state,reason,format,size,modified,"
                  "record_key,job_state,target\n");
    if (r == 0)
        r = db_store_each(fs->db, store_row, &rows, err);
    return r < 0 ? r : -out->error;
}

static void job_counts(struct buf *b, const struct db_job *job)
{
    csv_int(b, control_items_all(job));
    csv_int(b, job->items[ITEM_LISTED]);
    csv_int(b, job->items[ITEM_SENDING]);
    csv_int(b, control_items_ingested(job));
    csv_int(b, job->items[ITEM_VERIFIED]);
    csv_int(b, job->items[ITEM_FILTERED]);
    csv_int(b, job->items[ITEM_DUPLICATE]);
    csv_int(b, job->items[ITEM_FAILED]);
    csv_int(b, control_bytes_ingested(job));
}

static int job_row(void *ctx, const struct db_job *job)
{
    const struct rows *rows = ctx;
    struct buf *out = rows->out;
    char when[TIME_TEXT_MAX];

    csv_int(out, job->id);
    csv_int(out, job->store);
    add_place(rows, job->store);
    csv_text(out, job->target);
    csv_text(out, job_state_name(job->state));
    csv_text(out, job->stage);
    job_counts(out, job);
    csv_text(out, control_time(job->created, "", when));
    csv_text(out, control_time(job->started, "", when));
    csv_text(out, control_time(job->ended, "", when));
    csv_text(out, job->error);
    csv_end(out);
    return -out->error;
}

int control_show_jobs(struct fs *fs, int64_t store, struct buf *out,
                      struct err *err)
{
    struct rows rows = {.fs = fs, .out = out};
    int r;

    buf_adds(out, "id,store,place,target,state,stage,total,listed,sending,"
                  "ingested,verified,filtered,duplicate,failed,bytes,"
                  "created,started,ended,error\n");
    r = db_job_each(fs->db, job_row, &rows, err);
    return r < 0 ? r : -out->error;
}

/* '\x1f' joins the names of a path; a slash inside a name cannot stay. */
static void ledger_folder(struct buf *out, const char *path)
{
    char text[4096];
    size_t n = 0;

    for (; *path && n < sizeof(text) - 1; path++)
        text[n++] = *path == '/' ? '_' : *path == '\x1f' ? '/' : *path;
    text[n] = '\0';
    csv_text(out, text);
}

static int ledger_row(void *ctx, const struct db_item *item,
                      const char *folder_path)
{
    struct buf *out = ctx;
    char when[TIME_TEXT_MAX], nid[16];

    snprintf(nid, sizeof(nid), "0x%x", item->nid);
    csv_text(out, nid);
    ledger_folder(out, folder_path ? folder_path : "");
    csv_text(out, item->class);
    csv_text(out, item->subject);
    csv_text(out, control_time(item->time, "", when));
    csv_int(out, (int64_t)item->size);
    csv_text(out, item_state_name(item->state));
    csv_text(out, item->hash);
    csv_text(out, item->remote);
    csv_text(out, item->reason);
    csv_text(out, item->defects);
    csv_end(out);
    return -out->error;
}

int control_show_ledger(struct fs *fs, int64_t store, struct buf *out,
                        struct err *err)
{
    struct db_job job;
    int r = db_job_latest(fs->db, store, &job, err);

    buf_adds(out, "nid,folder,class,subject,time,size,state,hash,remote,"
                  "reason,defects\n");
    if (r == -ENOENT)
        return 0;
    if (r == 0)
        r = db_ledger_each(fs->db, job.id, -1, ledger_row, out, err);
    return r < 0 ? r : -out->error;
}
