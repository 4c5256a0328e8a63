#include "tools/ctl_item.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/node.h"

/* The export directory of the store above path, with a slash; false: none. */
static bool export_above(const char *path, char *dir, size_t size)
{
    size_t len = strlen(path);

    while (len) {
        int n;
        while (len && path[len - 1] != '/')
            len--;
        n = snprintf(dir, size, "%.*s.ctl/export/", (int)len, path);
        if (n > 0 && (size_t)n < size && access(dir, F_OK) == 0)
            return true;
        len -= len > 0;
    }
    return false;
}

/* The mount's inode numbers say what they stand for (fs/node.h). */
static bool item_of(uint64_t ino, uint32_t *nid_r)
{
    static const enum node_kind kinds[] = {
        NODE_ITEM,   NODE_RECOVERED_ITEM,   NODE_FAILED_ITEM,
        NODE_EXPORT, NODE_EXPORT_RECOVERED,
    };
    struct node node;

    if (!node_split(ino, &node))
        return false;
    *nid_r = node.id;
    for (size_t i = 0; i < array_len(kinds); i++)
        if (kinds[i] == node.kind)
            return true;
    return false;
}

int ctl_item_export(const char *path, const char *format, char **export_r,
                    struct err *err)
{
    char dir[PATH_MAX];
    struct stat st;
    uint32_t nid;

    *export_r = NULL;
    if (stat(path, &st) < 0)
        return err_sys(err, errno, "%s", path);
    if (!export_above(path, dir, sizeof(dir)) || !item_of(st.st_ino, &nid))
        return err_set(err, EINVAL, "%s: is no item of a store", path);
    if (!*format || strchr(format, '/') ||
        asprintf(export_r, "%s0x%x.%s", dir, nid, format) < 0)
        return err_set(err, EINVAL, "\"%s\" is no format", format);
    if (access(*export_r, F_OK) == 0)
        return 0;
    int rc = errno == ENOENT
                 ? err_set(err, ENOENT,
                           "no format \"%s\" (the mount's .ctl/help names "
                           "them)",
                           format)
                 : err_sys(err, errno, "%s", *export_r);
    free(*export_r);
    *export_r = NULL;
    return rc;
}
