/* Compressed RTF ([MS-OXRTFCP]): the value of 1009. */
#ifndef MKPST_LZFU_H
#define MKPST_LZFU_H

#include "pipeline/base/buf.h"

void lzfu_compress(const void *rtf, size_t len, struct buf *out);
/* Not compressed ("MELA"). */
void lzfu_store(const void *rtf, size_t len, struct buf *out);

#endif
