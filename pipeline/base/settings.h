/*
 * All settings: one table, each with a name, a default, a check and a line of
 * help. Read from an ini file ([section] key = value, libinih) into names of
 * the form section.key; unknown names and bad values are errors that name the
 * file and line.
 */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/base/err.h"

struct settings;

/* Defaults, then path over them (NULL: defaults only). */
int settings_new(const char *path, struct settings **s_r, struct err *err);
void settings_free(struct settings **s);

/* name must be in the table (asserted). Text is owned by s. */
const char *settings_text(const struct settings *s, const char *name);
int64_t settings_int(const struct settings *s, const char *name);
bool settings_bool(const struct settings *s, const char *name);

/* The table, for listing: NULL name ends it. */
struct setting_row {
    const char *name, *fallback, *help;
    bool secret; /* the value may not be shown */
    /* False when value is not allowed; *why says what is ("must be ..."). */
    bool (*check)(const char *value, const char **why);
};
const struct setting_row *settings_table(void);

#endif
