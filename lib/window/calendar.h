/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calendar.h - days, weeks and months of a time zone
 *
 * Periods follow the clocks of the zone: a day is 23 or 25 hours long where
 * they are set forward or back. A day begins at the first moment at which the
 * clocks show its date; weeks begin on Monday (ISO 8601). Periods of several
 * days or weeks are counted from 1970-01-01 and Monday 1970-01-05, of several
 * months from January of year 0.
 *
 * The zone is the content of a TZif file (RFC 8536), read by the caller:
 * /usr/share/zoneinfo/Europe/Berlin, say.
 */
#ifndef MAIP_WINDOW_CALENDAR_H
#define MAIP_WINDOW_CALENDAR_H

#include <stdint.h>

#include "base/diag.h"
#include "base/str.h"

enum calendar_unit { CALENDAR_DAY, CALENDAR_WEEK, CALENDAR_MONTH };

struct calendar;                                        /* opaque; lives in calendar.c */

/* Periods of count units (1 .. 9,999). NULL with err: tzif is not a usable file. tzif is not
 * kept. */
struct calendar *calendar_new(struct str tzif, enum calendar_unit unit, int64_t count,
                              struct err *err);
void calendar_free(struct calendar *c);                 /* NULL is fine */

/* "1d", "2w", "1mo": what a calendar size looks like. -1 with err. */
int calendar_size(struct str text, enum calendar_unit *unit, int64_t *count, struct err *err);

/* The period [*start, *end) that ts lies in. Neighbours touch: the end of one is the start of the
 * next. */
void calendar_period(const struct calendar *c, int64_t ts, int64_t *start, int64_t *end);

/* Milliseconds that the zone's clocks are ahead of UTC at ts; negative: behind. */
int64_t calendar_ahead(const struct calendar *c, int64_t ts);

#endif
