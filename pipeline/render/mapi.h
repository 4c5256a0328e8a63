/*
 * All properties of an object, for the formats that carry them as they are:
 * the Exchange upload stream (fts.h) and Outlook's message file. What is odd
 * in a PST is mended here, once for both (targets.md section 7.5, mspst.md
 * sections 11, 12, 16, 18):
 *
 *   - 8-bit text becomes UTF-16 by the object's code page; NULs at the end of
 *     texts are cut
 *   - the mark before a subject is taken off; it becomes PR_SUBJECT_PREFIX and
 *     PR_NORMALIZED_SUBJECT where the item lacks them
 *   - HTML is Binary; kept as text of 16 bits it becomes UTF-8, which
 *     PR_INTERNET_CPID then says
 *   - a well-known property of a wrong type gets the right one where its value
 *     fits, else it is left out and told
 *   - what every object needs and lacks is added: class IPM.Note, message
 *     flags, recipient type To, attachment method by value
 *
 * Never given: ids of the types Unspecified, Null, Error, Object, ServerId,
 * Restriction, Actions and lists of Error; a second property with one id; and,
 * told as a defect, what cannot be read, has an unknown type, or a number from
 * 0x8000 on that the store has no name for. PR_ATTACH_DATA comes from
 * mapi_attachment_data alone.
 */
#ifndef RENDER_MAPI_H
#define RENDER_MAPI_H

#include "pipeline/render/render_priv.h"

enum mapi_object {
    MAPI_MESSAGE = 1,
    MAPI_RECIPIENT = 2,
    MAPI_ATTACHMENT = 4,
    MAPI_ANY = 7,
};

struct mapi_element {
    const uint8_t *data;
    size_t len;
};

/* One property. All of it holds only during the call, but for the source,
 * which lives as long as the segments. Fixed types have the bytes [MS-OXCDATA]
 * 2.11.1 gives them (Boolean 2), little-endian; texts are UTF-16LE without a
 * NUL at the end, so "" has size 0; binaries may be empty. */
struct mapi_prop {
    uint16_t id;   /* as in the store: from 0x8000 on a handle only */
    uint16_t type; /* PT_*; PT_STRING, PT_MV_STRING for all texts */
    const struct pst_name *name;     /* of ids from 0x8000 on, else NULL */
    uint64_t size;                   /* bytes of the value */
    const uint8_t *data;             /* the value; NULL: it is in source */
    struct segment_source source;    /* values over MAPI_WHOLE_MAX */
    const struct mapi_element *list; /* type & PT_MV: the values, no data */
    size_t count;
};

/* Properties that a format has no use for, by number. */
struct mapi_drop {
    uint16_t first, last; /* ids, both included */
    unsigned objects;     /* enum mapi_object, or-ed */
};

struct mapi_rules {
    const struct mapi_drop *drops;
    size_t drop_count;
    uint32_t flags;      /* bits of PR_MESSAGE_FLAGS that are kept */
    uint32_t mail_flags; /* and those that are kept in mail (IPM.Note) too */
};

typedef void mapi_fn(void *ctx, const struct mapi_prop *prop);

/* Calls fn for each property of an object of m that the rules let pass: what
 * it must have first (the class of a message foremost), then in store order.
 * Damage is told by message_defect; memory running out by m->work->error. */
void mapi_each(struct message *m, struct pst_props *props,
               enum mapi_object object, const struct mapi_rules *rules,
               mapi_fn *fn, void *ctx);

/* Attachment i of m, held by the segments; NULL when it cannot be opened,
 * which is told. */
struct pst_attachment *mapi_attachment(struct message *m, size_t i);

/* PR_ATTACH_DATA of any attachment but an embedded message: Binary, Object for
 * OLE, always with a source. False when there is none, or an empty one, or it
 * is broken, which is told. number: of the attachment, for the words. */
bool mapi_attachment_data(struct message *m, struct pst_attachment *att,
                          size_t number, struct mapi_prop *prop_r);

/* The embedded message, held by the segments; NULL when the attachment is of
 * another method, or it cannot be opened or is too deep, which is told. */
struct pst_item *mapi_attachment_item(struct message *m,
                                      struct pst_attachment *att,
                                      size_t number);

/* The type that a well-known id must have; 0 for all others. */
unsigned mapi_type(uint16_t id);

#endif
