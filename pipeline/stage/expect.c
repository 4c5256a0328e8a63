#include "pipeline/stage/expect.h"

#include <string.h>

#define PAGE_ITEMS 1024
#define LIST_FIRST 1024

static int digit_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* A ledger row without a hash gets zeros, which no message has. */
static void hash_parse(const char *text, uint8_t out_r[HASH_SIZE])
{
    memset(out_r, 0, HASH_SIZE);
    if (strlen(text) != 2 * HASH_SIZE)
        return;
    for (int i = 0; i < HASH_SIZE; i++)
        out_r[i] = (uint8_t)(digit_of(text[2 * i]) << 4 |
                             (digit_of(text[2 * i + 1]) & 15));
}

static uint64_t remote_hash(const char *remote)
{
    return hash_fnv(remote, strlen(remote));
}

static int expect_add(struct expect *x, const struct db_item *item)
{
    size_t cap = x->cap ? x->cap * 2 : LIST_FIRST;
    struct expect_item *list, *to;

    if (x->n == x->cap) {
        list = reallocarray(x->list, cap, sizeof(*list));
        if (!list)
            return -ENOMEM;
        x->list = list;
        x->cap = cap;
    }
    to = &x->list[x->n++];
    *to = (struct expect_item){.remote = remote_hash(item->remote),
                               .size = item->size};
    hash_parse(item->hash, to->hash);
    return 0;
}

static int state_load(struct run *run, uint32_t folder, enum item_state state,
                      struct expect *x, struct err *err)
{
    uint32_t after = 0;

    for (;;) {
        struct db_item *items = NULL;
        size_t n = 0;
        int rc = db_ledger_next(run->db, run->job.id, folder, state, after,
                                PAGE_ITEMS, &items, &n, err);
        for (size_t i = 0; rc == 0 && i < n; i++) {
            after = items[i].nid;
            if (expect_add(x, &items[i]) != 0)
                rc = err_set(err, ENOMEM, "no memory");
        }
        free(items);
        if (rc != 0 || !n)
            return rc;
    }
}

static uint32_t *slot_of(const struct expect *x, uint64_t remote)
{
    size_t at = remote & (x->slot_n - 1);

    while (x->slots[at] && x->list[x->slots[at] - 1].remote != remote)
        at = (at + 1) & (x->slot_n - 1);
    return &x->slots[at];
}

static int expect_index(struct expect *x)
{
    x->slot_n = LIST_FIRST;
    while (x->slot_n < x->n * 2)
        x->slot_n *= 2;
    x->slots = calloc(x->slot_n, sizeof(*x->slots));
    if (!x->slots)
        return -ENOMEM;
    for (size_t i = 0; i < x->n; i++)
        *slot_of(x, x->list[i].remote) = (uint32_t)i + 1;
    return 0;
}

int expect_load(struct run *run, uint32_t folder, struct expect *expect_r,
                struct err *err)
{
    int rc;

    *expect_r = (struct expect){0};
    rc = state_load(run, folder, ITEM_INGESTED, expect_r, err);
    if (rc == 0)
        rc = state_load(run, folder, ITEM_VERIFIED, expect_r, err);
    if (rc == 0 && expect_index(expect_r) != 0)
        rc = err_set(err, ENOMEM, "no memory");
    if (rc != 0)
        expect_free(expect_r);
    return rc;
}

void expect_free(struct expect *expect)
{
    free(expect->list);
    free(expect->slots);
    *expect = (struct expect){0};
}

enum expect_fate expect_fate(const struct expect *expect, const char *remote)
{
    uint32_t place = *slot_of(expect, remote_hash(remote));

    return place ? expect->list[place - 1].fate : EXPECT_MISSING;
}

void expect_seen(struct expect *expect, const char *remote, uint64_t size,
                 const uint8_t hash[HASH_SIZE])
{
    uint32_t place = *slot_of(expect, remote_hash(remote));
    struct expect_item *item;

    if (!place)
        return;
    item = &expect->list[place - 1];
    if (item->size == size && memcmp(item->hash, hash, HASH_SIZE) == 0)
        item->fate = EXPECT_EQUAL;
    else if (item->fate == EXPECT_MISSING)
        item->fate = EXPECT_DIFFERS;
}
