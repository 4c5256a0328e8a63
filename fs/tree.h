/*
 * The folders of one store as the mount shows them, made once from the
 * reader's list and unchanged from then on. Search folders are left out;
 * folders whose parent is unknown stand at the top, so nothing is lost.
 */
#ifndef FS_TREE_H
#define FS_TREE_H

#include <stdint.h>

#include "fs/nameset.h"
#include "pipeline/base/err.h"
#include "pipeline/reader/client.h"

#define TREE_FOLDERS_MAX 1000000 /* more are not shown */
#define TREE_DEPTH_MAX   200     /* deeper ones are not shown */
/* Nobody else has these names at the top of a store. */
#define TREE_CONTROL   ".ctl"
#define TREE_RECOVERED "Recovered"

struct tree_folder {
    uint32_t nid, parent;  /* parent: node id, NODE_ROOT_NID at the top */
    int64_t items, unread; /* as the folder says, -1 unknown */
    char *class;           /* never NULL */
    struct nameset *names; /* of its subfolders; NULL: none */
};

struct tree;

/* Asks the reader. The store's root (NODE_ROOT_NID) is always in the tree. */
int tree_new(struct reader *reader, struct tree **tree_r, struct err *err);
/* A tree of one folder. -ENOMEM */
int tree_single(uint32_t nid, struct tree **tree_r);
void tree_free(struct tree **tree);

/* NULL when there is no such folder. Borrowed. */
const struct tree_folder *tree_get(const struct tree *tree, uint32_t nid);
size_t tree_count(const struct tree *tree);
const struct tree_folder *tree_at(const struct tree *tree, size_t i);
/* Left out because of the limits. */
size_t tree_dropped(const struct tree *tree);

#endif
