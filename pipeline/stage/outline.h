/* The folders of a store as the reader lists them, with their paths. */
#ifndef STAGE_OUTLINE_H
#define STAGE_OUTLINE_H

#include "pipeline/base/buf.h"
#include "pipeline/reader/client.h"

#define OUTLINE_FOLDERS_MAX 1000000 /* more than any store has */
#define OUTLINE_DEPTH_MAX   128 /* names in a path; deeper ones lose the top */
#define OUTLINE_PATH_MAX    65536 /* bytes of a path */

struct outline_folder {
    uint32_t nid;
    int64_t items; /* as the folder says, -1 unknown */
    bool is_search;
    bool in_subtree; /* at or below the user's own tree */
    int64_t parent;  /* place in list, always before this one; -1 none */
    char *name;      /* owned; without '\x1f' */
};

struct outline {
    struct outline_folder *list; /* parents first */
    size_t n;
    uint32_t root, subtree;
    uint32_t *slots; /* hash of nid: place + 1, 0 empty; a power of two */
    size_t slot_n;
};

int outline_load(struct reader *reader, struct outline *outline_r,
                 struct err *err);
void outline_free(struct outline *outline);
/* Names from the top joined by '\x1f'; the root itself is not named. */
int outline_path(const struct outline *outline,
                 const struct outline_folder *folder, struct buf *path);

#endif
