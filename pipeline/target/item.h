/* Items as all targets handle them. */
#ifndef TARGET_ITEM_H
#define TARGET_ITEM_H

#include "pipeline/target/target.h"

/* Takes code and words of why over to the item. */
void item_fail(struct target_item *item, const struct err *why);

/* Reads size bytes piece by piece, in order: each call of fn gets the next.
 * step is a buffer of step_size for items without data. A negative result of
 * fn ends it. EIO when the item has fewer bytes than its size. */
typedef int item_piece_fn(void *ctx, const void *data, size_t len,
                          struct err *err);
int item_each(const struct target_item *item, char *step, size_t step_size,
              item_piece_fn *fn, void *ctx, struct err *err);

/* Fills item->hash from its bytes; negative errno with words. */
int item_hash(struct target_item *item, struct hash *hash, char *step,
              size_t step_size, struct err *err);

#endif
