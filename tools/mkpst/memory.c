#include "tools/mkpst/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROW_FIRST 16

static const char *unfinished;

void fatal_removes(const char *path)
{
    unfinished = path;
}

void fatal(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    fputs("mkpst: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    if (unfinished)
        unlink(unfinished);
    exit(1);
}

void *mem_new(size_t size)
{
    void *p = calloc(1, size ? size : 1);

    if (!p)
        fatal("out of memory");
    return p;
}

void *mem_resize(void *old, size_t size)
{
    void *p = realloc(old, size ? size : 1);

    if (!p)
        fatal("out of memory");
    return p;
}

char *mem_text(const char *text)
{
    char *p = strdup(text ? text : "");

    if (!p)
        fatal("out of memory");
    return p;
}

char *mem_textf(const char *fmt, ...)
{
    va_list args;
    char *text = NULL;

    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) < 0)
        fatal("out of memory");
    va_end(args);
    return text;
}

void *mem_grow(void *array, size_t count, size_t *cap, size_t element)
{
    if (count < *cap)
        return array;
    *cap = *cap ? *cap + *cap / 2 : GROW_FIRST;
    return mem_resize(array, *cap * element);
}

void mem_check(const struct buf *b)
{
    if (b->error)
        fatal("out of memory");
}
