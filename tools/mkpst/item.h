/*
 * An item in memory, before it is written: what a generator makes, message.c
 * writes and manifest.c describes. One at a time is alive.
 */
#ifndef MKPST_ITEM_H
#define MKPST_ITEM_H

#include "pipeline/base/hash.h"
#include "tools/mkpst/props.h"
#include "tools/mkpst/script.h"

#define TIME_NONE      INT64_MIN
#define PREFIX_NO_MARK (-1)

/* A person is owned by the cast (person.h). */
struct person {
    const struct script *script;
    char *name, *smtp;
    char *legacy; /* X.500 address; NULL: an SMTP person */
};

enum recipient_type { RECIPIENT_TO = 1, RECIPIENT_CC, RECIPIENT_BCC };

struct recipient {
    enum recipient_type type;
    const struct person *who;
};

struct part { /* an attachment */
    char *name;
    const char *mime;
    char *content_id;     /* NULL: not inline */
    struct item *item;    /* an embedded message, owned; else by value: */
    bool photo;           /* the picture of a contact */
    bool changed;         /* item is a changed instance of a series: */
    int64_t replaces;     /* which one, UTC */
    int64_t starts, ends; /* its times, local */
    const uint8_t *ole;   /* an OLE object's bytes, borrowed; else by seed: */
    bool has_data;        /* the bytes are data; size is theirs */
    struct buf data;
    int method;           /* 3705; 0: by what the part has */
    const char *link;     /* by reference: the path, and no bytes */
    const char *location; /* Content-Location */
    uint64_t size, seed;
    uint64_t stored; /* 0E20; as the hash filled in when written */
    uint8_t hash[HASH_SIZE];
};

struct item {
    uint32_t nid;
    const char *class;
    const struct script *script;
    struct encoding enc;
    unsigned html_codepage;
    char *subject; /* with its prefix */
    int prefix;    /* characters of it, or PREFIX_NO_MARK */
    char *message_id, *in_reply_to, *headers; /* NULL: none */
    int64_t delivered, submitted;
    uint32_t importance; /* 0 low, 1 normal, 2 high */
    bool read, replied, forwarded, flagged, draft;
    const struct person *from; /* NULL: none */
    const struct person *mail; /* of a contact: its first address */
    struct recipient *recipients;
    size_t recipient_count, recipient_cap;
    bool has_text, has_html, has_rtf;
    bool rtf_broken;  /* the compressed form is nonsense */
    bool narrow_text; /* String8 in the code page, in any store */
    bool rtf_stored;  /* MELA instead of LZFu */
    struct buf text, html, rtf;
    struct part *parts;
    size_t part_count, part_cap;
    struct props props; /* what the class adds */
    struct buf json;    /* what the class adds to the manifest: ,"x":... */
};

struct item *item_new(const char *class, const struct script *script,
                      bool unicode);
void item_free(struct item **item);
void item_recipient(struct item *item, enum recipient_type type,
                    const struct person *who);
/* A new attachment, all fields zero. */
struct part *item_part(struct item *item);
/* The names of one kind of recipient, "; " between them. */
void item_display(const struct item *item, enum recipient_type type,
                  struct buf *out);

#endif
