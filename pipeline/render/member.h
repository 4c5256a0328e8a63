/*
 * Members of a distribution list ([MS-OXOCNTC] 2.2.2.2.1): one-off entry ids,
 * or wrapped ones, which are links to contacts and lists of the store or
 * addresses of a directory.
 */
#ifndef RENDER_MEMBER_H
#define RENDER_MEMBER_H

#include "pipeline/render/address.h"

enum member_kind {
    MEMBER_BOX,     /* box says it all */
    MEMBER_CONTACT, /* nid, email: an address of a contact */
    MEMBER_LIST,    /* nid: another list */
};

struct member {
    enum member_kind kind;
    struct mailbox box;
    uint32_t nid;   /* 0: it lies in another store */
    unsigned email; /* 0, 1, 2 */
};

/* False when the bytes are none of these. Texts are arena copies. */
bool member_parse(struct work *w, unsigned codepage, const uint8_t *data,
                  size_t len, struct member *member_r);

/* The X.500 name in a directory's entry id ([MS-OXCDATA] 2.2.5.2); "" when it
 * is none. */
const char *member_directory(struct work *w, const uint8_t *data, size_t len);

#endif
