#include "tests/fuzz/walk.h"

#include <string.h>

#include "pipeline/render/cfb_copy.h"
#include "tests/fuzz/fuzz.h"

#define DEPTH_MAX  3
#define PEOPLE_MAX 16
#define PIECE      4096
#define ELEMENTS   3
#define FTS_PREFIX 62 /* bytes before the first record of the stream */
#define FTS_RECORD 2
#define FTS_BUFFER 31680

/* ---- properties ---- */

static void walk_stream(struct pst_stream *stream)
{
    uint64_t size = pst_stream_size(stream);
    uint8_t piece[PIECE];
    ssize_t n;

    for (uint64_t off = 0; off < WALK_BYTES_MAX; off += (uint64_t)n) {
        n = pst_stream_read(stream, off, piece, sizeof(piece), NULL);
        FUZZ_MUST(n <= (ssize_t)sizeof(piece));
        FUZZ_MUST(n < 0 || off + (uint64_t)n <= size);
        if (n <= 0)
            break;
    }
    pst_stream_read(stream, size / 2, piece, 7, NULL);
}

static void walk_texts(struct pst_props *props, uint16_t id)
{
    cleanup_buf struct buf out = BUF(WALK_BYTES_MAX);
    struct err err = {0};

    pst_props_text(props, id, &out, &err);
    if (!out.error) /* else it was too long, and is not whole */
        fuzz_must_be_text(buf_str(&out), out.len);
    for (size_t i = 0; i < ELEMENTS; i++) {
        buf_clear(&out);
        pst_props_text_at(props, id, i, &out, NULL);
        if (!out.error)
            fuzz_must_be_text(buf_str(&out), out.len);
    }
    buf_clear(&out);
    pst_props_bytes(props, id, &out, NULL);
}

static void walk_value(struct pst_props *props, uint16_t id)
{
    struct pst_stream *stream = NULL;

    pst_props_type(props, id);
    pst_props_bool(props, id, false);
    pst_props_int(props, id, 0);
    pst_props_int64(props, id, 0);
    pst_props_double(props, id, 0);
    pst_props_time(props, id);
    pst_props_size(props, id);
    walk_texts(props, id);
    if (pst_props_stream(props, id, &stream, NULL) == 0)
        walk_stream(stream);
    pst_stream_free(&stream);
}

void walk_props(struct pst_props *props)
{
    size_t n = pst_props_count(props);

    pst_props_codepage(props);
    for (size_t i = 0; i < n && i < 200; i++) {
        uint16_t id, type;
        pst_props_at(props, i, &id, &type);
        walk_value(props, id);
    }
}

/* ---- items ---- */

static void walk_attachment(struct pst_item *item, size_t i, unsigned depth)
{
    struct pst_attachment *att = NULL;
    struct pst_stream *stream = NULL;
    struct pst_item *inner = NULL;

    if (pst_attachment_open(item, i, &att, NULL) != 0)
        return;
    walk_props(pst_attachment_props(att));
    if (pst_attachment_data(att, &stream, NULL) == 0)
        walk_stream(stream);
    pst_stream_free(&stream);
    if (depth < DEPTH_MAX && pst_attachment_item(att, &inner, NULL) == 0)
        walk_item(inner, depth + 1);
    pst_item_free(&inner);
    pst_attachment_free(&att);
}

void walk_item(struct pst_item *item, unsigned depth)
{
    size_t n = pst_item_recipients(item);

    walk_props(pst_item_props(item));
    for (size_t i = 0; i < n && i < PEOPLE_MAX; i++)
        if (pst_item_recipient(item, i))
            walk_props(pst_item_recipient(item, i));
    n = pst_item_attachments(item);
    for (size_t i = 0; i < n && i < PEOPLE_MAX; i++)
        walk_attachment(item, i, depth);
}

/* All bytes that the size promises, or an error; a piece read again must be
 * the same. */
static void walk_bytes(struct render *render)
{
    uint64_t size = render_meta(render)->size;
    size_t want = size < WALK_BYTES_MAX ? (size_t)size : WALK_BYTES_MAX;
    char *all = malloc(want + 1), again[64];
    ssize_t n = render_read(render, 0, all, want, NULL), m;

    FUZZ_MUST(n < 0 || (size_t)n == want);
    if (n > 0) {
        m = render_read(render, (uint64_t)n / 2, again, sizeof(again), NULL);
        FUZZ_MUST(m >= 0 && m <= (ssize_t)sizeof(again));
        if (n / 2 + m <= n)
            FUZZ_MUST(memcmp(all + n / 2, again, (size_t)m) == 0);
    }
    FUZZ_MUST(render_read(render, size, again, 1, NULL) == 0);
    free(all);
}

/* The records of the upload stream: their lengths add up to its size. */
static void walk_envelope(struct render *render)
{
    uint64_t size = render_meta(render)->size, at = FTS_PREFIX;
    uint32_t head[2];

    while (at < size) {
        FUZZ_MUST(render_read(render, at, head, sizeof(head), NULL) ==
                  sizeof(head));
        FUZZ_MUST(head[0] == FTS_RECORD && head[1] && head[1] <= FTS_BUFFER);
        at += sizeof(head) + head[1];
    }
    FUZZ_MUST(at == size);
}

static bool is_readable(struct render *render)
{
    uint64_t size = render_meta(render)->size;
    char piece[PIECE];

    for (uint64_t off = 0; off < size; off += sizeof(piece))
        if (off > WALK_MSG_MAX ||
            render_read(render, off, piece, sizeof(piece), NULL) < 0)
            return false;
    return true;
}

static ssize_t render_source(void *ctx, uint64_t off, void *buf, size_t len,
                             struct err *err)
{
    return render_read(ctx, off, buf, len, err);
}

/* A message file is a compound file, as far as it can be read. */
static void walk_container(struct render *render)
{
    const struct segment_source source = {render_source, render,
                                          render_meta(render)->size};
    struct segments *hold = segments_new(false);
    struct cfb_copy *copy = NULL;
    int e = cfb_copy_open(&source, hold, &copy);

    FUZZ_MUST(e == 0 || e == -EFBIG || !is_readable(render));
    segments_free(&hold);
}

void walk_render(struct pst *pst, uint32_t nid)
{
    for (unsigned f = RENDER_FILE; f < RENDER_FORMATS; f++) {
        struct render *render = NULL;
        struct err err = {0};
        if (render_new(pst, nid, (enum render_format)f, &render, &err) == 0)
            walk_bytes(render);
        else
            FUZZ_MUST(err.code);
        if (render && f == RENDER_FTS)
            walk_envelope(render);
        if (render && f == RENDER_MSG)
            walk_container(render);
        render_free(&render);
    }
}

/* ---- the store ---- */

struct walk {
    struct pst *pst;
    uint32_t folders[WALK_FOLDERS_MAX], items[WALK_ITEMS_MAX];
    unsigned folder_count, item_count, entries, recovered;
};

static int see_folder(void *ctx, const struct pst_folder *folder)
{
    struct walk *w = ctx;

    fuzz_must_be_text(folder->name, strlen(folder->name));
    fuzz_must_be_text(folder->class, strlen(folder->class));
    w->folders[w->folder_count++] = folder->nid;
    return w->folder_count == WALK_FOLDERS_MAX;
}

static int see_entry(void *ctx, const struct pst_entry *entry)
{
    struct walk *w = ctx;

    fuzz_must_be_text(entry->subject, strlen(entry->subject));
    fuzz_must_be_text(entry->from, strlen(entry->from));
    fuzz_must_be_text(entry->to, strlen(entry->to));
    render_extension(entry->class);
    if (w->item_count < WALK_ITEMS_MAX)
        w->items[w->item_count++] = entry->nid;
    return ++w->entries >= WALK_ENTRIES_MAX;
}

/* What was deleted or lost, and rendering the first of it. */
static int see_recovered(void *ctx, const struct pst_recovered *item)
{
    struct walk *w = ctx;

    fuzz_must_be_text(item->subject, strlen(item->subject));
    fuzz_must_be_text(item->origin, strlen(item->origin));
    return ++w->recovered >= WALK_ENTRIES_MAX;
}

static void walk_recovered(struct walk *w)
{
    pst_recovered(w->pst, 0, see_recovered, w, NULL);
    for (uint32_t i = 1; i <= w->recovered + 1 && i <= WALK_ITEMS_MAX; i++) {
        struct pst_item *item = NULL;
        if (pst_item_open_recovered(w->pst, i, &item, NULL) == 0) {
            walk_item(item, 0);
            FUZZ_MUST(*pst_item_origin(item));
            pst_item_damage(item);
        }
        pst_item_free(&item);
    }
}

static void walk_nid(struct pst *pst, uint32_t nid)
{
    struct pst_item *item = NULL;
    uint32_t parent;

    pst_node_parent(pst, nid, &parent, NULL);
    if (pst_item_open(pst, nid, &item, NULL) == 0)
        walk_item(item, 0);
    pst_item_free(&item);
    walk_render(pst, nid);
}

void walk_store(int fd)
{
    struct walk w = {0};
    struct err err = {0};
    uint64_t next = 0;

    if (pst_open(fd, &w.pst, &err) != 0) {
        FUZZ_MUST(err.code && !w.pst);
        return;
    }
    pst_folders(w.pst, see_folder, &w, NULL);
    for (unsigned i = 0; i < w.folder_count; i++) {
        w.entries = 0;
        pst_entries(w.pst, w.folders[i], 0, see_entry, &w, &next, NULL);
        w.entries = WALK_ENTRIES_MAX - 1;
        pst_entries(w.pst, w.folders[i], next, see_entry, &w, NULL, NULL);
    }
    for (unsigned i = 0; i < w.item_count; i++)
        walk_nid(w.pst, w.items[i]);
    walk_recovered(&w);
    for (size_t i = 0; i < pst_note_count(w.pst); i++)
        fuzz_must_be_text(pst_note_text(w.pst, i),
                          strlen(pst_note_text(w.pst, i)));
    pst_free(&w.pst);
}
