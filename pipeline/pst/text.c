#include <string.h>
#include <strings.h>

#include "pipeline/base/charset.h"
#include "pipeline/pst/bytes.h"
#include "pipeline/pst/heap.h"

#define CODEPAGE_DEFAULT 1252u
#define CODEPAGE_UTF16   1200u
#define CODEPAGE_UTF8    65001u
#define HTML_HEAD_MAX    2048u
#define REPLACEMENT_UTF8 "\xEF\xBF\xBD"

/* NULs after start become the replacement character. */
static void replace_nuls(struct buf *out, size_t start)
{
    cleanup_free char *copy = NULL;
    size_t len = out->len - start, from = 0;

    if (out->error || !len || !memchr(out->data + start, 0, len))
        return;
    copy = malloc(len);
    if (!copy) {
        out->error = ENOMEM;
        return;
    }
    memcpy(copy, out->data + start, len);
    out->len = start;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && copy[i])
            continue;
        buf_add(out, copy + from, i - from);
        if (i < len)
            buf_adds(out, REPLACEMENT_UTF8);
        from = i + 1;
    }
}

static bool has_high(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (data[i] >= 0x80)
            return true;
    return false;
}

/* Pages in which bytes below 0x80 are not ASCII: escapes, EBCDIC. */
static bool is_ascii_page(unsigned page)
{
    static const unsigned others[][2] = {
        {37, 37},       {500, 500},     {870, 875},     {930, 939},
        {1026, 1047},   {1140, 1149},   {20273, 20424}, {20833, 20838},
        {20871, 20924}, {21025, 21025}, {50220, 50229}, {50930, 50939},
        {52936, 52936}, {65000, 65000},
    };

    if (page == 874 || page == 20866)
        return true;
    for (size_t i = 0; i < array_len(others); i++)
        if (page >= others[i][0] && page <= others[i][1])
            return false;
    return true;
}

static void add_bytes(const uint8_t *data, size_t len, unsigned codepage,
                      unsigned fallback, struct buf *out)
{
    if (!has_high(data, len) && is_ascii_page(codepage)) {
        buf_add(out, data, len);
        return;
    }
    if (!codepage)
        codepage = charset_is_utf8(data, len) ? CODEPAGE_UTF8 : fallback;
    charset_from_codepage(codepage, data, len, out);
}

/* Some 4k stores have a class in 8 bits inside a String (section 19). */
static bool is_narrow_class(const uint8_t *data, size_t len)
{
    return len > 4 &&
           (memcmp(data, "IPF.", 4) == 0 || memcmp(data, "IPM.", 4) == 0);
}

void text_add(unsigned type, const uint8_t *data, size_t len, unsigned codepage,
              unsigned fallback, struct buf *out)
{
    size_t start = out->len;

    if (type == PT_STRING && is_narrow_class(data, len)) {
        add_bytes(data, strnlen((const char *)data, len), 1252, 1252, out);
    } else if (type == PT_STRING) {
        len &= ~(size_t)1;
        while (len && !data[len - 1] && !data[len - 2])
            len -= 2;
        charset_from_utf16(data, len, out);
    } else {
        while (len && !data[len - 1])
            len--;
        add_bytes(data, len, codepage, fallback, out);
    }
    replace_nuls(out, start);
}

void text_skip_mark(unsigned type, const uint8_t **data, size_t *len)
{
    size_t unit = type == PT_STRING ? 2 : 1;
    const uint8_t *d = *data;

    if (*len < unit || d[0] != 1 || (unit == 2 && d[1] != 0))
        return;
    unit = *len < 2 * unit ? *len : 2 * unit;
    *data += unit;
    *len -= unit;
}

/* Code pages that HTML may name, by their MIME names. */
static const unsigned short html_pages[] = {
    65001, 1252,  28591, 28605, 932,   936,   949,   950,   50220,
    1250,  1251,  1253,  1254,  1255,  1256,  1257,  1258,  874,
    20866, 21866, 28592, 28593, 28594, 28595, 28596, 28597, 28598,
    28599, 28603, 20127, 51932, 51949, 52936, 54936, 50225, 65000,
};

static unsigned page_of_name(const char *name, size_t len)
{
    for (size_t i = 0; i < array_len(html_pages); i++) {
        const char *mime = charset_mime_name(html_pages[i]);
        if (mime && strlen(mime) == len && strncasecmp(mime, name, len) == 0)
            return html_pages[i];
    }
    return 0;
}

unsigned text_html_codepage(const uint8_t *data, size_t len)
{
    static const char key[] = "charset=";
    const char *text = (const char *)data, *end;

    if (len > HTML_HEAD_MAX)
        len = HTML_HEAD_MAX;
    end = text + len;
    for (; end - text > (ptrdiff_t)sizeof(key); text++) {
        size_t n = 0;
        if (strncasecmp(text, key, sizeof(key) - 1) != 0)
            continue;
        text += sizeof(key) - 1;
        while (text < end && strchr("\"' ", *text) && *text)
            text++;
        while (text + n < end && text[n] > ' ' && !strchr("\"';>/", text[n]))
            n++;
        return page_of_name(text, n);
    }
    return 0;
}

static unsigned page_checked(int64_t number)
{
    if (number == CODEPAGE_UTF16) /* 8-bit text cannot be that */
        return CODEPAGE_UTF8;
    if (number <= 0 || number > UINT16_MAX)
        return 0;
    return charset_icu_name((unsigned)number) ? (unsigned)number : 0;
}

/* What the object itself says (section 19). */
static unsigned own_codepage(struct pst_props *p)
{
    unsigned page = page_checked(pst_props_int(p, PR_MESSAGE_CODEPAGE, 0));
    int32_t lcid;

    if (page)
        return page;
    lcid = pst_props_int(p, PR_MESSAGE_LOCALE, 0);
    if (lcid > 0)
        return charset_codepage_of_locale((uint32_t)lcid);
    return page_checked(pst_props_int(p, PR_CODEPAGE_ID, 0));
}

unsigned props_named_codepage(struct pst_props *p)
{
    if (!p->codepage_known) {
        p->codepage = own_codepage(p);
        p->codepage_known = true;
    }
    return p->codepage ? p->codepage : p->outer_codepage;
}

static unsigned fallback_codepage(const struct pst *pst)
{
    return pst->info.codepage ? pst->info.codepage : CODEPAGE_DEFAULT;
}

unsigned pst_props_codepage(struct pst_props *p)
{
    unsigned page = props_named_codepage(p);

    return page ? page : fallback_codepage(p->pst);
}

/* HTML has rules of its own: its meta tag, else the internet code page. */
static unsigned html_codepage(struct pst_props *p, const struct value *v)
{
    unsigned page = text_html_codepage(v->data, v->len);

    if (!page)
        page = page_checked(pst_props_int(p, PR_INTERNET_CPID, 0));
    return page ? page : props_named_codepage(p);
}

static bool is_text(unsigned type)
{
    return type == PT_STRING || type == PT_STRING8 || type == PT_BINARY;
}

int props_text_cut(struct pst_props *p, uint16_t id, size_t max, bool cut,
                   struct buf *out, struct err *err)
{
    unsigned page = props_named_codepage(p);
    struct cell cell;
    struct value v;
    int rc;

    if (!props_cell(p, id, &cell) || !is_text(cell.type))
        return err_set(err, ENOENT, "no text %04x", id);
    rc = value_load(&cell, max, cut, &v, err);
    if (rc < 0)
        return rc;
    if (id == PR_SUBJECT)
        text_skip_mark(cell.type, &v.data, &v.len);
    if (id == PR_HTML && cell.type != PT_STRING)
        page = html_codepage(p, &v);
    text_add(cell.type, v.data, v.len, page, fallback_codepage(p->pst), out);
    value_finish(&v);
    return out->error ? err_sys(err, out->error, "text %04x", id) : 0;
}

int pst_props_text(struct pst_props *p, uint16_t id, struct buf *out,
                   struct err *err)
{
    return props_text_cut(p, id, PST_VALUE_MEMORY, false, out, err);
}

int pst_props_text_at(struct pst_props *p, uint16_t id, size_t i,
                      struct buf *out, struct err *err)
{
    unsigned page = props_named_codepage(p);
    const uint8_t *data;
    struct cell cell;
    struct value v;
    size_t len;
    int rc;

    if (!props_cell(p, id, &cell) || !(cell.type & PT_MV) ||
        !is_text(cell.type & ~PT_MV))
        return err_set(err, ENOENT, "no texts %04x", id);
    rc = value_load(&cell, PST_VALUE_MEMORY, false, &v, err);
    if (rc < 0)
        return rc;
    rc = value_element(&v, cell.type, i, &data, &len);
    if (rc == 0)
        text_add(cell.type & ~PT_MV, data, len, page, fallback_codepage(p->pst),
                 out);
    else
        err_set(err, -rc, "no text %zu in %04x", i, id);
    value_finish(&v);
    return rc == 0 && out->error ? err_sys(err, out->error, "%04x", id) : rc;
}

void pst_props_decode(struct pst_props *p, const void *data, size_t len,
                      struct buf *out)
{
    text_add(PT_STRING8, data, len, props_named_codepage(p),
             fallback_codepage(p->pst), out);
}

int pst_props_bytes(struct pst_props *p, uint16_t id, struct buf *out,
                    struct err *err)
{
    struct cell cell;
    struct value v;
    int rc;

    if (!props_cell(p, id, &cell))
        return err_set(err, ENOENT, "no property %04x", id);
    rc = value_load(&cell, PST_VALUE_MEMORY, false, &v, err);
    if (rc < 0)
        return rc;
    rc = buf_add(out, v.data, v.len);
    value_finish(&v);
    return rc < 0 ? err_sys(err, -rc, "property %04x", id) : 0;
}

int64_t pst_props_size(struct pst_props *p, uint16_t id)
{
    struct cell cell;

    return props_cell(p, id, &cell) ? value_size(&cell) : -ENOENT;
}

int pst_props_stream(struct pst_props *p, uint16_t id,
                     struct pst_stream **stream_r, struct err *err)
{
    struct cell cell;

    *stream_r = NULL;
    if (!props_cell(p, id, &cell))
        return err_set(err, ENOENT, "no property %04x", id);
    return value_stream(&cell, stream_r, err);
}
