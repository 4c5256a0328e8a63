/* What cfb.c, cfb_tree.c and cfb_write.c share. */
#ifndef RENDER_CFB_PRIV_H
#define RENDER_CFB_PRIV_H

#include "pipeline/render/cfb.h"
#include "pipeline/render/cfb_chain.h"

#define CFB_MAGIC        0xE11AB1A1E011CFD0ull /* as a number */
#define CFB_HEADER_SIZE  512
#define CFB_HEADER_DIFAT 109 /* sectors of the table that the header names */
#define CFB_ENTRY_SIZE   128
#define CFB_MINI_SHIFT   6

enum { CFB_STORAGE = 1, CFB_STREAM = 2, CFB_ROOT_TYPE = 5 };

struct cfb_entry {
    struct cfb_name name;
    uint8_t type;
    bool red;
    uint32_t parent;
    uint32_t left, right, child; /* CFB_FREE: none */
    uint32_t start;              /* sector or mini sector */
    const uint8_t *data;         /* of a stream; NULL: it is in source */
    struct segment_source source;
    uint8_t class[CFB_CLASS_SIZE];
};

struct cfb {
    struct cfb_entry *list;
    size_t count, room;
    int error;
};

static inline bool cfb_is_mini(const struct cfb_entry *e)
{
    return e->type == CFB_STREAM && e->source.size < CFB_MINI_CUTOFF;
}

/* Sets left, right, child and red of all entries. ENOMEM, EEXIST. */
int cfb_tree(struct cfb *c);

#endif
