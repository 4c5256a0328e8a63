/*
 * Items that no listing shows, and damage that salvage must get over, one by
 * one. Usage: test_salvage UNICODE_STORE ITEMS (made by mkpst, unencrypted)
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pipeline/base/io.h"
#include "pipeline/pst/bytes.h"
#include "pipeline/pst/crypt.h"
#include "pipeline/pst/pst.h"
#include "tests/unit/check.h"

#define STORE_MAX  (64u << 20)
#define PAGE       512u
#define PAGES_FROM 0x4400u
#define AREA       488u
#define TRAILER    496u
#define NBT        0x81
#define ENTRY      32u
#define NBT_IB_AT  224u
#define MESSAGE    4u
#define FREE_NID   0x3FFFE4u /* a message number that is not in use */

static struct buf whole = BUF(STORE_MAX);
static long all_items;

/* What a store shows. */
struct tally {
    struct pst *pst;
    uint32_t queue[1000];
    long folders, items, opened, damaged, with_origin;
    uint32_t lost_parent; /* of the folder for what was lost, 0: not there */
    long found[3];        /* recovered items by kind */
    char subject[200];    /* of the last recovered one */
};

static int on_folder(void *ctx, const struct pst_folder *f)
{
    struct tally *t = ctx;

    if (f->nid == PST_LOST_FOLDER)
        t->lost_parent = f->parent;
    if (!f->is_search && t->folders < (long)array_len(t->queue))
        t->queue[t->folders++] = f->nid;
    return 0;
}

static int on_entry(void *ctx, const struct pst_entry *e)
{
    struct tally *t = ctx;
    struct pst_item *item = NULL;

    t->items++;
    if (pst_item_open(t->pst, e->nid, &item, NULL) == 0) {
        t->opened++;
        pst_item_recipients(item);
        pst_item_attachments(item);
        t->damaged += pst_item_damage(item) > 0;
        t->with_origin += *pst_item_origin(item) != '\0';
    }
    pst_item_free(&item);
    return 0;
}

static int on_found(void *ctx, const struct pst_recovered *r)
{
    struct tally *t = ctx;
    struct pst_item *item = NULL;

    t->found[r->kind]++;
    CHECK_EQ(pst_item_open_recovered(t->pst, r->number, &item, NULL), 0);
    if (item)
        CHECK_STR(pst_item_origin(item), r->origin);
    pst_item_free(&item);
    snprintf(t->subject, sizeof(t->subject), "%s", r->subject);
    return 0;
}

/* Reads the bytes as a store; the notes are searched for `note`. */
static void store_read(const uint8_t *bytes, size_t len, struct tally *t,
                       const char *note)
{
    cleanup_fd int fd = memfd_create("store", MFD_CLOEXEC);
    struct pst_item *item = NULL;
    bool noted = !note;

    *t = (struct tally){.lost_parent = 0};
    CHECK_EQ(io_write(fd, bytes, len), 0);
    if (!CHECK(pst_open(fd, &t->pst, NULL) == 0))
        return;
    CHECK_EQ(pst_folders(t->pst, on_folder, t, NULL), 0);
    for (long i = 0; i < t->folders; i++)
        CHECK_EQ(pst_entries(t->pst, t->queue[i], 0, on_entry, t, NULL, NULL),
                 0);
    for (size_t i = 0; i < pst_note_count(t->pst); i++)
        noted |= note && strstr(pst_note_text(t->pst, i), note);
    if (!CHECK(noted))
        fprintf(stderr, "    no note has: %s\n", note);
    CHECK_EQ(pst_recovered(t->pst, 0, on_found, t, NULL), 0);
    CHECK_EQ(pst_item_open_recovered(
                 t->pst,
                 (uint32_t)(t->found[0] + t->found[1] + t->found[2] + 1), &item,
                 NULL),
             -ENOENT);
    pst_free(&t->pst);
}

static uint8_t *copy_new(void)
{
    uint8_t *copy = malloc(whole.len);

    if (!copy)
        abort();
    memcpy(copy, whole.data, whole.len);
    return copy;
}

/* Signature and checksum for a page at ib. */
static void page_seal(uint8_t *copy, size_t ib, uint64_t bid)
{
    uint8_t *t = copy + ib + TRAILER;
    uint16_t signature = htole16(crypt_signature(ib, bid));
    uint32_t crc = htole32(crypt_crc(copy + ib, TRAILER));

    bid = htole64(bid);
    memcpy(t + 2, &signature, sizeof(signature));
    memcpy(t + 4, &crc, sizeof(crc));
    memcpy(t + 8, &bid, sizeof(bid));
}

static bool is_leaf(const uint8_t *copy, size_t ib)
{
    return copy[ib + TRAILER] == NBT && copy[ib + TRAILER + 1] == NBT &&
           copy[ib + AREA + 3] == 0;
}

/* The first leaf of the node tree whose k-th entry is a message, k at least
 * 2. */
static size_t leaf_find(const uint8_t *copy, unsigned *k_r)
{
    for (size_t ib = PAGES_FROM; ib + PAGE <= whole.len; ib += PAGE)
        for (unsigned k = 2; is_leaf(copy, ib) && k < copy[ib + AREA]; k++)
            if ((get32(copy + ib + k * ENTRY) & 0x1F) == MESSAGE) {
                *k_r = k;
                return ib;
            }
    CHECK(false);
    return PAGES_FROM;
}

static void entry_remove(uint8_t *copy, size_t ib, unsigned k)
{
    unsigned count = copy[ib + AREA];

    memmove(copy + ib + k * ENTRY, copy + ib + (k + 1) * ENTRY,
            (count - 1 - k) * ENTRY);
    memset(copy + ib + (count - 1) * ENTRY, 0, ENTRY);
    copy[ib + AREA]--;
    page_seal(copy, ib, get64(copy + ib + TRAILER + 8));
}

/* A page of zeros at the end, which no sound store needs. */
static size_t free_page(const uint8_t *copy)
{
    static const uint8_t zeros[PAGE];
    size_t ib = whole.len - PAGE;

    CHECK(memcmp(copy + ib, zeros, PAGE) == 0);
    return ib;
}

static void check_sound(void)
{
    struct tally t;

    store_read((uint8_t *)whole.data, whole.len, &t, NULL);
    CHECK_EQ(t.items, all_items);
    CHECK_EQ(t.opened, all_items);
    CHECK_EQ(t.damaged + t.with_origin, 0);
    CHECK_EQ(t.found[0] + t.found[1] + t.found[2], 0);
    CHECK_EQ(t.lost_parent, 0);
}

/* An item whose entry is gone: a fragment; with the old page: deleted. */
static void check_deleted(void)
{
    cleanup_free uint8_t *copy = copy_new();
    unsigned k = 0;
    size_t ib = leaf_find(copy, &k), old = free_page(copy);
    uint8_t page[PAGE];
    struct tally t;

    memcpy(page, copy + ib, PAGE);
    entry_remove(copy, ib, k);
    store_read(copy, whole.len, &t, "is listed but is not there");
    CHECK_EQ(t.items, all_items - 1);
    CHECK_EQ(t.found[PST_RECOVERED_FRAGMENT], 1);
    CHECK_EQ(t.found[PST_RECOVERED_DELETED], 0);
    memcpy(copy + old, page, PAGE);
    page_seal(copy, old, 1);
    store_read(copy, whole.len, &t, NULL);
    CHECK_EQ(t.items, all_items - 1);
    CHECK_EQ(t.found[PST_RECOVERED_FRAGMENT], 0);
    CHECK_EQ(t.found[PST_RECOVERED_DELETED], 1);
    CHECK_EQ(t.found[PST_RECOVERED_ORPHAN], 0);
}

/* The last entry of its leaf gets a number that no table names. */
static void check_orphan(void)
{
    cleanup_free uint8_t *copy = copy_new();
    uint32_t nid = htole32(FREE_NID);
    size_t last = 0;
    uint64_t most = 0;
    struct tally t;

    for (size_t ib = PAGES_FROM; ib + PAGE <= whole.len; ib += PAGE)
        for (unsigned k = 0; is_leaf(copy, ib) && k < copy[ib + AREA]; k++)
            if (get64(copy + ib + k * ENTRY) > most) {
                most = get64(copy + ib + k * ENTRY);
                last = ib + k * ENTRY;
            }
    CHECK_EQ(most & 0x1F, MESSAGE);
    CHECK(most < FREE_NID);
    memcpy(copy + last, &nid, sizeof(nid));
    page_seal(copy, last / PAGE * PAGE,
              get64(copy + last / PAGE * PAGE + TRAILER + 8));
    store_read(copy, whole.len, &t, "is listed but is not there");
    CHECK_EQ(t.items, all_items - 1);
    CHECK_EQ(t.found[PST_RECOVERED_ORPHAN], 1);
    CHECK_EQ(t.found[PST_RECOVERED_FRAGMENT], 0);
}

/* The entry of a node, 0 when there is none. */
static size_t entry_find(const uint8_t *copy, uint32_t nid)
{
    for (size_t ib = PAGES_FROM; ib + PAGE <= whole.len; ib += PAGE)
        for (unsigned k = 0; is_leaf(copy, ib) && k < copy[ib + AREA]; k++)
            if (get32(copy + ib + k * ENTRY) == nid)
                return ib + k * ENTRY;
    return 0;
}

/* A folder and its table lose their entries: its items are shown below the
 * folder for what was lost. An item that names no folder, but is listed, is
 * not shown twice. */
static void check_parents(void)
{
    cleanup_free uint8_t *copy = copy_new();
    unsigned k = 0;
    size_t ib = leaf_find(copy, &k), at;
    uint32_t none = 0, folder = get32(copy + ib + k * ENTRY + 24);
    const uint32_t gone[] = {folder, (folder & ~0x1Fu) | 0xE};
    struct tally t;

    memcpy(copy + ib + k * ENTRY + 24, &none, sizeof(none));
    page_seal(copy, ib, get64(copy + ib + TRAILER + 8));
    store_read(copy, whole.len, &t, NULL);
    CHECK_EQ(t.lost_parent, 0);
    CHECK_EQ(t.opened, all_items);
    memcpy(copy + ib + k * ENTRY + 24, &folder, sizeof(folder));
    page_seal(copy, ib, get64(copy + ib + TRAILER + 8));
    for (size_t i = 0; i < array_len(gone); i++) {
        at = entry_find(copy, gone[i]);
        CHECK(at != 0);
        entry_remove(copy, at / PAGE * PAGE, (unsigned)(at % PAGE / ENTRY));
    }
    store_read(copy, whole.len, &t, NULL);
    CHECK_EQ(t.lost_parent, 0x122);
    CHECK_EQ(t.opened, all_items);
}

/* All pages of the node tree gone: only blocks are left. */
static void check_no_tree(void)
{
    cleanup_free uint8_t *copy = copy_new();
    struct tally t;

    for (size_t ib = PAGES_FROM; ib + PAGE <= whole.len; ib += PAGE)
        if (copy[ib + TRAILER] == NBT && copy[ib + TRAILER + 1] == NBT)
            memset(copy + ib, 0xEE, PAGE);
    store_read(copy, whole.len, &t, "node tree page");
    CHECK_EQ(t.items, all_items);
    CHECK_EQ(t.opened, all_items);
    CHECK_EQ(t.with_origin, all_items);
    CHECK_EQ(t.found[0] + t.found[1] + t.found[2], 0);
}

/* A message block with a byte changed is used, and said to be damaged. */
static void check_block(void)
{
    cleanup_free uint8_t *copy = copy_new();
    static const char text[] = "IPM.Note";
    struct tally t;
    size_t at;

    for (at = PAGES_FROM; at + 16 < whole.len; at++) {
        size_t i = 0;
        while (i < sizeof(text) - 1 && copy[at + 2 * i] == (uint8_t)text[i])
            i++;
        if (i == sizeof(text) - 1)
            break;
    }
    copy[at] ^= 1;
    store_read(copy, whole.len, &t, "wrong checksum");
    CHECK_EQ(t.items, all_items);
    CHECK_EQ(t.opened, all_items);
    CHECK(t.damaged == 1 || t.damaged == 0); /* an item's or a table's */
}

int main(int argc, char **argv)
{
    if (argc < 3 || io_slurp(argv[1], &whole, NULL) < 0)
        return 2;
    all_items = strtol(argv[2], NULL, 10);
    check_sound();
    check_deleted();
    check_orphan();
    check_parents();
    check_no_tree();
    check_block();
    buf_finish(&whole);
    return check_report();
}
