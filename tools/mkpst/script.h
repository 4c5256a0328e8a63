/* Words, sentences and names in many scripts, each with the code page that
 * holds them in ANSI stores. */
#ifndef MKPST_SCRIPT_H
#define MKPST_SCRIPT_H

#include "pipeline/base/buf.h"
#include "tools/mkpst/random.h"

struct script {
    const char *name;
    unsigned codepage; /* ANSI; 0: in Unicode stores only */
    uint32_t locale;
    const char *joint; /* between words */
    const char *stop;  /* after a sentence */
    const char *const *words;
    size_t word_count;
    const char *const *given, *const *family;
    size_t given_count, family_count;
    bool family_first;
};

extern const struct script scripts[];
extern const size_t script_count;

/* English is first and stands for a good half of all picks. */
const struct script *script_pick(struct rng *r, bool unicode);

void script_words(const struct script *s, struct rng *r, unsigned count,
                  struct buf *out);
/* A paragraph of about len bytes, without line end. */
void script_paragraph(const struct script *s, struct rng *r, size_t len,
                      struct buf *out);
/* Paragraphs with CR LF between them, about len bytes. They come from a
 * stock that is made once per script: fast enough for gigabytes. */
void script_body(const struct script *s, struct rng *r, size_t len,
                 struct buf *out);
void script_release(void); /* frees the stock */

#endif
