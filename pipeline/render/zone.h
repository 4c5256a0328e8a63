/*
 * The little of time zones that UTC output needs: all-day events are stored
 * as local midnights in UTC, and must become dates. Offsets come from the
 * item's own zone blobs ([MS-OXOCAL] 2.2.1.39, 2.2.1.41), never from files.
 */
#ifndef RENDER_ZONE_H
#define RENDER_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZONE_OFFSETS 2 /* standard and daylight time */

struct zone {
    int64_t offsets[ZONE_OFFSETS]; /* seconds east of UTC */
    size_t count;                  /* 0: not known */
};

/* PidLidTimeZoneStruct, and PidLidAppointmentTimeZoneDefinition* (its last
 * rule). False when the bytes are neither. */
bool zone_parse_struct(const uint8_t *data, size_t len, struct zone *z_r);
bool zone_parse_definition(const uint8_t *data, size_t len, struct zone *z_r);

/* The local midnight (as if it were UTC) that the instant stands for: by the
 * zone where that gives a midnight, else the nearer one. */
int64_t zone_date(const struct zone *z, int64_t unix_sec);

#endif
