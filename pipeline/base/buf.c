#include "pipeline/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BUF_FIRST_CAP 64

void buf_finish(struct buf *b)
{
    free(b->data);
    b->data = NULL;
    b->len = b->cap = 0;
    b->error = 0;
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->error = 0;
    if (b->data)
        b->data[0] = '\0';
}

void *buf_grow(struct buf *b, size_t len)
{
    size_t cap = b->cap ? b->cap : BUF_FIRST_CAP;
    char *data;

    if (b->error)
        return NULL;
    if (len > b->max || b->len > b->max - len) {
        b->error = EFBIG;
        return NULL;
    }
    while (cap < b->len + len + 1)
        cap *= 2;
    if (cap != b->cap) {
        data = realloc(b->data, cap);
        if (!data) {
            b->error = ENOMEM;
            return NULL;
        }
        b->data = data;
        b->cap = cap;
    }
    data = b->data + b->len;
    b->len += len;
    b->data[b->len] = '\0';
    return data;
}

int buf_add(struct buf *b, const void *data, size_t len)
{
    void *to = buf_grow(b, len);

    if (!to)
        return -b->error;
    if (len)
        memcpy(to, data, len);
    return 0;
}

int buf_adds(struct buf *b, const char *str)
{
    return buf_add(b, str, strlen(str));
}

int buf_addc(struct buf *b, char c)
{
    return buf_add(b, &c, 1);
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    char *to;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    to = n < 0 ? NULL : buf_grow(b, (size_t)n);
    if (to)
        vsnprintf(to, (size_t)n + 1, fmt, again);
    va_end(again);
    if (n < 0 && !b->error)
        b->error = EINVAL;
    return -b->error;
}

const char *buf_str(const struct buf *b)
{
    return b->data ? b->data : "";
}

char *buf_steal(struct buf *b)
{
    char *data;

    if (!b->data)
        buf_grow(b, 0);
    if (b->error)
        return NULL;
    data = b->data;
    b->data = NULL;
    b->len = b->cap = 0;
    return data;
}
