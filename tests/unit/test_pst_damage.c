/*
 * Damaged copies of a store made by mkpst: what can be read is read. Usage:
 * test_pst_damage UNICODE_PERMUTE_STORE ITEMS
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pipeline/base/io.h"
#include "pipeline/pst/bytes.h"
#include "pipeline/pst/crypt.h"
#include "pipeline/pst/pst.h"
#include "tests/unit/check.h"

#define STORE_MAX    (64u << 20)
#define PAGE         512u
#define PAGES_FROM   0x4400u
#define CRYPT_AT     513u
#define NBT_IB_AT    224u
#define NID_ROOT     0x122u
#define NBT          0x81
#define RANDOM_RUNS  60u
#define RANDOM_SPOTS 40u

static struct buf whole = BUF(STORE_MAX);
static long all_items;

struct tally {
    struct pst *pst;
    long folders, items, opened;
    bool names; /* of properties are whole */
    uint32_t queue[1000];
};

static int on_folder(void *ctx, const struct pst_folder *f)
{
    struct tally *t = ctx;

    if (!f->is_search && t->folders < (long)array_len(t->queue))
        t->queue[t->folders++] = f->nid;
    return 0;
}

static int on_entry(void *ctx, const struct pst_entry *e)
{
    struct tally *t = ctx;
    struct pst_item *item = NULL;
    struct buf text = BUF(1u << 20);

    t->items++;
    if (pst_item_open(t->pst, e->nid, &item, NULL) == 0) {
        t->opened++;
        pst_props_text(pst_item_props(item), PR_BODY, &text, NULL);
        for (size_t i = 0; i < pst_item_recipients(item); i++)
            pst_props_text(pst_item_recipient(item, i), PR_DISPLAY_NAME, &text,
                           NULL);
        pst_item_attachments(item);
    }
    buf_finish(&text);
    pst_item_free(&item);
    return 0;
}

static int on_nothing(void *ctx, const struct pst_entry *e)
{
    return 0;
}

/* Reads the bytes as a store; the result of pst_open. */
static int store_read(const void *bytes, size_t len, struct tally *t,
                      size_t *notes_r)
{
    cleanup_fd int fd = memfd_create("store", MFD_CLOEXEC);
    int rc;

    *t = (struct tally){0};
    *notes_r = 0;
    CHECK_EQ(io_write(fd, bytes, len), 0);
    rc = pst_open(fd, &t->pst, NULL);
    if (rc < 0)
        return rc;
    pst_folders(t->pst, on_folder, t, NULL);
    for (long i = 0; i < t->folders; i++)
        pst_entries(t->pst, t->queue[i], 0, on_entry, t, NULL, NULL);
    /* Shown first by a mount: without it nothing else is. */
    CHECK_EQ(pst_entries(t->pst, NID_ROOT, 0, on_nothing, NULL, NULL, NULL), 0);
    t->names = pst_names_whole(t->pst);
    *notes_r = pst_note_count(t->pst);
    pst_free(&t->pst);
    return 0;
}

static uint8_t *copy_new(void)
{
    uint8_t *copy = malloc(whole.len);

    if (!copy)
        abort();
    memcpy(copy, whole.data, whole.len);
    return copy;
}

/* All items are found, in all folders, and there is a note. */
static void check_complete(const uint8_t *copy, const char *what)
{
    struct tally t;
    size_t notes;

    CHECK_EQ(store_read(copy, whole.len, &t, &notes), 0);
    if (!CHECK(t.items == all_items && t.opened == all_items && notes > 0))
        fprintf(stderr, "    %s: %ld items, %ld opened, %zu notes\n", what,
                t.items, t.opened, notes);
}

static void check_header(void)
{
    cleanup_free uint8_t *copy = copy_new();

    copy[20] ^= 1; /* a reserved field: only the checksum is wrong */
    check_complete(copy, "header checksum");
    copy[10] = 36;
    check_complete(copy, "version of another variant");
    copy[10] = 3;
    check_complete(copy, "unknown version");
    copy[10] = 23;
    copy[216]++; /* the node tree's root id, as in a real sample */
    check_complete(copy, "root id off by one");
    copy[CRYPT_AT] = 0;
    check_complete(copy, "encryption denied");
}

static void check_refused(void)
{
    cleanup_free uint8_t *copy = copy_new();
    struct tally t;
    size_t notes;

    CHECK_EQ(store_read("", 0, &t, &notes), -EBADMSG);
    CHECK_EQ(store_read(copy, 100, &t, &notes), -EBADMSG);
    copy[CRYPT_AT] = 0x10;
    CHECK_EQ(store_read(copy, whole.len, &t, &notes), -ENOTSUP);
    copy[CRYPT_AT] = 1;
    copy[10] = 3;
    memset(copy + NBT_IB_AT, 0xFF, 8);
    CHECK_EQ(store_read(copy, whole.len, &t, &notes), -ENOTSUP);
    copy[0] = 'X';
    CHECK_EQ(store_read(copy, whole.len, &t, &notes), -EBADMSG);
}

/* Takes the data from all nodes of a type. */
static void nodes_empty(uint8_t *copy, unsigned type)
{
    for (size_t at = PAGES_FROM; at + PAGE <= whole.len; at += PAGE) {
        const uint8_t *trailer = copy + at + 496, *counts = copy + at + 488;
        if (trailer[0] != 0x81 || trailer[1] != 0x81 || counts[3] != 0)
            continue;
        for (unsigned i = 0; i < counts[0]; i++) {
            uint8_t *entry = copy + at + (size_t)i * counts[2];
            if ((get32(entry) & 0x1F) == type)
                memset(entry + 8, 0, 8);
        }
    }
}

/* Makes the checksums of changed pages right again. */
static void pages_seal(uint8_t *copy)
{
    for (size_t at = PAGES_FROM; at + PAGE <= whole.len; at += PAGE)
        if (copy[at + 496] == 0x81 && copy[at + 497] == 0x81) {
            uint32_t crc = htole32(crypt_crc(copy + at, 496));
            memcpy(copy + at + 500, &crc, sizeof(crc));
        }
}

static void check_tables(void)
{
    cleanup_free uint8_t *copy = copy_new();

    nodes_empty(copy, 0x0D);
    check_complete(copy, "hierarchy entries lost");
    pages_seal(copy);
    check_complete(copy, "no hierarchy tables");
    nodes_empty(copy, 0x0E);
    pages_seal(copy);
    check_complete(copy, "no contents tables either");
    nodes_empty(copy, 0x02);
    pages_seal(copy);
    check_complete(copy, "no folder properties either");
}

/* An item without data costs that item; where the page's checksum says that
 * its entry is not to be trusted, its blocks are found. */
static void check_items(void)
{
    cleanup_free uint8_t *copy = copy_new();
    struct tally t;
    size_t notes;

    nodes_empty(copy, 0x04);
    check_complete(copy, "entries lost");
    pages_seal(copy);
    CHECK_EQ(store_read(copy, whole.len, &t, &notes), 0);
    CHECK_EQ(t.items, all_items);
    CHECK_EQ(t.opened, 0);
}

/* A page of the node tree from `at` on, a leaf or not. */
static size_t page_next(const uint8_t *copy, size_t at, bool leaf)
{
    for (; at + PAGE <= whole.len; at += PAGE)
        if (copy[at + 496] == NBT && copy[at + 497] == NBT &&
            (copy[at + 491] == 0) == leaf)
            return at;
    return 0;
}

static void pages_swap(uint8_t *copy, size_t a, size_t b)
{
    uint8_t page[PAGE];

    CHECK(a && b && a != b);
    memcpy(page, copy + a, PAGE);
    memcpy(copy + a, copy + b, PAGE);
    memcpy(copy + b, page, PAGE);
}

/* Whole pages in each other's place: their checksums are right. */
static void check_swapped(void)
{
    cleanup_free uint8_t *copy = copy_new();
    size_t one = page_next(copy, PAGES_FROM, true);
    size_t two = page_next(copy, one + PAGE, true);

    pages_swap(copy, one, two);
    check_complete(copy, "leaves swapped");
    pages_swap(copy, one, two);
    pages_swap(copy, two, (size_t)get64(copy + NBT_IB_AT));
    check_complete(copy, "root and leaf swapped");
}

/* Without the list of names nothing tells what a named property is. */
static void check_names(void)
{
    cleanup_free uint8_t *copy = copy_new();
    struct tally t;
    size_t notes;

    nodes_empty(copy, 0x01);
    pages_seal(copy);
    CHECK_EQ(store_read(copy, whole.len, &t, &notes), 0);
    CHECK_EQ(t.opened, all_items);
    CHECK(!t.names && notes > 0);
}

/* Nothing is promised for these but an end. */
static void check_random(void)
{
    uint32_t seed = 1;

    for (unsigned run = 0; run < RANDOM_RUNS; run++) {
        cleanup_free uint8_t *copy = copy_new();
        size_t len = run % 4 ? whole.len : whole.len / (run + 2) + 600, notes;
        struct tally t;
        for (unsigned i = 0; i < RANDOM_SPOTS; i++) {
            seed = seed * 1664525u + 1013904223u;
            size_t at = 600 + seed % (whole.len - 600);
            seed = seed * 1664525u + 1013904223u;
            copy[at] = (uint8_t)(seed >> 24);
        }
        CHECK_EQ(store_read(copy, len, &t, &notes), 0);
    }
}

int main(int argc, char **argv)
{
    struct tally t;
    size_t notes;

    if (argc < 3 || io_slurp(argv[1], &whole, NULL) < 0)
        return 2;
    all_items = strtol(argv[2], NULL, 10);
    CHECK_EQ(store_read(whole.data, whole.len, &t, &notes), 0);
    CHECK_EQ(t.items, all_items);
    CHECK_EQ(t.opened, all_items);
    CHECK_EQ(notes, 0);
    CHECK(t.names);
    check_header();
    check_refused();
    check_tables();
    check_items();
    check_swapped();
    check_names();
    check_random();
    buf_finish(&whole);
    return check_report();
}
