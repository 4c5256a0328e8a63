#include <stdio.h>
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/clock.h"
#include "pipeline/pst/tags.h"
#include "pipeline/reader/pff.h"
#include "pipeline/render/encode.h"
#include "pipeline/render/header.h"

#define ORIGIN                                                                 \
    "libpff: found by its recovery, not by ours; all text is as libpff gives " \
    "it"
#define DEFECTS_MAX   64
#define PART_HEAD_MAX (2 * PFF_TEXT_MAX)

/* One message in work. All parts are base64, so the boundary is in none. */
struct job {
    const struct pff *pff;
    libpff_item_t *item;
    struct pff_props props;
    struct buf parts, defects, scratch;
    char boundary[40];
    uint32_t n_defects;
    bool body;
};

static void defect(struct job *j, const char *what, int i)
{
    char line[120];

    if (j->n_defects++ >= DEFECTS_MAX)
        return;
    snprintf(line, sizeof(line), i < 0 ? "%s" : "%s %d", what, i + 1);
    header_text(&j->defects, "X-Pstfs-Defect", line);
}

/* The text of a property in the scratch, "" when absent. */
static const char *text_of(struct job *j, const struct pff_props *props,
                           uint16_t id)
{
    buf_clear(&j->scratch);
    return pff_text(props, id, &j->scratch) ? buf_str(&j->scratch) : "";
}

/* ---- headers ---- */

static bool is_address(const char *text)
{
    return *text && strchr(text, '@') &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
                             "XYZ0123456789!#$%&'*+-/=?^_`{|}~.@")] == '\0';
}

/* The first of the properties that is an address, into to. */
static void address_find(struct job *j, const struct pff_props *props,
                         const uint16_t *ids, size_t n, struct buf *to)
{
    for (size_t i = 0; i < n && !to->len; i++) {
        const char *text = text_of(j, props, ids[i]);
        if (is_address(text))
            buf_adds(to, text);
    }
}

/* Someone whose address is not known keeps his name. */
static void mailbox_write(struct job *j, struct header *h,
                          const struct pff_props *props, uint16_t name,
                          const struct buf *address)
{
    cleanup_buf struct buf token = BUF(PFF_TEXT_MAX);

    header_phrase(h, text_of(j, props, name));
    buf_addf(&token, "<%s>",
             address->len ? buf_str(address) : "unknown@pstfs.invalid");
    header_token(h, buf_str(&token), token.len);
}

static void write_from(struct job *j, struct buf *out)
{
    static const uint16_t ids[] = {PR_SENDER_SMTP, PR_SENDER_ADDR,
                                   PR_SENT_REPR_SMTP,
                                   PR_SENT_REPRESENTING_ADDR};
    cleanup_buf struct buf address = BUF(PFF_TEXT_MAX);
    uint16_t name = PR_SENDER_NAME;
    struct header h;

    address_find(j, &j->props, ids, array_len(ids), &address);
    if (!*text_of(j, &j->props, name))
        name = PR_SENT_REPRESENTING_NAME;
    if (!address.len && !*text_of(j, &j->props, name))
        return;
    header_open(&h, out, "From");
    mailbox_write(j, &h, &j->props, name, &address);
    header_close(&h);
}

/* The rows of one type, as one header. */
struct list {
    struct header h;
    uint64_t type;
    unsigned n;
};

static void list_add(struct job *j, struct list *list, const char *name,
                     const struct pff_props *row, struct buf *out)
{
    static const uint16_t ids[] = {PR_SMTP_ADDRESS, PR_EMAIL_ADDRESS};
    cleanup_buf struct buf address = BUF(PFF_TEXT_MAX);

    if ((pff_number(row, PR_RECIPIENT_TYPE) & 0xFF) != list->type)
        return;
    address_find(j, row, ids, array_len(ids), &address);
    if (!address.len && !*text_of(j, row, PR_DISPLAY_NAME))
        return;
    if (list->n++)
        header_glue(&list->h, ",");
    else
        header_open(&list->h, out, name);
    mailbox_write(j, &list->h, row, PR_DISPLAY_NAME, &address);
}

static void write_recipients(struct job *j, struct buf *out)
{
    static const char *const names[] = {"To", "Cc", "Bcc"};
    libpff_item_t *table = NULL;
    int n = 0;

    if (libpff_message_get_recipients(j->item, &table, NULL) != 1)
        return;
    libpff_item_get_number_of_record_sets(table, &n, NULL);
    if (n > PFF_PARTS_MAX)
        defect(j, "recipients left out, of", n - 1);
    for (size_t type = 0; type < array_len(names); type++) {
        struct list list = {.type = type + 1};
        for (int i = 0; i < n && i < PFF_PARTS_MAX; i++) {
            struct pff_props row;
            pff_props_open(&row, j->pff, table, i);
            list_add(j, &list, names[type], &row, out);
            pff_props_close(&row);
        }
        if (list.n)
            header_close(&list.h);
    }
    libpff_item_free(&table, NULL);
}

static void write_id(struct job *j, struct buf *out)
{
    const char *text = text_of(j, &j->props, PR_INTERNET_MESSAGE_ID);
    size_t len = strlen(text);

    if (len > 4 && len < 900 && text[0] == '<' && text[len - 1] == '>') {
        for (size_t i = 1; i < len - 1; i++)
            if (text[i] <= ' ' || text[i] > '~' || strchr("<>", text[i]))
                return;
        buf_addf(out, "Message-ID: %s\n", text);
    }
}

static void write_text(struct job *j, const char *name, uint16_t id,
                       struct buf *out)
{
    const char *text = text_of(j, &j->props, id);

    if (id == PR_SUBJECT && text[0] == '\1' && text[1])
        text += 2; /* the mark of a prefix */
    if (*text)
        header_text(out, name, text);
}

static void write_headers(struct job *j, struct buf *out)
{
    int64_t time = pff_time(&j->props, PR_CLIENT_SUBMIT_TIME);
    char date[TIME_TEXT_MAX];

    write_from(j, out);
    write_recipients(j, out);
    write_text(j, "X-Pstfs-Display-To", PR_DISPLAY_TO, out);
    write_text(j, "X-Pstfs-Display-Cc", PR_DISPLAY_CC, out);
    write_text(j, "Subject", PR_SUBJECT, out);
    if (!time)
        time = pff_time(&j->props, PR_DELIVERY_TIME);
    if (time)
        header_text(out, "Date", time_rfc5322(time, date));
    write_id(j, out);
    write_text(j, "X-Pstfs-Class", PR_MESSAGE_CLASS, out);
    header_text(out, "X-Pstfs-Recovered", ORIGIN);
    buf_add(out, j->defects.data, j->defects.len);
    buf_adds(out, "MIME-Version: 1.0\n");
}

/* ---- parts ---- */

static void part_open(struct job *j, const char *type, const char *charset,
                      const char *name)
{
    struct header h;

    buf_addf(&j->parts, "--%s\n", j->boundary);
    header_open(&h, &j->parts, "Content-Type");
    header_token(&h, type, strlen(type));
    if (charset)
        header_param(&h, "charset", charset);
    header_close(&h);
    if (!name)
        return;
    header_open(&h, &j->parts, "Content-Disposition");
    header_token(&h, "attachment", 10);
    header_param(&h, "filename", name);
    header_close(&h);
}

/* A whole part; name: of an attachment, NULL for a body. False when there is
 * no room for it. */
static bool part_add(struct job *j, const char *type, const char *charset,
                     const char *name, const struct buf *data)
{
    size_t need = data->len + data->len / 2 + PART_HEAD_MAX;

    if (j->parts.len + need > PFF_MESSAGE_MAX)
        return false;
    part_open(j, type, charset, name);
    buf_adds(&j->parts, "Content-Transfer-Encoding: base64\n\n");
    encode_add(&j->parts, ENCODING_BASE64, buf_str(data), data->len);
    return true;
}

static void add_plain(struct job *j)
{
    cleanup_buf struct buf text = BUF(PFF_BYTES_MAX);

    if (!pff_text(&j->props, PR_BODY, &text))
        return;
    j->body = part_add(j, "text/plain", "utf-8", NULL, &text);
    if (!j->body)
        defect(j, "text body: too big", -1);
}

static void add_html(struct job *j)
{
    cleanup_buf struct buf data = BUF(PFF_BYTES_MAX);
    uint64_t codepage = pff_number(&j->props, PR_INTERNET_CPID);
    const char *charset = NULL;

    if (!pff_bytes(&j->props, PR_HTML, &data))
        return;
    if (codepage <= UINT16_MAX)
        charset = charset_mime_name((unsigned)codepage);
    if (part_add(j, "text/html", charset, NULL, &data))
        j->body = true;
    else
        defect(j, "HTML body: too big", -1);
}

static void add_rtf(struct job *j)
{
    cleanup_buf struct buf data = BUF(PFF_BYTES_MAX);
    size_t size = 0;
    uint8_t *to;

    if (libpff_message_get_rtf_body_size(j->item, &size, NULL) != 1 || !size ||
        !(to = buf_grow(&data, size)))
        return;
    if (libpff_message_get_rtf_body(j->item, to, size, NULL) != 1)
        return;
    if (data.data[data.len - 1] == '\0')
        data.len--;
    if (!part_add(j, "application/rtf", NULL, "body.rtf", &data))
        defect(j, "RTF body: too big", -1);
}

static bool attachment_read(libpff_item_t *att, struct buf *out)
{
    size64_t size = 0;
    uint8_t *to;

    if (libpff_attachment_get_data_size(att, &size, NULL) != 1 ||
        size > PFF_BYTES_MAX ||
        libpff_attachment_data_seek_offset(att, 0, SEEK_SET, NULL) != 0)
        return false;
    if (size && !(to = buf_grow(out, size)))
        return false;
    for (size64_t done = 0; done < size;) {
        ssize_t n = libpff_attachment_data_read_buffer(att, to + done,
                                                       size - done, NULL);
        if (n <= 0)
            return false;
        done += (size64_t)n;
    }
    return true;
}

static void attachment_add(struct job *j, libpff_item_t *att, int i)
{
    cleanup_buf struct buf data = BUF(PFF_BYTES_MAX);
    cleanup_buf struct buf name = BUF(PFF_TEXT_MAX);
    struct pff_props props;
    int type = 0;

    libpff_attachment_get_type(att, &type, NULL);
    if (type != LIBPFF_ATTACHMENT_TYPE_DATA) {
        /* For an embedded item libpff may give another one that has the same
         * number (libpff.md 2.6). */
        defect(j, "not a file, left out: attachment", i);
        return;
    }
    pff_props_open(&props, j->pff, att, 0);
    if (!pff_text(&props, PR_ATTACH_LONG_FILENAME, &name))
        pff_text(&props, PR_ATTACH_FILENAME, &name);
    pff_props_close(&props);
    if (!attachment_read(att, &data) ||
        !part_add(j, "application/octet-stream", NULL,
                  name.len ? buf_str(&name) : "attachment", &data))
        defect(j, "not readable or too big, left out: attachment", i);
}

static void add_attachments(struct job *j)
{
    int n = 0;

    if (libpff_message_get_number_of_attachments(j->item, &n, NULL) != 1)
        return;
    for (int i = 0; i < n && i < PFF_PARTS_MAX; i++) {
        libpff_item_t *att = NULL;
        if (libpff_message_get_attachment(j->item, i, &att, NULL) == 1) {
            attachment_add(j, att, i);
            libpff_item_free(&att, NULL);
        } else {
            defect(j, "not readable, left out: attachment", i);
        }
    }
    if (n > PFF_PARTS_MAX)
        defect(j, "attachments left out, of", n - 1);
}

static void parts_make(struct job *j)
{
    add_plain(j);
    add_html(j);
    if (!j->body)
        add_rtf(j);
    add_attachments(j);
    if (!j->parts.len)
        part_add(j, "text/plain", "utf-8", NULL, &(struct buf)BUF(0));
}

int pff_mail(const struct pff *pff, libpff_item_t *item, uint32_t number,
             struct buf *out, uint32_t *defects_r)
{
    struct job j = {.pff = pff,
                    .item = item,
                    .parts = BUF(PFF_MESSAGE_MAX),
                    .defects = BUF(PFF_TEXT_MAX),
                    .scratch = BUF(PFF_TEXT_MAX)};

    snprintf(j.boundary, sizeof(j.boundary), "=_pstfs_libpff_%08x", number);
    pff_props_open(&j.props, pff, item, 0);
    parts_make(&j);
    write_headers(&j, out);
    buf_addf(out, "Content-Type: multipart/mixed; boundary=\"%s\"\n\n",
             j.boundary);
    buf_add(out, j.parts.data, j.parts.len);
    buf_addf(out, "--%s--\n", j.boundary);
    pff_props_close(&j.props);
    *defects_r = j.n_defects;
    if (!out->error)
        out->error = j.parts.error;
    buf_finish(&j.parts);
    buf_finish(&j.defects);
    buf_finish(&j.scratch);
    return -out->error;
}
