/*
 * What a target calls the folders of a store: names joined by the server's
 * separator, in modified UTF-7. What a name cannot hold becomes '_', an empty
 * one too; a name that is too long is cut and ends in a hash of the path.
 *
 * Two different store folders never get the same name. A target that can
 * write down which folder is whose gives the later one "~2". One that cannot
 * sets the rule tag: then each name that had to be changed ends in "~" and a
 * hash of what it was, so that it is the same in every run, whatever the
 * order, and meets no other.
 */
#ifndef TARGET_NAMES_H
#define TARGET_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "pipeline/base/buf.h"

#define NAMES_TRY_MAX   99   /* folders that want one and the same name */
#define NAMES_DEPTH_MAX 256  /* names in a path */
#define NAMES_TEXT_MAX  4096 /* bytes of one store name that are looked at */

struct names_rules {
    char sep;
    const char *prefix; /* before every name; own by the caller, "" none */
    size_t max;         /* most bytes of a whole name */
    const char *bad;    /* characters that become '_', besides controls */
    const char *strict; /* the same in strict names */
    bool tag;
};

/* One folder. */
struct names_node {
    const struct names_node *parent; /* NULL for the root */
    char *own;                       /* the store's name */
    char *name;                      /* the target's, from the top */
    void *folder;                    /* free for the user */
};

struct names;

/* rules must outlive the names. */
struct names *names_new(const struct names_rules *rules); /* NULL: ENOMEM */
void names_free(struct names **names);

struct names_node *names_root(struct names *names);
/* The child of that store name when it was bound before, else NULL. */
struct names_node *names_child(struct names *names,
                               const struct names_node *parent,
                               const char *own);

/* The name that a new child would get at the nth try (1 is the first).
 * -EEXIST when another folder has it already; -ENOMEM. */
int names_propose(struct names *names, const struct names_node *parent,
                  const char *own, bool strict, unsigned nth,
                  struct buf *name_r);
/* Records the child; NULL on ENOMEM. */
struct names_node *names_bind(struct names *names,
                              const struct names_node *parent, const char *own,
                              const char *name);
/* Calls fn for the folder of every node that has one. */
void names_each(struct names *names, void (*fn)(void *folder));

#endif
