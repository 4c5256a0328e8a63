#include "fs/view.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/base/cleanup.h"
#include "pipeline/base/hash.h"

#define SLOTS_MIN 64

struct entry {
    char *name;
    size_t dir;    /* index of the directory; 0 for a store */
    int64_t store; /* 0 for a directory */
};

struct dir {
    uint32_t number;
    size_t parent;
    struct entry *entries;
    size_t n, cap;
};

struct by_store {
    int64_t store;
    size_t dir;
};

struct view {
    struct dir *dirs; /* the first is the root */
    size_t n, cap;
    size_t *slots; /* directory + 1 by number, open addressing; 0 empty */
    size_t n_slots;
    struct by_store *stores;
    size_t n_stores, cap_stores;
};

/* Room for one more element; false on ENOMEM. */
static bool grow(void *list, size_t n, size_t *cap, size_t size)
{
    size_t more = *cap ? *cap * 2 : 4;
    void *made;

    if (n < *cap)
        return true;
    made = realloc(*(void **)list, more * size);
    if (!made)
        return false;
    *(void **)list = made;
    *cap = more;
    return true;
}

/* The slot that has the number, or the empty one it would get. */
static size_t *slot_of(const struct view *view, uint32_t number)
{
    size_t at = number & (view->n_slots - 1);

    while (view->slots[at] && view->dirs[view->slots[at] - 1].number != number)
        at = (at + 1) & (view->n_slots - 1);
    return &view->slots[at];
}

static bool slots_grow(struct view *view)
{
    size_t n = view->n_slots ? view->n_slots * 2 : SLOTS_MIN;
    size_t *slots;

    if (view->n * 2 < view->n_slots)
        return true;
    slots = calloc(n, sizeof(*slots));
    if (!slots)
        return false;
    free(view->slots);
    view->slots = slots;
    view->n_slots = n;
    for (size_t d = 0; d < view->n; d++)
        *slot_of(view, view->dirs[d].number) = d + 1;
    return true;
}

static bool dir_new(struct view *view, size_t parent, uint32_t number)
{
    if (!grow(&view->dirs, view->n, &view->cap, sizeof(*view->dirs)) ||
        !slots_grow(view))
        return false;
    view->dirs[view->n++] = (struct dir){.number = number, .parent = parent};
    *slot_of(view, number) = view->n;
    return true;
}

struct view *view_new(void)
{
    struct view *view = calloc(1, sizeof(*view));

    if (view && !dir_new(view, 0, 0))
        view_free(&view);
    return view;
}

void view_free(struct view **view)
{
    if (!*view)
        return;
    for (size_t d = 0; d < (*view)->n; d++) {
        for (size_t i = 0; i < (*view)->dirs[d].n; i++)
            free((*view)->dirs[d].entries[i].name);
        free((*view)->dirs[d].entries);
    }
    free((*view)->dirs);
    free((*view)->slots);
    free((*view)->stores);
    free(*view);
    *view = NULL;
}

/* Where in the sorted entries name is or belongs. */
static size_t entry_at(const struct dir *dir, const char *name)
{
    size_t low = 0, high = dir->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(dir->entries[mid].name, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool entry_is(const struct dir *dir, size_t at, const char *name)
{
    return at < dir->n && strcmp(dir->entries[at].name, name) == 0;
}

static int entry_add(struct dir *dir, size_t at, struct entry entry)
{
    if (!grow(&dir->entries, dir->n, &dir->cap, sizeof(entry)))
        return -ENOMEM;
    memmove(&dir->entries[at + 1], &dir->entries[at],
            (dir->n - at) * sizeof(entry));
    dir->entries[at] = entry;
    dir->n++;
    return 0;
}

/* From the path's hash; where two meet, the later takes the next. */
static uint32_t number_for(const struct view *view, const char *path,
                           size_t len)
{
    uint64_t hash = hash_fnv(path, len);
    uint32_t number = (uint32_t)(hash ^ hash >> 32);

    while (*slot_of(view, number)) /* 0 is the root's: taken */
        number++;
    return number;
}

/* The directory of that name in dir, made when it is not there. */
static int dir_into(struct view *view, size_t *dir, const char *path,
                    size_t start, size_t end)
{
    cleanup_free char *name = strndup(path + start, end - start);
    size_t at = name ? entry_at(&view->dirs[*dir], name) : 0;
    int rc;

    if (!name)
        return -ENOMEM;
    if (entry_is(&view->dirs[*dir], at, name)) {
        if (view->dirs[*dir].entries[at].store)
            return -EEXIST;
        *dir = view->dirs[*dir].entries[at].dir;
        return 0;
    }
    if (!dir_new(view, *dir, number_for(view, path, end)))
        return -ENOMEM; /* the view is given up then */
    rc = entry_add(&view->dirs[*dir], at, (struct entry){name, view->n - 1, 0});
    if (rc < 0)
        return rc;
    name = NULL;
    *dir = view->n - 1;
    return 0;
}

static int store_into(struct view *view, size_t dir, const char *base,
                      int64_t store)
{
    size_t at = entry_at(&view->dirs[dir], base);
    char *name;
    int rc;

    if (entry_is(&view->dirs[dir], at, base))
        return -EEXIST;
    if (!grow(&view->stores, view->n_stores, &view->cap_stores,
              sizeof(*view->stores)) ||
        !(name = strdup(base)))
        return -ENOMEM;
    rc = entry_add(&view->dirs[dir], at, (struct entry){name, 0, store});
    if (rc < 0) {
        free(name);
        return rc;
    }
    view->stores[view->n_stores++] = (struct by_store){store, dir};
    return 0;
}

int view_add(struct view *view, const char *shown, int64_t store)
{
    size_t dir = 0, start = 0;
    const char *slash;
    int rc;

    while ((slash = strchr(shown + start, '/'))) {
        size_t end = (size_t)(slash - shown);
        if ((rc = dir_into(view, &dir, shown, start, end)) < 0)
            return rc;
        start = end + 1;
    }
    return store_into(view, dir, shown + start, store);
}

static int store_compare(const void *a, const void *b)
{
    const struct by_store *x = a, *y = b;

    return x->store < y->store ? -1 : x->store > y->store;
}

void view_settle(struct view *view)
{
    if (view->n_stores)
        qsort(view->stores, view->n_stores, sizeof(*view->stores),
              store_compare);
}

static const struct dir *dir_get(const struct view *view, uint32_t number)
{
    size_t slot = *slot_of(view, number);

    return slot ? &view->dirs[slot - 1] : NULL;
}

static struct catalog_entry shown_entry(const struct view *view,
                                        const struct entry *entry)
{
    return (struct catalog_entry){
        .name = entry->name,
        .dir = entry->store ? 0 : view->dirs[entry->dir].number,
        .store = entry->store,
    };
}

int view_each(const struct view *view, uint32_t number, catalog_entry_fn *fn,
              void *ctx)
{
    const struct dir *dir = dir_get(view, number);
    int rc = dir ? 0 : -ENOENT;

    for (size_t i = 0; rc == 0 && i < dir->n; i++) {
        struct catalog_entry entry = shown_entry(view, &dir->entries[i]);
        rc = fn(ctx, &entry);
    }
    return rc;
}

int view_find(const struct view *view, uint32_t number, const char *name,
              struct catalog_entry *entry_r)
{
    const struct dir *dir = dir_get(view, number);
    size_t at = dir ? entry_at(dir, name) : 0;

    if (!dir || !entry_is(dir, at, name))
        return -ENOENT;
    *entry_r = shown_entry(view, &dir->entries[at]);
    return 0;
}

int view_parent(const struct view *view, uint32_t number, uint32_t *parent_r)
{
    const struct dir *dir = dir_get(view, number);

    if (!dir)
        return -ENOENT;
    *parent_r = view->dirs[dir->parent].number;
    return 0;
}

int view_store_dir(const struct view *view, int64_t store, uint32_t *dir_r)
{
    struct by_store key = {.store = store}, *found = NULL;

    if (view->n_stores)
        found = bsearch(&key, view->stores, view->n_stores,
                        sizeof(*view->stores), store_compare);
    if (!found)
        return -ENOENT;
    *dir_r = view->dirs[found->dir].number;
    return 0;
}

/* What is in dir of a and not (as the same thing) in b. */
static bool diff_dir(const struct view *a, const struct dir *dir,
                     const struct view *b, view_diff_fn *fn, void *ctx)
{
    bool any = false;

    for (size_t i = 0; i < dir->n; i++) {
        struct catalog_entry mine = shown_entry(a, &dir->entries[i]), other;
        if (view_find(b, dir->number, mine.name, &other) == 0 &&
            other.store == mine.store && other.dir == mine.dir)
            continue;
        fn(ctx, dir->number, mine.name);
        any = true;
    }
    return any;
}

bool view_diff(const struct view *old, const struct view *new, view_diff_fn *fn,
               void *ctx)
{
    bool any = false;

    for (size_t d = 0; d < old->n; d++)
        any |= diff_dir(old, &old->dirs[d], new, fn, ctx);
    for (size_t d = 0; d < new->n; d++)
        any |= diff_dir(new, &new->dirs[d], old, fn, ctx);
    return any;
}
