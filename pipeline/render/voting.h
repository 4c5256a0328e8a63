/* Voting buttons: the property PidLidVerbStream ([MS-OXOMSG] 2.2.1.74). */
#ifndef RENDER_VOTING_H
#define RENDER_VOTING_H

#include "pipeline/base/buf.h"

#define VOTING_OPTIONS_MAX 64

/* Appends the names of the options, "; " between; nothing when the stream is
 * none or has none. codepage: of the names it has in 8 bits. */
void voting_options(const uint8_t *data, size_t len, unsigned codepage,
                    struct buf *out);

#endif
