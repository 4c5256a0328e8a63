/*
 * Inode numbers. A number is computed from what it stands for and back: there
 * is no table of open inodes, `forget` has nothing to do, and numbers are the
 * same after a restart, which NFS, Samba, rsync and backup tools rely on.
 *
 *   63..60 kind | 59..43 store | 42..16 node index | 15..0 part
 *
 * Kinds from 16 on have 0 there, and their number less 15 in bits 15..12, with
 * a part of 12 bits. The root is FUSE_ROOT_ID, which does not follow this. A
 * node index is the upper 27 bits of a node id; the kind implies the lower
 * five.
 */
#ifndef FS_NODE_H
#define FS_NODE_H

#include <stdbool.h>
#include <stdint.h>

#define NODE_STORE_MAX ((1 << 17) - 1)
#define NODE_INDEX_MAX ((1u << 27) - 1)
#define NODE_PART_MAX  UINT16_MAX
#define NODE_PART_WIDE 0xfffu /* of kinds from 16 on */

/* The numbers are part of every inode number: never change them. */
enum node_kind {
    NODE_NONE = 0,
    NODE_DIR = 1,         /* of the sources; index: 32 bits, see catalog.h */
    NODE_STORE = 2,       /* a store's directory: its root folder */
    NODE_FOLDER = 3,      /* index: of its node id */
    NODE_ITEM = 4,        /* index: of its node id */
    NODE_CTL = 5,         /* .ctl of the root (store 0) or of a store */
    NODE_CONTROL = 6,     /* a file in it; index: row of the table */
    NODE_FAILED = 7,      /* failed/ in a store's .ctl */
    NODE_FAILED_ITEM = 8, /* a failed item as the target should get it */
    NODE_REASON = 9,      /* the reason beside it */
    NODE_PARTS = 10,      /* NAME.attachments: an item's attachments */
    NODE_PART = 11,       /* one of them; part: its number, from 1 */
    NODE_RECOVERED = 12,  /* Recovered/ of a store */
    NODE_RECOVERED_ITEM = 13,   /* index: number of a recovered item */
    NODE_EXPORTS = 16,          /* export/ in a store's .ctl */
    NODE_EXPORT = 17,           /* an item in it; part: the format (export.c) */
    NODE_EXPORT_RECOVERED = 18, /* a recovered item in it */
    NODE_KINDS
};

/* Types of node ids ([MS-PST] 2.2.2.1) that kinds imply. */
#define NODE_TYPE_FOLDER 0x02u
#define NODE_TYPE_ITEM   0x04u
#define NODE_TYPE(nid)   ((nid)&0x1fu)
#define NODE_ROOT_NID    0x122u /* NID_ROOT_FOLDER, 2.4.1 */

struct node {
    enum node_kind kind;
    int64_t store; /* 0 in directories and the root's .ctl */
    uint32_t id;   /* directory number, node id or row; 0 none */
    unsigned part;
};

/* id of kinds that carry a node id must have that kind's type. */
uint64_t node_join(struct node node);
/* False for a number that node_join cannot have made. */
bool node_split(uint64_t ino, struct node *node_r);

/* Can this node id be shown as this kind? */
bool node_fits(enum node_kind kind, uint32_t nid);
/* Is it in the control tree? */
bool node_is_control(enum node_kind kind);

#endif
