#include <string.h>

#include "pipeline/pst/bytes.h"
#include "pipeline/pst/heap.h"

#define TCINFO_HEADER 22u
#define TCINFO_COLUMN 8u
#define COLUMNS_MAX   255u
#define ID_ROW        0x67F2

/* Columns whose cells a 4k contents table keeps in heaps of their own
 * (section 13.4). */
static const struct {
    uint16_t id;
    uint32_t nid;
} column_heaps[] = {
    {0x0042, 0x541},
    {0x3013, 0x521},
};

struct column {
    uint16_t id, type;
    uint16_t at; /* in the row */
    uint8_t size, bit;
};

struct table {
    struct pst *pst;
    struct heap *heap;
    struct column columns[COLUMNS_MAX];
    unsigned column_count;
    bool sorted;
    uint32_t row_size, bits_at;
    uint32_t index_hid, rows_hnid;
    uint64_t rows;
    uint8_t *memory;           /* a matrix in the heap, owned */
    struct pst_stream *stream; /* or in a subnode */
    uint32_t per;              /* rows in a block of it */
    struct chunk *block;       /* the block of the last row */
    uint32_t block_index;
    bool torn;     /* rows were lost, or may be wrong */
    uint8_t *live; /* a bit a row; NULL: ask the row id's own bit */
    struct heap *column_heaps[array_len(column_heaps)];
};

static bool column_fits(const struct table *t, const struct column *c)
{
    return (uint32_t)c->at + c->size <= t->bits_at &&
           t->bits_at + c->bit / 8u < t->row_size && c->size > 0;
}

static int columns_read(struct table *t, struct err *err)
{
    const uint8_t *info;
    size_t len;
    int rc = heap_get(t->heap, heap_root(t->heap), &info, &len, err);

    if (rc < 0)
        return rc;
    if (len < TCINFO_HEADER || info[0] != HEAP_TABLE ||
        len < TCINFO_HEADER + info[1] * TCINFO_COLUMN)
        return err_set(err, EBADMSG, "a table without its columns");
    t->bits_at = get16(info + 6);
    t->row_size = get16(info + 8);
    t->index_hid = get32(info + 10);
    t->rows_hnid = get32(info + 14);
    t->sorted = true;
    for (unsigned i = 0; i < info[1]; i++) {
        const uint8_t *at = info + TCINFO_HEADER + (size_t)i * TCINFO_COLUMN;
        struct column c = {get16(at + 2), get16(at), get16(at + 4), at[6],
                           at[7]};
        if (!column_fits(t, &c)) {
            pst_note(t->pst, "a table's column %04x lies outside its row",
                     c.id);
            continue;
        }
        if (t->column_count && t->columns[t->column_count - 1].id >= c.id)
            t->sorted = false;
        t->columns[t->column_count++] = c;
    }
    if (t->row_size == 0 || t->row_size > t->pst->layout->block_full)
        return err_set(err, EBADMSG, "a table with rows of %u bytes",
                       t->row_size);
    return 0;
}

static int matrix_in_heap(struct table *t, struct err *err)
{
    const uint8_t *data;
    size_t len;
    int rc = heap_get(t->heap, t->rows_hnid, &data, &len, err);

    if (rc < 0)
        return rc;
    t->memory = malloc(len ? len : 1);
    if (!t->memory)
        return err_sys(err, ENOMEM, "table");
    memcpy(t->memory, data, len);
    t->rows = len / t->row_size;
    return 0;
}

/* Counts the rows block by block. That also tells early whether the blocks
 * are there, so that the caller can ask the node tree instead. */
static int blocks_count(struct table *t, struct err *err)
{
    uint32_t blocks;
    int rc = stream_block_count(t->stream, &blocks, err);

    for (uint32_t k = 0; rc == 0 && k < blocks; k++) {
        struct extent e;
        uint64_t bid;
        rc = stream_block_id(t->stream, k, &bid, err);
        if (rc == 0)
            rc = extent_find(t->pst, bid, &e, err);
        if (rc < 0)
            break;
        if (e.ib > t->pst->info.file_size ||
            e.stored > t->pst->info.file_size - e.ib)
            rc = err_set(err, EBADMSG, "a table lies beyond the file's end");
        t->rows = (uint64_t)k * t->per + e.size / t->row_size;
        if (t->rows > PST_ROWS_MAX)
            rc = err_set(err, EFBIG, "a table of %llu rows",
                         (unsigned long long)t->rows);
    }
    return rc == -ENOENT ? -EBADMSG : rc;
}

static int matrix_outside(struct table *t, struct err *err)
{
    struct node node;
    int rc = subnode_find(t->pst, heap_sub(t->heap), t->rows_hnid, &node, err);

    if (rc == 0 && bid_clean(node.data) == 0)
        return 0;
    if (rc == 0)
        rc = stream_open(t->pst, node.data, &t->stream, err);
    if (rc == 0) {
        t->per = t->pst->layout->block_full / t->row_size;
        rc = blocks_count(t, err);
    }
    return rc == -ENOENT ? err_set(err, EBADMSG, "a table without its rows")
                         : rc;
}

struct marking {
    struct table *table;
    unsigned key, data;
    uint64_t beyond; /* rows named that are not there */
};

static int rows_mark(void *ctx, const uint8_t *records, size_t count)
{
    struct marking *m = ctx;

    for (size_t i = 0; i < count; i++) {
        const uint8_t *at = records + i * (m->key + m->data) + m->key;
        uint64_t row = get_wide(at, m->data);
        if (row < m->table->rows)
            m->table->live[row / 8] |= (uint8_t)(1u << row % 8);
        else
            m->beyond++;
    }
    return 0;
}

/* The rows that the index names are the live ones (section 13.3). */
static void index_read(struct table *t)
{
    struct marking m = {.table = t};
    struct err err = {0};
    struct bth bth;
    int rc = t->index_hid ? bth_open(t->heap, t->index_hid, &bth, &err)
                          : err_set(&err, ENOENT, "there is none");

    t->live = calloc(1, (size_t)(t->rows / 8 + 1));
    if (rc == 0 &&
        (bth.key_size != 4 || (bth.data_size != 2 && bth.data_size != 4)))
        rc = err_set(&err, EBADMSG, "its records are of no known size");
    if (rc == 0 && t->live) {
        m.key = bth.key_size;
        m.data = bth.data_size;
        rc = bth_walk(&bth, rows_mark, &m, &err);
    }
    if (m.beyond)
        pst_note(t->pst, "a table's index names %llu rows that are not there",
                 (unsigned long long)m.beyond);
    if (rc < 0) {
        if (t->rows)
            pst_note(t->pst, "a table's row index: %s", err.msg);
        free(t->live);
        t->live = NULL;
    }
}

static void column_heaps_open(struct table *t, const struct node *node)
{
    if (t->pst->layout->format != PST_UNICODE_4K ||
        NID_TYPE(node->nid) != NID_CONTENTS)
        return;
    for (size_t i = 0; i < array_len(column_heaps); i++) {
        struct err err = {0};
        struct node sub;
        int rc =
            subnode_find(t->pst, node->sub, column_heaps[i].nid, &sub, NULL);
        if (rc == 0)
            rc = heap_open(t->pst, &sub, HEAP_COLUMNS, &t->column_heaps[i],
                           &err);
        if (rc < 0 && rc != -ENOENT)
            pst_note(t->pst, "a table's column heap: %s", err.msg);
    }
}

static int table_read(struct table *t, const struct node *node, struct err *err)
{
    int rc = heap_open(t->pst, node, HEAP_TABLE, &t->heap, err);

    if (rc == 0)
        rc = columns_read(t, err);
    if (rc == 0 && t->rows_hnid)
        rc = hnid_is_heap(t->rows_hnid) ? matrix_in_heap(t, err)
                                        : matrix_outside(t, err);
    if (rc < 0)
        return rc;
    index_read(t);
    column_heaps_open(t, node);
    return 0;
}

int table_open(struct pst *pst, const struct node *node, struct table **table_r,
               struct err *err)
{
    struct table *t = calloc(1, sizeof(*t));
    int rc;

    *table_r = NULL;
    if (!t)
        return err_sys(err, ENOMEM, "table");
    t->pst = pst;
    rc = table_read(t, node, err);
    if (rc < 0)
        table_free(&t);
    *table_r = t;
    return rc;
}

void table_free(struct table **table)
{
    struct table *t = *table;

    if (!t)
        return;
    for (size_t i = 0; i < array_len(column_heaps); i++)
        heap_free(&t->column_heaps[i]);
    heap_free(&t->heap);
    pst_stream_free(&t->stream);
    chunk_unref(&t->block);
    free(t->memory);
    free(t->live);
    free(t);
    *table = NULL;
}

bool table_is_torn(const struct table *t)
{
    return t->torn || heap_is_damaged(t->heap);
}

uint64_t table_rows(const struct table *t)
{
    return t->rows;
}

static const uint8_t *row_bytes(struct table *t, uint64_t r)
{
    struct err err = {0};
    uint32_t k, at;

    if (t->memory)
        return t->memory + r * t->row_size;
    k = (uint32_t)(r / t->per);
    at = (uint32_t)(r % t->per) * t->row_size;
    if (!t->block || t->block_index != k) {
        chunk_unref(&t->block);
        if (stream_block(t->stream, k, &t->block, &err) < 0) {
            damage_lost(heap_sink(t->heap), k);
            pst_note(t->pst, "rows of a table: %s", err.msg);
            t->torn = true;
            return NULL;
        }
        t->block_index = k;
        t->torn |= t->block->damaged;
    }
    if (at + t->row_size > t->block->len) {
        t->torn = true;
        return NULL;
    }
    return t->block->data + at;
}

bool table_row(struct table *t, uint64_t r, struct pst_props *props)
{
    const uint8_t *row;

    if (r >= t->rows || (t->live && !(t->live[r / 8] >> r % 8 & 1)))
        return false;
    row = row_bytes(t, r);
    if (!row)
        return false;
    *props = (struct pst_props){
        .pst = t->pst, .heap = t->heap, .table = t, .row = row};
    return t->live || row_id(props) != 0;
}

struct pst_props *table_row_keep(struct table *t, uint64_t r)
{
    struct pst_props *p = malloc(sizeof(*p));

    if (!p || !table_row(t, r, p)) {
        free(p);
        return NULL;
    }
    p->kept = malloc(t->row_size);
    if (!p->kept) {
        free(p);
        return NULL;
    }
    memcpy(p->kept, p->row, t->row_size);
    p->row = p->kept;
    return p;
}

uint32_t row_id(struct pst_props *row)
{
    struct cell cell;

    if (!table_cell(row, ID_ROW, &cell) || cell.width != 4)
        return 0;
    return get32(cell.fixed);
}

static const struct column *column_find(const struct table *t, uint16_t id)
{
    unsigned low = 0, high = t->column_count;

    if (!t->sorted) {
        for (unsigned i = 0; i < t->column_count; i++)
            if (t->columns[i].id == id)
                return &t->columns[i];
        return NULL;
    }
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (t->columns[middle].id == id)
            return &t->columns[middle];
        if (t->columns[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool table_has_column(const struct table *t, uint16_t id)
{
    return column_find(t, id) != NULL;
}

static struct heap *column_heap(const struct table *t, uint16_t id)
{
    for (size_t i = 0; i < array_len(column_heaps); i++)
        if (column_heaps[i].id == id && t->column_heaps[i])
            return t->column_heaps[i];
    return t->heap;
}

bool table_cell(struct pst_props *p, uint16_t id, struct cell *cell_r)
{
    const struct table *t = p->table;
    const struct column *c = column_find(t, id);
    unsigned width;

    if (!c || !(p->row[t->bits_at + c->bit / 8] & 0x80 >> c->bit % 8))
        return false;
    width = value_width(c->type);
    cell_r->type = c->type;
    cell_r->width = (uint8_t)width;
    cell_r->hnid = 0;
    cell_r->heap = column_heap(t, id);
    if (c->size < (width ? width : 4))
        return false;
    if (width) {
        memset(cell_r->fixed, 0, sizeof(cell_r->fixed));
        memcpy(cell_r->fixed, p->row + c->at, width);
    } else {
        cell_r->hnid = get32(p->row + c->at);
    }
    return true;
}

size_t table_columns(const struct table *t)
{
    return t->column_count;
}

void table_column(const struct table *t, size_t i, uint16_t *id_r,
                  uint16_t *type_r)
{
    *id_r = i < t->column_count ? t->columns[i].id : 0;
    *type_r = i < t->column_count ? t->columns[i].type : 0;
}
