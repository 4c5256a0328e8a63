/* The texts of the mount's control files, taken apart; no file is touched
 * here. The files' own help (.ctl/help) says what they hold. */
#ifndef TOOLS_CTL_TEXT_H
#define TOOLS_CTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/base/buf.h"

#define CTL_FIELDS_MAX 64 /* of a CSV row; more are dropped */

/* Next row of RFC 4180 text, undone in place: *text moves behind it. The
 * number of fields, 0 at the end of the text. */
size_t ctl_csv_row(char **text, char *fields[CTL_FIELDS_MAX]);

/* Where a column of this name is in the head row; -1 nowhere. */
int ctl_csv_column(char *const *head, size_t n, const char *name);

/* One line of `progress`: STATE STAGE DONE/TOTAL PERCENT% RATE/s ETAs. */
struct ctl_progress {
    char state[16], stage[16];
    int64_t done, total; /* total 0: still counting */
    int percent;
    int64_t rate; /* items a second */
    int64_t eta;  /* seconds, -1 unknown */
};
/* 0, or -EINVAL when it is no such line. */
int ctl_progress_parse(const char *line, struct ctl_progress *p_r);
/* The job goes on no more (or there is none). */
bool ctl_progress_ended(const struct ctl_progress *p);

/* Value of a key in `key value` lines, into out; false when not there. */
bool ctl_value(const char *text, const char *key, struct buf *out);

/* The reason in the newest entry of `errors` that is about this file; an
 * entry is a line "TIME uid N FILE" and indented lines, the last of them the
 * reason. false when there is none. */
bool ctl_error_of(const char *errors, const char *file, struct buf *out);

/* Text as it may go to a terminal: control characters become '?', UTF-8 that
 * is none becomes U+FFFD. */
void ctl_clean(struct buf *out, const char *text, size_t len);
/* Columns it takes there. */
size_t ctl_width(const char *text);
/* Bytes as a person reads them: "812", "1.4K", "23M". */
void ctl_add_size(struct buf *out, int64_t bytes);

#endif
