/* Original headers: parsing, strictness of addresses, message ids. */
#include "pipeline/render/address.h"
#include "pipeline/render/msgid.h"
#include "pipeline/render/transport.h"

#include "tests/unit/check.h"

#define LIMIT (1u << 20)

static bool strict(const char *text)
{
    return address_is_strict(text, strlen(text));
}

static void test_strict(void)
{
    CHECK(strict("a@b.c"));
    CHECK(strict(" John Doe <a@b.c>, \"D, J\" <x@y>, z@[1.2.3.4]"));
    CHECK(strict("=?utf-8?Q?=C3=BC?= <a@b.c>"));
    CHECK(strict("\"quoted part\"@x.y") == false);
    CHECK(strict("X <\"quoted part\"@x.y>"));
    CHECK(strict("undisclosed-recipients:;"));
    CHECK(strict("team: a@b.c, D <e@f.g>;, h@i.j"));
    CHECK(!strict(""));
    CHECK(!strict("a"));
    CHECK(!strict("a@b.c,"));
    CHECK(!strict("John Q. Public <a@b.c>"));
    CHECK(!strict("Doe, John <a@b.c>"));
    CHECK(!strict("X </O=ORG/CN=X>"));
    CHECK(!strict("a@b.c <a@b.c>"));
    CHECK(!strict("a@b@c.d"));
    CHECK(!strict("X <a@b.c"));
    CHECK(!strict("\"open <a@b.c>"));
    CHECK(!strict("a..b@c.d"));
    CHECK(!strict("a@b.c; d@e.f"));
}

static struct mailboxes parse(struct work *w, const char *text)
{
    struct mailboxes list;

    address_parse(w, text, strlen(text), &list);
    return list;
}

static void test_parse(void)
{
    struct work w = {.arena = arena_new(), .scratch = BUF(LIMIT)};
    struct mailboxes l =
        parse(&w, "Doe, J. <a@b.c>, =?utf-8?Q?=C3=BC?= <d@e.f> (x), g@h.i,"
                  "\"a \\\" b\" </O=X>");

    CHECK_EQ(l.count, 5);
    CHECK_STR(l.list[0].name, "Doe");
    CHECK(l.list[0].addr == NULL);
    CHECK_STR(l.list[1].name, "J.");
    CHECK_STR(l.list[1].addr, "a@b.c");
    CHECK_STR(l.list[2].name, "\xC3\xBC");
    CHECK_STR(l.list[2].addr, "d@e.f");
    CHECK_STR(l.list[3].addr, "g@h.i");
    CHECK_STR(l.list[4].name, "a \" b");
    CHECK_STR(l.list[4].other, "/O=X");
    CHECK_EQ(parse(&w, "").count, 0);
    CHECK_EQ(parse(&w, "<<<>>>,,,;;(((").count, 1);
    arena_free(&w.arena);
}

static void check_repair(const char *id, const char *expected)
{
    cleanup_buf struct buf out = BUF(LIMIT);

    msgid_repair(id, strlen(id), &out);
    CHECK_STR(buf_str(&out), expected);
    CHECK(msgid_is_valid(buf_str(&out), out.len));
}

static void test_ids(void)
{
    cleanup_buf struct buf out = BUF(LIMIT);
    const char *text = "<a@b> junk <c@d@e> <x y>";

    CHECK(msgid_is_valid("<a.b@c.d>", 9));
    CHECK(msgid_is_valid("<a@[::1]>", 9));
    CHECK(!msgid_is_valid("<a@b@c>", 7));
    CHECK(!msgid_is_valid("<a.@b>", 6));
    CHECK(!msgid_is_valid("<abc>", 5));
    CHECK(!msgid_is_valid("a@b.c", 5));
    check_repair("<a@b@c>", "<a=40b@c>");
    check_repair("abc", "<abc@invalid>");
    check_repair("<a b>@\r\n", "<a=20b=3E@=0D=0A>");
    check_repair("<>", "<none@invalid>");
    check_repair("<@x>", "<none@x>");
    msgid_write(&out, "References", text, strlen(text));
    CHECK_STR(buf_str(&out), "References: <a@b> <c=40d@e>\n");
}

static void test_fields(void)
{
    const char *text = "Microsoft Mail Internet Headers Version 2.0\n"
                       "Received: a\n\tb\n"
                       "no colon here\n\tnor here\n"
                       "--x: not a name\n"
                       "SUBJECT : s \n"
                       "Empty:\n"
                       "\n"
                       "Content-Type: after the end\n";
    struct arena *arena = arena_new();
    struct transport t;

    CHECK_EQ(transport_parse(text, strlen(text), arena, &t), 0);
    CHECK_EQ(t.count, 3);
    CHECK_EQ(t.fields[0].value_len, 5);
    CHECK(transport_is_clean(&t.fields[0]));
    CHECK(transport_find(&t, "subject") == &t.fields[1]);
    CHECK_EQ(transport_find(&t, "Subject")->name_len, 7);
    CHECK(transport_find(&t, "Content-Type") == NULL);
    CHECK_EQ(transport_parse("", 0, arena, &t), 0);
    CHECK_EQ(t.count, 0);
    arena_free(&arena);
}

static bool clean(const char *value)
{
    struct field f = {"X", 1, value, strlen(value)};

    return transport_is_clean(&f);
}

static void test_clean(void)
{
    char long_line[1100];

    CHECK(clean("a b"));
    CHECK(clean("a\n b\n\tc"));
    CHECK(!clean("a\n \n b"));
    CHECK(!clean("a\x01"));
    CHECK(!clean("\xC3\xBC"));
    CHECK(!clean("a\rb"));
    memset(long_line, 'x', sizeof(long_line) - 1);
    long_line[sizeof(long_line) - 1] = '\0';
    CHECK(!clean(long_line));
}

int main(void)
{
    test_strict();
    test_parse();
    test_ids();
    test_fields();
    test_clean();
    return check_report();
}
