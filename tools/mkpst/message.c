#include "tools/mkpst/message.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/base/charset.h"
#include "tools/mkpst/attachment.h"
#include "tools/mkpst/bytes.h"
#include "tools/mkpst/lzfu.h"

#define VERB_TIME_OFFSET 3600
#define CREATED_FALLBACK 946684800 /* 2000-01-01: items without any time */
#define THREAD_SIZE      22
#define KEY_SIZE         16
#define ONE_OFF_UNICODE  0x8000
#define OBJECT_USER      6
#define LINKS_MOST       12   /* in the search folder */
#define MSGFLAG_HIDDEN   0x40 /* FAI */

uint32_t message_flags(const struct item *item)
{
    uint32_t flags = item->read ? MSGFLAG_READ : 0;

    if (item->draft)
        flags |= MSGFLAG_UNSENT;
    else
        flags |= 2;
    if (item->part_count)
        flags |= MSGFLAG_HASATTACH;
    return flags;
}

int64_t message_created(const struct item *item)
{
    if (item->delivered != TIME_NONE)
        return item->delivered;
    if (item->submitted != TIME_NONE)
        return item->submitted;
    return CREATED_FALLBACK + item->nid;
}

int64_t message_changed(const struct item *item)
{
    return message_created(item) + 60 + item->nid % 1000;
}

char *message_marked_subject(const struct item *item)
{
    if (item->prefix == PREFIX_NO_MARK)
        return mem_text(item->subject);
    return mem_textf("\x01%c%s", item->prefix + 1, item->subject);
}

static const char *subject_topic(const struct item *item)
{
    int prefix = item->prefix > 0 ? item->prefix : 0;

    return item->subject + prefix; /* prefixes are ASCII */
}

void message_one_off(const char *name, const char *type, const char *address,
                     struct buf *out)
{
    static const uint8_t provider[16] = {0x81, 0x2B, 0x1F, 0xA4, 0xBE, 0xA3,
                                         0x10, 0x19, 0x9D, 0x6E, 0x00, 0xDD,
                                         0x01, 0x0F, 0x54, 0x02};
    const char *texts[] = {name, type, address};

    add32(out, 0);
    buf_add(out, provider, sizeof(provider));
    add16(out, 0);
    add16(out, ONE_OFF_UNICODE);
    for (size_t i = 0; i < array_len(texts); i++) {
        text_utf16(texts[i], strlen(texts[i]), out);
        add16(out, 0);
    }
    mem_check(out);
}

/* A 16-byte key that belongs to a text. */
static void key_of(const char *text, uint8_t key_r[KEY_SIZE])
{
    uint8_t digest[HASH_SIZE];

    hash_once(text, strlen(text), digest);
    memcpy(key_r, digest, KEY_SIZE);
}

/* ---- recipients ---- */

static void write_recipient(struct table *t, const struct item *item,
                            const struct recipient *r, uint32_t row)
{
    const struct person *who = r->who;
    const char *type = who->legacy ? "EX" : "SMTP";
    const char *address = who->legacy ? who->legacy : who->smtp;
    struct buf cleanup_buf entry = MEM_BUF;
    uint8_t key[KEY_SIZE];

    key_of(address, key);
    message_one_off(who->name, type, address, &entry);
    table_row(t, row);
    table_int(t, PR_RECIPIENT_TYPE, r->type);
    table_bool(t, 0x0E0F, true);
    table_int(t, 0x0FFE, OBJECT_USER);
    table_bytes(t, PR_ENTRYID, entry.data, entry.len);
    table_text(t, PR_DISPLAY_NAME, &item->enc, who->name);
    table_text(t, PR_ADDRTYPE, NULL, type);
    table_text(t, PR_EMAIL_ADDRESS, NULL, address);
    table_bytes(t, 0x300B, key, sizeof(key));
    table_int(t, 0x3900, 0);
    table_text(t, PR_SMTP_ADDRESS, NULL, who->smtp);
    table_text(t, 0x39FF, &item->enc, who->name);
    table_bool(t, 0x3A40, true);
}

static void write_recipients(struct store *s, const struct item *item,
                             struct subs *subs)
{
    struct node_data data = s->empty[COLUMNS_RECIPIENTS];
    struct table *t;

    if (item->recipient_count) {
        t = columns_table(&s->blocks, &s->enc, COLUMNS_RECIPIENTS);
        for (size_t i = 0; i < item->recipient_count; i++)
            write_recipient(t, item, &item->recipients[i], (uint32_t)i);
        data = table_end(&t);
    }
    subs_add(subs, NID_RECIPIENTS, &data);
}

/* ---- properties ---- */

static void add_sender(struct props *p, const struct item *item)
{
    const struct person *who = item->from;
    const char *type, *address;

    if (!who)
        return;
    type = who->legacy ? "EX" : "SMTP";
    address = who->legacy ? who->legacy : who->smtp;
    props_text(p, PR_SENDER_NAME, who->name);
    props_text(p, PR_SENDER_TYPE, type);
    props_text(p, PR_SENDER_ADDR, address);
    props_text(p, PR_SENT_REPRESENTING_NAME, who->name);
    props_text(p, PR_SENT_REPRESENTING_TYPE, type);
    props_text(p, PR_SENT_REPRESENTING_ADDR, address);
    if (!p->enc.unicode)
        return;
    props_text(p, PR_SENDER_SMTP, who->smtp);
    props_text(p, PR_SENT_REPR_SMTP, who->smtp);
}

static void add_display(struct props *p, const struct item *item,
                        enum recipient_type type, uint16_t id)
{
    struct buf cleanup_buf names = MEM_BUF;

    item_display(item, type, &names);
    props_text(p, id, buf_str(&names));
}

static void add_subject(struct props *p, const struct item *item)
{
    char *cleanup_free marked = message_marked_subject(item);

    props_text(p, PR_SUBJECT, marked);
    props_text(p, PR_CONVERSATION_TOPIC, subject_topic(item));
}

static void add_rtf(struct props *p, const struct item *item)
{
    struct buf cleanup_buf packed = MEM_BUF;

    if (item->rtf_broken)
        buf_adds(&packed, "this is no compressed RTF");
    else if (item->rtf_stored)
        lzfu_store(item->rtf.data, item->rtf.len, &packed);
    else
        lzfu_compress(item->rtf.data, item->rtf.len, &packed);
    props_bytes(p, PR_RTF_COMPRESSED, packed.data, packed.len);
}

static void add_narrow(struct props *p, const struct item *item)
{
    struct buf cleanup_buf bytes = MEM_BUF;

    text_codepage(item->html_codepage, buf_str(&item->text), item->text.len,
                  &bytes);
    props_typed(p, PR_BODY, PT_STRING8, bytes.data, bytes.len);
}

/* HTML is bytes in the code page 3FDE; ANSI stores have it as a string. */
static void add_bodies(struct props *p, const struct item *item)
{
    if (item->has_text && item->narrow_text)
        add_narrow(p, item);
    else if (item->has_text)
        props_text(p, PR_BODY, buf_str(&item->text));
    if (item->has_html)
        props_typed(p, PR_HTML, p->enc.unicode ? PT_BINARY : PT_STRING8,
                    item->html.data, item->html.len);
    if (item->has_rtf)
        add_rtf(p, item);
    if (item->has_text || item->has_html || item->has_rtf)
        props_int(p, PR_NATIVE_BODY,
                  item->has_html  ? 3
                  : item->has_rtf ? 2
                                  : 1);
}

static void add_codepages(struct props *p, const struct item *item)
{
    props_int(p, PR_INTERNET_CPID, item->html_codepage);
    if (item->narrow_text)
        props_int(p, PR_MESSAGE_CODEPAGE, item->html_codepage);
    else if (item->script->codepage)
        props_int(p, PR_MESSAGE_CODEPAGE, item->script->codepage);
    props_int(p, PR_MESSAGE_LOCALE, item->script->locale);
}

static void add_times(struct props *p, const struct item *item)
{
    if (item->delivered != TIME_NONE)
        props_time(p, PR_DELIVERY_TIME, item->delivered);
    if (item->submitted != TIME_NONE)
        props_time(p, PR_CLIENT_SUBMIT_TIME, item->submitted);
    props_time(p, PR_CREATION_TIME, message_created(item));
    props_time(p, PR_MODIFICATION_TIME, message_changed(item));
}

static void add_state(struct props *p, const struct item *item)
{
    props_int(p, PR_IMPORTANCE, item->importance);
    props_int(p, PR_PRIORITY, item->importance - 1);
    props_int(p, PR_SENSITIVITY, 0);
    props_int(p, PR_MESSAGE_FLAGS, message_flags(item));
    if (item->flagged)
        props_int(p, PR_FLAG_STATUS, FLAG_FOLLOW_UP);
    if (!item->replied && !item->forwarded)
        return;
    props_int(p, PR_LAST_VERB, item->replied ? VERB_REPLY : VERB_FORWARD);
    props_int(p, PR_ICON_INDEX, item->replied ? 0x105 : 0x106);
    props_time(p, PR_LAST_VERB_TIME, message_created(item) + VERB_TIME_OFFSET);
}

static void add_thread(struct props *p, const struct item *item)
{
    uint8_t thread[THREAD_SIZE] = {1}, key[KEY_SIZE];

    key_of(subject_topic(item), thread + THREAD_SIZE - KEY_SIZE);
    props_bytes(p, PR_CONVERSATION_INDEX, thread, sizeof(thread));
    key_of(item->message_id ? item->message_id : item->subject, key);
    put32(key, item->nid);
    props_bytes(p, 0x300B, key, sizeof(key));
}

static void add_common(struct props *p, const struct item *item)
{
    props_text(p, PR_MESSAGE_CLASS, item->class);
    add_subject(p, item);
    add_sender(p, item);
    add_display(p, item, RECIPIENT_TO, PR_DISPLAY_TO);
    add_display(p, item, RECIPIENT_CC, PR_DISPLAY_CC);
    add_display(p, item, RECIPIENT_BCC, PR_DISPLAY_BCC);
    add_times(p, item);
    add_state(p, item);
    add_thread(p, item);
    add_codepages(p, item);
    if (item->message_id)
        props_text(p, PR_INTERNET_MESSAGE_ID, item->message_id);
    if (item->in_reply_to)
        props_text(p, PR_IN_REPLY_TO, item->in_reply_to);
    if (item->headers)
        props_text(p, PR_TRANSPORT_HEADERS, item->headers);
    add_bodies(p, item);
}

/* An item with all that hangs below it; item->nid is set. Depth is bounded by
 * what the generators make. */
static struct node_data write_node(struct store *s, struct item *item);

static struct node_data write_part(struct store *s, struct item *item, size_t i)
{
    struct part *part = &item->parts[i];
    struct node_data inner = {0};

    if (!part->item)
        return attachment_write(s, item, i, NULL);
    part->item->nid = store_nid(s, NID_MESSAGE);
    inner = write_node(s, part->item);
    return attachment_write(s, item, i, &inner);
}

static void write_parts(struct store *s, struct item *item, struct subs *subs)
{
    struct table *t;
    struct node_data data;

    if (!item->part_count)
        return;
    t = columns_table(&s->blocks, &s->enc, COLUMNS_ATTACHMENTS);
    for (size_t i = 0; i < item->part_count; i++) {
        uint32_t nid = NID(NID_ATTACHMENT, NID_FIRST_INDEX + i);
        data = write_part(s, item, i);
        subs_add(subs, nid, &data);
        attachment_row(t, item, i, nid);
    }
    data = table_end(&t);
    subs_add(subs, NID_ATTACHMENTS, &data);
}

static struct node_data write_node(struct store *s, struct item *item)
{
    struct subs subs;

    subs_init(&subs, &s->blocks);
    write_parts(s, item, &subs);
    write_recipients(s, item, &subs);
    add_common(&item->props, item);
    return props_end(&item->props, &subs, PR_MESSAGE_SIZE);
}

void message_write(struct tree *t, struct folder *f, struct item *item)
{
    struct node_data data = write_node(t->store, item);

    store_node(t->store, item->nid, &data, f->nid);
    folder_add(t, f, item, &data);
}

/* ---- the row in the contents table ---- */

static void add_row_texts(struct table *t, const struct item *item)
{
    struct buf cleanup_buf to = MEM_BUF;
    struct buf cleanup_buf cc = MEM_BUF;
    char *cleanup_free subject = message_marked_subject(item);

    item_display(item, RECIPIENT_TO, &to);
    item_display(item, RECIPIENT_CC, &cc);
    table_text(t, PR_MESSAGE_CLASS, &item->enc, item->class);
    table_text(t, PR_SUBJECT, &item->enc, subject);
    table_text(t, PR_CONVERSATION_TOPIC, &item->enc, subject_topic(item));
    table_text(t, PR_DISPLAY_TO, &item->enc, buf_str(&to));
    table_text(t, PR_DISPLAY_CC, &item->enc, buf_str(&cc));
    if (item->from)
        table_text(t, PR_SENT_REPRESENTING_NAME, &item->enc, item->from->name);
}

static void add_row_numbers(struct table *t, const struct item *item,
                            uint64_t size)
{
    uint8_t thread[THREAD_SIZE] = {1};

    key_of(subject_topic(item), thread + THREAD_SIZE - KEY_SIZE);
    table_bytes(t, PR_CONVERSATION_INDEX, thread, sizeof(thread));
    table_bytes(t, 0x3013, thread + THREAD_SIZE - KEY_SIZE, KEY_SIZE);
    table_int(t, PR_IMPORTANCE, item->importance);
    table_int(t, PR_SENSITIVITY, 0);
    table_int(t, PR_MESSAGE_FLAGS, message_flags(item));
    table_int(t, PR_MESSAGE_SIZE, (uint32_t)size);
    table_int(t, 0x0E17, item->flagged ? 2 : 0);
    table_bool(t, 0x0057, true);
    table_bool(t, 0x0058, false);
    if (item->delivered != TIME_NONE)
        table_time(t, PR_DELIVERY_TIME, item->delivered);
    if (item->submitted != TIME_NONE)
        table_time(t, PR_CLIENT_SUBMIT_TIME, item->submitted);
    table_time(t, PR_MODIFICATION_TIME, message_changed(item));
}

/* The search folder shows the first unread items as links. */
static void add_link(struct tree *t, const struct folder *home,
                     const struct item *item, uint64_t size)
{
    struct folder *f = t->special[FOLDER_SEARCH];
    struct store *s = t->store;

    if (!f || item->read || f->items == LINKS_MOST)
        return;
    if (!f->contents)
        f->contents = columns_table(&s->blocks, &s->enc, COLUMNS_SEARCH);
    table_row(f->contents, item->nid);
    add_row_texts(f->contents, item);
    add_row_numbers(f->contents, item, size);
    table_int(f->contents, 0x67F1, home->nid);
    f->items++;
    f->unread++;
}

void folder_add(struct tree *t, struct folder *f, const struct item *item,
                const struct node_data *data)
{
    struct store *s = t->store;

    if (!f->contents)
        f->contents = columns_table(&s->blocks, &s->enc, COLUMNS_CONTENTS);
    table_row(f->contents, item->nid);
    add_row_texts(f->contents, item);
    add_row_numbers(f->contents, item, data->size);
    f->items++;
    if (!item->read)
        f->unread++;
    add_link(t, f, item, data->size);
}

void message_write_hidden(struct tree *t, struct folder *f, const char *class,
                          const char *name)
{
    struct store *s = t->store;
    uint32_t nid = store_nid(s, NID_HIDDEN);
    struct props p;
    struct subs subs;
    struct node_data data;

    props_init(&p, &s->enc);
    props_text(&p, PR_MESSAGE_CLASS, class);
    props_text(&p, PR_SUBJECT, name);
    props_text(&p, PR_DISPLAY_NAME, name);
    props_int(&p, PR_MESSAGE_FLAGS, MSGFLAG_READ | MSGFLAG_HIDDEN);
    props_time(&p, PR_CREATION_TIME, CREATED_FALLBACK);
    props_time(&p, PR_MODIFICATION_TIME, CREATED_FALLBACK);
    props_bytes(&p, 0x7C07, name, strlen(name));
    subs_init(&subs, &s->blocks);
    data = props_end(&p, &subs, PR_MESSAGE_SIZE);
    props_finish(&p);
    store_node(s, nid, &data, f->nid);
    if (!f->hidden)
        f->hidden = columns_table(&s->blocks, &s->enc, COLUMNS_HIDDEN);
    table_row(f->hidden, nid);
    table_text(f->hidden, PR_MESSAGE_CLASS, NULL, class);
    table_int(f->hidden, PR_MESSAGE_FLAGS, MSGFLAG_READ | MSGFLAG_HIDDEN);
    table_text(f->hidden, PR_DISPLAY_NAME, NULL, name);
    f->hidden_items++;
}
