#include "pipeline/stage/marks.h"

#include <assert.h>
#include <stdio.h>

void marks_defects(const struct reader_meta *meta,
                   char text_r[MARKS_DEFECTS_MAX])
{
    *text_r = '\0';
    if (meta->defects)
        snprintf(text_r, MARKS_DEFECTS_MAX, "%u: %s", meta->defects,
                 meta->what);
}

void marks_add(struct marks *marks, uint32_t nid, enum item_state state,
               uint64_t size, const uint8_t *hash, const char *remote,
               const char *reason, const char *defects)
{
    size_t i = marks->n++;

    assert(i < MARKS_MAX);
    marks->hashes[i][0] = '\0';
    if (hash)
        hash_text(hash, marks->hashes[i]);
    marks->items[i] = (struct db_item){.nid = nid,
                                       .state = state,
                                       .size = size,
                                       .hash = marks->hashes[i],
                                       .remote = remote,
                                       .reason = reason,
                                       .defects = defects};
}

void marks_keep(struct marks *marks, const struct db_item *item,
                enum item_state state, const char *reason)
{
    size_t i = marks->n++;

    assert(i < MARKS_MAX);
    marks->items[i] = *item;
    marks->items[i].state = state;
    marks->items[i].reason = reason;
}

int marks_save(struct marks *marks, struct run *run, struct err *err)
{
    size_t n = marks->n;

    marks->n = 0;
    if (!n)
        return 0;
    __atomic_add_fetch(&run->progress, 1, __ATOMIC_RELAXED);
    return db_ledger_mark(run->db, run->job.id, marks->items, n, err);
}
