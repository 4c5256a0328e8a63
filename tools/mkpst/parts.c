#include <string.h>

#include "tools/mkpst/maker.h"

#define EMBED_DEPTH    3
#define EMBED_PERCENT  8
#define INLINE_PERCENT 15
#define EMPTY_PERCENT  4
#define SMALL_MEAN     6000
#define MEDIUM_MEAN    40000
#define MEDIUM_PERCENT 15
#define LARGE_PERMILLE 10
#define LARGE_MEAN     1500000

static const struct {
    const char *extension, *mime;
} types[] = {
    {".pdf", "application/pdf"},
    {".txt", "text/plain"},
    {".docx", "application/vnd.openxmlformats-officedocument."
              "wordprocessingml.document"},
    {".png", "image/png"},
    {".zip", "application/zip"},
    {".jpg", "image/jpeg"},
    {".csv", "text/csv"},
    {".dat", "application/octet-stream"},
    {"", "application/octet-stream"},
};
#define IMAGE_TYPE 3
#define OLE_MIME   "application/octet-stream" /* OLE with --ole */

static const char *const nasty_names[] = {"report: final?.pdf",
                                          "../../etc/passwd",
                                          "a\"quoted\".txt",
                                          "semi;colon.doc",
                                          "trailing.",
                                          "name=with=equals.txt",
                                          ".hidden",
                                          "space end .txt"};

static uint64_t pick_size(struct maker *m)
{
    struct rng *r = &m->rng;

    if (rng_chance(r, EMPTY_PERCENT))
        return 0;
    if (!m->opt->mail_only && rng_below(r, 1000) < LARGE_PERMILLE)
        return rng_around(r, LARGE_MEAN);
    if (rng_chance(r, MEDIUM_PERCENT))
        return rng_around(r, MEDIUM_MEAN);
    return 1 + rng_around(r, SMALL_MEAN);
}

static char *pick_name(struct maker *m, const struct item *item,
                       const char *extension)
{
    char *cleanup_free words = NULL;

    if (!m->opt->mail_only && rng_chance(&m->rng, 5))
        return mem_text(
            nasty_names[rng_below(&m->rng, array_len(nasty_names))]);
    words = maker_words(m, item, 1 + rng_below(&m->rng, 3));
    return mem_textf("%s%s", words, extension);
}

struct part *parts_add(struct maker *m, struct item *item, uint64_t size,
                       const char *cid)
{
    size_t type = cid ? IMAGE_TYPE : rng_below(&m->rng, array_len(types));
    char *name = pick_name(m, item, types[type].extension);
    struct part *part = item_part(item);

    part->name = name;
    part->mime = types[type].mime;
    part->content_id = cid ? mem_text(cid) : NULL;
    part->size = size;
    part->seed = rng_next(&m->rng);
    if (m->opt->ole && strcmp(part->mime, OLE_MIME) == 0) {
        part->ole = m->opt->ole;
        part->size = m->opt->ole_size;
    }
    return part;
}

/* An image that the HTML shows; the body gets its reference. */
static void add_inline(struct maker *m, struct item *item)
{
    static const char end[] = "</body></html>\r\n";
    char *cleanup_free cid =
        mem_textf("image%03u.png@%08X.%08X", rng_below(&m->rng, 100),
                  rng_below(&m->rng, UINT32_MAX), (unsigned)m->number);

    if (item->html.len > sizeof(end))
        item->html.len -= sizeof(end) - 1;
    buf_addf(&item->html, "<img src=\"cid:%s\">\r\n%s", cid, end);
    mem_check(&item->html);
    parts_add(m, item, 200 + rng_around(&m->rng, SMALL_MEAN), cid);
}

static void add_embedded(struct maker *m, struct item *item, unsigned depth)
{
    struct item *inner = note_make(m, "IPM.Note", depth + 1);
    struct part *part = item_part(item);

    part->item = inner;
    part->name = mem_text(inner->subject);
    part->mime = "message/rfc822";
}

void parts_make(struct maker *m, struct item *item, unsigned depth)
{
    unsigned count = 0;

    if (rng_chance(&m->rng, m->opt->attachment_rate))
        count = 1 + rng_below(&m->rng, 3) * rng_below(&m->rng, 2);
    for (unsigned i = 0; i < count; i++) {
        if (item->has_html && rng_chance(&m->rng, INLINE_PERCENT))
            add_inline(m, item);
        else if (!m->opt->mail_only && depth < EMBED_DEPTH &&
                 rng_chance(&m->rng, EMBED_PERCENT))
            add_embedded(m, item, depth);
        else
            parts_add(m, item, pick_size(m), NULL);
    }
}
