/* What the command line asks for. */
#ifndef MKPST_OPTIONS_H
#define MKPST_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "pipeline/pst/crypt.h"
#include "tools/mkpst/variant.h"

#define SMIME_MOST 8

struct options {
    const char *out;
    const char *manifest; /* NULL: none */
    const struct variant *variant;
    enum pst_crypt crypt;
    uint64_t seed;
    uint32_t messages, folders, depth;
    unsigned attachment_rate, largest; /* percent */
    uint64_t body_size;                /* mean, bytes */
    uint64_t big;                      /* one attachment of that size */
    uint64_t large;                    /* the same, once in a mixed store */
    uint64_t size; /* of the store, about; 0 = as it comes */
    bool mail_only, calendar_only;
    const char *password;
    const uint8_t *ole; /* bytes of OLE attachments; NULL: there are none */
    size_t ole_size;
    bool cases;                    /* one item of each (cases.h) */
    const char *smime[SMIME_MOST]; /* files with signed messages */
    unsigned smime_count;
};

#endif
