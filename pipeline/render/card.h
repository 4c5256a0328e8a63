/*
 * Content lines, as vCard 3.0 (RFC 2426) and iCalendar (RFC 5545) share them:
 * folded at 75 octets, never inside a character, ended by LF. Control
 * characters in values become blanks, so that no value can make a line.
 */
#ifndef RENDER_CARD_H
#define RENDER_CARD_H

#include "pipeline/base/buf.h"

#define CARD_COLUMNS 75

/* "name:value" with the value as it is: dates, numbers, rules. */
void card_raw(struct buf *out, const char *name, const char *value);
/* With the value escaped as text. Nothing when it is empty. */
void card_text(struct buf *out, const char *name, const char *value);
/* Escaped texts put together by a character: N and ADR by ";" (empty ones
 * kept), CATEGORIES by "," . Nothing when all are empty. */
void card_list(struct buf *out, const char *name, const char *const *values,
               size_t count, char between);

/* Appends a parameter value, quoted when it must be; quotes become '. */
void card_param(struct buf *to, const char *value);

#endif
