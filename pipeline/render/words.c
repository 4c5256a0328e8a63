#include "pipeline/render/words.h"

#include <stdint.h>
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/render/header.h"
#include "pipeline/render/html.h"
#include "pipeline/render/limits.h"

#define GBK 936

struct word {
    const char *charset, *text; /* text: still encoded */
    size_t charset_len, text_len, len;
    char coding; /* 'b' or 'q' */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* =?charset?coding?text?= at `at`. */
static bool word_split(const char *at, const char *end, struct word *w)
{
    const char *first, *second, *close;

    if (end - at < 8 || at[0] != '=' || at[1] != '?')
        return false;
    w->charset = at + 2;
    first = memchr(at + 2, '?', (size_t)(end - at - 2));
    if (!first || end - first < 4 || first[2] != '?')
        return false;
    second = first + 2;
    w->coding = (char)(first[1] | 32);
    w->text = second + 1;
    close = memchr(w->text, '?', (size_t)(end - w->text));
    if (!close || close + 1 >= end || close[1] != '=')
        return false;
    w->charset_len = (size_t)(first - w->charset);
    w->text_len = (size_t)(close - w->text);
    w->len = (size_t)(close + 2 - at);
    for (const char *c = at; c < close; c++)
        if (is_blank(*c))
            return false;
    return w->coding == 'b' || w->coding == 'q';
}

/* RFC 2231 5: a language may follow the name. */
static unsigned word_page(const struct word *w)
{
    const char *star = memchr(w->charset, '*', w->charset_len);

    return html_codepage_of(w->charset, star ? (size_t)(star - w->charset)
                                             : w->charset_len);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool q_bytes(const struct word *w, struct buf *out)
{
    for (size_t i = 0; i < w->text_len; i++) {
        char c = w->text[i];
        if (c == '_') {
            buf_addc(out, ' ');
        } else if (c != '=') {
            buf_addc(out, c);
        } else {
            int high = i + 2 < w->text_len ? hex_value(w->text[i + 1]) : -1;
            int low = high >= 0 ? hex_value(w->text[i + 2]) : -1;
            if (low < 0)
                return false;
            buf_addc(out, (char)(high << 4 | low));
            i += 2;
        }
    }
    return true;
}

static int b64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* False when the padding or the alphabet is wrong; what is good is given. */
static bool b_bytes(const struct word *w, struct buf *out)
{
    uint32_t bits = 0;
    size_t n = w->text_len, have = 0;

    while (n && w->text[n - 1] == '=')
        n--;
    for (size_t i = 0; i < n; i++) {
        int v = b64_value(w->text[i]);
        if (v < 0)
            return false;
        bits = bits << 6 | (uint32_t)v;
        if (++have == 4) {
            char three[3] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
            buf_add(out, three, 3);
            have = 0;
        }
    }
    if (have >= 2)
        buf_addc(out, (char)(bits >> (6 * have - 8)));
    if (have == 3)
        buf_addc(out, (char)(bits >> 2));
    return w->text_len % 4 == 0 && have != 1 && w->text_len - n <= 2;
}

static bool word_bytes(const struct word *w, struct buf *out)
{
    return w->coding == 'q' ? q_bytes(w, out) : b_bytes(w, out);
}

/* Much that is called GB2312 is GBK, which strict readers refuse. */
static bool is_gb2312(const struct buf *bytes)
{
    const uint8_t *b = (const uint8_t *)buf_str(bytes);

    for (size_t i = 0; i < bytes->len; i++) {
        if (b[i] < 0x80)
            continue;
        if (b[i] < 0xA1 || b[i] > 0xF7 || b[i + 1] < 0xA1 || b[i + 1] == 0xFF)
            return false;
        i++;
    }
    return true;
}

static bool word_is_valid(const struct word *w)
{
    cleanup_buf struct buf bytes = BUF(RENDER_FIELD_MAX);
    cleanup_buf struct buf text = BUF(RENDER_FIELD_MAX * 4);
    unsigned page = word_page(w);

    if (w->len > HEADER_WORD || !page || !w->text_len || !word_bytes(w, &bytes))
        return false;
    if (page == GBK && !is_gb2312(&bytes))
        return false;
    return charset_from_codepage(page, buf_str(&bytes), bytes.len, &text) ==
               CHARSET_EXACT &&
           !memchr(buf_str(&text), '\n', text.len) &&
           !memchr(buf_str(&text), '\r', text.len);
}

bool words_are_valid(const char *text, size_t len)
{
    const char *at = text, *end = text + len;

    while ((at = memmem(at, (size_t)(end - at), "=?", 2)) != NULL) {
        struct word w;
        if (!word_split(at, end, &w) || !word_is_valid(&w))
            return false;
        if ((at > text && !strchr(" \t\n(\"", at[-1])) ||
            (at + w.len < end && !strchr(" \t\n)<\",", at[w.len])))
            return false;
        at += w.len;
    }
    return true;
}

/* A run of adjacent words in one character set is converted as a whole:
 * some writers cut characters in two. */
struct run {
    struct buf bytes;
    unsigned page;
    struct buf *out;
};

static void run_flush(struct run *r)
{
    if (r->bytes.len)
        charset_from_codepage(r->page, r->bytes.data, r->bytes.len, r->out);
    buf_clear(&r->bytes);
}

static bool run_add(struct run *r, const char *at, const char *end,
                    size_t *len_r)
{
    cleanup_buf struct buf bytes = BUF(RENDER_TRANS_MAX);
    struct word w;
    unsigned page;

    if (!word_split(at, end, &w) || !(page = word_page(&w)))
        return false;
    if (!word_bytes(&w, &bytes) && w.coding == 'q')
        return false;
    if (page != r->page)
        run_flush(r);
    r->page = page;
    buf_add(&r->bytes, buf_str(&bytes), bytes.len);
    *len_r = w.len;
    return true;
}

void words_decode(const char *text, size_t len, struct buf *out)
{
    struct run r = {BUF(RENDER_TRANS_MAX), 0, out};
    const char *at = text, *end = text + len, *gap = NULL;
    size_t n;

    while (at < end) {
        if (*at == '=' && run_add(&r, at, end, &n)) {
            at += n;
            gap = at; /* blanks from here on may be dropped */
            continue;
        }
        if (gap && is_blank(*at)) {
            at++;
            continue;
        }
        run_flush(&r);
        if (gap)
            buf_add(out, gap, (size_t)(at - gap));
        gap = NULL;
        buf_addc(out, *at++);
    }
    run_flush(&r);
    buf_finish(&r.bytes);
}
