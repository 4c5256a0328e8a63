/* The folders of a store as the reader lists them, with their paths. */
#ifndef STAGE_TREE_H
#define STAGE_TREE_H

#include "pipeline/base/buf.h"
#include "pipeline/reader/client.h"

#define TREE_FOLDERS_MAX 1000000 /* more than any store has */
#define TREE_DEPTH_MAX   128     /* names in a path; deeper ones lose the top */
#define TREE_PATH_MAX    65536   /* bytes of a path */

struct tree_folder {
    uint32_t nid;
    int64_t items; /* as the folder says, -1 unknown */
    bool is_search;
    bool in_subtree; /* at or below the user's own tree */
    int64_t parent;  /* place in list, always before this one; -1 none */
    char *name;      /* owned; without '\x1f' */
};

struct tree {
    struct tree_folder *list; /* parents first */
    size_t n;
    uint32_t root, subtree;
    uint32_t *slots; /* hash of nid: place + 1, 0 empty; a power of two */
    size_t slot_n;
};

int tree_load(struct reader *reader, struct tree *tree_r, struct err *err);
void tree_free(struct tree *tree);
/* Names from the top joined by '\x1f'; the root itself is not named. */
int tree_path(const struct tree *tree, const struct tree_folder *folder,
              struct buf *path);

#endif
