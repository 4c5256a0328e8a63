/* Where the mount is, where a store is in it, and its files read and written
 * as any script would. Errors: negative errno with words. */
#ifndef TOOLS_CTL_MOUNT_H
#define TOOLS_CTL_MOUNT_H

#include <stdbool.h>

#include "pipeline/base/buf.h"
#include "pipeline/base/err.h"

#define CTL_TEXT_MAX (256u << 20) /* of a control file that is read whole */

/* The mount: given (or $PSTFS_MOUNT), else above the store or the current
 * directory, else the only one there is. malloc'd. store may be NULL; so may
 * given. -ENOENT none, -EINVAL several. */
int ctl_mount_find(const char *given, const char *store, char **mount_r,
                   struct err *err);

/* A path in the mount: place is one as it stands there, or any path of it.
 * malloc'd, absolute; -ENOENT. */
int ctl_path_find(const char *mount, const char *place, char **path_r,
                  struct err *err);
/* The same for a store's directory. */
int ctl_store_find(const char *mount, const char *place, char **dir_r,
                   struct err *err);
/* What a path below the mount is called there ("alice/a.pst"). */
const char *ctl_place(const char *mount, const char *path);

/* dir/.ctl/name, whole, appended to out. */
int ctl_read(const char *dir, const char *name, struct buf *out,
             struct err *err);
/* Writes one command line to dir/.ctl/name by one write(2); what the mount
 * has against it becomes the words of err. */
int ctl_write(const char *mount, const char *dir, const char *name,
              const char *command, struct err *err);

#endif
