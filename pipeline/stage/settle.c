#include "pipeline/stage/settle.h"

#include <stdio.h>
#include <string.h>

#include "pipeline/base/clock.h"

enum fate { FATE_SOUND, FATE_CHANGED, FATE_MISSING };

/* How the file and its disk are, and of which state. */
static enum fate source_fate(struct run *run, struct reader_file *file_r,
                             struct err *why)
{
    int rc = reader_look(run->reader, file_r, why);

    if (rc == 0)
        rc = reader_look(run->pieces, file_r, why);
    if (rc == 0 && run->changed)
        rc = err_set(why, ESTALE, "the store is not as it was listed");
    return rc == 0 ? FATE_SOUND : rc == -ESTALE ? FATE_CHANGED : FATE_MISSING;
}

bool settle_is_source(struct run *run, int rc)
{
    struct reader_file file;
    struct err why = {0};

    return rc == READER_NO_SOURCE ||
           source_fate(run, &file, &why) != FATE_SOUND;
}

static bool is_word(const struct run *run, const char *name, const char *word)
{
    return strcmp(settings_text(run->settings, name), word) == 0;
}

static int wait_tell(struct run *run, const char *words, const char *until)
{
    char text[DB_REASON_MAX];

    snprintf(text, sizeof(text), "%.*s; waiting until %s", DB_REASON_MAX / 2,
             words, until);
    run_event(run, "warning", "%s", text);
    return db_job_stage(run->db, run->job.id, run->stage, text, NULL);
}

static int too_long(struct run *run, struct err *err)
{
    uint64_t now = time_mono_ms();

    if (run->trouble_progress != run->progress || !run->trouble_since) {
        run->trouble_progress = run->progress;
        run->trouble_since = now;
    }
    if (now - run->trouble_since <= RUN_TROUBLE_MAX * 1000ull)
        return 0;
    return err_set(err, ETIMEDOUT, "waited %u hours for the source",
                   RUN_TROUBLE_MAX / 3600);
}

/* ---- it is not there ---- */

static int missing_settle(struct run *run, int rc, struct err *err)
{
    unsigned pause = RUN_PAUSE_MIN;
    struct reader_file file;
    struct err why = {0};

    if (!run->job.stamp) /* it was never there for this job */
        return rc;
    if (is_word(run, "job.on_missing", "stop")) {
        err_wrap(err, "the source is gone (job.on_missing is stop)");
        return rc;
    }
    wait_tell(run, err->msg, "the source is there again");
    run_target_close(run);
    do {
        rc = too_long(run, err);
        if (rc == 0)
            rc = run_wait(run, pause * 1000);
        pause = pause * 2 < RUN_PAUSE_MAX ? pause * 2 : RUN_PAUSE_MAX;
    } while (rc == 0 && source_fate(run, &file, &why) == FATE_MISSING);
    if (rc == 0)
        run_event(run, "info", "the source is there again");
    return rc;
}

/* ---- it has changed ---- */

/* Until it has been of one state for so long as job.settle says. */
static int still_wait(struct run *run, struct err *err)
{
    uint64_t settle =
        (uint64_t)settings_int(run->settings, "job.settle") * 1000;
    uint64_t since = time_mono_ms();
    struct reader_file file = {0}, last = {0};
    int rc = 0;

    while (rc == 0) {
        struct err why = {0};
        if (source_fate(run, &file, &why) == FATE_MISSING) {
            *err = why;
            rc = missing_settle(run, -why.code, err);
            last.now = 0; /* it begins anew */
            continue;
        }
        if (file.now != last.now) {
            last = file;
            since = time_mono_ms();
        }
        if (time_mono_ms() - since >= settle)
            break;
        rc = too_long(run, err);
        if (rc == 0)
            rc = run_wait(run, SETTLE_LOOK_MS);
    }
    return rc;
}

/* The state as it is now is the one to go on with. */
static int state_take(struct run *run, struct err *err)
{
    int rc = 0;

    reader_renew(run->reader);
    reader_renew(run->pieces);
    run->changed = false;
    run->notes_seen = 0;
    if (run->job.stamp)
        rc = db_job_relist(run->db, run->job.id, err);
    if (rc == 0)
        rc = db_job_get(run->db, run->job.id, &run->job, err);
    if (rc == 0)
        run_event(run, "info", "the store is listed anew");
    return rc;
}

static int changed_settle(struct run *run, const struct err *why,
                          struct err *err)
{
    int rc = 0;

    if (is_word(run, "job.on_change", "stop"))
        return err_set(err, ESTALE,
                       "%s (job.on_change is stop; retry goes on with the "
                       "store as it is then)",
                       why->msg);
    run_target_close(run);
    if (is_word(run, "job.on_change", "wait")) {
        wait_tell(run, why->msg, "the file lies still");
        rc = still_wait(run, err);
    } else {
        run_event(run, "warning", "%s", why->msg);
        rc = too_long(run, err);
    }
    return rc ? rc : state_take(run, err);
}

int settle_source(struct run *run, int rc, struct err *err)
{
    struct reader_file file;
    struct err why = {0};
    enum fate fate = source_fate(run, &file, &why);

    if (fate == FATE_SOUND && rc != READER_NO_SOURCE)
        return rc;
    if (fate == FATE_SOUND) { /* it was away for a moment */
        rc = too_long(run, err);
        return rc ? rc : run_wait(run, RUN_PAUSE_MIN * 1000);
    }
    if (fate == FATE_CHANGED)
        return changed_settle(run, &why, err);
    *err = why;
    return missing_settle(run, rc, err);
}
