/* Blocks and the data trees made of them (mspst.md section 7). */
#ifndef MKPST_BLOCK_H
#define MKPST_BLOCK_H

#include "pipeline/pst/crypt.h"
#include "tools/mkpst/space.h"

/* What the block B-tree will say. Ids are given out in rising order, so that
 * entry i is block id 4 * (i + 1), and the list is the sorted tree. */
struct block_entry {
    uint32_t slot; /* ib in units of 64 bytes */
    uint16_t stored, inflated;
    uint16_t refs;
    bool internal;
};

struct blocks {
    struct space *space;
    const struct variant *v;
    enum pst_crypt crypt;
    struct block_entry *list; /* owned */
    size_t count, cap;
    uint8_t *scratch; /* owned; for compression */
};

void blocks_init(struct blocks *b, struct space *space, enum pst_crypt crypt);
void blocks_finish(struct blocks *b);

/* Writes one block of 1 .. block_max bytes and returns its id. */
uint64_t block_add(struct blocks *b, bool internal, const void *data,
                   size_t len);
/* One more reference to bid (0 is allowed): from a node, an XBLOCK ... */
void block_ref(struct blocks *b, uint64_t bid);

/* A growing list of block ids with the sum of their lengths. */
struct block_list {
    uint64_t *ids; /* owned */
    size_t count, cap;
    uint64_t total;
};

void block_list_add(struct block_list *list, uint64_t bid, size_t len);
/* The root over the blocks: 0 for none, the block itself for one, else an
 * XBLOCK or XXBLOCK. Frees the list. */
uint64_t block_list_root(struct blocks *b, struct block_list *list);

/* A value that is written as it comes, each block when it is full. */
struct stream {
    struct blocks *blocks;
    struct block_list list;
    uint8_t *data; /* owned */
    size_t fill;
};

void stream_init(struct stream *s, struct blocks *b);
void stream_add(struct stream *s, const void *data, size_t len);
/* The root's id, 0 for an empty stream. *size_r (may be NULL): its bytes. */
uint64_t stream_end(struct stream *s, uint64_t *size_r);

/* A whole value at once. */
uint64_t block_value(struct blocks *b, const void *data, size_t len);

#endif
