/* A compound file, as an OLE attachment is: read, put into another one, which
 * must then be sound, and read again. */
#include <string.h>

#include "pipeline/render/cfb_copy.h"
#include "tests/fuzz/fuzz.h"

#define READ_MAX (4u << 20)

static ssize_t bytes_read(void *ctx, uint64_t off, void *buf, size_t len,
                          struct err *err)
{
    const struct fuzz_in *in = ctx;

    if (off > in->left || len > in->left - off)
        return err_set(err, EIO, "past the end");
    memcpy(buf, in->p + off, len);
    return (ssize_t)len;
}

static ssize_t segments_source(void *ctx, uint64_t off, void *buf, size_t len,
                               struct err *err)
{
    return segments_read(ctx, off, buf, len, err);
}

/* The file that a copy makes, and how many entries it has. */
static struct segments *copy_write(const struct segment_source *source,
                                   size_t *count_r)
{
    struct segments *out = segments_new(false);
    struct cfb_copy *copy = NULL;
    struct cfb *c = cfb_new();
    int e = cfb_copy_open(source, out, &copy);

    FUZZ_MUST(e == 0 ? copy != NULL : !copy);
    if (copy) {
        FUZZ_MUST(cfb_copy_held(copy) > 0);
        cfb_copy_add(copy, c, CFB_ROOT);
        *count_r = cfb_count(c);
        FUZZ_MUST(cfb_write(c, out) == 0);
    }
    cfb_free(&c);
    if (!copy)
        segments_free(&out);
    return out;
}

static void read_all(struct segments *s)
{
    char piece[4096];
    uint64_t size = segments_size(s);

    for (uint64_t off = 0; off < size && off < READ_MAX; off += sizeof(piece)) {
        ssize_t n = segments_read(s, off, piece, sizeof(piece), NULL);
        FUZZ_MUST(n < 0 || n == (ssize_t)sizeof(piece) ||
                  off + (uint64_t)n == size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    const struct segment_source source = {bytes_read, &in, size};
    size_t count = 0, again = 0;
    struct segments *first = copy_write(&source, &count), *second;

    if (!first)
        return 0;
    read_all(first);
    const struct segment_source made = {segments_source, first,
                                        segments_size(first)};
    second = copy_write(&made, &again);
    /* A stream may lie past the end of the source: that copy has no bytes. */
    FUZZ_MUST(!second || again == count);
    if (second)
        read_all(second);
    segments_free(&second);
    segments_free(&first);
    return 0;
}
