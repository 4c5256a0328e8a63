/* Recurrence blobs ([MS-OXOCAL] 2.2.1.44) to RRULE, judged by libical. */
#include "pipeline/render/recur.h"

#include <libical/ical.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/clock.h"
#include "pipeline/render/zone.h"
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

static void check_rule(const struct pattern *p, int shift, const char *expected)
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
    recur_rule(&r, shift, "20241231", &rule);
    CHECK_STR(buf_str(&rule), expected);
    t = icalrecurrencetype_from_string(buf_str(&rule));
    CHECK(t.freq != ICAL_NO_RECURRENCE);
    arena_free(&arena);
}

static void test_rules(void)
{
    static const struct {
        struct pattern p;
        int shift;
        const char *rule;
    } rows[] = {
        {{0x200A, 0, 1440, 0, 0, 0x2023, 0}, 0, "FREQ=DAILY"},
        {{0x200A, 0, 4320, 0, 0, 0x2022, 7},
         0,
         "FREQ=DAILY;INTERVAL=3;COUNT=7"},
        {{0x200A, 1, 1, 0x3E, 0, 0x2023, 0},
         0,
         "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"},
        {{0x200B, 1, 2, 0x22, 0, 0x2021, 0},
         0,
         "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;UNTIL=20241231"},
        {{0x200B, 1, 1, 0x41, 0, 0x2023, 0}, 1, "FREQ=WEEKLY;BYDAY=SU,MO"},
        {{0x200B, 1, 1, 0x41, 0, 0x2023, 0}, -1, "FREQ=WEEKLY;BYDAY=FR,SA"},
        {{0x200C, 2, 3, 0, 15, 0x2023, 0},
         0,
         "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=15"},
        {{0x200C, 2, 1, 0, 31, 0x2023, 0}, 0, "FREQ=MONTHLY;BYMONTHDAY=-1"},
        {{0x200C, 2, 1, 0, 1, 0x2023, 0}, -1, "FREQ=MONTHLY;BYMONTHDAY=-1"},
        {{0x200C, 4, 1, 0, 31, 0x2023, 0}, 1, "FREQ=MONTHLY;BYMONTHDAY=1"},
        {{0x200C, 3, 1, 0x02, 2, 0x2023, 0}, 0, "FREQ=MONTHLY;BYDAY=2MO"},
        {{0x200C, 3, 1, 0x20, 5, 0x2023, 0}, 0, "FREQ=MONTHLY;BYDAY=-1FR"},
        {{0x200C, 3, 1, 0x3E, 5, 0x2023, 0},
         0,
         "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"},
        {{0x200C, 3, 1, 0x02, 1, 0x2023, 0},
         -1,
         "FREQ=MONTHLY;BYDAY=SU;BYMONTHDAY=-1,1,2,3,4,5,6"},
        {{0x200D, 2, 12, 0, 15, 0x2023, 0},
         0,
         "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=15"},
        {{0x200D, 3, 24, 0x01, 4, 0x2022, 3},
         0,
         "FREQ=YEARLY;INTERVAL=2;BYMONTH=1;BYDAY=4SU;COUNT=3"},
    };

    for (size_t i = 0; i < array_len(rows); i++)
        check_rule(&rows[i].p, rows[i].shift, rows[i].rule);
}

static void put_wide(const char *text)
{
    cleanup_buf struct buf wide = BUF(LIMIT);

    charset_to_utf16(text, strlen(text), &wide);
    put16((unsigned)wide.len / 2);
    buf_add(&blob, buf_str(&wide), wide.len);
}

/* A weekly series: one instance deleted, one moved and renamed. */
static void put_series(void)
{
    static const struct pattern weekly = {0x200B, 1, 1, 2, 0, 0x2023, 0};

    put_pattern(&weekly);
    put32(2);
    put32(minutes(2024, 1, 22));
    put32(minutes(2024, 1, 29));
    put32(1);
    put32(minutes(2024, 1, 30));
    put_tail();
    put32(0x3006);
    put32(0x3009);
    put32(600);
    put32(660);
    put16(1);
    put32(minutes(2024, 1, 30) + 700);
    put32(minutes(2024, 1, 30) + 730);
    put32(minutes(2024, 1, 29) + 600);
    put16(RECUR_SUBJECT | RECUR_BUSY);
    put16(4);
    put16(3);
    buf_adds(&blob, "a?b");
    put32(0);
    put32(0);
    put32(4);
    put32(0);
    put32(0);
    put32(0);
    put32(0);
    put32(0);
    put_wide("a\xE2\x82\xAC"
             "b");
    put32(0);
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
    CHECK_EQ(r.exception_count, 1);
    CHECK_EQ(r.exceptions[0].original, 1706522400);
    CHECK_EQ(r.exceptions[0].start, 1706614800);
    CHECK_STR(r.exceptions[0].subject, "a\xE2\x82\xAC"
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

static void test_zone(void)
{
    uint8_t berlin[48] = {0xC4, 0xFF, 0xFF, 0xFF, 0,    0,
                          0,    0,    0xC4, 0xFF, 0xFF, 0xFF};
    struct zone z;

    CHECK(!zone_parse_struct(berlin, 47, &z));
    CHECK_EQ(zone_date(&z, 1700000000), 1700006400);
    CHECK(zone_parse_struct(berlin, 48, &z));
    CHECK_EQ(z.offsets[0], 3600);
    CHECK_EQ(z.offsets[1], 7200);
    CHECK_EQ(zone_date(&z, 1704063600), 1704067200); /* 23:00Z: 1 January */
    CHECK_EQ(zone_date(&z, 1719784800), 1719792000); /* 22:00Z: 1 July */
}

int main(void)
{
    test_rules();
    test_series();
    test_damage();
    test_zone();
    buf_finish(&blob);
    return check_report();
}
