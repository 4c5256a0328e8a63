/* Reproducible numbers: xoshiro256** seeded by splitmix64. */
#ifndef MKPST_RANDOM_H
#define MKPST_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t s[4];
};

/* The stream of (seed, number): each item has its own, so that changing one
 * item's making does not change the others. */
void rng_init(struct rng *r, uint64_t seed, uint64_t number);
uint64_t rng_next(struct rng *r);
uint32_t rng_below(struct rng *r, uint32_t limit); /* 0 for limit 0 */
bool rng_chance(struct rng *r, unsigned percent);
void rng_fill(struct rng *r, void *data, size_t len);
/* From mean / 4 to 7 / 4 of mean, mostly near a half of it. */
uint64_t rng_around(struct rng *r, uint64_t mean);

#endif
