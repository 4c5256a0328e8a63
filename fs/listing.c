#include "fs/listing.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fs/name.h"
#include "fs/node.h"
#include "fs/tree.h"
#include "pipeline/base/cleanup.h"

#define FLAG_PARTS 0x10 /* mfHasAttach of PR_MESSAGE_FLAGS */

/* Flags in the upper bits of a size; below them the size or, while there is
 * none, the store's hint. */
#define SIZE_UNKNOWN (1ull << 63)
#define SIZE_BAD     (1ull << 62)
#define SIZE_MASK    (SIZE_BAD - 1)

struct item {
    uint64_t size;
    int64_t time;
};

struct listing {
    struct nameset *names;
    struct item *items;
    size_t n, cap, dropped;
    enum node_kind kind; /* of the items */
    uint32_t *parted;    /* the items with attachments, rising */
    size_t n_parted, cap_parted;
};

/* One row of a packed listing, little-endian. */
struct packed {
    uint64_t size, time;
    uint32_t nid, zero;
};

void listing_free(struct listing **listing)
{
    if (!*listing)
        return;
    nameset_free(&(*listing)->names);
    free((*listing)->items);
    free((*listing)->parted);
    free(*listing);
    *listing = NULL;
}

static const char *fallback_name(const struct reader_entry *entry)
{
    bool mail = strcmp(entry->ext, "eml") == 0;
    size_t len = strlen(entry->class);

    if (mail || len == 0 || len > 64)
        return "(no subject)";
    /* A class is ASCII words and dots; anything else is not trusted. */
    return strspn(entry->class, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq"
                                "rstuvwxyz0123456789-.") == len
               ? entry->class
               : "(no subject)";
}

static int listing_grow(struct listing *l)
{
    size_t cap = l->cap ? l->cap * 2 : 64;
    struct item *items;

    if (l->n < l->cap)
        return 0;
    items = realloc(l->items, cap * sizeof(*items));
    if (!items)
        return -ENOMEM;
    l->items = items;
    l->cap = cap;
    return 0;
}

static int parted_add(struct listing *l, size_t i)
{
    if (l->n_parted == l->cap_parted) {
        size_t cap = l->cap_parted ? l->cap_parted * 2 : 64;
        uint32_t *parted = realloc(l->parted, cap * sizeof(*parted));
        if (!parted)
            return -ENOMEM;
        l->parted = parted;
        l->cap_parted = cap;
    }
    l->parted[l->n_parted++] = (uint32_t)i;
    return 0;
}

static int take_entry(void *ctx, const struct reader_entry *entry)
{
    struct listing *l = ctx;
    uint64_t hint = entry->hint & SIZE_MASK;
    int rc;

    if (!node_fits(l->kind, entry->nid) || l->n >= LISTING_ITEMS_MAX) {
        l->dropped++;
        return 0;
    }
    rc = listing_grow(l);
    if (rc == 0)
        rc = nameset_add(l->names, entry->nid, entry->subject,
                         fallback_name(entry), entry->ext);
    if (rc == 0 && l->kind == NODE_ITEM && (entry->flags & FLAG_PARTS))
        rc = parted_add(l, l->n);
    if (rc == 0)
        l->items[l->n++] =
            (struct item){SIZE_UNKNOWN | (hint ? hint : 1), entry->time};
    return rc;
}

/* Neither the name of a subfolder, nor one whose directory of attachments
 * would have it. */
static int keep_name(struct listing *l, const char *name)
{
    size_t len = strlen(name), tail = strlen(LISTING_PARTS);
    char stem[NAME_MAX_BYTES + 1];
    int rc = nameset_reserve(l->names, name);

    if (rc < 0 || len <= tail || len > NAME_MAX_BYTES ||
        strcasecmp(name + len - tail, LISTING_PARTS) != 0)
        return rc;
    snprintf(stem, sizeof(stem), "%.*s", (int)(len - tail), name);
    return nameset_reserve(l->names, stem);
}

static int names_keep(struct listing *l, uint32_t folder,
                      const struct nameset *kept)
{
    int rc = (l->names = nameset_new()) ? 0 : -ENOMEM;

    if (rc == 0)
        nameset_limit(l->names, NAME_MAX_BYTES - strlen(LISTING_PARTS));
    for (size_t i = 0; kept && rc == 0 && i < nameset_count(kept); i++)
        rc = keep_name(l, nameset_at(kept, i));
    if (rc == 0 && folder == NODE_ROOT_NID)
        rc = nameset_reserve(l->names, TREE_CONTROL);
    if (rc == 0 && folder == NODE_ROOT_NID)
        rc = nameset_reserve(l->names, TREE_RECOVERED);
    return rc;
}

int listing_new(uint32_t folder, const struct nameset *kept,
                struct listing **listing_r, struct err *err)
{
    struct listing *l = calloc(1, sizeof(*l));

    *listing_r = NULL;
    if (!l || names_keep(l, folder, kept) < 0) {
        listing_free(&l);
        return err_sys(err, ENOMEM, "list of folder %x", folder);
    }
    l->kind = folder == READER_RECOVERED ? NODE_RECOVERED_ITEM : NODE_ITEM;
    *listing_r = l;
    return 0;
}

int listing_ask(struct listing *l, struct reader *reader, uint32_t folder,
                struct err *err)
{
    int rc = reader_entries(reader, folder, take_entry, l, err);

    return rc > 0 ? -EIO : rc;
}

int listing_settle(struct listing *l, struct err *err)
{
    int rc = nameset_settle(l->names);

    return rc < 0 ? err_sys(err, -rc, "names of a folder") : 0;
}

size_t listing_count(const struct listing *l)
{
    return l->n;
}

const struct nameset *listing_names(const struct listing *l)
{
    return l->names;
}

size_t listing_dropped(const struct listing *l)
{
    return l->dropped;
}

size_t listing_weight(const struct listing *l)
{
    return sizeof(*l) + l->cap * sizeof(*l->items) +
           l->cap_parted * sizeof(*l->parted) + nameset_weight(l->names);
}

size_t listing_with_parts(const struct listing *l)
{
    return l->n_parted;
}

size_t listing_with_parts_at(const struct listing *l, size_t n)
{
    return l->parted[n];
}

bool listing_has_parts(const struct listing *l, size_t i)
{
    size_t low = 0, high = l->n_parted;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (l->parted[mid] < i)
            low = mid + 1;
        else
            high = mid;
    }
    return low < l->n_parted && l->parted[low] == i;
}

bool listing_item(const struct listing *l, size_t i,
                  struct listing_item *item_r)
{
    const struct item *item = &l->items[i];
    uint64_t size = __atomic_load_n(&item->size, __ATOMIC_ACQUIRE);

    item_r->size = size & SIZE_MASK;
    item_r->time = __atomic_load_n(&item->time, __ATOMIC_RELAXED);
    item_r->bad = size & SIZE_BAD;
    return !(size & SIZE_UNKNOWN);
}

bool listing_sized(const struct listing *l, size_t i)
{
    return !(__atomic_load_n(&l->items[i].size, __ATOMIC_ACQUIRE) &
             SIZE_UNKNOWN);
}

static void item_set(struct item *item, uint64_t size, int64_t time)
{
    __atomic_store_n(&item->time, time, __ATOMIC_RELAXED);
    __atomic_store_n(&item->size, size, __ATOMIC_RELEASE);
}

void listing_size(struct listing *l, size_t i, const struct reader_meta *meta)
{
    struct item *item = &l->items[i];

    if (meta->error == ENOMEM)
        return; /* passes: ask again later */
    if (meta->error)
        item_set(item, (item->size & SIZE_MASK) | SIZE_BAD, item->time);
    else
        item_set(item, meta->size & SIZE_MASK, meta->time);
}

int listing_pack(const struct listing *l, struct buf *out)
{
    for (size_t i = 0; i < l->n; i++) {
        struct listing_item item;
        struct packed row;
        if (!listing_item(l, i, &item) || item.bad)
            continue;
        row = (struct packed){htole64(item.size), htole64((uint64_t)item.time),
                              htole32(nameset_nid(l->names, i)), 0};
        buf_add(out, &row, sizeof(row));
    }
    return -out->error;
}

void listing_unpack(struct listing *l, const void *data, size_t len)
{
    const char *at = data;

    for (; len >= sizeof(struct packed); len -= sizeof(struct packed)) {
        struct packed row;
        ssize_t i;
        memcpy(&row, at, sizeof(row));
        at += sizeof(row);
        i = nameset_of_nid(l->names, le32toh(row.nid));
        if (i >= 0)
            item_set(&l->items[i], le64toh(row.size) & SIZE_MASK,
                     (int64_t)le64toh(row.time));
    }
}
