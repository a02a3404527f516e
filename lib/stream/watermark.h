/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watermark.h - how far event time has come
 *
 * Bounded out-of-orderness as in Flink: watermark = newest time - bound - 1, from
 * TIME_MIN, never falling, here updated by every record, so that results depend on the
 * input alone. With several sources (partitions) the watermark is the minimum over the active ones.
 */
#ifndef MAIP_STREAM_WATERMARK_H
#define MAIP_STREAM_WATERMARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/time.h"

struct watermark {                      /* of one source */
	int64_t bound;                  /* >= 0; WATERMARK_NONE: never until the end */
	int64_t now;                    /* starts as TIME_MIN */
};

#define WATERMARK_NONE (-1)

/* The argument of --watermark: "none" or a duration. An opt_fn; arg is the int64_t for bound. */
int watermark_option(void *arg, const char *value, struct err *err);

static inline void
watermark_see(struct watermark *w, int64_t ts)
{
	if (w->bound >= 0 && ts - w->bound - 1 > w->now)
		w->now = ts - w->bound - 1;
}

/* The minimum over many sources, with idleness. */
struct watermark_set;                                   /* opaque; lives in watermark.c */

/* idle_timeout: ms of the caller's clock without a record after which a source leaves the
 * minimum; 0: never. */
struct watermark_set *watermark_set_new(int64_t bound, int64_t idle_timeout);
void watermark_set_free(struct watermark_set *s);

/* Asked of a source that has been silent for idle_timeout: for how many ms more is it not idle,
 * because what it has said may not have reached us yet? 0: it is. Asked again after that. */
void watermark_set_ask(struct watermark_set *s, int64_t (*grace)(void *arg, size_t source),
                       void *arg);

/* A source joins (holding the watermark back until it speaks, or is idle), leaves, speaks.
 * Sources are numbered by the caller. */
void watermark_set_join(struct watermark_set *s, size_t source, int64_t now);
void watermark_set_leave(struct watermark_set *s, size_t source);
void watermark_set_see(struct watermark_set *s, size_t source, int64_t ts, int64_t now);

/* Has the combined watermark risen, or idleness changed, by the time now? Fills *ts (never
 * falling) and *idle (all sources are). */
bool watermark_set_advance(struct watermark_set *s, int64_t now, int64_t *ts, bool *idle);

/* The least of those that have spoken and are not idle, if done is true of all others that are not
 * idle: they have nothing to say. TIME_MIN: one may have, or nobody has spoken. O(sources). */
int64_t watermark_set_spoken(const struct watermark_set *s,
                             bool (*done)(void *arg, size_t source), void *arg);

/* Could a record of this source and time be at the combined watermark or behind it, or one ms
 * ahead of it, and has that not been told by watermark_set_advance() yet? O(1), before the record
 * is seen; true may be wrong, false is not, but for idleness that is not known yet. */
bool watermark_set_may_meet(const struct watermark_set *s, size_t source, int64_t ts);

/* When the next source may become idle; TIME_MAX: none. */
int64_t watermark_set_next(const struct watermark_set *s);

#endif
