/* Shared by vcf.c (contacts) and vcf_list.c (distribution lists). */
#ifndef RENDER_VCF_PRIV_H
#define RENDER_VCF_PRIV_H

#include "pipeline/render/address.h"
#include "pipeline/render/render_priv.h"

#define CONTACT_EMAILS 3

/* A contact's full name: the display name, or what stands for it. */
const char *vcf_name(struct message *m);
/* Its email n (0 to CONTACT_EMAILS - 1): an Exchange address is replaced by
 * the SMTP one that the contact has for it, and kept in box->other. False
 * when there is none. */
bool vcf_email(struct message *m, unsigned n, struct mailbox *box_r);

/* The version of all cards: 3 or 4 (render_setup). */
unsigned vcf_version(void);
/* The name and parameters of a line as this version has them, for those of
 * version 3. An arena text, or name itself. */
const char *vcf_line(struct work *w, const char *name);

/* What begins and ends every card. */
void vcf_open(struct buf *out);
void vcf_close(struct message *m, struct buf *out);

#endif
