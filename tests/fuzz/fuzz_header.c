/*
 * Headers and content lines written from hostile text: whatever a value
 * holds, it stays one header, in lines of printable ASCII that are not too
 * long; and the text comes back from it.
 *     kind, text; of a structured header texts with NULs between
 */
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/render/card.h"
#include "pipeline/render/header.h"
#include "pipeline/render/words.h"
#include "tests/fuzz/fuzz.h"

#define OUT_MAX  (8u << 20)
#define LINE_MAX 998

/* One logical line: every LF but the last is followed by a blank. */
static void check_lines(const struct buf *out, size_t longest, bool ascii)
{
    const char *p = buf_str(out), *end = p + out->len;

    FUZZ_MUST(out->len == 0 || end[-1] == '\n');
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        FUZZ_MUST((size_t)(lf - p) <= longest);
        FUZZ_MUST(lf + 1 == end || lf[1] == ' ' || lf[1] == '\t');
        for (; p < lf; p++)
            FUZZ_MUST(*p == '\t' || ((uint8_t)*p >= 32 && *p != 127 &&
                                     (!ascii || (uint8_t)*p < 127)));
        p = lf + 1;
    }
}

static void check_text(const char *text)
{
    cleanup_buf struct buf out = BUF(OUT_MAX), clean = BUF(OUT_MAX),
                           back = BUF(OUT_MAX);
    const char *value;

    header_text(&out, "Subject", text);
    if (out.error)
        return;
    check_lines(&out, LINE_MAX, true);
    header_clean(&clean, text, strlen(text));
    value = strchr(buf_str(&out), ':');
    FUZZ_MUST(value);
    words_decode(value + 1, strlen(value + 1), &back);
    fuzz_must_be_text(buf_str(&back), back.len);
}

static void check_parts(struct fuzz_in *in, unsigned kinds)
{
    cleanup_buf struct buf out = BUF(OUT_MAX);
    struct header h;

    header_open(&h, &out, "Content-Type");
    header_token(&h, "a/b", 3);
    for (int i = 0; in->left && i < 20; i++, kinds >>= 1) {
        size_t len = strnlen((const char *)in->p, in->left);
        char *text = fuzz_text(in, len);
        if (kinds & 1)
            header_phrase(&h, text);
        else
            header_param(&h, "filename", text);
        in->p += in->left > 0;
        in->left -= in->left > 0;
        free(text);
    }
    header_close(&h);
    if (!out.error)
        check_lines(&out, LINE_MAX, true);
}

static void check_card(const char *any)
{
    cleanup_buf struct buf out = BUF(OUT_MAX), name = BUF(OUT_MAX),
                           clean = BUF(OUT_MAX);
    const char *values[] = {"", "", ""}, *text;

    charset_clean_utf8(any, strlen(any), &clean); /* as properties are */
    text = values[0] = values[2] = buf_str(&clean);
    card_text(&out, "NOTE", text);
    if (!out.error)
        check_lines(&out, CARD_COLUMNS, false);
    buf_clear(&out);
    card_list(&out, "N", values, 3, ';');
    if (!out.error)
        check_lines(&out, CARD_COLUMNS, false);
    buf_clear(&out);
    buf_adds(&name, "ATTENDEE;CN=");
    card_param(&name, text);
    card_raw(&out, buf_str(&name), "mailto:a@b.c");
    if (!out.error && !name.error)
        check_lines(&out, CARD_COLUMNS, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    unsigned kind = (unsigned)fuzz_number(&in, 1);
    char *text;

    if (kind % 3 == 0) {
        check_parts(&in, kind >> 2);
        return 0;
    }
    text = fuzz_text(&in, in.left);
    if (kind % 3 == 1)
        check_text(text);
    else
        check_card(text);
    free(text);
    return 0;
}
