/* Voting buttons. */
#include "pipeline/base/charset.h"
#include "pipeline/render/voting.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_buf struct buf out = BUF(1u << 20);
    struct fuzz_in in = {data, size};
    size_t len;
    uint8_t *copy = fuzz_bytes(&in, in.left, &len);

    voting_options(copy, len, 1252, &out);
    FUZZ_MUST(charset_is_utf8(buf_str(&out), out.len));
    free(copy);
    return 0;
}
