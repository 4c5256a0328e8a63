/* How the reader processes of this process are held: reader_setup's result. */
#ifndef READER_RULES_H
#define READER_RULES_H

#include <sys/types.h>

struct reader_share;

struct reader_rules {
    char sandbox[16]; /* word for the child: auto, require, off */
    uid_t uid;
    gid_t gid;
    unsigned vcard;      /* 3 or 4 */
    unsigned codepage;   /* of 8-bit text that names none, 0 by majority */
    unsigned timeout_ms; /* longest silence of a child that was asked */
    unsigned libpff_ms;  /* the same of libpff's */
};

const struct reader_rules *reader_rules(void);
/* Its functions are NULL where nothing is shared. */
const struct reader_share *reader_shared(void);

#endif
