/* `pstctl watch`: follows the progress of stores until their jobs end. */
#ifndef TOOLS_CTL_WATCH_H
#define TOOLS_CTL_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "pipeline/base/err.h"
#include "tools/ctl_text.h"

struct ctl_watched {
    char *dir, *place; /* owned by the caller */
    struct ctl_progress now;
    bool ended;
};

/* On a terminal one line with a bar that is drawn over, and a line for each
 * job that ends; else a line for each change. 0 when all jobs are done, 1
 * when one ended otherwise or there is none, or a negative errno. */
int ctl_watch(struct ctl_watched *stores, size_t n, struct err *err);

/* The line with the bar, at most `columns` wide. */
void ctl_watch_bar(const char *name, const struct ctl_progress *p,
                   size_t columns, struct buf *out);

#endif
