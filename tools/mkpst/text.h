/* Text to the bytes that a store keeps: UTF-16LE, or a code page. */
#ifndef MKPST_TEXT_H
#define MKPST_TEXT_H

#include "tools/mkpst/memory.h"

struct encoding {
    bool unicode;
    unsigned codepage; /* of 8-bit text */
};

void text_encode(const struct encoding *enc, const char *utf8, size_t len,
                 struct buf *out);
/* Into a code page whatever the store is; unknown characters become '?'. */
void text_codepage(unsigned codepage, const char *utf8, size_t len,
                   struct buf *out);
void text_utf16(const char *utf8, size_t len, struct buf *out);
/* Characters of a store's string: UTF-16 units, or bytes. */
size_t text_units(const struct encoding *enc, const char *utf8, size_t len);

void text_base64(const void *data, size_t len, struct buf *out);
/* As a header needs it: plain ASCII, or RFC 2047 encoded words in UTF-8. */
void text_header(const char *utf8, struct buf *out);

#endif
