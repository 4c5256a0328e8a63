/*
 * One item of each thing that mail may have and that readers get wrong, for
 * the tests that look for just that: its subject is "case NAME", and the
 * manifest has "case":"NAME" with what to expect.
 */
#ifndef MKPST_CASES_H
#define MKPST_CASES_H

#include "tools/mkpst/maker.h"

/* Case i; NULL past the last. */
struct item *case_make(struct maker *m, unsigned i);

/* ---- for the files of cases ---- */

struct case_row {
    const char *name;
    void (*fill)(struct maker *m, struct item *item);
    const char *class; /* NULL: IPM.Note */
};

extern const struct case_row case_bodies[], case_parts[], case_people[];
extern const size_t case_bodies_count, case_parts_count, case_people_count;

/* Mail with sender, recipients, times and nothing else; ASCII. */
struct item *case_item(struct maker *m, const char *class, const char *name);
void case_text(struct item *item, const char *text);
void case_html(struct item *item, const char *html);
void case_rtf(struct item *item, const char *rtf);
/* An attachment of these bytes. */
struct part *case_part(struct item *item, const char *name, const char *mime,
                       const void *data, size_t len);

#endif
