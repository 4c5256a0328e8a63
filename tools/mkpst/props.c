#include "tools/mkpst/props.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/base/clock.h"
#include "tools/mkpst/bytes.h"

#define RECORD 8

void props_init(struct props *p, const struct encoding *enc)
{
    *p = (struct props){.enc = *enc, .values = MEM_BUF};
}

void props_finish(struct props *p)
{
    free(p->list);
    buf_finish(&p->values);
    *p = (struct props){0};
}

static struct prop *prop_new(struct props *p, uint16_t id, uint16_t type)
{
    size_t i = 0;

    while (i < p->count && p->list[i].id != id)
        i++;
    if (i == p->count) {
        p->list = mem_grow(p->list, p->count, &p->cap, sizeof(*p->list));
        p->count++;
    }
    p->list[i] = (struct prop){.id = id, .type = type, .at = p->values.len};
    return &p->list[i];
}

void props_typed(struct props *p, uint16_t id, uint16_t type, const void *data,
                 size_t len)
{
    prop_new(p, id, type)->len = len;
    buf_add(&p->values, data, len);
    mem_check(&p->values);
}

void props_int(struct props *p, uint16_t id, uint32_t value)
{
    value = htole32(value);
    props_typed(p, id, PT_INT32, &value, sizeof(value));
}

void props_int16(struct props *p, uint16_t id, uint16_t value)
{
    value = htole16(value);
    props_typed(p, id, PT_INT16, &value, sizeof(value));
}

void props_bool(struct props *p, uint16_t id, bool value)
{
    uint8_t byte = value;

    props_typed(p, id, PT_BOOL, &byte, 1);
}

void props_int64(struct props *p, uint16_t id, uint64_t value)
{
    value = htole64(value);
    props_typed(p, id, PT_INT64, &value, sizeof(value));
}

void props_double(struct props *p, uint16_t id, double value)
{
    props_typed(p, id, PT_FLOAT64, &value, sizeof(value));
}

void props_time(struct props *p, uint16_t id, int64_t unix_sec)
{
    uint64_t value = htole64(time_to_filetime(unix_sec));

    props_typed(p, id, PT_TIME, &value, sizeof(value));
}

void props_bytes(struct props *p, uint16_t id, const void *data, size_t len)
{
    props_typed(p, id, PT_BINARY, data, len);
}

void props_text(struct props *p, uint16_t id, const char *utf8)
{
    struct prop *prop =
        prop_new(p, id, p->enc.unicode ? PT_STRING : PT_STRING8);
    size_t before = p->values.len;

    text_encode(&p->enc, utf8, strlen(utf8), &p->values);
    mem_check(&p->values);
    prop->len = p->values.len - before;
}

/* Count, offsets from the start of the value, data (section 12). */
static void add_many(struct props *p, struct prop *prop,
                     const struct buf *values, size_t count)
{
    size_t at = 4 + 4 * count;

    add32(&p->values, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        add32(&p->values, (uint32_t)at);
        at += values[i].len;
    }
    for (size_t i = 0; i < count; i++)
        buf_add(&p->values, values[i].data, values[i].len);
    mem_check(&p->values);
    prop->len = at;
}

void props_binaries(struct props *p, uint16_t id, const struct buf *values,
                    size_t count)
{
    add_many(p, prop_new(p, id, PT_MV_BINARY), values, count);
}

void props_texts(struct props *p, uint16_t id, const char *const *utf8,
                 size_t count)
{
    uint16_t type = p->enc.unicode ? PT_MV_STRING : PT_MV_STRING8;
    struct buf *values = mem_new(count * sizeof(*values));

    for (size_t i = 0; i < count; i++) {
        values[i] = (struct buf)MEM_BUF;
        text_encode(&p->enc, utf8[i], strlen(utf8[i]), &values[i]);
    }
    add_many(p, prop_new(p, id, type), values, count);
    for (size_t i = 0; i < count; i++)
        buf_finish(&values[i]);
    free(values);
}

void props_node(struct props *p, uint16_t id, uint16_t type, uint32_t nid,
                uint64_t size)
{
    struct prop *prop = prop_new(p, id, type);

    prop->nid = nid;
    prop->len = size;
    if (type != PT_OBJECT)
        return;
    prop->nid = 0; /* the value is the pair of both numbers */
    prop->len = 8;
    add32(&p->values, nid);
    add32(&p->values, (uint32_t)size);
}

uint64_t props_size(const struct props *p)
{
    uint64_t size = 0;

    for (size_t i = 0; i < p->count; i++)
        size += p->list[i].len;
    return size;
}

static int prop_compare(const void *a, const void *b)
{
    return (int)((const struct prop *)a)->id - ((const struct prop *)b)->id;
}

static bool is_inline(uint16_t type)
{
    return type == PT_INT16 || type == PT_INT32 || type == PT_FLOAT32 ||
           type == PT_ERROR || type == PT_BOOL;
}

/* The third word of a record: the value, its HID or its NID. */
static uint32_t place_value(const struct props *p, const struct prop *prop,
                            struct heap *h, struct subs *subs)
{
    const char *data = p->values.data + prop->at;
    struct node_data node = {0};
    uint32_t nid;

    if (is_inline(prop->type)) {
        uint32_t value = 0;
        memcpy(&value, data, prop->len);
        return le32toh(value);
    }
    if (prop->nid || prop->len <= h->blocks->v->value_max)
        return prop->nid ? prop->nid : heap_add(h, data, prop->len, NULL);
    node.data = block_value(h->blocks, data, prop->len);
    node.size = prop->len;
    nid = subs_value_nid(subs);
    subs_add(subs, nid, &node);
    return nid;
}

/* The records stand in the first block, which stays in memory: so the size
 * of the whole can be put in when it is known. */
struct node_data props_end(struct props *p, struct subs *subs, uint16_t size_id)
{
    struct heap h;
    struct node_data out = {0};
    uint8_t tree[8] = {0xB5, 2, 6}, *records = NULL, *size_at = NULL;
    uint8_t *tree_at;

    if (size_id)
        props_int(p, size_id, 0);
    qsort(p->list, p->count, sizeof(*p->list), prop_compare);
    heap_init(&h, subs->blocks, HEAP_PROPS);
    heap_set_root(&h, heap_add(&h, tree, sizeof(tree), &tree_at));
    put32(tree_at + 4, heap_add(&h, NULL, p->count * RECORD, &records));
    for (size_t i = 0; i < p->count; i++) {
        const struct prop *prop = &p->list[i];
        uint8_t *at = records + i * RECORD;
        put16(at, prop->id);
        put16(at + 2, prop->type);
        put32(at + 4, place_value(p, prop, &h, subs));
        if (prop->id == size_id)
            size_at = at + 4;
    }
    out.size = heap_measure(&h) + subs->size;
    if (size_at && size_id)
        put32(size_at, (uint32_t)out.size);
    out.data = heap_end(&h);
    out.subs = subs_end(subs);
    return out;
}
