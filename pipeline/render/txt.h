/* Notes as plain text: the body, below the subject where it lacks that. */
#ifndef RENDER_TXT_H
#define RENDER_TXT_H

#include "pipeline/render/render_priv.h"

void txt_note(struct message *m, const char *method, struct native *out);

#endif
