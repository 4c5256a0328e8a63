#include "pipeline/render/remark.h"

#include <string.h>

#include "pipeline/base/charset.h"

#define NAME_MAX_BYTES 256

static const char *const names[REMARKS] = {
    [MESSAGE_RECOVERED] = "X-Pstfs-Recovered",
    [MESSAGE_DEFECT] = "X-Pstfs-Defect",
};

static void add_line(void *ctx, enum message_remark what, const char *line)
{
    struct buf *out = &((struct remarks *)ctx)->text[what];

    buf_adds(out, out->len ? "; " : "");
    buf_adds(out, line);
}

void remarks_collect(struct message *m, struct remarks *r)
{
    for (size_t i = 0; i < REMARKS; i++)
        r->text[i] = (struct buf)BUF(RENDER_HEADERS_MAX);
    message_remarks(m, add_line, r);
}

void remarks_finish(struct remarks *r)
{
    for (size_t i = 0; i < REMARKS; i++)
        buf_finish(&r->text[i]);
}

void remark_property(size_t which, const char *text, mapi_fn *fn, void *ctx)
{
    static const uint8_t headers[16] = {0x86, 0x03, 0x02, 0, 0, 0, 0, 0,
                                        0xC0, 0,    0,    0, 0, 0, 0, 0x46};
    cleanup_buf struct buf name = BUF(NAME_MAX_BYTES),
                           wide = BUF(2 * RENDER_HEADERS_MAX);
    struct pst_name named = {.is_text = true};

    charset_to_utf16(names[which], strlen(names[which]), &name);
    charset_to_utf16(text, strlen(text), &wide);
    memcpy(named.guid, headers, sizeof(headers));
    named.text = (const uint8_t *)buf_str(&name);
    named.text_len = name.len;
    fn(ctx, &(struct mapi_prop){.type = PT_STRING,
                                .name = &named,
                                .size = wide.len,
                                .data = (const uint8_t *)buf_str(&wide)});
}
