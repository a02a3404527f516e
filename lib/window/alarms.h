/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alarms.h - what is to be done when time has come so far
 *
 * A queue for time that never falls back: a radix heap (R. Ahuja et al.,
 * "Faster Algorithms for the Shortest Path Problem", 1990). An alarm stands in
 * the bucket of the highest bit in which it differs from the time reached, so
 * as time passes it moves from bucket to bucket, down to the one that rings.
 * All of that is sequential; a heap would miss the cache at each level. Not one with
 * cep/waiting.h, whose events keep their order and take 16 bytes each: alarms of that size cost
 * sessions of many keys two to three in a hundred more.
 *
 * Cost: 8 bytes an alarm, 16 while it is more than 24 to 49 days ahead, and the unfilled part of
 * a chunk for each bucket that is in use; an alarm moves as often as there are bits in how far
 * ahead it was set, at most.
 */
#ifndef MAIP_WINDOW_ALARMS_H
#define MAIP_WINDOW_ALARMS_H

#include <stddef.h>
#include <stdint.h>

#define ALARM_BUCKETS 65

struct alarm {
	int64_t  at;
	uint32_t what;
};

struct alarm_chunk;                     /* opaque; lives in alarms.c */

struct alarm_bucket {
	struct alarm_chunk *chunk;      /* those behind it are full; in no order */
	int64_t             least;      /* TIME_MAX: empty */
};

struct alarms {
	struct alarm_bucket bucket[ALARM_BUCKETS];
	struct alarm_chunk *spare;
	size_t              n_spare;
	struct alarm       *ringing;
	size_t              n_ringing, cap_ringing;
	int64_t             now;        /* that time has reached */
	/* what buckets are counted from: now, or later before the first alarms ring */
	int64_t             base;
	uint64_t            used;       /* buckets that hold any, but for the last */
	size_t              bytes;
};

void alarms_init(struct alarms *a);                     /* now: TIME_MIN */
void alarms_release(struct alarms *a);

void alarms_set(struct alarms *a, int64_t at, uint32_t what);   /* at > a->now */

int64_t alarms_next(const struct alarms *a);            /* the first; TIME_MAX: none is set */

/* Time reaches now, which is not before a->now: the alarms at or before it, in no order, which
 * are gone from here. Valid until the next alarms_ring(). */
const struct alarm *alarms_ring(struct alarms *a, int64_t now, size_t *n);

/* Those at or before until, in no order, but no more than max: for reading ahead. */
size_t alarms_soon(const struct alarms *a, int64_t until, uint32_t *what, size_t max);

#endif
