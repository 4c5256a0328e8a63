#include "tools/ctl_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/base/io.h"
#include "tools/ctl_text.h"

#define MOUNTINFO     "/proc/self/mountinfo"
#define MOUNTINFO_MAX (16u << 20)

static bool has_file(const char *dir, const char *name)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/%s", dir, name);

    return n > 0 && (size_t)n < sizeof(path) && access(path, F_OK) == 0;
}

/* The mount at or above an existing path; NULL none. */
static char *mount_above(const char *path)
{
    char *at = realpath(path, NULL);

    while (at && !has_file(at, ".ctl/version")) {
        char *slash = strrchr(at, '/');
        if (!slash || (slash == at && !at[1])) {
            free(at);
            return NULL;
        }
        slash[slash == at] = '\0';
    }
    return at;
}

/* mountinfo writes space, tab, newline and backslash as \ooo. */
static void unescape(char *text)
{
    char *to = text;
    unsigned c;

    for (; *text; text++) {
        if (*text == '\\' && sscanf(text + 1, "%3o", &c) == 1 && c < 256) {
            *to++ = (char)c;
            text += 3;
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
}

/* A line: id parent dev root POINT options [fields] - TYPE source ... */
static char *mountinfo_point(char *line)
{
    char *type = strstr(line, " - fuse.pstfs ");
    char *point = line;

    if (!type)
        return NULL;
    for (int i = 0; i < 4; i++) {
        point = strchr(point, ' ');
        if (!point || point > type)
            return NULL;
        point++;
    }
    point[strcspn(point, " ")] = '\0';
    unescape(point);
    return point;
}

static int mount_only(char **mount_r, struct err *err)
{
    cleanup_buf struct buf text = BUF(MOUNTINFO_MAX);
    char *saved = NULL;
    int n = 0, rc = io_slurp(MOUNTINFO, &text, err);

    if (rc)
        return rc;
    for (char *line = strtok_r(text.data, "\n", &saved); line;
         line = strtok_r(NULL, "\n", &saved)) {
        char *point = mountinfo_point(line);
        if (!point)
            continue;
        n++;
        free(*mount_r);
        *mount_r = strdup(point);
    }
    if (n == 1 && *mount_r)
        return 0;
    free(*mount_r);
    *mount_r = NULL;
    return n ? err_set(err, EINVAL,
                       "there are %d mounts: say which by -m or $PSTFS_MOUNT",
                       n)
             : err_set(err, ENOENT,
                       "no mount found: give it by -m or $PSTFS_MOUNT");
}

int ctl_mount_find(const char *given, const char *store, char **mount_r,
                   struct err *err)
{
    *mount_r = NULL;
    if (!given || !*given)
        given = getenv("PSTFS_MOUNT");
    if (given && *given) {
        *mount_r = realpath(given, NULL);
        if (*mount_r && has_file(*mount_r, ".ctl/version"))
            return 0;
        free(*mount_r);
        *mount_r = NULL;
        return err_set(err, ENOENT, "%s is no pstfs mount", given);
    }
    if (store)
        *mount_r = mount_above(store);
    if (!*mount_r)
        *mount_r = mount_above(".");
    return *mount_r ? 0 : mount_only(mount_r, err);
}

static bool is_below(const char *mount, const char *path)
{
    size_t n = strlen(mount);

    return strncmp(path, mount, n) == 0 &&
           (path[n] == '/' || !path[n] || mount[n - 1] == '/');
}

/* The real path if it is in the mount and, with a name, has that file. */
static char *path_try(const char *mount, const char *path, const char *name)
{
    char *real = path ? realpath(path, NULL) : NULL;

    if (real && is_below(mount, real) && (!name || has_file(real, name)))
        return real;
    free(real);
    return NULL;
}

static char *path_find(const char *mount, const char *place, const char *name)
{
    cleanup_free char *inside = io_join(mount, place);
    char *path = path_try(mount, inside, name);

    return path ? path : path_try(mount, place, name);
}

int ctl_path_find(const char *mount, const char *place, char **path_r,
                  struct err *err)
{
    *path_r = path_find(mount, place, NULL);
    return *path_r
               ? 0
               : err_set(err, ENOENT, "%s: not in the mount %s", place, mount);
}

int ctl_store_find(const char *mount, const char *place, char **dir_r,
                   struct err *err)
{
    *dir_r = path_find(mount, place, ".ctl/target");
    return *dir_r ? 0
                  : err_set(err, ENOENT, "%s: no such store in the mount %s",
                            place, mount);
}

const char *ctl_place(const char *mount, const char *path)
{
    path += strlen(mount);
    while (*path == '/')
        path++;
    return path;
}

static int open_control(const char *dir, const char *name, int flags,
                        struct err *err)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/.ctl/%s", dir, name);
    int fd;

    if (n <= 0 || (size_t)n >= sizeof(path))
        return err_set(err, ENAMETOOLONG, "%.200s: path too long", dir);
    fd = open(path, flags | O_CLOEXEC);
    return fd >= 0 ? fd : err_sys(err, errno, "%s", path);
}

int ctl_read(const char *dir, const char *name, struct buf *out,
             struct err *err)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/.ctl/%s", dir, name);

    if (n <= 0 || (size_t)n >= sizeof(path))
        return err_set(err, ENAMETOOLONG, "%.200s: path too long", dir);
    return io_slurp(path, out, err);
}

/* The mount's own words for a refused write. */
static int refused(const char *mount, const char *dir, const char *name,
                   int code, struct err *err)
{
    cleanup_buf struct buf file = BUF(PATH_MAX * 4);
    cleanup_buf struct buf errors = BUF(CTL_TEXT_MAX);
    cleanup_buf struct buf reason = BUF(ERR_MSG_MAX);
    const char *place = ctl_place(mount, dir);

    ctl_clean(&file, place, strlen(place));
    buf_addf(&file, "%s.ctl/%s", *place ? "/" : "", name);
    if (ctl_read(mount, "errors", &errors, NULL) == 0 &&
        ctl_error_of(buf_str(&errors), buf_str(&file), &reason))
        return err_set(err, code, "%s", buf_str(&reason));
    return err_sys(err, code, "%s", buf_str(&file));
}

int ctl_write(const char *mount, const char *dir, const char *name,
              const char *command, struct err *err)
{
    cleanup_fd int fd = open_control(dir, name, O_WRONLY, err);
    cleanup_buf struct buf line = BUF(CTL_TEXT_MAX);
    ssize_t n;

    if (fd < 0)
        return fd;
    if (strchr(command, '\n'))
        return err_set(err, EINVAL, "a command is one line");
    if (buf_addf(&line, "%s\n", command))
        return err_set(err, line.error, "command");
    n = write(fd, line.data, line.len);
    if (n < 0)
        return refused(mount, dir, name, errno, err);
    if ((size_t)n < line.len)
        return err_set(err, EIO, "%s took a part of the command only", name);
    return 0;
}
