/* The command line of pstfs. */
#ifndef FS_OPTIONS_H
#define FS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "pipeline/base/err.h"

#define OPTIONS_THREADS 64 /* FUSE threads, unless -o max_threads=N */

struct options {
    char *state, *config; /* owned; config NULL: none */
    char **sources;       /* owned, absolute */
    size_t n_sources;
    char *mountpoint; /* owned, absolute */
    char *fuse;       /* owned: what of -o is for FUSE, "" none */
    unsigned max_threads;
    bool foreground, debug;
    bool no_attachments; /* -o no_attachments */
    bool no_xattr;       /* -o no_xattr */
    int worker;          /* slot; -1: this is the mount */
    bool help, version;
};

/* Paths are made absolute and links resolved, sources must exist; a dead
 * pstfs mount on the mountpoint is taken away first. -EINVAL with words. */
int options_parse(int argc, char **argv, struct options *o_r, struct err *err);
void options_finish(struct options *o);
const char *options_usage(void);

#endif
