/*
 * Items that a crash or a lost connection left in `sending`: nobody knows
 * whether the target has them. They are looked up there before anything else
 * is sent; what is found is ingested, the rest goes back to listed.
 */
#ifndef STAGE_RECOVER_H
#define STAGE_RECOVER_H

#include "pipeline/stage/run.h"

int recover_folder(struct run *run, const struct run_folder *folder,
                   struct err *err);
/* Why an item cannot be rendered, in words, into reason_r. */
void recover_reason(struct run *run, uint32_t nid, int error, char *reason_r,
                    size_t size);

#endif
