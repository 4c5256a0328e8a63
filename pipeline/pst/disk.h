/*
 * The lower half of the reader, private to pipeline/pst: header, pages,
 * B-trees, blocks, data trees and subnodes (sections 1 to 8).
 */
#ifndef PST_DISK_H
#define PST_DISK_H

#include <time.h>

#include "pipeline/base/err.h"
#include "pipeline/pst/cache.h"
#include "pipeline/pst/crypt.h"
#include "pipeline/pst/limits.h"
#include "pipeline/pst/near.h"
#include "pipeline/pst/pst.h"

/* What differs between the three variants (section 1); bytes, offsets. */
struct layout {
    enum pst_format format;
    const char *name;
    unsigned width;     /* of a BID and of an ib */
    unsigned root_at;   /* ROOT in the header */
    unsigned eof_at;    /* in ROOT: ibFileEof */
    unsigned nbt_at;    /* in ROOT: BREF of the node tree */
    unsigned bbt_at;    /* in ROOT: BREF of the block tree */
    unsigned crypt_at;  /* in the header */
    unsigned next_at;   /* in the header: bidNextB */
    unsigned first_map; /* nothing but the header lies before it */
    unsigned page_size; /* of a tree page, and where its parts are: */
    unsigned page_trailer, page_crc_at, page_bid_at;
    unsigned area; /* bytes for entries */
    unsigned counts_at, count_width;
    unsigned inner_size, nbt_size, bbt_size; /* least entry sizes */
    unsigned block_align, block_full, block_trailer;
    unsigned block_crc_at, block_bid_at; /* in the block trailer */
    unsigned block_size_at;              /* of its inflated size, 0: none */
    unsigned hid_index_bits;
};

extern const struct layout pst_layouts[3]; /* by enum pst_format */

/* Node types, the low 5 bits of a NID (section 3). */
enum nid_type {
    NID_FOLDER = 0x02,
    NID_SEARCH_FOLDER = 0x03,
    NID_MESSAGE = 0x04,
    NID_ATTACHMENT = 0x05,
    NID_ASSOCIATED = 0x08,
    NID_HIERARCHY = 0x0D,
    NID_CONTENTS = 0x0E,
    NID_SEARCH_CONTENTS = 0x10,
};
#define NID_TYPE(nid)       ((nid)&0x1Fu)
#define NID_WITH(nid, type) (((nid) & ~0x1Fu) | (type))

/* Fixed nodes (section 14). */
#define NID_STORE           0x21u
#define NID_NAMES           0x61u
#define NID_ROOT            0x122u
#define NID_RECEIVE_FOLDERS 0x62Bu
#define NID_ATTACHMENTS     0x671u
#define NID_RECIPIENTS      0x692u

/* A node of the node tree or of a subnode tree; block ids 0 = none. */
struct node {
    uint32_t nid;
    uint32_t parent; /* 0 in subnode trees */
    uint64_t data;
    uint64_t sub;
};

/* Where a block lies. */
struct extent {
    uint64_t bid, ib;
    uint32_t stored; /* bytes on disk, without padding and trailer */
    uint32_t size;   /* bytes when inflated */
};

/* The folder that an item is in by its node, 0 when that names none. */
static inline uint32_t node_folder(const struct node *node)
{
    return NID_TYPE(node->parent) == NID_FOLDER ? node->parent : 0;
}

struct btree {
    uint8_t type; /* of its pages */
    const char *name;
    uint64_t ib, bid;
    /* The leaf of the last search, and the keys it answers for. */
    struct chunk *leaf;
    uint64_t low, high;
};

struct note {
    uint64_t hash;
    char *text; /* owned; what.text points to it */
    struct pst_note what;
};

struct table;
struct named;
struct salvage;

/* The damaged blocks that went into an item (damage.c). */
struct damage {
    uint32_t nid;
    unsigned count;
    uint64_t bids[PST_DAMAGE_MAX];
};

/* What the file was when it was opened, and what has become of it (live.c). */
struct live {
    uint64_t dev, ino, links;
    struct timespec mtime;
    int trouble; /* 0, or an errno with its words: nothing read counts */
    char words[PST_NOTE_TEXT_MAX];
};

struct pst {
    int fd; /* borrowed */
    struct live live;
    const struct layout *layout;
    enum pst_crypt crypt;
    struct pst_info info;
    char *display_name;
    struct btree nbt, bbt;
    struct cache pages, blocks;
    uint64_t windows[PST_WINDOWS_KEPT]; /* number + 1, by number */
    struct near near_pages, near_blocks;
    uint8_t *run; /* PST_RUN_BYTES for reading blocks */
    struct note notes[PST_NOTES_MAX];
    size_t note_count;
    size_t notes_dropped; /* past PST_NOTES_MAX */
    struct named *named;  /* NULL until asked for */
    bool named_asked;
    bool named_hurt;         /* damaged or lost, as far as was seen */
    uint64_t bid_next;       /* above all block ids, 0 unknown */
    struct salvage *salvage; /* NULL while nothing had to be searched */
    struct damage *sink;     /* who uses the blocks that are read now */
    bool noting;             /* a note is being made: none about it */
    pst_progress_fn *progress;
    void *progress_ctx;
    /* The contents table listed last, kept for the next part of it. */
    struct table *listing;
    uint32_t listing_folder;
};

/* note.c: damage that was passed over. Same texts are kept once. */
void pst_note(struct pst *pst, const char *fmt, ...) printf_like(2, 3);
/* One about a place in the file. */
void pst_note_at(struct pst *pst, enum pst_note_kind kind, uint64_t offset,
                 const char *fmt, ...) printf_like(4, 5);
/* One about a folder or an item: its path and subject are put in front. */
void pst_note_node(struct pst *pst, uint32_t nid, const char *fmt, ...)
    printf_like(3, 4);
void notes_finish(struct pst *pst);

/* file.c: exactly len bytes, or EBADMSG past the end, or EIO. */
int file_read(struct pst *pst, uint64_t ib, void *to, size_t len,
              struct err *err);
/* A hint that these bytes are wanted soon; reads then overlap. */
void file_will_need(struct pst *pst, uint64_t ib, uint64_t len);

/* live.c: all reads of the file. live_begin notes its size, too. */
struct stat;
void live_begin(struct pst *pst, const struct stat *st);
/* As near_pread, near NULL as io_pread; an error is that of a bad place on a
 * disk that else answers, or trouble, as a read is that ends before the file's
 * end. */
ssize_t live_pread(struct pst *pst, struct near *near, void *to, size_t len,
                   uint64_t off);

/* page.c: a checked tree page; its parts as a view. */
struct page {
    struct chunk *chunk; /* a reference of the caller's */
    unsigned count, stride, level;
};
/* level: what the parent makes expect, -1 for a root. */
int page_read(struct pst *pst, const struct btree *tree, uint64_t ib,
              uint64_t bid, int level, struct page *page_r, struct err *err);
#define PAGE_BYTES_MAX 4096u
/* True when a page that was read is not the one that its parent names (bid) and
 * its keys are not in [low, high) either; with a note about the tree. */
bool page_strays(struct pst *pst, const struct page *page, const char *tree,
                 uint64_t ib, uint64_t bid, uint64_t low, uint64_t high);
/* True when data is a right page of that type, wherever it was written; the
 * parts in *page_r, without the chunk. */
bool page_whole(const struct layout *layout, const uint8_t *data, uint8_t type,
                struct page *page_r);
/* True when its signature says that it was written at ib. */
bool page_placed(const struct layout *layout, const uint8_t *data, uint64_t ib);
/* True when a page of the type stands there, fully right. */
bool page_probe(int fd, const struct layout *layout, uint64_t ib, uint8_t type);

/* btree.c: look-ups answer ENOENT for an absent key, EBADMSG where the pages
 * that would tell are broken. */
int node_find(struct pst *pst, uint32_t nid, struct node *node_r,
              struct err *err);
int extent_find(struct pst *pst, uint64_t bid, struct extent *extent_r,
                struct err *err);
/* All nodes with nid >= from, rising; non-zero from fn ends it. Broken pages
 * are noted and passed over. */
typedef int node_fn(void *ctx, const struct node *node);
int nodes_walk(struct pst *pst, uint32_t from, node_fn *fn, void *ctx);
void btree_finish(struct btree *tree);

/* The same without any salvage: what the live trees have. */
int live_node_find(struct pst *pst, uint32_t nid, struct node *node_r,
                   struct err *err);
int live_extent_find(struct pst *pst, uint64_t bid, struct extent *extent_r,
                     struct err *err);
/* One entry of a leaf page. */
void node_parse(const struct layout *layout, const uint8_t *record,
                struct node *node_r);
void extent_parse(const struct layout *layout, const uint8_t *record,
                  struct extent *extent_r);
/* Goes over a whole tree: leaf(ctx, record) for each entry of sound pages,
 * rising, and lost(ctx, low, high, ib) for the keys in [low, high) that a
 * broken page at ib should have had. Non-zero ends it. */
struct tree_fns {
    int (*leaf)(void *ctx, const uint8_t *record);
    int (*lost)(void *ctx, uint64_t low, uint64_t high, uint64_t ib);
};
int tree_walk(struct pst *pst, const struct btree *tree, uint64_t from,
              const struct tree_fns *fns, void *ctx);

/* damage.c: makes an item the user of all blocks read until damage_leave with
 * what damage_enter returned. */
struct damage *damage_enter(struct pst *pst, struct damage *sink);
void damage_leave(struct pst *pst, struct damage *before);
/* A part of the item, a subnode or property, cannot be read and is left out
 * without another word to the caller. sink may be NULL. */
void damage_lost(struct damage *sink, uint32_t part);
/* c is used now. */
void damage_note(struct pst *pst, struct damage *sink, const struct chunk *c);

/* block.c: bit 0 of a bid is cleared here, wherever it comes from. */
#define BID_INTERNAL 2u
static inline uint64_t bid_clean(uint64_t bid)
{
    return bid & ~UINT64_C(1);
}
/* The decoded block; *chunk_r is a reference of the caller's. */
int block_read(struct pst *pst, uint64_t bid, struct chunk **chunk_r,
               struct err *err);
/* Reads one as the tree has it, without the cache or any search for another
 * copy; what is wrong is noted. */
bool extent_sound(struct pst *pst, const struct extent *e);
/* Brings blocks into the cache, adjacent ones with one read; best effort. */
void blocks_fetch(struct pst *pst, const uint64_t *bids, size_t count);
/* Only tells the system that they will be read. */
void blocks_will_need(struct pst *pst, const uint64_t *bids, size_t count);

/* inflate.c: exactly out_len bytes out of one zlib stream, or EBADMSG. */
int inflate_block(const void *in, size_t in_len, void *out, size_t out_len);

/* Bytes on disk with padding and trailer (section 7). */
uint32_t extent_total(const struct layout *layout, const struct extent *e);

/* stream.c: a data tree, besides what pst.h has. bid 0 gives ENOENT. */
int stream_open(struct pst *pst, uint64_t bid, struct pst_stream **stream_r,
                struct err *err);
/* A stream of bytes in memory; they are copied. */
int stream_memory(const void *data, size_t len, struct pst_stream **stream_r,
                  struct err *err);
/* Who the stream's blocks are read for. */
struct damage *stream_sink(const struct pst_stream *stream);
/* Data blocks by number. */
int stream_block_count(struct pst_stream *stream, uint32_t *count_r,
                       struct err *err);
int stream_block_id(struct pst_stream *stream, uint32_t k, uint64_t *bid_r,
                    struct err *err);
int stream_block(struct pst_stream *stream, uint32_t k, struct chunk **chunk_r,
                 struct err *err);

/* subnode.c: sub is the bidSub of a node (0: none, ENOENT). */
int subnode_find(struct pst *pst, uint64_t sub, uint32_t nid,
                 struct node *node_r, struct err *err);
int subnodes_walk(struct pst *pst, uint64_t sub, node_fn *fn, void *ctx,
                  struct err *err);

#endif
