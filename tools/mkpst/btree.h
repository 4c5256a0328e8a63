/* The two B-trees and the header: the end of the writing (mspst.md sections
 * 2, 4, 5). */
#ifndef MKPST_BTREE_H
#define MKPST_BTREE_H

#include "tools/mkpst/node.h"

struct btree_root {
    uint64_t bid, ib;
};

struct btree_root btree_write_nodes(struct space *s, const struct nodes *nodes);
struct btree_root btree_write_blocks(struct space *s, const struct blocks *b);

struct header {
    struct btree_root nodes, blocks;
    uint64_t next_block;
    enum pst_crypt crypt;
    uint32_t unique;
    uint32_t highest[NID_TYPES]; /* node index given out, by type */
};

/* After space_finish. */
void header_write(const struct space *s, const struct header *h);

#endif
