/*
 * Events and tasks as iCalendar (RFC 5545), times in UTC. Written by hand, as
 * libical reads zone files as soon as it meets a UTC time, which the reader's
 * sandbox forbids; libical is the judge in the tests.
 */
#ifndef RENDER_ICS_H
#define RENDER_ICS_H

#include "pipeline/render/render_priv.h"

void ics_event(struct message *m, const char *method, struct native *out);
void ics_task(struct message *m, const char *method, struct native *out);

#endif
