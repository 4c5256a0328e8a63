#include "tools/mkpst/named.h"

#include <string.h>

#include "pipeline/pst/crypt.h"
#include "tools/mkpst/bytes.h"

#define BUCKETS      251
#define FIRST_BUCKET 0x1000
#define FIRST_ID     0x8000
#define GUID_FIRST   3 /* wGuid of the first in the GUID stream */
#define GUID_STRINGS 2 /* PS_PUBLIC_STRINGS */
#define IN_STREAM(n) (GUID_FIRST + (n))
#define GUID_SIZE    16

/* {0006200x-0000-0000-C000-000000000046} and two others, as on disk. */
#define OUTLOOK(n)                                                             \
    {                                                                          \
        n, 0x20, 6, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46                \
    }
static const uint8_t guids[][GUID_SIZE] = {
    OUTLOOK(0x02),
    OUTLOOK(0x08),
    OUTLOOK(0x03),
    OUTLOOK(0x04),
    OUTLOOK(0x0E),
    OUTLOOK(0x0A),
    {0x90, 0xDA, 0xD8, 0x6E, 0x0B, 0x45, 0x1B, 0x10, 0x98, 0xDA, 0x00, 0xAA,
     0x00, 0x3F, 0x13, 0x05},
    {0x86, 0x03, 0x02, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46},
};
#define APPOINTMENT IN_STREAM(0)
#define COMMON      IN_STREAM(1)
#define TASK        IN_STREAM(2)
#define ADDRESS     IN_STREAM(3)
#define NOTE        IN_STREAM(4)
#define JOURNAL     IN_STREAM(5)
#define MEETING     IN_STREAM(6)
#define HEADERS     IN_STREAM(7)

static const struct {
    unsigned guid;
    uint32_t number;
    const char *text; /* instead of the number */
} names[NAMED_COUNT] = {
    [NAMED_KEYWORDS] = {GUID_STRINGS, 0, "Keywords"},
    [NAMED_X_MAILER] = {HEADERS, 0, "x-mailer"},
    [NAMED_BUSY_STATUS] = {APPOINTMENT, 0x8205, NULL},
    [NAMED_LOCATION] = {APPOINTMENT, 0x8208, NULL},
    [NAMED_START] = {APPOINTMENT, 0x820D, NULL},
    [NAMED_END] = {APPOINTMENT, 0x820E, NULL},
    [NAMED_DURATION] = {APPOINTMENT, 0x8213, NULL},
    [NAMED_ALL_DAY] = {APPOINTMENT, 0x8215, NULL},
    [NAMED_RECUR] = {APPOINTMENT, 0x8216, NULL},
    [NAMED_STATE_FLAGS] = {APPOINTMENT, 0x8217, NULL},
    [NAMED_RESPONSE] = {APPOINTMENT, 0x8218, NULL},
    [NAMED_RECURRING] = {APPOINTMENT, 0x8223, NULL},
    [NAMED_RECUR_TYPE] = {APPOINTMENT, 0x8231, NULL},
    [NAMED_RECUR_PATTERN] = {APPOINTMENT, 0x8232, NULL},
    [NAMED_ZONE_STRUCT] = {APPOINTMENT, 0x8233, NULL},
    [NAMED_ZONE_TEXT] = {APPOINTMENT, 0x8234, NULL},
    [NAMED_CLIP_START] = {APPOINTMENT, 0x8235, NULL},
    [NAMED_CLIP_END] = {APPOINTMENT, 0x8236, NULL},
    [NAMED_ZONE_START] = {APPOINTMENT, 0x825E, NULL},
    [NAMED_ZONE_END] = {APPOINTMENT, 0x825F, NULL},
    [NAMED_ZONE_RECUR] = {APPOINTMENT, 0x8260, NULL},
    [NAMED_REPLACES] = {APPOINTMENT, 0x8228, NULL},
    [NAMED_GLOBAL_ID] = {MEETING, 0x0003, NULL},
    [NAMED_CLEAN_GLOBAL_ID] = {MEETING, 0x0023, NULL},
    [NAMED_REMINDER_DELTA] = {COMMON, 0x8501, NULL},
    [NAMED_REMINDER_TIME] = {COMMON, 0x8502, NULL},
    [NAMED_REMINDER_SET] = {COMMON, 0x8503, NULL},
    [NAMED_PRIVATE] = {COMMON, 0x8506, NULL},
    [NAMED_COMMON_START] = {COMMON, 0x8516, NULL},
    [NAMED_COMMON_END] = {COMMON, 0x8517, NULL},
    [NAMED_FLAG_REQUEST] = {COMMON, 0x8530, NULL},
    [NAMED_REMINDER_SIGNAL] = {COMMON, 0x8560, NULL},
    [NAMED_TASK_STATUS] = {TASK, 0x8101, NULL},
    [NAMED_TASK_PERCENT] = {TASK, 0x8102, NULL},
    [NAMED_TASK_START] = {TASK, 0x8104, NULL},
    [NAMED_TASK_DUE] = {TASK, 0x8105, NULL},
    [NAMED_TASK_DONE_DATE] = {TASK, 0x810F, NULL},
    [NAMED_TASK_DONE] = {TASK, 0x811C, NULL},
    [NAMED_TASK_OWNER] = {TASK, 0x811F, NULL},
    [NAMED_TASK_DELEGATOR] = {TASK, 0x8121, NULL},
    [NAMED_TASK_RECUR] = {TASK, 0x8116, NULL},
    [NAMED_TASK_RECURRING] = {TASK, 0x8126, NULL},
    [NAMED_TASK_ACTUAL_WORK] = {TASK, 0x8110, NULL},
    [NAMED_TASK_TOTAL_WORK] = {TASK, 0x8111, NULL},
    [NAMED_FILE_UNDER] = {ADDRESS, 0x8005, NULL},
    [NAMED_WORK_STREET] = {ADDRESS, 0x8045, NULL},
    [NAMED_WORK_CITY] = {ADDRESS, 0x8046, NULL},
    [NAMED_WORK_STATE] = {ADDRESS, 0x8047, NULL},
    [NAMED_WORK_POSTCODE] = {ADDRESS, 0x8048, NULL},
    [NAMED_WORK_COUNTRY] = {ADDRESS, 0x8049, NULL},
    [NAMED_IM_ADDRESS] = {ADDRESS, 0x8062, NULL},
    [NAMED_EMAIL1_DISPLAY] = {ADDRESS, 0x8080, NULL},
    [NAMED_EMAIL1_TYPE] = {ADDRESS, 0x8082, NULL},
    [NAMED_EMAIL1_ADDRESS] = {ADDRESS, 0x8083, NULL},
    [NAMED_EMAIL1_ORIGINAL] = {ADDRESS, 0x8084, NULL},
    [NAMED_EMAIL1_ENTRY] = {ADDRESS, 0x8085, NULL},
    [NAMED_EMAIL2_DISPLAY] = {ADDRESS, 0x8090, NULL},
    [NAMED_EMAIL2_TYPE] = {ADDRESS, 0x8092, NULL},
    [NAMED_EMAIL2_ADDRESS] = {ADDRESS, 0x8093, NULL},
    [NAMED_EMAIL2_ORIGINAL] = {ADDRESS, 0x8094, NULL},
    [NAMED_EMAIL2_ENTRY] = {ADDRESS, 0x8095, NULL},
    [NAMED_EMAIL3_DISPLAY] = {ADDRESS, 0x80A0, NULL},
    [NAMED_EMAIL3_TYPE] = {ADDRESS, 0x80A2, NULL},
    [NAMED_EMAIL3_ADDRESS] = {ADDRESS, 0x80A3, NULL},
    [NAMED_EMAIL3_ORIGINAL] = {ADDRESS, 0x80A4, NULL},
    [NAMED_EMAIL3_ENTRY] = {ADDRESS, 0x80A5, NULL},
    [NAMED_HOME_LABEL] = {ADDRESS, 0x801A, NULL},
    [NAMED_MAILING] = {ADDRESS, 0x8022, NULL},
    [NAMED_CONTACT_PAGE] = {ADDRESS, 0x802B, NULL},
    [NAMED_YOMI_FIRST] = {ADDRESS, 0x802C, NULL},
    [NAMED_USER1] = {ADDRESS, 0x804F, NULL},
    [NAMED_FREE_BUSY] = {ADDRESS, 0x80D8, NULL},
    [NAMED_LIST_CHECKSUM] = {ADDRESS, 0x804C, NULL},
    [NAMED_LIST_NAME] = {ADDRESS, 0x8053, NULL},
    [NAMED_LIST_ONE_OFFS] = {ADDRESS, 0x8054, NULL},
    [NAMED_LIST_MEMBERS] = {ADDRESS, 0x8055, NULL},
    [NAMED_NOTE_COLOR] = {NOTE, 0x8B00, NULL},
    [NAMED_NOTE_WIDTH] = {NOTE, 0x8B02, NULL},
    [NAMED_NOTE_HEIGHT] = {NOTE, 0x8B03, NULL},
    [NAMED_LOG_TYPE] = {JOURNAL, 0x8700, NULL},
    [NAMED_LOG_START] = {JOURNAL, 0x8706, NULL},
    [NAMED_LOG_DURATION] = {JOURNAL, 0x8707, NULL},
    [NAMED_LOG_END] = {JOURNAL, 0x8708, NULL},
    [NAMED_LOG_TEXT] = {JOURNAL, 0x8712, NULL},
};

/* Place i of the map holds name (i + shift) mod NAMED_COUNT. */
static unsigned shift_of(uint64_t seed)
{
    return (unsigned)(seed % NAMED_COUNT);
}

uint16_t named_id(uint64_t seed, enum named name)
{
    unsigned shift = shift_of(seed);

    return (uint16_t)(FIRST_ID +
                      ((unsigned)name + NAMED_COUNT - shift) % NAMED_COUNT);
}

static void add_entry(struct buf *b, uint32_t value, unsigned guid,
                      unsigned index)
{
    add32(b, value);
    add16(b, (uint16_t)guid);
    add16(b, (uint16_t)index);
}

/* A name in the three streams and in its bucket. */
static void add_name(unsigned index, unsigned name, struct buf *entries,
                     struct buf *strings, struct buf *buckets)
{
    unsigned guid = names[name].guid << 1;
    uint32_t value = names[name].number, hash = value;
    struct buf cleanup_buf wide = MEM_BUF;

    if (names[name].text) {
        guid |= 1;
        text_utf16(names[name].text, strlen(names[name].text), &wide);
        hash = crypt_crc(wide.data, wide.len);
        value = (uint32_t)strings->len;
        add32(strings, (uint32_t)wide.len);
        buf_add(strings, wide.data, wide.len);
        while (strings->len % 4)
            buf_addc(strings, 0);
    }
    add_entry(entries, value, guid, index);
    add_entry(&buckets[(hash ^ guid) % BUCKETS], hash, guid, index);
}

void named_props(uint64_t seed, struct props *p)
{
    struct buf cleanup_buf entries = MEM_BUF;
    struct buf cleanup_buf strings = MEM_BUF;
    struct buf buckets[BUCKETS];

    for (unsigned i = 0; i < BUCKETS; i++)
        buckets[i] = (struct buf)MEM_BUF;
    for (unsigned i = 0; i < NAMED_COUNT; i++)
        add_name(i, (i + shift_of(seed)) % NAMED_COUNT, &entries, &strings,
                 buckets);
    props_int(p, 1, BUCKETS);
    props_bytes(p, 2, guids, sizeof(guids));
    props_bytes(p, 3, entries.data, entries.len);
    props_bytes(p, 4, strings.data, strings.len);
    for (unsigned i = 0; i < BUCKETS; i++) {
        if (buckets[i].len)
            props_bytes(p, (uint16_t)(FIRST_BUCKET + i), buckets[i].data,
                        buckets[i].len);
        buf_finish(&buckets[i]);
    }
}
