#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "pipeline/base/hash.h"
#include "pipeline/base/io.h"
#include "pipeline/pst/bytes.h"
#include "pipeline/pst/heap.h"
#include "pipeline/pst/salvage.h"

#define CRC_FROM        8u
#define CRC_PARTIAL_LEN 471u
#define CRC_FULL_LEN    516u
#define CRC_FULL_AT     524u
#define CRYPT_WIP       0x10

static const char *const crypt_names[] = {"none", "permute", "cyclic"};

int file_read(struct pst *pst, uint64_t ib, void *to, size_t len,
              struct err *err)
{
    ssize_t got;

    if (ib > pst->info.file_size || len > pst->info.file_size - ib)
        return err_set(err, EBADMSG, "%#llx lies beyond the file's end",
                       (unsigned long long)ib);
    got = live_pread(pst, &pst->near_pages, to, len, ib);
    if (got < 0)
        return err_sys(err, (int)-got, "reading at %#llx",
                       (unsigned long long)ib);
    if ((size_t)got < len)
        return err_set(err, EBADMSG, "the file was cut while it was read");
    return 0;
}

void file_will_need(struct pst *pst, uint64_t ib, uint64_t len)
{
    if (ib < pst->info.file_size && ib <= INT64_MAX - len)
        posix_fadvise(pst->fd, (off_t)ib, (off_t)len, POSIX_FADV_WILLNEED);
}

static uint64_t root_field(const struct layout *l, const uint8_t *header,
                           unsigned at)
{
    return get_wide(header + l->root_at + at, l->width);
}

/* Both tree roots are where this variant would have them. */
static bool variant_fits(int fd, const struct layout *l, const uint8_t *header)
{
    uint64_t nbt = root_field(l, header, l->nbt_at + l->width);

    return page_probe(fd, l, nbt, 0x81);
}

/* wVer decides (section 1) unless the node tree's root is right for another
 * variant only: that rescues damaged and unknown numbers. */
static int variant_find(struct pst *pst, const uint8_t *header, struct err *err)
{
    uint16_t version = get16(header + 10);
    const struct layout *l = NULL;

    if (version == 14 || version == 15)
        l = &pst_layouts[PST_ANSI];
    else if (version >= 16 && version <= 35)
        l = &pst_layouts[PST_UNICODE];
    else if (version >= 36 && version <= 63)
        l = &pst_layouts[PST_UNICODE_4K];
    if (!l || !variant_fits(pst->fd, l, header))
        for (size_t i = 0; i < array_len(pst_layouts); i++)
            if (&pst_layouts[i] != l &&
                variant_fits(pst->fd, &pst_layouts[i], header)) {
                l = &pst_layouts[i];
                pst_note(pst, "header: version %u, but the pages are %s",
                         version, l->name);
                break;
            }
    if (!l)
        return err_set(err, ENOTSUP, "unknown version %u", version);
    pst->layout = l;
    pst->info.version = version;
    pst->info.format = l->format;
    pst->info.format_name = l->name;
    return 0;
}

/* True when the header's checksums are right. */
static bool header_check(struct pst *pst, const uint8_t *h)
{
    bool full = pst->layout->format != PST_ANSI, sound = false;
    uint64_t eof = pst->info.file_eof, size = pst->info.file_size;

    if (get32(h + 4) != crypt_crc(h + CRC_FROM, CRC_PARTIAL_LEN))
        pst_note(pst, "header: wrong checksum");
    else if (full &&
             get32(h + CRC_FULL_AT) != crypt_crc(h + CRC_FROM, CRC_FULL_LEN))
        pst_note(pst, "header: wrong second checksum");
    else
        sound = true;
    if (eof != size)
        pst_note(pst, "header: the file has %llu bytes, not %llu",
                 (unsigned long long)size, (unsigned long long)eof);
    return sound;
}

static int crypt_find(struct pst *pst, const uint8_t *header, struct err *err)
{
    unsigned method = header[pst->layout->crypt_at];

    if (method == CRYPT_WIP)
        return err_set(err, ENOTSUP,
                       "encrypted by Windows Information Protection");
    if (method >= array_len(crypt_names))
        return err_set(err, ENOTSUP, "unknown encryption %#x", method);
    pst->crypt = (enum pst_crypt)method;
    pst->info.crypt_name = crypt_names[method];
    return 0;
}

static int header_read(struct pst *pst, struct err *err)
{
    uint8_t h[PST_HEADER_BYTES] = {0};
    ssize_t got = io_pread(pst->fd, h, sizeof(h), 0);
    const struct layout *l;
    int rc;

    if (got < 0)
        return err_sys(err, (int)-got, "reading the header");
    if (got < (ssize_t)sizeof(h) || memcmp(h, "!BDN", 4) != 0 ||
        (memcmp(h + 8, "SM", 2) && memcmp(h + 8, "SO", 2) &&
         memcmp(h + 8, "AB", 2)))
        return err_set(err, EBADMSG, "not an Outlook data file");
    rc = variant_find(pst, h, err);
    if (rc == 0)
        rc = crypt_find(pst, h, err);
    if (rc < 0)
        return rc;
    l = pst->layout;
    pst->info.is_ost = memcmp(h + 8, "SO", 2) == 0;
    pst->info.file_eof = root_field(l, h, l->eof_at);
    pst->info.stamp = hash_fnv(h, sizeof(h));
    pst->nbt.bid = root_field(l, h, l->nbt_at);
    pst->nbt.ib = root_field(l, h, l->nbt_at + l->width);
    pst->bbt.bid = root_field(l, h, l->bbt_at);
    pst->bbt.ib = root_field(l, h, l->bbt_at + l->width);
    if (header_check(pst, h))
        pst->bid_next = get_wide(h + l->next_at, l->width);
    return 0;
}

static struct pst *pst_new(int fd)
{
    struct pst *pst = calloc(1, sizeof(*pst));

    if (!pst)
        return NULL;
    pst->fd = fd;
    pst->nbt.type = 0x81;
    pst->nbt.name = "node tree";
    pst->bbt.type = 0x80;
    pst->bbt.name = "block tree";
    pst->run = malloc(PST_RUN_BYTES);
    if (!pst->run || cache_init(&pst->pages, PST_PAGE_CACHE) < 0 ||
        cache_init(&pst->blocks, PST_BLOCK_CACHE) < 0 ||
        near_init(&pst->near_pages, PST_NEAR_PAGES, PST_NEAR_PAGES / 8) < 0 ||
        near_init(&pst->near_blocks, PST_NEAR_BLOCKS, PST_NEAR_BLOCKS / 2) < 0)
        pst_free(&pst);
    return pst;
}

/* There is a page, but it is not the one that the header names and was written
 * elsewhere. (One of the two alone is found in stores that are fine.) */
static bool root_is_other(const struct pst *pst, const struct btree *tree,
                          const struct page *page)
{
    const struct layout *l = pst->layout;
    const uint8_t *data = page->chunk->data;

    return get_wide(data + l->page_bid_at, l->width) != tree->bid &&
           !page_placed(l, data, tree->ib);
}

/* A root that cannot be read is looked for before anything else, so that it
 * never changes under a walk. */
static void roots_check(struct pst *pst)
{
    const struct btree *trees[] = {&pst->nbt, &pst->bbt};

    for (size_t i = 0; i < array_len(trees); i++) {
        const struct btree *tree = trees[i];
        struct page page = {.chunk = NULL};
        if (page_read(pst, tree, tree->ib, tree->bid, -1, &page, NULL) < 0 ||
            root_is_other(pst, tree, &page))
            salvage_begin(pst);
        chunk_unref(&page.chunk);
    }
}

int pst_open(int fd, struct pst **pst_r, struct err *err)
{
    return pst_open_slow(fd, NULL, NULL, pst_r, err);
}

int pst_open_slow(int fd, pst_progress_fn *fn, void *ctx, struct pst **pst_r,
                  struct err *err)
{
    struct pst *pst = pst_new(fd);
    struct stat st;
    int rc;

    *pst_r = NULL;
    if (!pst)
        return err_sys(err, ENOMEM, "store");
    pst->progress = fn;
    pst->progress_ctx = ctx;
    rc = io_fstat(fd, &st);
    if (rc < 0)
        err_sys(err, -rc, "store");
    if (rc == 0) {
        live_begin(pst, &st);
        rc = header_read(pst, err);
    }
    if (rc < 0) {
        pst_free(&pst);
        return rc;
    }
    roots_check(pst);
    store_read(pst);
    *pst_r = pst;
    return 0;
}

void pst_free(struct pst **pst)
{
    struct pst *p = *pst;

    if (!p)
        return;
    table_free(&p->listing);
    salvage_free(&p->salvage);
    named_free(&p->named);
    btree_finish(&p->nbt);
    btree_finish(&p->bbt);
    cache_finish(&p->pages);
    cache_finish(&p->blocks);
    notes_finish(p);
    free(p->display_name);
    near_finish(&p->near_pages);
    near_finish(&p->near_blocks);
    free(p->run);
    free(p);
    *pst = NULL;
}

const struct pst_info *pst_info(const struct pst *pst)
{
    return &pst->info;
}

int pst_node_parent(struct pst *pst, uint32_t nid, uint32_t *folder_r,
                    struct err *err)
{
    struct node node;
    int rc = node_find(pst, nid, &node, err);

    *folder_r = rc == 0 ? node_folder(&node) : 0;
    return rc;
}
