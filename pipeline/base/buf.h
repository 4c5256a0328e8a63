/*
 * Growing byte buffer with a mandatory maximum. Errors stick: after one
 * failed append every later one is a no-op, so callers check once, at the end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/base/cleanup.h"

struct buf {
    char *data; /* owned; always NUL-terminated once anything was added */
    size_t len; /* bytes without that NUL */
    size_t cap;
    size_t max; /* most bytes it may hold */
    int error;  /* 0, ENOMEM, or EFBIG when max was passed */
};

/* A ready buffer: struct buf b = BUF(LIMIT); release with buf_finish. */
#define BUF(limit)                                                             \
    {                                                                          \
        .max = (limit)                                                         \
    }
#define cleanup_buf __attribute__((cleanup(buf_finish)))

void buf_finish(struct buf *b); /* frees; b is empty and usable again */
void buf_clear(struct buf *b);  /* len 0, error 0, keeps the memory */

/* Appenders: 0 or -b->error. On EFBIG nothing of this piece is added. */
int buf_add(struct buf *b, const void *data, size_t len);
int buf_adds(struct buf *b, const char *str);
int buf_addc(struct buf *b, char c);
int buf_addf(struct buf *b, const char *fmt, ...) printf_like(2, 3);

/* Grows by len unset bytes and returns where they start; NULL on error. */
void *buf_grow(struct buf *b, size_t len);

/* The text; "" when nothing was added. Never NULL. */
const char *buf_str(const struct buf *b);

/* Gives the memory (malloc, NUL-terminated; NULL on error) to the caller. */
char *buf_steal(struct buf *b);

#endif
