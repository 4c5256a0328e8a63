/* A set of 64-bit numbers: the messages that a folder holds. */
#ifndef TARGET_MAILDIR_SET_H
#define TARGET_MAILDIR_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is an empty set. 0 counts as 1. */
struct maildir_set {
    uint64_t *slots; /* 0 is free */
    size_t used, size;
};
bool maildir_set_has(const struct maildir_set *set, uint64_t key);
int maildir_set_add(struct maildir_set *set, uint64_t key); /* 0 or -ENOMEM */
void maildir_set_finish(struct maildir_set *set);

#endif
