/* Voting buttons ([MS-OXOMSG] 2.2.1.74). */
#include "pipeline/render/voting.h"

#include "tests/unit/check.h"

#define REST "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static const char stream[] =
    "\x02\x01\x03\0\0\0"
    "\x66\0\0\0\5Reply\0\0\5Reply" REST "\4\0\0\0\3Ja?\0\0\3Ja?" REST
    "\4\0\0\0\4Nein\0\0\4Nein" REST "\x04\x01"
    "\5R\0e\0p\0l\0y\0\5R\0e\0p\0l\0y\0"
    "\3J\0a\0\xac\x20\3J\0a\0\xac\x20"
    "\4N\0e\0i\0n\0\4N\0e\0i\0n\0";

static void check(size_t len, const char *expected)
{
    cleanup_buf struct buf out = BUF(1000);

    voting_options((const uint8_t *)stream, len, 1252, &out);
    CHECK_STR(buf_str(&out), expected);
}

int main(void)
{
    cleanup_buf struct buf out = BUF(1000);

    check(sizeof(stream) - 1, "Ja\xE2\x82\xAC; Nein");
    check(sizeof(stream) - 12, "Ja\xE2\x82\xAC; Nein");
    /* cut: what is whole counts */
    check(6 + 4 + 6 + 2 + 6 + 29 + 4 + 4 + 2 + 4 + 29, "Ja?");
    check(20, "");
    check(0, "");
    voting_options((const uint8_t *)"\1\1\1\0\0\0", 6, 1252, &out);
    CHECK_EQ(out.len, 0);
    return check_report();
}
