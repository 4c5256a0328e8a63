/* RFC 4180 rows into a buffer: fields quoted when they must be, LF ends. */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <stdint.h>

#include "pipeline/base/buf.h"

/* Adds one field, with the comma before it unless it begins the row. A field
 * that a spreadsheet would take for a formula (= + - @) is quoted as it is:
 * data is never changed. */
void csv_text(struct buf *b, const char *field);
void csv_int(struct buf *b, int64_t field);
void csv_end(struct buf *b);

#endif
