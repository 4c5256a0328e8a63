#include "pipeline/render/rtf.h"

#include <ctype.h>
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/render/rtf_priv.h"

#define WORD_MAX 32
#define HEAD_MAX 4096 /* \\fromhtml stands in the first tokens */

static bool is_plain(char c)
{
    return c != '\\' && c != '{' && c != '}' && c != '\r' && c != '\n' && c;
}

/* A run of plain bytes from r->at on. */
static void read_run(struct rtf *r)
{
    const char *start = r->at;

    while (r->at < r->end && is_plain(*r->at))
        r->at++;
    rtf_put_run(r, start, (size_t)(r->at - start));
}

static int read_number(struct rtf *r, bool *has_r)
{
    bool minus = r->at < r->end && *r->at == '-';
    const char *start = r->at + minus;
    int64_t n = 0;

    *has_r = start < r->end && isdigit((unsigned char)*start);
    if (!*has_r)
        return 0;
    for (r->at = start; r->at < r->end && isdigit((unsigned char)*r->at);
         r->at++)
        if (n < INT32_MAX)
            n = n * 10 + (*r->at - '0');
    if (n > INT32_MAX)
        n = INT32_MAX;
    return (int)(minus ? -n : n);
}

static void read_word(struct rtf *r)
{
    char name[WORD_MAX + 1];
    size_t n = 0;
    bool has_value;
    int value;

    while (r->at < r->end && isalpha((unsigned char)*r->at)) {
        if (n < WORD_MAX)
            name[n++] = *r->at;
        r->at++;
    }
    name[n] = '\0';
    value = read_number(r, &has_value);
    if (r->at < r->end && *r->at == ' ')
        r->at++;
    rtf_word(r, name, value, has_value);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void read_hex(struct rtf *r)
{
    int high, low;

    if (r->end - r->at < 2)
        return;
    high = hex_value(r->at[0]);
    low = hex_value(r->at[1]);
    if (high < 0 || low < 0)
        return;
    r->at += 2;
    rtf_put_byte(r, (char)(high << 4 | low));
}

static void read_control(struct rtf *r)
{
    char c;

    if (r->at == r->end)
        return;
    if (isalpha((unsigned char)*r->at)) {
        read_word(r);
        return;
    }
    c = *r->at++;
    if (c == '\'')
        read_hex(r);
    else if (c == '*')
        r->star = true;
    else if (c == '\\' || c == '{' || c == '}')
        rtf_put_byte(r, c);
    else if (c == '~')
        rtf_put_special(r, "\xC2\xA0", "&nbsp;", MARK_NONE);
    else if (c == '_')
        rtf_put_special(r, "\xE2\x80\x91", "&shy;", MARK_NONE);
    else if (c == '\n' || c == '\r') /* as \\par */
        rtf_put_special(r, "\n", "\n", MARK_PAR);
}

static void group_open(struct rtf *r)
{
    r->skip_chars = 0;
    r->star = false;
    if (r->depth < RTF_DEPTH_MAX)
        r->stack[r->depth++] = r->now;
    else
        r->too_deep++;
}

static void group_close(struct rtf *r)
{
    r->skip_chars = 0;
    r->star = false;
    if (r->too_deep) {
        r->too_deep--;
    } else if (r->depth) {
        rtf_dest(r, r->stack[--r->depth].dest);
        r->now = r->stack[r->depth];
    }
}

static void read_all(struct rtf *r)
{
    while (r->at < r->end && !r->out->error) {
        char c = *r->at;
        if (is_plain(c)) {
            read_run(r);
            continue;
        }
        r->at++;
        if (c == '{')
            group_open(r);
        else if (c == '}')
            group_close(r);
        else if (c == '\\')
            read_control(r);
    }
    rtf_flush(r);
}

static enum rtf_kind kind_of(const char *rtf, size_t len)
{
    size_t head = len < HEAD_MAX ? len : HEAD_MAX;

    if (memmem(rtf, head, "\\fromhtml1", 10))
        return RTF_HTML;
    if (memmem(rtf, head, "\\fromtext", 9))
        return RTF_TEXT;
    return RTF_TRUE;
}

static bool run(const char *rtf, size_t len, enum rtf_mode mode,
                struct buf *out)
{
    struct rtf *r = calloc(1, sizeof(*r));
    bool left;

    if (!r) {
        out->error = ENOMEM;
        return false;
    }
    r->at = rtf;
    r->end = rtf + len;
    r->out = out;
    r->mode = mode;
    r->pending.max = RTF_SIZE_MAX;
    r->field.max = r->href.max = RTF_FIELD_MAX;
    r->codepage = RTF_PAGE_DEFAULT;
    r->now.uc = 1;
    if (mode == RTF_WRITE)
        rtf_html_begin(r);
    read_all(r);
    if (mode == RTF_WRITE)
        rtf_html_end(r);
    left = r->left;
    buf_finish(&r->pending);
    buf_finish(&r->field);
    buf_finish(&r->href);
    free(r);
    return left;
}

enum rtf_kind rtf_convert(const char *rtf, size_t len, struct buf *out,
                          bool *left_r)
{
    static const enum rtf_mode modes[] = {[RTF_TRUE] = RTF_WRITE,
                                          [RTF_TEXT] = RTF_STRIP,
                                          [RTF_HTML] = RTF_UNWRAP};
    enum rtf_kind kind = kind_of(rtf, len);

    *left_r = run(rtf, len, modes[kind], out);
    return kind;
}

void rtf_to_text(const char *rtf, size_t len, struct buf *out)
{
    run(rtf, len, RTF_STRIP, out);
}
