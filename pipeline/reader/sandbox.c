#include "pipeline/reader/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "pipeline/reader/proto.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SANDBOX_SANITIZED 1 /* shadow memory is terabytes of address space */
#else
#define SANDBOX_SANITIZED 0
#endif

static const struct {
    int resource;
    rlim_t max;
    const char *name;
} limits[] = {
    {RLIMIT_CORE, 0, "core"},
    {RLIMIT_NPROC, 0, "processes"},
    {RLIMIT_FSIZE, READER_WINDOW, "file size"},
    {RLIMIT_NOFILE, SANDBOX_FILES_MAX, "files"},
    {RLIMIT_AS, SANDBOX_MEMORY_MAX, "memory"},
};

static int limit_all(struct err *err)
{
    for (size_t i = 0; i < array_len(limits); i++) {
        struct rlimit lim = {limits[i].max, limits[i].max}, old;
        if (SANDBOX_SANITIZED && limits[i].resource == RLIMIT_AS)
            continue;
        if (getrlimit(limits[i].resource, &old) == 0 &&
            old.rlim_max < lim.rlim_max)
            lim.rlim_cur = lim.rlim_max = old.rlim_max;
        if (setrlimit(limits[i].resource, &lim) != 0)
            return err_sys(err, errno, "limit of %s", limits[i].name);
    }
    return 0;
}

int sandbox_enter(struct err *err)
{
    if (close_range(PROTO_WINDOW_FD + 1, ~0u, 0) != 0)
        return err_sys(err, errno, "close_range");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return err_sys(err, errno, "no_new_privs");
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    return limit_all(err);
    /* seccomp and Landlock come here, after all that needs open or mmap. */
}
