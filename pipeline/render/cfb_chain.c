#include "pipeline/render/cfb_chain.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

int cfb_chains_add(struct cfb_chains *c, uint64_t sectors, uint32_t *start_r)
{
    if (!sectors) {
        *start_r = CFB_END;
        return 0;
    }
    if (sectors > CFB_REG_MAX || c->used + sectors > CFB_REG_MAX)
        return -EFBIG;
    if (c->count == c->room) {
        size_t room = c->room ? c->room * 2 : 16;
        uint32_t *ends = reallocarray(c->ends, room, sizeof(*ends));
        if (!ends)
            return -ENOMEM;
        c->ends = ends;
        c->room = room;
    }
    *start_r = cfb_chains_number(c, c->used);
    c->used += sectors;
    c->ends[c->count++] = (uint32_t)(c->used - 1);
    return 0;
}

uint32_t cfb_chains_number(const struct cfb_chains *c, uint64_t sector)
{
    return (uint32_t)(c->lock && sector >= c->lock ? sector + 1 : sector);
}

static bool is_end(const struct cfb_chains *c, uint64_t sector)
{
    size_t low = 0, high = c->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (c->ends[mid] < sector)
            low = mid + 1;
        else
            high = mid;
    }
    return low < c->count && c->ends[low] == sector;
}

/* What the table says of a sector by its number in the file. */
static uint32_t chain_next(const struct cfb_chains *c, uint64_t number)
{
    uint64_t sector = number;

    if (c->lock && number == c->lock)
        return CFB_END;
    if (c->lock && number > c->lock)
        sector--;
    if (sector >= c->used + c->fat + c->difat)
        return CFB_FREE;
    if (sector >= c->used + c->fat)
        return CFB_DIFAT;
    if (sector >= c->used)
        return CFB_FAT;
    return is_end(c, sector) ? CFB_END : cfb_chains_number(c, sector + 1);
}

static ssize_t chains_read(void *ctx, uint64_t off, void *buf, size_t len,
                           struct err *err)
{
    const struct cfb_chains *c = ctx;
    size_t done = 0;

    (void)err;
    while (done < len) {
        uint32_t value = htole32(chain_next(c, (off + done) / 4));
        size_t skip = (size_t)((off + done) % 4);
        size_t take = 4 - skip < len - done ? 4 - skip : len - done;
        memcpy((char *)buf + done, (char *)&value + skip, take);
        done += take;
    }
    return (ssize_t)done;
}

struct segment_source cfb_chains_source(struct cfb_chains *c)
{
    return (struct segment_source){chains_read, c, c->size};
}

void cfb_chains_finish(struct cfb_chains *c)
{
    free(c->ends);
    *c = (struct cfb_chains){0};
}
