/* Recurrence blobs ([MS-OXOCAL] 2.2.1.44) to RRULE, judged by libical. */
#include "pipeline/render/recur.h"

#include <libical/ical.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/clock.h"
#include "tests/unit/check.h"

#define LIMIT (1u << 20)

static struct buf blob = BUF(LIMIT);

static void put16(unsigned v)
{
    buf_addc(&blob, (char)v);
    buf_addc(&blob, (char)(v >> 8));
}

static void put32(uint32_t v)
{
    put16(v & 0xFFFF);
    put16(v >> 16);
}

static uint32_t minutes(int year, int month, int day)
{
    struct time_utc t = {.year = year, .month = month, .day = day};

    return (uint32_t)((time_joined(&t) + 11644473600LL) / 60);
}

struct pattern {
    unsigned frequency, type;
    uint32_t period, mask, day, end_type, count;
};

/* The pattern up to the lists; start 2024-01-15, end 2024-12-31. */
static void put_pattern(const struct pattern *p)
{
    buf_clear(&blob);
    put16(0x3004);
    put16(0x3004);
    put16(p->frequency);
    put16(p->type);
    put16(0);
    put32(0);
    put32(p->period);
    put32(0);
    if (p->type == 1 || p->type == 3)
        put32(p->mask);
    if (p->type > 1)
        put32(p->day);
    put32(p->end_type);
    put32(p->count);
    put32(1);
}

static void put_tail(void)
{
    put32(minutes(2024, 1, 15));
    put32(minutes(2024, 12, 31));
}

static int parse(struct arena *arena, struct recur *r, bool *cut)
{
    return recur_parse((const uint8_t *)blob.data, blob.len, 1252, arena, r,
                       cut);
}

static void check_rule(const struct pattern *p, const char *expected)
{
    cleanup_buf struct buf rule = BUF(LIMIT);
    struct arena *arena = arena_new();
    struct icalrecurrencetype t;
    struct recur r;
    bool cut;

    put_pattern(p);
    put32(0);
    put32(0);
    put_tail();
    CHECK_EQ(parse(arena, &r, &cut), 0);
    CHECK(!recur_calendar(&r));
    recur_rule(&r, "20241231", &rule);
    CHECK_STR(buf_str(&rule), expected);
    t = icalrecurrencetype_from_string(buf_str(&rule));
    CHECK(t.freq != ICAL_NO_RECURRENCE);
    arena_free(&arena);
}

static void test_rules(void)
{
    static const struct {
        struct pattern p;
        const char *rule;
    } rows[] = {
        {{0x200A, 0, 1440, 0, 0, 0x2023, 0}, "FREQ=DAILY"},
        {{0x200A, 0, 4320, 0, 0, 0x2022, 7}, "FREQ=DAILY;INTERVAL=3;COUNT=7"},
        {{0x200A, 1, 1, 0x3E, 0, 0x2023, 0},
         "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"},
        {{0x200B, 1, 2, 0x22, 0, 0x2021, 0},
         "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;UNTIL=20241231"},
        {{0x200B, 1, 2, 0x41, 0, 0x2023, 0},
         "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,SA"},
        {{0x200C, 2, 3, 0, 15, 0x2023, 0},
         "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=15"},
        {{0x200C, 2, 1, 0, 30, 0x2023, 0},
         "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1"},
        {{0x200C, 2, 1, 0, 31, 0x2023, 0}, "FREQ=MONTHLY;BYMONTHDAY=-1"},
        {{0x200C, 4, 1, 0, 31, 0x2023, 0}, "FREQ=MONTHLY;BYMONTHDAY=-1"},
        {{0x200C, 3, 1, 0x02, 2, 0x2023, 0}, "FREQ=MONTHLY;BYDAY=2MO"},
        {{0x200C, 3, 1, 0x20, 5, 0x2023, 0}, "FREQ=MONTHLY;BYDAY=-1FR"},
        {{0x200C, 3, 1, 0x3E, 5, 0x2023, 0},
         "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"},
        {{0x200C, 3, 1, 0x7F, 3, 0x2023, 0}, "FREQ=MONTHLY;BYMONTHDAY=3"},
        {{0x200D, 2, 12, 0, 15, 0x2023, 0},
         "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=15"},
        {{0x200D, 3, 24, 0x01, 4, 0x2022, 3},
         "FREQ=YEARLY;INTERVAL=2;BYMONTH=1;BYDAY=4SU;COUNT=3"},
    };

    for (size_t i = 0; i < array_len(rows); i++)
        check_rule(&rows[i].p, rows[i].rule);
}

/* A Hijri pattern is read, and told to be none for a rule. */
static void test_hijri(void)
{
    static const struct pattern p = {0x200C, 10, 1, 0, 15, 0x2023, 0};
    struct arena *arena = arena_new();
    struct recur r;
    bool cut;

    put_pattern(&p);
    put32(0);
    put32(0);
    put_tail();
    CHECK_EQ(parse(arena, &r, &cut), 0);
    CHECK_STR(recur_calendar(&r), "Hijri");
    CHECK_EQ(r.day, 15);
    arena_free(&arena);
}

/* Mid-month patterns whose first day is not that of the start. */
static void test_first(void)
{
    static const struct {
        struct pattern p;
        int month, day;
    } rows[] = {
        {{0x200A, 0, 4320, 0, 0, 0x2023, 0}, 1, 15},
        {{0x200B, 1, 1, 0x20, 0, 0x2023, 0}, 1, 19}, /* Friday */
        {{0x200C, 2, 1, 0, 31, 0x2023, 0}, 1, 31},
        {{0x200C, 2, 1, 0, 10, 0x2023, 0}, 2, 10},
        {{0x200C, 3, 1, 0x02, 2, 0x2023, 0}, 2, 12},
        {{0x200C, 3, 1, 0x41, 5, 0x2023, 0}, 1, 28}, /* last of a weekend */
    };
    struct arena *arena = arena_new();
    struct recur r;
    bool cut;

    for (size_t i = 0; i < array_len(rows); i++) {
        put_pattern(&rows[i].p);
        put32(0);
        put32(0);
        put_tail();
        CHECK_EQ(parse(arena, &r, &cut), 0);
        CHECK_EQ(recur_first(&r, r.start_date),
                 (int64_t)minutes(2024, rows[i].month, rows[i].day) * 60 -
                     11644473600LL);
    }
    arena_free(&arena);
}

static void put_wide(const char *text)
{
    cleanup_buf struct buf wide = BUF(LIMIT);

    charset_to_utf16(text, strlen(text), &wide);
    put16((unsigned)wide.len / 2);
    buf_add(&blob, buf_str(&wide), wide.len);
}

static void put_change(uint32_t day)
{
    put32(day + 700);
    put32(day + 730);
    put32(day - 1440 + 600);
    put16(RECUR_SUBJECT | RECUR_BUSY | RECUR_REMINDER | RECUR_DELTA);
    put16(4);
    put16(3);
    buf_adds(&blob, "a?b");
    put32(20);
    put32(1);
    put32(3);
}

static void put_extended(void)
{
    put32(4); /* highlight */
    put32(0);
    put32(0);
    put32(0); /* times */
    put32(0);
    put32(0);
    put_wide("a\xE2\x82\xAC"
             "b");
    put32(0);
}

/* A weekly series: one instance deleted, two moved and renamed. */
static void put_series(void)
{
    static const struct pattern weekly = {0x200B, 1, 1, 2, 0, 0x2023, 0};

    put_pattern(&weekly);
    put32(3);
    put32(minutes(2024, 1, 22));
    put32(minutes(2024, 1, 29));
    put32(minutes(2024, 2, 5));
    put32(2);
    put32(minutes(2024, 1, 30));
    put32(minutes(2024, 2, 6));
    put_tail();
    put32(0x3006);
    put32(0x3009);
    put32(600);
    put32(660);
    put16(2);
    put_change(minutes(2024, 1, 30));
    put_change(minutes(2024, 2, 6));
    put32(0);
    put_extended();
    put_extended();
    put32(0);
}

static void test_series(void)
{
    struct arena *arena = arena_new();
    struct recur r;
    bool cut;

    put_series();
    CHECK_EQ(parse(arena, &r, &cut), 0);
    CHECK(!cut && r.has_times);
    CHECK_EQ(r.start_offset, 36000);
    CHECK_EQ(r.deleted_count, 1);
    CHECK_EQ(r.deleted[0], 1705881600);
    CHECK_EQ(r.exception_count, 2);
    CHECK_EQ(r.exceptions[0].original, 1706522400);
    CHECK_EQ(r.exceptions[0].start, 1706614800);
    CHECK_EQ(r.exceptions[0].delta, 20);
    CHECK(r.exceptions[0].reminder);
    CHECK_EQ(r.exceptions[1].busy, 3);
    for (size_t i = 0; i < 2; i++)
        CHECK_STR(r.exceptions[i].subject, "a\xE2\x82\xAC"
                                           "b");
    arena_free(&arena);
}

/* Every cut and every flipped byte must end well. */
static void test_damage(void)
{
    struct arena *arena = arena_new();
    struct recur r;
    bool cut;
    size_t len;

    put_series();
    len = blob.len;
    for (size_t n = 0; n < len; n++) {
        char *copy = malloc(n + 1);
        memcpy(copy, blob.data, n);
        int e = recur_parse((uint8_t *)copy, n, 1252, arena, &r, &cut);
        CHECK(e == 0 || e == -EBADMSG);
        free(copy);
    }
    for (size_t n = 0; n < len; n++) {
        blob.data[n] ^= 0x81;
        parse(arena, &r, &cut);
        blob.data[n] ^= 0x81;
    }
    CHECK_EQ(recur_parse(NULL, 0, 1252, arena, &r, &cut), -EBADMSG);
    arena_free(&arena);
}

int main(void)
{
    test_rules();
    test_hijri();
    test_first();
    test_series();
    test_damage();
    buf_finish(&blob);
    return check_report();
}
