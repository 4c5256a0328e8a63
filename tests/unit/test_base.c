/* pipeline/base: buffers, times, character sets, CSV rows, errors. */
#include <limits.h>

#include "pipeline/base/buf.h"
#include "pipeline/base/charset.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/csv.h"
#include "pipeline/base/err.h"
#include "tests/unit/check.h"

/* ---- buf ---- */

static void test_buf_limit_sticks(void)
{
    cleanup_buf struct buf b = BUF(5);

    CHECK_STR(buf_str(&b), "");
    CHECK_EQ(buf_adds(&b, "abc"), 0);
    CHECK_EQ(buf_adds(&b, "def"), -EFBIG);
    CHECK_STR(buf_str(&b), "abc");
    CHECK_EQ(buf_addc(&b, 'd'), -EFBIG); /* sticks */
    buf_clear(&b);
    CHECK_EQ(buf_adds(&b, "12345"), 0);
    CHECK_EQ(buf_addc(&b, '6'), -EFBIG);
    CHECK_EQ(b.len, 5);
}

static void test_buf_format_and_steal(void)
{
    cleanup_buf struct buf b = BUF(100000);
    char *text;

    CHECK_EQ(buf_addf(&b, "%d-%s", 7, "x"), 0);
    for (int i = 0; i < 1000; i++)
        buf_add(&b, "0123456789", 10);
    CHECK_EQ(b.len, 10003);
    text = buf_steal(&b);
    CHECK(text && strncmp(text, "7-x0123", 7) == 0 && strlen(text) == 10003);
    CHECK_EQ(b.len, 0);
    free(text);
    text = buf_steal(&b); /* of an empty one: "" */
    CHECK(text && !*text);
    free(text);
}

/* ---- clock ---- */

static const struct {
    int64_t unix_sec;
    const char *rfc5322, *rfc3339;
} dates[] = {
    {0, "Thu, 01 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00Z"},
    {-1, "Wed, 31 Dec 1969 23:59:59 +0000", "1969-12-31T23:59:59Z"},
    {951782400, "Tue, 29 Feb 2000 00:00:00 +0000", "2000-02-29T00:00:00Z"},
    {951868800, "Wed, 01 Mar 2000 00:00:00 +0000", "2000-03-01T00:00:00Z"},
    {-2203891200, "Thu, 01 Mar 1900 00:00:00 +0000", "1900-03-01T00:00:00Z"},
    {-2203891201, "Wed, 28 Feb 1900 23:59:59 +0000", "1900-02-28T23:59:59Z"},
    {-11644473600, "Mon, 01 Jan 1601 00:00:00 +0000", "1601-01-01T00:00:00Z"},
    {1709210096, "Thu, 29 Feb 2024 12:34:56 +0000", "2024-02-29T12:34:56Z"},
    {4107542400, "Mon, 01 Mar 2100 00:00:00 +0000", "2100-03-01T00:00:00Z"},
    {253402300799, "Fri, 31 Dec 9999 23:59:59 +0000", "9999-12-31T23:59:59Z"},
};

static void test_known_dates(void)
{
    char text[TIME_TEXT_MAX];

    for (size_t i = 0; i < array_len(dates); i++) {
        CHECK_STR(time_rfc5322(dates[i].unix_sec, text), dates[i].rfc5322);
        CHECK_STR(time_rfc3339(dates[i].unix_sec, text), dates[i].rfc3339);
    }
    CHECK_STR(time_ical(1709210096, text), "20240229T123456Z");
    CHECK_STR(time_imap(1075593600, text), " 1-Feb-2004 00:00:00 +0000");
    CHECK_STR(time_rfc3339(INT64_MAX, text), "9999-12-31T23:59:59Z");
    CHECK_STR(time_rfc3339(INT64_MIN, text), "0001-01-01T00:00:00Z");
}

static void test_round_trips(void)
{
    /* A step without a common factor with days or hours, over 900 years. */
    for (int64_t t = -11644473600; t < 16725225600; t += 86400 * 17 + 3607) {
        struct time_utc utc;
        time_split(t, &utc);
        if (time_joined(&utc) != t || utc.month < 1 || utc.month > 12 ||
            utc.day < 1 || utc.day > 31) {
            CHECK_EQ(time_joined(&utc), t);
            return;
        }
        if (time_from_filetime(time_to_filetime(t), NULL) != t) {
            CHECK_EQ(time_from_filetime(time_to_filetime(t), NULL), t);
            return;
        }
    }
    CHECK(true);
}

static void test_filetime(void)
{
    uint32_t nsec;

    CHECK_EQ(time_from_filetime(116444736000000000, &nsec), 0);
    CHECK_EQ(nsec, 0);
    CHECK_EQ(time_from_filetime(116444736000000001, &nsec), 0);
    CHECK_EQ(nsec, 100);
    CHECK_EQ(time_from_filetime(116444735999999999, &nsec), -1);
    CHECK_EQ(nsec, 999999900);
    CHECK_EQ(time_from_filetime(0, NULL), -11644473600);
}

/* ---- charset ---- */

static const struct {
    unsigned codepage; /* 1200 = UTF-16LE */
    const char *bytes;
    size_t len;
    const char *utf8;
    enum charset_result result;
} texts[] = {
    {1200, "a\0\xE4\0", 4, "a\xC3\xA4", CHARSET_EXACT},
    {1200, "\x3D\xD8\x00\xDE", 4, "\xF0\x9F\x98\x80", CHARSET_EXACT},
    {1200, "a\0\x3D\xD8", 4, "a\xEF\xBF\xBD", CHARSET_REPLACED},
    {1200, "\x3D\xD8z\0", 4, "\xEF\xBF\xBDz", CHARSET_REPLACED},
    {1200, "\x00\xDEz\0", 4, "\xEF\xBF\xBDz", CHARSET_REPLACED},
    {1200, "a\0b", 3, "a", CHARSET_EXACT}, /* half a unit at the end */
    {932, "\x93\xFA\x96\x7B", 4, "\xE6\x97\xA5\xE6\x9C\xAC", CHARSET_EXACT},
    {932, "a\x93", 2, "a\xEF\xBF\xBD", CHARSET_REPLACED},
    {50220, "\x1B$BF|K\\\x1B(B!", 11, "\xE6\x97\xA5\xE6\x9C\xAC!",
     CHARSET_EXACT},
    {1252, "\x80\xE9", 2, "\xE2\x82\xAC\xC3\xA9", CHARSET_EXACT},
    {1251, "\xCF\xF0", 2, "\xD0\x9F\xD1\x80", CHARSET_EXACT},
    {65001, "\xC3\xA4\xFF", 3, "\xC3\xA4\xEF\xBF\xBD", CHARSET_REPLACED},
    {4711, "\xE9", 1, "\xC3\xA9", CHARSET_UNKNOWN},
};

static void test_to_utf8(void)
{
    for (size_t i = 0; i < array_len(texts); i++) {
        cleanup_buf struct buf out = BUF(1000);
        enum charset_result result = charset_from_codepage(
            texts[i].codepage, texts[i].bytes, texts[i].len, &out);
        CHECK_STR(buf_str(&out), texts[i].utf8);
        CHECK_EQ(result, texts[i].result);
        CHECK(charset_is_utf8(out.data, out.len));
    }
}

static void test_long_texts(void)
{
    cleanup_buf struct buf in = BUF(100000), out = BUF(100000);

    /* More than one pivot, with pairs that may fall across its end. */
    for (int i = 0; i < 5000; i++)
        buf_adds(&in, "x\x93\xFA");
    CHECK_EQ(charset_from_codepage(932, in.data, in.len, &out), CHARSET_EXACT);
    CHECK_EQ(out.len, 20000);
    CHECK(memcmp(out.data + 19996, "x\xE6\x97\xA5", 4) == 0);
}

static void test_split_pairs(void)
{
    cleanup_buf struct buf in = BUF(100000), out = BUF(100000);

    /* GB18030 has all planes: surrogate pairs at every offset. */
    buf_adds(&in, "x");
    for (int i = 0; i < 3000; i++)
        buf_adds(&in, "\x94\x39\xFC\x36"); /* U+1F600 */
    CHECK_EQ(charset_from_codepage(54936, in.data, in.len, &out),
             CHARSET_EXACT);
    CHECK_EQ(out.len, 12001);
    CHECK(strstr(buf_str(&out), "\xEF\xBF\xBD") == NULL);
}

static void test_utf16_round_trip(void)
{
    static const char text[] = "a\xC3\xA4\xE6\x97\xA5\xF0\x9F\x98\x80";
    cleanup_buf struct buf wide = BUF(100), back = BUF(100);

    charset_to_utf16(text, strlen(text), &wide);
    CHECK_EQ(wide.len, 10);
    CHECK_EQ(charset_from_utf16(wide.data, wide.len, &back), CHARSET_EXACT);
    CHECK_STR(buf_str(&back), text);
}

/* A pair at every place, so that one falls across each edge of a block. */
static void test_utf16_edges(void)
{
    for (size_t before = 1015; before < 1030; before++) {
        cleanup_buf struct buf wide = BUF(10000), out = BUF(10000);
        for (size_t i = 0; i < before; i++)
            buf_add(&wide, "\xAC\x20", 2);
        buf_add(&wide, "\x3D\xD8\x00\xDEz\0\xAC\x20", 8);
        CHECK_EQ(charset_from_utf16(wide.data, wide.len, &out), CHARSET_EXACT);
        CHECK_EQ(out.len, 3 * before + 8);
        CHECK_STR(out.data + 3 * before, "\xF0\x9F\x98\x80z\xE2\x82\xAC");
    }
}

static void test_strict_utf8(void)
{
    CHECK(charset_is_utf8("a\0b", 3));
    CHECK(!charset_is_utf8("\xC0\x80", 2));     /* overlong */
    CHECK(!charset_is_utf8("\xED\xA0\x80", 3)); /* surrogate */
    CHECK(!charset_is_utf8("\xF4\x90\x80\x80", 4));
    CHECK(!charset_is_utf8("\xE2\x82", 2));
}

static void test_cut(void)
{
    static const char text[] = "a\xC3\xA4\xF0\x9F\x98\x80";

    CHECK_EQ(charset_cut(text, 7, 100), 7);
    CHECK_EQ(charset_cut(text, 7, 7), 7);
    CHECK_EQ(charset_cut(text, 7, 6), 3);
    CHECK_EQ(charset_cut(text, 7, 4), 3);
    CHECK_EQ(charset_cut(text, 7, 3), 3);
    CHECK_EQ(charset_cut(text, 7, 2), 1);
    CHECK_EQ(charset_cut(text, 7, 0), 0);
}

static void test_names(void)
{
    CHECK_STR(charset_mime_name(932), "shift_jis");
    CHECK(charset_mime_name(4711) == NULL);
    CHECK_EQ(charset_codepage_of_locale(1041), 932);
    CHECK_EQ(charset_codepage_of_locale(0x0419), 1251);
    CHECK_EQ(charset_codepage_of_locale(0x0409), 1252);
}

/* ---- csv, err ---- */

static void test_csv(void)
{
    cleanup_buf struct buf b = BUF(1000);

    csv_text(&b, "plain");
    csv_text(&b, "a,b");
    csv_text(&b, "say \"hi\"");
    csv_text(&b, "two\nlines");
    csv_text(&b, "=1+1");
    csv_text(&b, "");
    csv_int(&b, -5);
    csv_end(&b);
    csv_int(&b, 1);
    csv_text(&b, "x");
    csv_end(&b);
    CHECK_STR(buf_str(&b), "plain,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\","
                           "\"=1+1\",\"\",-5\n1,x\n");
}

static void test_err(void)
{
    struct err err = {0};
    char big[2 * ERR_MSG_MAX];

    CHECK_EQ(err_set(&err, EINVAL, "bad %d", 7), -EINVAL);
    CHECK_STR(err.msg, "bad 7");
    CHECK_EQ(err_wrap(&err, "line %d", 3), -EINVAL);
    CHECK_STR(err.msg, "line 3: bad 7");
    CHECK_EQ(err_sys(&err, ENOENT, "open"), -ENOENT);
    CHECK_STR(err.msg, "open: No such file or directory");
    CHECK_EQ(err_set(NULL, EIO, "unheard"), -EIO);
    memset(big, 'x', sizeof(big));
    big[sizeof(big) - 1] = '\0';
    CHECK_EQ(err_wrap(&err, "%s", big), -ENOENT);
    CHECK(strlen(err.msg) < ERR_MSG_MAX);
}

int main(void)
{
    test_buf_limit_sticks();
    test_buf_format_and_steal();
    test_known_dates();
    test_round_trips();
    test_filetime();
    test_to_utf8();
    test_long_texts();
    test_split_pairs();
    test_utf16_round_trip();
    test_utf16_edges();
    test_strict_utf8();
    test_cut();
    test_names();
    test_csv();
    test_err();
    return check_report();
}
