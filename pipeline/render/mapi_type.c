#include "pipeline/render/mapi.h"

/* Types of well-known ids ([MS-OXPROPS]), by number: a server may refuse an
 * item for one of another type. */
static const struct {
    uint16_t id, type;
} types[] = {
    {PR_IMPORTANCE, PT_INT32},
    {PR_MESSAGE_CLASS, PT_STRING},
    {0x0023, PT_BOOL}, /* delivery report wanted */
    {PR_PRIORITY, PT_INT32},
    {0x0029, PT_BOOL}, /* read receipt wanted */
    {0x002B, PT_BOOL}, /* reassignment prohibited */
    {0x002E, PT_INT32},
    {PR_SENSITIVITY, PT_INT32},
    {PR_SUBJECT, PT_STRING},
    {PR_CLIENT_SUBMIT_TIME, PT_TIME},
    {0x003B, PT_BINARY},
    {PR_SUBJECT_PREFIX, PT_STRING},
    {0x003F, PT_BINARY},
    {PR_RECEIVED_BY_NAME, PT_STRING},
    {0x0041, PT_BINARY},
    {PR_SENT_REPRESENTING_NAME, PT_STRING},
    {0x0043, PT_BINARY},
    {0x0044, PT_STRING},
    {0x004F, PT_BINARY},
    {0x0050, PT_STRING},
    {0x0051, PT_BINARY},
    {0x0052, PT_BINARY},
    {0x0057, PT_BOOL},
    {0x0058, PT_BOOL},
    {0x0059, PT_BOOL},
    {PR_START_DATE, PT_TIME},
    {PR_END_DATE, PT_TIME},
    {0x0062, PT_INT32},
    {0x0063, PT_BOOL},
    {PR_SENT_REPRESENTING_TYPE, PT_STRING},
    {PR_SENT_REPRESENTING_ADDR, PT_STRING},
    {PR_CONVERSATION_TOPIC, PT_STRING},
    {PR_CONVERSATION_INDEX, PT_BINARY},
    {0x0075, PT_STRING},
    {0x0076, PT_STRING},
    {0x0077, PT_STRING},
    {0x0078, PT_STRING},
    {PR_TRANSPORT_HEADERS, PT_STRING},
    {PR_RECIPIENT_TYPE, PT_INT32},
    {0x0C17, PT_BOOL}, /* reply requested */
    {0x0C19, PT_BINARY},
    {PR_SENDER_NAME, PT_STRING},
    {0x0C1D, PT_BINARY},
    {PR_SENDER_TYPE, PT_STRING},
    {PR_SENDER_ADDR, PT_STRING},
    {0x0E01, PT_BOOL}, /* delete after submit */
    {PR_DELIVERY_TIME, PT_TIME},
    {PR_MESSAGE_FLAGS, PT_INT32},
    {0x0E0F, PT_BOOL}, /* responsibility */
    {PR_NORMALIZED_SUBJECT, PT_STRING},
    {0x0E1F, PT_BOOL}, /* RTF in sync */
    {PR_ATTACH_NUM, PT_INT32},
    {0x0E2B, PT_INT32},
    {PR_BODY, PT_STRING},
    {PR_RTF_COMPRESSED, PT_BINARY},
    {PR_HTML, PT_BINARY},
    {PR_NATIVE_BODY, PT_INT32},
    {PR_INTERNET_MESSAGE_ID, PT_STRING},
    {PR_INTERNET_REFERENCES, PT_STRING},
    {PR_IN_REPLY_TO, PT_STRING},
    {PR_ICON_INDEX, PT_INT32},
    {PR_LAST_VERB, PT_INT32},
    {PR_LAST_VERB_TIME, PT_TIME},
    {PR_FLAG_STATUS, PT_INT32},
    {0x1091, PT_TIME},
    {0x1095, PT_INT32},
    {PR_DISPLAY_NAME, PT_STRING},
    {PR_ADDRTYPE, PT_STRING},
    {PR_EMAIL_ADDRESS, PT_STRING},
    {PR_CREATION_TIME, PT_TIME},
    {PR_MODIFICATION_TIME, PT_TIME},
    {0x300B, PT_BINARY}, /* search key */
    {0x3702, PT_BINARY}, /* encoding */
    {PR_ATTACH_EXTENSION, PT_STRING},
    {PR_ATTACH_FILENAME, PT_STRING},
    {PR_ATTACH_METHOD, PT_INT32},
    {PR_ATTACH_LONG_FILENAME, PT_STRING},
    {PR_ATTACH_PATHNAME, PT_STRING},
    {PR_ATTACH_RENDERING, PT_BINARY},
    {0x370A, PT_BINARY},
    {0x370B, PT_INT32}, /* rendering position */
    {PR_ATTACH_LONG_PATHNAME, PT_STRING},
    {PR_ATTACH_MIME_TAG, PT_STRING},
    {PR_ATTACH_CONTENT_ID, PT_STRING},
    {PR_ATTACH_LOCATION, PT_STRING},
    {PR_ATTACH_FLAGS, PT_INT32},
    {0x3900, PT_INT32}, /* display type */
    {PR_SMTP_ADDRESS, PT_STRING},
    {PR_BIRTHDAY, PT_TIME},
    {PR_INTERNET_CPID, PT_INT32},
    {PR_MESSAGE_LOCALE, PT_INT32},
    {PR_MESSAGE_CODEPAGE, PT_INT32},
    {PR_SENDER_SMTP, PT_STRING},
    {PR_SENT_REPR_SMTP, PT_STRING},
    {0x5FDF, PT_INT32}, /* recipient order, name, flags, status, time */
    {0x5FF6, PT_STRING},
    {0x5FFD, PT_INT32},
    {0x5FFF, PT_INT32},
    {0x5FFB, PT_TIME},
    {0x7FFA, PT_INT32}, /* exceptions of a series: link, times, flags */
    {0x7FFB, PT_TIME},
    {0x7FFC, PT_TIME},
    {0x7FFD, PT_INT32},
    {PR_ATTACH_HIDDEN, PT_BOOL},
    {PR_ATTACH_CONTACT_PHOTO, PT_BOOL},
};

unsigned mapi_type(uint16_t id)
{
    for (size_t i = 0; i < array_len(types); i++)
        if (types[i].id == id)
            return types[i].type;
    return 0;
}
