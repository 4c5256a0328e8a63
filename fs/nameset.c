#include "fs/nameset.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/name.h"
#include "pipeline/base/buf.h"
#include "pipeline/base/cleanup.h"
#include "pipeline/base/hash.h"

/* Texts of one directory; offsets are 32 bits. */
#define NAMES_BYTES_MAX 0x7fffffffu
#define NAMES_MAX       0x10000000u
#define SUFFIX_MAX      40
#define SLOTS_MIN       16u

struct name {
    uint32_t nid, at; /* at: where its text starts in the arena */
};

/* A set of hashes, open addressing; 0 stands for an empty slot. */
struct fold_set {
    uint64_t *slots;
    size_t mask;
};

struct nameset {
    struct buf arena;
    struct name *list;
    size_t n, cap;
    uint8_t *ext;    /* length of each extension, freed by nameset_settle */
    uint32_t *order; /* entries by rising node id */
    uint32_t *slots; /* entry + 1 by hash of its name; 0 empty */
    size_t slot_mask;
    uint64_t *kept; /* folded hashes of reserved names */
    size_t n_kept;
    size_t max; /* bytes of a name */
};

struct nameset *nameset_new(void)
{
    struct nameset *names = calloc(1, sizeof(*names));

    if (names) {
        names->arena.max = NAMES_BYTES_MAX;
        names->max = NAME_MAX_BYTES;
    }
    return names;
}

void nameset_limit(struct nameset *names, size_t max)
{
    names->max = max;
}

void nameset_free(struct nameset **names)
{
    if (!*names)
        return;
    buf_finish(&(*names)->arena);
    free((*names)->list);
    free((*names)->ext);
    free((*names)->order);
    free((*names)->slots);
    free((*names)->kept);
    free(*names);
    *names = NULL;
}

int nameset_reserve(struct nameset *names, const char *name)
{
    uint64_t *kept = realloc(names->kept, (names->n_kept + 1) * sizeof(*kept));

    if (!kept)
        return -ENOMEM;
    names->kept = kept;
    kept[names->n_kept++] = name_fold(name, strlen(name));
    return 0;
}

static int nameset_grow(struct nameset *names)
{
    size_t cap = names->cap ? names->cap * 2 : 16;
    struct name *list;
    uint8_t *ext;

    if (names->n < names->cap)
        return 0;
    if (cap > NAMES_MAX)
        return -EFBIG;
    list = realloc(names->list, cap * sizeof(*list));
    if (!list)
        return -ENOMEM;
    names->list = list;
    ext = realloc(names->ext, cap);
    if (!ext)
        return -ENOMEM;
    names->ext = ext;
    names->cap = cap;
    return 0;
}

int nameset_add(struct nameset *names, uint32_t nid, const char *text,
                const char *fallback, const char *ext)
{
    int rc = nameset_grow(names);

    if (rc < 0)
        return rc;
    names->list[names->n] = (struct name){nid, (uint32_t)names->arena.len};
    names->ext[names->n] = ext && *ext ? (uint8_t)(strlen(ext) + 1) : 0;
    rc = name_make_within(names->max, text, fallback, "", ext, &names->arena);
    if (rc == 0)
        rc = buf_add(&names->arena, "", 1);
    if (rc == 0)
        names->n++;
    return rc < 0 ? rc : 0;
}

static size_t slots_for(size_t n)
{
    size_t slots = SLOTS_MIN;

    while (slots < n * 2)
        slots *= 2;
    return slots;
}

/* True when it was not there before. */
static bool fold_add(struct fold_set *set, const char *name)
{
    uint64_t hash = name_fold(name, strlen(name));

    hash += hash == 0;
    for (size_t i = hash & set->mask;; i = (i + 1) & set->mask) {
        if (set->slots[i] == hash)
            return false;
        if (set->slots[i] == 0) {
            set->slots[i] = hash;
            return true;
        }
    }
}

static void fold_keep(struct fold_set *set, uint64_t hash)
{
    size_t i = hash & set->mask;

    hash += hash == 0;
    while (set->slots[i] && set->slots[i] != hash)
        i = (i + 1) & set->mask;
    set->slots[i] = hash;
}

static int order_compare(const void *a, const void *b, void *arg)
{
    const struct name *list = arg;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;

    if (list[i].nid != list[j].nid)
        return list[i].nid < list[j].nid ? -1 : 1;
    return i < j ? -1 : i > j;
}

static int nameset_sort(struct nameset *names)
{
    bool sorted = true;

    names->order = malloc((names->n + 1) * sizeof(*names->order));
    if (!names->order)
        return -ENOMEM;
    for (size_t i = 0; i < names->n; i++) {
        names->order[i] = (uint32_t)i;
        sorted = sorted && (!i || names->list[i - 1].nid < names->list[i].nid);
    }
    if (!sorted)
        qsort_r(names->order, names->n, sizeof(*names->order), order_compare,
                names->list);
    return 0;
}

/* A free name for entry i, whose plain name is taken. Each failed try meets
 * another taken name, so all tries together are bounded by their number. */
static int name_other(struct nameset *names, uint32_t i, struct fold_set *taken)
{
    struct name *name = &names->list[i];
    const char *plain = names->arena.data + name->at;
    size_t len = strlen(plain), stem = len - names->ext[i];
    char base[NAME_MAX_BYTES + 1], ext[NAME_MAX_BYTES + 1], suffix[SUFFIX_MAX];

    snprintf(base, sizeof(base), "%.*s", (int)stem, plain);
    snprintf(ext, sizeof(ext), "%s", stem < len ? plain + stem + 1 : "");
    for (unsigned round = 1;; round++) {
        size_t at = names->arena.len;
        int rc;
        if (round == 1)
            snprintf(suffix, sizeof(suffix), " (%x)", name->nid);
        else
            snprintf(suffix, sizeof(suffix), " (%x-%u)", name->nid, round);
        rc =
            name_make_within(names->max, base, "_", suffix, ext, &names->arena);
        if (rc < 0 || (rc = buf_add(&names->arena, "", 1)) < 0)
            return rc;
        if (fold_add(taken, names->arena.data + at)) {
            name->at = (uint32_t)at;
            return 0;
        }
        names->arena.len = at;
    }
}

static int nameset_resolve(struct nameset *names)
{
    size_t slots = slots_for(names->n + names->n_kept), losers = 0;
    struct fold_set taken = {calloc(slots, sizeof(uint64_t)), slots - 1};
    cleanup_free uint64_t *guard = taken.slots;
    cleanup_free uint32_t *lost = malloc((names->n + 1) * sizeof(*lost));
    int rc = 0;

    if (!guard || !lost)
        return -ENOMEM;
    for (size_t i = 0; i < names->n_kept; i++)
        fold_keep(&taken, names->kept[i]);
    for (size_t k = 0; k < names->n; k++) {
        uint32_t i = names->order[k];
        if (!fold_add(&taken, names->arena.data + names->list[i].at))
            lost[losers++] = i;
    }
    for (size_t k = 0; k < losers && rc == 0; k++)
        rc = name_other(names, lost[k], &taken);
    return rc;
}

static int nameset_index(struct nameset *names)
{
    size_t slots = slots_for(names->n);

    names->slots = calloc(slots, sizeof(*names->slots));
    if (!names->slots)
        return -ENOMEM;
    names->slot_mask = slots - 1;
    for (size_t i = 0; i < names->n; i++) {
        const char *name = nameset_at(names, i);
        size_t at = hash_fnv(name, strlen(name)) & names->slot_mask;
        while (names->slots[at])
            at = (at + 1) & names->slot_mask;
        names->slots[at] = (uint32_t)i + 1;
    }
    return 0;
}

int nameset_settle(struct nameset *names)
{
    int rc = nameset_sort(names);

    if (rc == 0)
        rc = nameset_resolve(names);
    if (rc == 0)
        rc = nameset_index(names);
    free(steal_ptr(names->ext));
    free(steal_ptr(names->kept));
    return rc;
}

size_t nameset_count(const struct nameset *names)
{
    return names->n;
}

const char *nameset_at(const struct nameset *names, size_t i)
{
    return names->arena.data + names->list[i].at;
}

ssize_t nameset_find(const struct nameset *names, const char *name)
{
    size_t at = hash_fnv(name, strlen(name)) & names->slot_mask;

    for (; names->slots[at]; at = (at + 1) & names->slot_mask)
        if (strcmp(nameset_at(names, names->slots[at] - 1), name) == 0)
            return (ssize_t)names->slots[at] - 1;
    return -ENOENT;
}

ssize_t nameset_of_nid(const struct nameset *names, uint32_t nid)
{
    size_t low = 0, high = names->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (names->list[names->order[mid]].nid < nid)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == names->n || names->list[names->order[low]].nid != nid)
        return -ENOENT;
    return names->order[low];
}

uint32_t nameset_nid(const struct nameset *names, size_t i)
{
    return names->list[i].nid;
}

size_t nameset_weight(const struct nameset *names)
{
    return sizeof(*names) + names->arena.cap +
           names->cap * sizeof(*names->list) +
           names->n * sizeof(*names->order) +
           (names->slot_mask + 1) * sizeof(*names->slots);
}
