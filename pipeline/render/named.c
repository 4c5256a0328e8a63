#include "pipeline/render/named.h"

#include <stddef.h>

#include "pipeline/render/render_priv.h"

enum set { COMMON, APPOINTMENT, MEETING, TASK, ADDRESS, PUBLIC, JOURNAL, RSS };

/* As stored on disk: the first three fields little-endian. */
#define OUTLOOK_SET(n)                                                         \
    {                                                                          \
        n, 0x20, 0x06, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46             \
    }

static const uint8_t sets[][16] = {
    [COMMON] = OUTLOOK_SET(0x08),
    [APPOINTMENT] = OUTLOOK_SET(0x02),
    [MEETING] = {0x90, 0xDA, 0xD8, 0x6E, 0x0B, 0x45, 0x1B, 0x10, 0x98, 0xDA,
                 0x00, 0xAA, 0x00, 0x3F, 0x13, 0x05},
    [TASK] = OUTLOOK_SET(0x03),
    [ADDRESS] = OUTLOOK_SET(0x04),
    [JOURNAL] = OUTLOOK_SET(0x0A),
    [RSS] = OUTLOOK_SET(0x41),
    [PUBLIC] = {0x29, 0x03, 0x02, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46},
};

static const struct {
    enum set set;
    uint32_t number;
    const char *text;
} table[NAME_COUNT] = {
    [NAME_KEYWORDS] = {PUBLIC, 0, "Keywords"},
    [NAME_REMINDER_DELTA] = {COMMON, 0x8501},
    [NAME_REMINDER_SET] = {COMMON, 0x8503},
    [NAME_REMINDER_TIME] = {COMMON, 0x8502},
    [NAME_REMINDER_SIGNAL] = {COMMON, 0x8560},
    [NAME_PRIVATE] = {COMMON, 0x8506},
    [NAME_COMMON_START] = {COMMON, 0x8516},
    [NAME_COMMON_END] = {COMMON, 0x8517},
    [NAME_FLAG_REQUEST] = {COMMON, 0x8530},
    [NAME_BILLING] = {COMMON, 0x8535},
    [NAME_COMPANIES] = {COMMON, 0x8539},
    [NAME_CONTACTS] = {COMMON, 0x853A},
    [NAME_VOTING] = {COMMON, 0x8520},
    [NAME_VOTE] = {COMMON, 0x8524},
    [NAME_SEQUENCE] = {APPOINTMENT, 0x8201},
    [NAME_BUSY] = {APPOINTMENT, 0x8205},
    [NAME_LOCATION] = {APPOINTMENT, 0x8208},
    [NAME_START] = {APPOINTMENT, 0x820D},
    [NAME_END] = {APPOINTMENT, 0x820E},
    [NAME_ALL_DAY] = {APPOINTMENT, 0x8215},
    [NAME_RECURRENCE] = {APPOINTMENT, 0x8216},
    [NAME_STATE_FLAGS] = {APPOINTMENT, 0x8217},
    [NAME_RESPONSE] = {APPOINTMENT, 0x8218},
    [NAME_ZONE_STRUCT] = {APPOINTMENT, 0x8233},
    [NAME_ZONE_TEXT] = {APPOINTMENT, 0x8234},
    [NAME_ZONE_RECUR] = {APPOINTMENT, 0x8260},
    [NAME_REPLACES] = {APPOINTMENT, 0x8228},
    [NAME_INTENDED_BUSY] = {APPOINTMENT, 0x8224},
    [NAME_ZONE_START] = {APPOINTMENT, 0x825E},
    [NAME_GLOBAL_ID] = {MEETING, 0x0003},
    [NAME_CLEAN_GLOBAL_ID] = {MEETING, 0x0023},
    [NAME_START_OF_DAY] = {MEETING, 0x000E},
    [NAME_TASK_STATUS] = {TASK, 0x8101},
    [NAME_TASK_PERCENT] = {TASK, 0x8102},
    [NAME_TASK_START] = {TASK, 0x8104},
    [NAME_TASK_DUE] = {TASK, 0x8105},
    [NAME_TASK_DONE] = {TASK, 0x810F},
    [NAME_TASK_RECURRENCE] = {TASK, 0x8116},
    [NAME_TASK_COMPLETE] = {TASK, 0x811C},
    [NAME_TASK_ACTUAL_WORK] = {TASK, 0x8110},
    [NAME_TASK_TOTAL_WORK] = {TASK, 0x8111},
    [NAME_TASK_STATE] = {TASK, 0x8113},
    [NAME_TASK_OWNER] = {TASK, 0x811F},
    [NAME_TASK_DELEGATOR] = {TASK, 0x8121},
    [NAME_TASK_ACCEPTANCE] = {TASK, 0x812A},
    [NAME_FILE_AS] = {ADDRESS, 0x8005},
    [NAME_WORK_STREET] = {ADDRESS, 0x8045},
    [NAME_WORK_CITY] = {ADDRESS, 0x8046},
    [NAME_WORK_STATE] = {ADDRESS, 0x8047},
    [NAME_WORK_CODE] = {ADDRESS, 0x8048},
    [NAME_WORK_COUNTRY] = {ADDRESS, 0x8049},
    [NAME_WORK_BOX] = {ADDRESS, 0x804A},
    [NAME_LIST_NAME] = {ADDRESS, 0x8053},
    [NAME_LIST_ONE_OFF] = {ADDRESS, 0x8054},
    [NAME_LIST_MEMBERS] = {ADDRESS, 0x8055},
    [NAME_LIST_STREAM] = {ADDRESS, 0x8064},
    [NAME_IM] = {ADDRESS, 0x8062},
    [NAME_HOME_LABEL] = {ADDRESS, 0x801A},
    [NAME_WORK_LABEL] = {ADDRESS, 0x801B},
    [NAME_OTHER_LABEL] = {ADDRESS, 0x801C},
    [NAME_MAILING] = {ADDRESS, 0x8022},
    [NAME_CONTACT_PAGE] = {ADDRESS, 0x802B},
    [NAME_YOMI_FIRST] = {ADDRESS, 0x802C},
    [NAME_YOMI_LAST] = {ADDRESS, 0x802D},
    [NAME_YOMI_COMPANY] = {ADDRESS, 0x802E},
    [NAME_USER1] = {ADDRESS, 0x804F},
    [NAME_USER2] = {ADDRESS, 0x8050},
    [NAME_USER3] = {ADDRESS, 0x8051},
    [NAME_USER4] = {ADDRESS, 0x8052},
    [NAME_FREE_BUSY] = {ADDRESS, 0x80D8},
    [NAME_EMAIL1_DISPLAY] = {ADDRESS, 0x8080},
    [NAME_EMAIL1_ENTRY] = {ADDRESS, 0x8085},
    [NAME_EMAIL2_DISPLAY] = {ADDRESS, 0x8090},
    [NAME_EMAIL2_ENTRY] = {ADDRESS, 0x8095},
    [NAME_EMAIL3_DISPLAY] = {ADDRESS, 0x80A0},
    [NAME_EMAIL3_ENTRY] = {ADDRESS, 0x80A5},
    [NAME_EMAIL1_TYPE] = {ADDRESS, 0x8082},
    [NAME_EMAIL1_ADDRESS] = {ADDRESS, 0x8083},
    [NAME_EMAIL1_ORIGINAL] = {ADDRESS, 0x8084},
    [NAME_EMAIL2_TYPE] = {ADDRESS, 0x8092},
    [NAME_EMAIL2_ADDRESS] = {ADDRESS, 0x8093},
    [NAME_EMAIL2_ORIGINAL] = {ADDRESS, 0x8094},
    [NAME_EMAIL3_TYPE] = {ADDRESS, 0x80A2},
    [NAME_EMAIL3_ADDRESS] = {ADDRESS, 0x80A3},
    [NAME_EMAIL3_ORIGINAL] = {ADDRESS, 0x80A4},
    [NAME_LOG_TYPE] = {JOURNAL, 0x8700},
    [NAME_LOG_START] = {JOURNAL, 0x8706},
    [NAME_LOG_MINUTES] = {JOURNAL, 0x8707},
    [NAME_LOG_END] = {JOURNAL, 0x8708},
    [NAME_LOG_TEXT] = {JOURNAL, 0x8712},
    [NAME_RSS_CHANNEL] = {RSS, 0x8900},
    [NAME_RSS_LINK] = {RSS, 0x8901},
};

uint16_t named_id(struct work *w, enum name name)
{
    if (w->names[name] < 0) {
        const uint8_t *set = sets[table[name].set];
        w->names[name] =
            table[name].text
                ? pst_named_text(w->pst, set, table[name].text)
                : pst_named_number(w->pst, set, table[name].number);
    }
    return (uint16_t)w->names[name];
}
