#include "fs/control_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fs/catalog.h"
#include "fs/health.h"
#include "fs/mail.h"
#include "fs/workers.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/hash.h"
#include "pipeline/target/target.h"

const char *control_time(int64_t t, const char *none, char *buf)
{
    return t ? time_rfc3339(t, buf) : none;
}

static void add_text(struct buf *out, const char *key, const char *text)
{
    buf_addf(out, "%s ", key);
    if (*text)
        control_clean(out, text, strlen(text));
    else
        buf_addc(out, '-');
    buf_addc(out, '\n');
}

static void add_int(struct buf *out, const char *key, int64_t value)
{
    buf_addf(out, "%s %" PRId64 "\n", key, value);
}

static void add_time(struct buf *out, const char *key, int64_t t)
{
    char when[TIME_TEXT_MAX];

    buf_addf(out, "%s %s\n", key, control_time(t, "-", when));
}

static void add_items(struct buf *out, const struct db_job *job)
{
    add_int(out, "total", control_items_all(job));
    add_int(out, "listed", job->items[ITEM_LISTED]);
    add_int(out, "sending", job->items[ITEM_SENDING]);
    add_int(out, "ingested", control_items_ingested(job));
    add_int(out, "verified", job->items[ITEM_VERIFIED]);
    add_int(out, "filtered", job->items[ITEM_FILTERED]);
    add_int(out, "duplicate", job->items[ITEM_DUPLICATE]);
    add_int(out, "failed", job->items[ITEM_FAILED]);
    add_int(out, "bytes", control_bytes_ingested(job));
}

void control_job_text(const struct db_job *job, struct buf *out)
{
    static const struct db_job none;
    const char *state = job ? job_state_name(job->state) : "none";
    int64_t rate = job ? control_rate(job) : 0;
    int64_t eta = job ? control_eta(job) : -1;

    job = job ? job : &none;
    buf_addf(out, "state %s\n", state);
    add_text(out, "stage", job->stage);
    add_text(out, "target", job->target);
    add_items(out, job);
    add_int(out, "rate", rate);
    if (eta >= 0)
        add_int(out, "eta", eta);
    else
        buf_adds(out, "eta -\n");
    add_int(out, "attempts", job->attempts);
    add_time(out, "created", job->created);
    add_time(out, "started", job->started);
    add_time(out, "ended", job->ended);
    add_int(out, "job", job->id);
    add_text(out, "error", job->error);
}

/* 1 and the newest job, 0 none, or an error. */
static int job_latest(struct fs *fs, int64_t store, struct db_job *job_r,
                      struct err *err)
{
    int r = db_job_latest(fs->db, store, job_r, err);

    if (r == -ENOENT)
        return 0;
    if (r == 0)
        control_rate_note(job_r);
    return r < 0 ? r : 1;
}

int control_show_status(struct fs *fs, int64_t store, struct buf *out,
                        struct err *err)
{
    struct db_job job;
    int r = job_latest(fs, store, &job, err);

    if (r >= 0)
        control_job_text(r ? &job : NULL, out);
    return r < 0 ? r : 0;
}

int control_show_progress(struct fs *fs, int64_t store, struct buf *out,
                          struct err *err)
{
    struct control_done done;
    struct db_job job;
    int r = job_latest(fs, store, &job, err);
    int64_t eta;

    if (r < 0)
        return r;
    if (r == 0)
        return buf_adds(out, "none - 0/0 0% 0/s -\n");
    control_done(&job, &done);
    buf_addf(out, "%s %s %" PRId64 "/%" PRId64 " %d%% %" PRId64 "/s ",
             job_state_name(job.state), *job.stage ? job.stage : "-", done.done,
             done.total, done.percent, control_rate(&job));
    eta = control_eta(&job);
    if (eta >= 0)
        return buf_addf(out, "%" PRId64 "s\n", eta);
    return buf_adds(out, "-\n");
}

int control_show_target(struct fs *fs, int64_t store, struct buf *out,
                        struct err *err)
{
    struct db_job job;
    int r = job_latest(fs, store, &job, err);

    if (r > 0)
        buf_addf(out, "%s\n", job.target);
    return r < 0 ? r : 0;
}

/* May jobs of this store be touched at all? */
static int store_check(struct fs *fs, int64_t store, struct err *err)
{
    const struct catalog_store *s = catalog_store(fs->catalog, store);

    if (!s)
        return err_set(err, ENOENT, "no such store");
    if (s->rejected || s->gone)
        return err_set(err, EROFS, "the store is %s: %s",
                       s->gone ? "gone" : "rejected", s->reason);
    return 0;
}

/* What target_parse cannot say: the kind is wrong, or what follows it. */
static int target_column(const char *line)
{
    const char *colon = strchr(line, ':');
    char kind[32];

    if (!colon)
        return 0;
    if ((size_t)(colon - line) >= sizeof(kind))
        return 0;
    memcpy(kind, line, (size_t)(colon - line));
    kind[colon - line] = '\0';
    return target_kind(kind) ? (int)(colon - line) + 1 : 0;
}

int control_store_target(struct fs *fs, int64_t store, const char *line,
                         const struct control_caller *caller, struct err *err)
{
    cleanup_buf struct buf text = BUF(CONTROL_LINE_MAX);
    const struct target_ops *ops;
    char full[DB_TARGET_MAX];
    int64_t id;
    int r = store_check(fs, store, err);

    if (r < 0)
        return r;
    r = target_parse(fs->settings, line, full, sizeof(full), &ops, err);
    if (r < 0) {
        control_blame(target_column(line));
        return r;
    }
    r = db_job_new(fs->db, store, full, caller->uid, caller->gid, caller->pid,
                   &id, err);
    if (r < 0)
        return r;
    buf_addf(&text, "job %" PRId64 " to %s asked for by uid %u", id, full,
             caller->uid);
    db_event_add(fs->db, store, id, "info", buf_str(&text));
    workers_wake(fs->workers);
    return 0;
}

static const struct {
    const char *word;
    enum job_action action;
} actions[] = {
    {"pause", JOB_ACT_PAUSE},   {"resume", JOB_ACT_RESUME},
    {"cancel", JOB_ACT_CANCEL}, {"retry", JOB_ACT_RETRY},
    {"verify", JOB_ACT_VERIFY},
};

static int action_find(const char *line, enum job_action *action_r,
                       struct err *err)
{
    size_t len = strcspn(line, " \t");

    for (size_t i = 0; i < array_len(actions); i++) {
        if (strlen(actions[i].word) != len ||
            strncmp(actions[i].word, line, len) != 0)
            continue;
        if (line[len]) {
            control_blame((int)(len + strspn(line + len, " \t")));
            return err_set(err, EINVAL, "%s takes no argument",
                           actions[i].word);
        }
        *action_r = actions[i].action;
        return 0;
    }
    control_blame(0);
    return err_set(err, EINVAL,
                   "unknown action; known: pause, resume, cancel, retry, "
                   "verify, recover, check");
}

/* Not about a job. */
static int action_recover(struct fs *fs, int64_t store, struct err *err)
{
    if (!settings_bool(fs->settings, "mount.recovered"))
        return err_set(err, EINVAL, "Recovered/ is off (mount.recovered)");
    return mail_recover(fs->mail, catalog_store(fs->catalog, store), err);
}

int control_store_action(struct fs *fs, int64_t store, const char *line,
                         const struct control_caller *caller, struct err *err)
{
    cleanup_buf struct buf text = BUF(CONTROL_LINE_MAX);
    enum job_action action = JOB_ACT_PAUSE;
    struct db_job job;
    int r = store_check(fs, store, err);

    if (r == 0 && strcmp(line, "recover") == 0)
        return action_recover(fs, store, err);
    if (r == 0 && strcmp(line, "check") == 0)
        return health_ask(fs->health, store, err);
    if (r == 0)
        r = action_find(line, &action, err);
    if (r < 0)
        return r;
    r = db_job_latest(fs->db, store, &job, err);
    if (r == -ENOENT)
        return err_set(err, EINVAL, "the store has no job to %s", line);
    if (r == 0)
        r = db_job_act(fs->db, job.id, action, err);
    if (r < 0)
        return r;
    buf_addf(&text, "%s asked for by uid %u", line, caller->uid);
    db_event_add(fs->db, store, job.id, "info", buf_str(&text));
    workers_wake(fs->workers);
    return 0;
}

int control_job_stamp(struct fs *fs, int64_t store, uint64_t *stamp_r)
{
    struct db_job job;
    int r = job_latest(fs, store, &job, NULL);
    int64_t facts[6 + 2 * ITEM_STATES], *at = facts;

    *stamp_r = 0;
    if (r <= 0)
        return r;
    *at++ = job.id;
    *at++ = job.state;
    *at++ = job.attempts;
    *at++ = job.created;
    *at++ = job.started;
    *at++ = job.ended;
    memcpy(at, job.items, sizeof(job.items));
    memcpy(at + ITEM_STATES, job.bytes, sizeof(job.bytes));
    *stamp_r = hash_fnv(facts, sizeof(facts));
    return 0;
}

int64_t control_job_mtime(struct fs *fs, int64_t store)
{
    struct db_job job;

    if (job_latest(fs, store, &job, NULL) <= 0)
        return fs->mounted;
    if (job.ended && job_state_ended(job.state))
        return job.ended;
    return job.state == JOB_RUNNING ? time_now() : job.created;
}
