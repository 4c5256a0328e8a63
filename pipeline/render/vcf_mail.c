#include <string.h>
#include <strings.h>

#include "pipeline/render/fetch.h"
#include "pipeline/render/oneoff.h"
#include "pipeline/render/vcf_priv.h"

static const struct {
    enum name type, address, original, display, entry;
} emails[CONTACT_EMAILS] = {
    {NAME_EMAIL1_TYPE, NAME_EMAIL1_ADDRESS, NAME_EMAIL1_ORIGINAL,
     NAME_EMAIL1_DISPLAY, NAME_EMAIL1_ENTRY},
    {NAME_EMAIL2_TYPE, NAME_EMAIL2_ADDRESS, NAME_EMAIL2_ORIGINAL,
     NAME_EMAIL2_DISPLAY, NAME_EMAIL2_ENTRY},
    {NAME_EMAIL3_TYPE, NAME_EMAIL3_ADDRESS, NAME_EMAIL3_ORIGINAL,
     NAME_EMAIL3_DISPLAY, NAME_EMAIL3_ENTRY},
};

/* The address that a text is, or has at its end: "Name (a@b.c)". */
static const char *address_in(struct work *w, const char *text)
{
    size_t len = strlen(text);
    const char *open = strrchr(text, '(');

    if (!open)
        open = strrchr(text, '<');
    if (address_is_valid(text, len))
        return text;
    if (!open || len < 2 || !strchr(")>", text[len - 1]))
        return "";
    text = fetch_copy(w, open + 1, len - (size_t)(open - text) - 2);
    return address_is_valid(text, strlen(text)) ? text : "";
}

/* What the contact has beside an Exchange address. */
static const char *smtp_of(struct message *m, unsigned n)
{
    size_t len = 0;
    const uint8_t *id = fetch_blob(m, named_id(m->work, emails[n].entry), &len);
    const char *found = address_in(m->work, fetch_named(m, emails[n].original));
    struct mailbox box;

    if (!*found)
        found = address_in(m->work, fetch_named(m, emails[n].display));
    if (!*found && id &&
        oneoff_parse(m->work, pst_props_codepage(m->props), id, len, &box) &&
        box.addr)
        found = box.addr;
    return found;
}

bool vcf_email(struct message *m, unsigned n, struct mailbox *box_r)
{
    const char *type = fetch_named(m, emails[n].type);
    const char *addr = fetch_named(m, emails[n].address), *smtp;

    *box_r = (struct mailbox){.name = fetch_named(m, emails[n].display),
                              .other = ""};
    if (strcasecmp(type, "EX") != 0 && address_is_valid(addr, strlen(addr))) {
        box_r->addr = addr;
        return true;
    }
    if (strcasecmp(type, "FAX") == 0)
        return false;
    smtp = smtp_of(m, n);
    if (*smtp)
        box_r->addr = smtp;
    if (addr != smtp)
        box_r->other = addr;
    return box_r->addr || *addr;
}
