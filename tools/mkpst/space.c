#include "tools/mkpst/space.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/base/io.h"
#include "pipeline/pst/crypt.h"
#include "tools/mkpst/bytes.h"

/* Which sections begin with which map pages (section 6). */
#define FULL_MAP    496
#define PMAP_EVERY  8
#define FMAP_FIRST  128
#define FMAP_EVERY  496
#define FPMAP_FIRST 8192
#define FPMAP_EVERY 31744

void page_seal(const struct variant *v, uint8_t *page, enum page_type type,
               uint64_t ib, uint64_t bid)
{
    uint8_t *t = page + v->page_body;
    bool map = type >= PAGE_FMAP && type <= PAGE_FPMAP;
    uint32_t crc = crypt_crc(page, v->page_body);

    t[0] = t[1] = (uint8_t)type;
    put16(t + 2, map ? 0 : crypt_signature(ib, bid));
    put_id(t + (v->id_size == 4 ? 4 : 8), v->id_size, bid);
    put32(t + (v->id_size == 4 ? 8 : 4), crc);
    if (v->large_pages)
        put64(t + 16, 1);
}

static void write_at(struct space *s, const void *data, size_t len, uint64_t at)
{
    int r = io_pwrite(s->fd, data, len, at);

    if (r < 0)
        fatal("cannot write: %s", strerror(-r));
}

static void mark(struct space *s, size_t start, size_t len)
{
    memset(s->map + start / s->v->slot, 1, len / s->v->slot);
}

/* A map page that is all ones, as the writers of today leave them. */
static void add_full_map(struct space *s, enum page_type type)
{
    uint8_t *page = s->data + s->used;

    memset(page + (type == PAGE_PMAP ? s->v->map_pad : 0), 0xFF, FULL_MAP);
    page_seal(s->v, page, type, s->base + s->used, s->base + s->used);
    mark(s, s->used, s->v->page_size);
    s->used += s->v->page_size;
}

static void start_section(struct space *s)
{
    uint64_t n = s->number;

    s->base = s->v->first_map + n * s->v->section;
    if (s->base + s->v->section > s->v->size_limit)
        fatal("the store would pass the limit of its format");
    memset(s->map, 0, s->v->section / s->v->slot);
    mark(s, 0, s->v->page_size);
    s->used = s->v->page_size;
    if (s->v->large_pages)
        return;
    if (n % PMAP_EVERY == 0)
        add_full_map(s, PAGE_PMAP);
    if (n >= FMAP_FIRST && (n - FMAP_FIRST) % FMAP_EVERY == 0)
        add_full_map(s, PAGE_FMAP);
    if (n >= FPMAP_FIRST && (n - FPMAP_FIRST) % FPMAP_EVERY == 0) {
        /* Sources differ by one page on its place: keep both. */
        add_full_map(s, PAGE_FPMAP);
        add_full_map(s, PAGE_FPMAP);
    }
}

static void end_section(struct space *s, size_t write_len)
{
    size_t slots = s->v->section / s->v->slot;
    uint8_t *bits = s->data + s->v->map_pad;

    memset(s->data, 0, s->v->page_size);
    for (size_t i = 0; i < slots; i++) {
        if (s->map[i])
            bits[i / 8] |= (uint8_t)(0x80 >> (i % 8));
        else
            s->free_bytes += s->v->slot;
    }
    page_seal(s->v, s->data, PAGE_AMAP, s->base, s->base);
    write_at(s, s->data, write_len, s->base);
}

void space_init(struct space *s, const struct variant *v, int fd)
{
    *s = (struct space){.v = v, .fd = fd, .next_page = 8};
    s->data = mem_new(v->section);
    s->map = mem_new(v->section / v->slot);
    start_section(s);
}

uint8_t *space_take(struct space *s, size_t len, size_t align, uint64_t *ib_r)
{
    size_t start = round_up(s->base + s->used, align) - s->base;

    if (start + len > s->v->section) {
        end_section(s, s->v->section);
        memset(s->data, 0, s->v->section);
        s->number++;
        start_section(s);
        start = round_up(s->base + s->used, align) - s->base;
    }
    mark(s, start, len);
    s->used = start + len;
    *ib_r = s->base + start;
    return s->data + start;
}

uint64_t space_position(const struct space *s)
{
    return s->base + s->used;
}

static void write_density_list(struct space *s)
{
    uint8_t page[PAGE_SIZE_MAX] = {0};

    page[0] = 1; /* backfill done, no entries */
    page_seal(s->v, page, PAGE_DLIST, s->v->density_list, s->next_page);
    write_at(s, page, s->v->page_size, s->v->density_list);
}

void space_finish(struct space *s)
{
    end_section(s, s->used);
    write_density_list(s);
    if (ftruncate(s->fd, (off_t)space_file_size(s)) < 0)
        fatal("cannot write: %m");
    free(s->data);
    free(s->map);
    s->data = s->map = NULL;
}

uint64_t space_last_map(const struct space *s)
{
    return s->base;
}

uint64_t space_file_size(const struct space *s)
{
    return s->base + s->v->section;
}
