#include "pipeline/stage/recover.h"

#include <stdio.h>
#include <string.h>

#include "pipeline/stage/feed.h"
#include "pipeline/stage/marks.h"

#define LOOK_ITEMS 256     /* looked up at once */
#define HASH_STEP  1048576 /* bytes read at a time */

struct recovery {
    struct run *run;
    uint32_t nids[LOOK_ITEMS];
    struct reader_meta metas[LOOK_ITEMS];
    size_t n; /* of nids */
    struct target_item items[LOOK_ITEMS];
    char ids[LOOK_ITEMS][RUN_ID_SIZE];
    struct feed_piece pieces[LOOK_ITEMS];
    size_t sound; /* of items: those that can be rendered */
    char reasons[LOOK_ITEMS][DB_REASON_MAX];
    char defects[LOOK_ITEMS][MARKS_DEFECTS_MAX];
    struct marks marks;
};

/* The bulk calls give a number only; a read of one byte says it in words. */
void recover_reason(struct run *run, uint32_t nid, int error, char *reason_r,
                    size_t size)
{
    struct err err = {0};
    char byte;

    if (reader_read(run->pieces, nid, run_format(run), 0, &byte, 1, &err) < 0)
        snprintf(reason_r, size, "%s", err.msg);
    else
        snprintf(reason_r, size, "cannot be read: %s", strerror(error));
}

/* What was sent is what is rendered: rendering is deterministic. */
static int item_hash(const struct target_item *item, uint8_t hash_r[HASH_SIZE],
                     struct err *err)
{
    cleanup_with(hash_free) struct hash *hash = hash_new();
    cleanup_free char *buf = malloc(HASH_STEP);
    uint64_t off = 0;

    if (!hash || !buf)
        return err_set(err, ENOMEM, "no memory");
    while (off < item->size) {
        ssize_t n = item->read(item->ctx, off, buf, HASH_STEP, err);
        if (n < 0)
            return (int)n;
        if (n == 0)
            return err_set(err, EIO, "item 0x%x ends early", item->nid);
        hash_add(hash, buf, (size_t)n);
        off += (uint64_t)n;
    }
    hash_end(hash, hash_r);
    return 0;
}

static int items_load(struct recovery *r, struct err *err)
{
    int rc = reader_metas(r->run->reader, run_format(r->run), r->nids, r->n,
                          r->metas, err);

    r->sound = 0;
    for (size_t i = 0; rc == 0 && i < r->n; i++) {
        size_t k = r->sound;
        if (r->metas[i].error) {
            recover_reason(r->run, r->nids[i], r->metas[i].error, r->reasons[i],
                           DB_REASON_MAX);
            marks_add(&r->marks, r->nids[i], ITEM_FAILED, 0, NULL, "",
                      r->reasons[i], "");
            continue;
        }
        feed_item(r->run, &r->metas[i], r->nids[i], r->ids[k], &r->pieces[k],
                  &r->items[k]);
        r->items[k].error = ENOENT;
        marks_defects(&r->metas[i], r->defects[k]);
        r->sound++;
    }
    return rc;
}

static int items_find(struct recovery *r, const struct run_folder *folder,
                      struct err *err)
{
    struct target_folder *there;
    int rc = run_target(r->run, err);

    if (rc == 0)
        rc = run_target_folder(r->run, folder, &there, err);
    if (rc == 0)
        rc = r->run->ops->find(r->run->target, there, r->items, r->sound, err);
    for (size_t i = 0; rc == 0 && i < r->sound; i++) {
        struct target_item *item = &r->items[i];
        if (item->error == 0)
            rc = item_hash(item, item->hash, err);
        else if (item->error != ENOENT) /* unknown: sending might double it */
            return err_set(err, item->error, "look-up: %s", item->reason);
        marks_add(&r->marks, item->nid,
                  item->error ? ITEM_LISTED : ITEM_INGESTED, item->size,
                  item->error ? NULL : item->hash, item->remote, "",
                  r->defects[i]);
    }
    return rc;
}

static int round_run(struct recovery *r, const struct run_folder *folder,
                     struct err *err)
{
    int rc = items_load(r, err);

    if (rc == 0 && r->sound)
        rc = items_find(r, folder, err);
    return rc ? rc : marks_save(&r->marks, r->run, err);
}

int recover_folder(struct run *run, const struct run_folder *folder,
                   struct err *err)
{
    cleanup_free struct recovery *r = NULL;
    uint32_t after = 0;

    for (;;) {
        struct db_item *items = NULL;
        size_t n = 0;
        int rc = run_halted(run);
        if (rc == 0)
            rc = db_ledger_next(run->db, run->job.id, folder->nid, ITEM_SENDING,
                                after, LOOK_ITEMS, &items, &n, err);
        if (rc != 0 || !n) {
            free(items);
            return rc;
        }
        if (!r && !(r = calloc(1, sizeof(*r))))
            rc = err_set(err, ENOMEM, "no memory");
        if (r)
            r->run = run;
        for (size_t i = 0; r && i < n; i++)
            r->nids[i] = after = items[i].nid;
        free(items);
        if (r)
            r->n = n;
        if (rc == 0)
            rc = round_run(r, folder, err);
        if (rc != 0)
            return rc;
    }
}
