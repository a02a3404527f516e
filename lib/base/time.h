/* SPDX-License-Identifier: Apache-2.0 */
/*
 * time.h - moments and durations
 *
 * A moment is an int64_t: milliseconds since 1970-01-01T00:00:00Z, UTC, leap
 * seconds not counted, negative before. A duration is an int64_t in
 * milliseconds. Calendar arithmetic is proleptic Gregorian (algorithm:
 * H. Hinnant, "chrono-compatible low-level date algorithms").
 */
#ifndef MAIP_BASE_TIME_H
#define MAIP_BASE_TIME_H

#include <stdint.h>

#include "base/diag.h"
#include "base/str.h"

#define TIME_MIN INT64_MIN              /* before every moment: "no watermark yet" */
#define TIME_MAX INT64_MAX              /* after every moment: "the input is complete" */

/* Moments of records lie in [TIME_FIRST, TIME_LAST], years -9999 to 9999, so that adding any
 * duration that dur_parse accepts cannot overflow. */
#define TIME_FIRST (-377705116800000)
#define TIME_LAST  253402300799999
#define DUR_MAX    ((int64_t)1 << 53)

enum time_format {
	TIME_FORMAT_AUTO,
	TIME_FORMAT_RFC3339,
	TIME_FORMAT_S,
	TIME_FORMAT_MS,
	TIME_FORMAT_US,
	TIME_FORMAT_NS
};
extern const char *const time_format_words[]; /* "auto", "rfc3339", "s", "ms", "us", "ns", NULL */

/* RFC 3339: "2026-01-16T12:00:00Z", any fraction (digits past milliseconds are cut, towards the
 * past), any offset; a space or t for T, z for Z. -1 if it is not one or out of range; no message,
 * it is called for every record. */
int time_parse_rfc3339(int64_t *ms, struct str text);

/* Digits with an optional sign, fraction and exponent, exactly, in the unit; AUTO tells it by
 * magnitude: |v| < 1e11 seconds, < 1e14 milliseconds, < 1e17 microseconds, else nanoseconds.
 * Sub-millisecond parts are floored. -1: not that, or no moment of a record. */
int time_parse_number(int64_t *ms, struct str number, enum time_format unit);

/* "2026-01-16T12:00:00.000Z"; years outside 0..9999 with a sign. Returns the length, at most
 * TIME_TEXT_MAX. */
#define TIME_TEXT_MAX 32
size_t time_print(char to[TIME_TEXT_MAX], int64_t ms);

struct civil { int64_t year; int month, day, hour, minute, second, ms, weekday /* 0 = Sunday */; };
void    time_to_civil(struct civil *to, int64_t ms);
int64_t time_of_civil(int64_t year, int month, int day);        /* midnight, UTC */

/* "5m", "1h30m", "250ms", "2d", "0": numbers with unit ns, us, ms, s, m, h, d, w, largest first;
 * whole milliseconds; fractions ("1.5s") allowed; a bare 0 needs no unit. May be negative ("-1h")
 * only where the caller says so. -1 with STATUS_USAGE: the message reads "'5x' is not a duration
 * (try 30s, 5m, 1h)", or what else is wrong with one that is. */
int dur_parse(int64_t *ms, struct str text, bool may_be_negative, struct err *err);

/* The usual spelling: "5m", "1h30m", "1.5s", "250ms", "0s"; days at most. Ends in NUL. Returns the
 * length. */
#define DUR_TEXT_MAX 48
size_t dur_print(char to[DUR_TEXT_MAX], int64_t ms);

#endif
