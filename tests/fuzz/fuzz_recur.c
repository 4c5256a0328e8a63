/* Recurrence blobs. First byte: code page. */
#include <string.h>

#include "pipeline/render/limits.h"
#include "pipeline/render/recur.h"
#include "tests/fuzz/fuzz.h"

static const unsigned codepages[] = {1252, 932, 65001, 0, 50220, 1200};

static void check(const struct recur *r)
{
    cleanup_buf struct buf out = BUF(1u << 16);
    int64_t first;

    FUZZ_MUST(r->deleted_count <= RECUR_DATES_MAX);
    FUZZ_MUST(r->exception_count <= RECUR_DATES_MAX);
    for (size_t i = 0; i < r->exception_count; i++) {
        const struct recur_exception *e = &r->exceptions[i];
        fuzz_must_be_text(e->subject, strlen(e->subject));
        fuzz_must_be_text(e->location, strlen(e->location));
    }
    recur_rule(r, "20301231T000000Z", &out);
    first = recur_first(r, r->start_date);
    FUZZ_MUST(first == INT64_MIN || first >= r->start_date);
    FUZZ_MUST(!memchr(buf_str(&out), '\n', out.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    unsigned cp = codepages[fuzz_number(&in, 1) % array_len(codepages)];
    struct arena *arena = arena_new();
    struct recur r = {0};
    bool cut = false;
    size_t len;
    uint8_t *copy = fuzz_bytes(&in, in.left, &len);

    if (recur_parse(copy, len, cp, arena, &r, &cut) == 0)
        check(&r);
    free(copy);
    arena_free(&arena);
    return 0;
}
