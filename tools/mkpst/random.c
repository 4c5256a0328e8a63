#include "tools/mkpst/random.h"

#include <string.h>

static uint64_t mix(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

void rng_init(struct rng *r, uint64_t seed, uint64_t number)
{
    uint64_t state = seed ^ (number * 0xD1342543DE82EF95u + 1);

    for (int i = 0; i < 4; i++)
        r->s[i] = mix(&state);
}

static uint64_t turn(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t rng_next(struct rng *r)
{
    uint64_t *s = r->s, result = turn(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = turn(s[3], 45);
    return result;
}

uint32_t rng_below(struct rng *r, uint32_t limit)
{
    return (uint32_t)(((rng_next(r) >> 32) * limit) >> 32);
}

bool rng_chance(struct rng *r, unsigned percent)
{
    return rng_below(r, 100) < percent;
}

void rng_fill(struct rng *r, void *data, size_t len)
{
    uint8_t *p = data;

    while (len >= 8) {
        uint64_t v = rng_next(r);
        for (int i = 0; i < 8; i++)
            p[i] = (uint8_t)(v >> (8 * i));
        p += 8;
        len -= 8;
    }
    for (uint64_t v = rng_next(r); len > 0; len--, v >>= 8)
        *p++ = (uint8_t)v;
}

uint64_t rng_around(struct rng *r, uint64_t mean)
{
    uint64_t u = (rng_next(r) >> 40) + (rng_next(r) >> 40);

    return mean / 4 + mean * 3 / 4 * (u >> 1) / ((1u << 23));
}
