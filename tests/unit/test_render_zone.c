/* Time zone blobs ([MS-OXOCAL] 2.2.1.39, 2.2.1.41) and their clocks. */
#include "pipeline/render/zone.h"

#include <string.h>

#include "pipeline/base/buf.h"
#include "pipeline/base/charset.h"
#include "pipeline/base/clock.h"
#include "tests/unit/check.h"

#define LIMIT (1u << 16)

static struct buf blob = BUF(LIMIT);

static void put16(unsigned v)
{
    buf_addc(&blob, (char)v);
    buf_addc(&blob, (char)(v >> 8));
}

static void put32(int32_t v)
{
    put16((unsigned)v & 0xFFFF);
    put16((unsigned)v >> 16);
}

struct change {
    unsigned month, weekday, nth, hour;
};

static void put_change(const struct change *c)
{
    put16(0);
    put16(c->month);
    put16(c->weekday);
    put16(c->nth);
    put16(c->hour);
    put16(0);
    put16(0);
    put16(0);
}

struct rule {
    unsigned year;
    int32_t bias, daylight; /* minutes */
    struct change to_standard, to_daylight;
};

static void put_biases(const struct rule *r)
{
    put32(r->bias);
    put32(0);
    put32(r->daylight);
}

static void put_definition(const char *key, const struct rule *rules,
                           size_t count)
{
    cleanup_buf struct buf wide = BUF(LIMIT);

    charset_to_utf16(key, strlen(key), &wide);
    buf_clear(&blob);
    put16(0x0102);
    put16((unsigned)wide.len + 6);
    put16(2);
    put16((unsigned)wide.len / 2);
    buf_add(&blob, buf_str(&wide), wide.len);
    put16((unsigned)count);
    for (size_t i = 0; i < count; i++) {
        put16(0x0102);
        put16(0x3E);
        put16(i + 1 == count ? 3 : 0);
        put16(rules[i].year);
        memset(buf_grow(&blob, 14), 0, 14);
        put_biases(&rules[i]);
        put_change(&rules[i].to_standard);
        put_change(&rules[i].to_daylight);
    }
}

static const uint8_t *bytes(void)
{
    return (const uint8_t *)buf_str(&blob);
}

static const struct rule berlin = {2008, -60, -60, {10, 0, 5, 3}, {3, 0, 5, 2}};
static const struct rule sydney = {
    2008, -600, -60, {4, 0, 1, 3}, {10, 0, 1, 2}};
/* Two hours more the whole year, then one less: as Moscow had it. */
static const struct rule moscow[] = {
    {2010, -180, -60, {10, 0, 5, 3}, {3, 0, 5, 2}},
    {2012, -240, 0, {0}, {0}},
    {2015, -180, 0, {0}, {0}},
};

static int64_t at(int year, int month, int day, int hour, int minute)
{
    struct time_utc t = {year, month, day, hour, minute, 0, 0};

    return time_joined(&t);
}

static void check_clock(const struct zone *z, int64_t local, int64_t utc)
{
    CHECK_EQ(zone_to_utc(z, local), utc);
    CHECK_EQ(zone_to_local(z, utc), local);
}

static void test_berlin(struct arena *arena)
{
    struct zone z;

    put_definition("W. Europe Standard Time", &berlin, 1);
    CHECK_EQ(zone_parse_definition(bytes(), blob.len, arena, &z), 0);
    CHECK_STR(z.key, "W. Europe Standard Time");
    CHECK_STR(zone_iana(z.key, arena), "Europe/Berlin");
    CHECK_EQ(z.count, 1);
    CHECK(z.rules[0].of_series);
    check_clock(&z, at(2024, 1, 15, 9, 0), at(2024, 1, 15, 8, 0));
    check_clock(&z, at(2024, 7, 15, 9, 0), at(2024, 7, 15, 7, 0));
    check_clock(&z, at(2024, 3, 31, 1, 59), at(2024, 3, 31, 0, 59));
    check_clock(&z, at(2024, 3, 31, 3, 0), at(2024, 3, 31, 1, 0));
    /* The hour that is left out, and the one that comes twice. */
    CHECK_EQ(zone_to_utc(&z, at(2024, 3, 31, 2, 30)), at(2024, 3, 31, 1, 30));
    CHECK_EQ(zone_to_utc(&z, at(2024, 10, 27, 2, 30)), at(2024, 10, 27, 0, 30));
    CHECK_EQ(zone_to_local(&z, at(2024, 10, 27, 1, 30)),
             at(2024, 10, 27, 2, 30));
    check_clock(&z, at(2024, 10, 27, 3, 0), at(2024, 10, 27, 2, 0));
}

static void test_south(struct arena *arena)
{
    struct zone z;

    put_definition("AUS Eastern Standard Time", &sydney, 1);
    CHECK_EQ(zone_parse_definition(bytes(), blob.len, arena, &z), 0);
    check_clock(&z, at(2024, 1, 15, 9, 0), at(2024, 1, 14, 22, 0));
    check_clock(&z, at(2024, 7, 15, 9, 0), at(2024, 7, 14, 23, 0));
    check_clock(&z, at(2024, 12, 31, 23, 0), at(2024, 12, 31, 12, 0));
}

static void test_years(struct arena *arena)
{
    struct zone z;

    put_definition("Russian Standard Time", moscow, array_len(moscow));
    CHECK_EQ(zone_parse_definition(bytes(), blob.len, arena, &z), 0);
    CHECK_EQ(z.count, 3);
    check_clock(&z, at(2009, 7, 1, 12, 0), at(2009, 7, 1, 8, 0));
    check_clock(&z, at(2011, 1, 1, 12, 0), at(2011, 1, 1, 9, 0));
    check_clock(&z, at(2012, 1, 1, 12, 0), at(2012, 1, 1, 8, 0));
    check_clock(&z, at(2014, 12, 31, 23, 30), at(2014, 12, 31, 19, 30));
    check_clock(&z, at(2015, 1, 1, 12, 0), at(2015, 1, 1, 9, 0));
}

static void test_struct(struct arena *arena)
{
    struct zone z;

    buf_clear(&blob);
    put_biases(&berlin);
    put16(0);
    put_change(&berlin.to_standard);
    put16(0);
    put_change(&berlin.to_daylight);
    CHECK_EQ(blob.len, 48);
    CHECK_EQ(zone_parse_struct(bytes(), 47, arena, &z), -EBADMSG);
    CHECK_EQ(zone_parse_struct(bytes(), 48, arena, &z), 0);
    CHECK_EQ(z.rules[0].standard, 3600);
    CHECK_EQ(z.rules[0].daylight, 7200);
    CHECK_EQ(zone_date(&z, 1704063600), 1704067200); /* 23:00Z: 1 January */
    CHECK_EQ(zone_date(&z, 1719784800), 1719792000); /* 22:00Z: 1 July */
    z.count = 0;
    CHECK_EQ(zone_date(&z, 1700000000), 1700006400);
    CHECK_EQ(zone_to_utc(&z, 1700000000), 1700000000);
}

static void test_names(struct arena *arena)
{
    CHECK(zone_seal());
    CHECK_STR(zone_iana("GTB Standard Time", arena), "Europe/Bucharest");
    CHECK_STR(zone_iana("America/New_York", arena), "America/New_York");
    CHECK_STR(zone_iana("EST", arena), "");
    CHECK_STR(zone_iana("Customized Time Zone", arena), "");
    CHECK_STR(zone_iana("", arena), "");
    CHECK_STR(zone_iana("\xC3\xA4", arena), "");
}

/* Every cut and every flipped byte must end well. */
static void test_damage(struct arena *arena)
{
    struct zone z;

    put_definition("Russian Standard Time", moscow, array_len(moscow));
    for (size_t n = 0; n < blob.len; n++) {
        char *copy = malloc(n + 1);
        memcpy(copy, blob.data, n);
        CHECK(zone_parse_definition((uint8_t *)copy, n, arena, &z) == -EBADMSG);
        free(copy);
    }
    for (size_t n = 0; n < blob.len; n++) {
        blob.data[n] ^= 0x81;
        if (zone_parse_definition(bytes(), blob.len, arena, &z) == 0)
            CHECK(zone_date(&z, 1700000000) % 86400 == 0);
        blob.data[n] ^= 0x81;
    }
}

int main(void)
{
    struct arena *arena = arena_new();

    test_berlin(arena);
    test_south(arena);
    test_years(arena);
    test_struct(arena);
    test_names(arena);
    test_damage(arena);
    buf_finish(&blob);
    arena_free(&arena);
    return check_report();
}
