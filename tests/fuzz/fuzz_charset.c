/* Text of any code page, and HTML that names its own. First four bytes: the
 * code page or locale, then how. */
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/pst/heap.h"
#include "pipeline/render/html.h"
#include "tests/fuzz/fuzz.h"

#define OUT_MAX (4u << 20)

static const unsigned known[] = {
    932,   936,   949,   950,   1200,  1201,  1250,  1251,  1252,  1255,
    1256,  20127, 20866, 28591, 28605, 38598, 50220, 50221, 50222, 50225,
    51932, 51949, 52936, 54936, 65000, 65001, 10000, 437,   850,   874,
};

static void html(unsigned cp, const uint8_t *data, size_t len)
{
    cleanup_buf struct buf b = BUF(OUT_MAX);
    bool bad = false;

    html_declared((const char *)data, len);
    text_html_codepage(data, len);
    html_codepage_of((const char *)data, len);
    buf_add(&b, data, len);
    FUZZ_MUST(html_settle(&b, cp, 1252, &bad));
}

static void utf16(const uint8_t *data, size_t len)
{
    cleanup_buf struct buf out = BUF(OUT_MAX), back = BUF(OUT_MAX);

    charset_clean_utf8((const char *)data, len, &out);
    FUZZ_MUST(charset_is_utf8(buf_str(&out), out.len));
    charset_to_utf16(buf_str(&out), out.len, &back);
    buf_clear(&out);
    charset_from_utf16(data, len, &out);
    FUZZ_MUST(charset_is_utf8(buf_str(&out), out.len));
    FUZZ_MUST(charset_cut(buf_str(&out), out.len, len) <= len);
}

static void text(unsigned type, unsigned cp, const uint8_t *data, size_t len)
{
    cleanup_buf struct buf out = BUF(OUT_MAX);

    text_skip_mark(type, &data, &len);
    text_add(type, data, len, cp, 1252, &out);
    fuzz_must_be_text(buf_str(&out), out.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_buf struct buf out = BUF(OUT_MAX);
    struct fuzz_in in = {data, size};
    unsigned cp = (unsigned)fuzz_number(&in, 4), how;
    size_t len;
    uint8_t *copy;

    how = (unsigned)fuzz_number(&in, 1);
    copy = fuzz_bytes(&in, in.left, &len);
    charset_codepage_of_locale(cp);
    if (cp % 4)
        cp = known[cp / 4 % array_len(known)];
    charset_mime_name(cp);
    charset_from_codepage(cp, copy, len, &out);
    FUZZ_MUST(charset_is_utf8(buf_str(&out), out.len));
    if (how % 4 == 0)
        html(cp, copy, len);
    else if (how % 4 == 1)
        utf16(copy, len);
    else
        text(how % 4 == 2 ? 0x1E : 0x1F, how & 4 ? cp : 0, copy, len);
    free(copy);
    return 0;
}
