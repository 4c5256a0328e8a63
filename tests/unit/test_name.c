/* File names from subjects, and the names of one directory. */
#include <errno.h>
#include <stdbool.h>

#include "check.h"
#include "fs/name.h"
#include "fs/nameset.h"
#include "pipeline/base/charset.h"

static struct buf made = BUF(4096);

static const char *name(const char *text, const char *suffix, const char *ext)
{
    buf_clear(&made);
    name_make(text, "(no subject)", suffix, ext, &made);
    return buf_str(&made);
}

static void test_safe(void)
{
    CHECK_STR(name("budget", "", "eml"), "budget.eml");
    CHECK_STR(name("Re: a/b\\c*?\"<>|", "", "eml"), "Re_ a_b_c______.eml");
    CHECK_STR(name("tab\there\n\x7f", "", "eml"), "tab_here__.eml");
    CHECK_STR(name("..hidden", "", "eml"), "__hidden.eml");
    CHECK_STR(name("  . x. . ", "", NULL), "_ x");
    CHECK_STR(name("", "", "eml"), "(no subject).eml");
    CHECK_STR(name(" .. ", "", "eml"), "(no subject).eml");
    CHECK_STR(name("a\xe2\x80\xae"
                   "b\xe2\x80\x8f",
                   "", NULL),
              "ab");
    CHECK_STR(name("c1 \xc2\x85 ls \xe2\x80\xa8", "", NULL), "c1 _ ls _");
    CHECK_STR(name("bad \xff byte", "", NULL), "bad \xef\xbf\xbd byte");
}

static void test_devices(void)
{
    CHECK_STR(name("CON", "", "eml"), "_CON.eml");
    CHECK_STR(name("con.txt", "", NULL), "_con.txt");
    CHECK_STR(name("Lpt1 .x", "", NULL), "_Lpt1 .x");
    CHECK_STR(name("COM10", "", NULL), "COM10");
    CHECK_STR(name("console", "", NULL), "console");
}

static void test_nfc(void)
{
    CHECK_STR(name("cafe\xcc\x81", "", "eml"), "caf\xc3\xa9.eml");
    CHECK_STR(name("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "", NULL),
              "\xed\x95\x9c");
}

static void test_length(void)
{
    char text[2001];

    memset(text, 'x', 2000);
    text[2000] = '\0';
    CHECK(strlen(name(text, " (200024)", "eml")) <= NAME_MAX_BYTES);
    CHECK(strlen(made.data) > 250);
    CHECK_STR(made.data + made.len - 13, " (200024).eml");
    for (int i = 0; i + 3 <= 1998; i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    text[1998] = '\0';
    CHECK(strlen(name(text, "", "eml")) <= NAME_MAX_BYTES);
    CHECK(charset_is_utf8(made.data, made.len));
    /* A decomposed text that grows and one that shrinks. */
    for (int i = 0; i + 3 <= 1998; i += 3)
        memcpy(text + i, "e\xcc\x81", 3);
    CHECK(strlen(name(text, "", "eml")) <= NAME_MAX_BYTES);
    CHECK(charset_is_utf8(made.data, made.len));
}

static struct nameset *set_of(const uint32_t *nids, const char *const *texts,
                              size_t n, bool backwards)
{
    struct nameset *set = nameset_new();

    nameset_reserve(set, "Sub");
    for (size_t k = 0; k < n; k++) {
        size_t i = backwards ? n - 1 - k : k;
        CHECK_EQ(nameset_add(set, nids[i], texts[i], "(no subject)", "eml"), 0);
    }
    CHECK_EQ(nameset_settle(set), 0);
    return set;
}

/* Names must not depend on the order in which the entries come. */
static void test_collisions(bool backwards)
{
    static const uint32_t nids[] = {0x44, 0x24, 0x64, 0x84, 0xa4, 0xc4};
    static const char *const texts[] = {
        "Budget", "budget", "BUDGET", "budget (64)", "", "\xc3\x89t\xc3\xa9"};
    static const char *const expect[] = {
        "Budget (44).eml", "budget.eml",       "BUDGET (64-2).eml",
        "budget (64).eml", "(no subject).eml", "\xc3\x89t\xc3\xa9.eml"};
    struct nameset *set = set_of(nids, texts, 6, backwards);

    for (size_t k = 0; k < 6; k++) {
        ssize_t i = nameset_of_nid(set, nids[k]);
        CHECK(i >= 0);
        CHECK_STR(nameset_at(set, (size_t)i), expect[k]);
        CHECK_EQ(nameset_find(set, expect[k]), i);
    }
    CHECK_EQ(nameset_find(set, "BUDGET.eml"), -ENOENT);
    CHECK_EQ(nameset_of_nid(set, 0x104), -ENOENT);
    nameset_free(&set);
}

static void test_reserved(void)
{
    struct nameset *set = nameset_new();

    nameset_reserve(set, "sub.eml");
    nameset_add(set, 0x24, "SUB", "-", "eml");
    nameset_add(set, 0x44, "\xc3\xa9", "-", "eml");
    nameset_add(set, 0x64, "\xc3\x89", "-", "eml");
    CHECK_EQ(nameset_settle(set), 0);
    CHECK_STR(nameset_at(set, 0), "SUB (24).eml");
    CHECK_STR(nameset_at(set, 1), "\xc3\xa9.eml");
    CHECK_STR(nameset_at(set, 2), "\xc3\x89 (64).eml");
    nameset_free(&set);
}

static void test_limit(void)
{
    struct nameset *set = nameset_new();
    char text[400];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    nameset_limit(set, 40);
    nameset_add(set, 0x24, text, "-", "eml");
    nameset_add(set, 0x44, text, "-", "eml");
    CHECK_EQ(nameset_settle(set), 0);
    CHECK(strlen(nameset_at(set, 0)) <= 40);
    CHECK(strlen(nameset_at(set, 1)) <= 40);
    CHECK(strstr(nameset_at(set, 1), " (44).eml") != NULL);
    nameset_free(&set);
}

static void test_many(void)
{
    struct nameset *set = nameset_new();

    for (uint32_t i = 0; i < 20000; i++)
        nameset_add(set, (20000 - i) << 5 | 4, "same", "-", "eml");
    CHECK_EQ(nameset_settle(set), 0);
    CHECK_STR(nameset_at(set, 19999), "same.eml");
    CHECK_STR(nameset_at(set, 0), "same (9c404).eml");
    CHECK_EQ(nameset_find(set, "same (9c404).eml"), 0);
    nameset_free(&set);
}

int main(void)
{
    test_safe();
    test_devices();
    test_nfc();
    test_length();
    test_collisions(false);
    test_collisions(true);
    test_reserved();
    test_limit();
    test_many();
    buf_finish(&made);
    return check_report();
}
