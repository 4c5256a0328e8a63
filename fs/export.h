/*
 * export/ in a store's .ctl: any item of the store in any format, by its node
 * id: "0x2003a4.fts". It can be looked into by name only, its listing is
 * empty: a listing of every item in every format would be of no use. The files
 * are rendered when they are read and have their exact size.
 */
#ifndef FS_EXPORT_H
#define FS_EXPORT_H

#include <stdint.h>

#include "fs/node.h"
#include "pipeline/base/buf.h"
#include "pipeline/reader/client.h"

#define EXPORT_NAME "export"

/* By name: the node, but for its store; -ENOENT when it can be none. */
int export_find(const char *name, struct node *node_r);

/* What the file of a node is a rendering of its item in. */
enum reader_format export_format(const struct node *node);

/* One line for each format, for `help`. */
void export_help(struct buf *out);

#endif
