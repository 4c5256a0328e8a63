/* The first stage: can the store be opened, and is it still the one that
 * the job began with? */
#include <stdio.h>
#include <string.h>

#include "pipeline/stage/run.h"

static int key_copy(void *ctx, const struct db_store *store)
{
    struct db_store *copy = ctx;

    *copy = *store;
    copy->path = strdup(store->path);
    copy->state = strdup(store->state);
    copy->reason = strdup(store->reason);
    return copy->path && copy->state && copy->reason ? 0 : -ENOMEM;
}

/* The record key goes into the store's row, the rest of which stays. */
static int key_note(struct run *run, const char *record_key, struct err *err)
{
    struct db_store row = {0};
    int rc = db_store_get(run->db, run->job.store, key_copy, &row, err);

    row.record_key = record_key;
    if (rc == 0)
        rc = db_store_put(run->db, &row, &row.id, err);
    free((void *)row.path);
    free((void *)row.state);
    free((void *)row.reason);
    return rc == -ENOMEM ? err_set(err, ENOMEM, "no memory") : rc;
}

/* Items of another store must not be mixed into a ledger that has begun. */
static int key_check(struct run *run, const char *record_key, struct err *err)
{
    bool other = *run->record_key && strcmp(run->record_key, record_key) != 0;
    bool begun = run->job.extracted;

    for (int i = 0; i < ITEM_STATES; i++)
        begun |= run->job.items[i] != 0;
    if (other && begun)
        return err_set(err, ESTALE,
                       "the store was replaced: its record key is %s, was %s",
                       *record_key ? record_key : "none", run->record_key);
    return 0;
}

/* The ledger is of one state of the store: of this one? */
static int state_check(struct run *run, const struct reader_info *info,
                       struct err *err)
{
    struct db_job *job = &run->job;
    struct reader_file file;
    int rc = 0;

    if (job->stamp && job->stamp != info->stamp) {
        run->changed = true;
        return err_set(err, ESTALE, "the store is not as it was listed");
    }
    if (!job->stamp && job->extracted) {
        rc = db_job_relist(run->db, job->id, err);
        if (rc == 0)
            rc = db_job_get(run->db, job->id, job, err);
    }
    if (rc == 0 && !job->stamp)
        rc = db_job_stamp(run->db, job->id, info->stamp, err);
    if (rc != 0)
        return rc;
    job->stamp = info->stamp;
    reader_file(run->reader, &file);
    reader_expect(run->pieces, &file);
    return 0;
}

/* Nothing is left but to read the target back: the store is not needed. */
static bool is_sent(const struct db_job *job)
{
    return job->extracted && job->stamp && !job->items[ITEM_LISTED] &&
           !job->items[ITEM_SENDING];
}

int stage_check(struct run *run, struct err *err)
{
    struct reader_info info;
    int rc = db_job_get(run->db, run->job.id, &run->job, err);

    if (rc != 0 || is_sent(&run->job))
        return rc;
    rc = reader_info(run->reader, &info, err);

    if (rc == 0 && info.has_password &&
        settings_bool(run->settings, "mount.refuse_password"))
        return err_set(err, EACCES,
                       "the store has a password: refused "
                       "(mount.refuse_password)");
    if (rc == 0)
        rc = key_check(run, info.record_key, err);
    if (rc == 0)
        rc = state_check(run, &info, err);
    if (rc == 0 && strcmp(run->record_key, info.record_key) != 0)
        rc = key_note(run, info.record_key, err);
    if (rc != 0)
        return rc;
    snprintf(run->record_key, sizeof(run->record_key), "%s", info.record_key);
    if (!run->job.extracted)
        run_event(run, "info", "store: %s, %s encryption, %llu bytes",
                  info.format, info.crypt, (unsigned long long)info.file_size);
    return 0;
}
