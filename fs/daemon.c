#include "fs/daemon.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "pipeline/base/io.h"

static _Noreturn void wait_child(int fd, pid_t child)
{
    int status = 0;
    char byte;

    if (io_read(fd, &byte, 1) == 1)
        _exit(0);
    waitpid(child, &status, 0);
    _exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : 1);
}

int daemon_fork(int *ready_r, struct err *err)
{
    int ends[2];
    pid_t child;

    *ready_r = -1;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_sys(err, errno, "pipe");
    child = fork();
    if (child < 0) {
        int code = errno;
        close(ends[0]);
        close(ends[1]);
        return err_sys(err, code, "fork");
    }
    if (child > 0) {
        close(ends[1]);
        wait_child(ends[0], child);
    }
    close(ends[0]);
    *ready_r = ends[1];
    return 0;
}

int daemon_detach(int ready, struct err *err)
{
    int null;

    if (ready < 0)
        return 0;
    setsid();
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || chdir("/") < 0)
        return err_sys(err, errno, "/dev/null");
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    if (null > 2)
        close(null);
    return 0;
}

void daemon_ready(int *ready)
{
    if (*ready < 0)
        return;
    io_write(*ready, "", 1);
    close(steal_fd(ready));
}
