#include "pipeline/base/io.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define SLURP_STEP 65536

ssize_t io_pread(int fd, void *buf, size_t len, uint64_t off)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n =
            pread(fd, (char *)buf + done, len - done, (off_t)(off + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

ssize_t io_read(int fd, void *buf, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = read(fd, (char *)buf + done, len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

int io_write(int fd, const void *buf, size_t len)
{
    const char *p = buf;

    while (len) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int io_pwrite(int fd, const void *buf, size_t len, uint64_t off)
{
    const char *p = buf;

    while (len) {
        ssize_t n = pwrite(fd, p, len, (off_t)off);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        p += n;
        off += (uint64_t)n;
        len -= (size_t)n;
    }
    return 0;
}

int io_slurp(const char *path, struct buf *out, struct err *err)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_sys(err, errno, "%s", path);
    for (;;) {
        size_t before = out->len;
        void *to = buf_grow(out, SLURP_STEP);
        ssize_t n = to ? io_read(fd, to, SLURP_STEP) : -out->error;
        out->len = before + (n > 0 ? (size_t)n : 0);
        if (out->data)
            out->data[out->len] = '\0';
        if (n < 0)
            return err_sys(err, (int)-n, "%s", path);
        if (n < SLURP_STEP)
            return 0;
    }
}

int io_mkdirs(const char *path, mode_t mode, struct err *err)
{
    char tmp[PATH_MAX];
    int n = snprintf(tmp, sizeof(tmp), "%s", path);

    if (n <= 0 || (size_t)n >= sizeof(tmp))
        return err_set(err, ENAMETOOLONG, "path too long: %.200s", path);
    for (char *p = tmp + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(tmp, mode) != 0 && errno != EEXIST)
            return err_sys(err, errno, "mkdir %s", tmp);
        *p = '/';
    }
    if (mkdir(tmp, mode) != 0 && errno != EEXIST)
        return err_sys(err, errno, "mkdir %s", tmp);
    return 0;
}

int io_sync_dir(const char *path, struct err *err)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) != 0)
        return err_sys(err, errno, "sync %s", path);
    return 0;
}

char *io_join(const char *a, const char *b)
{
    size_t n = strlen(a);
    char *out = NULL;

    while (n > 1 && a[n - 1] == '/')
        n--;
    while (*b == '/')
        b++;
    if (asprintf(&out, "%.*s%s%s", (int)n, a, n && a[n - 1] == '/' ? "" : "/",
                 b) < 0)
        return NULL;
    return out;
}

char *io_self_dir(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (n <= 0)
        return NULL;
    path[n] = '\0';
    return strdup(dirname(path));
}

/* Where long has 64 bits the kernel's struct is that of the library. */
int io_fstat(int fd, struct stat *st_r)
{
#if defined(__LP64__) && defined(SYS_fstat)
    return syscall(SYS_fstat, fd, st_r) == 0 ? 0 : -errno;
#else
    return fstat(fd, st_r) == 0 ? 0 : -errno;
#endif
}
