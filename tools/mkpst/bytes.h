/* Little-endian numbers into bytes. */
#ifndef MKPST_BYTES_H
#define MKPST_BYTES_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tools/mkpst/memory.h"

static inline void put16(void *at, uint16_t v)
{
    v = htole16(v);
    memcpy(at, &v, sizeof(v));
}

static inline void put32(void *at, uint32_t v)
{
    v = htole32(v);
    memcpy(at, &v, sizeof(v));
}

static inline void put64(void *at, uint64_t v)
{
    v = htole64(v);
    memcpy(at, &v, sizeof(v));
}

/* Ids and offsets: 4 bytes in ANSI stores, 8 in the others. */
static inline void put_id(void *at, unsigned width, uint64_t v)
{
    if (width == 4)
        put32(at, (uint32_t)v);
    else
        put64(at, v);
}

static inline void add16(struct buf *b, uint16_t v)
{
    v = htole16(v);
    buf_add(b, &v, sizeof(v));
}

static inline void add32(struct buf *b, uint32_t v)
{
    v = htole32(v);
    buf_add(b, &v, sizeof(v));
}

static inline void add64(struct buf *b, uint64_t v)
{
    v = htole64(v);
    buf_add(b, &v, sizeof(v));
}

static inline uint64_t round_up(uint64_t n, uint64_t unit)
{
    return (n + unit - 1) / unit * unit;
}

#endif
