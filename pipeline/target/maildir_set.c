#include "pipeline/target/maildir_set.h"

#include <errno.h>
#include <stdlib.h>

static size_t slot_of(const struct maildir_set *set, uint64_t key)
{
    size_t i = (key * 0x9e3779b97f4a7c15ULL) >> 20 & (set->size - 1);

    while (set->slots[i] && set->slots[i] != key)
        i = (i + 1) & (set->size - 1);
    return i;
}

bool maildir_set_has(const struct maildir_set *set, uint64_t key)
{
    key += !key;
    return set->size && set->slots[slot_of(set, key)] == key;
}

static int set_grow(struct maildir_set *set)
{
    struct maildir_set bigger = {.used = set->used,
                                 .size = set->size ? set->size * 2 : 1024};

    bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
    if (!bigger.slots)
        return -ENOMEM;
    for (size_t i = 0; i < set->size; i++)
        if (set->slots[i])
            bigger.slots[slot_of(&bigger, set->slots[i])] = set->slots[i];
    free(set->slots);
    *set = bigger;
    return 0;
}

int maildir_set_add(struct maildir_set *set, uint64_t key)
{
    size_t i;

    key += !key;
    if (set->used * 4 >= set->size * 3 && set_grow(set))
        return -ENOMEM;
    i = slot_of(set, key);
    set->used += set->slots[i] == 0;
    set->slots[i] = key;
    return 0;
}

void maildir_set_finish(struct maildir_set *set)
{
    free(set->slots);
    *set = (struct maildir_set){0};
}
