/* Reading RFC 2047 encoded words, as original headers hold them. */
#ifndef RENDER_WORDS_H
#define RENDER_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "pipeline/base/buf.h"

/* True when every "=?" begins an encoded word that stands alone, is at most
 * 75 long and decodes without loss in its own character set. */
bool words_are_valid(const char *text, size_t len);

/* Appends text as UTF-8, encoded words decoded, the blanks between adjacent
 * ones dropped; what is no encoded word is kept. */
void words_decode(const char *text, size_t len, struct buf *out);

#endif
