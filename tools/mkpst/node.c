#include "tools/mkpst/node.h"

#include <stdlib.h>

#include "tools/mkpst/bytes.h"

void nodes_init(struct nodes *n, struct blocks *b)
{
    *n = (struct nodes){.blocks = b};
}

void nodes_finish(struct nodes *n)
{
    free(n->list);
    *n = (struct nodes){0};
}

void node_add(struct nodes *n, uint32_t nid, const struct node_data *data,
              uint32_t parent)
{
    n->list = mem_grow(n->list, n->count, &n->cap, sizeof(*n->list));
    n->list[n->count++] = (struct node){nid, parent, data->data, data->subs};
    block_ref(n->blocks, data->data);
    block_ref(n->blocks, data->subs);
}

static int node_compare(const void *a, const void *b)
{
    uint32_t x = ((const struct node *)a)->nid;
    uint32_t y = ((const struct node *)b)->nid;

    return (x > y) - (x < y);
}

void nodes_sort(struct nodes *n)
{
    qsort(n->list, n->count, sizeof(*n->list), node_compare);
}

void subs_init(struct subs *s, struct blocks *b)
{
    *s = (struct subs){.blocks = b, .next_value = NID_FIRST_INDEX};
}

void subs_add(struct subs *s, uint32_t nid, const struct node_data *data)
{
    s->list = mem_grow(s->list, s->count, &s->cap, sizeof(*s->list));
    s->list[s->count++] = (struct node){nid, 0, data->data, data->subs};
    s->size += data->size;
}

uint32_t subs_value_nid(struct subs *s)
{
    return NID(NID_VALUE, s->next_value++);
}

static size_t sub_header(const struct variant *v)
{
    return v->id_size == 4 ? 4 : 8;
}

static uint64_t write_leaf(struct subs *s, const struct node *list, size_t n)
{
    uint8_t data[BLOCK_DATA_MAX] = {2, 0};
    unsigned width = s->blocks->v->id_size;
    uint8_t *at = data + sub_header(s->blocks->v);

    put16(data + 2, (uint16_t)n);
    for (size_t i = 0; i < n; i++, at += 3 * (size_t)width) {
        put_id(at, width, list[i].nid);
        put_id(at + width, width, list[i].data);
        put_id(at + 2 * width, width, list[i].subs);
        block_ref(s->blocks, list[i].data);
        block_ref(s->blocks, list[i].subs);
    }
    return block_add(s->blocks, true, data, (size_t)(at - data));
}

static uint64_t write_index(struct subs *s)
{
    uint8_t data[BLOCK_DATA_MAX] = {2, 1};
    unsigned width = s->blocks->v->id_size;
    size_t most = s->blocks->v->sub_entries, count = 0;
    uint8_t *at = data + sub_header(s->blocks->v);

    for (size_t i = 0; i < s->count; i += most, count++) {
        size_t n = s->count - i < most ? s->count - i : most;
        uint64_t leaf = write_leaf(s, s->list + i, n);
        if (count == s->blocks->v->sub_index_entries)
            fatal("too many subnodes");
        put_id(at, width, s->list[i].nid);
        put_id(at + width, width, leaf);
        block_ref(s->blocks, leaf);
        at += 2 * (size_t)width;
    }
    put16(data + 2, (uint16_t)count);
    return block_add(s->blocks, true, data, (size_t)(at - data));
}

uint64_t subs_end(struct subs *s)
{
    uint64_t root = 0;

    if (s->count)
        qsort(s->list, s->count, sizeof(*s->list), node_compare);
    if (s->count > s->blocks->v->sub_entries)
        root = write_index(s);
    else if (s->count)
        root = write_leaf(s, s->list, s->count);
    free(s->list);
    s->list = NULL;
    s->count = s->cap = 0;
    return root;
}
