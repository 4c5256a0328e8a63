/* Opening DIR, component by component. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "pipeline/target/maildir.h"

#define DIR_MODE 0700

/* Descends from *fd into the next name, made when absent. */
static int step_down(int *fd, const char *name, bool follow)
{
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
    cleanup_fd int next = openat(*fd, name, flags);

    if (next < 0 && errno == ENOENT) {
        if (mkdirat(*fd, name, DIR_MODE) != 0 && errno != EEXIST)
            return -errno;
        next = openat(*fd, name, flags);
    }
    if (next < 0)
        return -errno;
    close(*fd);
    *fd = steal_fd(&next);
    return 0;
}

int maildir_root_open(struct maildir *m, const char *beneath, struct err *err)
{
    cleanup_fd int fd =
        open(*beneath ? beneath : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    size_t skip = strlen(beneath);

    if (fd < 0)
        return err_sys(err, errno, "maildir.root %s", beneath);
    while (skip && beneath[skip - 1] == '/')
        skip--;
    const char *p = m->dir + skip;
    for (p += strspn(p, "/"); *p; p += strspn(p, "/")) {
        char name[NAME_MAX + 1];
        size_t n = strcspn(p, "/");
        int ret = -ENAMETOOLONG;
        if (n < sizeof(name)) {
            snprintf(name, sizeof(name), "%.*s", (int)n, p);
            ret = step_down(&fd, name, !*beneath);
        }
        if (ret)
            return err_sys(err, -ret, "%.*s", (int)(p + n - m->dir), m->dir);
        p += n;
    }
    m->root = steal_fd(&fd);
    return 0;
}
