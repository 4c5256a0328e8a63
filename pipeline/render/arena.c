#include "pipeline/render/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_CHUNK 16384

struct chunk {
    struct chunk *next;
    size_t used, size;
    alignas(max_align_t) char data[];
};

struct arena {
    struct chunk *first; /* the one that has room */
};

struct arena *arena_new(void)
{
    return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena **arena)
{
    if (!*arena)
        return;
    while ((*arena)->first) {
        struct chunk *c = (*arena)->first;
        (*arena)->first = c->next;
        free(c);
    }
    free(*arena);
    *arena = NULL;
}

static struct chunk *chunk_new(struct arena *arena, size_t need)
{
    size_t size = need > ARENA_CHUNK ? need : ARENA_CHUNK;
    struct chunk *c = malloc(sizeof(*c) + size);

    if (!c)
        return NULL;
    c->used = 0;
    c->size = size;
    c->next = arena->first;
    /* A big one goes behind, so that the room in front stays in use. */
    if (need > ARENA_CHUNK && arena->first) {
        c->next = arena->first->next;
        arena->first->next = c;
    } else {
        arena->first = c;
    }
    return c;
}

static void *arena_take(struct arena *arena, size_t size)
{
    struct chunk *c = arena->first;
    void *at;

    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (!c || c->size - c->used < size)
        c = chunk_new(arena, size);
    if (!c)
        return NULL;
    at = c->data + c->used;
    c->used += size;
    return at;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    void *at = arena_take(arena, size);

    return at ? memset(at, 0, size) : NULL;
}

char *arena_copy(struct arena *arena, const char *text, size_t len)
{
    char *at = arena_take(arena, len + 1);

    if (!at)
        return NULL;
    if (len)
        memcpy(at, text, len);
    at[len] = '\0';
    return at;
}
