#include "tools/mkpst/cases.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/io.h"
#include "tools/mkpst/json.h"

#define CASE_TIME 1262304000 /* 2010-01-01 */
#define SMIME_MAX (16 << 20)

void case_text(struct item *item, const char *text)
{
    item->has_text = true;
    buf_clear(&item->text);
    buf_adds(&item->text, text);
}

void case_html(struct item *item, const char *html)
{
    item->has_html = true;
    buf_clear(&item->html);
    buf_adds(&item->html, html);
}

void case_rtf(struct item *item, const char *rtf)
{
    item->has_rtf = true;
    buf_clear(&item->rtf);
    buf_adds(&item->rtf, rtf);
}

struct part *case_part(struct item *item, const char *name, const char *mime,
                       const void *data, size_t len)
{
    struct part *part = item_part(item);

    part->name = mem_text(name);
    part->mime = mime;
    part->has_data = true;
    part->size = len;
    buf_add(&part->data, data, len);
    return part;
}

struct item *case_item(struct maker *m, const char *class, const char *name)
{
    struct item *item = item_new(class, &scripts[0], m->unicode);

    item->html_codepage = m->unicode ? 65001 : 1252;
    item->delivered = item->submitted = CASE_TIME + (int64_t)m->number * 60;
    item->prefix = PREFIX_NO_MARK;
    item->read = true;
    item->subject = mem_textf("case %s", name);
    item->message_id = mem_textf("<case.%s@mkpst.example>", name);
    item->from = cast_pick(&m->cast, &m->rng, item->script);
    item_recipient(item, RECIPIENT_TO, cast_owner(&m->cast));
    json_key_text(&item->json, "case", name);
    return item;
}

/* ---- signed and encrypted ---- */

static struct item *smime_make(struct maker *m, const char *path)
{
    struct buf cleanup_buf data = BUF(SMIME_MAX);
    char name[64];
    struct item *item;
    bool clear;

    if (io_slurp(path, &data, NULL) != 0)
        fatal("%s: %s", path, strerror(errno));
    clear = strncasecmp(buf_str(&data), "Content-Type:", 13) == 0;
    snprintf(name, sizeof(name), "smime-%u", (unsigned)m->number);
    item = case_item(
        m, clear ? "IPM.Note.SMIME.MultipartSigned" : "IPM.Note.SMIME", name);
    json_key_bool(&item->json, "verbatim", true);
    case_part(item, "smime.p7m",
              clear ? "multipart/signed" : "application/pkcs7-mime", data.data,
              data.len);
    return item;
}

/* ---- code pages ---- */

static const char *const samples[] = {
    "Gr\u00FC\u00DFe, caf\u00E9 \u00E5",
    "za\u017C\u00F3\u0142\u0107 g\u0119\u015Bl\u0105",
    "\u041F\u0440\u0438\u0432\u0435\u0442, \u043C\u0438\u0440",
    "\u039A\u03B1\u03BB\u03B7\u03BC\u03AD\u03C1\u03B1",
    "\u0130stanbul'da \u011F\u00FCne\u015F",
    "\u05E9\u05DC\u05D5\u05DD",
    "\u0645\u0631\u062D\u0628\u0627",
    "\u0101\u010D\u0113\u0123 \u0161",
    "\u0E2A\u0E27\u0E31\u0E2A\u0E14\u0E35",
    "\u65E5\u672C\u8A9E\u3067\u3059",
    "\u4F60\u597D\uFF0C\u4E16\u754C",
    "\u4E2D\u570B",
    "\uC548\uB155\uD558\uC138\uC694",
    "\u0928\u092E\u0938\u094D\u0924\u0947",
    "\u00A3 and \u00F1",
    "PLAIN", /* for pages without small letters */
};

/* The first sample that the page can write, in its bytes. */
static const char *sample_of(unsigned page, struct buf *bytes)
{
    for (size_t i = 0; i < array_len(samples); i++) {
        struct buf cleanup_buf back = MEM_BUF;
        buf_clear(bytes);
        text_codepage(page, samples[i], strlen(samples[i]), bytes);
        charset_from_codepage(page, bytes->data, bytes->len, &back);
        if (strcmp(buf_str(&back), samples[i]) == 0)
            return samples[i];
    }
    return samples[array_len(samples) - 1];
}

/* Can the page stand for 8-bit text? It is none in UTF-16; and in an ANSI
 * store all texts of the item would be in it, addresses with them. */
static bool page_is_narrow(const struct maker *m, unsigned page)
{
    static const char ascii[] = "<case.1@a-b>";
    struct buf cleanup_buf bytes = MEM_BUF;

    text_codepage(page, ascii, sizeof(ascii) - 1, &bytes);
    return page / 10 != 120 && page / 10 != 1200 &&
           (m->unicode || (bytes.len == sizeof(ascii) - 1 &&
                           memcmp(bytes.data, ascii, bytes.len) == 0));
}

/* HTML without a declaration and 8-bit text, both in the page. */
static struct item *page_make(struct maker *m, unsigned page)
{
    struct buf cleanup_buf bytes = MEM_BUF, html = MEM_BUF;
    char name[32];
    struct item *item;
    const char *sample = sample_of(page, &bytes);

    snprintf(name, sizeof(name), "codepage-%u", page);
    item = case_item(m, "IPM.Note", name);
    json_key_text(&item->json, "case_text", sample);
    buf_addf(&html, "<html><body><p>%s</p></body></html>\r\n", sample);
    item->html_codepage = page;
    item->narrow_text = page_is_narrow(m, page);
    item->has_html = true;
    text_codepage(page, html.data, html.len, &item->html);
    if (m->unicode || item->narrow_text)
        case_text(item, sample);
    return item;
}

/* ---- all ---- */

static const struct {
    const struct case_row *rows;
    const size_t *count;
} tables[] = {
    {case_bodies, &case_bodies_count},
    {case_parts, &case_parts_count},
    {case_people, &case_people_count},
};

struct item *case_make(struct maker *m, unsigned i)
{
    for (size_t t = 0; t < array_len(tables); t++) {
        const struct case_row *row = &tables[t].rows[i];
        struct item *item;
        if (i >= *tables[t].count) {
            i -= (unsigned)*tables[t].count;
            continue;
        }
        item = case_item(m, row->class ? row->class : "IPM.Note", row->name);
        row->fill(m, item);
        return item;
    }
    if (i < m->opt->smime_count)
        return smime_make(m, m->opt->smime[i]);
    i -= m->opt->smime_count;
    return charset_page(i) ? page_make(m, charset_page(i)) : NULL;
}
