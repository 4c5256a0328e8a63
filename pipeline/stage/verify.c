/*
 * The last stage: the target is read back and compared with the ledger, item
 * by item; then the account must balance: what was listed is verified,
 * filtered, duplicate or failed, and nothing is between.
 */
#include <string.h>

#include "pipeline/stage/expect.h"
#include "pipeline/stage/marks.h"

#define MARK_ITEMS 1000 /* in one transaction */

struct seeing {
    struct run *run;
    struct expect *expect;
};

static int message_seen(void *ctx, const char *remote, uint64_t size,
                        const uint8_t hash[HASH_SIZE])
{
    struct seeing *seeing = ctx;

    expect_seen(seeing->expect, remote, size, hash);
    return run_halted(seeing->run);
}

static const struct {
    enum item_state state;
    const char *reason;
} fates[] = {
    [EXPECT_MISSING] = {ITEM_FAILED, "not found at the target"},
    [EXPECT_DIFFERS] = {ITEM_FAILED, "differs at the target"},
    [EXPECT_EQUAL] = {ITEM_VERIFIED, ""},
};

/* Items of one state get the fate that the read-back found. */
static int state_note(struct run *run, uint32_t folder, enum item_state state,
                      const struct expect *expect, struct marks *marks,
                      struct err *err)
{
    uint32_t after = 0;

    for (;;) {
        struct db_item *items = NULL;
        size_t n = 0;
        int rc = db_ledger_next(run->db, run->job.id, folder, state, after,
                                MARK_ITEMS, &items, &n, err);
        for (size_t i = 0; rc == 0 && i < n; i++) {
            enum expect_fate fate = expect_fate(expect, items[i].remote);
            after = items[i].nid;
            if (fates[fate].state != state)
                marks_keep(marks, &items[i], fates[fate].state,
                           fates[fate].reason);
        }
        if (rc == 0)
            rc = marks_save(marks, run, err);
        free(items);
        if (rc != 0 || !n)
            return rc;
    }
}

static int folder_compare(struct run *run, const struct run_folder *folder,
                          struct expect *expect, struct err *err)
{
    struct seeing seeing = {run, expect};
    struct target_folder *there;
    int rc = run_target(run, err);

    if (rc == 0)
        rc = run_target_folder(run, folder, &there, err);
    if (rc == 0)
        rc = run->ops->readback(run->target, there, message_seen, &seeing, err);
    return rc;
}

static int folder_verify(struct run *run, const struct run_folder *folder,
                         struct marks *marks, struct err *err)
{
    cleanup_with(expect_free) struct expect expect = {0};
    int rc = expect_load(run, folder->nid, &expect, err);

    if (rc != 0 || !expect.n)
        return rc;
    rc = folder_compare(run, folder, &expect, err);
    if (rc == 0)
        rc = state_note(run, folder->nid, ITEM_VERIFIED, &expect, marks, err);
    if (rc == 0)
        rc = state_note(run, folder->nid, ITEM_INGESTED, &expect, marks, err);
    return rc;
}

static int folders_verify(struct run *run, const struct run_folders *folders,
                          struct err *err)
{
    cleanup_free struct marks *marks = calloc(1, sizeof(*marks));
    int rc = marks ? 0 : err_set(err, ENOMEM, "no memory");

    for (size_t i = 0; rc == 0 && i < folders->n; i++) {
        rc = run_halted(run);
        if (rc == 0)
            rc = folder_verify(run, &folders->list[i], marks, err);
        run->progress++;
    }
    return rc;
}

/* ---- the equation ---- */

static int between_check(const struct db_job *job, struct err *err)
{
    static const enum item_state between[] = {ITEM_LISTED, ITEM_SENDING,
                                              ITEM_INGESTED};

    for (size_t i = 0; i < array_len(between); i++)
        if (job->items[between[i]])
            return err_set(err, EPROTO, "%lld items are still %s",
                           (long long)job->items[between[i]],
                           item_state_name(between[i]));
    return 0;
}

static int balance_check(struct run *run, const struct run_folders *folders,
                         struct err *err)
{
    int64_t listed = 0, known = 0;
    int rc = db_job_get(run->db, run->job.id, &run->job, err);

    if (rc == 0)
        rc = between_check(&run->job, err);
    if (rc != 0)
        return rc;
    for (size_t i = 0; i < folders->n; i++)
        listed += folders->list[i].listed;
    for (int i = 0; i < ITEM_STATES; i++)
        known += run->job.items[i];
    if (listed != known)
        return err_set(err, EPROTO,
                       "%lld items were listed, the ledger has %lld",
                       (long long)listed, (long long)known);
    return 0;
}

int stage_verify(struct run *run, struct err *err)
{
    cleanup_with(run_folders_free) struct run_folders folders = {0};
    int rc = run_folders_load(run, &folders, err);

    if (rc == 0)
        rc = folders_verify(run, &folders, err);
    return rc ? rc : balance_check(run, &folders, err);
}
