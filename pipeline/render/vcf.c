#include "pipeline/render/vcf.h"

#include <string.h>
#include <strings.h>

#include "pipeline/base/clock.h"
#include "pipeline/render/attach.h"
#include "pipeline/render/body.h"
#include "pipeline/render/card.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/vcf_priv.h"

#define CATEGORIES_MAX 64
#define CHILDREN_MAX   64
#define PR_OFFICE      0x3A19
#define PR_ANNIVERSARY 0x3A41
#define PR_GENDER      0x3A4D
#define PR_CHILDREN    0x3A58
#define PRIVATE        2
#define CONFIDENTIAL   3

static const struct {
    uint16_t id;
    const char *name;
} texts[] = {
    {PR_NICKNAME, "NICKNAME"},
    {PR_TITLE, "TITLE"},
    {0x3A46, "ROLE"}, /* profession */
    {PR_BUSINESS_PAGE, "URL;TYPE=WORK"},
    {PR_HOME_PAGE, "URL;TYPE=HOME"},
    {PR_BUSINESS_PHONE, "TEL;TYPE=WORK,VOICE"},
    {0x3A1B, "TEL;TYPE=WORK,VOICE"}, /* the second */
    {PR_HOME_PHONE, "TEL;TYPE=HOME,VOICE"},
    {0x3A2F, "TEL;TYPE=HOME,VOICE"}, /* the second */
    {PR_MOBILE_PHONE, "TEL;TYPE=CELL,VOICE"},
    {0x3A1A, "TEL;TYPE=PREF,VOICE"}, /* primary */
    {0x3A1E, "TEL;TYPE=CAR,VOICE"},
    {0x3A1F, "TEL;TYPE=VOICE"}, /* other */
    {0x3A1D, "TEL;TYPE=VOICE,X-RADIO"},
    {0x3A21, "TEL;TYPE=PAGER"},
    {0x3A57, "TEL;TYPE=WORK,PREF"}, /* the company's */
    {0x3A02, "TEL;TYPE=MSG"},       /* call back */
    {0x3A2E, "TEL;TYPE=WORK,X-ASSISTANT"},
    {0x3A2D, "TEL;TYPE=ISDN"},
    {0x3A2C, "TEL;TYPE=X-TELEX"},
    {0x3A4B, "TEL;TYPE=X-TTY"},
    {PR_BUSINESS_FAX, "TEL;TYPE=WORK,FAX"},
    {0x3A25, "TEL;TYPE=HOME,FAX"},
    {0x3A23, "TEL;TYPE=FAX,PREF"},
    {0x3A30, "X-ASSISTANT"},
    {0x3A4E, "X-MANAGER"},
    {0x3A48, "X-SPOUSE"},
    {0x3A43, "X-HOBBY"},
    {0x3A47, "X-REFERRED-BY"},
    {0x3A0D, "X-LOCATION"},
    {0x3A0C, "X-LANGUAGE"},
    {0x3A00, "X-ACCOUNT"},
    {0x3A4A, "X-CUSTOMER-ID"},
    {0x3A07, "X-GOVERNMENT-ID"},
    {0x3A49, "X-COMPUTER-NETWORK"},
    {0x3A4C, "X-FTP-SITE"},
};

static const struct {
    enum name id;
    const char *name;
} named[] = {
    {NAME_CONTACT_PAGE, "URL"},
    {NAME_FREE_BUSY, "FBURL"},
    {NAME_IM, "IMPP"},
    {NAME_YOMI_FIRST, "X-PHONETIC-FIRST-NAME"},
    {NAME_YOMI_LAST, "X-PHONETIC-LAST-NAME"},
    {NAME_YOMI_COMPANY, "X-PHONETIC-ORG"},
    {NAME_FILE_AS, "X-FILE-AS"},
    {NAME_USER1, "X-CUSTOM1"},
    {NAME_USER2, "X-CUSTOM2"},
    {NAME_USER3, "X-CUSTOM3"},
    {NAME_USER4, "X-CUSTOM4"},
    {NAME_BILLING, "X-BILLING"},
};

static void put_text(struct message *m, struct buf *out, const char *name,
                     const char *value)
{
    card_text(out, vcf_line(m->work, name), value);
}

static void put_list(struct message *m, struct buf *out, const char *name,
                     const char *const *values, size_t n, char between)
{
    card_list(out, vcf_line(m->work, name), values, n, between);
}

/* Version 4.0 has dates and times without separators. */
static void put_date(struct message *m, struct buf *out, const char *name,
                     const char *text)
{
    char plain[TIME_TEXT_MAX];
    size_t n = 0;

    for (; *text && n < sizeof(plain) - 1; text++)
        if (vcf_version() == 3 || !strchr("-:", *text))
            plain[n++] = *text;
    plain[n] = '\0';
    card_raw(out, vcf_line(m->work, name), plain);
}

/* ---- addresses ---- */

/* Post box, street, city, state, code, country. */
#define ADDRESS_FIELDS 6
enum place { PLACE_NONE, PLACE_HOME, PLACE_WORK, PLACE_OTHER };

static const uint16_t plain_ids[][ADDRESS_FIELDS] = {
    [PLACE_HOME] = {0x3A5E, 0x3A5D, 0x3A59, 0x3A5C, 0x3A5B, 0x3A5A},
    [PLACE_WORK] = {0x3A2B, PR_STREET, PR_LOCALITY, PR_STATE, PR_POSTAL_CODE,
                    PR_COUNTRY},
    [PLACE_OTHER] = {0x3A64, 0x3A63, 0x3A5F, 0x3A62, 0x3A61, 0x3A60},
};

static const enum name work_ids[ADDRESS_FIELDS] = {
    NAME_WORK_BOX,   NAME_WORK_STREET, NAME_WORK_CITY,
    NAME_WORK_STATE, NAME_WORK_CODE,   NAME_WORK_COUNTRY};

static const struct {
    const char *type;
    enum name label;
} place_rows[] = {
    [PLACE_HOME] = {"HOME", NAME_HOME_LABEL},
    [PLACE_WORK] = {"WORK", NAME_WORK_LABEL},
    [PLACE_OTHER] = {"POSTAL", NAME_OTHER_LABEL},
};

/* The plain fields are those of the mailing address, in whatever place that
 * is. */
static bool load_place(struct message *m, enum place place, enum place mailing,
                       const char *f[ADDRESS_FIELDS])
{
    bool plain =
        mailing == place || (mailing == PLACE_NONE && place == PLACE_WORK);
    bool any = false;

    for (size_t i = 0; i < ADDRESS_FIELDS; i++) {
        f[i] = place == PLACE_WORK ? fetch_named(m, work_ids[i])
                                   : fetch_own(m, plain_ids[place][i]);
        any |= *f[i] != '\0';
    }
    if (any || !plain)
        return any;
    for (size_t i = 0; i < ADDRESS_FIELDS; i++) {
        f[i] = fetch_own(m, plain_ids[PLACE_WORK][i]);
        any |= *f[i] != '\0';
    }
    return any;
}

static void write_place(struct message *m, struct buf *out, enum place place,
                        enum place mailing)
{
    const char *f[ADDRESS_FIELDS], *pref = mailing == place ? ",PREF" : "";
    const char *type = place_rows[place].type;

    if (load_place(m, place, mailing, f)) {
        const char *const adr[] = {f[0], "", f[1], f[2], f[3], f[4], f[5]};
        put_list(m, out, fetch_format(m->work, "ADR;TYPE=%s%s", type, pref),
                 adr, array_len(adr), ';');
    }
    put_text(m, out, fetch_format(m->work, "LABEL;TYPE=%s%s", type, pref),
             fetch_named(m, place_rows[place].label));
}

static void write_places(struct message *m, struct buf *out)
{
    int32_t id = fetch_int(m, NAME_MAILING, 0);
    enum place mailing =
        id >= PLACE_HOME && id <= PLACE_OTHER ? (enum place)id : PLACE_NONE;

    write_place(m, out, PLACE_WORK, mailing);
    write_place(m, out, PLACE_HOME, mailing);
    write_place(m, out, PLACE_OTHER, mailing);
}

/* ---- mail ---- */

static void write_emails(struct message *m, struct buf *out)
{
    const char *name = "EMAIL;TYPE=INTERNET,PREF";

    for (unsigned n = 0; n < CONTACT_EMAILS; n++) {
        struct mailbox box;
        bool ex;
        if (!vcf_email(m, n, &box))
            continue;
        ex = box.other[0] == '/';
        if (ex)
            put_text(m, out, "X-PSTFS-X500", box.other);
        /* What is no address is still what somebody typed. */
        put_text(m, out, name, box.addr ? box.addr : ex ? "" : box.other);
        if (box.addr)
            name = "EMAIL;TYPE=INTERNET";
    }
}

/* ---- names, dates, the rest ---- */

const char *vcf_name(struct message *m)
{
    const char *full = fetch_own(m, PR_DISPLAY_NAME);

    if (!*full)
        full = fetch_named(m, NAME_FILE_AS);
    if (!*full)
        full = message_subject(m);
    if (!*full)
        full = fetch_own(m, PR_COMPANY);
    return *full ? full : "Unnamed";
}

static void write_names(struct message *m, struct buf *out)
{
    static const uint16_t ids[] = {PR_SURNAME, PR_GIVEN_NAME, PR_MIDDLE_NAME,
                                   PR_NAME_PREFIX, PR_GENERATION};
    const char *n[array_len(ids)];
    const char *org[] = {fetch_own(m, PR_COMPANY), fetch_own(m, PR_DEPARTMENT),
                         fetch_own(m, PR_OFFICE)};
    size_t count = 3;

    for (size_t i = 0; i < array_len(ids); i++)
        n[i] = fetch_own(m, ids[i]);
    card_text(out, "FN", vcf_name(m));
    if (!*n[0] && !*n[1] && !*n[2]) /* N is required */
        n[0] = vcf_name(m);
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
    put_date(m, out, name, text);
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

static void write_family(struct message *m, struct buf *out)
{
    static const char *const genders[] = {NULL, "Female", "Male"};
    static const char *const letters[] = {NULL, "F", "M"};
    int32_t gender = pst_props_int(m->props, PR_GENDER, 0);
    const char *child;

    for (size_t i = 0; i < CHILDREN_MAX; i++) {
        if (!(child = fetch_element(m, PR_CHILDREN, i)))
            break;
        put_text(m, out, "X-CHILD", child);
    }
    if (gender > 0 && (size_t)gender < array_len(genders))
        put_text(m, out, "X-GENDER",
                 vcf_version() == 4 ? letters[gender] : genders[gender]);
    write_date(m, out, "BDAY", PR_BIRTHDAY);
    write_date(m, out, "X-ANNIVERSARY", PR_ANNIVERSARY);
}

static void write_class(struct message *m, struct buf *out)
{
    int32_t s = pst_props_int(m->props, PR_SENSITIVITY, 0);

    if (s == PRIVATE || (!s && fetch_bool(m, NAME_PRIVATE)))
        put_text(m, out, "CLASS", "PRIVATE");
    else if (s == CONFIDENTIAL)
        put_text(m, out, "CLASS", "CONFIDENTIAL");
}

static void write_picture(struct message *m, struct native *out)
{
    const char *type = "JPEG", *media = "jpeg";
    struct parts parts;

    attach_load(m, NULL, &parts);
    for (size_t i = 0; i < parts.count; i++) {
        const struct part *p = &parts.list[i];
        if (!p->photo || p->kind != PART_DATA || !p->source.size)
            continue;
        if (strcasecmp(p->mime, "image/png") == 0)
            type = "PNG", media = "png";
        else if (strcasecmp(p->mime, "image/gif") == 0)
            type = "GIF", media = "gif";
        if (vcf_version() == 4)
            buf_addf(&out->head, "PHOTO:data:image/%s;base64,\n", media);
        else
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

void vcf_open(struct buf *out)
{
    card_raw(out, "BEGIN", "VCARD");
    card_raw(out, "VERSION", vcf_version() == 4 ? "4.0" : "3.0");
    card_raw(out, "PRODID", "-//pstfs//render//EN");
}

void vcf_close(struct message *m, struct buf *out)
{
    uint64_t t = pst_props_time(m->props, PR_MODIFICATION_TIME);
    char text[TIME_TEXT_MAX];

    write_categories(m, out);
    write_class(m, out);
    put_text(m, out, "UID",
             m->number
                 ? fetch_format(m->work, "%s.%u", work_id(m->work), m->number)
                 : work_id(m->work));
    if (t)
        put_date(m, out, "REV",
                 time_rfc3339(time_from_filetime(t, NULL), text));
    message_remarks(m, write_remark, out);
    card_raw(out, "END", "VCARD");
}

void vcf_contact(struct message *m, const char *method, struct native *out)
{
    struct buf *head = &out->head;

    vcf_open(head);
    write_names(m, head);
    for (size_t i = 0; i < array_len(texts); i++)
        put_text(m, head, texts[i].name, fetch_own(m, texts[i].id));
    for (size_t i = 0; i < array_len(named); i++)
        put_text(m, head, named[i].name, fetch_named(m, named[i].id));
    write_emails(m, head);
    write_places(m, head);
    write_family(m, head);
    card_text(head, "NOTE", body_plain(m));
    write_picture(m, out);
    vcf_close(m, &out->tail);
}
