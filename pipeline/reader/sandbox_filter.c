/* The list of system calls that a reader may make. */
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>

#include "pipeline/base/cleanup.h"
#include "pipeline/reader/proto.h"
#include "pipeline/reader/sandbox.h"

#define ARGS_MAX 2

/* A call, allowed when all its conditions hold. */
struct call {
    int number;
    unsigned n;
    struct scmp_arg_cmp args[ARGS_MAX];
};

#define FD_IS(fd)        SCMP_A0_32(SCMP_CMP_EQ, (fd))
#define HAS_NOT(i, bits) SCMP_CMP64((i), SCMP_CMP_MASKED_EQ, (bits), 0)
#define HAS(i, bits)     SCMP_CMP64((i), SCMP_CMP_MASKED_EQ, (bits), (bits))

static const struct call calls[] = {
    /* The socket and the store. */
    {SCMP_SYS(recvfrom), 1, {FD_IS(PROTO_SOCKET_FD)}},
    {SCMP_SYS(sendto), 1, {FD_IS(PROTO_SOCKET_FD)}},
    {SCMP_SYS(pread64), 1, {FD_IS(PROTO_STORE_FD)}},
    {SCMP_SYS(fadvise64), 1, {FD_IS(PROTO_STORE_FD)}},
    {SCMP_SYS(fstat), 1, {FD_IS(PROTO_STORE_FD)}},
    {SCMP_SYS(close), 1, {FD_IS(PROTO_STORE_FD)}},
    /* Memory of its own, never code. */
    {SCMP_SYS(mmap), 2, {HAS_NOT(2, PROT_EXEC), HAS(3, MAP_ANONYMOUS)}},
    {SCMP_SYS(mprotect), 1, {HAS_NOT(2, PROT_EXEC)}},
    {SCMP_SYS(munmap), 0, {{0}}},
    {SCMP_SYS(mremap), 0, {{0}}},
    {SCMP_SYS(madvise), 0, {{0}}},
    {SCMP_SYS(brk), 0, {{0}}},
    {SCMP_SYS(futex), 0, {{0}}},     /* locks of ICU and libc */
    {SCMP_SYS(getrandom), 0, {{0}}}, /* malloc */
    {SCMP_SYS(sysinfo), 0, {{0}}},   /* qsort */
    {SCMP_SYS(clock_gettime), 0, {{0}}},
    {SCMP_SYS(restart_syscall), 0, {{0}}},
    {SCMP_SYS(rt_sigreturn), 0, {{0}}},
    {SCMP_SYS(exit_group), 0, {{0}}},
    {SCMP_SYS(exit), 0, {{0}}},
    /* abort(), so that it is told from a forbidden call. */
    {SCMP_SYS(rt_sigprocmask), 0, {{0}}},
    {SCMP_SYS(getpid), 0, {{0}}},
    {SCMP_SYS(gettid), 0, {{0}}},
};

static int list_add(scmp_filter_ctx ctx)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < array_len(calls); i++)
        rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, calls[i].number,
                                    calls[i].n, calls[i].args);
    /* Only itself, only to die. */
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 2,
                              SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)getpid()),
                              SCMP_A2_32(SCMP_CMP_EQ, SIGABRT));
    /* Last words of libc (assert, malloc) are lost, and not what it dies
     * of. */
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EBADF), SCMP_SYS(write), 0);
    if (rc == 0)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EBADF), SCMP_SYS(writev), 0);
    return rc;
}

int sandbox_filter(void)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int rc = ctx ? 0 : -ENOMEM;

    if (rc == 0)
        rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
                              SCMP_ACT_KILL_PROCESS);
    /* The kernel's own errno, not "cancelled". */
    if (rc == 0)
        rc = seccomp_attr_set(ctx, SCMP_FLTATR_API_SYSRAWRC, 1);
    if (rc == 0)
        rc = list_add(ctx);
    if (rc == 0)
        rc = seccomp_load(ctx);
    if (ctx)
        seccomp_release(ctx);
    return rc;
}
