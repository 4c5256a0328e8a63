/* Cases of addresses, ids and flags. */
#include <string.h>

#include "tools/mkpst/bytes.h"
#include "tools/mkpst/cases.h"
#include "tools/mkpst/json.h"
#include "tools/mkpst/message.h"

#define DN "/O=CORP/OU=EX/CN=RECIPIENTS/CN=ANNA"

static void expect(struct item *item, const char *header, const char *value)
{
    json_key_text(&item->json, "case_header", header);
    json_key_text(&item->json, "case_value", value);
}

/* A sender of whom only an Exchange address is told. */
static void exchange_sender(struct item *item)
{
    item->from = NULL;
    case_text(item, "hello\r\n");
    props_text(&item->props, PR_SENDER_NAME, "Anna Exchange");
    props_text(&item->props, PR_SENDER_TYPE, "EX");
    props_text(&item->props, PR_SENDER_ADDR, DN);
    props_text(&item->props, PR_SENT_REPRESENTING_NAME, "Anna Exchange");
    props_text(&item->props, PR_SENT_REPRESENTING_TYPE, "EX");
    props_text(&item->props, PR_SENT_REPRESENTING_ADDR, DN);
}

static void by_entry(struct maker *m, struct item *item)
{
    struct buf cleanup_buf entry = MEM_BUF;

    exchange_sender(item);
    message_one_off("Anna Exchange", "SMTP", "anna@corp.example", &entry);
    props_bytes(&item->props, 0x0041, entry.data, entry.len);
    expect(item, "From", "anna@corp.example");
}

static void by_pair(struct maker *m, struct item *item)
{
    exchange_sender(item);
    props_text(&item->props, 0x0076, DN); /* received by: a note to self */
    props_text(&item->props, 0x5D07, "anna@corp.example");
    expect(item, "From", "anna@corp.example");
}

static void by_search_key(struct maker *m, struct item *item)
{
    exchange_sender(item);
    props_bytes(&item->props, 0x003B, "SMTP:ANNA@CORP.EXAMPLE", 23);
    expect(item, "From", "anna@corp.example");
}

static void by_headers(struct maker *m, struct item *item)
{
    exchange_sender(item);
    item->headers = mem_text("X-Sender: x\r\nReply-To: \"Anna Exchange\" "
                             "<anna@corp.example>\r\n\r\n");
    expect(item, "From", "anna@corp.example");
}

static void lost(struct maker *m, struct item *item)
{
    exchange_sender(item);
    expect(item, "X-Pstfs-X500", DN);
}

static void represented(struct maker *m, struct item *item)
{
    item->from = NULL;
    case_text(item, "for my boss\r\n");
    props_text(&item->props, PR_SENDER_NAME, "Sec Retary");
    props_text(&item->props, PR_SENDER_TYPE, "SMTP");
    props_text(&item->props, PR_SENDER_ADDR, "sec@corp.example");
    props_text(&item->props, PR_SENT_REPRESENTING_NAME, "The Boss");
    props_text(&item->props, PR_SENT_REPRESENTING_TYPE, "SMTP");
    props_text(&item->props, PR_SENT_REPRESENTING_ADDR, "boss@corp.example");
    expect(item, "Sender", "sec@corp.example");
}

static void blind(struct maker *m, struct item *item)
{
    case_text(item, "psst\r\n");
    item_recipient(item, RECIPIENT_BCC, cast_owner(&m->cast));
    expect(item, "Bcc", cast_owner(&m->cast)->smtp);
}

static void draft(struct maker *m, struct item *item)
{
    case_text(item, "not yet\r\n");
    item->draft = true;
    item->delivered = item->submitted = TIME_NONE;
    expect(item, "X-Unsent", "1");
}

static void no_id(struct maker *m, struct item *item)
{
    free(item->message_id);
    item->message_id = NULL;
    case_text(item, "who am I\r\n");
    expect(item, "Message-ID", "@pstfs.invalid>");
}

static void traits(struct maker *m, struct item *item)
{
    case_text(item, "busy\r\n");
    item->flagged = item->replied = true;
    item->importance = 2;
    maker_keywords(m, item);
    props_bool(&item->props, 0x0029, true);
    props_time(&item->props, 0x0015, 1300000000);
    props_time(&item->props, 0x0030, 1290000000);
    expect(item, "Expires", "Sun, 13 Mar 2011 07:06:40 +0000");
}

static void receipt(struct maker *m, struct item *item)
{
    case_text(item, "tell me\r\n");
    props_bool(&item->props, 0x0029, true);
    expect(item, "Disposition-Notification-To", "@");
}

static void arrival(struct maker *m, struct item *item)
{
    case_text(item, "without headers\r\n");
    expect(item, "Received", "2010");
}

const struct case_row case_people[] = {
    {"x500-entry", by_entry},
    {"x500-pair", by_pair},
    {"x500-key", by_search_key},
    {"x500-headers", by_headers},
    {"x500-lost", lost},
    {"represented", represented},
    {"bcc", blind},
    {"draft", draft},
    {"no-id", no_id},
    {"traits", traits},
    {"receipt", receipt},
    {"arrival", arrival},
};
const size_t case_people_count = array_len(case_people);
