/* What pstctl makes of the mount's lists. */
#ifndef TOOLS_CTL_LIST_H
#define TOOLS_CTL_LIST_H

#include "pipeline/base/buf.h"
#include "pipeline/base/err.h"
#include "tools/ctl_watch.h"

/* stores.csv (taken apart in place) as a table for people; -EPROTO when a
 * column is missing. */
int ctl_list_stores(struct buf *csv, struct buf *out, struct err *err);

/* The stores of stores.csv whose job goes on; free with ctl_list_free. */
int ctl_list_active(const char *mount, struct buf *csv,
                    struct ctl_watched **stores_r, size_t *n_r,
                    struct err *err);
void ctl_list_free(struct ctl_watched *stores, size_t n);

/* `key value` lines with the values one below the other. */
void ctl_list_pairs(const char *text, struct buf *out);

#endif
