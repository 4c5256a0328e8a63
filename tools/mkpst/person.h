/* The people of a store: owner first, then colleagues and strangers. */
#ifndef MKPST_PERSON_H
#define MKPST_PERSON_H

#include "tools/mkpst/item.h"

struct cast {
    struct person *list; /* owned */
    size_t count;
    bool unicode;
};

void cast_init(struct cast *c, uint64_t seed, bool unicode);
void cast_finish(struct cast *c);
const struct person *cast_owner(const struct cast *c);
/* Somebody whose name can be written in the script of an item. */
const struct person *cast_pick(const struct cast *c, struct rng *r,
                               const struct script *script);

#endif
