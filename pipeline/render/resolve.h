/*
 * The SMTP address of somebody whom a property names by an Exchange (X.500)
 * address, by an entry id or by name only: from all else that the item says
 * of the same person.
 */
#ifndef RENDER_RESOLVE_H
#define RENDER_RESOLVE_H

#include "pipeline/render/render_priv.h"

/* Where an object has its facts of a person; 0: nowhere. */
struct resolve_ids {
    uint16_t name, type, addr, smtp, entry, search;
};

/* addr when it can stand in a header, without blanks, brackets and "smtp:";
 * else NULL. */
const char *resolve_usable(struct work *w, const char *addr);

/* Each NULL when it does not know. By the object's own one-off entry id,
 * proxy addresses (800F) or search key; */
const char *resolve_own(struct message *m, struct pst_props *props,
                        const struct resolve_ids *ids);
/* by an Exchange address that other properties or recipients pair with an
 * SMTP address; */
const char *resolve_x500(struct message *m, const char *x500);
/* by a name that they pair with one. */
const char *resolve_name(struct message *m, const char *name);

#endif
