#include "pipeline/pst/near.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/base/io.h"

int near_init(struct near *near, size_t size, size_t before)
{
    *near = (struct near){.size = size, .before = before};
    near->data = malloc(size);
    return near->data ? 0 : -ENOMEM;
}

void near_finish(struct near *near)
{
    free(near->data);
    near->data = NULL;
}

static bool near_has(const struct near *near, uint64_t ib, size_t len)
{
    return ib >= near->ib && len <= near->len &&
           ib - near->ib <= near->len - len;
}

static void near_fill(struct near *near, int fd, uint64_t ib)
{
    ssize_t got;

    near->ib = ib > near->before ? ib - near->before : 0;
    got = io_pread(fd, near->data, near->size, near->ib);
    near->len = got > 0 ? (size_t)got : 0;
}

ssize_t near_pread(struct near *near, int fd, void *to, size_t len, uint64_t ib)
{
    if (!near_has(near, ib, len) && len <= near->size - near->before)
        near_fill(near, fd, ib);
    if (!near_has(near, ib, len))
        return io_pread(fd, to, len, ib);
    memcpy(to, near->data + (ib - near->ib), len);
    return (ssize_t)len;
}
