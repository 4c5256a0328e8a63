#include <stdio.h>
#include <string.h>

#include "pipeline/pst/crypt.h"
#include "tools/mkpst/bytes.h"
#include "tools/mkpst/json.h"
#include "tools/mkpst/maker.h"
#include "tools/mkpst/message.h"
#include "tools/mkpst/store.h"

#define BIRTH_FIRST  (-631152000) /* 1950-01-01 */
#define DAY          86400
#define DAYS         18000
#define MEMBERS_MOST 12
#define LINK_CONTACT 0xC3 /* [MS-OXOCNTC] 2.2.2.2.1 */
#define LINK_LIST    0xB4

struct phone {
    uint16_t id;
    const char *key;
};
static const struct phone phones[] = {{PR_BUSINESS_PHONE, "business"},
                                      {PR_HOME_PHONE, "home"},
                                      {PR_MOBILE_PHONE, "mobile"},
                                      {PR_BUSINESS_FAX, "fax"}};

static const struct {
    enum named display, type, address, original;
} emails[] = {{NAMED_EMAIL1_DISPLAY, NAMED_EMAIL1_TYPE, NAMED_EMAIL1_ADDRESS,
               NAMED_EMAIL1_ORIGINAL},
              {NAMED_EMAIL2_DISPLAY, NAMED_EMAIL2_TYPE, NAMED_EMAIL2_ADDRESS,
               NAMED_EMAIL2_ORIGINAL},
              {NAMED_EMAIL3_DISPLAY, NAMED_EMAIL3_TYPE, NAMED_EMAIL3_ADDRESS,
               NAMED_EMAIL3_ORIGINAL}};

/* What every third contact has: a property, its name on a card, its value. */
static const struct {
    uint16_t id; /* 0: named */
    enum named named;
    const char *key, *value;
} more[] = {
    {0x3A1B, 0, "TEL;TYPE=WORK,VOICE", "+1 (555) 0102"},
    {0x3A2F, 0, "TEL;TYPE=HOME,VOICE", "+1 (555) 0103"},
    {0x3A1A, 0, "TEL;TYPE=PREF,VOICE", "+1 (555) 0104"},
    {0x3A1E, 0, "TEL;TYPE=CAR,VOICE", "+1 (555) 0105"},
    {0x3A1F, 0, "TEL;TYPE=VOICE", "+1 (555) 0106"},
    {0x3A21, 0, "TEL;TYPE=PAGER", "+1 (555) 0107"},
    {0x3A57, 0, "TEL;TYPE=WORK,PREF", "+1 (555) 0108"},
    {0x3A02, 0, "TEL;TYPE=MSG", "+1 (555) 0109"},
    {0x3A2D, 0, "TEL;TYPE=ISDN", "+1 (555) 0110"},
    {0x3A25, 0, "TEL;TYPE=HOME,FAX", "+1 (555) 0111"},
    {0x3A23, 0, "TEL;TYPE=FAX,PREF", "+1 (555) 0112"},
    {0x3A50, 0, "URL;TYPE=HOME", "https://home.example/~x"},
    {0x3A4F, 0, "NICKNAME", "Nick, the; \\name"},
    {0x3A46, 0, "ROLE", "Clerk"},
    {0x3A30, 0, "X-ASSISTANT", "A. Ssistant"},
    {0x3A4E, 0, "X-MANAGER", "M. Anager"},
    {0x3A48, 0, "X-SPOUSE", "S. Pouse"},
    {0, NAMED_IM_ADDRESS, "IMPP", "sip:x@im.example"},
    {0, NAMED_CONTACT_PAGE, "URL", "https://www.example/c"},
    {0, NAMED_FREE_BUSY, "FBURL", "https://www.example/fb"},
    {0, NAMED_YOMI_FIRST, "X-PHONETIC-FIRST-NAME", "yomi"},
    {0, NAMED_USER1, "X-CUSTOM1", "one"},
    {0, NAMED_HOME_LABEL, "LABEL;TYPE=HOME,PREF", "Home 1\nTown"},
    {0x3A5D, 0, NULL, "Home 1"},
    {0x3A59, 0, NULL, "Town"},
};

static void set_text(struct maker *m, struct item *item, enum named name,
                     const char *text)
{
    props_text(&item->props, maker_name(m, name), text);
}

/* An Exchange address has its SMTP form in the original display name. */
static void add_email(struct maker *m, struct item *item, size_t i,
                      const struct person *who)
{
    set_text(m, item, emails[i].display, who->name);
    set_text(m, item, emails[i].type, who->legacy ? "EX" : "SMTP");
    set_text(m, item, emails[i].address, who->legacy ? who->legacy : who->smtp);
    set_text(m, item, emails[i].original, who->smtp);
    if (!item->mail)
        item->mail = who;
    if (i)
        buf_addc(&item->json, ',');
    json_text(&item->json, who->smtp);
}

static void add_emails(struct maker *m, struct item *item)
{
    unsigned count = rng_below(&m->rng, array_len(emails) + 1);

    json_key(&item->json, "emails");
    buf_addc(&item->json, '[');
    for (unsigned i = 0; i < count; i++)
        add_email(m, item, i, cast_pick(&m->cast, &m->rng, item->script));
    buf_addc(&item->json, ']');
}

static void add_phones(struct maker *m, struct item *item)
{
    json_key(&item->json, "phones");
    buf_addc(&item->json, '{');
    for (size_t i = 0; i < array_len(phones); i++) {
        char *cleanup_free number =
            mem_textf("+49 (30) %06u-%02u", rng_below(&m->rng, 1000000),
                      rng_below(&m->rng, 100));
        if (rng_chance(&m->rng, 50))
            continue;
        props_text(&item->props, phones[i].id, number);
        json_key_text(&item->json, phones[i].key, number);
    }
    buf_addc(&item->json, '}');
}

static void add_address(struct maker *m, struct item *item)
{
    char *cleanup_free street = maker_words(m, item, 2);
    char *cleanup_free city = maker_words(m, item, 1);
    char *cleanup_free line =
        mem_textf("%s %u\r\n2; floor, left", street, rng_below(&m->rng, 200));
    char postcode[16];

    snprintf(postcode, sizeof(postcode), "%05u", rng_below(&m->rng, 100000));
    set_text(m, item, NAMED_WORK_STREET, line);
    set_text(m, item, NAMED_WORK_CITY, city);
    set_text(m, item, NAMED_WORK_POSTCODE, postcode);
    set_text(m, item, NAMED_WORK_COUNTRY, "Germany");
    json_key(&item->json, "address");
    buf_addc(&item->json, '{');
    json_key_text(&item->json, "street", line);
    json_key_text(&item->json, "city", city);
    json_key_text(&item->json, "postcode", postcode);
    json_key_text(&item->json, "country", "Germany");
    buf_addc(&item->json, '}');
}

static void add_work(struct maker *m, struct item *item)
{
    char *cleanup_free company = maker_words(m, item, 2);
    char *cleanup_free title = maker_words(m, item, 1);
    int64_t birthday = BIRTH_FIRST + (int64_t)rng_below(&m->rng, DAYS) * DAY;

    props_text(&item->props, PR_COMPANY, company);
    props_text(&item->props, PR_TITLE, title);
    props_text(&item->props, PR_DEPARTMENT, "R&D, \"north\"");
    props_text(&item->props, PR_BUSINESS_PAGE, "https://www.example.com/~x");
    json_key_text(&item->json, "org", company);
    json_key_text(&item->json, "title", title);
    if (rng_chance(&m->rng, 50))
        return;
    props_time(&item->props, PR_BIRTHDAY, birthday);
    json_key_int(&item->json, "birthday", birthday);
}

static void add_more(struct maker *m, struct item *item)
{
    static const char *const children[] = {"Ann", "Bob"};

    json_key(&item->json, "more");
    buf_addc(&item->json, '{');
    for (size_t i = 0; i < array_len(more); i++) {
        props_text(&item->props,
                   more[i].id ? more[i].id : maker_name(m, more[i].named),
                   more[i].value);
        if (more[i].key)
            json_key_text(&item->json, more[i].key, more[i].value);
    }
    json_key_text(&item->json, "ADR;TYPE=HOME,PREF", ";;Home 1;Town;;;");
    json_key_text(&item->json, "X-GENDER", "Female");
    json_key_text(&item->json, "CLASS", "PRIVATE");
    json_key_text(&item->json, "X-CHILD", children[1]);
    buf_addc(&item->json, '}');
    props_texts(&item->props, 0x3A58, children, array_len(children));
    props_int16(&item->props, 0x3A4D, 1);
    props_int(&item->props, maker_name(m, NAMED_MAILING), 1);
    props_bool(&item->props, maker_name(m, NAMED_PRIVATE), true);
}

static void add_names(struct maker *m, struct item *item)
{
    const struct script *s = item->script;
    const char *given = s->given[rng_below(&m->rng, (uint32_t)s->given_count)];
    const char *family =
        s->family[rng_below(&m->rng, (uint32_t)s->family_count)];
    char *full = s->family_first ? mem_textf("%s%s%s", family, s->joint, given)
                                 : mem_textf("%s%s%s", given, s->joint, family);
    char *cleanup_free file_under = mem_textf("%s, %s", family, given);

    props_text(&item->props, PR_DISPLAY_NAME, full);
    props_text(&item->props, PR_GIVEN_NAME, given);
    props_text(&item->props, PR_SURNAME, family);
    set_text(m, item, NAMED_FILE_UNDER, file_under);
    json_key_text(&item->json, "fn", full);
    json_key_text(&item->json, "given", given);
    json_key_text(&item->json, "family", family);
    free(item->subject);
    item->subject = full;
}

/* What contacts, tasks and the like share: nobody has sent them. */
static struct item *own_item(struct maker *m, const char *class)
{
    struct item *item = maker_item(m, class);

    item->read = true;
    item->submitted = TIME_NONE;
    return item;
}

struct item *contact_make(struct maker *m)
{
    struct item *item = own_item(m, "IPM.Contact");
    struct part *photo;

    json_key(&item->json, "contact");
    buf_addc(&item->json, '{');
    add_names(m, item);
    add_work(m, item);
    add_emails(m, item);
    add_phones(m, item);
    add_address(m, item);
    if (m->number % 3 == 1)
        add_more(m, item);
    buf_addc(&item->json, '}');
    if (rng_chance(&m->rng, 40))
        body_text(m, item, 200);
    if (rng_chance(&m->rng, 25)) {
        photo = parts_add(m, item, 3000, NULL);
        photo->photo = true;
        photo->mime = "image/jpeg";
        free(photo->name);
        photo->name = mem_text("ContactPicture.jpg");
    }
    if (rng_chance(&m->rng, 20))
        maker_keywords(m, item);
    return item;
}

/* ---- distribution lists ---- */

static void add_member(struct item *item, const struct person *who,
                       struct buf *entry, bool first)
{
    message_one_off(who->name, "SMTP", who->smtp, entry);
    if (!first)
        buf_addc(&item->json, ',');
    buf_addc(&item->json, '{');
    json_key_text(&item->json, "name", who->name);
    json_key_text(&item->json, "addr", who->smtp);
    buf_addc(&item->json, '}');
}

/* A link of the store: to a contact's first address, or to a list. */
static void add_link(const struct maker *m, struct item *item,
                     const struct linked *to, struct buf *entry)
{
    static const uint8_t provider[] = {0xC0, 0x91, 0xAD, 0xD3, 0x51, 0x9D,
                                       0xCF, 0x11, 0xA4, 0xA9, 0x00, 0xAA,
                                       0x00, 0x47, 0xFA, 0xA4};
    uint8_t id[ENTRY_ID_SIZE];

    add32(entry, 0);
    buf_add(entry, provider, sizeof(provider));
    buf_addc(entry, (char)(to->mail ? LINK_CONTACT : LINK_LIST));
    store_entry_id(m->store, to->nid, id);
    buf_add(entry, id, sizeof(id));
    mem_check(entry);
    buf_addf(&item->json, ",{");
    json_key_text(&item->json, "name", to->name);
    if (to->mail)
        json_key_text(&item->json, "addr", to->mail->smtp);
    else
        json_key_int(&item->json, "list", to->nid);
    buf_addc(&item->json, '}');
}

/* Members that are links, some without a twin among the one-offs. */
static unsigned add_links(const struct maker *m, struct item *item,
                          struct buf *entries, struct buf *twins,
                          unsigned count)
{
    if (m->contact.nid) {
        entries[count] = twins[count] = (struct buf)MEM_BUF;
        add_link(m, item, &m->contact, &entries[count]);
        if (m->number % 2)
            message_one_off(m->contact.name, "SMTP", m->contact.mail->smtp,
                            &twins[count]);
        count++;
    }
    if (m->list.nid) {
        entries[count] = twins[count] = (struct buf)MEM_BUF;
        add_link(m, item, &m->list, &entries[count]);
        count++;
    }
    return count;
}

static void add_members(struct maker *m, struct item *item)
{
    struct buf entries[MEMBERS_MOST + 2], twins[MEMBERS_MOST + 2];
    struct buf cleanup_buf all = MEM_BUF;
    unsigned count = 1 + rng_below(&m->rng, MEMBERS_MOST), plain = count;

    json_key(&item->json, "members");
    buf_addc(&item->json, '[');
    for (unsigned i = 0; i < count; i++) {
        entries[i] = (struct buf)MEM_BUF;
        add_member(item, cast_pick(&m->cast, &m->rng, item->script),
                   &entries[i], i == 0);
        twins[i] = entries[i];
    }
    count = add_links(m, item, entries, twins, count);
    for (unsigned i = 0; i < count; i++)
        buf_add(&all, entries[i].data, entries[i].len);
    buf_addc(&item->json, ']');
    props_binaries(&item->props, maker_name(m, NAMED_LIST_MEMBERS), entries,
                   count);
    props_binaries(&item->props, maker_name(m, NAMED_LIST_ONE_OFFS), twins,
                   count);
    props_int(&item->props, maker_name(m, NAMED_LIST_CHECKSUM),
              crypt_crc(buf_str(&all), all.len));
    for (unsigned i = 0; i < count; i++)
        buf_finish(&entries[i]);
    for (unsigned i = plain; i < count; i++)
        buf_finish(&twins[i]);
}

struct item *list_make(struct maker *m)
{
    struct item *item = own_item(m, "IPM.DistList");

    free(item->subject);
    item->subject = maker_words(m, item, 3);
    props_text(&item->props, PR_DISPLAY_NAME, item->subject);
    set_text(m, item, NAMED_LIST_NAME, item->subject);
    json_key(&item->json, "list");
    buf_addc(&item->json, '{');
    json_key_text(&item->json, "name", item->subject);
    add_members(m, item);
    buf_addc(&item->json, '}');
    return item;
}
