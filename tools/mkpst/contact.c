#include <stdio.h>
#include <string.h>

#include "pipeline/pst/crypt.h"
#include "tools/mkpst/json.h"
#include "tools/mkpst/maker.h"
#include "tools/mkpst/message.h"

#define BIRTH_FIRST  (-631152000) /* 1950-01-01 */
#define DAY          86400
#define DAYS         18000
#define MEMBERS_MOST 12

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
               NAMED_EMAIL2_ORIGINAL}};

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

static void add_members(struct maker *m, struct item *item)
{
    struct buf entries[MEMBERS_MOST];
    struct buf cleanup_buf all = MEM_BUF;
    unsigned count = 1 + rng_below(&m->rng, MEMBERS_MOST);

    json_key(&item->json, "members");
    buf_addc(&item->json, '[');
    for (unsigned i = 0; i < count; i++) {
        entries[i] = (struct buf)MEM_BUF;
        add_member(item, cast_pick(&m->cast, &m->rng, item->script),
                   &entries[i], i == 0);
        buf_add(&all, entries[i].data, entries[i].len);
    }
    buf_addc(&item->json, ']');
    props_binaries(&item->props, maker_name(m, NAMED_LIST_MEMBERS), entries,
                   count);
    props_binaries(&item->props, maker_name(m, NAMED_LIST_ONE_OFFS), entries,
                   count);
    props_int(&item->props, maker_name(m, NAMED_LIST_CHECKSUM),
              crypt_crc(buf_str(&all), all.len));
    for (unsigned i = 0; i < count; i++)
        buf_finish(&entries[i]);
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
