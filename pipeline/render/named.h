/* The named properties that renderings ask for ([MS-OXPROPS] 1.3.2). */
#ifndef RENDER_NAMED_H
#define RENDER_NAMED_H

#include <stdint.h>

struct work;

enum name {
    NAME_KEYWORDS,
    /* PSETID_Common */
    NAME_REMINDER_DELTA,
    NAME_REMINDER_SET,
    NAME_COMMON_START,
    NAME_COMMON_END,
    NAME_FLAG_REQUEST,
    /* PSETID_Appointment */
    NAME_SEQUENCE,
    NAME_BUSY,
    NAME_LOCATION,
    NAME_START,
    NAME_END,
    NAME_ALL_DAY,
    NAME_RECURRENCE,
    NAME_STATE_FLAGS,
    NAME_RESPONSE,
    NAME_ZONE_STRUCT,
    NAME_ZONE_START,
    /* PSETID_Meeting */
    NAME_GLOBAL_ID,
    NAME_CLEAN_GLOBAL_ID,
    /* PSETID_Task */
    NAME_TASK_STATUS,
    NAME_TASK_PERCENT,
    NAME_TASK_START,
    NAME_TASK_DUE,
    NAME_TASK_DONE,
    NAME_TASK_RECURRENCE,
    NAME_TASK_COMPLETE,
    /* PSETID_Address */
    NAME_FILE_AS,
    NAME_WORK_STREET,
    NAME_WORK_CITY,
    NAME_WORK_STATE,
    NAME_WORK_CODE,
    NAME_WORK_COUNTRY,
    NAME_WORK_BOX,
    NAME_LIST_NAME,
    NAME_LIST_ONE_OFF,
    NAME_LIST_MEMBERS,
    NAME_IM,
    NAME_EMAIL1_TYPE,
    NAME_EMAIL1_ADDRESS,
    NAME_EMAIL1_ORIGINAL,
    NAME_EMAIL2_TYPE,
    NAME_EMAIL2_ADDRESS,
    NAME_EMAIL2_ORIGINAL,
    NAME_EMAIL3_TYPE,
    NAME_EMAIL3_ADDRESS,
    NAME_EMAIL3_ORIGINAL,
    NAME_COUNT
};

/* The property id in this store; 0 when the store does not know the name. */
uint16_t named_id(struct work *w, enum name name);

#endif
