/* Times: FILETIME (100 ns since 1601-01-01 UTC) and their texts. No libc
 * time zone is ever used: all output is UTC, so it is the same everywhere. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Seconds since 1970 of a FILETIME, rounded down; *nsec_r may be NULL. */
int64_t time_from_filetime(uint64_t filetime, uint32_t *nsec_r);
uint64_t time_to_filetime(int64_t unix_sec);

/* Broken-down UTC, proleptic Gregorian, any year from 1 to 9999; others are
 * brought to the nearer end. */
struct time_utc {
    int year, month, day; /* month 1..12, day 1..31 */
    int hour, minute, second;
    int weekday; /* 0 = Sunday */
};
void time_split(int64_t unix_sec, struct time_utc *out_r);
int64_t time_joined(const struct time_utc *t);

/* Buffers of TIME_TEXT_MAX bytes are always enough. Each returns buf. */
#define TIME_TEXT_MAX 48
char *time_rfc5322(int64_t unix_sec, char *buf); /* Sun, 01 Feb 2004 .. +0000 */
char *time_rfc3339(int64_t unix_sec, char *buf); /* 2004-02-01T12:00:00Z */
char *time_ical(int64_t unix_sec, char *buf);    /* 20040201T120000Z */
char *time_imap(int64_t unix_sec, char *buf);    /* " 1-Feb-2004 12:.. +0000" */

int64_t time_now(void);      /* wall clock, seconds */
uint64_t time_mono_ms(void); /* monotonic, milliseconds */

#endif
