#include "pipeline/render/zone.h"

#define DAY            86400
#define STRUCT_SIZE    48
#define RULE_SIZE      66
#define RULE_BIAS      24 /* offset of the three biases in a rule */
#define BIAS_LIMIT     (26 * 60)
#define DEFINITION_MIN 8

static int32_t i32(const uint8_t *p)
{
    return (int32_t)(p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
                     (uint32_t)p[3] << 24);
}

static size_t u16(const uint8_t *p)
{
    return p[0] | (size_t)p[1] << 8;
}

/* Three biases, minutes west: base, standard, daylight. */
static bool take_biases(const uint8_t *p, struct zone *z)
{
    for (size_t i = 0; i < ZONE_OFFSETS; i++) {
        int64_t bias = (int64_t)i32(p) + i32(p + 4 + 4 * i);
        if (bias > BIAS_LIMIT || bias < -BIAS_LIMIT)
            return false;
        z->offsets[i] = -bias * 60;
    }
    z->count = ZONE_OFFSETS;
    return true;
}

bool zone_parse_struct(const uint8_t *data, size_t len, struct zone *z_r)
{
    *z_r = (struct zone){0};
    return len >= STRUCT_SIZE && take_biases(data, z_r);
}

bool zone_parse_definition(const uint8_t *data, size_t len, struct zone *z_r)
{
    size_t rules, at;

    *z_r = (struct zone){0};
    if (len < DEFINITION_MIN || data[0] != 2 || data[1] != 1)
        return false;
    at = 4 + u16(data + 2);
    if (at + 2 > len)
        return false;
    rules = u16(data + at - 2);
    if (!rules || at + rules * RULE_SIZE > len)
        return false;
    at += (rules - 1) * RULE_SIZE;
    return take_biases(data + at + RULE_BIAS, z_r);
}

static int64_t floor_day(int64_t t)
{
    return t - ((t % DAY) + DAY) % DAY;
}

int64_t zone_date(const struct zone *z, int64_t unix_sec)
{
    for (size_t i = 0; i < z->count; i++) {
        int64_t local = unix_sec + z->offsets[i];
        if (floor_day(local) == local)
            return local;
    }
    return floor_day(unix_sec + DAY / 2);
}
