#include "pipeline/target/imap_text.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/unit/check.h"

static bool fetch(const char *line, struct imap_fetch *f)
{
    return imap_fetch_parse(line, strlen(line), f);
}

static void test_fetch(void)
{
    static const char *const wrong[] = {
        "",
        "12 EXISTS",
        "12 FETCH",
        "12 FETCH (",
        "12 FETCH (UID)",
        "12 FETCH (UID x)",
        "12 FETCH (UID 7",
        "12 FETCH (BODY[] {9}\r\nabc)",
        "12 FETCH (BODY[] {99999999999999999999999}\r\nabc)",
        "12 FETCH (BODY[HEADER.FIELDS (A {3}\r\nabc)",
        "12 FETCH (FLAGS (\\Seen UID 7)",
        "12 FETCH (X \"unfinished)",
        "12 FETCH (X ())) UID 7)",
    };
    struct imap_fetch f;

    CHECK(fetch("12 FETCH (UID 7 RFC822.SIZE 345)", &f));
    CHECK_EQ(f.uid, 7);
    CHECK_EQ(f.size, 345);
    CHECK(fetch("1 fetch (FLAGS (\\Seen $Forwarded) uid 4294967295 "
                "ENVELOPE (NIL (\"a\\\"b\" NIL) {2}\r\n)( \"\") "
                "BODY[HEADER.FIELDS (X-PSTFS-ID)] {5}\r\nab\r\nc)",
                &f));
    CHECK_EQ(f.uid, 4294967295);
    CHECK_EQ(f.body_len, 5);
    CHECK(f.body && memcmp(f.body, "ab\r\nc", 5) == 0);
    CHECK(fetch("3 FETCH (BODY[] {0}\r\n UID 9)", &f));
    CHECK(f.body && f.body_len == 0 && f.uid == 9);
    for (size_t i = 0; i < array_len(wrong); i++)
        CHECK(!fetch(wrong[i], &f));
}

/* Every prefix and every changed byte of an answer is refused or taken, but
 * never read beyond its end (a sanitizer would tell). */
static void test_bent(void)
{
    static const char good[] = "12 FETCH (UID 7 FLAGS (\\Seen \\*) BODY[A (B)] "
                               "{5}\r\nab\r\nc X \"q\\\"\" RFC822.SIZE 345)";
    static const char bytes[] = "(){}[]\"\\ \r\n0\xff";
    struct imap_fetch f;

    for (size_t n = 0; n < sizeof(good) - 1; n++) {
        char *copy = malloc(n + 1);
        memcpy(copy, good, n + 1);
        CHECK(!imap_fetch_parse(copy, n, &f));
        for (size_t k = 0; k < sizeof(bytes); k++) {
            char *bent = malloc(sizeof(good) - 1);
            memcpy(bent, good, sizeof(good) - 1);
            bent[n] = bytes[k];
            imap_fetch_parse(bent, sizeof(good) - 1, &f);
            if (f.body)
                CHECK(f.body >= bent &&
                      f.body + f.body_len <= bent + sizeof(good) - 1);
            free(bent);
        }
        free(copy);
    }
}

static void test_nesting(void)
{
    char deep[512] = "1 FETCH (X ";
    struct imap_fetch f;

    memset(deep + 11, '(', 200);
    memset(deep + 211, ')', 200);
    snprintf(deep + 411, 32, " UID 3)");
    CHECK(!fetch(deep, &f));
}

static void test_sets(void)
{
    static const uint32_t uids[] = {1, 2, 3, 7, 9, 10, 4294967295u};
    cleanup_buf struct buf b = BUF(100);
    uint32_t got[8];

    imap_set_write(&b, uids, array_len(uids));
    CHECK_STR(buf_str(&b), "1:3,7,9:10,4294967295");
    CHECK(imap_set_read(b.data, got, array_len(uids)));
    CHECK(memcmp(got, uids, sizeof(uids)) == 0);
    CHECK(imap_set_read("5:6] done", got, 2));
    CHECK(!imap_set_read("5:6", got, 3));
    CHECK(!imap_set_read("5:7", got, 2));
    CHECK(!imap_set_read("1:4294967295", got, 8));
    CHECK(!imap_set_read("0", got, 1));
    CHECK(!imap_set_read("7:5", got, 3));
    CHECK(!imap_set_read("", got, 1));
    CHECK(!imap_set_read("5,", got, 2));
}

static void test_strings(void)
{
    static const struct {
        const char *in, *out;
    } table[] = {
        {"atom rest", "atom"}, {"\"a b\\\\c\\\"\" x", "a b\\c\""},
        {"{3}\r\na b", "a b"}, {"NIL", ""},
        {"\"NIL\"", "NIL"},    {"\"\"", ""},
    };

    for (size_t i = 0; i < array_len(table); i++) {
        cleanup_buf struct buf b = BUF(100);
        struct imap_text t = {table[i].in, table[i].in + strlen(table[i].in)};
        CHECK(imap_string(&t, &b));
        CHECK_STR(buf_str(&b), table[i].out);
    }
    cleanup_buf struct buf b = BUF(100);
    imap_quote(&b, "a\"b\\c");
    CHECK_STR(buf_str(&b), "\"a\\\"b\\\\c\"");
}

static void test_codes(void)
{
    CHECK_EQ(imap_code_errno("OVERQUOTA] full"), EDQUOT);
    CHECK_EQ(imap_code_errno("overquota]"), EDQUOT);
    CHECK_EQ(imap_code_errno("TOOBIG]"), EFBIG);
    CHECK_EQ(imap_code_errno("UNAVAILABLE] later"), EAGAIN);
    CHECK_EQ(imap_code_errno("OVERQUOTAS]"), EIO);
    CHECK_EQ(imap_code_errno(""), EIO);
}

static void test_lists(void)
{
    static const char text[] = "(\\Answered $Forwarded \\*)] Flags";
    struct imap_text t = {text, text + sizeof(text) - 1};

    CHECK(imap_list_has(t, "\\*"));
    CHECK(imap_list_has(t, "$forwarded"));
    CHECK(!imap_list_has(t, "$Forward"));
    CHECK(!imap_list_has(t, "Flags"));
}

int main(void)
{
    test_fetch();
    test_bent();
    test_nesting();
    test_sets();
    test_strings();
    test_codes();
    test_lists();
    return check_report();
}
