/*
 * What the ledger says lies in a folder of the target, by the target's ids:
 * about 70 bytes an item, so that a folder of a million fits.
 */
#ifndef STAGE_EXPECT_H
#define STAGE_EXPECT_H

#include "pipeline/base/hash.h"
#include "pipeline/stage/run.h"

enum expect_fate { EXPECT_MISSING, EXPECT_DIFFERS, EXPECT_EQUAL };

struct expect_item {
    uint64_t remote; /* hash of the remote id */
    uint64_t size;
    uint8_t hash[HASH_SIZE];
    enum expect_fate fate;
};

struct expect {
    struct expect_item *list;
    size_t n, cap;
    uint32_t *slots; /* of remote: place + 1, 0 empty; a power of two */
    size_t slot_n;
};

/* All items of the folder that are ingested or verified. */
int expect_load(struct run *run, uint32_t folder, struct expect *expect_r,
                struct err *err);
void expect_free(struct expect *expect);
/* A message that is there. One the ledger does not know is none of ours. */
void expect_seen(struct expect *expect, const char *remote, uint64_t size,
                 const uint8_t hash[HASH_SIZE]);
/* What became of the item with this id. */
enum expect_fate expect_fate(const struct expect *expect, const char *remote);

#endif
