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

    bool left = false;

    CHECK_EQ(rtf_convert(rtf, strlen(rtf), &out, &left), kind);
    CHECK_STR(buf_str(&out), expected);
}

static void check_strip(const char *rtf, const char *expected)
{
    cleanup_buf struct buf out = BUF(LIMIT);

    rtf_to_text(rtf, strlen(rtf), &out);
    CHECK_STR(buf_str(&out), expected);
}

#define HEAD                                                                   \
    "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; "      \
    "charset=utf-8\"></head>\n<body>\n"
#define TAIL "</body></html>\n"

/* inner: between HEAD and TAIL. */
static void check_write(const char *rtf, const char *inner, bool left)
{
    cleanup_buf struct buf out = BUF(LIMIT), want = BUF(LIMIT);
    bool got = !left;

    buf_addf(&want, HEAD "%s" TAIL, inner);
    CHECK_EQ(rtf_convert(rtf, strlen(rtf), &out, &got), RTF_TRUE);
    CHECK_STR(buf_str(&out), buf_str(&want));
    CHECK_EQ(got, left);
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
    check_strip("{\\rtf1{\\fonttbl{\\f0\\fcharset128 M;}}\\f0 "
                "\\'93\\'fa\\'83A\\par}",
                "\xE6\x97\xA5\xE3\x82\xA2\n");
    check_strip("{\\rtf1\\uc2\\u228ab\\uc0\\u228{\\info no}"
                "{\\colortbl;\\red1;}\\bin3 abcd}",
                "\xC3\xA4\xC3\xA4"
                "d");
}

static void test_charsets(void)
{
    /* One character in two runs, and a font without a word of its own. */
    check_strip("{\\rtf1\\ansicpg932{\\b \\'93}{\\i \\'fa}}", "\xE6\x97\xA5");
    check_write("{\\rtf1\\ansicpg932{\\b \\'93}\\'fa\\'83A}",
                "<div><b>\xE6\x97\xA5</b>\xE3\x82\xA2</div>\n", false);
    check_strip("{\\rtf1\\ansicpg1251{\\fonttbl{\\f0 A;}{\\f1\\fcharset0 B;}"
                "{\\f2\\fcharset238 C;}{\\f3\\fcharset2 Symbol;}}"
                "\\'e9\\f1\\'e9\\f2\\'b9\\f3\\'b7}",
                "\xD0\xB9\xC3\xA9\xC4\x85\xE2\x80\xA2");
    check_strip("{\\rtf1\\ansicpg936 \\'d6\\'d0\\'5c}", "\xE4\xB8\xAD\\");
    check_strip("{\\rtf1\\mac \\'8a}", "\xC3\xA4");
    check_strip("{\\rtf1\\ansicpg65001 \\'c3\\'a4}", "\xC3\xA4");
    check_strip("{\\rtf1\\uc0\\u-4051 \\u8364}", "\xEF\x80\xAD\xE2\x82\xAC");
}

static void test_looks(void)
{
    check_write("{\\rtf1 a{\\b b\\i c}\\ul d\\ulnone\\par\\par "
                "x\\super 2\\nosupersub\\strike y\\plain  z}",
                "<div>a<b>b</b><b><i>c</i></b><u>d</u></div>\n"
                "<div><br></div>\n"
                "<div>x<sup>2</sup><s>y</s> z</div>\n",
                false);
    check_write("{\\rtf1{\\fonttbl{\\f0\\fswiss Arial;}{\\f1 B\"d;}}"
                "{\\colortbl;\\red255\\green0\\blue16;}"
                "\\pard\\qc\\li400\\f0\\fs21\\cf1 A<&\\f1 b\\par}",
                "<div style=\"text-align:center;margin-left:20pt;\">"
                "<span style=\"font-family:'Arial';font-size:10.5pt;"
                "color:#ff0010;\">A&lt;&amp;</span>"
                "<span style=\"font-size:10.5pt;color:#ff0010;\">b</span>"
                "</div>\n",
                false);
    check_write("{\\rtf1\\rtlpar a  b\\line\\tab c}",
                "<div dir=\"rtl\">a &nbsp;b<br>\n&nbsp;&nbsp;&nbsp; c"
                "</div>\n",
                false);
}

static void test_blocks(void)
{
    check_write("{\\rtf1{\\pntext\\f1 1.\\tab}one\\par "
                "{\\listtext 2.\\tab}two\\par}",
                "<div>1.&nbsp;&nbsp;&nbsp; one</div>\n"
                "<div>2.&nbsp;&nbsp;&nbsp; two</div>\n",
                false);
    check_write("{\\rtf1 a\\par\\trowd\\cellx1\\intbl b\\cell c\\par d\\cell"
                "\\row\\trowd \\intbl e\\cell\\cell\\row\\pard f}",
                "<div>a</div>\n"
                "<table border=\"1\" style=\"border-collapse:collapse\">\n"
                "<tr><td><div>b</div>\n</td><td><div>c</div>\n<div>d</div>\n"
                "</td></tr>\n<tr><td><div>e</div>\n</td><td></td></tr>\n"
                "</table>\n<div>f</div>\n",
                false);
}

static void test_links(void)
{
    check_write("{\\rtf1 see {\\field{\\*\\fldinst{HYPERLINK "
                "\"http://a.example/?x=1&y=2\"}}{\\fldrslt{\\ul here}}}.}",
                "<div>see <a href=\"http://a.example/?x=1&amp;y=2\">"
                "<u>here</u></a>.</div>\n",
                false);
    check_write("{\\rtf1{\\field{\\*\\fldinst HYPERLINK \\\\l \"top\"}"
                "{\\fldrslt up}}{\\field{\\*\\fldinst PAGE}{\\fldrslt 7}}}",
                "<div><a href=\"#top\">up</a>7</div>\n", false);
    check_write("{\\rtf1{\\field{\\*\\fldinst HYPERLINK javascript:x}"
                "{\\fldrslt no}}}",
                "<div>no</div>\n", false);
    check_strip("{\\rtf1{\\field{\\*\\fldinst HYPERLINK \"x\"}"
                "{\\fldrslt t}}}",
                "t");
}

/* What HTML does not show is told, so that the RTF is kept. */
static void test_left(void)
{
    check_write("{\\rtf1 a{\\pict\\pngblip 00ff}}", "<div>a</div>\n", true);
    check_write("{\\rtf1 a{\\v secret}}", "<div>a</div>\n", true);
    check_write("{\\rtf1 a{\\object{\\*\\objdata 00}{\\result b}}}",
                "<div>ab</div>\n", true);
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
    rtf_to_text(buf_str(&deep), deep.len, &out);
    CHECK_STR(buf_str(&out), "xy");
    check_convert("", RTF_TRUE, "");
    check_convert("\\'", RTF_TRUE, "");
    check_strip("{\\rtf1\\u99999999999 \\bin999999999 x", "\xEF\xBF\xBF");
    check_convert("{\\rtf1\\pard\\par }", RTF_TRUE, "");
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
    test_charsets();
    test_looks();
    test_blocks();
    test_links();
    test_left();
    test_odd();
    test_charset();
    return check_report();
}
