/*
 * What lookup, getattr and readdirplus answer: attributes, lifetimes and the
 * number of a node; and the way from a directory to what lies in it.
 */
#ifndef FS_ATTR_H
#define FS_ATTR_H

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>

#include "fs/catalog.h"
#include "fs/fs.h"
#include "fs/listing.h"
#include "fs/node.h"
#include "pipeline/base/err.h"

/* Seconds for which the kernel may believe what it was told: the mail tree
 * changes only with its source, which is told; the control tree always. */
#define ATTR_MAIL_S    3600.0
#define ATTR_MISSING_S 60.0 /* that a name is not there */
#define ATTR_FAILED_S  1.0

/* The whole answer for a node, whoever has to be asked. -ENOENT, -ESTALE,
 * -EIO ... */
int attr_node(struct fs *fs, struct node node, struct fuse_entry_param *e_r,
              struct err *err);
/* For an item whose size is known. */
void attr_item(struct fs *fs, struct node node, const struct listing_item *item,
               struct fuse_entry_param *e_r);
/* The answer to a look-up. */
int attr_find(struct fs *fs, struct node parent, const char *name,
              struct fuse_entry_param *e_r, struct err *err);
/* The node that "..", seen from a directory, means. */
int attr_parent(struct fs *fs, struct node node, struct node *parent_r,
                struct err *err);

/* S_IFDIR or S_IFREG with the permissions. Of control files: control_stat. */
mode_t attr_mode(enum node_kind kind);
/* Is Recovered/ shown (a setting)? */
bool attr_recovered(const struct fs *fs);
/* The store of a node: -ESTALE when it is not shown any more. */
int attr_store(struct fs *fs, struct node node, struct catalog_store **store_r,
               struct err *err);

#endif
