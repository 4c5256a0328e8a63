#include "pipeline/render/attach.h"

#include <string.h>
#include <strings.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/clock.h"
#include "pipeline/render/cids.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/header.h"

#define FILENAME_MAX_BYTES 240
#define CID_MAX            200
#define OCTET_STREAM       "application/octet-stream"
#define FLAG_IN_HTML       4
#define FLAG_EXCEPTION     2
#define METHOD_NONE        0
#define LOCATION_MAX       300 /* bytes of a URI; on one line when coded */
#define LOCATIONS_ASKED    64  /* parts looked for in an HTML body */
#define METHOD_OLE_TYPE    "application/x-ole-storage"

static const struct {
    const char *extension, *mime;
} types[] = {
    {"7z", "application/x-7z-compressed"},
    {"avi", "video/x-msvideo"},
    {"bmp", "image/bmp"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument."
             "wordprocessingml.document"},
    {"emf", "image/emf"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ics", "text/calendar"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"json", "application/json"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"mpg", "video/mpeg"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"p7m", "application/pkcs7-mime"},
    {"p7s", "application/pkcs7-signature"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument."
             "presentationml.presentation"},
    {"rtf", "application/rtf"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"txt", "text/plain"},
    {"vcf", "text/vcard"},
    {"wav", "audio/x-wav"},
    {"wmf", "image/wmf"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument."
             "spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"zip", "application/zip"},
};

const char *attach_type(const char *filename)
{
    const char *dot = strrchr(filename, '.');

    for (size_t i = 0; dot && i < array_len(types); i++)
        if (strcasecmp(dot + 1, types[i].extension) == 0)
            return types[i].mime;
    return OCTET_STREAM;
}

const char *attach_cid(struct work *w, const char *cid)
{
    size_t n = strlen(cid);

    if (n > 2 && cid[0] == '<' && cid[n - 1] == '>') {
        cid = fetch_copy(w, cid + 1, n - 2);
        n -= 2;
    }
    if (n > CID_MAX)
        return "";
    for (size_t i = 0; i < n; i++)
        if (cid[i] <= ' ' || cid[i] > 126 || strchr("<>()\\\",;", cid[i]))
            return "";
    return cid;
}

/* A type that a base64 part may have (RFC 2046: no composite ones). */
static const char *clean_type(const char *mime, const char *filename)
{
    const char *slash = strchr(mime, '/');

    if (!slash || strlen(mime) > 127 ||
        !header_is_token(mime, (size_t)(slash - mime)) ||
        !header_is_token(slash + 1, strlen(slash + 1)))
        return attach_type(filename);
    if (strncasecmp(mime, "multipart/", 10) == 0 ||
        strncasecmp(mime, "message/", 8) == 0)
        return OCTET_STREAM;
    return mime;
}

/* No separators, no control characters, no hidden way out of a folder. */
static const char *clean_filename(struct work *w, const char *name)
{
    cleanup_buf struct buf b = BUF(RENDER_FIELD_MAX * 4);

    header_clean(&b, name, strlen(name));
    b.len = charset_cut(buf_str(&b), b.len, FILENAME_MAX_BYTES);
    for (size_t i = 0; i < b.len; i++)
        if (strchr("/\\:", b.data[i]))
            b.data[i] = '_';
    if (b.len && strspn(b.data, ".") >= b.len)
        b.data[0] = '_';
    return b.len ? fetch_copy(w, b.data, b.len) : "";
}

static const char *part_filename(struct message *m, struct pst_props *p,
                                 size_t number)
{
    static const uint16_t ids[] = {PR_ATTACH_LONG_FILENAME, PR_ATTACH_FILENAME,
                                   PR_DISPLAY_NAME};
    const char *name = "";

    for (size_t i = 0; !*name && i < array_len(ids); i++)
        name = clean_filename(m->work, fetch_text(m, p, ids[i]));
    if (*name)
        return name;
    return fetch_format(
        m->work, "attachment-%zu%s", number + 1,
        clean_filename(m->work, fetch_text(m, p, PR_ATTACH_EXTENSION)));
}

static void attachment_release(void *object)
{
    struct pst_attachment *a = object;

    pst_attachment_free(&a);
}

static void item_release(void *object)
{
    struct pst_item *item = object;

    pst_item_free(&item);
}

static void stream_release(void *object)
{
    struct pst_stream *s = object;

    pst_stream_free(&s);
}

/* Whatever is wrong below, to the reader of a file it is EIO. */
static ssize_t stream_read(void *ctx, uint64_t off, void *buf, size_t len,
                           struct err *err)
{
    ssize_t n = pst_stream_read(ctx, off, buf, len, err);

    return n < 0 && n != -ENOMEM ? -EIO : n;
}

struct segment_source attach_source(struct pst_stream *stream)
{
    /* What is read here comes after the headers, where damage is told. */
    pst_stream_strict(stream);
    return (struct segment_source){stream_read, stream,
                                   pst_stream_size(stream)};
}

static void part_failed(struct message *m, const char *what, int e,
                        const struct err *err)
{
    if (e == -ENOMEM)
        m->work->error = ENOMEM;
    else
        message_defect(m, "attachment %s: %s", what,
                       err->msg[0] ? err->msg : strerror(-e));
}

static void load_data(struct message *m, struct pst_attachment *a,
                      struct part *p, int method)
{
    struct pst_stream *s = NULL;
    struct err err = {0};
    int e = pst_attachment_data(a, &s, &err);

    p->kind = PART_DATA;
    if (e == -ENOENT && method == METHOD_NONE)
        return;
    if (e < 0) {
        part_failed(m, p->filename, e, &err);
        return;
    }
    if (segments_hold(m->work->out, s, stream_release) < 0)
        return;
    p->source = attach_source(s);
}

static void load_message(struct message *m, struct pst_attachment *a,
                         struct part *p)
{
    struct work *w = m->work;
    struct err err = {0};
    int e;

    p->kind = PART_DATA; /* an empty one, should it not open */
    if (m->depth + 1 >= RENDER_DEPTH_MAX || w->items >= RENDER_ITEMS_MAX ||
        segments_weight(w->out) > RENDER_TEXT_SOFT) {
        message_defect(m, "attachment %s: nested too deep", p->filename);
        return;
    }
    e = pst_attachment_item(a, &p->item, &err);
    if (e < 0) {
        part_failed(m, p->filename, e, &err);
        return;
    }
    w->items++;
    if (segments_hold(w->out, p->item, item_release) == 0)
        p->kind = PART_MESSAGE;
}

/* By reference. Some writers put the bytes there all the same. */
static void load_link(struct message *m, struct pst_attachment *a,
                      struct pst_props *props, struct part *p)
{
    struct pst_stream *s = NULL;

    p->link = fetch_text(m, props, PR_ATTACH_LONG_PATHNAME);
    if (!*p->link)
        p->link = fetch_text(m, props, PR_ATTACH_PATHNAME);
    if (pst_attachment_data(a, &s, NULL) == 0 && pst_stream_size(s)) {
        p->kind = PART_DATA;
        if (segments_hold(m->work->out, s, stream_release) == 0)
            p->source = attach_source(s);
        return;
    }
    pst_stream_free(&s);
    p->kind = PART_LINK;
    if (!*p->link)
        message_defect(m, "attachment %s: a link without its address",
                       p->filename);
    p->filename = fetch_format(m->work, "%s.txt", p->filename);
}

/* A URI as a header may have it. */
static const char *clean_location(struct work *w, const char *uri)
{
    cleanup_buf struct buf b = BUF(RENDER_FIELD_MAX);

    if (strlen(uri) > LOCATION_MAX)
        return "";
    for (; *uri; uri++)
        if (*uri > ' ' && *uri < 127)
            buf_addc(&b, *uri);
        else
            buf_addf(&b, "%%%02X", (uint8_t)*uri);
    return b.len ? fetch_copy(w, b.data, b.len) : "";
}

/* [MS-OXOCAL] 2.2.10.1: the attachment of an exception. */
static void part_change(struct pst_props *props, struct part *p)
{
    p->changed = pst_props_int(props, PR_ATTACHMENT_FLAGS, 0) & FLAG_EXCEPTION;
    p->replaces = pst_props_time(props, PR_EXCEPTION_REPLACES);
    p->starts = pst_props_time(props, PR_EXCEPTION_START);
}

static int64_t part_time(struct pst_props *props)
{
    uint64_t t = pst_props_time(props, PR_MODIFICATION_TIME);

    if (!t)
        t = pst_props_time(props, PR_CREATION_TIME);
    return t ? time_from_filetime(t, NULL) : 0;
}

static void part_describe(struct message *m, struct pst_props *props,
                          struct part *p, size_t number)
{
    struct work *w = m->work;

    p->filename = part_filename(m, props, number);
    p->mime = clean_type(fetch_text(m, props, PR_ATTACH_MIME_TAG), p->filename);
    p->cid = attach_cid(w, fetch_text(m, props, PR_ATTACH_CONTENT_ID));
    p->time = part_time(props);
    p->link = "";
    p->location = clean_location(w, fetch_text(m, props, PR_ATTACH_LOCATION));
    p->photo = pst_props_bool(props, PR_ATTACH_CONTACT_PHOTO, false) ||
               strcasecmp(p->filename, "ContactPicture.jpg") == 0;
    part_change(props, p);
}

bool attach_open(struct message *m, size_t i, struct part *p)
{
    struct pst_attachment *a = NULL;
    struct pst_props *props;
    struct err err = {0};
    int method, e = pst_attachment_open(m->item, i, &a, &err);

    if (e < 0) {
        part_failed(m, fetch_format(m->work, "%zu", i + 1), e, &err);
        return false;
    }
    if (segments_hold(m->work->out, a, attachment_release) < 0)
        return false;
    props = pst_attachment_props(a);
    method = pst_props_int(props, PR_ATTACH_METHOD, ATTACH_BY_VALUE);
    part_describe(m, props, p, i);
    if (method == ATTACH_EMBEDDED)
        load_message(m, a, p);
    else if (method == METHOD_NONE || method == ATTACH_BY_VALUE ||
             method == ATTACH_OLE)
        load_data(m, a, p, method);
    else
        load_link(m, a, props, p);
    if (method == ATTACH_OLE && !*fetch_text(m, props, PR_ATTACH_MIME_TAG))
        p->mime = METHOD_OLE_TYPE;
    p->inlined = (pst_props_int(props, PR_ATTACH_FLAGS, 0) & FLAG_IN_HTML) &&
                 *p->cid && p->kind == PART_DATA;
    return true;
}

/* Does the body show it by its address? Each question reads the whole body,
 * so there are not many. */
static bool is_located(const struct part *p, const struct buf *html,
                       size_t *asked)
{
    return *p->location && p->kind == PART_DATA &&
           (*asked)++ < LOCATIONS_ASKED &&
           memmem(buf_str(html), html->len, p->location, strlen(p->location));
}

void attach_load(struct message *m, const struct buf *html,
                 struct parts *parts_r)
{
    size_t n = pst_item_attachments(m->item);
    struct cids cids = {0};
    size_t asked = 0;

    *parts_r = (struct parts){0};
    if (n > RENDER_PARTS_MAX) {
        message_defect(m, "%zu attachments left out", n - RENDER_PARTS_MAX);
        n = RENDER_PARTS_MAX;
    }
    if (!n)
        return;
    parts_r->list = fetch_alloc(m->work, n * sizeof(struct part));
    if (!parts_r->list)
        return;
    if (html && html->len)
        cids_find(buf_str(html), html->len, &cids);
    for (size_t i = 0; i < n; i++) {
        struct part *p = &parts_r->list[parts_r->count];
        if (!attach_open(m, i, p))
            continue;
        if (*p->cid && p->kind == PART_DATA && cids_has(&cids, p->cid))
            p->inlined = true;
        if (html && is_located(p, html, &asked))
            p->inlined = true;
        if (!html)
            p->inlined = false;
        parts_r->count++;
    }
    cids_finish(&cids);
}
