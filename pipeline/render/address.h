/*
 * Mailboxes: from properties, from the recipient table, from header text; and
 * address headers. An Exchange (X.500) address is replaced by the SMTP address
 * that some property or original header tells for the same name, never by
 * that of the store's owner; else by a placeholder that can be parsed, with
 * the X.500 address kept in an X-Pstfs-X500 header.
 */
#ifndef RENDER_ADDRESS_H
#define RENDER_ADDRESS_H

#include "pipeline/render/header.h"
#include "pipeline/render/render_priv.h"
#include "pipeline/render/transport.h"

#define ADDRESS_UNKNOWN "undisclosed@invalid"
#define ADDR_MAX        254 /* RFC 5321 4.5.3.1 */

struct mailbox {
    const char *name;  /* display name, "" when none */
    const char *addr;  /* addr-spec; NULL when not known */
    const char *other; /* an address that is not SMTP, "" when none */
};

struct mailboxes {
    struct mailbox *list;
    size_t count, room;
};

/* True for an addr-spec that can stand in a header as it is. */
bool address_is_valid(const char *addr, size_t len);

/* True when an address header's text follows RFC 5322 closely enough for any
 * parser: no comments, no dots in names, no local addresses. */
bool address_is_strict(const char *text, size_t len);

/* Reads an address header's text, loosely, encoded words decoded. Names and
 * addresses are copies; an entry without a usable address has addr NULL. */
void address_parse(struct work *w, const char *text, size_t len,
                   struct mailboxes *list_r);

/* The mailbox of one recipient row. */
struct mailbox address_recipient(struct message *m, struct pst_props *row,
                                 const struct transport *t);
/* PR_SENT_REPRESENTING_* and PR_SENDER_*. */
struct mailbox address_represented(struct message *m,
                                   const struct transport *t);
struct mailbox address_sender(struct message *m, const struct transport *t);

/* Who shall be told that the message was read. */
struct mailbox address_receipt(struct message *m);

/* Recipients of a type (1 to, 2 cc, 3 bcc) in row order; without any, the
 * names of the display property (0E04, 0E03, 0E02). */
void address_list(struct message *m, int type, const struct transport *t,
                  struct mailboxes *list_r);

/* An arena copy without blanks at the ends. */
const char *address_trim(struct work *w, const char *text, size_t len);

void address_add(struct work *w, struct mailboxes *list, struct mailbox box);

/* Appends "Name: a, b" and an X-Pstfs-X500 line for each address that the
 * header could not carry. Nothing for an empty list. */
void address_write(struct message *m, struct buf *out, const char *name,
                   const struct mailboxes *list);

#endif
