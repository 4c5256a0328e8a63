/* Table contexts (mspst.md section 13), row by row: only the open block of
 * the matrix, a few heap blocks and eight bytes a row stay in memory. */
#ifndef MKPST_TABLE_H
#define MKPST_TABLE_H

#include "tools/mkpst/props.h"

#define TABLE_COLUMNS_MAX 48
#define COLUMN_HEAPS      2

/* id << 16 | type, as in the format. Text columns are given as PT_STRING and
 * become PT_STRING8 in ANSI stores. */
typedef uint32_t column_tag;

struct table_column {
    column_tag tag;
    uint16_t at;
    uint8_t width, bit;
};

struct table_index {
    uint32_t row_id, row;
};

struct table {
    const struct variant *v;
    struct encoding enc;
    struct heap heap;
    struct heap *column_heaps[COLUMN_HEAPS]; /* owned; 4k stores only */
    struct subs subs;
    struct table_column columns[TABLE_COLUMNS_MAX];
    size_t column_count;
    uint16_t ends[4];
    uint8_t *info;   /* TCINFO, in the heap's first block */
    uint8_t *matrix; /* owned: one block */
    size_t row_count, rows_open;
    struct block_list blocks;  /* full blocks of the matrix */
    struct table_index *index; /* owned */
    size_t index_cap;
};

/* columns must have 67F2 and 67F3. contents: a table of messages, whose
 * columns 0042 and 3013 have heaps of their own in 4k stores. */
struct table *table_new(struct blocks *b, const struct encoding *enc,
                        const column_tag *columns, size_t count, bool contents);

/* Begins a row; the setters below fill in its cells. Ids that are no column
 * of the table are ignored, so one caller serves several sets of columns. */
void table_row(struct table *t, uint32_t row_id);
void table_int(struct table *t, uint16_t id, uint32_t value);
void table_bool(struct table *t, uint16_t id, bool value);
void table_time(struct table *t, uint16_t id, int64_t unix_sec);
/* enc: of this row's text, NULL = the table's. */
void table_text(struct table *t, uint16_t id, const struct encoding *enc,
                const char *utf8);
void table_bytes(struct table *t, uint16_t id, const void *data, size_t len);

/* Writes and frees the table. */
struct node_data table_end(struct table **t);

#endif
