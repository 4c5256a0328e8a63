#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pipeline/base/clock.h"
#include "pipeline/base/hash.h"
#include "pipeline/pst/tags.h"
#include "pipeline/reader/pff.h"

#define PR_SEARCH_KEY 0x300B
#define FLAG_HIDDEN   0x40 /* of message flags: an item behind the scenes */
#define SAME_MAX      4096 /* bytes of a value that tell items apart */

/*
 * Two items are the same, or versions of one, when they have the same search
 * key, the same Message-ID, or the same subject and time. Each of these that an
 * item has is a key.
 */
enum { KEY_SEARCH = 1, KEY_ID, KEY_DELIVERY, KEY_SUBMIT, KEYS };

struct traits {
    struct buf search, id, subject;
    int64_t delivery, submit;
};
#define TRAITS                                                                 \
    {                                                                          \
        .search = BUF(SAME_MAX), .id = BUF(SAME_MAX), .subject = BUF(SAME_MAX) \
    }

static void traits_finish(struct traits *t)
{
    buf_finish(&t->search);
    buf_finish(&t->id);
    buf_finish(&t->subject);
}

static uint64_t key_of(unsigned kind, const struct buf *value, int64_t time)
{
    const uint64_t parts[] = {kind, hash_fnv(buf_str(value), value->len),
                              (uint64_t)time};

    return hash_fnv(parts, sizeof(parts));
}

/* Without the mark of a prefix, which not all versions of an item have. */
static void subject_plain(struct buf *subject)
{
    if (subject->len > 1 && subject->data[0] == '\1')
        memmove(subject->data, subject->data + 2, subject->len -= 2);
}

static size_t traits_keys(struct traits *t, uint64_t keys_r[KEYS])
{
    size_t n = 0;

    subject_plain(&t->subject);
    if (t->search.len)
        keys_r[n++] = key_of(KEY_SEARCH, &t->search, 0);
    if (t->id.len)
        keys_r[n++] = key_of(KEY_ID, &t->id, 0);
    if (t->subject.len && t->delivery)
        keys_r[n++] = key_of(KEY_DELIVERY, &t->subject, t->delivery);
    if (t->subject.len && t->submit)
        keys_r[n++] = key_of(KEY_SUBMIT, &t->subject, t->submit);
    return n;
}

static int known_put(struct pff_known *known, uint64_t key)
{
    if (known->n == known->cap) {
        size_t cap = known->cap ? known->cap * 2 : 1024;
        uint64_t *keys = cap > PFF_KNOWN_MAX
                             ? NULL
                             : realloc(known->keys, cap * sizeof(*keys));
        if (!keys)
            return -ENOMEM;
        known->keys = keys;
        known->cap = cap;
    }
    known->keys[known->n++] = key;
    return 0;
}

static int key_order(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static bool known_has(const struct pff_known *known, uint64_t key)
{
    if (known->sorted &&
        bsearch(&key, known->keys, known->sorted, sizeof(key), key_order))
        return true;
    for (size_t i = known->sorted; i < known->n; i++)
        if (known->keys[i] == key)
            return true;
    return false;
}

void pff_known_finish(struct pff_known *known)
{
    free(known->keys);
    *known = (struct pff_known){0};
}

/* ---- what our reader shows ---- */

struct walk {
    struct pff_known *known;
    struct pst *pst;
    uint32_t *folders;
    size_t n, cap;
};

static int64_t seconds(struct pst_props *props, uint16_t id)
{
    uint64_t filetime = pst_props_time(props, id);

    return filetime ? time_from_filetime(filetime, NULL) : 0;
}

static int note_item(struct walk *w, struct pst_item *item)
{
    struct pst_props *props = pst_item_props(item);
    struct traits t = TRAITS;
    uint64_t keys[KEYS];
    size_t n;
    int rc = 0;

    pst_props_bytes(props, PR_SEARCH_KEY, &t.search, NULL);
    pst_props_text(props, PR_INTERNET_MESSAGE_ID, &t.id, NULL);
    pst_props_text(props, PR_SUBJECT, &t.subject, NULL);
    t.delivery = seconds(props, PR_DELIVERY_TIME);
    t.submit = seconds(props, PR_CLIENT_SUBMIT_TIME);
    n = traits_keys(&t, keys);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = known_put(w->known, keys[i]);
    traits_finish(&t);
    return rc;
}

static int note_entry(void *ctx, const struct pst_entry *entry)
{
    struct walk *w = ctx;
    struct pst_item *item = NULL;
    int rc = 0;

    if (pst_item_open(w->pst, entry->nid, &item, NULL) == 0)
        rc = note_item(w, item);
    pst_item_free(&item);
    return rc;
}

static int note_recovered(void *ctx, const struct pst_recovered *found)
{
    struct walk *w = ctx;
    struct pst_item *item = NULL;
    int rc = 0;

    if (pst_item_open_recovered(w->pst, found->number, &item, NULL) == 0)
        rc = note_item(w, item);
    pst_item_free(&item);
    return rc;
}

static int note_folder(void *ctx, const struct pst_folder *folder)
{
    struct walk *w = ctx;

    if (w->n == w->cap) {
        size_t cap = w->cap ? w->cap * 2 : 64;
        uint32_t *list = realloc(w->folders, cap * sizeof(*list));
        if (!list)
            return -ENOMEM;
        w->folders = list;
        w->cap = cap;
    }
    if (!folder->is_search)
        w->folders[w->n++] = folder->nid;
    return 0;
}

int pff_known_fill(struct pff_known *known, struct pst *pst, struct err *err)
{
    struct walk w = {.known = known, .pst = pst};
    int rc = pst_folders(pst, note_folder, &w, err);

    /* A folder that cannot be listed has nothing that is shown. */
    for (size_t i = 0; i < w.n && rc != -ENOMEM; i++)
        rc = pst_entries(pst, w.folders[i], 0, note_entry, &w, NULL, NULL);
    free(w.folders);
    if (rc != -ENOMEM)
        rc = pst_recovered(pst, 0, note_recovered, &w, err);
    if (rc == -ENOMEM)
        return err_set(err, ENOMEM, "no memory to compare with libpff");
    if (known->n)
        qsort(known->keys, known->n, sizeof(*known->keys), key_order);
    known->sorted = known->n;
    return 0;
}

/* ---- what libpff finds ---- */

static bool has_content(const struct pff_props *props)
{
    cleanup_buf struct buf b = BUF(PFF_BYTES_MAX);

    return pff_text(props, PR_BODY, &b) || pff_bytes(props, PR_HTML, &b) ||
           pff_bytes(props, PR_RTF_COMPRESSED, &b);
}

/* A remnant that has nothing to know it by must have something to read. */
static bool is_item(const struct pff_props *props, size_t keys)
{
    cleanup_buf struct buf class = BUF(SAME_MAX);

    return pff_text(props, PR_MESSAGE_CLASS, &class) &&
           strncasecmp(buf_str(&class), "IPM.Configuration", 17) != 0 &&
           !(pff_number(props, PR_MESSAGE_FLAGS) & FLAG_HIDDEN) &&
           (keys || has_content(props));
}

bool pff_known_add(struct pff_known *known, const struct pff_props *props)
{
    struct traits t = TRAITS;
    uint64_t keys[KEYS];
    bool fresh;
    size_t n;

    pff_bytes(props, PR_SEARCH_KEY, &t.search);
    pff_text(props, PR_INTERNET_MESSAGE_ID, &t.id);
    pff_text(props, PR_SUBJECT, &t.subject);
    t.delivery = pff_time(props, PR_DELIVERY_TIME);
    t.submit = pff_time(props, PR_CLIENT_SUBMIT_TIME);
    n = traits_keys(&t, keys);
    fresh = is_item(props, n);
    for (size_t i = 0; i < n && fresh; i++)
        fresh = !known_has(known, keys[i]);
    for (size_t i = 0; i < n && fresh; i++)
        fresh = known_put(known, keys[i]) == 0;
    traits_finish(&t);
    return fresh;
}
