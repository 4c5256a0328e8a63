/* Scope-bound release: declare `cleanup_fd int fd = -1;` and leave freely. */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_close_fd(int *fd)
{
    int saved = errno;
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = saved;
}

static inline void cleanup_free_ptr(void *p)
{
    free(*(void **)p);
}

#define cleanup_fd           __attribute__((cleanup(cleanup_close_fd)))
#define cleanup_free         __attribute__((cleanup(cleanup_free_ptr)))
#define cleanup_with(f)      __attribute__((cleanup(f)))
#define array_len(a)         (sizeof(a) / sizeof((a)[0]))
#define printf_like(f, args) __attribute__((format(printf, f, args)))

/* Hands over an owned pointer or descriptor and disarms its cleanup. */
#define steal_ptr(p)                                                           \
    __extension__({                                                            \
        __typeof__(p) stolen_ = (p);                                           \
        (p) = NULL;                                                            \
        stolen_;                                                               \
    })
static inline int steal_fd(int *fd)
{
    int stolen = *fd;
    *fd = -1;
    return stolen;
}

#endif
