/*
 * What the reader process gives up before it looks at the first byte of a
 * store: descriptors, privileges, resources, files (Landlock) and all system
 * calls but the few it needs (seccomp). One way: nothing is given back.
 */
#ifndef READER_SANDBOX_H
#define READER_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

#include "pipeline/base/err.h"

#define SANDBOX_MEMORY_MAX (1ull << 30) /* address space, bytes */
#define SANDBOX_CPU_MAX    3600         /* seconds of a processor, in all */
#define SANDBOX_FILES_MAX  16
#define SANDBOX_TEXT_MAX   96

/* Parts that hold alone; the limits always come with them. */
enum sandbox_part {
    SANDBOX_USER = 1,     /* another user, when started as root */
    SANDBOX_LANDLOCK = 2, /* no file by its name */
    SANDBOX_FILTER = 4,   /* seccomp */
    SANDBOX_ALL = SANDBOX_USER | SANDBOX_LANDLOCK | SANDBOX_FILTER
};

enum sandbox_mode {
    SANDBOX_AUTO,    /* what the system has */
    SANDBOX_REQUIRE, /* filter and unprivileged user, or fail */
    SANDBOX_OFF      /* limits only */
};

struct sandbox_rules {
    enum sandbox_mode mode;
    unsigned parts; /* of enum sandbox_part; ignored when off */
    uid_t uid;      /* who to be when root */
    gid_t gid;
};

/* Mode of a word ("auto", "require", "off"); false: no such word. */
bool sandbox_mode_find(const char *word, enum sandbox_mode *mode_r);

/* Enters. text_r describes what holds now: "seccomp landlock uid 65534", with
 * what is missing and why in parentheses, or "off (reason)". Builds with
 * a sanitizer are always off: those need what a sandbox forbids. An error is
 * fatal: the process must not go on with less than it was promised to be
 * held by. One thread. */
int sandbox_enter(const struct sandbox_rules *rules,
                  char text_r[SANDBOX_TEXT_MAX], struct err *err);

/* The parts, for sandbox.c. Landlock: the kernel's version in *abi_r.
 * -EOPNOTSUPP: the kernel has none. */
int sandbox_landlock(int *abi_r);
/* Kills the process at any call that is not on the list. */
int sandbox_filter(void);

#endif
