#include "fs/stale.h"

#include <mntent.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

extern char **environ;

/* Is the uppermost mount at this path one of ours? */
static bool mounted_here(const char *path)
{
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    char text[8192];
    struct mntent entry;
    bool ours = false;

    while (mounts && getmntent_r(mounts, &entry, text, sizeof(text)))
        if (strcmp(entry.mnt_dir, path) == 0)
            ours = strcmp(entry.mnt_type, "fuse.pstfs") == 0;
    if (mounts)
        endmntent(mounts);
    return ours;
}

/* realpath fails on a dead mount: resolve its parent. */
static char *resolve(const char *path)
{
    cleanup_free char *copy = strdup(path), *parent = NULL;
    char *slash, *made = NULL;

    if (!copy)
        return NULL;
    while ((slash = strrchr(copy, '/')) && slash > copy && !slash[1])
        *slash = '\0';
    slash = strrchr(copy, '/');
    if (slash)
        *slash = '\0';
    parent = realpath(!slash ? "." : *copy ? copy : "/", NULL);
    if (parent && asprintf(&made, "%s/%s", strcmp(parent, "/") ? parent : "",
                           slash ? slash + 1 : copy) < 0)
        return NULL;
    return made;
}

static int unmount_user(const char *path)
{
    const char *argv[] = {"fusermount3", "-uz", "--", path, NULL};
    pid_t pid;
    int status,
        rc = posix_spawnp(&pid, argv[0], NULL, NULL, (char **)argv, environ);

    if (rc != 0)
        return -rc;
    if (waitpid(pid, &status, 0) < 0)
        return -errno;
    return status == 0 ? 0 : -EBUSY;
}

int stale_clear(const char *path, struct err *err)
{
    cleanup_free char *full = NULL;
    struct stat st;
    int rc;

    if (stat(path, &st) == 0 || errno != ENOTCONN)
        return 0;
    full = resolve(path);
    if (!full || !mounted_here(full))
        return err_sys(err, ENOTCONN, "%s", path);
    rc = geteuid() == 0 ? umount2(full, MNT_DETACH) : unmount_user(full);
    if (rc < 0)
        return err_sys(err, geteuid() == 0 ? errno : -rc,
                       "cannot take away the dead mount on %s", path);
    return 0;
}
