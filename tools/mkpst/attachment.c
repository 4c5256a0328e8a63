#include "tools/mkpst/attachment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/mkpst/message.h"

#define CHUNK     65536
#define IN_HTML   4
#define EXCEPTION 2

/* The bytes of an attachment: lines of text for text/plain, else noise; from
 * its seed, so the same at any time. */
struct filler {
    struct rng rng;
    bool text;
    const uint8_t *given; /* instead */
};

static void fill(struct filler *f, uint8_t *data, size_t len)
{
    if (f->given) {
        memcpy(data, f->given, len);
        f->given += len;
        return;
    }
    rng_fill(&f->rng, data, len);
    for (size_t i = 0; f->text && i < len; i++)
        data[i] = data[i] < 4 ? '\n' : (uint8_t)(0x20 + data[i] % 95);
}

static void filler_init(struct filler *f, const struct part *part)
{
    rng_init(&f->rng, part->seed, part->size);
    f->text = strcmp(part->mime, "text/plain") == 0;
    f->given = part->ole;
}

static uint32_t method_of(const struct part *part)
{
    if (part->item)
        return ATTACH_EMBEDDED;
    if (part->method)
        return (uint32_t)part->method;
    return part->ole ? ATTACH_OLE : ATTACH_BY_VALUE;
}

/* Writes the data to a subnode and its hash into part. */
static struct node_data write_data(struct store *s, struct part *part)
{
    uint8_t *cleanup_free chunk = mem_new(CHUNK);
    struct hash *hash = hash_new();
    struct node_data out = {.size = part->size};
    struct filler f;
    struct stream stream;

    filler_init(&f, part);
    stream_init(&stream, &s->blocks);
    for (uint64_t at = 0; at < part->size; at += CHUNK) {
        size_t n = part->size - at < CHUNK ? (size_t)(part->size - at) : CHUNK;
        fill(&f, chunk, n);
        hash_add(hash, chunk, n);
        stream_add(&stream, chunk, n);
    }
    hash_end(hash, part->hash);
    hash_free(&hash);
    out.data = stream_end(&stream, NULL);
    return out;
}

/* Small data is a plain value, larger data a stream of its own. */
static void add_data(struct store *s, struct props *p, struct part *part,
                     struct subs *subs)
{
    struct node_data data;
    uint32_t nid;

    if (part->has_data) {
        hash_once(buf_str(&part->data), part->data.len, part->hash);
        props_bytes(p, PR_ATTACH_DATA, buf_str(&part->data), part->data.len);
        return;
    }
    if (!part->ole && part->size <= s->v->value_max) {
        uint8_t small[1024];
        struct filler f;
        filler_init(&f, part);
        fill(&f, small, part->size);
        hash_once(small, part->size, part->hash);
        props_bytes(p, PR_ATTACH_DATA, small, part->size);
        return;
    }
    data = write_data(s, part);
    nid = subs_value_nid(subs);
    subs_add(subs, nid, &data);
    props_node(p, PR_ATTACH_DATA, part->ole ? PT_OBJECT : PT_BINARY, nid,
               part->size);
}

static void add_inner(struct props *p, const struct part *part,
                      const struct node_data *inner, struct subs *subs)
{
    subs_add(subs, part->item->nid, inner);
    props_node(p, PR_ATTACH_DATA, PT_OBJECT, part->item->nid, inner->size);
    props_int(p, PR_ATTACH_METHOD, ATTACH_EMBEDDED);
    props_text(p, PR_DISPLAY_NAME, part->item->subject);
    if (!part->changed)
        return;
    props_bool(p, PR_ATTACH_HIDDEN, true);
    props_int(p, PR_ATTACHMENT_FLAGS, EXCEPTION);
    props_time(p, PR_EXCEPTION_REPLACES, part->replaces);
    props_time(p, PR_EXCEPTION_START, part->starts);
    props_time(p, PR_EXCEPTION_END, part->ends);
}

/* The name of old: eight ASCII characters and an extension of three. */
static void short_name(const struct part *part, size_t i, char name_r[16])
{
    const char *dot = strrchr(part->name, '.');

    if (dot && strlen(dot) <= 4 && (unsigned char)dot[1] < 0x80)
        snprintf(name_r, 16, "FILE%03zu%s", i % 1000, dot);
    else
        snprintf(name_r, 16, "FILE%03zu", i % 1000);
}

static void add_names(struct props *p, const struct part *part, size_t i)
{
    char name[16];
    const char *dot = strrchr(part->name, '.');

    short_name(part, i, name);
    props_text(p, PR_ATTACH_FILENAME, name);
    props_text(p, PR_ATTACH_LONG_FILENAME, part->name);
    props_text(p, PR_DISPLAY_NAME, part->name);
    if (dot)
        props_text(p, PR_ATTACH_EXTENSION, dot);
    props_text(p, PR_ATTACH_MIME_TAG, part->mime);
    props_int(p, PR_ATTACH_METHOD, method_of(part));
    if (part->link)
        props_text(p, PR_ATTACH_LONG_PATHNAME, part->link);
    if (part->location)
        props_text(p, PR_ATTACH_LOCATION, part->location);
    if (part->photo)
        props_bool(p, PR_ATTACH_CONTACT_PHOTO, true);
    if (!part->content_id)
        return;
    props_text(p, PR_ATTACH_CONTENT_ID, part->content_id);
    props_int(p, PR_ATTACH_FLAGS, IN_HTML);
    props_bool(p, PR_ATTACH_HIDDEN, true);
}

struct node_data attachment_write(struct store *s, struct item *item, size_t i,
                                  const struct node_data *inner)
{
    struct part *part = &item->parts[i];
    struct node_data out;
    struct props p;
    struct subs subs;

    props_init(&p, &item->enc);
    subs_init(&subs, &s->blocks);
    if (inner) {
        add_inner(&p, part, inner, &subs);
    } else {
        add_names(&p, part, i);
        if (!part->link)
            add_data(s, &p, part, &subs);
    }
    props_int(&p, PR_ATTACH_NUM, (uint32_t)i);
    props_int(&p, 0x370B, UINT32_MAX);
    props_time(&p, PR_CREATION_TIME, message_created(item));
    props_time(&p, PR_MODIFICATION_TIME, message_changed(item));
    part->stored = props_size(&p) + 4 + (inner ? inner->size : 0);
    props_int(&p, PR_ATTACH_SIZE, (uint32_t)part->stored);
    out = props_end(&p, &subs, 0);
    props_finish(&p);
    return out;
}

void attachment_row(struct table *t, const struct item *item, size_t i,
                    uint32_t nid)
{
    const struct part *part = &item->parts[i];
    char name[16];

    table_row(t, nid);
    table_int(t, PR_ATTACH_SIZE, (uint32_t)part->stored);
    table_int(t, PR_ATTACH_METHOD, method_of(part));
    table_int(t, 0x370B, UINT32_MAX);
    if (part->item)
        return;
    short_name(part, i, name);
    table_text(t, PR_ATTACH_FILENAME, NULL, name);
}
