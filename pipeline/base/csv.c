#include "pipeline/base/csv.h"

#include <inttypes.h>
#include <string.h>

static void separate(struct buf *b)
{
    if (b->len && b->data[b->len - 1] != '\n')
        buf_addc(b, ',');
}

void csv_text(struct buf *b, const char *field)
{
    separate(b);
    if (*field && !strpbrk(field, ",\"\r\n") && !strchr("=+-@ ", *field)) {
        buf_adds(b, field);
        return;
    }
    buf_addc(b, '"');
    for (; *field; field++) {
        if (*field == '"')
            buf_addc(b, '"');
        buf_addc(b, *field);
    }
    buf_addc(b, '"');
}

void csv_int(struct buf *b, int64_t field)
{
    separate(b);
    buf_addf(b, "%" PRId64, field);
}

void csv_end(struct buf *b)
{
    buf_addc(b, '\n');
}
