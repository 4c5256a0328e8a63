/* Cases of attachments, reports and meetings. */
#include <string.h>

#include "tools/mkpst/cases.h"
#include "tools/mkpst/json.h"

static const char picture[] = "\x89PNG\r\n\x1a\n....";

static void inline_cid(struct maker *m, struct item *item)
{
    struct part *part;

    case_html(item, "<p><img src=\"cid:pic1@x\"></p>\r\n");
    part = case_part(item, "pic.png", "image/png", picture, sizeof(picture));
    part->content_id = mem_text("pic1@x");
    json_key_text(&item->json, "case_type", "multipart/related");
}

static void inline_location(struct maker *m, struct item *item)
{
    struct part *part;

    case_html(item, "<p><img src=\"http://a.example/p.png\"></p>\r\n");
    part = case_part(item, "p.png", "image/png", picture, sizeof(picture));
    part->location = "http://a.example/p.png";
    json_key_text(&item->json, "case_type", "multipart/related");
}

static void nested(struct maker *m, struct item *item)
{
    struct item *inner = case_item(m, "IPM.Note", "nested-inner");
    struct item *deep = case_item(m, "IPM.Note", "nested-deep");
    struct part *part = item_part(item);

    case_text(item, "outer\r\n");
    case_text(inner, "inner\r\n");
    case_text(deep, "deep\r\n");
    case_part(deep, "deep.bin", "application/octet-stream", "\0\1\2", 3);
    part->item = inner;
    part->name = mem_text(inner->subject);
    part->mime = "message/rfc822";
    part = item_part(inner);
    part->item = deep;
    part->name = mem_text(deep->subject);
    part->mime = "message/rfc822";
}

static void ole(struct maker *m, struct item *item)
{
    static const char file[] = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 an object";

    case_text(item, "an object\r\n");
    case_part(item, "Picture", "", file, sizeof(file) - 1)->method = 6;
}

static void linked(struct item *item, int method, const char *path)
{
    struct part *part = item_part(item);

    case_text(item, "a link\r\n");
    part->name = mem_text("plan.doc");
    part->mime = "application/msword";
    part->method = method;
    part->link = path;
}

static void reference_2(struct maker *m, struct item *item)
{
    linked(item, 2, "\\\\server\\share\\plan.doc");
}

static void reference_4(struct maker *m, struct item *item)
{
    linked(item, 4, "C:\\docs\\plan.doc");
}

static void reference_7(struct maker *m, struct item *item)
{
    linked(item, 7, "https://cloud.example/plan.doc?x=1");
}

static void tnef(struct maker *m, struct item *item)
{
    static const char data[] = "\x78\x9f\x3e\x22 as it is";

    case_text(item, "see attachment\r\n");
    case_part(item, "winmail.dat", "application/ms-tnef", data,
              sizeof(data) - 1);
}

static void injection(struct maker *m, struct item *item)
{
    struct part *part;

    free(item->subject);
    item->subject =
        mem_text("case injection\r\nBcc: evil@example.com\r\n\r\nx");
    case_html(item, "<p>cid:a</p>\r\n");
    part = case_part(item, "a\r\nX-Evil: 1\r\n\r\nb.txt",
                     "text/plain\r\nX-Evil: 2", "data", 4);
    part->content_id = mem_text("a>\r\nX-Evil: 3");
    part->location = "http://x/\r\nX-Evil: 4";
    json_key_bool(&item->json, "injected", true);
}

/* ---- reports ---- */

static void original(struct maker *m, struct item *item)
{
    struct item *inner = case_item(m, "IPM.Note", "report-original");
    struct part *part = item_part(item);

    case_text(inner, "what was sent\r\n");
    part->item = inner;
    part->name = mem_text(inner->subject);
    part->mime = "message/rfc822";
    props_text(&item->props, 0x0049, "case report-original");
    props_text(&item->props, 0x1046, "<case.report-original@mkpst.example>");
    json_key_text(&item->json, "case_type", "multipart/report");
}

static void delivery(struct maker *m, struct item *item)
{
    original(m, item);
    json_key_text(&item->json, "case_part", "message/delivery-status");
}

static void reading(struct maker *m, struct item *item)
{
    original(m, item);
    json_key_text(&item->json, "case_part", "message/disposition-notification");
}

const struct case_row case_parts[] = {
    {"inline-cid", inline_cid},
    {"inline-location", inline_location},
    {"nested", nested},
    {"ole", ole},
    {"reference-2", reference_2},
    {"reference-4", reference_4},
    {"reference-7", reference_7},
    {"tnef", tnef},
    {"injection", injection},
    {"report-ndr", delivery, "REPORT.IPM.Note.NDR"},
    {"report-dr", delivery, "REPORT.IPM.Note.DR"},
    {"report-read", reading, "REPORT.IPM.Note.IPNRN"},
    {"report-unread", reading, "REPORT.IPM.Note.IPNNRN"},
};
const size_t case_parts_count = array_len(case_parts);
