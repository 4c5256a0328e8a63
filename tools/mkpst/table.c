#include "tools/mkpst/table.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/base/clock.h"
#include "tools/mkpst/bytes.h"

#define INFO_HEADER  22
#define INFO_COLUMN  8
#define ROW_ID       0x67F2
#define ROW_VERSION  0x67F3
#define ROWS_SMALL   0xFFFF /* what a 2-byte row number can count */
#define COLUMN_NAME  0x0042
#define COLUMN_TOPIC 0x3013

static unsigned cell_width(unsigned type)
{
    switch (type) {
    case PT_BOOL:
        return 1;
    case PT_INT16:
        return 2;
    case PT_FLOAT64:
    case PT_INT64:
    case PT_TIME:
        return 8;
    default:
        return 4;
    }
}

static int column_compare(const void *a, const void *b)
{
    column_tag x = ((const struct table_column *)a)->tag;
    column_tag y = ((const struct table_column *)b)->tag;

    return (x > y) - (x < y);
}

/* Places all columns of one width from `at` on; returns the end. */
static uint16_t place_width(struct table *t, unsigned width, uint16_t at,
                            uint8_t *bit)
{
    for (size_t i = 0; i < t->column_count; i++) {
        struct table_column *c = &t->columns[i];
        unsigned id = c->tag >> 16;
        if (c->width != width || id == ROW_ID || id == ROW_VERSION)
            continue;
        c->at = at;
        c->bit = (*bit)++;
        at = (uint16_t)(at + width);
    }
    return at;
}

static void place_columns(struct table *t)
{
    uint8_t bit = 2;

    for (size_t i = 0; i < t->column_count; i++) {
        unsigned id = t->columns[i].tag >> 16;
        if (id == ROW_VERSION) {
            t->columns[i].at = 4;
            t->columns[i].bit = 1;
        }
    }
    t->ends[0] = place_width(t, 8, 8, &bit);
    t->ends[0] = place_width(t, 4, t->ends[0], &bit);
    t->ends[1] = place_width(t, 2, t->ends[0], &bit);
    t->ends[2] = place_width(t, 1, t->ends[1], &bit);
    t->ends[3] = (uint16_t)(t->ends[2] + (t->column_count + 7) / 8);
}

static void set_columns(struct table *t, const column_tag *tags, size_t count)
{
    static const struct {
        unsigned from, to;
    } narrow[] = {{PT_STRING, PT_STRING8}, {PT_MV_STRING, PT_MV_STRING8}};

    if (count > TABLE_COLUMNS_MAX)
        fatal("too many columns");
    t->column_count = count;
    for (size_t i = 0; i < count; i++) {
        unsigned type = tags[i] & 0xFFFF;
        for (size_t k = 0; k < array_len(narrow) && !t->enc.unicode; k++)
            if (type == narrow[k].from)
                type = narrow[k].to;
        t->columns[i].tag = (tags[i] & 0xFFFF0000u) | type;
        t->columns[i].width = (uint8_t)cell_width(type);
    }
    qsort(t->columns, count, sizeof(*t->columns), column_compare);
    place_columns(t);
}

static void write_info(struct table *t)
{
    size_t len = INFO_HEADER + t->column_count * INFO_COLUMN;

    heap_set_root(&t->heap, heap_add(&t->heap, NULL, len, &t->info));
    t->info[0] = 0x7C;
    t->info[1] = (uint8_t)t->column_count;
    for (int i = 0; i < 4; i++)
        put16(t->info + 2 + 2 * i, t->ends[i]);
    for (size_t i = 0; i < t->column_count; i++) {
        const struct table_column *c = &t->columns[i];
        uint8_t *at = t->info + INFO_HEADER + i * INFO_COLUMN;
        put32(at, c->tag);
        put16(at + 4, c->at);
        at[6] = c->width;
        at[7] = c->bit;
    }
}

struct table *table_new(struct blocks *b, const struct encoding *enc,
                        const column_tag *columns, size_t count, bool contents)
{
    struct table *t = mem_new(sizeof(*t));

    t->v = b->v;
    t->enc = *enc;
    subs_init(&t->subs, b);
    heap_init(&t->heap, b, HEAP_TABLE);
    for (int i = 0; i < COLUMN_HEAPS && contents && b->v->large_pages; i++) {
        t->column_heaps[i] = mem_new(sizeof(struct heap));
        heap_init(t->column_heaps[i], b, HEAP_COLUMN);
    }
    set_columns(t, columns, count);
    write_info(t);
    return t;
}

static size_t rows_per_block(const struct table *t)
{
    return t->v->block_max / t->ends[3];
}

static void flush_matrix(struct table *t, size_t len)
{
    block_list_add(&t->blocks, block_add(t->subs.blocks, false, t->matrix, len),
                   len);
    memset(t->matrix, 0, t->v->block_max);
    t->rows_open = 0;
}

void table_row(struct table *t, uint32_t row_id)
{
    if (!t->matrix)
        t->matrix = mem_new(t->v->block_max);
    if (t->rows_open == rows_per_block(t))
        flush_matrix(t, t->v->block_max);
    t->index =
        mem_grow(t->index, t->row_count, &t->index_cap, sizeof(*t->index));
    t->index[t->row_count] =
        (struct table_index){row_id, (uint32_t)t->row_count};
    t->rows_open++;
    t->row_count++;
    table_int(t, ROW_ID, row_id);
    table_int(t, ROW_VERSION, (uint32_t)t->row_count);
}

/* The cell of a column in the open row, its bit set; NULL: no such column. */
static uint8_t *cell(struct table *t, uint16_t id)
{
    uint8_t *row = t->matrix + (t->rows_open - 1) * t->ends[3];

    for (size_t i = 0; i < t->column_count; i++) {
        const struct table_column *c = &t->columns[i];
        if (c->tag >> 16 != id)
            continue;
        row[t->ends[2] + c->bit / 8] |= (uint8_t)(0x80 >> (c->bit % 8));
        return row + c->at;
    }
    return NULL;
}

void table_int(struct table *t, uint16_t id, uint32_t value)
{
    uint8_t *at = cell(t, id);

    if (at)
        put32(at, value);
}

void table_bool(struct table *t, uint16_t id, bool value)
{
    uint8_t *at = cell(t, id);

    if (at)
        *at = value;
}

void table_time(struct table *t, uint16_t id, int64_t unix_sec)
{
    uint8_t *at = cell(t, id);

    if (at)
        put64(at, time_to_filetime(unix_sec));
}

static struct heap *heap_of(struct table *t, uint16_t id)
{
    struct heap *own = id == COLUMN_NAME    ? t->column_heaps[0]
                       : id == COLUMN_TOPIC ? t->column_heaps[1]
                                            : NULL;

    return own ? own : &t->heap;
}

void table_bytes(struct table *t, uint16_t id, const void *data, size_t len)
{
    uint8_t *at = cell(t, id);
    struct heap *h = heap_of(t, id);
    struct node_data node = {.size = len};
    uint32_t nid;

    if (!at)
        return;
    if (len <= t->v->value_max || h != &t->heap) {
        put32(at, heap_add(h, data, len, NULL));
        return;
    }
    node.data = block_value(t->subs.blocks, data, len);
    nid = subs_value_nid(&t->subs);
    subs_add(&t->subs, nid, &node);
    put32(at, nid);
}

void table_text(struct table *t, uint16_t id, const struct encoding *enc,
                const char *utf8)
{
    struct buf cleanup_buf bytes = MEM_BUF;

    text_encode(enc ? enc : &t->enc, utf8, strlen(utf8), &bytes);
    mem_check(&bytes);
    table_bytes(t, id, bytes.data, bytes.len);
}

/* A small matrix lies in the heap, a larger one in a subnode. */
static uint32_t end_matrix(struct table *t)
{
    size_t len = t->rows_open * t->ends[3];
    struct node_data node;
    uint32_t nid;

    if (!t->row_count)
        return 0;
    if (!t->blocks.count && len <= t->v->heap_alloc_max)
        return heap_add(&t->heap, t->matrix, len, NULL);
    flush_matrix(t, len);
    node = (struct node_data){.size = t->blocks.total};
    node.data = block_list_root(t->subs.blocks, &t->blocks);
    nid = subs_value_nid(&t->subs);
    subs_add(&t->subs, nid, &node);
    return nid;
}

static int index_compare(const void *a, const void *b)
{
    uint32_t x = ((const struct table_index *)a)->row_id;
    uint32_t y = ((const struct table_index *)b)->row_id;

    return (x > y) - (x < y);
}

static uint32_t end_index(struct table *t)
{
    unsigned width = t->v->id_size == 4 && t->row_count <= ROWS_SMALL ? 2 : 4;
    uint8_t *records = mem_new(t->row_count * (4 + width));
    uint32_t hid;

    if (t->row_count)
        qsort(t->index, t->row_count, sizeof(*t->index), index_compare);
    for (size_t i = 0; i < t->row_count; i++) {
        uint8_t *at = records + i * (4 + width);
        put32(at, t->index[i].row_id);
        if (width == 2)
            put16(at + 4, (uint16_t)t->index[i].row);
        else
            put32(at + 4, t->index[i].row);
    }
    hid = heap_add_tree(&t->heap, 4, width, records, t->row_count);
    free(records);
    return hid;
}

static void end_column_heaps(struct table *t)
{
    static const uint32_t nids[] = {NID_COLUMN_NAME, NID_COLUMN_THREAD};

    for (int i = 0; i < COLUMN_HEAPS; i++) {
        struct node_data node = {0};
        if (!t->column_heaps[i])
            continue;
        node.size = heap_measure(t->column_heaps[i]);
        node.data = heap_end(t->column_heaps[i]);
        subs_add(&t->subs, nids[i], &node);
        free(t->column_heaps[i]);
    }
}

struct node_data table_end(struct table **tp)
{
    struct table *t = *tp;
    struct node_data out = {0};
    uint32_t rows = end_matrix(t);

    put32(t->info + 14, rows);
    put32(t->info + 10, end_index(t));
    end_column_heaps(t);
    out.size = heap_measure(&t->heap) + t->subs.size;
    out.data = heap_end(&t->heap);
    out.subs = subs_end(&t->subs);
    free(t->matrix);
    free(t->index);
    free(t);
    *tp = NULL;
    return out;
}
