#include "pipeline/render/oneoff.h"

#include <string.h>
#include <strings.h>

#include "pipeline/base/charset.h"
#include "pipeline/render/fetch.h"

#define PR_REPLY_ENTRIES 0x004F
#define HEADER_SIZE      24
#define FLAG_UNICODE     0x8000

static const uint8_t provider[16] = {0x81, 0x2B, 0x1F, 0xA4, 0xBE, 0xA3,
                                     0x10, 0x19, 0x9D, 0x6E, 0x00, 0xDD,
                                     0x01, 0x0F, 0x54, 0x02};

static uint32_t u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

struct cursor {
    const uint8_t *at, *end;
    bool wide;
    unsigned codepage;
};

/* The next NUL-terminated text; "" past the end. */
static const char *next_text(struct work *w, struct cursor *c)
{
    cleanup_buf struct buf out = BUF(RENDER_FIELD_MAX * 4);
    size_t step = c->wide ? 2 : 1, n = 0, left = (size_t)(c->end - c->at);

    while (n + step <= left && (c->at[n] || (c->wide && c->at[n + 1])))
        n += step;
    if (c->wide)
        charset_from_utf16(c->at, n, &out);
    else
        charset_from_codepage(c->codepage, c->at, n, &out);
    c->at += n + step <= left ? n + step : left;
    return out.len ? fetch_copy(w, buf_str(&out), out.len) : "";
}

bool oneoff_parse(struct work *w, unsigned codepage, const uint8_t *data,
                  size_t len, struct mailbox *box_r)
{
    struct cursor c = {data + HEADER_SIZE, data + len, false, codepage};
    const char *type, *addr;

    if (len < HEADER_SIZE + 3 || memcmp(data + 4, provider, 16) != 0)
        return false;
    c.wide = (data[22] | data[23] << 8) & FLAG_UNICODE;
    *box_r = (struct mailbox){.name = next_text(w, &c), .other = ""};
    type = next_text(w, &c);
    addr = next_text(w, &c);
    if (strcasecmp(type, "EX") != 0 && address_is_valid(addr, strlen(addr)))
        box_r->addr = addr;
    else
        box_r->other = addr;
    return *box_r->name || *addr;
}

void oneoff_reply_to(struct message *m, struct mailboxes *list_r)
{
    unsigned codepage = pst_props_codepage(m->props);
    size_t len;
    const uint8_t *data = fetch_blob(m, PR_REPLY_ENTRIES, &len);
    size_t at = 8;

    *list_r = (struct mailboxes){0};
    while (data && at + 4 <= len && list_r->count < MEMBERS_MAX) {
        uint32_t n = u32(data + at);
        struct mailbox box;
        at += 4;
        if (n > len - at)
            break;
        if (oneoff_parse(m->work, codepage, data + at, n, &box))
            address_add(m->work, list_r, box);
        at += n;
        at = (at + 3) & ~(size_t)3;
    }
}

const uint8_t *oneoff_element(const uint8_t *data, size_t len, size_t i,
                              size_t *len_r)
{
    uint32_t count = len >= 4 ? u32(data) : 0, from, to;

    *len_r = 0;
    if (i >= count || count > (len - 4) / 4)
        return NULL;
    from = u32(data + 4 + 4 * i);
    to = i + 1 < count ? u32(data + 8 + 4 * i) : (uint32_t)len;
    if (from > to || to > len)
        return NULL;
    *len_r = to - from;
    return data + from;
}
