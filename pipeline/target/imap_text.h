/* The grammar of IMAP's answers (RFC 3501 section 9), without a network. */
#ifndef TARGET_IMAP_TEXT_H
#define TARGET_IMAP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/base/buf.h"

/* Where a parser stands. Literals lie inline: "{5}\r\nhello". */
struct imap_text {
    const char *p, *end;
};

/* Each takes what it names from the front and returns true, or leaves the
 * text as it was. Words compare without case. */
bool imap_take(struct imap_text *t, const char *word);
bool imap_number(struct imap_text *t, uint64_t *n_r);
/* An atom, a quoted string or a literal; NIL is an empty string. */
bool imap_string(struct imap_text *t, struct buf *out);
/* The same without a copy where it can be: quoted strings stay escaped. */
bool imap_span(struct imap_text *t, const char **p_r, size_t *len_r);
/* One value of any kind, lists with all in them. */
bool imap_skip(struct imap_text *t);

/* Does a list "(\Seen $Forwarded \*)" hold that word? */
bool imap_list_has(struct imap_text list, const char *word);

/* Adds "text" in quotes; it must not hold CR, LF or NUL. */
void imap_quote(struct buf *out, const char *text);

/* One message of a FETCH answer. */
struct imap_fetch {
    uint64_t uid, size; /* 0: not said */
    bool has_size;
    const char *body; /* of whatever BODY[...] there was, else NULL */
    size_t body_len;
};
/* "12 FETCH (UID 7 ...)"; false when it is something else. */
bool imap_fetch_parse(const char *line, size_t len, struct imap_fetch *f_r);

/* The errno for the code of a NO, such as OVERQUOTA; EIO for all others. */
int imap_code_errno(const char *code);

/* Writes uids (ascending) as a set: "1:3,7". */
void imap_set_write(struct buf *out, const uint32_t *uids, size_t n);
/* The n uids of a set, in its order; false when it has another number. */
bool imap_set_read(const char *text, uint32_t *uids_r, size_t n);

#endif
