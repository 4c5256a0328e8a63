#include "pipeline/render/vcf.h"

#include <string.h>
#include <strings.h>

#include "pipeline/base/clock.h"
#include "pipeline/render/address.h"
#include "pipeline/render/attach.h"
#include "pipeline/render/body.h"
#include "pipeline/render/card.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/oneoff.h"

#define CATEGORIES_MAX 64
#define PR_OFFICE      0x3A19
#define PR_PROFESSION  0x3A46
#define PR_SPOUSE      0x3A48
#define PR_ANNIVERSARY 0x3A41
#define PR_ASSISTANT   0x3A30
#define PR_MANAGER     0x3A4E

static const struct {
    uint16_t id;
    const char *name;
} texts[] = {
    {PR_NICKNAME, "NICKNAME"},       {PR_TITLE, "TITLE"},
    {PR_PROFESSION, "ROLE"},         {PR_BUSINESS_PAGE, "URL;TYPE=WORK"},
    {PR_HOME_PAGE, "URL;TYPE=HOME"}, {PR_BUSINESS_PHONE, "TEL;TYPE=WORK,VOICE"},
    {0x3A1B, "TEL;TYPE=WORK,VOICE"}, {PR_HOME_PHONE, "TEL;TYPE=HOME,VOICE"},
    {0x3A2F, "TEL;TYPE=HOME,VOICE"}, {PR_MOBILE_PHONE, "TEL;TYPE=CELL,VOICE"},
    {0x3A1A, "TEL;TYPE=PREF,VOICE"}, {0x3A1E, "TEL;TYPE=CAR,VOICE"},
    {0x3A1F, "TEL;TYPE=VOICE"},      {0x3A21, "TEL;TYPE=PAGER"},
    {0x3A57, "TEL;TYPE=WORK,PREF"},  {0x3A02, "TEL;TYPE=MSG"},
    {0x3A2D, "TEL;TYPE=ISDN"},       {PR_BUSINESS_FAX, "TEL;TYPE=WORK,FAX"},
    {0x3A25, "TEL;TYPE=HOME,FAX"},   {0x3A23, "TEL;TYPE=FAX,PREF"},
    {PR_ASSISTANT, "X-ASSISTANT"},   {PR_MANAGER, "X-MANAGER"},
    {PR_SPOUSE, "X-SPOUSE"},
};

/* Post box, street, city, state, code, country. */
#define ADDRESS_FIELDS 6
static const struct {
    const char *name;
    uint16_t ids[ADDRESS_FIELDS];
} places[] = {
    {"ADR;TYPE=HOME", {0x3A5E, 0x3A5D, 0x3A59, 0x3A5C, 0x3A5B, 0x3A5A}},
    {"ADR;TYPE=POSTAL", {0x3A64, 0x3A63, 0x3A5F, 0x3A62, 0x3A61, 0x3A60}},
};

static void write_place(struct buf *out, const char *name,
                        const char *const f[ADDRESS_FIELDS])
{
    const char *const adr[] = {f[0], "", f[1], f[2], f[3], f[4], f[5]};

    card_list(out, name, adr, array_len(adr), ';');
}

static void write_places(struct message *m, struct buf *out)
{
    static const enum name work[] = {NAME_WORK_BOX,  NAME_WORK_STREET,
                                     NAME_WORK_CITY, NAME_WORK_STATE,
                                     NAME_WORK_CODE, NAME_WORK_COUNTRY};
    static const uint16_t plain[] = {0x3A2B,   PR_STREET,      PR_LOCALITY,
                                     PR_STATE, PR_POSTAL_CODE, PR_COUNTRY};
    const char *f[ADDRESS_FIELDS];
    bool any = false;

    for (size_t i = 0; i < ADDRESS_FIELDS; i++) {
        f[i] = fetch_named(m, work[i]);
        any |= *f[i] != '\0';
    }
    for (size_t i = 0; !any && i < ADDRESS_FIELDS; i++)
        f[i] = fetch_own(m, plain[i]);
    write_place(out, "ADR;TYPE=WORK", f);
    for (size_t k = 0; k < array_len(places); k++) {
        for (size_t i = 0; i < ADDRESS_FIELDS; i++)
            f[i] = fetch_own(m, places[k].ids[i]);
        write_place(out, places[k].name, f);
    }
}

static void write_emails(struct message *m, struct buf *out)
{
    static const enum name ids[][3] = {
        {NAME_EMAIL1_TYPE, NAME_EMAIL1_ADDRESS, NAME_EMAIL1_ORIGINAL},
        {NAME_EMAIL2_TYPE, NAME_EMAIL2_ADDRESS, NAME_EMAIL2_ORIGINAL},
        {NAME_EMAIL3_TYPE, NAME_EMAIL3_ADDRESS, NAME_EMAIL3_ORIGINAL},
    };

    for (size_t i = 0; i < array_len(ids); i++) {
        bool ex = strcasecmp(fetch_named(m, ids[i][0]), "EX") == 0;
        const char *addr = fetch_named(m, ids[i][1]);
        const char *original = fetch_named(m, ids[i][2]);
        if (ex && address_is_valid(original, strlen(original))) {
            card_text(out, "X-PSTFS-X500", addr);
            addr = original;
        }
        if (ex && addr != original)
            card_text(out, "X-PSTFS-X500", addr);
        else
            card_text(out,
                      i ? "EMAIL;TYPE=INTERNET" : "EMAIL;TYPE=INTERNET,PREF",
                      addr);
    }
    card_text(out, "IMPP", fetch_named(m, NAME_IM));
}

static void write_names(struct message *m, struct buf *out)
{
    static const uint16_t ids[] = {PR_SURNAME, PR_GIVEN_NAME, PR_MIDDLE_NAME,
                                   PR_NAME_PREFIX, PR_GENERATION};
    const char *n[array_len(ids)];
    const char *org[] = {fetch_own(m, PR_COMPANY), fetch_own(m, PR_DEPARTMENT),
                         fetch_own(m, PR_OFFICE)};
    const char *full = fetch_own(m, PR_DISPLAY_NAME);
    size_t count = 3;

    for (size_t i = 0; i < array_len(ids); i++)
        n[i] = fetch_own(m, ids[i]);
    if (!*full)
        full = fetch_named(m, NAME_FILE_AS);
    if (!*full)
        full = message_subject(m);
    if (!*full)
        full = *org[0] ? org[0] : "Unnamed";
    card_text(out, "FN", full);
    if (!*n[0] && !*n[1] && !*n[2]) /* N is required */
        n[0] = full;
    card_list(out, "N", n, array_len(n), ';');
    while (count && !*org[count - 1])
        count--;
    card_list(out, "ORG", org, count, ';');
}

/* Stored as an instant at midnight somewhere: the nearer date. */
static void write_date(struct message *m, struct buf *out, const char *name,
                       uint16_t id)
{
    uint64_t t = pst_props_time(m->props, id);
    char text[TIME_TEXT_MAX];

    if (!t)
        return;
    time_rfc3339(time_from_filetime(t, NULL) + 43200, text);
    text[strcspn(text, "T")] = '\0';
    card_raw(out, name, text);
}

static void write_categories(struct message *m, struct buf *out)
{
    uint16_t id = named_id(m->work, NAME_KEYWORDS);
    const char *words[CATEGORIES_MAX];
    size_t n = 0;

    while (n < CATEGORIES_MAX && (words[n] = fetch_element(m, id, n)) != NULL)
        n++;
    if (n)
        card_list(out, "CATEGORIES", words, n, ',');
}

static void write_picture(struct message *m, struct native *out)
{
    const char *type = "JPEG";
    struct parts parts;

    attach_load(m, NULL, &parts);
    for (size_t i = 0; i < parts.count; i++) {
        const struct part *p = &parts.list[i];
        if (!p->photo || p->kind != PART_DATA || !p->source.size)
            continue;
        if (strcasecmp(p->mime, "image/png") == 0)
            type = "PNG";
        else if (strcasecmp(p->mime, "image/gif") == 0)
            type = "GIF";
        buf_addf(&out->head, "PHOTO;ENCODING=b;TYPE=%s:\n", type);
        out->picture = p->source;
        return;
    }
}

static void write_remark(void *ctx, enum message_remark what, const char *line)
{
    static const char *const names[] = {[MESSAGE_RECOVERED] =
                                            "X-PSTFS-RECOVERED",
                                        [MESSAGE_DEFECT] = "X-PSTFS-DEFECT"};

    card_text(ctx, names[what], line);
}

static void card_open(struct buf *out)
{
    card_raw(out, "BEGIN", "VCARD");
    card_raw(out, "VERSION", "3.0");
    card_raw(out, "PRODID", "-//pstfs//render//EN");
}

static void card_close(struct message *m, struct buf *out)
{
    uint64_t t = pst_props_time(m->props, PR_MODIFICATION_TIME);
    char text[TIME_TEXT_MAX];

    write_categories(m, out);
    card_text(out, "UID",
              m->number
                  ? fetch_format(m->work, "%s.%u", work_id(m->work), m->number)
                  : work_id(m->work));
    if (t)
        card_raw(out, "REV", time_rfc3339(time_from_filetime(t, NULL), text));
    message_remarks(m, write_remark, out);
    card_raw(out, "END", "VCARD");
}

void vcf_contact(struct message *m, const char *method, struct native *out)
{
    struct buf *head = &out->head;

    card_open(head);
    write_names(m, head);
    for (size_t i = 0; i < array_len(texts); i++)
        card_text(head, texts[i].name, fetch_own(m, texts[i].id));
    write_emails(m, head);
    write_places(m, head);
    write_date(m, head, "BDAY", PR_BIRTHDAY);
    write_date(m, head, "X-ANNIVERSARY", PR_ANNIVERSARY);
    card_text(head, "NOTE", body_plain(m));
    write_picture(m, out);
    card_close(m, &out->tail);
}

/* ---- distribution lists ---- */

static void write_member(struct buf *out, const struct mailbox *box)
{
    cleanup_buf struct buf name = BUF(RENDER_FIELD_MAX * 4);

    buf_adds(&name, "X-ADDRESSBOOKSERVER-MEMBER");
    if (*box->name) {
        buf_adds(&name, ";X-CN=");
        card_param(&name, box->name);
    }
    if (box->addr)
        card_raw(out, buf_str(&name),
                 address_is_valid(box->addr, strlen(box->addr)) ? box->addr
                                                                : "");
    else
        card_raw(out, buf_str(&name), box->other);
}

/* Members that are one-off ids; those that are links to contacts of the
 * store have their one-off twin in the other property. */
static size_t write_members(struct message *m, struct buf *out, enum name name)
{
    unsigned codepage = pst_props_codepage(m->props);
    size_t len, n, written = 0;
    const uint8_t *data = fetch_blob(m, named_id(m->work, name), &len);
    const uint8_t *id;

    for (size_t i = 0; data && i < MEMBERS_MAX; i++) {
        struct mailbox box;
        id = oneoff_element(data, len, i, &n);
        if (!id)
            break;
        if (!oneoff_parse(m->work, codepage, id, n, &box))
            continue;
        write_member(out, &box);
        written++;
    }
    return written;
}

void vcf_list(struct message *m, const char *method, struct native *out)
{
    struct buf *head = &out->head;
    const char *name = fetch_named(m, NAME_LIST_NAME);

    if (!*name)
        name = fetch_own(m, PR_DISPLAY_NAME);
    if (!*name)
        name = message_subject(m);
    card_open(head);
    card_text(head, "FN", *name ? name : "Unnamed");
    card_text(head, "N", *name ? name : "Unnamed");
    card_raw(head, "X-ADDRESSBOOKSERVER-KIND", "group");
    if (!write_members(m, head, NAME_LIST_ONE_OFF))
        write_members(m, head, NAME_LIST_MEMBERS);
    card_text(head, "NOTE", body_plain(m));
    card_close(m, head);
}
