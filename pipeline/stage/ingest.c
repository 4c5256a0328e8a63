/*
 * The third stage: what is listed goes to the target. A batch is noted as
 * sending, durably, before its bytes leave, and as ingested (or failed, each
 * item with its reason) once the target has answered. Three threads: the feed
 * renders ahead, the clerk keeps the ledger, this one waits for the target.
 */
#include "pipeline/stage/clerk.h"
#include "pipeline/stage/recover.h"

#define WAIT_MS 250

static int folders_recover(struct run *run, const struct run_folders *folders,
                           struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < folders->n; i++)
        rc = recover_folder(run, &folders->list[i], err);
    return rc;
}

/* Empty folders are made too: the user had them. */
static int folders_make(struct run *run, const struct run_folders *folders,
                        struct err *err)
{
    struct target_folder *there;
    int rc = run_target(run, err);

    for (size_t i = 0; rc == 0 && i < folders->n; i++) {
        rc = run_halted(run);
        if (rc == 0)
            rc = run_target_folder(run, &folders->list[i], &there, err);
    }
    return rc;
}

/* The source went away, or became another, while items were read for the
 * target: what it says of those that are not there is not to be believed. */
static int batch_tear(struct run *run, struct batch *batch, int rc,
                      struct err *err)
{
    for (size_t i = 0; i < batch->n; i++)
        if (batch->items[i].error)
            batch->items[i].error = EINPROGRESS;
    return rc ? rc
              : err_set(err, -run->torn,
                        "the source failed while an item was "
                        "read");
}

/* Items start as EINPROGRESS: whatever is not said of one here is unknown. */
static int batch_send(struct run *run, struct batch *batch, struct err *err)
{
    struct target_folder *there;
    int rc;

    if (!batch->n)
        return 0;
    run->torn = 0;
    rc = run_target_folder(run, batch->folder, &there, err);
    if (rc == 0)
        rc = run->ops->put(run->target, there, batch->items, batch->n, err);
    return run->torn ? batch_tear(run, batch, rc, err) : rc;
}

static int batches_send(struct run *run, struct clerk *clerk, struct err *err)
{
    int rc = 0;

    while (rc == 0) {
        struct batch *batch;
        rc = run_halted(run);
        if (rc != 0)
            break;
        rc = clerk_next(clerk, WAIT_MS, &batch, err);
        if (rc == 0)
            break;
        if (rc > 0) {
            rc = batch_send(run, batch, err);
            clerk_done(clerk, batch);
        } else if (rc == -EAGAIN) {
            rc = 0;
        }
    }
    return rc;
}

static int items_send(struct run *run, const struct run_folders *folders,
                      struct err *err)
{
    struct clerk *clerk = NULL;
    struct err late = {0};
    int rc = clerk_new(run, folders, &clerk, err), noted;

    if (rc != 0)
        return rc;
    rc = batches_send(run, clerk, err);
    noted = clerk_end(&clerk, rc < 0 ? &late : err);
    return rc < 0 || noted == 0 ? rc : noted;
}

int stage_ingest(struct run *run, struct err *err)
{
    cleanup_with(run_folders_free) struct run_folders folders = {0};
    int rc = run_folders_load(run, &folders, err);

    if (rc == 0)
        rc = folders_recover(run, &folders, err);
    if (rc == 0)
        rc = folders_make(run, &folders, err);
    if (rc == 0)
        rc = items_send(run, &folders, err);
    run_notes(run);
    return rc;
}
