/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counted.c - windows that count records, and the one without end
 *
 * A count window is Flink's countWindow(size, slide): after every slide records
 * of a key, its last size ones; what does not fill up never fires. Time and
 * lateness do not matter. As in grid.h, the records of a key fall into panes
 * between the places where windows begin and end; a ring keeps as many panes as
 * a window has.
 *
 * Where those are many they are folded, as in timed.c, and in place: no record comes to a pane that
 * has ended, so each pane before the fold can take in all behind it, and "back" holds what has come
 * since. A window is one of each; when the last pane of a fold has gone, all that are there are
 * folded: two or three merges a pane, on average. What grows with what it has taken in (distinct
 * values, say) would be held many times over: it is put together for each window.
 *
 * The window without end has one pane a key, that the end of the input fires.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"
#include "window/engine.h"

#define FOLD_LEAST 5                    /* panes of a window that it pays for */

struct counter {                        /* of a key */
	/* records; counted from 0 again where that makes no difference */
	uint64_t n;
	char    *ring;                  /* with folds, back is before it */
	size_t   cap;                   /* accumulators in ring */
	uint64_t folded;                /* panes before this one have those behind them in them */
	uint64_t upto;                  /* those from folded to here are in back */
};

struct counted {
	struct engine_env env;
	uint64_t size, slide;           /* slide 0: no end */
	uint64_t every;
	/* records of a slide before the place where a window begins; 0: none inside it */
	uint64_t cut;
	uint64_t panes;                 /* of a window */
	bool     folds;
	size_t   stride;
	struct counter *counters;       /* by key id */
	size_t   n_counters;
	size_t   open, bytes;
	void    *merged;
};

static struct counter *
counter_of(struct counted *t, uint32_t key)
{
	if (key >= t->n_counters) {
		size_t n = (size_t)key + key / 2 + 16;

		t->counters = mem_resize(t->counters, n, sizeof(*t->counters));
		memset(t->counters + t->n_counters, 0, (n - t->n_counters) * sizeof(*t->counters));
		t->bytes += (n - t->n_counters) * sizeof(*t->counters);
		t->n_counters = n;
	}
	return &t->counters[key];
}

static void *
pane(const struct counted *t, const struct counter *c, uint64_t number)
{
	return c->ring + (t->folds + (size_t)(number % t->panes)) * t->stride;
}

/* Accumulators that hang off a counter. */
static size_t
room(const struct counted *t, const struct counter *c)
{
	return c->cap == 0 ? 0 : t->folds + c->cap;
}

/* Until the ring has its full size no pane has come round. */
static void
ring_grow(struct counted *t, struct counter *c, size_t cap)
{
	const size_t before = room(t, c);

	t->open += c->cap == 0;
	c->cap = cap < t->panes ? cap : (size_t)t->panes;
	c->ring = mem_resize(c->ring, room(t, c), t->stride);
	memset(c->ring + before * t->stride, 0, (room(t, c) - before) * t->stride);
	t->bytes += (room(t, c) - before) * t->stride;
}

static void
drop(struct counted *t, struct counter *c)
{
	for (size_t i = 0; i < room(t, c); i++)
		agg_drop(t->env.aggs, c->ring + i * t->stride);
	free(c->ring);
	t->bytes -= room(t, c) * t->stride;
	t->open -= c->cap > 0;
	*c = (struct counter){ 0 };
}

/* The number of the pane that the key's next record falls into; false: into none. */
static bool
next_pane(const struct counted *t, const struct counter *c, uint64_t *number, bool *first)
{
	uint64_t slide, at;

	*number = 0;
	*first = c->n == 0;
	if (t->slide == 0)
		return true;
	slide = c->n / t->slide;
	at = c->n % t->slide;
	*first = at == 0 || at == t->cut;
	*number = t->cut == 0 ? slide : 2 * slide + (at >= t->cut);
	return t->slide <= t->size || at >= t->cut;
}

/* Panes from first to last, each with all behind it. */
static void
fold(const struct counted *t, struct counter *c, uint64_t first, uint64_t last)
{
	for (uint64_t i = last; i-- > first;)
		agg_merge(t->env.aggs, pane(t, c, i), pane(t, c, i + 1));
	agg_drop(t->env.aggs, c->ring);
	c->folded = c->upto = last + 1;
}

/* The window of those panes; merged may be used for it. */
static const void *
put_together(struct counted *t, struct counter *c, uint64_t first, uint64_t last)
{
	if (t->folds && c->folded <= first)
		fold(t, c, first, last);
	if (first == last || c->folded == last + 1)
		return pane(t, c, first);
	for (; t->folds && c->upto <= last; c->upto++)
		agg_merge(t->env.aggs, c->ring, pane(t, c, c->upto));
	for (uint64_t i = first; i <= (t->folds ? first : last); i++)
		agg_merge(t->env.aggs, t->merged, pane(t, c, i));
	if (t->folds)
		agg_merge(t->env.aggs, t->merged, c->ring);
	return t->merged;
}

/* The window that ends with pane last. */
static int
fire(struct counted *t, uint32_t key, struct counter *c, uint64_t last, enum row_mark mark)
{
	static const struct span none;
	const uint64_t first = last + 1 > t->panes ? last + 1 - t->panes : 0;
	int result;

	result = row_alone(t->env.rows, &none, key, put_together(t, c, first, last), mark);
	agg_drop(t->env.aggs, t->merged);
	return result;
}

static enum filed
counted_add(void *self, const struct record *r, struct err *err)
{
	struct counted *t = self;
	struct counter *c = counter_of(t, r->key);
	uint64_t number;
	bool     first;
	int      result = 0;

	(void)err;
	if (next_pane(t, c, &number, &first)) {
		if (number >= c->cap && c->cap < t->panes)
			ring_grow(t, c, c->cap == 0 ? 1 : (size_t)number * 2);
		if (first)
			agg_drop(t->env.aggs, pane(t, c, number));
		agg_add(t->env.aggs, pane(t, c, number), r->input);
	}
	c->n++;
	if (t->slide == 0) {
		if (t->every > 0 && c->n % t->every == 0)
			result = fire(t, r->key, c, 0, ROW_EARLY);
		return result < 0 ? FILED_FAILED : FILED_IN;
	}
	if (c->n % t->slide == 0)
		result = fire(t, r->key, c, number, ROW_FIRST);
	if (c->n == t->slide && t->size <= t->slide)
		drop(t, c);
	return result < 0 ? FILED_FAILED : FILED_IN;
}

static int
counted_advance(void *self, int64_t ts, struct err *err)
{
	(void)self;
	(void)ts;
	(void)err;
	return 0;
}

static int64_t
counted_next(const void *self)
{
	(void)self;
	return TIME_MAX;
}

static int
counted_finish(void *self, struct err *err)
{
	struct counted *t = self;

	(void)err;
	for (uint32_t key = 0; t->slide == 0 && key < t->n_counters; key++)
		if (t->counters[key].n > 0 && fire(t, key, &t->counters[key], 0, ROW_FIRST) < 0)
			return -1;
	for (uint32_t key = 0; key < t->n_counters; key++)
		drop(t, &t->counters[key]);
	return 0;
}

static size_t
counted_open(const void *self)
{
	return ((const struct counted *)self)->open;
}

static size_t
counted_bytes(const void *self)
{
	return ((const struct counted *)self)->bytes;
}

/* A window is put together from its panes when it fires. */
static void
counted_weigh(const void *self, struct agg_weight *to)
{
	const struct counted *t = self;

	for (uint32_t key = 0; key < t->n_counters; key++) {
		struct agg_weight pane, all = { 0, 0 };

		for (size_t i = 0; i < room(t, &t->counters[key]); i++) {
			pane = (struct agg_weight){ 0, 0 };
			agg_weigh(t->env.aggs, t->counters[key].ring + i * t->stride, &pane);
			all.heap += pane.heap;
			all.result += pane.result + (t->panes > 1 ? pane.heap : 0);
		}
		to->heap += all.heap;
		if (all.result > to->result)
			to->result = all.result;
	}
}

static void
counted_mark(const void *self, uint64_t *live)
{
	const struct counted *t = self;

	for (uint32_t key = 0; key < t->n_counters; key++)
		if (t->counters[key].n > 0)
			engine_mark(live, key);
}

/* Ids only become smaller. */
static void
counted_renumber(void *self, const uint32_t *new_id, uint32_t n_new)
{
	struct counted *t = self;

	(void)n_new;
	for (uint32_t key = 0; key < t->n_counters; key++) {
		struct counter c = t->counters[key];

		if (c.n == 0)
			continue;
		t->counters[key] = (struct counter){ 0 };
		t->counters[new_id[key]] = c;
	}
}

static void
counted_save(void *self, struct buf *to)
{
	const struct counted *t = self;
	uint64_t n = 0;

	for (uint32_t key = 0; key < t->n_counters; key++)
		n += t->counters[key].n > 0;
	buf_put_u64(to, n);
	for (uint32_t key = 0; key < t->n_counters; key++) {
		const struct counter *c = &t->counters[key];

		if (c->n == 0)
			continue;
		buf_put_u64(to, key);
		buf_put_u64(to, c->n);
		buf_put_u64(to, c->cap);
		buf_put_u64(to, c->folded);
		for (size_t i = 0; i < c->cap; i++)
			agg_save(t->env.aggs, pane(t, c, i), to);
	}
}

/* Of a key that has had so many records: folds end behind a pane that has ended. */
static bool
may_be_folded(const struct counted *t, uint64_t records, uint64_t cap, uint64_t folded)
{
	const uint64_t panes_of_slide = t->cut == 0 ? 1 : 2;

	if (!t->folds)
		return folded == 0;
	return folded <= records / t->slide * panes_of_slide &&
	       (folded <= cap || cap == t->panes);
}

static int
counted_load(void *self, struct cursor *from, uint32_t n_keys)
{
	struct counted *t = self;

	for (uint64_t n = cursor_u64(from); n > 0; n--) {
		uint64_t key = cursor_u64(from), records = cursor_u64(from), cap = cursor_u64(from);
		uint64_t folded = cursor_u64(from);
		struct counter *c;

		if (!from->ok || key >= n_keys || cap > t->panes || cap > from->rest.n ||
		    !may_be_folded(t, records, cap, folded))
			return -1;
		c = counter_of(t, (uint32_t)key);
		if (c->n > 0 || records == 0)
			return -1;
		c->n = records;
		c->folded = c->upto = folded; /* back is empty: it is filled when a window fires */
		if (cap > 0)
			ring_grow(t, c, (size_t)cap);
		for (size_t i = 0; i < cap; i++)
			if (agg_load(t->env.aggs, pane(t, c, i), from) < 0)
				return -1;
	}
	return 0;
}

static void
counted_free(void *self)
{
	struct counted *t = self;

	for (uint32_t key = 0; key < t->n_counters; key++)
		drop(t, &t->counters[key]);
	free(t->counters);
	free(t->merged);
	free(t);
}

static const struct engine_ops counted_ops = {
	.add = counted_add, .advance = counted_advance, .next = counted_next,
	.finish = counted_finish,
	.open = counted_open, .bytes = counted_bytes, .weigh = counted_weigh, .mark = counted_mark,
	.renumber = counted_renumber,
	.save = counted_save, .load = counted_load, .free = counted_free,
};

struct engine
counted_new(const struct engine_env *env, int64_t size, int64_t slide, int64_t every)
{
	struct counted *t = mem_zalloc(1, sizeof(*t));

	t->env = *env;
	t->size = (uint64_t)size;
	t->slide = (uint64_t)slide;
	t->every = (uint64_t)every;
	t->panes = 1;
	if (slide > 0) {
		uint64_t rest = t->size % t->slide;

		t->cut = rest == 0 ? 0 : t->slide - rest;
		t->panes = rest == 0 ? t->size / t->slide : 2 * (t->size / t->slide) + 1;
	}
	t->folds = t->panes >= FOLD_LEAST && !agg_grows(env->aggs);
	t->stride = agg_size(env->aggs);
	t->merged = mem_zalloc(1, t->stride);
	return (struct engine){ &counted_ops, t };
}
