/* Memory and last words. mkpst is a one-shot program: when memory or the disk
 * is gone it says so and ends with status 1. */
#ifndef MKPST_MEMORY_H
#define MKPST_MEMORY_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/base/buf.h"
#include "pipeline/base/cleanup.h"

/* path (kept, not copied) is removed by fatal: half a store is none. */
void fatal_removes(const char *path);
void fatal(const char *fmt, ...) printf_like(1, 2) __attribute__((noreturn));

void *mem_new(size_t size);               /* zeroed, never NULL */
void *mem_resize(void *old, size_t size); /* never NULL */
char *mem_text(const char *text);         /* copy; "" for NULL */
char *mem_textf(const char *fmt, ...) printf_like(1, 2);

/* Makes room for one more element of an array that grows by halves. */
void *mem_grow(void *array, size_t count, size_t *cap, size_t element);

/* Ends the program when an append to b has failed. */
void mem_check(const struct buf *b);

#define MEM_BUF BUF((size_t)1 << 40)

#endif
