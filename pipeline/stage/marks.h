/*
 * New states of items on their way into the ledger: what became of one batch
 * and that the next is about to be sent go into one transaction, so that
 * durability costs one fsync a batch. Texts are borrowed until marks_save.
 */
#ifndef STAGE_MARKS_H
#define STAGE_MARKS_H

#include "pipeline/base/hash.h"
#include "pipeline/stage/run.h"

#define MARKS_MAX         4096
#define MARKS_DEFECTS_MAX (READER_WHAT_MAX + 16)

/* What an item's meta says of its defects, as the ledger has it. */
void marks_defects(const struct reader_meta *meta,
                   char text_r[MARKS_DEFECTS_MAX]);

struct marks {
    struct db_item items[MARKS_MAX];
    char hashes[MARKS_MAX][HASH_TEXT_MAX];
    size_t n;
};

/* Notes one item; hash NULL: none. At most MARKS_MAX between two saves. */
void marks_add(struct marks *marks, uint32_t nid, enum item_state state,
               uint64_t size, const uint8_t *hash, const char *remote,
               const char *reason, const char *defects);
/* The same for a row of the ledger that keeps all else it says. */
void marks_keep(struct marks *marks, const struct db_item *item,
                enum item_state state, const char *reason);
/* Writes all, durably, and forgets them. */
int marks_save(struct marks *marks, struct run *run, struct err *err);

#endif
