/* Memory that is given back all at once when a rendering is built. */
#ifndef RENDER_ARENA_H
#define RENDER_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void); /* NULL on ENOMEM */
void arena_free(struct arena **arena);

/* Zeroed memory for any type; NULL on ENOMEM. */
void *arena_alloc(struct arena *arena, size_t size);
/* A NUL-terminated copy; NULL on ENOMEM. */
char *arena_copy(struct arena *arena, const char *text, size_t len);

#endif
