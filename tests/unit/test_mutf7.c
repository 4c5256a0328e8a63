#include "pipeline/target/mutf7.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/check.h"

static const struct {
    const char *utf8, *coded;
} vectors[] = {
    {"", ""},
    {"INBOX", "INBOX"},
    {"&", "&-"},
    {"a&b", "a&-b"},
    {"&&", "&-&-"},
    {"台北", "&U,BTFw-"},
    {"日本語", "&ZeVnLIqe-"},
    /* RFC 3501 5.1.3 */
    {"~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"},
    {"Entwürfe", "Entw&APw-rfe"},
    {"Éléments envoyés", "&AMk-l&AOk-ments envoy&AOk-s"},
    {"😀", "&2D3eAA-"},
    {"a😀&z", "a&2D3eAA-&-z"},
    {"Отправленные", "&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-"},
    {"tab\there", "tab&AAk-here"},
    {"\x7f", "&AH8-"},
    {"~", "~"},
};

/* No encoder writes these. */
static const char *const wrong[] = {
    "&",          "&U,BTFw",  "&U,BTFw",  "&U,BTF!-",
    "a&b",        "&U,BTFx-", /* padding bits set */
    "&AGE-",                  /* a plain letter in base64 */
    "&U,A-&dTE-",             /* two runs without need */
    "&2D0-",                  /* half of a surrogate pair */
    "\xc3\xa9",   "a\x01",    "&U/BTFw-", "&JjA-&AGE-",
};

static void test_vectors(void)
{
    for (size_t i = 0; i < array_len(vectors); i++) {
        cleanup_buf struct buf coded = BUF(4096), utf8 = BUF(4096);
        CHECK_EQ(mutf7_encode(vectors[i].utf8, strlen(vectors[i].utf8), &coded),
                 0);
        CHECK_STR(buf_str(&coded), vectors[i].coded);
        CHECK_EQ(
            mutf7_decode(vectors[i].coded, strlen(vectors[i].coded), &utf8), 0);
        CHECK_STR(buf_str(&utf8), vectors[i].utf8);
    }
}

static void test_wrong(void)
{
    for (size_t i = 0; i < array_len(wrong); i++) {
        cleanup_buf struct buf utf8 = BUF(4096);
        buf_adds(&utf8, "x");
        CHECK_EQ(mutf7_decode(wrong[i], strlen(wrong[i]), &utf8), -EINVAL);
        CHECK_STR(buf_str(&utf8), "x");
    }
}

/* All characters there are, in runs of several lengths. */
static void test_round_trip(void)
{
    uint32_t c = 1;

    while (c < 0x110000) {
        cleanup_buf struct buf text = BUF(65536), coded = BUF(65536),
                               back = BUF(65536);
        for (int i = 0; i < 997 && c < 0x110000; i++, c++) {
            if (c >= 0xd800 && c <= 0xdfff)
                c = 0xe000;
            if (c < 0x80) {
                buf_addc(&text, (char)c);
            } else if (c < 0x800) {
                buf_addc(&text, (char)(0xc0 | c >> 6));
                buf_addc(&text, (char)(0x80 | (c & 63)));
            } else if (c < 0x10000) {
                buf_addc(&text, (char)(0xe0 | c >> 12));
                buf_addc(&text, (char)(0x80 | (c >> 6 & 63)));
                buf_addc(&text, (char)(0x80 | (c & 63)));
            } else {
                buf_addc(&text, (char)(0xf0 | c >> 18));
                buf_addc(&text, (char)(0x80 | (c >> 12 & 63)));
                buf_addc(&text, (char)(0x80 | (c >> 6 & 63)));
                buf_addc(&text, (char)(0x80 | (c & 63)));
            }
        }
        mutf7_encode(text.data, text.len, &coded);
        CHECK_EQ(mutf7_decode(coded.data, coded.len, &back), 0);
        CHECK_STR(buf_str(&back), text.data);
    }
}

static void test_bad_utf8(void)
{
    cleanup_buf struct buf coded = BUF(4096);

    CHECK_EQ(mutf7_encode("a\xff"
                          "b",
                          3, &coded),
             0);
    CHECK_STR(buf_str(&coded), "a&,,0-b");
}

int main(void)
{
    test_vectors();
    test_wrong();
    test_round_trip();
    test_bad_utf8();
    return check_report();
}
