/* Content transfer encodings (RFC 2045 section 6) and line ends. */
#ifndef RENDER_ENCODE_H
#define RENDER_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "pipeline/base/buf.h"

#define ENCODE_LINE_MAX 998 /* octets of a 7bit or 8bit line */

enum encoding {
    ENCODING_7BIT,
    ENCODING_8BIT,
    ENCODING_QP,
    ENCODING_BASE64,
};

/* The name as in Content-Transfer-Encoding. */
const char *encode_name(enum encoding encoding);

/* The plainest encoding that carries LF-ended bytes unchanged. Lines that
 * start like our boundaries are never sent as they are. */
enum encoding encode_choice(const char *text, size_t len);

/* Groups of 3 bytes to 4 characters, padded, without line ends. Writes
 * 4 * ceil(len / 3) characters. */
void encode_base64_raw(const uint8_t *data, size_t len, char *out);

/* Appends text in the encoding; lines end with LF. */
void encode_add(struct buf *out, enum encoding encoding, const char *text,
                size_t len);

/* Makes every CRLF and CR of b from `from` on an LF, in place. */
void encode_lf(struct buf *b, size_t from);

#endif
