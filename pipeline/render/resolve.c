#include "pipeline/render/resolve.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "pipeline/render/address.h"
#include "pipeline/render/fetch.h"
#include "pipeline/render/oneoff.h"

#define RECIPIENTS_ASKED 500 /* for the address of somebody else */
#define PROXIES_ASKED    64

/* Who else an item names with both addresses. */
static const struct resolve_ids people[] = {
    {PR_SENDER_NAME, 0, PR_SENDER_ADDR, PR_SENDER_SMTP, 0, 0},
    {PR_SENT_REPRESENTING_NAME, 0, PR_SENT_REPRESENTING_ADDR, PR_SENT_REPR_SMTP,
     0, 0},
    {PR_RECEIVED_BY_NAME, 0, PR_RECEIVED_BY_ADDR, PR_RECEIVED_BY_SMTP, 0, 0},
    {PR_RCVD_REPR_NAME, 0, PR_RCVD_REPR_ADDR, PR_RCVD_REPR_SMTP, 0, 0},
    {PR_CREATOR_NAME, 0, 0, PR_CREATOR_SMTP, PR_CREATOR_ENTRYID, 0},
    {PR_MODIFIER_NAME, 0, 0, PR_MODIFIER_SMTP, PR_MODIFIER_ENTRYID, 0},
};

/* Provider of Exchange's address book entry ids. */
static const uint8_t provider[16] = {0xDC, 0xA7, 0x40, 0xC8, 0xC0, 0x42,
                                     0x10, 0x1A, 0xB4, 0xB9, 0x08, 0x00,
                                     0x2B, 0x2F, 0xE1, 0x82};
#define ENTRY_DN 28 /* bytes before the X.500 address */

const char *resolve_usable(struct work *w, const char *addr)
{
    const char *clean = address_trim(w, addr, strlen(addr));
    size_t n = strlen(clean);

    if (n > 2 && clean[0] == '<' && clean[n - 1] == '>')
        clean = fetch_copy(w, clean + 1, n - 2);
    if (strncasecmp(clean, "smtp:", 5) == 0)
        clean += 5;
    return address_is_valid(clean, strlen(clean)) ? clean : NULL;
}

/* ---- what the object says of itself ---- */

static const char *by_entry(struct message *m, struct pst_props *props,
                            uint16_t id)
{
    size_t len;
    const uint8_t *data = fetch_bytes(m, props, id, &len);
    struct mailbox box;

    if (!data ||
        !oneoff_parse(m->work, pst_props_codepage(m->props), data, len, &box))
        return NULL;
    return box.addr;
}

/* "SMTP:" in capitals marks the primary address of several. */
static const char *by_proxies(struct message *m, struct pst_props *props)
{
    const char *text, *any = NULL;

    for (size_t i = 0; i < PROXIES_ASKED; i++) {
        text = fetch_element_of(m, props, PR_PROXY_ADDRESSES, i);
        if (!text)
            break;
        if (strncmp(text, "SMTP:", 5) == 0)
            return resolve_usable(m->work, text);
        if (!any && strncasecmp(text, "smtp:", 5) == 0)
            any = resolve_usable(m->work, text);
    }
    return any;
}

/* "SMTP:" and the address, in capitals, a NUL behind. */
static const char *by_search_key(struct message *m, struct pst_props *props,
                                 uint16_t id)
{
    size_t len;
    const uint8_t *data = fetch_bytes(m, props, id, &len);
    char text[ADDR_MAX + 1];
    size_t n = 0;

    if (!data || len <= 5 || memcmp(data, "SMTP:", 5) != 0)
        return NULL;
    for (size_t i = 5; i < len && data[i] && n < ADDR_MAX; i++)
        text[n++] = (char)tolower(data[i]);
    text[n] = '\0';
    return resolve_usable(m->work, text);
}

const char *resolve_own(struct message *m, struct pst_props *props,
                        const struct resolve_ids *ids)
{
    const char *addr = by_entry(m, props, ids->entry);

    if (!addr && props != m->props)
        addr = by_proxies(m, props);
    if (!addr)
        addr = by_search_key(m, props, ids->search);
    return addr;
}

/* ---- what it says of others ---- */

static const char *entry_x500(struct message *m, uint16_t id)
{
    size_t len;
    const uint8_t *data = fetch_bytes(m, m->props, id, &len);

    if (!data || len <= ENTRY_DN || memcmp(data + 4, provider, 16) != 0)
        return "";
    return fetch_copy(m->work, (const char *)data + ENTRY_DN,
                      strnlen((const char *)data + ENTRY_DN, len - ENTRY_DN));
}

static const char *person_x500(struct message *m, const struct resolve_ids *ids)
{
    return ids->addr ? fetch_own(m, ids->addr) : entry_x500(m, ids->entry);
}

const char *resolve_x500(struct message *m, const char *x500)
{
    size_t n = pst_item_recipients(m->item);
    const char *smtp;

    if (!*x500)
        return NULL;
    for (size_t i = 0; i < n && i < RECIPIENTS_ASKED; i++) {
        struct pst_props *row = pst_item_recipient(m->item, i);
        smtp = row ? fetch_text(m, row, PR_SMTP_ADDRESS) : "";
        if (*smtp &&
            strcasecmp(fetch_text(m, row, PR_EMAIL_ADDRESS), x500) == 0)
            return resolve_usable(m->work, smtp);
    }
    for (size_t i = 0; i < array_len(people); i++) {
        smtp = fetch_own(m, people[i].smtp);
        if (*smtp && strcasecmp(person_x500(m, &people[i]), x500) == 0)
            return resolve_usable(m->work, smtp);
    }
    return NULL;
}

const char *resolve_name(struct message *m, const char *name)
{
    for (size_t i = 0; *name && i < array_len(people); i++) {
        const char *smtp = fetch_own(m, people[i].smtp);
        if (*smtp && strcasecmp(fetch_own(m, people[i].name), name) == 0)
            return resolve_usable(m->work, smtp);
    }
    return NULL;
}
