/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h - what every kind of window does with a record
 *
 * stage.c reads records and keeps the watermark; an engine files them and says
 * when a window is complete. There are three: windows of a fixed shape (timed.c), sessions
 * (session.c), and windows that count records or never end (counted.c). Internal to lib/window.
 *
 * As in Flink, a record is filed under the watermark that the records before it
 * have made, and moves the watermark afterwards.
 */
#ifndef MAIP_WINDOW_ENGINE_H
#define MAIP_WINDOW_ENGINE_H

#include "sql/aggregate.h"
#include "window/row.h"

struct record {
	int64_t   ts;
	int64_t   gap;                  /* sessions: of this record */
	int64_t   watermark;            /* that it meets */
	uint32_t  key;
	const struct agg_input *input;
};

enum filed {
	FILED_FAILED = -1,
	FILED_IN,
	FILED_LATE,
	FILED_NOWHERE                   /* in a gap between windows */
};

struct engine_ops {
	/* File a record. Windows that it makes fire at once (a late one within the allowed
	 * lateness, a full count) go to rows. */
	enum filed (*add)(void *self, const struct record *r, struct err *err);
	/* steps 0 and 1; NULL: not worth it */
	void (*prefetch)(const void *self, const struct record *r, int step);

	/* Read ahead what the watermark will fire on its way to until, before a batch. NULL: not
	 * worth it. */
	void (*ahead)(void *self, int64_t until);

	/* The watermark has reached ts: fire and forget. Not called before next() <= ts, for
	 * nothing would happen; never falls. */
	int (*advance)(void *self, int64_t ts, struct err *err);
	/* The watermark from which on advance() has something to do, be it only to look ahead.
	 * Never before the first record's time; TIME_MAX: not before the end. */
	int64_t (*next)(const void *self);
	int (*finish)(void *self, struct err *err);     /* fire all that is left */

	/* Rows of what is open now, marked early. NULL: this kind has none. */
	int (*early)(void *self, struct err *err);

	/* pairs of a key and a window, or pane, that are held */
	size_t (*open)(const void *self);
	size_t (*bytes)(const void *self);
	/* what hangs off accumulators (DISTINCT, texts), not in bytes, and what firing will take
	 * for as long as it lasts; looks at all of them */
	void   (*weigh)(const void *self, struct agg_weight *to);

	/* Which keys have state (set bits of live), and their new ids (of those that have). */
	void (*mark)(const void *self, uint64_t *live);
	void (*renumber)(void *self, const uint32_t *new_id, uint32_t n_new);

	void (*save)(void *self, struct buf *to);
	/* every key id is below n_keys */
	int (*load)(void *self, struct cursor *from, uint32_t n_keys);
	void (*free)(void *self);
};

struct engine {
	const struct engine_ops *ops;
	void *self;
};

/* What all of them need; borrowed, outlives the engine. */
struct engine_env {
	const struct agg_list *aggs;
	struct rows *rows;
	uint64_t seed;
};

/* absent: so many windows that a key is absent from give rows for it; not together with
 * lateness. */
struct engine timed_new(const struct engine_env *env, const struct grid *grid, int64_t lateness,
                        uint32_t absent);
struct engine session_new(const struct engine_env *env, int64_t lateness);

/* Every slide records of a key, over its last size ones. slide == 0: one window without end; every
 * > 0: an early row every so many. */
struct engine counted_new(const struct engine_env *env, int64_t size, int64_t slide, int64_t every);

static inline void
engine_mark(uint64_t *live, uint32_t key)
{
	live[key / 64] |= (uint64_t)1 << key % 64;
}

#endif
