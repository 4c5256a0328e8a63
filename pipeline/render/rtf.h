/*
 * Compressed RTF ([MS-OXRTFCP]) and what is wrapped in it: HTML or plain text
 * ([MS-OXRTFEX]). True RTF becomes simple HTML: paragraphs, fonts and
 * colours, tables, links; lists as the text they show.
 */
#ifndef RENDER_RTF_H
#define RENDER_RTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/base/buf.h"
#include "pipeline/base/err.h"

enum rtf_kind {
    RTF_TRUE, /* written as RTF */
    RTF_TEXT, /* \fromtext */
    RTF_HTML, /* \fromhtml1 */
};

/* Appends the RTF of property 1009. *note_r: words about damage that was
 * passed over (a wrong checksum, an early end), else NULL. EBADMSG when
 * nothing can be made of it, EFBIG past out's maximum. */
int rtf_decompress(const uint8_t *data, size_t len, struct buf *out,
                   const char **note_r, struct err *err);

/* Appends UTF-8 with LF line ends: HTML for RTF_HTML and RTF_TRUE, text for
 * RTF_TEXT. Damaged RTF gives what was understood. Returns what was wrapped;
 * *left_r: the RTF shows something that the output does not (a picture, an
 * object, hidden text). */
enum rtf_kind rtf_convert(const char *rtf, size_t len, struct buf *out,
                          bool *left_r);

/* Appends the bare text of any kind. */
void rtf_to_text(const char *rtf, size_t len, struct buf *out);

#endif
