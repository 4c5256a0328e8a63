/*
 * The names of one directory: unique without regard to case, found by exact
 * bytes. They depend on the set of entries only, never on the order in which
 * these were added: of entries with one name the lowest node id keeps it, the
 * others get " (200024)", their node id in hex, before the extension.
 */
#ifndef FS_NAMESET_H
#define FS_NAMESET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct nameset;

/* NULL on ENOMEM. */
struct nameset *nameset_new(void);
void nameset_free(struct nameset **names);

/* Before any other call: no name is longer than max bytes; at first this is
 * NAME_MAX_BYTES. */
void nameset_limit(struct nameset *names, size_t max);
/* Before nameset_settle: a name nobody may get. 0 or -errno. */
int nameset_reserve(struct nameset *names, const char *name);
/* Before nameset_settle: entry number 0, 1, 2 ... with its node id; text,
 * fallback and ext as in name_make. 0 or -errno. */
int nameset_add(struct nameset *names, uint32_t nid, const char *text,
                const char *fallback, const char *ext);
/* Gives each entry its name. 0 or -errno. */
int nameset_settle(struct nameset *names);

/* After nameset_settle, all of these; safe for any number of threads. */
size_t nameset_count(const struct nameset *names);
const char *nameset_at(const struct nameset *names, size_t i);
/* Entry number by exact name, -ENOENT. */
ssize_t nameset_find(const struct nameset *names, const char *name);
/* Entry number by node id (the first of several), -ENOENT. */
ssize_t nameset_of_nid(const struct nameset *names, uint32_t nid);
uint32_t nameset_nid(const struct nameset *names, size_t i);
/* Bytes of memory held. */
size_t nameset_weight(const struct nameset *names);

#endif
