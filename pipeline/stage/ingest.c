/*
 * The third stage: what is listed goes to the target. A batch is noted as
 * sending, durably, before its bytes leave, and as ingested (or failed, each
 * item with its reason) once the target has answered.
 */
#include <string.h>

#include "pipeline/stage/feed.h"
#include "pipeline/stage/marks.h"
#include "pipeline/stage/recover.h"

#define WAIT_MS 250

_Static_assert(MARKS_MAX >= 4 * FEED_ITEMS_MAX,
               "two batches, each with items sent and items not rendered");

struct ingest {
    struct run *run;
    struct run_folders folders;
    struct feed *feed;
    struct batch *sent; /* its results are not in the ledger yet */
    struct marks marks;
    char (*reasons)[DB_REASON_MAX]; /* of the items not rendered */
};

static int folders_recover(struct ingest *g, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < g->folders.n; i++)
        rc = recover_folder(g->run, &g->folders.list[i], err);
    return rc;
}

/* Empty folders are made too: the user had them. */
static int folders_make(struct ingest *g, struct err *err)
{
    struct target_folder *there;
    int rc = run_target(g->run, err);

    for (size_t i = 0; rc == 0 && i < g->folders.n; i++) {
        rc = run_halted(g->run);
        if (rc == 0)
            rc = run_target_folder(g->run, &g->folders.list[i], &there, err);
    }
    return rc;
}

/* What became of the items of a batch. EINPROGRESS: nobody knows, they stay
 * in sending and are looked up when the stage runs again. */
static void results_add(struct ingest *g, const struct batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        const struct target_item *item = &batch->items[i];
        if (item->error == 0)
            marks_add(&g->marks, item->nid, ITEM_INGESTED, item->size,
                      item->hash, item->remote, "");
        else if (item->error != EINPROGRESS)
            marks_add(&g->marks, item->nid, ITEM_FAILED, item->size, NULL, "",
                      *item->reason ? item->reason : strerror(item->error));
    }
    for (size_t i = 0; i < batch->bad_n; i++) {
        recover_reason(g->run, batch->bad[i].nid, batch->bad[i].error,
                       g->reasons[i], DB_REASON_MAX);
        marks_add(&g->marks, batch->bad[i].nid, ITEM_FAILED, 0, NULL, "",
                  g->reasons[i]);
    }
}

/* One transaction: the results of the batch before, and that next (which may
 * be NULL) is being sent. */
static int ledger_note(struct ingest *g, struct batch *next, struct err *err)
{
    int rc;

    if (g->sent)
        results_add(g, g->sent);
    for (size_t i = 0; next && i < next->n; i++)
        marks_add(&g->marks, next->items[i].nid, ITEM_SENDING,
                  next->items[i].size, NULL, "", "");
    rc = marks_save(&g->marks, g->run, err);
    feed_give(g->feed, g->sent);
    g->sent = NULL;
    return rc;
}

static int batch_send(struct ingest *g, struct batch *batch, struct err *err)
{
    struct run *run = g->run;
    struct target_folder *there;
    int rc = run_target(run, err);

    if (rc == 0 && batch->n)
        rc = run_target_folder(run, batch->folder, &there, err);
    if (rc == 0)
        rc = ledger_note(g, batch, err);
    if (rc != 0) {
        feed_give(g->feed, batch);
        return rc;
    }
    g->sent = batch;
    if (batch->n)
        rc = run->ops->put(run->target, there, batch->items, batch->n, err);
    return rc;
}

/* The next batch: 1 got it, 0 that was all or the run was halted. Results
 * that wait for it do not wait long. */
static int batch_next(struct ingest *g, struct batch **batch_r, struct err *err)
{
    int rc = feed_next(g->feed, 0, batch_r, err);

    if (rc == -EAGAIN && g->sent) {
        rc = ledger_note(g, NULL, err);
        if (rc != 0)
            return rc;
        rc = -EAGAIN;
    }
    while (rc == -EAGAIN) {
        if (run_halted(g->run) != 0)
            return 0;
        rc = feed_next(g->feed, WAIT_MS, batch_r, err);
    }
    return rc;
}

static int batches_send(struct ingest *g, struct err *err)
{
    struct err late = {0};
    int rc = 0, noted;

    while (rc == 0 && run_halted(g->run) == 0) {
        struct batch *batch;
        rc = batch_next(g, &batch, err);
        if (rc <= 0)
            break;
        rc = batch_send(g, batch, err);
    }
    noted = ledger_note(g, NULL, rc < 0 ? &late : err);
    if (rc == 0)
        rc = noted;
    return rc ? rc : g->run->halted;
}

static void ingest_free(struct ingest **g)
{
    if (!*g)
        return;
    feed_free(&(*g)->feed);
    run_folders_free(&(*g)->folders);
    free((*g)->reasons);
    free(*g);
    *g = NULL;
}

int stage_ingest(struct run *run, struct err *err)
{
    cleanup_with(ingest_free) struct ingest *g = calloc(1, sizeof(*g));
    int rc;

    if (g)
        g->reasons = calloc(FEED_ITEMS_MAX, sizeof(*g->reasons));
    if (!g || !g->reasons)
        return err_set(err, ENOMEM, "no memory");
    g->run = run;
    rc = run_folders_load(run, &g->folders, err);
    if (rc == 0)
        rc = folders_recover(g, err);
    if (rc == 0)
        rc = folders_make(g, err);
    if (rc == 0)
        rc = feed_new(run, &g->folders, &g->feed, err);
    if (rc == 0)
        rc = batches_send(g, err);
    feed_free(&g->feed); /* it has the reader in its hands */
    run_notes(run);
    return rc;
}
