/* Shared by catalog.c (questions, life) and catalog_scan.c (rescans). */
#ifndef FS_CATALOG_PRIV_H
#define FS_CATALOG_PRIV_H

#include <pthread.h>
#include <stdbool.h>

#include "fs/catalog.h"
#include "fs/view.h"

/* A file the catalog knows. Only a rescan changes it. */
struct known {
    struct catalog_store store; /* reason: noted, or a constant */
    char *noted;                /* the reason the state had */
    bool seen;                  /* by the running scan */
    bool touched;               /* a store before or now, and not the same */
};

struct catalog {
    struct fs *fs;
    char **sources;
    size_t n_sources;
    pthread_rwlock_t lock; /* of all below */
    struct view *view;
    struct known **by_id, **by_path;
    size_t n, cap;
    int64_t changed;
};

extern char catalog_no_text[]; /* "": never freed */

/* The file of a path; NULL. by_path is sorted. */
struct known *known_find(struct known *const *by_path, size_t n,
                         const char *path);
struct known *known_get(const struct catalog *c, const char *path);
/* Room for more files; false on ENOMEM. */
bool known_room(struct catalog *c, size_t more);
/* Adds a file of the state, gone until a scan sees it. There is room;
 * known_sort is to follow. 0 or -ENOMEM. */
int known_add(struct catalog *c, const struct db_store *row);
void known_sort(struct catalog *c);

#endif
