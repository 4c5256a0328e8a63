/* Items that killed readers, and how many: a short list, seldom touched. */
#ifndef READER_SKIPS_H
#define READER_SKIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SKIPS_MAX 4096 /* items remembered; the oldest goes first */

struct skips {
    struct skip {
        uint32_t nid;
        unsigned kills;
    } * list;
    size_t n;
};

/* Counts one killed reader against the item. */
void skips_add(struct skips *skips, uint32_t nid);
/* Has it killed READER_KILLS_MAX? */
bool skips_refused(const struct skips *skips, uint32_t nid);
void skips_free(struct skips *skips);

#endif
