#include "pipeline/render/cfb_tables.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/pst/bytes.h"
#include "pipeline/render/cfb_copy.h"

void cfb_tables_finish(struct cfb_tables *k)
{
    free(k->fat);
    free(k->mini_fat);
    free(k->taken);
    free(k->mini_taken);
    free(k->directory);
    k->fat = k->mini_fat = NULL;
    k->taken = k->mini_taken = k->directory = NULL;
}

/* ---- sectors ---- */

static int source_get(const struct cfb_tables *k, uint64_t off, void *buf,
                      size_t len)
{
    ssize_t n = k->source.read(k->source.ctx, off, buf, len, NULL);

    if (n == -ENOMEM)
        return -ENOMEM;
    return n == (ssize_t)len ? 0 : -EBADMSG;
}

/* Bytes of sector n; what a torn last one lacks is zeros. */
static int sector_get(const struct cfb_tables *k, uint32_t n, void *buf,
                      size_t from, size_t len)
{
    uint64_t off = (((uint64_t)n + 1) << k->shift) + from;
    size_t there = len;

    if (n >= k->sectors)
        return -EBADMSG;
    if (off >= k->source.size)
        there = 0;
    else if (len > k->source.size - off)
        there = (size_t)(k->source.size - off);
    memset((uint8_t *)buf + there, 0, len - there);
    return there ? source_get(k, off, buf, there) : 0;
}

bool cfb_take(uint8_t *taken, uint32_t n)
{
    uint8_t bit = (uint8_t)(1 << n % 8);

    if (taken[n / 8] & bit)
        return false;
    taken[n / 8] |= bit;
    return true;
}

static int run_add(struct cfb_extent *c, uint32_t sector)
{
    struct cfb_run *last = c->count ? &c->runs[c->count - 1] : NULL;

    if (last && last->first + last->count == sector) {
        last->count++;
    } else {
        if (c->count == c->room) {
            size_t room = c->room ? c->room * 2 : 4;
            struct cfb_run *runs = reallocarray(c->runs, room, sizeof(*runs));
            if (!runs)
                return -ENOMEM;
            c->runs = runs;
            c->room = room;
        }
        c->runs[c->count++] = (struct cfb_run){sector, 1, (uint32_t)c->sectors};
    }
    c->sectors++;
    return 0;
}

int cfb_extent_open(struct cfb_tables *k, uint32_t start, struct cfb_extent *c)
{
    int e = 0;

    c->tables = k;
    for (uint32_t at = start; e == 0 && at != CFB_END; at = k->fat[at]) {
        if (at >= k->fat_count || at >= k->sectors || !cfb_take(k->taken, at))
            return -EBADMSG;
        e = run_add(c, at);
    }
    return e;
}

static const struct cfb_run *run_find(const struct cfb_extent *c,
                                      uint64_t sector)
{
    size_t low = 0, high = c->count;

    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (c->runs[mid].at <= sector)
            low = mid;
        else
            high = mid;
    }
    return &c->runs[low];
}

ssize_t cfb_extent_read(void *ctx, uint64_t off, void *buf, size_t len,
                        struct err *err)
{
    const struct cfb_extent *c = ctx;
    const struct cfb_tables *k = c->tables;
    size_t done = 0;

    while (done < len) {
        uint64_t sector = (off + done) >> k->shift;
        const struct cfb_run *r = run_find(c, sector);
        uint64_t in = off + done - ((uint64_t)r->at << k->shift);
        uint64_t there = ((uint64_t)r->count << k->shift) - in;
        uint64_t from = (((uint64_t)r->first + 1) << k->shift) + in;
        size_t take = there < len - done ? (size_t)there : len - done;
        if (from + take > k->source.size)
            return err_set(err, EIO, "an OLE object ends early");
        ssize_t n = k->source.read(k->source.ctx, from, (uint8_t *)buf + done,
                                   take, err);
        if (n < 0)
            return n;
        if ((size_t)n < take)
            return err_set(err, EIO, "an OLE object ends early");
        done += take;
    }
    return (ssize_t)done;
}

int cfb_extent_load(struct cfb_tables *k, uint32_t start, uint64_t max,
                    uint8_t **data_r, size_t *size_r)
{
    struct cfb_extent c = {.tables = k};
    int e = cfb_extent_open(k, start, &c);
    uint64_t size = c.sectors << k->shift;
    uint8_t *data = NULL, *to;

    if (e == 0 && size > max)
        e = -EFBIG;
    if (e == 0)
        to = data = malloc((size_t)size + 1);
    if (e == 0 && !data)
        e = -ENOMEM;
    for (size_t i = 0; e == 0 && i < c.count; i++)
        for (uint32_t n = 0; e == 0 && n < c.runs[i].count; n++) {
            e = sector_get(k, c.runs[i].first + n, to, 0, 1ul << k->shift);
            to += 1ul << k->shift;
        }
    free(c.runs);
    if (e < 0) {
        free(data);
        return e;
    }
    *data_r = data;
    *size_r = (size_t)size;
    return 0;
}

/* ---- tables ---- */

static int fat_sector(struct cfb_tables *k, uint32_t number)
{
    size_t each = (1ul << k->shift) / 4;
    uint32_t *to = k->fat + k->fat_count;

    if (number >= k->sectors || !cfb_take(k->taken, number))
        return -EBADMSG;
    int e = sector_get(k, number, to, 0, 1ul << k->shift);
    for (size_t i = 0; e == 0 && i < each; i++)
        to[i] = get32(&to[i]);
    k->fat_count += each;
    return e;
}

/* A sector of the table of the table: names of sectors, the next one last. */
static int difat_sector(struct cfb_tables *k, uint32_t *next, uint32_t *left)
{
    size_t each = (1ul << k->shift) / 4 - 1;
    uint8_t sector[1u << 12];
    int e;

    if (*next >= k->sectors || !cfb_take(k->taken, *next))
        return -EBADMSG;
    e = sector_get(k, *next, sector, 0, 1ul << k->shift);
    for (size_t i = 0; e == 0 && i < each && *left; i++, --*left)
        e = fat_sector(k, get32(sector + 4 * i));
    *next = get32(sector + 4 * each);
    return e;
}

static int fat_load(struct cfb_tables *k, const uint8_t *h)
{
    uint32_t left = get32(h + 44), next = get32(h + 68);
    int e = 0;

    if (!left || left > k->sectors)
        return -EBADMSG;
    k->fat = calloc(left, 1ul << k->shift);
    k->taken = calloc(k->sectors / 8 + 1, 1);
    if (!k->fat || !k->taken)
        return -ENOMEM;
    for (size_t i = 0; e == 0 && i < CFB_HEADER_DIFAT && left; i++, left--)
        e = fat_sector(k, get32(h + 76 + 4 * i));
    while (e == 0 && left)
        e = difat_sector(k, &next, &left);
    return e;
}

int cfb_tables_load(struct cfb_tables *k)
{
    uint8_t h[CFB_HEADER_SIZE], *mini = NULL;
    size_t bytes = 0;
    int e;

    if (k->source.size < sizeof(h) || source_get(k, 0, h, sizeof(h)) < 0 ||
        get64(h) != CFB_MAGIC || get16(h + 28) != 0xFFFE)
        return -EBADMSG;
    k->shift = get16(h + 30);
    if ((k->shift != 9 && k->shift != 12) || get16(h + 32) != CFB_MINI_SHIFT ||
        get32(h + 56) != CFB_MINI_CUTOFF)
        return -EBADMSG;
    if (k->source.size >> k->shift > CFB_COPY_SECTORS_MAX)
        return -EFBIG;
    k->sectors = (uint32_t)((k->source.size - 1) >> k->shift);
    e = fat_load(k, h);
    if (e == 0)
        e = cfb_extent_load(k, get32(h + 48),
                            (uint64_t)CFB_COPY_ENTRIES_MAX * CFB_ENTRY_SIZE,
                            &k->directory, &k->directory_count);
    k->directory_count /= CFB_ENTRY_SIZE;
    if (e < 0 || !get32(h + 64))
        return e;
    e = cfb_extent_load(k, get32(h + 60), CFB_COPY_MINI_MAX / 16, &mini,
                        &bytes);
    if (e < 0)
        return e;
    k->mini_fat = (uint32_t *)(void *)mini;
    k->mini_count = bytes / 4;
    for (size_t i = 0; i < k->mini_count; i++)
        k->mini_fat[i] = get32(&k->mini_fat[i]);
    k->mini_taken = calloc(k->mini_count / 8 + 1, 1);
    return k->mini_taken ? 0 : -ENOMEM;
}
