/* Content lines of vCard and iCalendar: escaping and folding. */
#include "pipeline/render/card.h"

#include "tests/unit/check.h"

#define LIMIT (1u << 20)

static void test_escape(void)
{
    cleanup_buf struct buf b = BUF(LIMIT);
    const char *const name[] = {"Doe;J", "a,b", "", "c\\d", "e\nf"};

    card_text(&b, "FN",
              "a, b; c\\d\ne\x01"
              "f\rg");
    CHECK_STR(buf_str(&b), "FN:a\\, b\\; c\\\\d\\ne f g\n");
    buf_clear(&b);
    card_list(&b, "N", name, 5, ';');
    CHECK_STR(buf_str(&b), "N:Doe\\;J;a\\,b;;c\\\\d;e\\nf\n");
    buf_clear(&b);
    card_text(&b, "NOTE", "");
    CHECK_EQ(b.len, 0);
    card_raw(&b, "X", "a\r\nEND:VCARD");
    CHECK_STR(buf_str(&b), "X:a  END:VCARD\n");
    buf_clear(&b);
    card_param(&b, "a\"b;c\nd");
    CHECK_STR(buf_str(&b), "\"a'b;c d\"");
}

static void test_fold(void)
{
    cleanup_buf struct buf b = BUF(LIMIT), flat = BUF(LIMIT);
    char text[2001] = "";
    const char *at;

    for (int i = 0; i < 300; i++)
        strncat(text, i % 3 ? "\xE6\x97\xA5" : "ab", sizeof(text) - 10);
    card_text(&b, "NOTE", text);
    for (at = buf_str(&b); *at;) {
        size_t n = strcspn(at, "\n");
        CHECK(n <= CARD_COLUMNS);
        CHECK(((unsigned char)at[at == b.data ? 0 : 1] & 0xC0) != 0x80);
        buf_add(&flat, at + (at != b.data), n - (at != b.data));
        at += n + 1;
    }
    CHECK_STR(buf_str(&flat) + 5, text);
}

int main(void)
{
    test_escape();
    test_fold();
    return check_report();
}
