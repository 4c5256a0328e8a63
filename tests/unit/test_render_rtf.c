/* Compressed RTF: the vectors of [MS-OXRTFCP] 4; what is wrapped in RTF:
 * [MS-OXRTFEX]. */
#include "pipeline/render/rtf.h"

#include "pipeline/render/html.h"
#include "tests/unit/check.h"

#define LIMIT (1u << 20)

/* [MS-OXRTFCP] 4.1.1 and 4.1.2 */
static const uint8_t simple[] = {
    0x2d, 0x00, 0x00, 0x00, 0x2b, 0x00, 0x00, 0x00, 0x4c, 0x5a,
    0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0x00, 0x0a, 0x00,
    0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a,
    0xf3, 0x20, 0x68, 0x65, 0x6c, 0x09, 0x00, 0x20, 0x62, 0x77,
    0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0};
static const uint8_t crossing[] = {
    0x1a, 0x00, 0x00, 0x00, 0x1c, 0x00, 0x00, 0x00, 0x4c, 0x5a,
    0x46, 0x75, 0xe2, 0xd4, 0x4b, 0x51, 0x41, 0x00, 0x04, 0x20,
    0x57, 0x58, 0x59, 0x5a, 0x0d, 0x6e, 0x7d, 0x01, 0x0e, 0xb0};

static void check_unpack(const uint8_t *data, size_t len, const char *expected,
                         const char *note)
{
    cleanup_buf struct buf out = BUF(LIMIT);
    const char *got = NULL;

    CHECK_EQ(rtf_decompress(data, len, &out, &got, NULL), 0);
    CHECK_STR(buf_str(&out), expected);
    CHECK_STR(got ? got : "", note);
}

static void test_vectors(void)
{
    const char *text = "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n";
    uint8_t wrong[sizeof(simple)];

    check_unpack(simple, sizeof(simple), text, "");
    check_unpack(crossing, sizeof(crossing), "{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}",
                 "");
    memcpy(wrong, simple, sizeof(wrong));
    wrong[12] ^= 1;
    check_unpack(wrong, sizeof(wrong), text, "RTF checksum is wrong");
    memset(wrong + 12, 0, 4);
    check_unpack(wrong, sizeof(wrong), text, "");
}

static void test_stored(void)
{
    uint8_t mela[] = {0x0f, 0,    0, 0, 3, 0, 0,   0,   0x4d, 0x45,
                      0x4c, 0x41, 0, 0, 0, 0, 'a', 'b', 'c'};

    check_unpack(mela, sizeof(mela), "abc", "");
}

static void test_damage(void)
{
    cleanup_buf struct buf out = BUF(LIMIT), small = BUF(8);
    const char *note;

    CHECK_EQ(rtf_decompress(simple, 15, &out, &note, NULL), -EBADMSG);
    CHECK_EQ(rtf_decompress(simple, sizeof(simple), &small, &note, NULL),
             -EFBIG);
    CHECK_EQ(rtf_decompress(simple, 30, &out, &note, NULL), 0);
    CHECK(note != NULL);
    for (size_t cut = 0; cut < sizeof(simple); cut++) {
        uint8_t copy[sizeof(simple)];
        memcpy(copy, simple, sizeof(copy));
        copy[cut] ^= 0x5A;
        buf_clear(&out);
        rtf_decompress(copy, sizeof(copy) - cut / 2, &out, &note, NULL);
        CHECK(out.len <= LIMIT);
    }
}

static void check_convert(const char *rtf, enum rtf_kind kind,
                          const char *expected)
{
    cleanup_buf struct buf out = BUF(LIMIT);

    CHECK_EQ(rtf_convert(rtf, strlen(rtf), &out), kind);
    CHECK_STR(buf_str(&out), expected);
}

static void test_html(void)
{
    check_convert("{\\rtf1\\ansi\\ansicpg1252\\fromhtml1 \\deff0"
                  "{\\fonttbl{\\f0\\fswiss Arial;}{\\f1\\fcharset204 X;}}\r\n"
                  "{\\*\\htmltag64 <p>}\\htmlrtf {\\htmlrtf0 caf\\'e9 "
                  "\\f1\\'ef\\f0  {\\*\\htmltag84 &lt;}\\htmlrtf <\\htmlrtf0 "
                  "\\u8364?\\par{\\*\\htmltag72 </p>}\\htmlrtf }\\htmlrtf0 "
                  "{\\*\\mhtmltag64 <hidden>}\\{\\}\\\\\\~}",
                  RTF_HTML,
                  "<p>caf\xC3\xA9 \xD0\xBF &lt;\xE2\x82\xAC\n</p>{}\\&nbsp;");
    check_convert("{\\rtf1\\ansi\\fromhtml1{\\*\\htmltag a\\par b\\tab c}"
                  "\\lquote x\\rquote {\\*\\other no}{\\pntext no}}",
                  RTF_HTML, "a\nb\tc&lsquo;x&rsquo;");
}

static void test_text(void)
{
    check_convert("{\\rtf1\\ansi\\fromtext a\\par b\\line c\\u-10179?"
                  "\\u-8704?}",
                  RTF_TEXT, "a\nb\nc\xF0\x9F\x98\x80");
    check_convert("{\\rtf1{\\fonttbl{\\f0\\fcharset128 M;}}\\f0 "
                  "\\'93\\'fa\\'83A\\par}",
                  RTF_TRUE, "\xE6\x97\xA5\xE3\x82\xA2\n");
    check_convert("{\\rtf1\\uc2\\u228ab\\uc0\\u228{\\info no}"
                  "{\\colortbl;\\red1;}\\bin3 abcd}",
                  RTF_TRUE,
                  "\xC3\xA4\xC3\xA4"
                  "d");
}

static void test_odd(void)
{
    cleanup_buf struct buf deep = BUF(LIMIT), out = BUF(LIMIT);

    buf_adds(&deep, "{\\rtf1 ");
    for (int i = 0; i < 5000; i++)
        buf_adds(&deep, "{\\b ");
    buf_adds(&deep, "x");
    for (int i = 0; i < 6000; i++)
        buf_adds(&deep, "}");
    buf_adds(&deep, "y");
    rtf_convert(buf_str(&deep), deep.len, &out);
    CHECK_STR(buf_str(&out), "xy");
    check_convert("", RTF_TRUE, "");
    check_convert("\\'", RTF_TRUE, "");
    check_convert("{\\rtf1\\u99999999999 \\bin999999999 x", RTF_TRUE,
                  "\xEF\xBF\xBF");
}

static void check_html(const char *html, unsigned cpid, const char *charset,
                       const char *expected)
{
    cleanup_buf struct buf b = BUF(LIMIT);
    bool bad;

    buf_adds(&b, html);
    CHECK_STR(html_settle(&b, cpid, 1252, &bad), charset);
    CHECK_STR(buf_str(&b), expected);
    CHECK(!bad);
}

static void test_charset(void)
{
    check_html("<meta charset=utf-8>\xC3\xBC", 0, "utf-8",
               "<meta charset=utf-8>\xC3\xBC");
    check_html("<meta content='text/html; CHARSET=iso-8859-2'>\xB1", 0,
               "iso-8859-2",
               "<meta content='text/html; CHARSET=iso-8859-2'>"
               "\xB1");
    check_html("\xFC", 1252, "windows-1252", "\xFC");
    check_html("\x93\xFA", 932, "shift_jis", "\x93\xFA");
    check_html("\xC3\xBC", 0, "utf-8", "\xC3\xBC");
    check_html("\xFC", 0, "windows-1252", "\xFC");
    check_html("<meta charset=utf-8>\xFC x", 0, "utf-8",
               "<meta charset=utf-8>\xC3\xBC x");
}

int main(void)
{
    test_vectors();
    test_stored();
    test_damage();
    test_html();
    test_text();
    test_odd();
    test_charset();
    return check_report();
}
