/* Little-endian numbers at any address. */
#ifndef PST_BYTES_H
#define PST_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t get16(const void *p)
{
    uint16_t v;

    memcpy(&v, p, sizeof(v));
    return le16toh(v);
}

static inline uint32_t get32(const void *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return le32toh(v);
}

static inline uint64_t get64(const void *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return le64toh(v);
}

/* A number of 2, 4 or 8 bytes; 1 byte for any other width. */
static inline uint64_t get_wide(const uint8_t *p, unsigned width)
{
    if (width == 8)
        return get64(p);
    if (width == 4)
        return get32(p);
    return width == 2 ? get16(p) : *p;
}

#endif
