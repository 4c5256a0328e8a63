/* Modified UTF-7 both ways. */
#include <string.h>

#include "pipeline/target/maildir_name.h"
#include "pipeline/target/mutf7.h"
#include "tests/fuzz/fuzz.h"

#define OUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_buf struct buf a = BUF(OUT_MAX), b = BUF(OUT_MAX);
    struct fuzz_in in = {data, size};
    cleanup_free char *text = fuzz_text(&in, in.left);

    /* What can be decoded is just what the encoder writes. */
    if (mutf7_decode(text, strlen(text), &a) == 0) {
        FUZZ_MUST(mutf7_encode(buf_str(&a), a.len, &b) == 0);
        FUZZ_MUST(strcmp(buf_str(&b), text) == 0);
    } else {
        FUZZ_MUST(a.len == 0);
    }
    buf_clear(&a);
    buf_clear(&b);
    FUZZ_MUST(mutf7_encode(text, strlen(text), &a) == 0);
    for (size_t i = 0; i < a.len; i++)
        FUZZ_MUST((uint8_t)a.data[i] < 0x80);
    FUZZ_MUST(mutf7_decode(buf_str(&a), a.len, &b) == 0);
    return 0;
}
