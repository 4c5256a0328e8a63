/* IMAP's modified UTF-7 for mailbox names (RFC 3501 5.1.3). */
#ifndef TARGET_MUTF7_H
#define TARGET_MUTF7_H

#include "pipeline/base/buf.h"

/* Appends UTF-8 text in modified UTF-7; bad UTF-8 becomes U+FFFD. 0, or the
 * negative error of out. */
int mutf7_encode(const char *utf8, size_t len, struct buf *out);

/* Appends modified UTF-7 text as UTF-8. Strict: -EINVAL for all that the
 * encoder would not have written (then out is as it was). */
int mutf7_decode(const char *text, size_t len, struct buf *out);

#endif
