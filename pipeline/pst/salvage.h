/*
 * What is done when an index is broken (sections 22, 23), private to
 * pipeline/pst. The file is read once for tree pages and for the trailers of
 * blocks; from these the entries of the broken pages are made again, in sorted
 * arrays that look-ups fall through to. A sound store never comes here.
 */
#ifndef PST_SALVAGE_H
#define PST_SALVAGE_H

#include "pipeline/pst/disk.h"

/* Keys [low, high) of a tree whose page, said to be at ib, is broken. */
struct range {
    uint64_t low, high, ib;
};

/* A sound tree page found by the scan, live or stale. */
struct scan_page {
    uint64_t ib, bid;
    uint64_t first, last; /* keys */
    uint8_t type, level;
};

/* A block found by its trailer or named by a page; not where the live block
 * tree has it. */
struct scan_block {
    struct extent extent;
    uint8_t rank; /* lower is better: RANK_* */
};
enum { RANK_SOUND, RANK_MOVED, RANK_NAMED };

enum saved_from { SAVED_PAGE, SAVED_STALE, SAVED_REBUILT, SAVED_LOOSE };

struct saved_node {
    struct node node;
    enum saved_from from;
};

/* A growing array; count elements of size bytes. */
struct list {
    char *data;
    size_t size, count, cap;
};
/* Room for one more, zeroed; NULL without memory or at most elements. */
void *list_add(struct list *list, size_t most);
void list_finish(struct list *list);
static inline void *list_at(const struct list *list, size_t i)
{
    return list->data + i * list->size;
}

/* A recovered item. */
struct found {
    struct node node;
    enum pst_recovered_kind kind;
    uint64_t place; /* of the page, or the id of the block */
    uint64_t key;   /* tells versions of one item from other items */
};

struct salvage {
    struct pst *pst;
    bool busy;                      /* being made: look-ups see what is there */
    bool stopped;                   /* by the caller, or a limit: not all */
    struct list lost_nbt, lost_bbt; /* struct range, rising */
    struct list pages;              /* struct scan_page */
    struct list blocks;             /* struct scan_block, by bid and rank */
    struct list nodes;              /* struct saved_node, by nid */
    struct list found;              /* struct found; see recovered.c */
    bool found_asked;
};

/* Made-up numbers of items that had none: no writer gets that far. */
#define LOOSE_BASE 0xC0000000u
#define LOOSE_BITS 24u

/* ---- salvage.c ---- */

/* Reads the file if that was not done yet. False while it is being done, when
 * notes are made, or when there is no memory. */
bool salvage_begin(struct pst *pst);
void salvage_free(struct salvage **salvage);
/* The live tree has lost the page that would tell about key. */
bool salvage_has_lost(const struct pst *pst, const struct btree *tree,
                      uint64_t key);
bool salvage_node(struct pst *pst, uint32_t nid, struct node *node_r);
/* How a node was found, NULL for one of the live tree. */
const struct saved_node *salvage_saved(const struct pst *pst, uint32_t nid);
/* A place of the block other than `not` (NULL: any). */
bool salvage_extent(struct pst *pst, uint64_t bid, const struct extent * not,
                    struct extent *extent_r);
/* Same place, same sizes. */
bool extent_same(const struct extent *a, const struct extent *b);
/* The saved nodes with low <= nid < high. */
int salvage_walk(struct pst *pst, uint64_t low, uint64_t high, node_fn *fn,
                 void *ctx);
/* Tells the caller that this takes its time; false when it wants an end. */
bool salvage_alive(struct salvage *s);
/* For rebuild.c and its kin: keeps nodes sorted. False when the nid is there
 * already or at the limit. */
bool salvage_keep(struct salvage *s, const struct node *node,
                  enum saved_from from);
/* NULL when it is not there. */
struct saved_node *salvage_edit(struct salvage *s, uint32_t nid);

/* ---- scan.c: fills pages and blocks ---- */
void scan_file(struct salvage *s);
/* After blocks were added. */
void scan_sort(struct salvage *s);

/* ---- stale.c: entries of old and of broken pages ---- */

/* Entries of block tree pages for the lost keys, for blocks not found. */
void stale_extents(struct salvage *s);
struct refs;
/* Node tree entries for the lost keys, from broken and from old pages. */
void stale_nodes(struct salvage *s, struct refs *refs);
/* All entries of the old and live node tree leaves, newest page first. */
typedef int stale_fn(void *ctx, const struct node *node,
                     const struct scan_page *page);
int stale_walk(struct salvage *s, stale_fn *fn, void *ctx);

/* ---- refs.c: which blocks are named by what is known ---- */

/* With stale, blocks too that the live block tree does not have. */
struct refs *refs_new(struct salvage *s, bool stale);
void refs_free(struct refs **refs);
/* All blocks by id, and whether something names them. */
size_t refs_count(const struct refs *refs);
uint64_t refs_bid(const struct refs *refs, size_t i);
bool refs_named(const struct refs *refs, size_t i);
/* A block that is there and that no other node has as its data. */
bool refs_is_free(const struct refs *refs, uint64_t bid);
bool refs_exists(const struct refs *refs, uint64_t bid);
void refs_mark_node(struct refs *refs, const struct node *node);

/* ---- rebuild.c: nodes from the blocks that nothing names ---- */

/* What a heap is, by its properties or columns. */
enum piece_kind {
    PIECE_OTHER,
    PIECE_MESSAGE,
    PIECE_FOLDER,
    PIECE_STORE,
    PIECE_NAMES,
    PIECE_CONTENTS,
    PIECE_HIERARCHY,
};

/* A heap that nothing names, with the subnodes that belong to it. */
struct piece {
    struct node node; /* nid 0 while unknown */
    enum piece_kind kind;
    uint64_t print; /* hash of what tells it from others */
    uint64_t key;   /* hash of the search key, 0 none */
    uint32_t rows;  /* of a table */
    bool table, used;
};

/* struct piece for each such heap, by data bid, paired with subnodes. */
void pieces_find(struct salvage *s, const struct refs *refs,
                 struct list *pieces);
/* print.c: hashes of what tells a message or folder from others, from its
 * properties or its table row; of its search key, 0 for none. */
uint64_t piece_print(struct pst_props *props, enum piece_kind kind);
uint64_t piece_key(struct pst_props *props);
/* Bits for the names that a message shows as its recipients', and for those in
 * the table of recipients of a list of subnodes; 0 for none. */
uint64_t piece_names(struct pst_props *props);
uint64_t list_names(struct pst *pst, uint64_t sub);
/* In how many other properties they agree. */
unsigned piece_likeness(struct pst_props *a, struct pst_props *b);
/* Gives the pieces the numbers they had, or made-up ones (rejoin.c). */
void pieces_rejoin(struct salvage *s, struct list *pieces);

#endif
