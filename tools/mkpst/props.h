/* Property contexts (mspst.md sections 11, 12): collected first, written in
 * one go, so that their order does not matter to the caller. */
#ifndef MKPST_PROPS_H
#define MKPST_PROPS_H

#include "pipeline/pst/tags.h"
#include "tools/mkpst/heap.h"
#include "tools/mkpst/node.h"
#include "tools/mkpst/text.h"

struct prop {
    uint16_t id, type;
    uint32_t nid; /* of a value that is written already, else 0 */
    size_t at, len;
};

struct props {
    struct encoding enc; /* for strings */
    struct prop *list;   /* owned */
    size_t count, cap;
    struct buf values; /* owned */
};

void props_init(struct props *p, const struct encoding *enc);
void props_finish(struct props *p);

/* An id that is there already is replaced in effect: the last one counts. */
void props_int(struct props *p, uint16_t id, uint32_t value);
void props_int16(struct props *p, uint16_t id, uint16_t value);
void props_bool(struct props *p, uint16_t id, bool value);
void props_int64(struct props *p, uint16_t id, uint64_t value);
void props_double(struct props *p, uint16_t id, double value);
void props_time(struct props *p, uint16_t id, int64_t unix_sec);
void props_bytes(struct props *p, uint16_t id, const void *data, size_t len);
void props_text(struct props *p, uint16_t id, const char *utf8);
void props_typed(struct props *p, uint16_t id, uint16_t type, const void *data,
                 size_t len);
void props_texts(struct props *p, uint16_t id, const char *const *utf8,
                 size_t count);
void props_binaries(struct props *p, uint16_t id, const struct buf *values,
                    size_t count);
/* A value that stands in a subnode already. */
void props_node(struct props *p, uint16_t id, uint16_t type, uint32_t nid,
                uint64_t size);

/* Sum of the value lengths (the meaning of 0E20, section 18). */
uint64_t props_size(const struct props *p);

/* Writes the context; long values become subnodes in subs, whose other
 * entries must be there already. size_id (0 = none) is an Int32 property
 * that gets the size of the whole node (0E08, section 18). */
struct node_data props_end(struct props *p, struct subs *subs,
                           uint16_t size_id);

#endif
