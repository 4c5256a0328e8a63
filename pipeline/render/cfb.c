#include "pipeline/render/cfb.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/render/cfb_priv.h"

struct cfb_name cfb_name(const char *fmt, ...)
{
    char text[CFB_NAME_MAX + 1];
    struct cfb_name name = {.len = 0};
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    for (const char *at = text; *at; at++)
        name.units[name.len++] = (unsigned char)*at;
    return name;
}

struct cfb *cfb_new(void)
{
    struct cfb *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->room = 64;
    c->list = calloc(c->room, sizeof(*c->list));
    if (!c->list) {
        free(c);
        return NULL;
    }
    c->list[c->count++] = (struct cfb_entry){.name = cfb_name("Root Entry"),
                                             .type = CFB_ROOT_TYPE,
                                             .parent = CFB_FREE,
                                             .start = CFB_END};
    return c;
}

void cfb_free(struct cfb **c)
{
    if (!*c)
        return;
    free((*c)->list);
    free(*c);
    *c = NULL;
}

static struct cfb_entry *entry_add(struct cfb *c, uint8_t type, uint32_t parent,
                                   const struct cfb_name *name)
{
    struct cfb_entry *list = c->list;

    if (!c->error && c->count >= CFB_ENTRIES_MAX)
        c->error = EFBIG;
    if (!c->error && c->count == c->room) {
        list = reallocarray(list, c->room * 2, sizeof(*list));
        if (!list) {
            c->error = ENOMEM;
            return NULL;
        }
        c->list = list;
        c->room *= 2;
    }
    if (c->error)
        return NULL;
    list += c->count++;
    *list = (struct cfb_entry){
        .name = *name, .type = type, .parent = parent, .start = CFB_END};
    return list;
}

uint32_t cfb_storage(struct cfb *c, uint32_t parent, struct cfb_name name)
{
    struct cfb_entry *e = entry_add(c, CFB_STORAGE, parent, &name);

    if (!e)
        return CFB_ROOT;
    e->start = 0;
    return (uint32_t)(c->count - 1);
}

void cfb_stream(struct cfb *c, uint32_t parent, struct cfb_name name,
                const void *data, size_t len)
{
    struct cfb_entry *e = entry_add(c, CFB_STREAM, parent, &name);

    if (!e)
        return;
    e->data = len ? data : NULL;
    e->source.size = len;
}

void cfb_view(struct cfb *c, uint32_t parent, struct cfb_name name,
              const struct segment_source *source)
{
    struct cfb_entry *e = entry_add(c, CFB_STREAM, parent, &name);

    if (e)
        e->source = *source;
}

void cfb_class(struct cfb *c, uint32_t storage,
               const uint8_t class[CFB_CLASS_SIZE])
{
    if (!c->error)
        memcpy(c->list[storage].class, class, CFB_CLASS_SIZE);
}

size_t cfb_count(const struct cfb *c)
{
    return c->count;
}
