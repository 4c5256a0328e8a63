/*
 * Events and tasks as iCalendar (RFC 5545, [MS-OXCICAL]). Written by hand:
 * libical reads zone files as soon as it meets a UTC time, which the reader's
 * sandbox forbids; it is the judge in the tests.
 */
#ifndef RENDER_ICS_H
#define RENDER_ICS_H

#include "pipeline/render/render_priv.h"

void ics_event(struct message *m, const char *method, struct native *out);
void ics_task(struct message *m, const char *method, struct native *out);
/* Of the task that a request or its answer has inside; nothing without one. */
void ics_task_request(struct message *m, const char *method,
                      struct native *out);

#endif
