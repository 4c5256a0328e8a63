/* Reads of what lies close together: one system call brings the neighbours
 * of what was asked for, and the next reads are copies. */
#ifndef PST_NEAR_H
#define PST_NEAR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct near {
    uint8_t *data; /* owned; NULL: reads are not widened */
    uint64_t ib;
    size_t len, before, size; /* size: bytes read at once, before: of ib */
};

/* before: bytes of size that lie in front of what is asked for. 0, -ENOMEM. */
int near_init(struct near *near, size_t size, size_t before);
void near_finish(struct near *near);

/* As io_pread. A neighbour that cannot be read costs nothing. */
ssize_t near_pread(struct near *near, int fd, void *to, size_t len,
                   uint64_t ib);

#endif
