#include "pipeline/render/html.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "pipeline/base/charset.h"

#define HEAD_MAX 4096
#define UTF8     65001

/* Names in use for code pages, beside those of charset_mime_name. */
static const struct {
    const char *name;
    unsigned codepage;
} aliases[] = {
    {"utf8", 65001},    {"unicode-1-1-utf-8", 65001},
    {"ascii", 20127},   {"us-ascii", 20127},
    {"latin1", 28591},  {"latin-1", 28591},
    {"cp1252", 1252},   {"x-cp1250", 1250},
    {"x-cp1251", 1251}, {"x-cp1252", 1252},
    {"cp1250", 1250},   {"cp1251", 1251},
    {"gbk", 936},       {"x-gbk", 936},
    {"cp936", 936},     {"big5-hkscs", 950},
    {"x-x-big5", 950},  {"cn-big5", 950},
    {"x-sjis", 932},    {"sjis", 932},
    {"shift-jis", 932}, {"windows-31j", 932},
    {"cp932", 932},     {"x-euc-jp", 51932},
    {"euc-kr", 949},    {"windows-949", 949},
    {"ks_c_5601", 949}, {"korean", 949},
    {"tis-620", 874},   {"iso-8859-11", 874},
    {"koi8r", 20866},   {"visual", 28598},
    {"logical", 38598}, {"iso-8859-8-e", 28598},
    {"gb18030", 54936}, {"unicode", 1200},
    {"utf-16", 1200},   {"macintosh", 10000},
};

static bool same(const char *a, const char *text, size_t len)
{
    return strlen(a) == len && strncasecmp(a, text, len) == 0;
}

unsigned html_codepage_of(const char *name, size_t len)
{
    unsigned page;

    for (size_t i = 0; (page = charset_page(i)) != 0; i++)
        if (same(charset_mime_name(page), name, len))
            return page;
    for (size_t i = 0; i < array_len(aliases); i++)
        if (same(aliases[i].name, name, len))
            return aliases[i].codepage;
    return 0;
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && isspace((unsigned char)*at))
        at++;
    return at;
}

/* What follows "charset": = and a name, quoted or not. */
static unsigned name_after(const char *at, const char *end)
{
    const char *name;

    at = skip_space(at, end);
    if (at == end || *at != '=')
        return 0;
    at = skip_space(at + 1, end);
    if (at < end && (*at == '"' || *at == '\''))
        at++;
    name = at;
    while (at < end && (isalnum((unsigned char)*at) || strchr("-_:.", *at)) &&
           *at)
        at++;
    return html_codepage_of(name, (size_t)(at - name));
}

unsigned html_declared(const char *html, size_t len)
{
    const char *at = html, *end = html + (len < HEAD_MAX ? len : HEAD_MAX);

    for (; end - at > 7; at++) {
        unsigned page = (*at | 32) == 'c' && strncasecmp(at, "charset", 7) == 0
                            ? name_after(at + 7, end)
                            : 0;
        if (page)
            return page;
    }
    return 0;
}

/* One byte a character, ASCII where ASCII is, and known to all readers. */
static bool is_single_byte(unsigned page)
{
    return (page >= 1250 && page <= 1258) || (page >= 28591 && page <= 28599) ||
           page == 28603 || page == 28605 || page == 874 || page == 20866 ||
           page == 21866;
}

/* Of several bytes, and known to all readers. */
static bool is_common(unsigned page)
{
    static const unsigned common[] = {932,   936,   949,   950,   50220, 50221,
                                      50222, 51932, 51949, 54936, 50225};

    for (size_t i = 0; i < array_len(common); i++)
        if (common[i] == page)
            return true;
    return false;
}

static bool is_ascii(const struct buf *html)
{
    for (size_t i = 0; i < html->len; i++)
        if ((uint8_t)html->data[i] >= 0x80 || html->data[i] == 27)
            return false;
    return true;
}

static const char *make_utf8(struct buf *html, unsigned page, bool keep,
                             bool *bad_r)
{
    struct buf out = BUF(html->max);
    enum charset_result result =
        charset_from_codepage(page, buf_str(html), html->len, &out);

    if (result == CHARSET_EXACT && keep) {
        buf_finish(&out);
        return page == 936 ? "gbk" : charset_mime_name(page);
    }
    if (result == CHARSET_REPLACED)
        *bad_r = true;
    buf_finish(html);
    out.max = html->max;
    *html = out;
    return "utf-8";
}

/* Called UTF-8, but not a single character of it is. */
static bool has_no_utf8(const struct buf *html)
{
    for (size_t i = 0; i + 1 < html->len; i++)
        if (((uint8_t)html->data[i] & 0xC0) == 0xC0 &&
            ((uint8_t)html->data[i + 1] & 0xC0) == 0x80)
            return false;
    return true;
}

/* The declaration is wrong where the bytes are not UTF-8. */
static const char *settle_utf8(struct buf *html, unsigned text_cpid,
                               bool *bad_r)
{
    if (charset_is_utf8(buf_str(html), html->len))
        return "utf-8";
    return make_utf8(html, has_no_utf8(html) ? text_cpid : UTF8, false, bad_r);
}

const char *html_settle(struct buf *html, unsigned internet_cpid,
                        unsigned text_cpid, bool *bad_r)
{
    const char *text = buf_str(html);
    unsigned page = html_declared(text, html->len);

    *bad_r = false;
    if (html->len >= 2 && memcmp(text, "\xFF\xFE", 2) == 0)
        return make_utf8(html, 1200, false, bad_r);
    if (page == 1200 || page == 1201) /* it could be read: it is not */
        page = 0;
    if (!page && charset_mime_name(internet_cpid))
        page = internet_cpid;
    if (!page)
        page = charset_is_utf8(text, html->len) ? UTF8 : text_cpid;
    if (page == UTF8 || page == 20127)
        return settle_utf8(html, text_cpid, bad_r);
    /* Text that is UTF-8 by chance does not happen (but in Thai); text that is
     * called windows-1252 without being it does. */
    if (is_single_byte(page) && page != 874 && !is_ascii(html) &&
        charset_is_utf8(text, html->len))
        return "utf-8";
    if (is_single_byte(page))
        return charset_mime_name(page);
    /* A page that is not ASCII's superset cannot stand as literal text. */
    return make_utf8(html, page, is_common(page), bad_r);
}
