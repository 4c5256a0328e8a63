/* Contacts and distribution lists as vCard 3.0 (RFC 2426) or 4.0 (RFC 6350). */
#ifndef RENDER_VCF_H
#define RENDER_VCF_H

#include "pipeline/render/render_priv.h"

void vcf_contact(struct message *m, const char *method, struct native *out);
void vcf_list(struct message *m, const char *method, struct native *out);

#endif
