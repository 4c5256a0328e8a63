/*
 * The upper half of the reader, private to pipeline/pst: heaps, B-trees in
 * heaps, property contexts, tables, values (sections 9 to 13, 19).
 */
#ifndef PST_HEAP_H
#define PST_HEAP_H

#include "pipeline/pst/disk.h"

/* ---- heap.c: heap-on-node ---- */

struct heap;

#define HEAP_SIGNATURE 0xEC /* byte 2 of a heap; byte 3 is the client: */
#define HEAP_TABLE     0x7C
#define HEAP_PROPS     0xBC
#define HEAP_COLUMNS   0xA5

/* node's data as a heap; ENOENT when it has none, EBADMSG when the client
 * signature is not the one wanted. */
int heap_open(struct pst *pst, const struct node *node, uint8_t client,
              struct heap **heap_r, struct err *err);
void heap_free(struct heap **heap);
struct pst *heap_store(const struct heap *heap);
uint32_t heap_root(const struct heap *heap); /* hidUserRoot */
uint64_t heap_sub(const struct heap *heap);  /* subnodes of the node */
uint64_t heap_size(const struct heap *heap); /* bytes of all its blocks */
/* Blocks that failed their checks are among those used so far. */
bool heap_is_damaged(const struct heap *heap);
struct damage *heap_sink(const struct heap *heap); /* who opened it */
/* An allocation. The pointer holds until the next call on this heap. HID 0
 * is an empty one. */
int heap_get(struct heap *heap, uint32_t hid, const uint8_t **data_r,
             size_t *len_r, struct err *err);
/* True for a HID, false for the NID of a subnode. */
static inline bool hnid_is_heap(uint32_t hnid)
{
    return NID_TYPE(hnid) == 0;
}

/* ---- bth.c: B-tree in a heap ---- */

struct bth {
    struct heap *heap;
    unsigned key_size, data_size, levels;
    uint32_t root;
};

int bth_open(struct heap *heap, uint32_t hid, struct bth *bth_r,
             struct err *err);
/* Leaf after leaf: count records of key_size + data_size bytes. Broken parts
 * are passed over; the first error is then returned at the end. */
typedef int bth_fn(void *ctx, const uint8_t *records, size_t count);
int bth_walk(const struct bth *bth, bth_fn *fn, void *ctx, struct err *err);

/* ---- props.c: a property context or a table row ---- */

struct prop {
    uint16_t id, type;
    uint32_t hnid; /* or the value itself */
};

struct pst_props {
    struct pst *pst;
    struct heap *heap; /* owned by a PC, the table's in a row */
    /* a PC */
    struct prop *list;
    size_t count;
    bool sorted;
    /* a row of table; NULL for a PC */
    struct table *table;
    const uint8_t *row;
    uint8_t *kept; /* row, when this object owns it */
    /* code page of 8-bit text: of whom it hangs on, and found; 0 unknown */
    unsigned outer_codepage;
    unsigned codepage;
    bool codepage_known;
};

int props_open(struct pst *pst, const struct node *node,
               struct pst_props **props_r, struct err *err);
void props_free(struct pst_props **props);
/* The code page that the object itself or its owner names, 0 for none. */
unsigned props_named_codepage(struct pst_props *props);

/* One value: at hand when width is not 0, else behind hnid. */
struct cell {
    uint16_t type;
    uint8_t width;
    uint8_t fixed[8];
    uint32_t hnid;
    struct heap *heap;
};
bool props_cell(struct pst_props *props, uint16_t id, struct cell *cell_r);

/* ---- value.c ---- */

unsigned value_width(unsigned type); /* bytes of a fixed type, else 0 */

/* All bytes of a value in memory; finish it when done. The data of a value in
 * the heap holds until the next use of that heap. */
struct value {
    const uint8_t *data;
    size_t len;
    uint8_t *owned;
    uint8_t fixed[8];
};
/* EFBIG over max bytes. With cut, the first max bytes instead. */
int value_load(const struct cell *cell, size_t max, bool cut,
               struct value *value_r, struct err *err);
void value_finish(struct value *value);
/* Size without reading it. */
int64_t value_size(const struct cell *cell);
int value_stream(const struct cell *cell, struct pst_stream **stream_r,
                 struct err *err);
/* Element i of a multi-value; -ENOENT past the end or for single ones. */
int value_element(const struct value *v, unsigned type, size_t i,
                  const uint8_t **data_r, size_t *len_r);

/* ---- text.c ---- */

/* Adds a String, String8 or Binary as clean UTF-8: NULs at the end cut,
 * others replaced. codepage 0: UTF-8 if it is that, else fallback. */
void text_add(unsigned type, const uint8_t *data, size_t len, unsigned codepage,
              unsigned fallback, struct buf *out);
/* Takes the subject's prefix mark off (section 18). */
void text_skip_mark(unsigned type, const uint8_t **data, size_t *len);
/* The code page that HTML names in its first bytes, 0 for none. */
unsigned text_html_codepage(const uint8_t *data, size_t len);
/* At most max bytes of the source are looked at. */
int props_text_cut(struct pst_props *props, uint16_t id, size_t max, bool cut,
                   struct buf *out, struct err *err);

/* ---- table.c ---- */

/* node's data as a table; column heaps are minded when node->nid is that of a
 * contents table. */
int table_open(struct pst *pst, const struct node *node, struct table **table_r,
               struct err *err);
void table_free(struct table **table);
uint64_t table_rows(const struct table *table);
/* Rows could not be read so far, or from damaged blocks. */
bool table_is_torn(const struct table *table);
/* Makes props show row r; false when it is deleted or cannot be read. The
 * row holds until the next table_row, and props are not to be freed. */
bool table_row(struct table *table, uint64_t r, struct pst_props *props);
/* As table_row, but a copy that lives until props_free; NULL if none. */
struct pst_props *table_row_keep(struct table *table, uint64_t r);
/* Row id, 0 when the row has none. */
uint32_t row_id(struct pst_props *row);
bool table_has_column(const struct table *table, uint16_t id);

/* for props.c */
bool table_cell(struct pst_props *row, uint16_t id, struct cell *cell_r);
size_t table_columns(const struct table *table);
void table_column(const struct table *table, size_t i, uint16_t *id_r,
                  uint16_t *type_r);

/* ---- entries.c ---- */

#define ENTRY_TEXTS 4
/* All of an entry but its nid, its texts in text; props NULL: nothing. False
 * when a text is there but cannot be read. */
bool entry_fill(struct pst_entry *e, struct pst_props *props,
                struct buf text[ENTRY_TEXTS]);
void entry_texts_init(struct buf text[ENTRY_TEXTS]);
void entry_texts_finish(struct buf text[ENTRY_TEXTS]);

/* ---- store.c: what pst_info shows, read at opening ---- */

void store_read(struct pst *pst);
/* Code page that most items name, 0 for none; stops early (section 19). */
unsigned codepage_of_items(struct pst *pst);

/* ---- named.c ---- */

void named_free(struct named **named);

/* ---- item.c ---- */

/* An item in outer (borrowed, outlives it; NULL at top level); node is then
 * in the attachment's subnode tree. EFBIG when nested too deep, EBADMSG when
 * the item would contain itself. */
int item_open_node(struct pst *pst, const struct node *node,
                   const struct pst_item *outer, unsigned codepage,
                   struct pst_item **item_r, struct err *err);
/* What pst_item_origin says; copied. */
void item_set_origin(struct pst_item *item, const char *origin);
/* Who the blocks of the item are read for. */
struct damage *item_sink(const struct pst_item *item);
/* The attachment's place in the item, for attachment.c. */
int item_attachment_node(struct pst_item *item, size_t i, struct node *node_r);

#endif
