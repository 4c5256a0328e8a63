#include "fs/control_priv.h"

#include <string.h>

#include "fs/catalog.h"
#include "fs/health.h"

#define INFO_KEEP_S 10 /* damage found by reading shows after this */

void control_place(struct fs *fs, int64_t store, const char *name,
                   struct buf *out)
{
    const struct catalog_store *s =
        store ? catalog_store(fs->catalog, store) : NULL;

    if (s && s->shown)
        buf_addf(out, "%s/", s->shown);
    buf_addf(out, ".ctl/%s", name);
}

/* `wait` gives the final status; before the end there is nothing to show. */
static int show_wait(struct fs *fs, int64_t store, struct buf *out,
                     struct err *err)
{
    struct db_job job;
    int r = db_job_latest(fs->db, store, &job, err);

    if (r == -ENOENT)
        control_job_text(NULL, out);
    else if (r < 0)
        return r;
    else if (job_state_ended(job.state))
        control_job_text(&job, out);
    return -out->error;
}

static int show_health(struct fs *fs, int64_t store, struct buf *out,
                       struct err *err)
{
    return health_show(fs->health, store, out, err);
}

const struct control_entry control_store_table[] = {
    {{"target", 0644,
      "write: [kind:]address  (starts a job); read: the newest job's target",
      control_show_target, control_store_target},
     .mtime = control_job_mtime},
    {{"status", 0444,
      "key value lines of the newest job; ingested includes verified,\n"
      "rate is items a second, eta seconds",
      control_show_status},
     .mtime = control_job_mtime},
    {{"progress", 0444,
      "one line: STATE STAGE DONE/TOTAL PERCENT% RATE/s ETAs; poll it and\n"
      "read it again from 0; TOTAL 0 while still counting",
      control_show_progress},
     .kind = CONTROL_TICKING,
     .mtime = control_job_mtime},
    {{"info", 0444, "format, encryption, sizes, counts, health, damage",
      control_show_info},
     .stamp = control_info_stamp,
     .exact = true,
     .keep_s = INFO_KEEP_S,
     .mtime = control_info_mtime},
    {{"health", 0444,
      "the newest check of everything: what is damaged, and whose it is",
      show_health}},
    {{"action", 0644,
      "write: pause | resume | cancel | retry | verify | recover | check", NULL,
      control_store_action}},
    {{"wait", 0444, "reading blocks until the job has ended; final status",
      show_wait, NULL, true},
     .mtime = control_job_mtime},
    {{"log", 0444, "events of the store; tail -f follows it", control_show_log},
     .kind = CONTROL_GROWING,
     .mtime = control_log_mtime},
    {{"ledger.csv", 0444, "every item of the newest job and what became of it",
      control_show_ledger},
     .stamp = control_job_stamp,
     .exact = true,
     .mtime = control_job_mtime},
    {{NULL}},
};

struct failed {
    control_failed_fn *fn;
    void *ctx;
};

static int failed_item(void *ctx, const struct db_item *item,
                       const char *folder_path)
{
    const struct failed *failed = ctx;
    struct control_failed out = {.nid = item->nid,
                                 .class = item->class,
                                 .subject = item->subject,
                                 .reason = item->reason};

    return failed->fn(failed->ctx, &out);
}

int control_failed_each(struct fs *fs, int64_t store, control_failed_fn *fn,
                        void *ctx)
{
    struct failed failed = {fn, ctx};
    struct db_job job;
    int r = db_job_latest(fs->db, store, &job, NULL);

    if (r < 0)
        return r == -ENOENT ? 0 : r;
    if (job.items[ITEM_FAILED] == 0)
        return 0;
    return db_ledger_each(fs->db, job.id, ITEM_FAILED, failed_item, &failed,
                          NULL);
}
