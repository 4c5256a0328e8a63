/*
 * A store built from a list of nodes: pages, block ids, checksums and
 * signatures are right whatever the nodes hold, so a fuzzer's input gets
 * past them to the heaps. The list in bytes:
 *
 *     format + 4 * crypt                                     1 byte
 *     then for each node: depth, nid, parent, length, data   1, 4, 4, 2, ...
 *
 * A node of depth d > 0 is a subnode of the last one before it of depth d - 1.
 */
#ifndef FUZZ_PACK_H
#define FUZZ_PACK_H

#include "pipeline/pst/disk.h"

#define PACK_NODES_MAX  200
#define PACK_BLOCKS_MAX 400
#define PACK_DEPTH_MAX  7
#define PACK_STORE_MAX  (8u << 20)
#define PACK_HEAD       11 /* bytes before the data of a node */

struct pack_node {
    unsigned depth;
    uint32_t nid, parent;
    const uint8_t *data; /* borrowed */
    size_t len;
};

struct pack_list {
    enum pst_format format;
    enum pst_crypt crypt;
    struct pack_node nodes[PACK_NODES_MAX];
    size_t count;
};

/* Any bytes are a list. Nodes point into data. */
void pack_parse(const uint8_t *data, size_t len, struct pack_list *list_r);
/* The other way; data is cut at 65535 bytes. */
void pack_print_head(const struct pack_list *list, struct buf *out);
void pack_print_node(const struct pack_node *node, struct buf *out);

/* The store; nodes that do not fit any more are left out. */
void pack_store(const struct pack_list *list, struct buf *out);

/* Makes checksums and signatures of header, tree pages and blocks right, in a
 * store that was changed. */
void pack_repair(uint8_t *store, size_t len);

#endif
