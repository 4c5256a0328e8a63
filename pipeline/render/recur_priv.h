/* The words of a recurrence blob, as recur.c and recur_rule.c share them. */
#ifndef RENDER_RECUR_PRIV_H
#define RENDER_RECUR_PRIV_H

#define DAY       86400
#define EVERY_DAY 0x7F /* a mask of week days */

#define FREQ_DAILY  0x200A
#define FREQ_YEARLY 0x200D

#define PATTERN_DAY      0
#define PATTERN_WEEK     1
#define PATTERN_MONTH    2
#define PATTERN_NTH      3
#define PATTERN_MONTHEND 4
#define PATTERN_HIJRI    10 /* the three above, by Hijri months */
#define CALENDAR_HIJRI   6

#define END_DATE  0x2021
#define END_COUNT 0x2022

#endif
