/* Headers: folding, encoded words, parameters, and nothing injected. */
#include "pipeline/render/header.h"
#include "pipeline/render/words.h"

#include "tests/unit/check.h"

#define LIMIT (1u << 20)

/* Lines end in LF, none is longer than 78, no blank line, one header. */
static void check_shape(const struct buf *b)
{
    const char *at = buf_str(b);
    int first = 1;

    while (*at) {
        size_t n = strcspn(at, "\n");
        CHECK(at[n] == '\n');
        CHECK(n > 0 && n <= HEADER_COLUMNS);
        CHECK(first || at[0] == ' ');
        for (size_t i = 0; i < n; i++)
            CHECK((unsigned char)at[i] >= ' ' && (unsigned char)at[i] < 127);
        at += n + 1;
        first = 0;
    }
}

/* Unfolds and decodes what header_text wrote; it must give the text back. */
static void check_text(const char *value, const char *expected)
{
    cleanup_buf struct buf out = BUF(LIMIT), flat = BUF(LIMIT);
    cleanup_buf struct buf text = BUF(LIMIT);

    header_text(&out, "Subject", value);
    check_shape(&out);
    CHECK(strncmp(buf_str(&out), "Subject:", 8) == 0);
    for (size_t i = 9; i + 1 < out.len; i++)
        if (out.data[i] != '\n')
            buf_addc(&flat, out.data[i]);
    words_decode(buf_str(&flat), flat.len, &text);
    CHECK_STR(buf_str(&text), expected);
}

static void check_exact(const char *value, const char *expected)
{
    cleanup_buf struct buf out = BUF(LIMIT);

    header_text(&out, "Subject", value);
    CHECK_STR(buf_str(&out), expected);
}

static void test_text(void)
{
    char long_word[600], many[3000] = "";

    check_exact("Hello", "Subject: Hello\n");
    check_exact("  a  b  ", "Subject: a  b\n");
    check_exact("\xC3\xBC", "Subject: =?utf-8?Q?=C3=BC?=\n");
    check_exact("Re: \xC3\xBC ok", "Subject: Re: =?utf-8?Q?=C3=BC?= ok\n");
    check_text("", "");
    memset(long_word, 'x', sizeof(long_word) - 1);
    long_word[sizeof(long_word) - 1] = '\0';
    check_text(long_word, long_word);
    for (int i = 0; i < 200; i++)
        strncat(many, "\xE6\x97\xA5\xF0\x9F\x98\x80 ab ", sizeof(many) - 20);
    many[strlen(many) - 1] = '\0';
    check_text(many, many);
    check_text("looks =?utf-8?Q?like?= a word",
               "looks =?utf-8?Q?like?= a word");
    check_text("bad \xFF\xC3 bytes", "bad \xEF\xBF\xBD\xEF\xBF\xBD bytes");
}

static void test_injection(void)
{
    check_text("a\r\nBcc: b@c.d\r\n\r\nbody", "a  Bcc: b@c.d    body");
    check_text("a\nX: 1", "a X: 1");
    check_text("a\x01\x7F\tz", "a   z");
}

static void check_phrase(const char *name, const char *expected)
{
    cleanup_buf struct buf out = BUF(LIMIT);
    struct header h;

    header_open(&h, &out, "To");
    header_phrase(&h, name);
    header_token(&h, "<a@b.c>", 7);
    header_close(&h);
    check_shape(&out);
    CHECK_STR(buf_str(&out), expected);
}

static void test_phrase(void)
{
    check_phrase("John Doe", "To: John Doe <a@b.c>\n");
    check_phrase("Doe, John", "To: \"Doe, John\" <a@b.c>\n");
    check_phrase("a \"q\" \\ b", "To: \"a \\\"q\\\" \\\\ b\" <a@b.c>\n");
    check_phrase("=?x", "To: =?utf-8?B?PT94?= <a@b.c>\n");
    check_phrase("a\r\nb", "To: \"a  b\" <a@b.c>\n");
}

static void check_param(const char *value, const char *expected)
{
    cleanup_buf struct buf out = BUF(LIMIT);
    struct header h;

    header_open(&h, &out, "A");
    header_token(&h, "x/y", 3);
    header_param(&h, "name", value);
    header_close(&h);
    check_shape(&out);
    CHECK_STR(buf_str(&out), expected);
}

static void test_param(void)
{
    char name[200];

    check_param("a.txt", "A: x/y; name=a.txt\n");
    check_param("a b;.txt", "A: x/y; name=\"a b;.txt\"\n");
    check_param("q\"\\", "A: x/y; name=\"q\\\"\\\\\"\n");
    check_param("\xC3\xBC.txt", "A: x/y; name*=utf-8''%C3%BC.txt\n");
    check_param("", "A: x/y\n");
    check_param("a\r\nX: 1", "A: x/y; name=\"a  X: 1\"\n");
    memset(name, 'n', 100);
    name[100] = '\0';
    check_param(name,
                "A: x/y; "
                "name*0*=utf-8''nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn;\n "
                "name*1*=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn;\n "
                "name*2*=nnnnnnnnnnnnnnn\n");
}

static void check_words(const char *text, const char *expected, bool valid)
{
    cleanup_buf struct buf out = BUF(LIMIT);

    words_decode(text, strlen(text), &out);
    CHECK_STR(buf_str(&out), expected);
    CHECK_EQ(words_are_valid(text, strlen(text)), valid);
}

static void test_words(void)
{
    check_words("plain", "plain", true);
    check_words("=?iso-8859-1?q?=FC_x?= =?utf-8?B?w7w=?= z",
                "\xC3\xBC x\xC3\xBC z", true);
    check_words("=?utf-8?B?w7w?=", "\xC3\xBC", false); /* no padding */
    check_words("=?nonsense?Q?a?=", "=?nonsense?Q?a?=", false);
    check_words("=?utf-8?Q?=C3?= =?utf-8?Q?=BC?=", "\xC3\xBC", false);
    check_words("=?utf-8?Q?=0Aa?=", "\na", false);
    check_words("=?GB2312?B?xe2bTtzn?=", "\xE5\xBD\xAD\xE6\xB1\xB5\xE8\x8C\x9C",
                false);
    check_words("a =?utf-8?Q", "a =?utf-8?Q", false);
}

int main(void)
{
    test_text();
    test_injection();
    test_phrase();
    test_param();
    test_words();
    return check_report();
}
