#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/hash.h"
#include "pipeline/pst/bytes.h"
#include "pipeline/pst/heap.h"

#define PID_GUIDS    0x0002
#define PID_ENTRIES  0x0003
#define PID_STRINGS  0x0004
#define ENTRY_SIZE   8u
#define GUID_SIZE    16u
#define FIRST_ID     0x8000u
#define GUID_FIXED   3u /* stream GUIDs are numbered from here */
#define NAME_BUCKETS 1024u
#define NAME_TEXT    1024u /* bytes of a name that is looked up */

static const uint8_t guid_mapi[GUID_SIZE] = {
    0x28, 0x03, 0x02, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46};
static const uint8_t guid_strings[GUID_SIZE] = {
    0x29, 0x03, 0x02, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46};
static const uint8_t guid_none[GUID_SIZE];

struct name {
    uint32_t number; /* or offset in strings */
    uint16_t guid;   /* as in the entry, bit 0 taken off */
    uint16_t id;
    bool is_text;
    uint32_t next; /* in its bucket, number + 1; 0 ends */
};

struct named {
    struct buf guids, entries, strings;
    struct name *names;
    size_t count;
    uint32_t buckets[NAME_BUCKETS];
    uint32_t by_id[PST_NAMES_MAX]; /* number + 1 in names; 0 none */
};

static const uint8_t *guid_of(const struct named *n, unsigned index)
{
    static const uint8_t *const fixed[GUID_FIXED] = {guid_none, guid_mapi,
                                                     guid_strings};
    if (index < GUID_FIXED)
        return fixed[index];
    index -= GUID_FIXED;
    if (index >= n->guids.len / GUID_SIZE)
        return NULL;
    return (const uint8_t *)n->guids.data + (size_t)index * GUID_SIZE;
}

/* A name in the string stream: UTF-16LE after its length; false if outside. */
static bool text_of(const struct named *n, uint32_t offset,
                    const uint8_t **text_r, size_t *len_r)
{
    uint32_t len;

    if (offset > n->strings.len || n->strings.len - offset < 4)
        return false;
    len = get32(n->strings.data + offset);
    if (len > n->strings.len - offset - 4)
        return false;
    *text_r = (const uint8_t *)n->strings.data + offset + 4;
    *len_r = len;
    return true;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* Letters of either case have one hash: names are compared both ways. */
static uint32_t text_bucket(const uint8_t *text, size_t len)
{
    uint32_t h = 0;

    for (size_t i = 0; i < len; i++)
        h = h * 31 + lower(text[i]);
    return (h ^ h >> 16) % NAME_BUCKETS;
}

static uint32_t number_bucket(uint32_t number)
{
    return (number * 0x9E3779B1u >> 16) % NAME_BUCKETS;
}

static void name_add(struct named *n, const uint8_t *entry)
{
    struct name *name = &n->names[n->count];
    uint16_t guid = get16(entry + 4), index = get16(entry + 6);
    uint32_t bucket;
    const uint8_t *text;
    size_t len;

    if (index >= PST_NAMES_MAX || !guid_of(n, guid >> 1))
        return;
    name->number = get32(entry);
    name->guid = guid >> 1;
    name->id = (uint16_t)(FIRST_ID + index);
    name->is_text = guid & 1;
    if (!name->is_text)
        bucket = number_bucket(name->number);
    else if (text_of(n, name->number, &text, &len))
        bucket = text_bucket(text, len);
    else
        return;
    name->next = n->buckets[bucket];
    n->buckets[bucket] = (uint32_t)++n->count;
    n->by_id[index] = (uint32_t)n->count;
}

static void stream_of(struct pst_props *props, uint16_t id, struct buf *out)
{
    struct err err = {0};
    int rc = pst_props_bytes(props, id, out, &err);

    if (rc == 0 || rc == -ENOENT)
        return;
    props->pst->named_hurt = true;
    pst_note(props->pst, "names of properties: %s", err.msg);
}

static int named_fill(struct named *n, struct pst_props *props)
{
    size_t count;

    n->guids.max = n->entries.max = n->strings.max = PST_VALUE_MEMORY;
    stream_of(props, PID_GUIDS, &n->guids);
    stream_of(props, PID_ENTRIES, &n->entries);
    stream_of(props, PID_STRINGS, &n->strings);
    count = n->entries.len / ENTRY_SIZE;
    if (count > PST_NAMES_MAX)
        count = PST_NAMES_MAX;
    n->names = calloc(count + 1, sizeof(*n->names));
    if (!n->names)
        return -ENOMEM;
    for (size_t i = count; i-- > 0;) /* so that of equal names the first wins */
        name_add(n, (const uint8_t *)n->entries.data + i * ENTRY_SIZE);
    return 0;
}

static int named_load(struct pst *pst, struct err *err)
{
    struct pst_props *props = NULL;
    struct node node;
    int rc = node_find(pst, NID_NAMES, &node, err);

    if (rc == 0)
        rc = props_open(pst, &node, &props, err);
    if (rc < 0)
        return rc;
    pst->named = calloc(1, sizeof(*pst->named));
    if (!pst->named || named_fill(pst->named, props) < 0)
        named_free(&pst->named);
    props_free(&props);
    return 0;
}

/* Damage of the names is no damage of the item that happens to ask first: it
 * is that of all items with names. */
static struct named *named_get(struct pst *pst)
{
    struct damage damage = {.nid = 0}, *before;
    struct err err = {0};

    if (pst->named_asked)
        return pst->named;
    pst->named_asked = true;
    before = damage_enter(pst, &damage);
    if (named_load(pst, &err) < 0) {
        pst->named_hurt = true;
        pst_note(pst, "names of properties: %s", err.msg);
    } else if (damage.count) {
        pst->named_hurt = true;
        pst_note(pst, "names of properties: damaged blocks were used");
    }
    damage_leave(pst, before);
    return pst->named;
}

bool pst_names_whole(struct pst *pst)
{
    named_get(pst);
    return !pst->named_hurt;
}

void named_free(struct named **named)
{
    struct named *n = *named;

    if (!n)
        return;
    buf_finish(&n->guids);
    buf_finish(&n->entries);
    buf_finish(&n->strings);
    free(n->names);
    free(n);
    *named = NULL;
}

static bool guid_is(const struct named *n, const struct name *name,
                    const uint8_t guid[16])
{
    return memcmp(guid_of(n, name->guid), guid, GUID_SIZE) == 0;
}

uint16_t pst_named_number(struct pst *pst, const uint8_t guid[16],
                          uint32_t number)
{
    const struct named *n = named_get(pst);
    uint32_t i = n ? n->buckets[number_bucket(number)] : 0;

    for (; i; i = n->names[i - 1].next) {
        const struct name *name = &n->names[i - 1];
        if (!name->is_text && name->number == number && guid_is(n, name, guid))
            return name->id;
    }
    return 0;
}

/* 2: equal, 1: equal but for the case of ASCII letters, 0: different. */
static int text_match(const struct named *n, const struct name *name,
                      const uint8_t *text, size_t len)
{
    const uint8_t *own;
    size_t own_len;

    if (!name->is_text || !text_of(n, name->number, &own, &own_len) ||
        own_len != len)
        return 0;
    if (memcmp(own, text, len) == 0)
        return 2;
    for (size_t i = 0; i < len; i++)
        if (lower(own[i]) != lower(text[i]))
            return 0;
    return 1;
}

uint16_t pst_named_text(struct pst *pst, const uint8_t guid[16],
                        const char *name)
{
    const struct named *n = named_get(pst);
    struct buf wide = BUF(NAME_TEXT);
    uint16_t id = 0;
    uint32_t i;
    int best = 0;

    charset_to_utf16(name, strlen(name), &wide);
    const uint8_t *text = (const uint8_t *)buf_str(&wide);
    i = n && !wide.error ? n->buckets[text_bucket(text, wide.len)] : 0;
    for (; i && best < 2; i = n->names[i - 1].next) {
        const struct name *at = &n->names[i - 1];
        int match = text_match(n, at, text, wide.len);
        if (match > best && guid_is(n, at, guid)) {
            best = match;
            id = at->id;
        }
    }
    buf_finish(&wide);
    return id;
}

bool pst_named_get(struct pst *pst, uint16_t id, struct pst_name *name_r)
{
    const struct named *n = named_get(pst);
    const struct name *name;
    size_t len;
    uint32_t at = n && id >= FIRST_ID ? n->by_id[id - FIRST_ID] : 0;

    if (!at)
        return false;
    name = &n->names[at - 1];
    *name_r =
        (struct pst_name){.is_text = name->is_text, .number = name->number};
    memcpy(name_r->guid, guid_of(n, name->guid), GUID_SIZE);
    if (!name->is_text)
        return true;
    if (!text_of(n, name->number, &name_r->text, &name_r->text_len))
        return false;
    len = name_r->text_len & ~(size_t)1;
    name_r->text_len = 0;
    while (name_r->text_len < len && get16(name_r->text + name_r->text_len))
        name_r->text_len += 2;
    name_r->number = 0;
    return name_r->text_len != 0;
}
