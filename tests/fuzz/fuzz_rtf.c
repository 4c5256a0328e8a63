/* Compressed RTF and what is wrapped in it. First byte: 0 compressed (with a
 * right header made for it), 1 as it is, else plain RTF. */
#include <string.h>

#include "pipeline/render/html_text.h"
#include "pipeline/render/rtf.h"
#include "tests/fuzz/fuzz.h"

#define OUT_MAX     (4u << 20)
#define LZFU_HEADER 16

static void convert(const char *rtf, size_t len)
{
    cleanup_buf struct buf out = BUF(OUT_MAX), text = BUF(OUT_MAX);
    bool left = false;

    rtf_convert(rtf, len, &out, &left);
    fuzz_must_be_text(buf_str(&out), out.len);
    rtf_to_text(rtf, len, &text);
    fuzz_must_be_text(buf_str(&text), text.len);
    buf_clear(&text);
    html_text(buf_str(&out), out.len, &text);
    fuzz_must_be_text(buf_str(&text), text.len);
}

static void put32(uint8_t *to, uint32_t n)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(n >> 8 * i);
}

static void decompress(uint8_t *data, size_t len, bool seal)
{
    cleanup_buf struct buf rtf = BUF(OUT_MAX);
    struct err err = {0};
    const char *note = NULL;

    if (seal && len >= LZFU_HEADER) {
        put32(data, (uint32_t)len - 4);
        memcpy(data + 8, "LZFu", 4);
    }
    if (rtf_decompress(data, len, &rtf, &note, &err) == 0)
        convert(buf_str(&rtf), rtf.len);
    else
        FUZZ_MUST(err.code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    unsigned kind = (unsigned)fuzz_number(&in, 1);
    size_t len;
    uint8_t *copy = fuzz_bytes(&in, in.left, &len);

    if (kind > 1)
        convert((const char *)copy, len);
    else
        decompress(copy, len, kind == 0);
    free(copy);
    return 0;
}
