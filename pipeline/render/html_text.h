/* The text of an HTML body, for forms that hold nothing else: no layout, but
 * every word, a line for each block, list item and table row. */
#ifndef RENDER_HTML_TEXT_H
#define RENDER_HTML_TEXT_H

#include "pipeline/base/buf.h"

/* html: UTF-8; appended to out as UTF-8 with LF line ends. Never fails but
 * for out's limit. */
void html_text(const char *html, size_t len, struct buf *out);

#endif
