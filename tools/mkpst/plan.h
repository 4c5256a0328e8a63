/* Which items a store gets, in which folders. */
#ifndef MKPST_PLAN_H
#define MKPST_PLAN_H

#include "tools/mkpst/maker.h"
#include "tools/mkpst/manifest.h"

/* Makes, writes and records all items that the options ask for. */
void plan_run(const struct options *opt, struct tree *t, struct manifest *out);

#endif
