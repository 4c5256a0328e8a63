#include <string.h>

#include "pipeline/base/hash.h"
#include "pipeline/pst/heap.h"
#include "pipeline/pst/salvage.h"

#define PRINT_BYTES   4096u
#define PR_SEARCH_KEY 0x300B
#define NAMES_MOST    32u /* recipients that are looked at */

/* What tells one item from others, in its own properties and in its row of a
 * contents table alike (section 17). */
static const uint16_t message_ids[] = {PR_MESSAGE_CLASS, PR_SUBJECT,
                                       PR_DELIVERY_TIME};
static const uint16_t folder_ids[] = {PR_DISPLAY_NAME, PR_CONTENT_COUNT,
                                      PR_SUBFOLDERS};
static const uint16_t more_ids[] = {
    PR_CLIENT_SUBMIT_TIME,     PR_MODIFICATION_TIME, PR_DISPLAY_TO,
    PR_SENT_REPRESENTING_NAME, PR_MESSAGE_FLAGS,     PR_MESSAGE_SIZE,
    PR_CONVERSATION_TOPIC,     PR_CONVERSATION_INDEX};

/* A hash of the value, 0 when there is none. */
static uint64_t value_hash(struct pst_props *props, uint16_t id)
{
    uint64_t hash = 0;
    struct cell cell;
    struct value v;

    if (!props_cell(props, id, &cell) ||
        value_load(&cell, PRINT_BYTES, true, &v, NULL) < 0)
        return 0;
    if (v.len)
        hash = hash_fnv(v.data, v.len);
    value_finish(&v);
    return hash;
}

uint64_t piece_print(struct pst_props *props, enum piece_kind kind)
{
    const uint16_t *ids = kind == PIECE_FOLDER ? folder_ids : message_ids;
    uint64_t parts[array_len(message_ids)];

    _Static_assert(array_len(message_ids) == array_len(folder_ids), "parts");
    for (size_t i = 0; i < array_len(parts); i++)
        parts[i] = value_hash(props, ids[i]);
    return hash_fnv(parts, sizeof(parts)) | 1;
}

uint64_t piece_key(struct pst_props *props)
{
    return value_hash(props, PR_SEARCH_KEY);
}

unsigned piece_likeness(struct pst_props *a, struct pst_props *b)
{
    unsigned same = 0;

    for (size_t i = 0; i < array_len(more_ids); i++) {
        uint64_t x = value_hash(a, more_ids[i]);
        same += x && x == value_hash(b, more_ids[i]);
    }
    return same;
}

/* ---- names of recipients ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\0';
}

/* A bit for the name, as its displayed list and its row spell it alike. */
static uint64_t name_bit(const char *name, size_t len)
{
    while (len && is_blank(*name)) {
        name++;
        len--;
    }
    while (len && is_blank(name[len - 1]))
        len--;
    return len ? UINT64_C(1) << hash_fnv(name, len) % 64 : 0;
}

/* Names in 8 bits as they are stored: a table's row does not know the code
 * page of the message. False when the text is too long for all of it. */
static bool text_of(struct pst_props *props, uint16_t id, struct buf *out)
{
    struct cell cell;
    struct value v;

    buf_clear(out);
    if (pst_props_size(props, id) > (int64_t)PRINT_BYTES)
        return false;
    if (pst_props_type(props, id) != PT_STRING8)
        return props_text_cut(props, id, PRINT_BYTES, true, out, NULL) <= 0;
    if (!props_cell(props, id, &cell) ||
        value_load(&cell, PRINT_BYTES, true, &v, NULL) < 0)
        return true;
    buf_add(out, v.data, v.len);
    value_finish(&v);
    return true;
}

static uint64_t list_bits(const char *at, size_t len)
{
    const char *end = at + len;
    uint64_t bits = 0;

    while (at < end) {
        const char *stop = memchr(at, ';', (size_t)(end - at));
        if (!stop)
            stop = end;
        bits |= name_bit(at, (size_t)(stop - at));
        at = stop + 1;
    }
    return bits;
}

uint64_t piece_names(struct pst_props *props)
{
    static const uint16_t ids[] = {PR_DISPLAY_TO, PR_DISPLAY_CC,
                                   PR_DISPLAY_BCC};
    struct buf text = BUF(4 * PRINT_BYTES);
    uint64_t bits = 0;

    for (size_t i = 0; i < array_len(ids); i++)
        bits |= text_of(props, ids[i], &text)
                    ? list_bits(buf_str(&text), text.len)
                    : UINT64_MAX;
    buf_finish(&text);
    return bits;
}

uint64_t list_names(struct pst *pst, uint64_t sub)
{
    struct buf text = BUF(4 * PRINT_BYTES);
    struct table *table = NULL;
    uint64_t bits = 0;
    struct node node;

    if (subnode_find(pst, sub, NID_RECIPIENTS, &node, NULL) == 0 &&
        table_open(pst, &node, &table, NULL) == 0)
        for (uint64_t r = 0; r < table_rows(table) && r < NAMES_MOST; r++) {
            struct pst_props row;
            if (!table_row(table, r, &row))
                continue;
            text_of(&row, PR_DISPLAY_NAME, &text);
            bits |= name_bit(buf_str(&text), text.len);
        }
    table_free(&table);
    buf_finish(&text);
    return bits;
}
