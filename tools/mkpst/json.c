#include "tools/mkpst/json.h"

#include <inttypes.h>
#include <string.h>

#include "pipeline/base/hash.h"

void json_text(struct buf *b, const char *utf8)
{
    if (!utf8) {
        buf_adds(b, "null");
        return;
    }
    buf_addc(b, '"');
    for (const char *p = utf8; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c == 0x7F)
            buf_addf(b, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            buf_addf(b, "\\%c", c);
        else
            buf_addc(b, *p);
    }
    buf_addc(b, '"');
}

void json_key(struct buf *b, const char *name)
{
    if (!b->len || !strchr("{[", b->data[b->len - 1]))
        buf_addc(b, ',');
    buf_addf(b, "\"%s\":", name);
}

void json_key_text(struct buf *b, const char *name, const char *utf8)
{
    json_key(b, name);
    json_text(b, utf8);
}

void json_key_int(struct buf *b, const char *name, int64_t value)
{
    json_key(b, name);
    buf_addf(b, "%" PRId64, value);
}

void json_key_bool(struct buf *b, const char *name, bool value)
{
    json_key(b, name);
    buf_adds(b, value ? "true" : "false");
}

void json_key_hash(struct buf *b, const char *name, const uint8_t *digest)
{
    char text[HASH_TEXT_MAX];

    json_key_text(b, name, digest ? hash_text(digest, text) : NULL);
}
