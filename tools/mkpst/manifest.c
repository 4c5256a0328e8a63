#include "tools/mkpst/manifest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/pst/crypt.h"
#include "tools/mkpst/json.h"
#include "tools/mkpst/message.h"

#define FILE_BUFFER (1 << 20)
#define LEVELS_MAX  128

struct manifest {
    FILE *file;
    char *room;
};

struct manifest *manifest_new(const char *path)
{
    struct manifest *m;

    if (!path)
        return NULL;
    m = mem_new(sizeof(*m));
    m->file = fopen(path, "we");
    if (!m->file)
        fatal("%s: %s", path, strerror(errno));
    m->room = mem_new(FILE_BUFFER);
    setvbuf(m->file, m->room, _IOFBF, FILE_BUFFER);
    return m;
}

static void put_line(struct manifest *m, struct buf *line)
{
    buf_addc(line, '\n');
    mem_check(line);
    if (fwrite(line->data, 1, line->len, m->file) != line->len)
        fatal("cannot write the manifest: %s", strerror(errno));
}

void manifest_end(struct manifest **m)
{
    if (!*m)
        return;
    if (fclose((*m)->file) != 0)
        fatal("cannot write the manifest: %s", strerror(errno));
    free((*m)->room);
    free(*m);
    *m = NULL;
}

static const char *crypt_name(enum pst_crypt crypt)
{
    static const char *const names[] = {"none", "permute", "cyclic"};

    return names[crypt];
}

void manifest_store(struct manifest *m, const struct tree *t)
{
    const struct store *s = t->store;
    struct buf cleanup_buf line = MEM_BUF;

    if (!m)
        return;
    buf_adds(&line, "{\"store\":{");
    json_key_int(&line, "seed", (int64_t)s->opt->seed);
    json_key_text(&line, "format", s->v->name);
    json_key_text(&line, "crypt", crypt_name(s->opt->crypt));
    json_key_int(&line, "messages", s->opt->messages);
    json_key_int(&line, "folders", (int64_t)t->count - 1);
    json_key(&line, "record_key");
    buf_addc(&line, '"');
    for (int i = 0; i < RECORD_KEY_SIZE; i++)
        buf_addf(&line, "%02x", s->record_key[i]);
    buf_adds(&line, "\"}}");
    put_line(m, &line);
}

/* The names from below the root folder down to f. */
static void add_path(struct buf *b, const struct folder *f)
{
    const char *names[LEVELS_MAX];
    size_t n = 0;

    for (; f && f->parent && n < LEVELS_MAX; f = f->parent)
        names[n++] = f->name;
    buf_addc(b, '[');
    while (n--) {
        json_text(b, names[n]);
        if (n)
            buf_addc(b, ',');
    }
    buf_addc(b, ']');
}

void manifest_folders(struct manifest *m, const struct tree *t)
{
    for (size_t i = 1; m && i < t->count; i++) {
        struct buf cleanup_buf line = MEM_BUF;
        buf_adds(&line, "{\"folder_path\":");
        add_path(&line, t->list[i]);
        json_key_int(&line, "items", t->list[i]->items);
        json_key_int(&line, "unread", t->list[i]->unread);
        json_key_text(&line, "class", t->list[i]->class);
        json_key_bool(&line, "search", t->list[i]->kind == FOLDER_SEARCH);
        json_key_int(&line, "hidden", t->list[i]->hidden_items);
        json_key(&line, "nid");
        buf_addf(&line, "\"0x%x\"}", t->list[i]->nid);
        put_line(m, &line);
    }
}

static void add_person(struct buf *b, const struct person *who)
{
    if (!who) {
        buf_adds(b, "null");
        return;
    }
    buf_addc(b, '{');
    json_key_text(b, "name", who->name);
    json_key_text(b, "addr", who->smtp);
    json_key_text(b, "x500", who->legacy);
    buf_addc(b, '}');
}

static void add_recipients(struct buf *b, const struct item *item,
                           const char *key, enum recipient_type type)
{
    bool first = true;

    json_key(b, key);
    buf_addc(b, '[');
    for (size_t i = 0; i < item->recipient_count; i++) {
        if (item->recipients[i].type != type)
            continue;
        if (!first)
            buf_addc(b, ',');
        add_person(b, item->recipients[i].who);
        first = false;
    }
    buf_addc(b, ']');
}

static void add_time(struct buf *b, const char *key, int64_t when)
{
    if (when != TIME_NONE) {
        json_key_int(b, key, when);
        return;
    }
    json_key(b, key);
    buf_adds(b, "null");
}

static void add_flags(struct buf *b, const struct item *item)
{
    json_key(b, "flags");
    buf_addc(b, '{');
    json_key_bool(b, "read", item->read);
    json_key_bool(b, "replied", item->replied);
    json_key_bool(b, "forwarded", item->forwarded);
    json_key_bool(b, "flagged", item->flagged);
    json_key_bool(b, "draft", item->draft);
    buf_addc(b, '}');
    json_key_int(b, "importance", item->importance);
}

/* The text's hash is taken with LF line ends. */
static void add_text_hash(struct buf *b, const struct item *item)
{
    struct buf cleanup_buf text = MEM_BUF;
    uint8_t digest[HASH_SIZE];

    for (size_t i = 0; i < item->text.len; i++)
        if (item->text.data[i] != '\r')
            buf_addc(&text, item->text.data[i]);
    hash_once(buf_str(&text), text.len, digest);
    json_key_hash(b, "body_text_sha256", item->has_text ? digest : NULL);
}

static void add_hash(struct buf *b, const char *key, bool has,
                     const struct buf *bytes)
{
    uint8_t digest[HASH_SIZE];

    hash_once(buf_str(bytes), bytes->len, digest);
    json_key_hash(b, key, has ? digest : NULL);
}

static void add_item(struct buf *b, const struct item *item);

static void add_part(struct buf *b, const struct part *part)
{
    buf_addc(b, '{');
    json_key_text(b, "name", part->name);
    json_key_text(b, "mime", part->mime);
    json_key_text(b, "content_id", part->content_id);
    if (part->link)
        json_key_text(b, "link", part->link);
    if (!part->item) {
        json_key_int(b, "size", (int64_t)part->size);
        json_key_hash(b, "sha256", part->hash);
    }
    json_key(b, "embedded");
    if (part->item) {
        buf_addc(b, '{');
        add_item(b, part->item);
        buf_addc(b, '}');
    } else {
        buf_adds(b, "null");
    }
    json_key_bool(b, "ole", part->ole != NULL);
    buf_addc(b, '}');
}

static void add_parts(struct buf *b, const struct item *item)
{
    json_key(b, "attachments");
    buf_addc(b, '[');
    for (size_t i = 0; i < item->part_count; i++) {
        if (i)
            buf_addc(b, ',');
        add_part(b, &item->parts[i]);
    }
    buf_addc(b, ']');
}

/* The members of an item's object; embedded ones nest as deep as they were
 * made. */
static void add_item(struct buf *b, const struct item *item)
{
    json_key_text(b, "class", item->class);
    json_key_text(b, "subject", item->subject);
    json_key_bool(b, "subject_marked", item->prefix != PREFIX_NO_MARK);
    json_key_text(b, "script", item->script->name);
    json_key_text(b, "message_id", item->message_id);
    add_time(b, "delivered", item->delivered);
    add_time(b, "submitted", item->submitted);
    add_time(b, "created", message_created(item));
    add_time(b, "changed", message_changed(item));
    add_flags(b, item);
    json_key(b, "from");
    add_person(b, item->from);
    add_recipients(b, item, "to", RECIPIENT_TO);
    add_recipients(b, item, "cc", RECIPIENT_CC);
    add_recipients(b, item, "bcc", RECIPIENT_BCC);
    json_key_int(b, "codepage", item->script->codepage);
    json_key_int(b, "html_codepage", item->html_codepage);
    json_key_bool(b, "rtf_stored", item->has_rtf && item->rtf_stored);
    json_key_bool(b, "headers", item->headers != NULL);
    add_text_hash(b, item);
    add_hash(b, "body_html_sha256", item->has_html, &item->html);
    add_hash(b, "rtf_sha256", item->has_rtf, &item->rtf);
    add_parts(b, item);
    buf_add(b, item->json.data, item->json.len);
}

void manifest_item(struct manifest *m, const struct folder *f,
                   const struct item *item)
{
    struct buf cleanup_buf line = MEM_BUF;

    if (!m)
        return;
    buf_addf(&line, "{\"nid\":\"0x%x\"", item->nid);
    json_key(&line, "folder");
    add_path(&line, f);
    add_item(&line, item);
    buf_addc(&line, '}');
    put_line(m, &line);
}
