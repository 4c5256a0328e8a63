/* An item as an RFC 5322 message. */
#ifndef RENDER_EML_H
#define RENDER_EML_H

#include "pipeline/render/render_priv.h"

/* Appends the whole message to the work's segments; embedded messages in
 * turn. Damage becomes X-Pstfs-Defect headers. */
void eml_write(struct message *m);

#endif
