/*
 * An item as the bytes of a standard file. Deterministic: the same item gives
 * the same bytes for ever, whatever the clock, locale or host.
 *
 * A rendered item is a map of segments: literal bytes (headers, bodies) held
 * in memory and base64 views of attachments, whose length is arithmetic. So a
 * size reads no attachment bytes, and a read at any offset reads only what it
 * returns. Knows pst and base; nothing of jobs or mounts.
 */
#ifndef RENDER_RENDER_H
#define RENDER_RENDER_H

#include "pipeline/pst/pst.h"

/* Part of every cached size: raise it whenever any output byte changes. */
#define RENDER_VERSION 3

enum render_format {
    RENDER_FILE,      /* by class: eml, vcf, ics, txt; LF line ends */
    RENDER_MAIL,      /* always an RFC 5322 message; LF line ends */
    RENDER_MAIL_CRLF, /* the same with CRLF, for IMAP */
    RENDER_FTS,       /* the Exchange upload stream, all properties (fts.h) */
    RENDER_MSG,       /* Outlook's message file, all properties (msg.h) */
    RENDER_FORMATS
};

/* Item flags as targets need them. */
#define RENDER_SEEN      0x01
#define RENDER_ANSWERED  0x02
#define RENDER_FORWARDED 0x04
#define RENDER_FLAGGED   0x08
#define RENDER_DRAFT     0x10

#define RENDER_WHAT_MAX 160 /* bytes, with the NUL */

struct render_meta {
    uint64_t size;    /* exact bytes of this rendering */
    int64_t time;     /* delivery, else submission, modification; 0 none */
    uint32_t flags;   /* RENDER_* */
    uint32_t defects; /* parts that could not be read; named in the item */
    /* The first of them in words, "; " between; "" none. */
    char what[RENDER_WHAT_MAX];
};

struct render;

/* A top-level mail rendering (RENDER_MAIL*, and RENDER_FILE where it is an
 * eml) carries "X-Pstfs-Id: <record key>.<nid>", lower-case hex, 32 and 8
 * digits (zeros for a store without a key), by which targets find it again. */

/* Before the first rendering: which version contacts are cards of, 3 (the
 * default) or 4. */
void render_setup(unsigned vcard);

/* Renders item nid of the store, which must outlive it. Parts that cannot be
 * read cost an X-Pstfs-Defect header, not the item; fails only when the item
 * itself cannot be opened (or memory runs out). */
int render_new(struct pst *pst, uint32_t nid, enum render_format format,
               struct render **render_r, struct err *err);
/* The same for a recovered item (pst_recovered), which says where it was
 * found: X-Pstfs-Recovered, as a header, a property or a last line. nid stands
 * for it in X-Pstfs-Id; nothing in the store may have that. */
int render_new_recovered(struct pst *pst, uint32_t number, uint32_t nid,
                         enum render_format format, struct render **render_r,
                         struct err *err);
void render_free(struct render **render);
const struct render_meta *render_meta(const struct render *render);
/* Bytes of memory the segments hold, for caches. */
size_t render_weight(const struct render *render);

/* ---- what scripts ask of an item ---- */

/* Name and value, as text: subject, from, to, date (RFC 3339, UTC), class,
 * message-id, entryid (hex), size (as the store has it), flags (words), nid.
 * All of them, in this order; "" where the item has none. */
typedef int render_fact_fn(void *ctx, const char *name, const char *value);
int render_facts(struct pst *pst, uint32_t nid, render_fact_fn *fn, void *ctx,
                 struct err *err);

/* ---- attachments as files ---- */

/* Parts have numbers from 1, in the order of the store; part 0 would be the
 * item itself. */
#define RENDER_PART_MAX 65535

struct render_part {
    unsigned number;
    const char *name; /* a file name, not unique; valid during the call */
    uint64_t size;    /* exact */
    int64_t time;     /* of its last change, else the item's; 0 none */
    int error;        /* errno: cannot be read, the size is not known */
};

typedef int render_part_fn(void *ctx, const struct render_part *part);
/* The attachments of an item from number first on: their bytes, an embedded
 * item as a file of its own, a link as a text that holds it. fn's non-zero
 * result stops and is returned. */
int render_parts(struct pst *pst, uint32_t nid, unsigned first,
                 render_part_fn *fn, void *ctx, struct err *err);
/* One of them to be read; render_meta has its size and time. ENOENT: no such
 * part. Data that is damaged fails when it is read. */
int render_part_new(struct pst *pst, uint32_t nid, unsigned part,
                    struct render **render_r, struct err *err);

/* Bytes at off: fewer than len only at the end; negative errno when an
 * attachment cannot be read there. */
ssize_t render_read(struct render *render, uint64_t off, void *buf, size_t len,
                    struct err *err);

/* "eml", "vcf", "ics" or "txt" for a message class; never NULL. */
const char *render_extension(const char *message_class);

#endif
