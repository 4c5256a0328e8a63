/*
 * The tree of directories that lead to stores, made from the stores' places
 * and unchanged from then on. A directory's number is computed from its path,
 * so it is the same in every view that has it, and after a restart.
 */
#ifndef FS_VIEW_H
#define FS_VIEW_H

#include "fs/catalog.h"

struct view;

struct view *view_new(void); /* NULL on ENOMEM */
void view_free(struct view **view);
/* Adds a store at its place ("a/b.pst"), making the directories that lead to
 * it. -EEXIST when the place is taken, -ENOMEM. */
int view_add(struct view *view, const char *shown, int64_t store);
/* To be called once, after the last view_add. */
void view_settle(struct view *view);

/* As their namesakes in catalog.h. */
int view_each(const struct view *view, uint32_t dir, catalog_entry_fn *fn,
              void *ctx);
int view_find(const struct view *view, uint32_t dir, const char *name,
              struct catalog_entry *entry_r);
int view_parent(const struct view *view, uint32_t dir, uint32_t *parent_r);
int view_store_dir(const struct view *view, int64_t store, uint32_t *dir_r);

/* Calls fn for each entry that one of the views has and the other has not;
 * true when there was any. */
typedef void view_diff_fn(void *ctx, uint32_t dir, const char *name);
bool view_diff(const struct view *old, const struct view *new, view_diff_fn *fn,
               void *ctx);

#endif
