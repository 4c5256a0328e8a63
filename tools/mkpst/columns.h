/* The column sets of the standard tables (mspst.md section 17), and the nodes
 * that hold them as templates. */
#ifndef MKPST_COLUMNS_H
#define MKPST_COLUMNS_H

#include "tools/mkpst/table.h"

enum columns {
    COLUMNS_HIERARCHY,
    COLUMNS_CONTENTS,
    COLUMNS_HIDDEN,
    COLUMNS_SEARCH,
    COLUMNS_ATTACHMENTS,
    COLUMNS_RECIPIENTS,
    COLUMNS_RECEIVE,
    COLUMNS_OUTGOING,
    COLUMNS_COUNT
};

struct column_set {
    uint32_t nid; /* of the template */
    const column_tag *tags;
    size_t count;
    const column_tag *ansi; /* where ANSI stores have fewer; else NULL */
    size_t ansi_count;
};

extern const struct column_set column_sets[COLUMNS_COUNT];

/* A new table of the set. */
struct table *columns_table(struct blocks *b, const struct encoding *enc,
                            enum columns set);

#endif
