/* The tables and how they came to be: steps that lead from each version of
 * the schema to the next. A step that was released is never edited. */
#ifndef DB_SCHEMA_H
#define DB_SCHEMA_H

#include "pipeline/db/driver.h"

struct schema_step {
    const char *what; /* for messages */
    const char *sql;
};

/* Takes the file from its version (0: empty) to version n by steps, all or
 * none; -EPROTO when it is newer than that. */
int schema_migrate(struct driver *driver, const struct schema_step *steps,
                   size_t n, struct err *err);

/* The steps of this program; their number is its version. */
const struct schema_step *schema_steps(size_t *n_r);

#endif
