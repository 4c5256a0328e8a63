/* The character set of a stored HTML body (mspst.md section 19). */
#ifndef RENDER_HTML_H
#define RENDER_HTML_H

#include <stdbool.h>
#include <stddef.h>

#include "pipeline/base/buf.h"

/* Code page of a charset name, any case; 0 when unknown. */
unsigned html_codepage_of(const char *name, size_t len);

/* What the meta tag near the start says; 0 when nothing that is known. */
unsigned html_declared(const char *html, size_t len);

/* Leaves html as it is when it is valid in its code page (declared, else
 * internet_cpid, else UTF-8 where valid, else text_cpid); else makes it
 * UTF-8. Returns the MIME name of what html is now; *bad_r tells that bytes
 * had to be replaced. */
const char *html_settle(struct buf *html, unsigned internet_cpid,
                        unsigned text_cpid, bool *bad_r);

#endif
