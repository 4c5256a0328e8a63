/* An item of the mount in another format: which file of its store's
 * .ctl/export that is. Errors: negative errno with words. */
#ifndef TOOLS_CTL_ITEM_H
#define TOOLS_CTL_ITEM_H

#include "pipeline/base/err.h"

/* path: absolute, of an item's file. malloc'd; -EINVAL when it is no item,
 * -ENOENT when the mount does not know the format. */
int ctl_item_export(const char *path, const char *format, char **export_r,
                    struct err *err);

#endif
