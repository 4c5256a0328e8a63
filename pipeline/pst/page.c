#include "pipeline/pst/disk.h"

#include "pipeline/base/io.h"
#include "pipeline/pst/bytes.h"

/* Words for what makes the page useless, or NULL (section 4). */
static const char *page_fault(const struct layout *l, const uint8_t *data,
                              uint8_t type)
{
    const uint8_t *t = data + l->page_trailer;

    if (t[0] != type || t[1] != type)
        return "of another type";
    if (get32(data + l->page_crc_at) != crypt_crc(data, l->page_trailer))
        return "wrong checksum";
    return NULL;
}

/* Words for what is odd about a page whose checksum is right, or NULL. */
static const char *page_doubt(const struct layout *l, const uint8_t *data,
                              uint64_t ib, uint64_t bid)
{
    if (get_wide(data + l->page_bid_at, l->width) != bid)
        return "its id is not the one referred to";
    if (get16(data + l->page_trailer + 2) != crypt_signature(ib, bid))
        return "wrong signature";
    return NULL;
}

static void parse_counts(const struct layout *l, const uint8_t *data,
                         struct page *page)
{
    const uint8_t *at = data + l->counts_at;

    page->count = (unsigned)get_wide(at, l->count_width);
    page->stride = at[2 * l->count_width];
    page->level = at[2 * l->count_width + 1];
}

/* The page can be walked without leaving it. */
static bool counts_fit(const struct layout *l, const struct page *page,
                       uint8_t type)
{
    unsigned leaf = type == 0x81 ? l->nbt_size : l->bbt_size;
    unsigned least = page->level ? l->inner_size : leaf;

    return page->level < PST_BTREE_LEVELS && page->stride >= least &&
           page->count * page->stride <= l->area;
}

static bool keys_rise(const struct layout *l, const uint8_t *data,
                      const struct page *page)
{
    for (unsigned i = 1; i < page->count; i++)
        if (get_wide(data + (size_t)(i - 1) * page->stride, l->width) >=
            get_wide(data + (size_t)i * page->stride, l->width))
            return false;
    return true;
}

bool page_whole(const struct layout *l, const uint8_t *data, uint8_t type,
                struct page *page_r)
{
    const uint8_t *t = data + l->page_trailer;

    if (t[0] != type || t[1] != type)
        return false;
    parse_counts(l, data, page_r);
    return counts_fit(l, page_r, type) && !page_fault(l, data, type) &&
           keys_rise(l, data, page_r);
}

bool page_placed(const struct layout *l, const uint8_t *data, uint64_t ib)
{
    uint64_t bid = get_wide(data + l->page_bid_at, l->width);

    return get16(data + l->page_trailer + 2) == crypt_signature(ib, bid);
}

bool page_strays(struct pst *pst, const struct page *page, const char *tree,
                 uint64_t ib, uint64_t bid, uint64_t low, uint64_t high)
{
    const struct layout *l = pst->layout;
    const uint8_t *data = page->chunk->data;
    const uint8_t *last = data + (size_t)(page->count - 1) * page->stride;

    if (page->count == 0 || !page_doubt(l, data, ib, bid) ||
        (get_wide(data, l->width) >= low && get_wide(last, l->width) < high))
        return false;
    pst_note_at(pst, PST_NOTE_PAGE, ib,
                "%s page at %#llx: another one is there", tree,
                (unsigned long long)ib);
    return true;
}

/* Tree pages lie together in heaps (section 26): the system is told to read
 * the neighbours too. */
static void read_around(struct pst *pst, uint64_t ib)
{
    uint64_t number = ib / PST_PAGE_WINDOW;
    uint64_t *asked = &pst->windows[number % PST_WINDOWS_KEPT];

    if (*asked == number + 1)
        return;
    *asked = number + 1;
    file_will_need(pst, number * PST_PAGE_WINDOW, PST_PAGE_WINDOW);
}

static int page_load(struct pst *pst, const struct btree *tree, uint64_t ib,
                     uint64_t bid, struct chunk **chunk_r, struct err *err)
{
    const struct layout *l = pst->layout;
    struct chunk *c = chunk_new(l->page_size);
    const char *fault, *doubt;
    struct page page;
    int rc;

    if (!c)
        return err_sys(err, ENOMEM, "page");
    read_around(pst, ib);
    rc = file_read(pst, ib, c->data, l->page_size, err);
    if (rc < 0) {
        chunk_unref(&c);
        return rc;
    }
    parse_counts(l, c->data, &page);
    fault = page_fault(l, c->data, tree->type);
    doubt = page_doubt(l, c->data, ib, bid);
    if (!fault && !counts_fit(l, &page, tree->type))
        fault = "impossible counts";
    if (!fault && doubt && !keys_rise(l, c->data, &page))
        fault = "its keys do not rise";
    if (fault || doubt)
        pst_note_at(pst, PST_NOTE_PAGE, ib, "%s page at %#llx: %s", tree->name,
                    (unsigned long long)ib, fault ? fault : doubt);
    if (fault) {
        chunk_unref(&c);
        return err_set(err, EBADMSG, "%s page at %#llx: %s", tree->name,
                       (unsigned long long)ib, fault);
    }
    cache_add(&pst->pages, ib, c);
    *chunk_r = c;
    return 0;
}

int page_read(struct pst *pst, const struct btree *tree, uint64_t ib,
              uint64_t bid, int level, struct page *page_r, struct err *err)
{
    const struct layout *l = pst->layout;
    struct chunk *c = cache_find(&pst->pages, ib);
    const uint8_t *types;
    int rc = c ? 0 : page_load(pst, tree, ib, bid, &c, err);

    if (rc < 0)
        return rc;
    types = c->data + l->page_trailer;
    parse_counts(l, c->data, page_r);
    if (types[0] != tree->type ||
        (level >= 0 && page_r->level != (unsigned)level)) {
        chunk_unref(&c);
        pst_note_at(pst, PST_NOTE_PAGE, ib, "%s page at %#llx: wrong level",
                    tree->name, (unsigned long long)ib);
        return err_set(err, EBADMSG, "%s page at %#llx: wrong level",
                       tree->name, (unsigned long long)ib);
    }
    page_r->chunk = c;
    return 0;
}

bool page_probe(int fd, const struct layout *l, uint64_t ib, uint8_t type)
{
    uint8_t data[PAGE_BYTES_MAX];
    struct page page;

    if (io_pread(fd, data, l->page_size, ib) != (ssize_t)l->page_size)
        return false;
    return page_placed(l, data, ib) && page_whole(l, data, type, &page);
}
