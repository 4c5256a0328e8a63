/* Where everything lies, and the bytes: header, streams, mini stream, its
 * table, directory, table of sectors, table of that table. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/render/cfb_priv.h"

#define SHIFT_3       9
#define SHIFT_4       12
#define SECTOR_MAX    (1u << SHIFT_4)
#define LOCK_OFFSET   0x7FFFFF00ull /* 2.7: of a version 4 file over 2 GB */
#define MINOR_VERSION 0x003E

struct layout {
    unsigned shift; /* of the sector size */
    struct cfb_chains big, mini;
    uint32_t mini_fat, directory; /* their first sectors */
    uint64_t mini_size, mini_fat_sectors, directory_sectors;
};

/* Both tables stay with the segments. */
struct tables {
    struct cfb_chains big, mini;
};

struct emit {
    const struct layout *l;
    struct segments *out;
    uint64_t at;   /* bytes behind the header, the lock not counted */
    uint64_t lock; /* where it lies; 0 none */
};

static const uint8_t zeros[SECTOR_MAX];

static uint64_t shift_up(uint64_t n, unsigned shift)
{
    return (n + (1ull << shift) - 1) >> shift;
}

/* ---- layout ---- */

static int streams_place(struct cfb *c, struct layout *l)
{
    int e = 0;

    for (size_t i = 1; e == 0 && i < c->count; i++) {
        struct cfb_entry *s = &c->list[i];
        if (s->type != CFB_STREAM)
            continue;
        if (cfb_is_mini(s))
            e = cfb_chains_add(
                &l->mini, shift_up(s->source.size, CFB_MINI_SHIFT), &s->start);
        else
            e = cfb_chains_add(&l->big, shift_up(s->source.size, l->shift),
                               &s->start);
    }
    return e;
}

/* The tables of sectors have room for themselves too. */
static int tables_place(struct layout *l)
{
    struct cfb_chains *b = &l->big;
    uint64_t each = (1ull << l->shift) / 4, all, fat = 0, difat = 0;

    do {
        b->fat = fat;
        b->difat = difat;
        all = b->used + fat + difat;
        if (b->lock && all >= b->lock)
            all++;
        fat = (all + each - 1) / each;
        difat = fat > CFB_HEADER_DIFAT
                    ? (fat - CFB_HEADER_DIFAT + each - 2) / (each - 1)
                    : 0;
    } while (fat != b->fat || difat != b->difat);
    if (all > CFB_REG_MAX)
        return -EFBIG;
    b->size = fat << l->shift;
    return 0;
}

static int layout_make(struct cfb *c, unsigned shift, struct layout *l)
{
    uint64_t bytes;
    int e;

    *l = (struct layout){.shift = shift};
    if (shift == SHIFT_4)
        l->big.lock = (LOCK_OFFSET >> shift) - 1;
    e = streams_place(c, l);
    if (e < 0)
        return e;
    l->mini_size = l->mini.used << CFB_MINI_SHIFT;
    bytes = l->mini.used * 4;
    l->mini_fat_sectors = shift_up(bytes, shift);
    l->mini.size = l->mini_fat_sectors << shift;
    l->directory_sectors = shift_up(c->count * CFB_ENTRY_SIZE, shift);
    e = cfb_chains_add(&l->big, shift_up(l->mini_size, shift),
                       &c->list[CFB_ROOT].start);
    if (e == 0)
        e = cfb_chains_add(&l->big, l->mini_fat_sectors, &l->mini_fat);
    if (e == 0)
        e = cfb_chains_add(&l->big, l->directory_sectors, &l->directory);
    return e < 0 ? e : tables_place(l);
}

static void layout_finish(struct layout *l)
{
    cfb_chains_finish(&l->big);
    cfb_chains_finish(&l->mini);
}

static uint64_t layout_size(const struct layout *l)
{
    const struct cfb_chains *b = &l->big;

    return (1 + b->used + b->fat + b->difat) << l->shift;
}

/* ---- bytes ---- */

static void lock_pass(struct emit *e)
{
    if (e->lock && e->at == e->lock)
        segments_text(e->out, (const char *)zeros, SECTOR_MAX);
}

static void emit_data(struct emit *e, const void *data, size_t len)
{
    const char *at = data;

    while (len) {
        size_t take = len;
        if (e->at < e->lock && len > e->lock - e->at)
            take = (size_t)(e->lock - e->at);
        segments_text(e->out, at, take);
        e->at += take;
        lock_pass(e);
        at += take;
        len -= take;
    }
}

/* A source from an offset on. */
struct rest {
    struct segment_source source;
    uint64_t base;
};

static ssize_t rest_read(void *ctx, uint64_t off, void *buf, size_t len,
                         struct err *err)
{
    const struct rest *r = ctx;

    return r->source.read(r->source.ctx, r->base + off, buf, len, err);
}

static int emit_rest(struct emit *e, const struct segment_source *s,
                     uint64_t base)
{
    struct rest *r = malloc(sizeof(*r));
    struct segment_source view = {rest_read, r, s->size - base};

    if (!r)
        return -ENOMEM;
    *r = (struct rest){*s, base};
    if (segments_hold(e->out, r, free) < 0)
        return -ENOMEM;
    segments_view(e->out, &view, SEGMENT_RAW);
    e->at += view.size;
    lock_pass(e);
    return 0;
}

static int emit_source(struct emit *e, const struct segment_source *s)
{
    struct segment_source first = *s;

    if (e->at < e->lock && s->size > e->lock - e->at)
        first.size = e->lock - e->at;
    segments_view(e->out, &first, SEGMENT_RAW);
    e->at += first.size;
    lock_pass(e);
    return first.size < s->size ? emit_rest(e, s, first.size) : 0;
}

static void emit_pad(struct emit *e, unsigned shift)
{
    size_t over = (size_t)(e->at & ((1u << shift) - 1));

    if (over)
        emit_data(e, zeros, (1u << shift) - over);
}

static int emit_streams(struct emit *e, const struct cfb *c, bool mini)
{
    int error = 0;

    for (size_t i = 1; error == 0 && i < c->count; i++) {
        const struct cfb_entry *s = &c->list[i];
        if (s->type != CFB_STREAM || cfb_is_mini(s) != mini)
            continue;
        if (s->data)
            emit_data(e, s->data, (size_t)s->source.size);
        else if (s->source.size)
            error = emit_source(e, &s->source);
        emit_pad(e, mini ? CFB_MINI_SHIFT : e->l->shift);
    }
    emit_pad(e, e->l->shift);
    return error;
}

/* ---- records ---- */

static void put(uint8_t *at, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static void emit_entry(struct emit *e, const struct cfb_entry *s)
{
    uint8_t b[CFB_ENTRY_SIZE] = {0};
    uint64_t size = s->type == CFB_ROOT_TYPE ? e->l->mini_size : s->source.size;

    for (size_t i = 0; i < s->name.len; i++)
        put(b + 2 * i, s->name.units[i], 2);
    put(b + 64, 2 * (s->name.len + 1), 2);
    b[66] = s->type;
    b[67] = !s->red;
    put(b + 68, s->left, 4);
    put(b + 72, s->right, 4);
    put(b + 76, s->child, 4);
    memcpy(b + 80, s->class, CFB_CLASS_SIZE);
    put(b + 116, s->start, 4);
    put(b + 120, size, 8);
    emit_data(e, b, sizeof(b));
}

static void emit_directory(struct emit *e, const struct cfb *c)
{
    uint8_t unused[CFB_ENTRY_SIZE] = {0};

    memset(unused + 68, 0xFF, 12);
    for (size_t i = 0; i < c->count; i++)
        emit_entry(e, &c->list[i]);
    while (e->at & ((1u << e->l->shift) - 1))
        emit_data(e, unused, sizeof(unused));
}

static void emit_difat(struct emit *e)
{
    const struct cfb_chains *b = &e->l->big;
    uint64_t each = (1ull << e->l->shift) / 4 - 1, at = CFB_HEADER_DIFAT;

    for (uint64_t i = 0; i < b->difat; i++) {
        uint8_t sector[SECTOR_MAX];
        uint64_t next = b->used + b->fat + i + 1;
        memset(sector, 0xFF, sizeof(sector));
        for (uint64_t k = 0; k < each && at < b->fat; k++, at++)
            put(sector + 4 * k, cfb_chains_number(b, b->used + at), 4);
        put(sector + 4 * each,
            i + 1 < b->difat ? cfb_chains_number(b, next) : CFB_END, 4);
        emit_data(e, sector, 1u << e->l->shift);
    }
}

static void emit_header(struct emit *e)
{
    const struct layout *l = e->l;
    const struct cfb_chains *b = &l->big;
    bool four = l->shift == SHIFT_4;
    uint8_t h[CFB_HEADER_SIZE] = {0};

    put(h, CFB_MAGIC, 8);
    put(h + 24, MINOR_VERSION, 2);
    put(h + 26, four ? 4 : 3, 2);
    put(h + 28, 0xFFFE, 2);
    put(h + 30, l->shift, 2);
    put(h + 32, CFB_MINI_SHIFT, 2);
    put(h + 40, four ? l->directory_sectors : 0, 4);
    put(h + 44, b->fat, 4);
    put(h + 48, l->directory, 4);
    put(h + 56, CFB_MINI_CUTOFF, 4);
    put(h + 60, l->mini_fat, 4);
    put(h + 64, l->mini_fat_sectors, 4);
    put(h + 68, b->difat ? cfb_chains_number(b, b->used + b->fat) : CFB_END, 4);
    put(h + 72, b->difat, 4);
    for (uint64_t i = 0; i < CFB_HEADER_DIFAT; i++)
        put(h + 76 + 4 * i,
            i < b->fat ? cfb_chains_number(b, b->used + i) : CFB_FREE, 4);
    segments_text(e->out, (const char *)h, sizeof(h));
    segments_text(e->out, (const char *)zeros, (1u << l->shift) - sizeof(h));
}

/* ---- all of it ---- */

static void tables_release(void *object)
{
    struct tables *t = object;

    cfb_chains_finish(&t->big);
    cfb_chains_finish(&t->mini);
    free(t);
}

/* The tables become the segments', the layout keeps a look at them. */
static struct tables *tables_hold(struct layout *l, struct segments *out)
{
    struct tables *t = malloc(sizeof(*t));

    if (!t)
        return NULL;
    *t = (struct tables){l->big, l->mini};
    l->big.ends = l->mini.ends = NULL;
    return segments_hold(out, t, tables_release) < 0 ? NULL : t;
}

static int emit_all(struct emit *e, const struct cfb *c, struct tables *t)
{
    struct segment_source fat = cfb_chains_source(&t->big);
    struct segment_source mini_fat = cfb_chains_source(&t->mini);
    int error;

    emit_header(e);
    error = emit_streams(e, c, false);
    if (error == 0)
        error = emit_streams(e, c, true);
    if (error == 0)
        error = emit_source(e, &mini_fat);
    if (error < 0)
        return error;
    emit_directory(e, c);
    error = emit_source(e, &fat);
    emit_difat(e);
    return error ? error : segments_error(e->out);
}

/* Version 3 if it can hold all of it. */
static int layout_choose(struct cfb *c, struct layout *l)
{
    int error = layout_make(c, SHIFT_3, l);

    if (error == -EFBIG || (error == 0 && layout_size(l) >= CFB_SMALL_MAX)) {
        layout_finish(l);
        error = layout_make(c, SHIFT_4, l);
    }
    return error;
}

int cfb_write(struct cfb *c, struct segments *out)
{
    struct layout l = {0};
    struct emit e = {.l = &l, .out = out};
    struct tables *t;
    int error = c->error ? -c->error : cfb_tree(c);

    if (error == 0)
        error = layout_choose(c, &l);
    if (error == 0) {
        t = tables_hold(&l, out);
        e.lock = l.big.lock << l.shift;
        error = t ? emit_all(&e, c, t) : -ENOMEM;
    }
    layout_finish(&l);
    return error;
}
