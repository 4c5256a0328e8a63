#include "fs/control_priv.h"

#include <inttypes.h>
#include <string.h>

#include "fs/catalog.h"
#include "fs/export.h"
#include "fs/keeper.h"
#include "fs/workers.h"
#include "pipeline/base/clock.h"

/* What the whole system amounts to. */
struct totals {
    int64_t stores, rejected, gone;
    int64_t jobs[JOB_STATES], items[ITEM_STATES], bytes_ingested;
};

static int total_store(void *ctx, const struct db_store *s)
{
    struct totals *t = ctx;

    if (strcmp(s->state, "ok") == 0)
        t->stores++;
    else if (strcmp(s->state, "gone") == 0)
        t->gone++;
    else
        t->rejected++;
    return 0;
}

static int total_job(void *ctx, const struct db_job *job)
{
    struct totals *t = ctx;

    t->jobs[job->state]++;
    for (int i = 0; i < ITEM_STATES; i++)
        t->items[i] += job->items[i];
    t->bytes_ingested += control_bytes_ingested(job);
    return 0;
}

static int totals_get(struct fs *fs, struct totals *t, struct err *err)
{
    int r;

    memset(t, 0, sizeof(*t));
    r = db_store_each(fs->db, total_store, t, err);
    return r < 0 ? r : db_job_each(fs->db, total_job, t, err);
}

static int64_t items_ingested(const struct totals *t)
{
    return t->items[ITEM_INGESTED] + t->items[ITEM_VERIFIED];
}

static int show_status(struct fs *fs, int64_t store, struct buf *out,
                       struct err *err)
{
    struct totals t;
    int r = totals_get(fs, &t, err);

    if (r < 0)
        return r;
    buf_addf(out,
             "version %s\nstores %" PRId64 "\nrejected %" PRId64
             "\ngone %" PRId64 "\n",
             PSTFS_VERSION, t.stores, t.rejected, t.gone);
    for (enum job_state s = 0; s < JOB_STATES; s++)
        buf_addf(out, "jobs_%s %" PRId64 "\n", job_state_name(s), t.jobs[s]);
    return buf_addf(out,
                    "items_ingested %" PRId64 "\nbytes_ingested %" PRId64
                    "\nuptime %" PRId64 "\n",
                    items_ingested(&t), t.bytes_ingested,
                    time_now() - fs->mounted);
}

static void metric(struct buf *out, const char *name, const char *type,
                   const char *help)
{
    buf_addf(out, "# HELP pstfs_%s %s\n# TYPE pstfs_%s %s\n", name, help, name,
             type);
}

static void metric_one(struct buf *out, const char *name, const char *type,
                       const char *help, int64_t value)
{
    metric(out, name, type, help);
    buf_addf(out, "pstfs_%s %" PRId64 "\n", name, value);
}

static void metric_states(struct buf *out, const struct totals *t)
{
    metric(out, "jobs", "gauge", "Jobs by state.");
    for (enum job_state s = 0; s < JOB_STATES; s++)
        buf_addf(out, "pstfs_jobs{state=\"%s\"} %" PRId64 "\n",
                 job_state_name(s), t->jobs[s]);
    metric(out, "items", "gauge", "Ledger items of all jobs by state.");
    for (enum item_state s = 0; s < ITEM_STATES; s++)
        buf_addf(out, "pstfs_items{state=\"%s\"} %" PRId64 "\n",
                 item_state_name(s), t->items[s]);
}

static int show_metrics(struct fs *fs, int64_t store, struct buf *out,
                        struct err *err)
{
    struct totals t;
    int r = totals_get(fs, &t, err);

    if (r < 0)
        return r;
    metric(out, "info", "gauge", "The version as a label.");
    buf_addf(out, "pstfs_info{version=\"%s\"} 1\n", PSTFS_VERSION);
    metric(out, "stores", "gauge", "Stores by state.");
    buf_addf(out,
             "pstfs_stores{state=\"ok\"} %" PRId64
             "\npstfs_stores{state=\"rejected\"} %" PRId64
             "\npstfs_stores{state=\"gone\"} %" PRId64 "\n",
             t.stores, t.rejected, t.gone);
    metric_states(out, &t);
    metric_one(out, "items_ingested", "gauge",
               "Items the targets have, of all jobs.", items_ingested(&t));
    metric_one(out, "bytes_ingested", "gauge",
               "Bytes the targets have, of all jobs.", t.bytes_ingested);
    metric_one(out, "start_time_seconds", "gauge",
               "When it was mounted, seconds since 1970.", fs->mounted);
    return -out->error;
}

static int show_version(struct fs *fs, int64_t store, struct buf *out,
                        struct err *err)
{
    return buf_adds(out, "pstfs " PSTFS_VERSION "\n");
}

static void help_table(const struct control_entry *table, const char *title,
                       struct buf *out)
{
    buf_addf(out, "%s\n", title);
    for (; table->row.name; table++) {
        const char *line = table->row.help;

        buf_addf(out, "  %-11s %04o  ", table->row.name,
                 (unsigned)table->row.mode);
        for (; *line; line++)
            buf_adds(out, *line == '\n' ? "\n                     "
                                        : (const char[]){*line, '\0'});
        buf_addc(out, '\n');
    }
}

static int show_help(struct fs *fs, int64_t store, struct buf *out,
                     struct err *err)
{
    help_table(control_root_table, ".ctl: the whole system", out);
    help_table(control_store_table, "STORE/.ctl: one store", out);
    buf_adds(out, "  failed/            the failed items, each with its "
                  "reason\n");
    export_help(out);
    buf_adds(out, "A write is one command a line, carried out before write(2) "
                  "returns;\n"
                  "errors come from write(2), .ctl/errors says why in words. "
                  "When one of\n"
                  "several lines fails, the write ends before it (a short "
                  "count) and the\n"
                  "next one gives its error. `-` stands for what is not "
                  "set.\n");
    return -out->error;
}

static int store_errors(struct fs *fs, int64_t store, const char *line,
                        const struct control_caller *caller, struct err *err)
{
    control_errors_clear();
    return 0;
}

static void truncate_errors(struct fs *fs, int64_t store)
{
    control_errors_clear();
}

static int errors_stamp(struct fs *fs, int64_t store, uint64_t *stamp_r)
{
    *stamp_r = control_generation();
    return 0;
}

static int store_action(struct fs *fs, int64_t store, const char *line,
                        const struct control_caller *caller, struct err *err)
{
    cleanup_buf struct buf text = BUF(CONTROL_LINE_MAX);
    bool changed = false;
    int r;

    if (strcmp(line, "rescan") != 0) {
        control_blame(0);
        return err_set(err, EINVAL, "unknown action; known: rescan");
    }
    r = keeper_rescan(fs->keeper, &changed, err);
    if (r < 0)
        return r;
    buf_addf(&text, "rescan asked for by uid %u: %s", caller->uid,
             changed ? "the tree has changed" : "nothing new");
    db_event_add(fs->db, 0, 0, "info", buf_str(&text));
    workers_wake(fs->workers);
    return 0;
}

/* The db's own version and ours: what a text of the whole system needs. */
int control_state_stamp(struct fs *fs, int64_t store, uint64_t *stamp_r)
{
    *stamp_r = (uint64_t)db_version(fs->db) * 0x9e3779b97f4a7c15u +
               control_generation();
    return 0;
}

const struct control_entry control_root_table[] = {
    {{"status", 0444, "key value lines: stores, jobs by state, items, uptime",
      show_status}},
    {{"stores.csv", 0444, "all stores: path, place, state, reason, newest job",
      control_show_stores},
     .stamp = control_state_stamp,
     .keep_s = 1},
    {{"jobs.csv", 0444, "all jobs: target, state, counts, times, error",
      control_show_jobs},
     .stamp = control_state_stamp,
     .keep_s = 1},
    {{"errors", 0644,
      "the last refused writes: when, who, file, command, why;\n"
      "writing anything or truncating clears it",
      control_errors_show, store_errors},
     .stamp = errors_stamp,
     .truncate = truncate_errors},
    {{"log", 0444, "events of the whole system; tail -f follows it",
      control_show_log},
     .kind = CONTROL_GROWING,
     .mtime = control_log_mtime},
    {{"version", 0444, "name and version", show_version}},
    {{"help", 0444, "this table", show_help}},
    {{"action", 0644, "write: rescan  (looks for new stores now)", NULL,
      store_action}},
    {{"metrics", 0444, "Prometheus text", show_metrics}},
    {{NULL}},
};
