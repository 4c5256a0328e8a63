#include "tools/mkpst/columns.h"

#define INT(id)  ((uint32_t)(id) << 16 | PT_INT32)
#define LONG(id) ((uint32_t)(id) << 16 | PT_INT64)
#define BOOL(id) ((uint32_t)(id) << 16 | PT_BOOL)
#define TIME(id) ((uint32_t)(id) << 16 | PT_TIME)
#define TEXT(id) ((uint32_t)(id) << 16 | PT_STRING)
#define DATA(id) ((uint32_t)(id) << 16 | PT_BINARY)
#define ROW      INT(0x67F2), INT(0x67F3)

static const column_tag hierarchy[] = {DATA(0x0E30), LONG(0x0E33), DATA(0x0E34),
                                       INT(0x0E38),  TEXT(0x3001), INT(0x3602),
                                       INT(0x3603),  BOOL(0x360A), TEXT(0x3613),
                                       INT(0x6635),  INT(0x6636),  ROW};

static const column_tag contents[] = {
    INT(0x0017),  TEXT(0x001A), INT(0x0036),  TEXT(0x0037), TIME(0x0039),
    TEXT(0x0042), BOOL(0x0057), BOOL(0x0058), TEXT(0x0070), DATA(0x0071),
    TEXT(0x0E03), TEXT(0x0E04), TIME(0x0E06), INT(0x0E07),  INT(0x0E08),
    INT(0x0E17),  DATA(0x0E30), LONG(0x0E33), DATA(0x0E34), INT(0x0E38),
    DATA(0x0E3C), DATA(0x0E3D), INT(0x1097),  TIME(0x3008), DATA(0x3013),
    INT(0x65C6),  ROW};

static const column_tag contents_ansi[] = {
    INT(0x0017),  TEXT(0x001A), INT(0x0036),  TEXT(0x0037),
    TIME(0x0039), TEXT(0x0042), BOOL(0x0057), BOOL(0x0058),
    TEXT(0x0E03), TEXT(0x0E04), TIME(0x0E06), INT(0x0E07),
    INT(0x0E08),  INT(0x0E17),  TIME(0x3008), ROW};

static const column_tag hidden[] = {TEXT(0x001A),
                                    INT(0x0E07),
                                    INT(0x0E17),
                                    TEXT(0x3001),
                                    INT(0x6800),
                                    BOOL(0x6803),
                                    (0x6805u << 16 | 0x1003),
                                    INT(0x682F),
                                    INT(0x7003),
                                    DATA(0x7004),
                                    DATA(0x7005),
                                    INT(0x7006),
                                    INT(0x7007),
                                    ROW};

static const column_tag search[] = {
    INT(0x0017),  TEXT(0x001A), INT(0x0036),  TEXT(0x0037), TEXT(0x0042),
    BOOL(0x0057), BOOL(0x0058), TEXT(0x0E03), TEXT(0x0E04), TEXT(0x0E05),
    TIME(0x0E06), INT(0x0E07),  INT(0x0E08),  INT(0x0E17),  BOOL(0x0E2A),
    TIME(0x3008), INT(0x67F1),  ROW};

static const column_tag attachments[] = {INT(0x0E20), TEXT(0x3704), INT(0x3705),
                                         INT(0x370B), ROW};

static const column_tag recipients[] = {
    INT(0x0C15),  BOOL(0x0E0F), DATA(0x0FF9), INT(0x0FFE),  DATA(0x0FFF),
    TEXT(0x3001), TEXT(0x3002), TEXT(0x3003), DATA(0x300B), INT(0x3900),
    TEXT(0x39FE), TEXT(0x39FF), BOOL(0x3A40), ROW};

static const column_tag receive[] = {TEXT(0x001A), INT(0x6605), ROW};

static const column_tag outgoing[] = {TIME(0x0039), INT(0x0E10), INT(0x0E14),
                                      ROW};

#define SET(nid, tags)                                                         \
    {                                                                          \
        nid, tags, array_len(tags), NULL, 0                                    \
    }

const struct column_set column_sets[COLUMNS_COUNT] = {
    [COLUMNS_HIERARCHY] = SET(0x60D, hierarchy),
    [COLUMNS_CONTENTS] = {0x60E, contents, array_len(contents), contents_ansi,
                          array_len(contents_ansi)},
    [COLUMNS_HIDDEN] = SET(0x60F, hidden),
    [COLUMNS_SEARCH] = SET(0x610, search),
    [COLUMNS_ATTACHMENTS] = SET(0x671, attachments),
    [COLUMNS_RECIPIENTS] = SET(0x692, recipients),
    [COLUMNS_RECEIVE] = SET(0x62B, receive),
    [COLUMNS_OUTGOING] = SET(0x64C, outgoing),
};

struct table *columns_table(struct blocks *b, const struct encoding *enc,
                            enum columns set)
{
    const struct column_set *c = &column_sets[set];
    bool contents_table = set == COLUMNS_CONTENTS;

    if (b->v->id_size == 4 && c->ansi)
        return table_new(b, enc, c->ansi, c->ansi_count, contents_table);
    return table_new(b, enc, c->tags, c->count, contents_table);
}
