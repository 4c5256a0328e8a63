#include "fs/node.h"

#include <stddef.h>

#include "pipeline/base/cleanup.h"
#include "pipeline/reader/client.h"

#define ROOT_INO    1 /* FUSE_ROOT_ID */
#define KIND_SHIFT  60
#define STORE_SHIFT 43
#define INDEX_SHIFT 16
#define TYPE_BITS   5
#define KIND_WIDE   16 /* kinds from here on */
#define WIDE_SHIFT  12

/* What the index of a kind stands for. */
enum index_use {
    INDEX_NONE,
    INDEX_DIR,
    INDEX_ROW,
    INDEX_FOLDER,
    INDEX_ITEM,
    INDEX_RECOVERED
};

static const struct kind {
    enum index_use index;
    bool store, root_store; /* has a store; may be the root's (0) */
    bool part, control;
} kinds[NODE_KINDS] = {
    [NODE_DIR] = {INDEX_DIR},
    [NODE_STORE] = {INDEX_NONE, .store = true},
    [NODE_FOLDER] = {INDEX_FOLDER, .store = true},
    [NODE_ITEM] = {INDEX_ITEM, .store = true},
    [NODE_CTL] = {INDEX_NONE, .store = true, .root_store = true,
                  .control = true},
    [NODE_CONTROL] = {INDEX_ROW, .store = true, .root_store = true,
                      .control = true},
    [NODE_FAILED] = {INDEX_NONE, .store = true, .control = true},
    [NODE_FAILED_ITEM] = {INDEX_ITEM, .store = true, .control = true},
    [NODE_REASON] = {INDEX_ITEM, .store = true, .control = true},
    [NODE_PARTS] = {INDEX_ITEM, .store = true},
    [NODE_PART] = {INDEX_ITEM, .store = true, .part = true},
    [NODE_RECOVERED] = {INDEX_NONE, .store = true},
    [NODE_RECOVERED_ITEM] = {INDEX_RECOVERED, .store = true},
    [NODE_EXPORTS] = {INDEX_NONE, .store = true, .control = true},
    [NODE_EXPORT] = {INDEX_ITEM, .store = true, .part = true, .control = true},
    [NODE_EXPORT_RECOVERED] = {INDEX_RECOVERED, .store = true, .part = true,
                               .control = true},
};

static uint64_t index_join(const struct kind *kind, struct node node)
{
    switch (kind->index) {
    case INDEX_DIR:
        return node.id; /* spread over the index and the part */
    case INDEX_ROW:
        return (uint64_t)node.id << INDEX_SHIFT;
    case INDEX_FOLDER:
    case INDEX_ITEM:
    case INDEX_RECOVERED:
        return (uint64_t)(node.id >> TYPE_BITS) << INDEX_SHIFT | node.part;
    case INDEX_NONE:
        break;
    }
    return 0;
}

static uint64_t kind_join(enum node_kind kind)
{
    return kind < KIND_WIDE ? (uint64_t)kind << KIND_SHIFT
                            : (uint64_t)(kind - KIND_WIDE + 1) << WIDE_SHIFT;
}

static enum node_kind kind_split(uint64_t ino)
{
    unsigned kind = (unsigned)(ino >> KIND_SHIFT);
    unsigned wide = (ino & NODE_PART_MAX) >> WIDE_SHIFT;

    if (!kind && wide)
        kind = KIND_WIDE - 1 + wide;
    return kind < NODE_KINDS ? (enum node_kind)kind : NODE_NONE;
}

uint64_t node_join(struct node node)
{
    const struct kind *kind = &kinds[node.kind];

    if (node.kind == NODE_DIR && node.id == 0)
        return ROOT_INO;
    return kind_join(node.kind) | (uint64_t)node.store << STORE_SHIFT |
           index_join(kind, node);
}

static void index_split(const struct kind *kind, uint64_t ino,
                        struct node *node_r)
{
    uint32_t index = (ino >> INDEX_SHIFT) & NODE_INDEX_MAX;

    switch (kind->index) {
    case INDEX_DIR:
        node_r->id = (uint32_t)ino;
        break;
    case INDEX_ROW:
        node_r->id = index;
        break;
    case INDEX_FOLDER:
        node_r->id = index << TYPE_BITS | NODE_TYPE_FOLDER;
        break;
    case INDEX_ITEM:
        node_r->id = index << TYPE_BITS | NODE_TYPE_ITEM;
        break;
    case INDEX_RECOVERED:
        node_r->id = reader_recovered_nid(index);
        break;
    case INDEX_NONE:
        break;
    }
}

bool node_split(uint64_t ino, struct node *node_r)
{
    const struct kind *kind;

    *node_r = (struct node){.kind = NODE_DIR};
    if (ino == ROOT_INO)
        return true;
    node_r->kind = kind_split(ino);
    kind = &kinds[node_r->kind];
    if (!kind->store && kind->index != INDEX_DIR)
        return false; /* no such kind */
    node_r->store = (ino >> STORE_SHIFT) & NODE_STORE_MAX;
    if (node_r->store ? !kind->store : kind->store && !kind->root_store)
        return false;
    index_split(kind, ino, node_r);
    if (kind->part)
        node_r->part =
            ino & (node_r->kind < KIND_WIDE ? NODE_PART_MAX : NODE_PART_WIDE);
    /* Bits that this kind does not use must be clear. */
    return node_join(*node_r) == ino;
}

bool node_fits(enum node_kind kind, uint32_t nid)
{
    enum index_use use = kinds[kind].index;

    if (use == INDEX_FOLDER)
        return NODE_TYPE(nid) == NODE_TYPE_FOLDER;
    if (use == INDEX_RECOVERED)
        return reader_is_recovered(nid) && nid != READER_RECOVERED;
    return use == INDEX_ITEM && NODE_TYPE(nid) == NODE_TYPE_ITEM;
}

bool node_is_control(enum node_kind kind)
{
    return kinds[kind].control;
}
