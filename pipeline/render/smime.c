#include <string.h>
#include <strings.h>

#include "pipeline/render/encode.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/header.h"
#include "pipeline/render/mime.h"

#define P7M_TYPE "Content-Type: application/pkcs7-mime; smime-type="

/* Reads a whole source as text with LF ends; false when it cannot stand as
 * literal text: damaged, binary, too big, or with our own boundaries. */
static bool entity_read(const struct part *p, struct buf *out)
{
    size_t size = (size_t)p->source.size;
    char *to;

    if (!size || p->source.size > RENDER_BODY_MAX)
        return false;
    to = buf_grow(out, size);
    if (!to ||
        p->source.read(p->source.ctx, 0, to, size, NULL) != (ssize_t)size)
        return false;
    encode_lf(out, 0);
    return !memchr(out->data, '\0', out->len) &&
           !memmem(out->data, out->len, "--" SEGMENT_BOUNDARY,
                   strlen("--" SEGMENT_BOUNDARY));
}

/* Copies the Content-* fields of the entity's header. */
static bool entity_headers(const struct transport *t, struct buf *out)
{
    bool typed = false;

    for (size_t i = 0; i < t->count; i++) {
        const struct field *f = &t->fields[i];
        size_t before = out->len;
        if (f->name_len < 8 || strncasecmp(f->name, "Content-", 8) != 0)
            continue;
        if (!transport_is_clean(f))
            return false;
        buf_add(out, f->name, f->name_len);
        buf_addc(out, ':');
        buf_add(out, f->value, f->value_len);
        buf_addc(out, '\n');
        typed |= f->name_len == 12 &&
                 strncasecmp(out->data + before, "Content-Type", 12) == 0;
    }
    return typed;
}

static bool write_entity(struct message *m, const struct part *p)
{
    cleanup_buf struct buf text = BUF(RENDER_BODY_MAX);
    cleanup_buf struct buf head = BUF(RENDER_TRANS_MAX);
    struct transport t;
    const char *body;

    if (!entity_read(p, &text))
        return false;
    body = memmem(text.data, text.len, "\n\n", 2);
    if (!body || strncasecmp(text.data, "Content-", 8) != 0 ||
        transport_parse(text.data, (size_t)(body - text.data) + 1,
                        m->work->arena, &t) < 0 ||
        !entity_headers(&t, &head))
        return false;
    segments_text(m->work->out, buf_str(&head), head.len);
    segments_text(m->work->out, body + 1,
                  text.len - (size_t)(body + 1 - text.data));
    return true;
}

/* What the object is, by the last byte of its content type (RFC 5652: pkcs-7
 * 1 to 6; the others are in no use in mail). */
static const char *p7m_kind(const struct part *p)
{
    static const uint8_t oid[] = {0x06, 0x09, 0x2A, 0x86, 0x48,
                                  0x86, 0xF7, 0x0D, 0x01, 0x07};
    uint8_t head[64];
    size_t n =
        p->source.size < sizeof(head) ? (size_t)p->source.size : sizeof(head);
    const uint8_t *at = NULL;

    if (p->source.read(p->source.ctx, 0, head, n, NULL) == (ssize_t)n)
        at = memmem(head, n, oid, sizeof(oid));
    if (!at || at + sizeof(oid) == head + n)
        return "";
    if (at[sizeof(oid)] == 2)
        return P7M_TYPE "signed-data;\n name=smime.p7m\n";
    if (at[sizeof(oid)] == 3)
        return P7M_TYPE "enveloped-data;\n name=smime.p7m\n";
    return "";
}

/* RFC 8551 3.5.2: the CMS object itself. */
static void write_p7m(struct message *m, const struct part *p)
{
    const char *kind = p7m_kind(p);

    if (*kind)
        segments_str(m->work->out, kind);
    else
        segments_str(m->work->out,
                     "Content-Type: application/pkcs7-mime; name=smime.p7m\n");
    segments_str(m->work->out,
                 "Content-Disposition: attachment; filename=smime.p7m\n"
                 "Content-Transfer-Encoding: base64\n\n");
    segments_view(m->work->out, &p->source, SEGMENT_MIME);
}

bool smime_write(struct message *m, const struct parts *parts)
{
    const struct part *p = parts->list;
    uint8_t first = 0;

    if (!class_is(m->class, "IPM.Note.SMIME") || parts->count != 1 ||
        p->kind != PART_DATA || !p->source.size)
        return false;
    if (write_entity(m, p))
        return true;
    if (p->source.read(p->source.ctx, 0, &first, 1, NULL) != 1)
        return false;
    if (class_is(m->class, "IPM.Note.SMIME.MultipartSigned") || first != 0x30)
        return false; /* no DER sequence: an attachment like any other */
    write_p7m(m, p);
    return true;
}
