/*
 * Message ids in headers. Ids that RFC 5322 does not allow are common
 * (a@b@c, no @ at all); they are changed into ones that it does, always in
 * the same way, so that answers still name what they answer.
 */
#ifndef RENDER_MSGID_H
#define RENDER_MSGID_H

#include <stdbool.h>
#include <stddef.h>

#include "pipeline/base/buf.h"

/* len bytes from < to > that may stand as they are. */
bool msgid_is_valid(const char *id, size_t len);

/* Appends <...> made of id, which may lack its brackets. */
void msgid_repair(const char *id, size_t len, struct buf *out);

/* The next <...> without blanks at or after at; its length in *len_r, 0 and
 * NULL when there is none. */
const char *msgid_next(const char *at, const char *end, size_t *len_r);

/* Appends a header of all the ids in text, repaired where they must be;
 * nothing when there are none. */
void msgid_write(struct buf *out, const char *name, const char *text,
                 size_t len);

#endif
