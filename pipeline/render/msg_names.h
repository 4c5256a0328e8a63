/*
 * The names of a message file's named properties: one storage for the whole
 * file, embedded messages included ([MS-OXMSG] 2.2.3).
 */
#ifndef RENDER_MSG_NAMES_H
#define RENDER_MSG_NAMES_H

#include "pipeline/pst/pst.h"
#include "pipeline/render/cfb.h"

#define MSG_NAMES_MAX      0x7FFEu    /* ids 0x8000..0xFFFD */
#define MSG_NAMES_TEXT_MAX (8u << 20) /* bytes of all texts */

struct msg_names;

struct msg_names *msg_names_new(void); /* NULL on ENOMEM */
void msg_names_free(struct msg_names **n);

/* The number of a name in this file, from 0x8000 on in the order of asking;
 * 0 when there is no room for it. Equal names have one number. */
uint16_t msg_names_id(struct msg_names *n, const struct pst_name *name);

/* Adds the storage to c's root; n must live until cfb_write is done. ENOMEM. */
int msg_names_write(struct msg_names *n, struct cfb *c);

#endif
