/* Property values in arena memory, so that a writer is a list of lines. Damage
 * is noted as a defect; the value then counts as absent. */
#ifndef RENDER_FETCH_H
#define RENDER_FETCH_H

#include "pipeline/render/render_priv.h"

/* UTF-8 text with LF line ends, at most RENDER_VALUE_MAX; "" when absent. */
const char *fetch_text(struct message *m, struct pst_props *props, uint16_t id);
/* The same of the message's own and of its named properties. */
const char *fetch_own(struct message *m, uint16_t id);
const char *fetch_named(struct message *m, enum name name);
/* Element i of a multi-valued string; NULL past the end. */
const char *fetch_element(struct message *m, uint16_t id, size_t i);
const char *fetch_element_of(struct message *m, struct pst_props *props,
                             uint16_t id, size_t i);

/* Bytes of a binary value, at most RENDER_BLOB_MAX; NULL when absent. */
const uint8_t *fetch_blob(struct message *m, uint16_t id, size_t *len_r);
const uint8_t *fetch_bytes(struct message *m, struct pst_props *props,
                           uint16_t id, size_t *len_r);

int32_t fetch_int(struct message *m, enum name name, int32_t fallback);
bool fetch_bool(struct message *m, enum name name);
uint64_t fetch_time(struct message *m, enum name name); /* FILETIME, 0 none */

/* A arena copy; "" when memory ran out (work->error then tells). */
const char *fetch_copy(struct work *w, const char *text, size_t len);
void *fetch_alloc(struct work *w, size_t size);
/* printf into the arena. */
const char *fetch_format(struct work *w, const char *fmt, ...)
    printf_like(2, 3);

#endif
