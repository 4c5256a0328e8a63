/*
 * What a stage's failure means when it is the source's doing: the file has
 * changed under the job (job.on_change), or it or its disk is not there
 * (job.on_missing). Nothing of a torn batch counts as sent.
 */
#ifndef STAGE_SETTLE_H
#define STAGE_SETTLE_H

#include "pipeline/stage/run.h"

#define SETTLE_LOOK_MS 1000 /* between two looks at a file that changes */

/* Is it the source, when a stage has failed with rc? Waits reader.timeout at
 * most. */
bool settle_is_source(struct run *run, int rc);
/* Does as the settings say: 0 when the job is to go on from its first stage
 * (its ledger listed anew where the file is another), a run_halt, or rc with
 * the reason why the job ends. err has the words of the failure. */
int settle_source(struct run *run, int rc, struct err *err);

#endif
