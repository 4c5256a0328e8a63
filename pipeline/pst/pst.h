/*
 * A PST or OST store, read-only: the whole public face of pipeline/pst.
 * Format facts: [MS-PST]; section numbers below are those of the research
 * note mspst.md. No FUSE, no SQL, no rendering in here.
 *
 * Threads: a struct pst belongs to one thread at a time. Opening is cheap
 * (a few dozen preads whatever the size), so each thread opens its own on the
 * same descriptor; all reads are pread.
 *
 * Errors: 0 or negative errno with words in err (which may be NULL). EBADMSG
 * is damage, ENOENT absent, EFBIG over a named limit (limits.h), EIO from the
 * disk. Damage never aborts: what can be read is given, the rest is a note.
 *
 * Text is always valid UTF-8 without NUL, owned as each function says.
 */
#ifndef PST_PST_H
#define PST_PST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "pipeline/base/buf.h"
#include "pipeline/base/err.h"
#include "pipeline/pst/tags.h"

struct pst;            /* an open store */
struct pst_props;      /* properties of one object: PC or table row */
struct pst_item;       /* message, contact ...: top level or embedded */
struct pst_attachment; /* one attachment of an item */
struct pst_stream;     /* bytes of one value, random access */

enum pst_format { PST_ANSI, PST_UNICODE, PST_UNICODE_4K };

#define PST_RECORD_KEY_SIZE 16

struct pst_info {
    enum pst_format format;
    const char *format_name; /* "ANSI", "Unicode", "Unicode 4k" */
    const char *crypt_name;  /* "none", "permute", "cyclic" */
    uint16_t version;        /* wVer */
    bool is_ost;
    bool has_password; /* a checksum only: nothing is locked by it */
    uint64_t file_size;
    uint64_t file_eof; /* ibFileEof of the header */
    bool has_record_key;
    uint8_t record_key[PST_RECORD_KEY_SIZE];
    const char *display_name; /* owned by the store; "" when absent */
    unsigned codepage;        /* default for 8-bit text of the store */
    /* Well-known folders by entry id (section 15, 20); 0 = unknown. */
    uint32_t root, ipm_subtree, inbox, outbox, deleted, sent, drafts;
    /* Hash of the header bytes: changes whenever a writer has closed. */
    uint64_t stamp;
};

/* Opens the store on fd, which is borrowed and must outlive it. Fails with
 * EBADMSG when it is no PST, ENOTSUP for a version or cipher that is not
 * read; a store with broken trees still opens when its header is there. */
int pst_open(int fd, struct pst **pst_r, struct err *err);
void pst_free(struct pst **pst);
const struct pst_info *pst_info(const struct pst *pst);
/* Is the file still what was opened? 0: same size, time, links and header, and
 * no read has failed but of bad places. ESTALE: it was written to, cut,
 * replaced or removed; any other errno: it does not give its bytes any more.
 * Then nothing counts that was read since the last 0, and it stays so. What a
 * writer changes without any of these changing cannot be seen. */
int pst_unchanged(struct pst *pst, struct err *err);
/* Pages of the trees were found lost so far: though their blocks are searched
 * for, folders and items may be missing that nothing names any more. */
bool pst_incomplete(const struct pst *pst);

/* The code page of 8-bit text for which neither the item nor its folder names
 * one, instead of the majority's. */
void pst_set_codepage(struct pst *pst, unsigned codepage);

/* pst_open with a sign of life: where an index is broken the whole file is
 * read, once, which takes as long as its size says. fn (may be NULL) is called
 * every few milliseconds meanwhile and in pst_recovered; non-zero ends the
 * search early, with what was found until then. */
typedef int pst_progress_fn(void *ctx);
int pst_open_slow(int fd, pst_progress_fn *fn, void *ctx, struct pst **pst_r,
                  struct err *err);

/* Damage met so far, each place once, at most PST_NOTES_MAX; oldest first. */
enum pst_note_kind {
    PST_NOTE_STORE, /* the header, or many places */
    PST_NOTE_PAGE,
    PST_NOTE_BLOCK,
    PST_NOTE_FOLDER,
    PST_NOTE_ITEM,
};

struct pst_note {
    enum pst_note_kind kind;
    uint64_t offset;  /* of the page or block in the file, else 0 */
    uint32_t nid;     /* of the folder or item, else 0 */
    const char *text; /* all in words; owned by the store */
};

size_t pst_note_count(const struct pst *pst);
/* NULL past the end. */
const struct pst_note *pst_note_get(const struct pst *pst, size_t i);
const char *pst_note_text(const struct pst *pst, size_t i);

/* Looks at everything (section 23): each page of both trees, each block, each
 * folder and item with its parts. What is damaged becomes a note; a note of
 * a damaged block is followed by one of the item or folder that it belongs
 * to. Beats as pst_open_slow says. EINTR: stopped by fn. */
struct pst_check {
    uint64_t nodes, blocks, bytes; /* looked at */
    uint64_t folders, items;
    uint64_t bad_pages, bad_blocks, bad_items;
    uint64_t unlisted; /* notes past PST_NOTES_MAX: only counted */
    bool stopped;
};
int pst_check(struct pst *pst, struct pst_check *counts_r, struct err *err);

/* ---- folders (section 17) ---- */

struct pst_folder {
    uint32_t nid, parent; /* parent 0: the folder hangs nowhere */
    const char *name;     /* valid during the call */
    const char *class;    /* 3613, "" when absent: IPF.Contact ... */
    int64_t items;        /* as the folder says, -1 unknown */
    int64_t unread;       /* of them, the same */
    bool is_search;       /* its rows are links, not items */
};

/* Called per object; non-zero stops the walk and is returned by it. */
typedef int pst_folder_fn(void *ctx, const struct pst_folder *folder);

/* All folders, parents before children, the root first; folders that the
 * node tree has but no hierarchy table names come last, below the parent
 * that the node tree gives. Where damage has torn folders or items from their
 * parents a made-up folder is added at the top, and they hang below it. Depth
 * and count are bounded. */
#define PST_LOST_FOLDER      0xFFFFFFE2u
#define PST_LOST_FOLDER_NAME "Lost and found"
int pst_folders(struct pst *pst, pst_folder_fn *fn, void *ctx, struct err *err);

/* ---- listing a folder ---- */

struct pst_entry {
    uint32_t nid;
    const char *class;   /* 001A; "" when absent */
    const char *subject; /* 0037 without its prefix mark */
    const char *from;    /* 0042, else 0C1A: display name */
    const char *to;      /* 0E04 */
    int64_t time;        /* 0E06, else 0039, 3008, 3007: unix seconds; 0 none */
    uint32_t flags;      /* 0E07 */
    uint64_t size;       /* 0E08: a hint, never exact */
};

typedef int pst_entry_fn(void *ctx, const struct pst_entry *entry);

/* Items of a folder in row order from `start` on, 0 at first; *next_r (may be
 * NULL) is the start of what follows the last one shown. Where the contents
 * table is broken, missing or has lost rows, the node tree is asked too. */
int pst_entries(struct pst *pst, uint32_t folder, uint64_t start,
                pst_entry_fn *fn, void *ctx, uint64_t *next_r, struct err *err);

/* ---- items ---- */

int pst_item_open(struct pst *pst, uint32_t nid, struct pst_item **item_r,
                  struct err *err);
void pst_item_free(struct pst_item **item);
struct pst *pst_item_store(const struct pst_item *item);
uint32_t pst_item_nid(const struct pst_item *item);
/* Damaged blocks that went into the item so far, into its attachments and
 * embedded items too, where bytes may be wrong, and parts of it that could not
 * be read and are not shown. Counted up to PST_DAMAGE_MAX. */
unsigned pst_item_damage(const struct pst_item *item);
/* "" for an item that an index names, else how it was found; embedded items
 * tell the same as the outermost one. */
const char *pst_item_origin(const struct pst_item *item);
/* All below are borrowed from the item and die with it. */
struct pst_props *pst_item_props(struct pst_item *item);
size_t pst_item_recipients(struct pst_item *item);
struct pst_props *pst_item_recipient(struct pst_item *item, size_t i);
size_t pst_item_attachments(struct pst_item *item);

/* The i-th attachment; the caller frees it before the item. */
int pst_attachment_open(struct pst_item *item, size_t i,
                        struct pst_attachment **att_r, struct err *err);
void pst_attachment_free(struct pst_attachment **att);
struct pst_props *pst_attachment_props(struct pst_attachment *att);
/* Method 1 and 6: the bytes. ENOENT when there are none. */
int pst_attachment_data(struct pst_attachment *att,
                        struct pst_stream **stream_r, struct err *err);
/* Method 5: the embedded message; freed by the caller, before att. */
int pst_attachment_item(struct pst_attachment *att, struct pst_item **item_r,
                        struct err *err);

/* ---- properties ---- */

/* Type of a property (PT_*), 0 when absent. */
unsigned pst_props_type(struct pst_props *props, uint16_t id);
size_t pst_props_count(struct pst_props *props);
void pst_props_at(struct pst_props *props, size_t i, uint16_t *id_r,
                  uint16_t *type_r);

/* Fixed-size values; fallback when absent or of another type. */
bool pst_props_bool(struct pst_props *props, uint16_t id, bool fallback);
int32_t pst_props_int(struct pst_props *props, uint16_t id, int32_t fallback);
int64_t pst_props_int64(struct pst_props *props, uint16_t id, int64_t fallback);
double pst_props_double(struct pst_props *props, uint16_t id, double fallback);
/* FILETIME; 0 when absent. */
uint64_t pst_props_time(struct pst_props *props, uint16_t id);

/* Variable-size values appended to out; -ENOENT when absent or of a type
 * that does not fit, -EFBIG when out's maximum is passed. text: String and
 * String8 by the object's code page (section 19), NULs at the end cut,
 * others replaced; a Binary is taken as String8 (1013 in most stores). */
int pst_props_text(struct pst_props *props, uint16_t id, struct buf *out,
                   struct err *err);
int pst_props_bytes(struct pst_props *props, uint16_t id, struct buf *out,
                    struct err *err);

/* Multi-valued strings: element i; -ENOENT past the end or absent. */
int pst_props_text_at(struct pst_props *props, uint16_t id, size_t i,
                      struct buf *out, struct err *err);

/* 8-bit text of the object, wherever it was found, appended as UTF-8. */
void pst_props_decode(struct pst_props *props, const void *data, size_t len,
                      struct buf *out);

/* Value size in bytes as stored; -ENOENT when absent. */
int64_t pst_props_size(struct pst_props *props, uint16_t id);
/* A value as a stream, whatever its length; freed before props. */
int pst_props_stream(struct pst_props *props, uint16_t id,
                     struct pst_stream **stream_r, struct err *err);

/* Code page of the object's 8-bit text (section 19), never 0. */
unsigned pst_props_codepage(struct pst_props *props);

/* Named properties (section 16): the id in this store, 0 when unknown.
 * guid: 16 bytes as stored on disk. */
uint16_t pst_named_number(struct pst *pst, const uint8_t guid[16],
                          uint32_t number);
uint16_t pst_named_text(struct pst *pst, const uint8_t guid[16],
                        const char *name);
/* False where the names could not all be read, or not from sound blocks: then
 * properties from 0x8000 on may be missed, or taken for others. */
bool pst_names_whole(struct pst *pst);

/* The way back: what an id from 0x8000 on is the number of. */
struct pst_name {
    uint8_t guid[16]; /* as stored on disk */
    bool is_text;
    uint32_t number;     /* else: */
    const uint8_t *text; /* UTF-16LE without a NUL; owned by the store */
    size_t text_len;     /* bytes, even, never 0 */
};
/* False when the store has no such name, or an empty one. */
bool pst_named_get(struct pst *pst, uint16_t id, struct pst_name *name_r);

/* ---- streams ---- */

uint64_t pst_stream_size(const struct pst_stream *stream);
/* From now on a damaged block, which else is used and counted in
 * pst_item_damage, fails the read with EBADMSG. For bytes that are handed out
 * when it is too late to say so. */
void pst_stream_strict(struct pst_stream *stream);
/* Bytes read, fewer than len only at the end; negative errno on damage. */
ssize_t pst_stream_read(struct pst_stream *stream, uint64_t off, void *buf,
                        size_t len, struct err *err);
void pst_stream_free(struct pst_stream **stream);

/* ---- recovered items (sections 22, 23) ---- */

enum pst_recovered_kind {
    PST_RECOVERED_ORPHAN,   /* in the node tree, in no folder */
    PST_RECOVERED_DELETED,  /* in an old page of the node tree */
    PST_RECOVERED_FRAGMENT, /* a message's block that nothing names */
};

struct pst_recovered {
    uint32_t number; /* from 1, in a fixed order for one state of the file */
    enum pst_recovered_kind kind;
    uint32_t nid;                            /* the number it had, 0 unknown */
    const char *class, *subject, *from, *to; /* as in struct pst_entry */
    int64_t time;
    const char *origin; /* in words: where it was found */
};

typedef int pst_recovered_fn(void *ctx, const struct pst_recovered *item);

/* Items that no listing shows and whose blocks are intact: each once, without
 * older versions of items that are still there; from the one after number
 * `start` on, 0 at first. The first call reads the whole file. Numbers stay
 * while the store is open, and are the same whenever the same bytes are
 * opened. All text is valid during the call. */
int pst_recovered(struct pst *pst, uint32_t start, pst_recovered_fn *fn,
                  void *ctx, struct err *err);
/* ENOENT past the end. */
int pst_item_open_recovered(struct pst *pst, uint32_t number,
                            struct pst_item **item_r, struct err *err);

/* Nodes of the store, no more than `most` counted. */
uint32_t pst_node_count(struct pst *pst, uint32_t most);

/* ---- items by number, for look-up without a listing ---- */

/* ENOENT when there is no such node; its parent folder in *folder_r. */
int pst_node_parent(struct pst *pst, uint32_t nid, uint32_t *folder_r,
                    struct err *err);

#endif
