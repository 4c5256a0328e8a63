/*
 * Items that ended readers, how often and of what: a short list, seldom
 * touched, shared by all readers of one file in this process. Any thread.
 */
#ifndef READER_SKIPS_H
#define READER_SKIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pipeline/base/err.h"

#define SKIPS_MAX     4096 /* items remembered; the oldest goes first */
#define SKIPS_WHY_MAX 128  /* bytes of a reason kept */

struct skips;
struct reader_file;

/* The list of the file at path, given back with skips_put; NULL on ENOMEM. */
struct skips *skips_get(const char *path);
void skips_put(struct skips **skips);

/* Another file lies at the path, or it has changed, when file->now is not that
 * of the last call: then nothing is known any more. */
void skips_belong(struct skips *skips, const struct reader_file *file);
/* Counts one reader that nid ended. */
void skips_add(struct skips *skips, uint32_t nid, const char *why);
/* It is known to be refused in this state of the file; no matter in others. */
void skips_seed(struct skips *skips, const struct reader_file *file,
                uint32_t nid, const char *why);
/* Takes an item that has become refused by skips_add and was not taken yet:
 * false none. lasting_r: the state of the file (reader_file). */
bool skips_news(struct skips *skips, uint64_t *lasting_r, uint32_t *nid_r,
                char why_r[SKIPS_WHY_MAX]);
/* Has it ended READER_KILLS_MAX? Then err (may be NULL) says so. */
bool skips_refused(struct skips *skips, uint32_t nid, struct err *err);

/* The n-th refused item, false past the end. */
bool skips_at(struct skips *skips, size_t n, uint32_t *nid_r,
              char why_r[SKIPS_WHY_MAX]);

#endif
