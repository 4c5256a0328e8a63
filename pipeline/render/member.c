#include "pipeline/render/member.h"

#include <stdio.h>
#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/oneoff.h"

/* A wrapped id: flags, provider, type, the id inside. */
#define PROVIDER_AT  4
#define TYPE_AT      20
#define WRAPPED_SIZE 21
#define TYPE_KIND    0x0F
#define TYPE_EMAIL   4 /* bits 4..6; 4, 5, 6: the first, second, third */
#define KIND_CONTACT 3
#define KIND_LIST    4

/* An id of a PST ([MS-PST] 2.4.3.2): flags, the store's key, the node. */
#define STORE_ID_SIZE 24

/* A directory's: flags, provider, version, type, the name. */
#define DIRECTORY_NAME_AT 28

static const uint8_t wrapped[16] = {0xC0, 0x91, 0xAD, 0xD3, 0x51, 0x9D,
                                    0xCF, 0x11, 0xA4, 0xA9, 0x00, 0xAA,
                                    0x00, 0x47, 0xFA, 0xA4};
static const uint8_t directory[16] = {0xDC, 0xA7, 0x40, 0xC8, 0xC0, 0x42,
                                      0x10, 0x1A, 0xB4, 0xB9, 0x08, 0x00,
                                      0x2B, 0x2F, 0xE1, 0x82};

static bool has_provider(const uint8_t *data, size_t len, const uint8_t id[16])
{
    return len >= TYPE_AT && memcmp(data + PROVIDER_AT, id, 16) == 0;
}

const char *member_directory(struct work *w, const uint8_t *data, size_t len)
{
    cleanup_buf struct buf out = BUF(RENDER_FIELD_MAX * 4);
    size_t n;

    if (len <= DIRECTORY_NAME_AT || !has_provider(data, len, directory))
        return "";
    data += DIRECTORY_NAME_AT;
    n = strnlen((const char *)data, len - DIRECTORY_NAME_AT);
    charset_from_codepage(1252, data, n, &out);
    return out.len ? fetch_copy(w, buf_str(&out), out.len) : "";
}

/* The node that the id of an item of this store names, else 0. */
static uint32_t own_node(const struct work *w, const uint8_t *data, size_t len)
{
    char key[2 * PST_RECORD_KEY_SIZE + 1];

    if (len < STORE_ID_SIZE)
        return 0;
    for (size_t i = 0; i < PST_RECORD_KEY_SIZE; i++)
        snprintf(key + 2 * i, 3, "%02x", data[PROVIDER_AT + i]);
    if (strcmp(key, w->key) != 0)
        return 0;
    data += STORE_ID_SIZE - 4;
    return data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
           (uint32_t)data[3] << 24;
}

static bool wrapped_parse(struct work *w, const uint8_t *data, size_t len,
                          struct member *member_r)
{
    unsigned type = data[TYPE_AT], email = type >> 4 & 7;

    data += WRAPPED_SIZE;
    len -= WRAPPED_SIZE;
    if ((type & TYPE_KIND) == KIND_CONTACT || (type & TYPE_KIND) == KIND_LIST) {
        member_r->kind =
            (type & TYPE_KIND) == KIND_LIST ? MEMBER_LIST : MEMBER_CONTACT;
        member_r->email = email > TYPE_EMAIL ? email - TYPE_EMAIL : 0;
        if (member_r->email > 2)
            member_r->email = 0;
        member_r->nid = own_node(w, data, len);
        return true;
    }
    member_r->box.other = member_directory(w, data, len);
    return *member_r->box.other;
}

bool member_parse(struct work *w, unsigned codepage, const uint8_t *data,
                  size_t len, struct member *member_r)
{
    *member_r = (struct member){.box = {.name = "", .other = ""}};
    if (len >= WRAPPED_SIZE && has_provider(data, len, wrapped))
        return wrapped_parse(w, data, len, member_r);
    if (oneoff_parse(w, codepage, data, len, &member_r->box))
        return true;
    member_r->box = (struct mailbox){.name = "", .other = ""};
    member_r->box.other = member_directory(w, data, len);
    return *member_r->box.other;
}
