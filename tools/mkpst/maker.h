/* What all generators of items share. */
#ifndef MKPST_MAKER_H
#define MKPST_MAKER_H

#include "tools/mkpst/named.h"
#include "tools/mkpst/options.h"
#include "tools/mkpst/person.h"

/* What a member that is a link points to; nid 0: nothing yet. */
struct linked {
    uint32_t nid;
    char name[256];
    const struct person *mail; /* of a contact */
};

struct maker {
    const struct options *opt;
    struct cast cast;
    bool unicode;
    struct rng rng;  /* of the item being made */
    uint64_t number; /* of the item being made */
    const struct store *store;
    struct linked contact, list; /* made last: lists name them */
};

/* A new item of a class in a script that is picked; the times and flags are
 * those of received mail. */
struct item *maker_item(struct maker *m, const char *class);
int64_t maker_time(struct maker *m); /* 1999 .. 2024 */
uint16_t maker_name(const struct maker *m, enum named name);
/* A few words in the item's script; malloc'd. */
char *maker_words(struct maker *m, const struct item *item, unsigned count);
/* Sets the multi-valued Keywords. */
void maker_keywords(struct maker *m, struct item *item);

/* ---- generators ---- */

/* Mail with recipients, body and attachments; depth counts embedding. */
struct item *note_make(struct maker *m, const char *class, unsigned depth);
void note_subject(struct maker *m, struct item *item);
void note_recipients(struct maker *m, struct item *item);

/* Bodies of about size bytes of text: text, HTML, RTF or several. */
void body_make(struct maker *m, struct item *item, uint64_t size);
/* Text only. */
void body_text(struct maker *m, struct item *item, uint64_t size);

/* Transport headers that fit the item. */
void headers_make(struct maker *m, struct item *item);

/* Attachments by chance; embedded messages while depth allows. */
void parts_make(struct maker *m, struct item *item, unsigned depth);
/* One attachment of a size; cid: inline. */
struct part *parts_add(struct maker *m, struct item *item, uint64_t size,
                       const char *cid);

struct item *contact_make(struct maker *m);
struct item *list_make(struct maker *m);
struct item *event_make(struct maker *m, const char *class);
struct item *task_make(struct maker *m);
struct item *task_request_make(struct maker *m);
struct item *sticky_make(struct maker *m);
struct item *journal_make(struct maker *m);

#endif
