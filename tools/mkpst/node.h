/* Nodes: the entries of the node B-tree, and the subnode trees of single
 * nodes (mspst.md sections 3, 5 and 7). */
#ifndef MKPST_NODE_H
#define MKPST_NODE_H

#include "tools/mkpst/block.h"

enum nid_type {
    NID_INTERNAL = 0x01,
    NID_FOLDER = 0x02,
    NID_SEARCH_FOLDER = 0x03,
    NID_MESSAGE = 0x04,
    NID_ATTACHMENT = 0x05,
    NID_UPDATE_QUEUE = 0x06,
    NID_CRITERIA = 0x07,
    NID_HIDDEN = 0x08,
    NID_HIERARCHY = 0x0D,
    NID_CONTENTS = 0x0E,
    NID_HIDDEN_CONTENTS = 0x0F,
    NID_SEARCH_CONTENTS = 0x10,
    NID_VALUE = 0x1F
};

#define NID(type, index)  ((uint32_t)(index) << 5 | (uint32_t)(type))
#define NID_TYPES         32
#define NID_FIRST_INDEX   0x401 /* of attachments and long values */
#define NID_RECIPIENTS    0x692
#define NID_ATTACHMENTS   0x671
#define NID_COLUMN_NAME   0x541 /* column heaps of 4k stores */
#define NID_COLUMN_THREAD 0x521

/* The data and subnodes of a node; 0 = none. */
struct node_data {
    uint64_t data, subs;
    uint64_t size; /* inflated bytes of the external blocks of both */
};

/* ---- top level ---- */

struct node {
    uint32_t nid, parent;
    uint64_t data, subs;
};

struct nodes {
    struct blocks *blocks;
    struct node *list; /* owned */
    size_t count, cap;
};

void nodes_init(struct nodes *n, struct blocks *b);
void nodes_finish(struct nodes *n);
void node_add(struct nodes *n, uint32_t nid, const struct node_data *data,
              uint32_t parent);
void nodes_sort(struct nodes *n);

/* ---- below a node ---- */

struct subs {
    struct blocks *blocks;
    struct node *list; /* owned */
    size_t count, cap;
    uint64_t size;       /* sum of the sizes of what was added */
    uint32_t next_value; /* index of the next long value */
};

void subs_init(struct subs *s, struct blocks *b);
void subs_add(struct subs *s, uint32_t nid, const struct node_data *data);
/* A number for a long value or a row matrix. */
uint32_t subs_value_nid(struct subs *s);
/* Writes the tree and frees the list; 0 when nothing was added. */
uint64_t subs_end(struct subs *s);

#endif
