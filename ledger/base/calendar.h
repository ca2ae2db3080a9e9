/* Times and dates. A time is microseconds since 1970-01-01T00:00:00Z, a day is days since 1970-01-01 (UTC).
 * Text forms: RFC 3339 in UTC with a Z ("2026-11-22T01:02:03.456789Z") and ISO 8601 dates ("2026-11-22"). */
#ifndef LG_BASE_CALENDAR_H
#define LG_BASE_CALENDAR_H

#include "ledger/base/error.h"

#include <stdbool.h>
#include <stdint.h>

typedef int64_t lg_time; /* microseconds, UTC */
typedef int32_t lg_day;  /* days since 1970-01-01 */

#define LG_TIME_PER_SECOND INT64_C(1000000)
#define LG_TIME_PER_DAY    (86400 * LG_TIME_PER_SECOND)

typedef struct lg_time_text {
    char s[28]; /* 27 characters and NUL */
} lg_time_text;
typedef struct lg_day_text {
    char s[12]; /* 10 characters and NUL */
} lg_day_text;

/* The present, UTC. Shifted by the environment's TALLYSTICK_CLOCK_OFFSET (seconds, read once), which exists
 * so that deadlines can be rehearsed. */
lg_time lg_now(void);
/* Microseconds of a clock that is never set: only their differences mean anything. */
int64_t lg_monotonic_us(void);
lg_day lg_day_of(lg_time time); /* the UTC day that holds `time` */

lg_time_text lg_time_format(lg_time time); /* years 0001 to 9999; others give "invalid" */
lg_day_text lg_day_format(lg_day day);

/* Exactly YYYY-MM-DD, a real date of the Gregorian calendar, years 1900 to 2999. */
bool lg_day_parse(const char *text, lg_day *out) LG_MUST_CHECK;
/* YYYYMMDD (UN/CEFACT 2379 format 102), same bounds. */
bool lg_day_parse_compact(const char *text, lg_day *out) LG_MUST_CHECK;
/* YYYY-MM-DDTHH:MM:SS[.1-6 digits]Z; no other offset, no leap second. */
bool lg_time_parse(const char *text, lg_time *out) LG_MUST_CHECK;
bool lg_time_is_valid(lg_time time); /* within those years */

#endif
