/* A store while it is written: file, blocks, nodes, numbers. */
#ifndef MKPST_STORE_H
#define MKPST_STORE_H

#include "tools/mkpst/btree.h"
#include "tools/mkpst/columns.h"
#include "tools/mkpst/options.h"

#define RECORD_KEY_SIZE 16
#define ENTRY_ID_SIZE   24
#define NID_STORE       0x21
#define NID_NAMES       0x61
#define NID_ROOT        0x122

struct store {
    const struct options *opt;
    const struct variant *v;
    struct space space;
    struct blocks blocks;
    struct nodes nodes;
    struct encoding enc; /* of folder names and the like */
    uint8_t record_key[RECORD_KEY_SIZE];
    uint32_t highest[NID_TYPES];
    /* Empty tables are one node's data, many nodes' names. */
    struct node_data empty[COLUMNS_COUNT];
};

/* fd stays the caller's. */
void store_init(struct store *s, const struct options *opt, int fd);
/* The next free node number of a type. */
uint32_t store_nid(struct store *s, enum nid_type type);
/* Numbers that are fixed, so that they are not given out again. */
void store_claim(struct store *s, uint32_t nid);
void store_node(struct store *s, uint32_t nid, const struct node_data *data,
                uint32_t parent);
/* An entry id of this store (section 15). */
void store_entry_id(const struct store *s, uint32_t nid,
                    uint8_t id_r[ENTRY_ID_SIZE]);
/* Folder nodes for the store's own properties; 0 = there is none. */
struct store_folders {
    uint32_t top, deleted, sent, outbox, search_root, inbox, views;
};
/* Writes the fixed nodes, the trees, the maps and the header. */
void store_finish(struct store *s, const struct store_folders *f);

#endif
