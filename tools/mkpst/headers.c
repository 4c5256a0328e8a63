#include <string.h>

#include "pipeline/base/clock.h"
#include "tools/mkpst/maker.h"

static void add_address(struct buf *out, const struct person *who)
{
    struct buf cleanup_buf name = MEM_BUF;

    text_header(who->name, &name);
    if (strncmp(buf_str(&name), "=?", 2) == 0)
        buf_addf(out, "%s <%s>", buf_str(&name), who->smtp);
    else
        buf_addf(out, "\"%s\" <%s>", buf_str(&name), who->smtp);
}

static void add_list(struct buf *out, const char *field,
                     const struct item *item, enum recipient_type type)
{
    bool first = true;

    for (size_t i = 0; i < item->recipient_count; i++) {
        if (item->recipients[i].type != type)
            continue;
        buf_addf(out, first ? "%s: " : ",\r\n\t", field);
        add_address(out, item->recipients[i].who);
        first = false;
    }
    if (!first)
        buf_adds(out, "\r\n");
}

static void add_field(struct buf *out, const char *field, const char *text)
{
    struct buf cleanup_buf value = MEM_BUF;

    text_header(text, &value);
    buf_addf(out, "%s: %s\r\n", field, buf_str(&value));
}

static void add_trace(struct maker *m, const struct item *item, struct buf *out)
{
    char date[TIME_TEXT_MAX];
    int64_t when = item->delivered != TIME_NONE   ? item->delivered
                   : item->submitted != TIME_NONE ? item->submitted
                                                  : 0;

    buf_addf(out,
             "Received: from mail%u.example.net (192.0.2.%u)\r\n"
             " by mx.contoso.com with ESMTPS id %08x;\r\n %s\r\n",
             rng_below(&m->rng, 9), 1 + rng_below(&m->rng, 250),
             rng_below(&m->rng, UINT32_MAX), time_rfc5322(when, date));
    buf_adds(out, "Authentication-Results: mx.contoso.com; spf=pass\r\n");
}

/* The structure the mail had on its way; the store has lost the parts. */
static void add_type(const struct item *item, struct buf *out)
{
    const char *type = item->part_count ? "multipart/mixed"
                       : item->has_html && item->has_text
                           ? "multipart/alternative"
                       : item->has_html ? "text/html; charset=utf-8"
                                        : "text/plain; charset=utf-8";

    buf_addf(out, "MIME-Version: 1.0\r\nContent-Type: %s", type);
    if (strncmp(type, "multipart", 9) == 0)
        buf_adds(out, ";\r\n boundary=\"----=_NextPart_000_0000\"");
    else
        buf_adds(out, "\r\nContent-Transfer-Encoding: quoted-printable");
    buf_adds(out, "\r\n");
}

void headers_make(struct maker *m, struct item *item)
{
    struct buf out = MEM_BUF;
    char date[TIME_TEXT_MAX];

    add_trace(m, item, &out);
    if (item->from) {
        buf_adds(&out, "From: ");
        add_address(&out, item->from);
        buf_adds(&out, "\r\n");
    }
    add_list(&out, "To", item, RECIPIENT_TO);
    add_list(&out, "Cc", item, RECIPIENT_CC);
    add_field(&out, "Subject", item->subject);
    if (item->submitted != TIME_NONE)
        buf_addf(&out, "Date: %s\r\n", time_rfc5322(item->submitted, date));
    if (item->message_id)
        buf_addf(&out, "Message-ID: %s\r\n", item->message_id);
    if (item->in_reply_to)
        buf_addf(&out, "In-Reply-To: %s\r\nReferences: %s\r\n",
                 item->in_reply_to, item->in_reply_to);
    add_type(item, &out);
    buf_adds(&out, "X-Mailer: mkpst\r\nX-Empty:\r\n\r\n");
    mem_check(&out);
    item->headers = buf_steal(&out);
}
