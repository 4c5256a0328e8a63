/*
 * The sources and what lies in them: a tree of directories and stores. Made
 * by scanning directories and reading the first bytes of each file, by which
 * a PST is known (never by its extension); no store is opened for it. A store
 * keeps its number for ever (the state remembers it by path); a rescan adds
 * stores and marks those that are gone, it never renumbers.
 */
#ifndef FS_CATALOG_H
#define FS_CATALOG_H

#include <stdbool.h>
#include <stdint.h>

#include "fs/fs.h"
#include "pipeline/reader/client.h"

struct catalog_store {
    int64_t id;            /* row of the state; 1.. */
    char *path;            /* of the file */
    char *shown;           /* its place in the mount, without leading slash */
    struct reader *reader; /* never NULL for a store that is shown */
    bool rejected, gone;
    char *reason; /* why rejected or gone, "" */
    int64_t size, mtime;
    uint64_t file; /* its state at the last scan: struct reader_file, now */
};

/* sources: absolute paths of directories or files. */
int catalog_new(struct fs *fs, const char *const *sources, size_t n,
                struct catalog **catalog_r, struct err *err);
void catalog_free(struct catalog **catalog);
/* Who wants to know what a rescan found; called by catalog_rescan itself,
 * without its lock. */
struct catalog_watch {
    /* A name of a directory appeared or vanished. */
    void (*entry)(void *ctx, uint32_t dir, const char *name);
    /* The file of a store is another one, came back or is gone. */
    void (*store)(void *ctx, struct catalog_store *store);
    void *ctx;
};
/* Scans again, telling watch (NULL: nobody); true in *changed_r when the tree
 * is another. One thread at a time: the keeper's (keeper_rescan). */
int catalog_rescan_watched(struct catalog *catalog,
                           const struct catalog_watch *watch, bool *changed_r,
                           struct err *err);
/* Store by number; NULL unknown. Borrowed, lives as long as the catalog. */
struct catalog_store *catalog_store(struct catalog *catalog, int64_t id);
/* By number, rising; the n-th, NULL past the end. */
struct catalog_store *catalog_store_at(struct catalog *catalog, size_t n);

/* Directories of the tree, by number; 0 is the root. An entry is a
 * directory (store 0) or a store. */
struct catalog_entry {
    const char *name; /* valid during the call */
    uint32_t dir;
    int64_t store;
};
typedef int catalog_entry_fn(void *ctx, const struct catalog_entry *entry);
int catalog_each(struct catalog *catalog, uint32_t dir, catalog_entry_fn *fn,
                 void *ctx);
int catalog_find(struct catalog *catalog, uint32_t dir, const char *name,
                 struct catalog_entry *entry_r); /* -ENOENT */
int catalog_parent(struct catalog *catalog, uint32_t dir, uint32_t *parent_r);
/* When the tree last changed, unix seconds. */
int64_t catalog_changed(struct catalog *catalog);
/* The directory a store is shown in. */
int catalog_store_dir(struct catalog *catalog, int64_t store, uint32_t *dir_r);

#endif
