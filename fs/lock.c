#include "fs/lock.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "pipeline/base/buf.h"
#include "pipeline/base/io.h"

#define LOCK_BYTES_MAX 8192

static int lock_refuse(int fd, const char *state_dir, struct err *err)
{
    char text[LOCK_BYTES_MAX];
    ssize_t n = io_pread(fd, text, sizeof(text) - 1, 0);
    char *mountpoint;

    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    mountpoint = strchr(text, ' ');
    if (!mountpoint)
        return err_set(err, EBUSY, "the state %s is in use", state_dir);
    *mountpoint++ = '\0';
    return err_set(err, EBUSY,
                   "the state %s is in use by process %s, mounted on %s",
                   state_dir, text, mountpoint);
}

int lock_take(const char *state_dir, const char *mountpoint, struct err *err)
{
    cleanup_free char *path = io_join(state_dir, "lock");
    cleanup_fd int fd = -1;
    cleanup_buf struct buf text = BUF(LOCK_BYTES_MAX);
    int rc;

    if (!path)
        return err_sys(err, ENOMEM, "lock");
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_sys(err, errno, "%s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? lock_refuse(fd, state_dir, err)
                                    : err_sys(err, errno, "%s", path);
    buf_addf(&text, "%d %s\n", (int)getpid(), mountpoint);
    if (ftruncate(fd, 0) < 0)
        return err_sys(err, errno, "%s", path);
    rc = io_pwrite(fd, buf_str(&text), text.len, 0);
    if (rc < 0)
        return err_sys(err, -rc, "%s", path);
    return steal_fd(&fd);
}
