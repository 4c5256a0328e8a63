#include <string.h>

#include "pipeline/base/charset.h"
#include "pipeline/base/clock.h"
#include "pipeline/pst/tags.h"
#include "pipeline/reader/pff.h"

#define CODEPAGE_UNICODE 1200u /* says nothing about 8-bit text */

static libpff_record_entry_t *entry_find(const struct pff_props *props,
                                         uint16_t id, uint32_t *type_r)
{
    libpff_record_entry_t *entry = NULL;
    uint8_t flags = LIBPFF_ENTRY_VALUE_FLAG_MATCH_ANY_VALUE_TYPE |
                    LIBPFF_ENTRY_VALUE_FLAG_IGNORE_NAME_TO_ID_MAP;

    if (!props->set || libpff_record_set_get_entry_by_type(
                           props->set, id, 0, &entry, flags, NULL) != 1)
        return NULL;
    if (libpff_record_entry_get_value_type(entry, type_r, NULL) != 1)
        libpff_record_entry_free(&entry, NULL);
    return entry;
}

static bool entry_data(libpff_record_entry_t *entry, struct buf *out)
{
    size_t size = 0;
    void *to;

    if (libpff_record_entry_get_data_size(entry, &size, NULL) != 1 || !size ||
        !(to = buf_grow(out, size)))
        return false;
    if (libpff_record_entry_get_data(entry, to, size, NULL) == 1)
        return true;
    out->len -= size;
    return false;
}

bool pff_bytes(const struct pff_props *props, uint16_t id, struct buf *out)
{
    uint32_t type;
    libpff_record_entry_t *entry = entry_find(props, id, &type);
    bool fine = entry && entry_data(entry, out);

    if (entry)
        libpff_record_entry_free(&entry, NULL);
    return fine;
}

static void text_convert(unsigned codepage, uint32_t type,
                         const struct buf *data, struct buf *out)
{
    size_t len = data->len, from = out->len;

    if (type == PT_STRING)
        charset_from_utf16(data->data, len, out);
    else
        charset_from_codepage(codepage, data->data, len, out);
    for (size_t i = from; i < out->len; i++)
        if (out->data[i] == '\0') { /* what is behind is not text */
            out->len = i;
            break;
        }
}

bool pff_text(const struct pff_props *props, uint16_t id, struct buf *out)
{
    cleanup_buf struct buf data = BUF(PFF_BYTES_MAX);
    uint32_t type;
    libpff_record_entry_t *entry = entry_find(props, id, &type);
    size_t before = out->len;

    if (entry && (type == PT_STRING || type == PT_STRING8) &&
        entry_data(entry, &data))
        text_convert(props->codepage, type, &data, out);
    if (entry)
        libpff_record_entry_free(&entry, NULL);
    return out->len > before;
}

/* Integers of any width, little-endian as stored. */
uint64_t pff_number(const struct pff_props *props, uint16_t id)
{
    cleanup_buf struct buf data = BUF(sizeof(uint64_t));
    uint64_t n = 0;

    if (pff_bytes(props, id, &data))
        for (size_t i = data.len; i > 0; i--)
            n = n << 8 | (uint8_t)data.data[i - 1];
    return n;
}

int64_t pff_time(const struct pff_props *props, uint16_t id)
{
    uint64_t filetime = pff_number(props, id);

    return filetime ? time_from_filetime(filetime, NULL) : 0;
}

void pff_props_open(struct pff_props *props, const struct pff *pff,
                    libpff_item_t *item, int row)
{
    uint64_t own;

    *props = (struct pff_props){.codepage = pff->codepage};
    if (libpff_item_get_record_set_by_index(item, row, &props->set, NULL) != 1)
        props->set = NULL;
    own = pff_number(props, PR_MESSAGE_CODEPAGE);
    if (own && own != CODEPAGE_UNICODE && own <= UINT16_MAX)
        props->codepage = (unsigned)own;
}

void pff_props_close(struct pff_props *props)
{
    if (props->set)
        libpff_record_set_free(&props->set, NULL);
}
