#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/io.h"

uint64_t fuzz_number(struct fuzz_in *in, unsigned bytes)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < bytes && in->left; i++, in->left--)
        n |= (uint64_t)*in->p++ << 8 * i;
    return n;
}

uint8_t *fuzz_bytes(struct fuzz_in *in, size_t len, size_t *len_r)
{
    uint8_t *copy;

    if (len > in->left)
        len = in->left;
    copy = malloc(len ? len : 1);
    if (!copy)
        abort();
    memcpy(copy, in->p, len);
    in->p += len;
    in->left -= len;
    *len_r = len;
    return copy;
}

char *fuzz_text(struct fuzz_in *in, size_t len)
{
    char *copy;

    if (len > in->left)
        len = in->left;
    copy = strndup((const char *)in->p, len);
    if (!copy)
        abort();
    in->p += len;
    in->left -= len;
    return copy;
}

int fuzz_file(const void *data, size_t len)
{
    static int fd = -1;

    if (fd < 0)
        fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, 0) != 0 || io_pwrite(fd, data, len, 0) != 0 ||
        lseek(fd, 0, SEEK_SET) != 0)
        abort();
    return fd;
}

void fuzz_fail(const char *file, int line, const char *text)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, text);
    abort();
}

void fuzz_must_be_text(const char *text, size_t len)
{
    FUZZ_MUST(charset_is_utf8(text, len));
    FUZZ_MUST(len == 0 || memchr(text, '\0', len) == NULL);
}
