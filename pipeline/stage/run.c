#include "pipeline/stage/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/base/clock.h"
#include "pipeline/base/log.h"
#include "pipeline/stage/input.h"
#include "pipeline/stage/settle.h"

#define EVENT_MAX     1024
#define NOTES_MAX     (1 << 20) /* bytes of damage notes */
#define NO_RECORD_KEY "00000000000000000000000000000000"
#define WAIT_STEP_MS  200

static const struct {
    const char *name;
    int (*run)(struct run *run, struct err *err);
} stages[] = {
    {"check", stage_check},
    {"extract", stage_extract},
    {"ingest", stage_ingest},
    {"verify", stage_verify},
};

/* ---- what stages ask ---- */

int run_halted(struct run *run)
{
    static const int halts[] = {
        [JOB_GO] = 0, [JOB_PAUSE] = RUN_PAUSING, [JOB_CANCEL] = RUN_CANCELLING};
    uint64_t now = time_mono_ms();

    if (run->halted)
        return run->halted;
    if (input_wait(0))
        return run->halted = RUN_ENDING;
    if (now - run->looked < RUN_LOOK_MS)
        return 0;
    run->looked = now;
    return run->halted = halts[db_job_request(run->db, run->job.id)];
}

enum reader_format run_format(const struct run *run)
{
    return run->ops->crlf ? READER_MAIL_CRLF : READER_MAIL;
}

void run_item_id(const struct run *run, uint32_t nid, char id_r[RUN_ID_SIZE])
{
    snprintf(id_r, RUN_ID_SIZE, "%s.%08x",
             *run->record_key ? run->record_key : NO_RECORD_KEY, nid);
}

int run_target(struct run *run, struct err *err)
{
    return run->target ? 0 : run->ops->open(&run->params, &run->target, err);
}

void run_target_close(struct run *run)
{
    if (run->target)
        run->ops->close(run->target);
    run->target = NULL;
}

int run_target_folder(struct run *run, const struct run_folder *folder,
                      struct target_folder **folder_r, struct err *err)
{
    return run->ops->folder(run->target, (const char *const *)folder->names,
                            folder->n, folder_r, err);
}

/* What becomes of a job is no trouble of the daemon's: all of it is logged as
 * information, whatever the level of the event. */
void run_event(struct run *run, const char *level, const char *fmt, ...)
{
    char text[EVENT_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    log_info("job %lld: %s", (long long)run->job.id, text);
    db_event_add(run->db, run->job.store, run->job.id, level, text);
}

void run_notes(struct run *run)
{
    cleanup_buf struct buf notes = BUF(NOTES_MAX);
    char *line, *rest;
    size_t n = 0;

    /* A store that cannot be asked has said so elsewhere. */
    if (reader_notes(run->reader, &notes, NULL) != 0 || !notes.data)
        return;
    rest = notes.data;
    while ((line = strsep(&rest, "\n")) != NULL)
        if (*line && n++ >= run->notes_seen)
            run_event(run, "warning", "store: %s", line);
    if (n > run->notes_seen)
        run->notes_seen = n;
}

/* ---- the life of a run ---- */

static int store_take(void *ctx, const struct db_store *store)
{
    struct run *run = ctx;

    run->store_path = strdup(store->path);
    snprintf(run->record_key, sizeof(run->record_key), "%s", store->record_key);
    return run->store_path ? 0 : -ENOMEM;
}

static int run_prepare(struct run *run, struct err *err)
{
    char full[DB_TARGET_MAX];
    int rc = db_store_get(run->db, run->job.store, store_take, run, err);

    if (rc == 0)
        rc = target_parse(run->settings, run->job.target, full, sizeof(full),
                          &run->ops, err);
    if (rc == 0)
        rc = reader_new(run->store_path, &run->reader, err);
    if (rc == 0)
        rc = reader_new(run->store_path, &run->pieces, err);
    run->params.settings = run->settings;
    run->params.address = strchr(run->job.target, ':');
    if (rc == 0 && !run->params.address)
        return err_set(err, EINVAL, "target without a kind");
    if (rc == 0)
        run->params.address++;
    return rc;
}

static void run_release(struct run *run)
{
    run_target_close(run);
    if (run->reader)
        reader_free(&run->reader);
    if (run->pieces)
        reader_free(&run->pieces);
    free(run->store_path);
}

/* Trouble that may pass: a lost connection, a busy server. */
static bool may_pass(int rc)
{
    static const int codes[] = {ECONNRESET,   ETIMEDOUT,   EHOSTUNREACH,
                                ECONNREFUSED, ENETUNREACH, EAGAIN};

    for (size_t i = 0; i < array_len(codes); i++)
        if (rc == -codes[i])
            return true;
    return false;
}

int run_wait(struct run *run, unsigned ms)
{
    uint64_t now = time_mono_ms(), end = now + ms;

    for (; now < end; now = time_mono_ms()) {
        int rc = run_halted(run);
        if (rc != 0)
            return rc;
        if (input_wait(end - now < WAIT_STEP_MS ? (unsigned)(end - now)
                                                : WAIT_STEP_MS))
            return RUN_ENDING;
    }
    return 0;
}

/* One stage, again and again while its trouble may pass. */
static int run_stage(struct run *run, size_t i, struct err *err)
{
    unsigned pause = RUN_PAUSE_MIN;
    uint64_t done = run->progress, since = time_mono_ms();

    for (;;) {
        int rc = run_halted(run);
        if (rc == 0)
            rc = stages[i].run(run, err);
        if (rc >= 0 || !may_pass(rc) || settle_is_source(run, rc))
            return rc;
        if (run->progress != done) {
            done = run->progress;
            pause = RUN_PAUSE_MIN;
            since = time_mono_ms();
        }
        if (time_mono_ms() - since > RUN_TROUBLE_MAX * 1000ull)
            return rc;
        run_event(run, "warning", "%s: %s; again in %u s", stages[i].name,
                  err->msg, pause);
        db_job_stage(run->db, run->job.id, stages[i].name, err->msg, NULL);
        run_target_close(run);
        rc = run_wait(run, pause * 1000);
        if (rc != 0)
            return rc;
        pause = pause * 2 < RUN_PAUSE_MAX ? pause * 2 : RUN_PAUSE_MAX;
    }
}

static int stages_pass(struct run *run, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < array_len(stages); i++) {
        uint64_t began = time_mono_ms();
        run->stage = stages[i].name;
        rc = db_job_stage(run->db, run->job.id, stages[i].name, "", err);
        if (rc == 0)
            rc = run_stage(run, i, err);
        log_debug("job %lld: %s took %llu ms", (long long)run->job.id,
                  stages[i].name, (unsigned long long)(time_mono_ms() - began));
    }
    return rc;
}

/* Again from the first where the source was the trouble and is none now: each
 * stage finds what it has done already. */
static int run_stages(struct run *run, struct err *err)
{
    int rc = stages_pass(run, err);

    while (rc < 0) {
        rc = settle_source(run, rc, err);
        if (rc != 0)
            break;
        *err = (struct err){0};
        rc = stages_pass(run, err);
    }
    return rc;
}

static const struct {
    enum job_state state;
    const char *words;
} halt_states[] = {
    [RUN_ENDING] = {JOB_QUEUED, "left off, to go on later"},
    [RUN_PAUSING] = {JOB_PAUSED, "paused"},
    [RUN_CANCELLING] = {JOB_CANCELLED, "cancelled"},
};

static int run_finish(struct run *run, int rc, const struct err *why,
                      struct err *err)
{
    int64_t failed;

    if (rc > 0) {
        run_event(run, "info", "%s", halt_states[rc].words);
        return db_job_set(run->db, run->job.id, halt_states[rc].state, "", err);
    }
    if (rc < 0) {
        run_event(run, "error", "failed: %s", why->msg);
        return db_job_set(run->db, run->job.id, JOB_FAILED, why->msg, err);
    }
    rc = db_job_get(run->db, run->job.id, &run->job, err);
    if (rc != 0)
        return rc;
    failed = run->job.items[ITEM_FAILED];
    run_event(run, failed ? "warning" : "info",
              "%s: %lld verified, %lld failed", failed ? "partial" : "done",
              (long long)run->job.items[ITEM_VERIFIED], (long long)failed);
    return db_job_set(run->db, run->job.id, failed ? JOB_PARTIAL : JOB_DONE, "",
                      err);
}

int run_job(struct db *db, const struct settings *settings,
            const struct db_job *job, bool *ending_r, struct err *err)
{
    struct run run = {.db = db, .settings = settings, .job = *job};
    struct err why = {0};
    int rc;

    rc = run_prepare(&run, &why);
    if (rc == 0)
        run_event(&run, "info", "%s %s", job->stage[0] ? "goes on to" : "to",
                  job->target);
    if (rc == 0)
        rc = run_stages(&run, &why);
    if (rc != 0)
        run_target_close(&run);
    *ending_r = rc == RUN_ENDING;
    rc = run_finish(&run, rc, &why, err);
    run_release(&run);
    return rc;
}
