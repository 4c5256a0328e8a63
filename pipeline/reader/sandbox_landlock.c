/* Landlock by raw calls: the C library has no wrappers, and older headers do
 * not know the newer rights. */
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "pipeline/base/cleanup.h"
#include "pipeline/reader/sandbox.h"

#define CREATE_VERSION 1u /* LANDLOCK_CREATE_RULESET_VERSION */
#define NET_RIGHTS     3u /* bind and connect of TCP, from version 4 on */
#define SCOPES         3u /* abstract sockets and signals, from version 6 on */

struct ruleset {
    uint64_t fs, net, scoped;
};

/* Rights on files that each version knows: as many low bits. */
static const unsigned fs_bits[] = {0, 13, 14, 15, 15, 16};

/* A right that is handled and has no rule is denied; a kernel takes a longer
 * struct than its own while the rest is zero. */
int sandbox_landlock(int *abi_r)
{
    long abi =
        syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, CREATE_VERSION);
    struct ruleset rules = {0};
    size_t known = array_len(fs_bits) - 1;
    cleanup_fd int fd = -1;

    if (abi < 1)
        return -EOPNOTSUPP;
    rules.fs = (1ull << fs_bits[(size_t)abi < known ? (size_t)abi : known]) - 1;
    rules.net = abi >= 4 ? NET_RIGHTS : 0;
    rules.scoped = abi >= 6 ? SCOPES : 0;
    fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0u);
    if (fd < 0)
        return -errno;
    if (syscall(SYS_landlock_restrict_self, fd, 0u) != 0)
        return -errno;
    *abi_r = (int)abi;
    return 0;
}
