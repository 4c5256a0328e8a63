/* The grammar of IMAP's answers, each function on the same bytes. */
#include <string.h>

#include "pipeline/target/imap_text.h"
#include "tests/fuzz/fuzz.h"

#define OUT_MAX  (1u << 20)
#define UIDS_MAX 64

static void check_steps(const char *text, size_t len)
{
    cleanup_buf struct buf out = BUF(OUT_MAX);
    struct imap_text t = {text, text + len};
    uint64_t n;
    const char *p;
    size_t span;

    while (t.p < t.end) {
        const char *before = t.p;
        struct imap_text a = t, b = t;
        bool moved = imap_skip(&t);
        FUZZ_MUST(t.p <= t.end && (moved ? t.p > before : t.p == before));
        imap_string(&a, &out);
        imap_list_has(b, "\\Seen");
        if (imap_span(&b, &p, &span))
            FUZZ_MUST(p >= before && p + span <= t.end);
        imap_number(&b, &n);
        if (!moved)
            t.p++;
    }
}

static void check_sets(const char *text)
{
    cleanup_buf struct buf out = BUF(OUT_MAX);
    uint32_t uids[UIDS_MAX], again[UIDS_MAX];

    for (size_t n = 1; n <= UIDS_MAX; n *= 4) {
        if (!imap_set_read(text, uids, n))
            continue;
        buf_clear(&out);
        imap_set_write(&out, uids, n);
        FUZZ_MUST(imap_set_read(buf_str(&out), again, n));
        FUZZ_MUST(memcmp(uids, again, n * sizeof(*uids)) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct imap_fetch f;
    size_t len;
    char *copy = (char *)fuzz_bytes(&in, in.left, &len), *text;

    if (imap_fetch_parse(copy, len, &f) && f.body)
        FUZZ_MUST(f.body >= copy && f.body + f.body_len <= copy + len);
    check_steps(copy, len);
    text = strndup(copy, len);
    check_sets(text);
    imap_code_errno(text);
    free(text);
    free(copy);
    return 0;
}
