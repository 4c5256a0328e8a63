#include "pipeline/render/msg_names.h"

#include <stdlib.h>
#include <string.h>

#include "pipeline/pst/bytes.h"

#define GUID_SIZE     16
#define FIRST_ID      0x8000u
#define BUCKETS       31 /* 2.2.3.2: streams of equal hash */
#define FIRST_BUCKET  0x1000u
#define GUID_MAPI     1 /* 2.2.3.1.2: these two have no place in the stream */
#define GUID_STRINGS  2
#define GUID_FIRST    3
#define GUIDS_MAX     0x7FF0u
#define STREAM_GUIDS  0x0002u
#define STREAM_NAMES  0x0003u
#define STREAM_TEXTS  0x0004u
#define LOOK_UP       4096 /* lists of names by hash */
#define STREAM_FORMAT "__substg1.0_%04X0102"

struct known {
    uint32_t next; /* of the same hash, number + 1; 0 none */
    uint32_t what; /* number, or where the text begins */
    uint16_t guid;
    bool is_text;
};

struct msg_names {
    struct buf guids, names, texts, buckets[BUCKETS];
    uint16_t last_guid; /* asked for last */
    struct known *list;
    size_t count;
    uint32_t heads[LOOK_UP];
};

static const uint8_t ps_mapi[GUID_SIZE] = {0x28, 0x03, 0x02, 0, 0, 0, 0, 0,
                                           0xC0, 0,    0,    0, 0, 0, 0, 0x46};
static const uint8_t ps_strings[GUID_SIZE] = {
    0x29, 0x03, 0x02, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46};
static const uint8_t ps_headers[GUID_SIZE] = {
    0x86, 0x03, 0x02, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46};

struct msg_names *msg_names_new(void)
{
    struct msg_names *n = calloc(1, sizeof(*n));

    if (!n)
        return NULL;
    n->list = calloc(MSG_NAMES_MAX, sizeof(*n->list));
    if (!n->list) {
        free(n);
        return NULL;
    }
    n->guids.max = (size_t)GUIDS_MAX * GUID_SIZE;
    n->names.max = (size_t)MSG_NAMES_MAX * 8;
    n->texts.max = MSG_NAMES_TEXT_MAX;
    for (size_t i = 0; i < BUCKETS; i++)
        n->buckets[i].max = n->names.max;
    return n;
}

void msg_names_free(struct msg_names **n)
{
    if (!*n)
        return;
    buf_finish(&(*n)->guids);
    buf_finish(&(*n)->names);
    buf_finish(&(*n)->texts);
    for (size_t i = 0; i < BUCKETS; i++)
        buf_finish(&(*n)->buckets[i]);
    free((*n)->list);
    free(*n);
    *n = NULL;
}

static void add32(struct buf *b, uint32_t value)
{
    value = htole32(value);
    buf_add(b, &value, sizeof(value));
}

static const char *guid_at(const struct msg_names *n, unsigned index)
{
    return n->guids.data + (size_t)(index - GUID_FIRST) * GUID_SIZE;
}

/* The index of a property set; 0 when there are too many. */
static uint16_t guid_index(struct msg_names *n, const uint8_t guid[GUID_SIZE])
{
    size_t count = n->guids.len / GUID_SIZE;

    if (memcmp(guid, ps_mapi, GUID_SIZE) == 0)
        return GUID_MAPI;
    if (memcmp(guid, ps_strings, GUID_SIZE) == 0)
        return GUID_STRINGS;
    if (n->last_guid && memcmp(guid, guid_at(n, n->last_guid), GUID_SIZE) == 0)
        return n->last_guid;
    for (size_t i = 0; i < count; i++)
        if (memcmp(guid, n->guids.data + i * GUID_SIZE, GUID_SIZE) == 0)
            return n->last_guid = (uint16_t)(GUID_FIRST + i);
    if (buf_add(&n->guids, guid, GUID_SIZE) < 0)
        return 0;
    return n->last_guid = (uint16_t)(GUID_FIRST + count);
}

/* [MS-OXRTFCP] 3.1.3.2: no ones at the start nor at the end. */
static uint32_t crc_add(uint32_t crc, uint8_t byte)
{
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++)
        crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    return crc;
}

/* Of the text in 16 bits; Outlook takes header names in lower case. */
static uint32_t text_crc(const struct pst_name *name)
{
    bool lower = memcmp(name->guid, ps_headers, GUID_SIZE) == 0;
    uint32_t crc = 0;

    for (size_t i = 0; i + 1 < name->text_len; i += 2) {
        uint16_t unit = get16(name->text + i);
        if (lower && unit >= 'A' && unit <= 'Z')
            unit += 'a' - 'A';
        crc = crc_add(crc, (uint8_t)unit);
        crc = crc_add(crc, (uint8_t)(unit >> 8));
    }
    return crc;
}

static bool is_known(const struct msg_names *n, const struct known *k,
                     const struct pst_name *name, uint16_t guid)
{
    const char *text = n->texts.data + k->what;

    if (k->is_text != name->is_text || k->guid != guid)
        return false;
    if (!k->is_text)
        return k->what == name->number;
    return get32(text) == name->text_len &&
           memcmp(text + 4, name->text, name->text_len) == 0;
}

/* A length, the text, filled up to a multiple of four. */
static int text_add(struct msg_names *n, const struct pst_name *name)
{
    if (n->texts.len + name->text_len + 8 > n->texts.max)
        return -EFBIG;
    add32(&n->texts, (uint32_t)name->text_len);
    buf_add(&n->texts, name->text, name->text_len);
    buf_add(&n->texts, "\0\0\0", (4 - name->text_len % 4) % 4);
    return -n->texts.error;
}

/* One entry in the list of all, one in the stream of its hash. */
static void entry_add(struct msg_names *n, const struct known *k, uint32_t hash)
{
    uint32_t kind = (uint32_t)k->guid << 1 | k->is_text;
    struct buf *bucket = &n->buckets[(hash ^ kind) % BUCKETS];
    uint32_t place = (uint32_t)n->count << 16 | kind;

    add32(&n->names, k->what);
    add32(&n->names, place);
    add32(bucket, hash);
    add32(bucket, place);
}

uint16_t msg_names_id(struct msg_names *n, const struct pst_name *name)
{
    uint32_t hash = name->is_text ? text_crc(name) : name->number;
    uint32_t *head = &n->heads[hash % LOOK_UP];
    uint16_t guid = guid_index(n, name->guid);
    struct known *k;

    for (uint32_t at = *head; at; at = n->list[at - 1].next)
        if (is_known(n, &n->list[at - 1], name, guid))
            return (uint16_t)(FIRST_ID + at - 1);
    if (!guid || n->count >= MSG_NAMES_MAX)
        return 0;
    k = &n->list[n->count];
    *k = (struct known){*head, name->number, guid, name->is_text};
    if (k->is_text) {
        k->what = (uint32_t)n->texts.len;
        if (text_add(n, name) < 0)
            return 0;
    }
    entry_add(n, k, hash);
    *head = (uint32_t)++n->count;
    return (uint16_t)(FIRST_ID + n->count - 1);
}

static int stream_add(struct cfb *c, uint32_t storage, unsigned number,
                      const struct buf *b)
{
    cfb_stream(c, storage, cfb_name(STREAM_FORMAT, number), b->data, b->len);
    return b->error == ENOMEM ? -ENOMEM : 0;
}

int msg_names_write(struct msg_names *n, struct cfb *c)
{
    uint32_t storage =
        cfb_storage(c, CFB_ROOT, cfb_name("__nameid_version1.0"));
    int e = stream_add(c, storage, STREAM_GUIDS, &n->guids);

    if (e == 0)
        e = stream_add(c, storage, STREAM_NAMES, &n->names);
    if (e == 0)
        e = stream_add(c, storage, STREAM_TEXTS, &n->texts);
    for (unsigned i = 0; e == 0 && i < BUCKETS; i++)
        if (n->buckets[i].len)
            e = stream_add(c, storage, FIRST_BUCKET + i, &n->buckets[i]);
    return e;
}
