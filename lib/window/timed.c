/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timed.c - windows of a fixed shape: tumbling, sliding, cumulating, calendar
 *
 * A record is added to one pane (grid.h), however many windows cover it. The
 * panes that hold something stand in a row by time; a window fires by putting
 * its panes together, and a pane goes when the last window over it has fired
 * and the allowed lateness is over.
 *
 * Flink keeps every window apart, drops a record from those that have been
 * cleaned up and adds it to the others. The sum is the same: a window that is
 * gone never fires again, so it does not matter what its panes get to hold.
 *
 * Sliding windows share most of their panes with the one before. Putting all of
 * them together each time would cost a merge a pane and key; so panes are
 * folded from both sides of a cut, as in a queue made of two stacks (K.
 * Tangwongsan et al., "Low-Latency Sliding-Window Aggregation in Worst-Case
 * Constant Time", 2017): each pane before the cut knows the rest up to the cut,
 * and "back" holds what has come since. A window is one of each. When the
 * windows have passed the cut it is made anew, where they end. It costs memory,
 * and does not pay where most keys are in few panes: then everything is put
 * together after all.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"
#include "window/absent.h"
#include "window/engine.h"
#include "window/pane.h"

/* Folding pays as long as no more entries come of it than so many times those that are folded. */
#define FOLD_MAX 8

struct timed {
	struct engine_env env;
	struct grid       grid;
	int64_t           lateness;
	int64_t           watermark;
	int64_t           next;         /* nothing happens before the watermark is here */
	struct pane_pool  pool;
	struct pane     **panes;        /* by time: panes[first .. first + n) */
	size_t            first, n, cap;
	struct pane      *last;         /* that a record went to, or NULL */
	struct pane       whole;        /* a window put together from several panes */
	int64_t           cut;          /* panes before it have a rest; TIME_MIN: there is none */
	int64_t           upto;         /* panes between cut and here are in back */
	struct pane       back;
	uint64_t         *order;        /* back's entries, sorted */
	size_t            cap_order;
	void             *merged;       /* the same, of one key */
	struct absent     absent;       /* keys that get rows of zeros */
	void             *zeros;        /* their accumulator */
	bool              ending;       /* the input is over */
};

/* ---- the row of panes */

static struct pane *
pane_at(const struct timed *t, size_t i)
{
	return t->panes[t->first + i];
}

/* How many panes end at or before ts. */
static size_t
panes_before(const struct timed *t, int64_t ts)
{
	size_t lo = 0, hi = t->n;

	if (t->n > 0 && pane_at(t, t->n - 1)->span.end <= ts)
		return t->n;
	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;

		if (pane_at(t, middle)->span.end <= ts)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo;
}

static void
make_room(struct timed *t)
{
	if (t->first + t->n < t->cap)
		return;
	if (t->first > t->n) {
		memmove(t->panes, t->panes + t->first, t->n * sizeof(struct pane *));
		t->first = 0;
		return;
	}
	t->panes = mem_more(t->panes, t->cap, &t->cap, sizeof(struct pane *));
}

static struct pane *
insert_pane(struct timed *t, size_t at, const struct span *span)
{
	struct pane *p = mem_alloc(sizeof(*p));

	make_room(t);
	memmove(t->panes + t->first + at + 1, t->panes + t->first + at,
	        (t->n - at) * sizeof(struct pane *));
	t->panes[t->first + at] = p;
	t->n++;
	pane_init(p);
	p->span = *span;
	p->first_end = grid_next_end(&t->grid, span->end - 1);
	p->last_end = grid_last_end(&t->grid, span);
	t->pool.bytes += sizeof(*p) + sizeof(p);
	return p;
}

static void
drop_rest(struct timed *t, struct pane *p)
{
	if (p->rest == NULL)
		return;
	pane_drop(p->rest, &t->pool);
	free(p->rest);
	p->rest = NULL;
}

static void
drop_first(struct timed *t)
{
	struct pane *p = pane_at(t, 0);

	if (t->last == p)
		t->last = NULL;
	drop_rest(t, p);
	pane_drop(p, &t->pool);
	free(p);
	t->pool.bytes -= sizeof(*p) + sizeof(p);
	t->first++;
	t->n--;
}

/* ---- when the next window fires */

/* Has the window that ends at end fired? */
static bool
has_passed(const struct timed *t, int64_t end)
{
	return end - 1 <= t->watermark;
}

/* Is a window that ends at end cleaned up? */
static bool
is_gone(const struct timed *t, int64_t end)
{
	return end - 1 + t->lateness <= t->watermark;
}

/* The end of the first window after the watermark that holds something. */
static bool
next_window(const struct timed *t, int64_t *end)
{
	size_t lo = 0, hi = t->n;

	while (lo < hi) {               /* last_end rises from pane to pane */
		size_t middle = lo + (hi - lo) / 2;

		if (has_passed(t, pane_at(t, middle)->last_end))
			lo = middle + 1;
		else
			hi = middle;
	}
	if (lo == t->n)
		return false;
	*end = pane_at(t, lo)->first_end;
	if (has_passed(t, *end))
		*end = grid_next_end(&t->grid, t->watermark + 1);
	return true;
}

/* The same, or one that holds nothing but has rows for keys that are absent from it. After the end
 * of the input there are none of those behind the last window that holds something. */
static bool
next_firing(const struct timed *t, int64_t *end)
{
	const bool holds = next_window(t, end);
	int64_t    empty;

	if (t->absent.n == 0 || t->watermark >= TIME_LAST || (t->ending && !holds))
		return holds;
	empty = grid_next_end(&t->grid, t->watermark + 1);
	if (!holds || empty < *end)
		*end = empty;
	return true;
}

static void
set_next(struct timed *t)
{
	int64_t end, gone;

	t->next = next_firing(t, &end) ? end - 1 : TIME_MAX;
	if (t->n == 0)
		return;
	gone = pane_at(t, 0)->last_end - 1 + t->lateness;
	if (gone < t->next)
		t->next = gone;
}

/* ---- firing */

/* Panes [*from, *to) are those of the window. */
static void
panes_of(const struct timed *t, const struct span *window, size_t *from, size_t *to)
{
	*from = panes_before(t, window->start);
	for (*to = *from; *to < t->n && pane_at(t, *to)->span.end <= window->end; ++*to)
		;
}

static bool
has_absent(const struct timed *t, enum row_mark mark)
{
	return t->absent.most > 0 && mark == ROW_FIRST;
}

static void
begin_rows(struct timed *t, const struct span *window)
{
	rows_begin(t->env.rows, window);
	absent_begin(&t->absent);
}

/* Rows of zeros for the absent keys up to this one. */
static int
add_absent(struct timed *t, uint32_t before)
{
	uint32_t key;

	while (absent_next(&t->absent, before, &key))
		if (row_add(t->env.rows, key, t->zeros, ROW_FIRST) < 0)
			return -1;
	return 0;
}

/* Rows of a window come by ascending key. */
static int
add_row(struct timed *t, uint32_t key, const void *acc, enum row_mark mark)
{
	if (has_absent(t, mark)) {
		if (add_absent(t, key) < 0)
			return -1;
		absent_seen(&t->absent, key);
	}
	return row_add(t->env.rows, key, acc, mark);
}

static int
end_rows(struct timed *t, enum row_mark mark)
{
	if (has_absent(t, mark) && add_absent(t, UINT32_MAX) < 0)
		return -1;
	return rows_end(t->env.rows);
}

static int
emit(struct timed *t, const struct span *window, const struct pane *p, enum row_mark mark)
{
	const uint64_t *sorted = pane_sort(p, &t->pool);

	begin_rows(t, window);
	for (size_t i = 0; i < p->n; i++) {
		if (i + 8 < p->n)
			__builtin_prefetch(pane_entry(p, &t->pool, sorted[i + 8]));
		if (add_row(t, pane_key(sorted[i]), pane_entry(p, &t->pool, sorted[i]), mark) < 0)
			return -1;
	}
	return end_rows(t, mark);
}

/* ---- the fold of sliding windows */

static void
unfold(struct timed *t)
{
	if (t->cut == TIME_MIN)
		return;
	for (size_t i = 0; i < t->n; i++)
		drop_rest(t, pane_at(t, i));
	pane_drop(&t->back, &t->pool);
	t->cut = t->upto = TIME_MIN;
}

/* Fold panes [from, to), which are all of a window, for those that follow it. whole is put together
 * from them. */
static void
fold(struct timed *t, size_t from, size_t to)
{
	const struct pane *behind = NULL;
	size_t total = 0;

	for (size_t i = from; i < to; i++)
		total += pane_at(t, i)->n;
	if (t->whole.n * (to - from) > FOLD_MAX * total)
		return;
	for (size_t i = to; i-- > from;) {
		struct pane *p = pane_at(t, i);

		p->rest = mem_alloc(sizeof(*p->rest));
		pane_init(p->rest);
		if (behind != NULL)
			pane_add(p->rest, behind, &t->pool);
		pane_add(p->rest, p, &t->pool);
		behind = p->rest;
	}
	t->cut = t->upto = pane_at(t, to - 1)->span.end;
}

/* A record that has been added to pane p belongs into what was folded, too. */
static void
add_folded(struct timed *t, const struct pane *p, const struct record *r)
{
	if (p->span.start >= t->cut) {
		agg_add(t->env.aggs, pane_get(&t->back, &t->pool, r->key), r->input);
		return;
	}
	for (size_t i = 0; i < t->n && pane_at(t, i)->span.start <= p->span.start; i++)
		if (pane_at(t, i)->rest != NULL)
			agg_add(t->env.aggs, pane_get(pane_at(t, i)->rest, &t->pool, r->key),
			        r->input);
}

static int
emit_both(struct timed *t, uint32_t key, const void *a, const void *b, enum row_mark mark)
{
	int result;

	agg_merge(t->env.aggs, t->merged, a);
	agg_merge(t->env.aggs, t->merged, b);
	result = add_row(t, key, t->merged, mark);
	agg_drop(t->env.aggs, t->merged);
	return result;
}

/* The rows of a window that is rest and back, by key. */
static int
emit_folded(struct timed *t, const struct span *window, const struct pane *rest, enum row_mark mark)
{
	const struct pane *back = &t->back;
	const uint64_t    *sorted;
	size_t i = 0, j = 0;
	int    result = 0;

	if (back->n > t->cap_order) {
		t->pool.bytes += (back->n - t->cap_order) * sizeof(*t->order);
		t->order = mem_resize(t->order, back->n, sizeof(*t->order));
		t->cap_order = back->n;
	}
	if (back->n > 0)
		memcpy(t->order, pane_sort(back, &t->pool), back->n * sizeof(*t->order));
	sorted = pane_sort(rest, &t->pool);
	begin_rows(t, window);
	while ((i < rest->n || j < back->n) && result == 0) {
		uint32_t a = i < rest->n ? pane_key(sorted[i]) : UINT32_MAX;
		uint32_t b = j < back->n ? pane_key(t->order[j]) : UINT32_MAX;

		if (a == b)
			result = emit_both(t, a, pane_entry(rest, &t->pool, sorted[i]),
			                   pane_entry(back, &t->pool, t->order[j]), mark);
		else if (a < b)
			result = add_row(t, a, pane_entry(rest, &t->pool, sorted[i]), mark);
		else
			result = add_row(t, b, pane_entry(back, &t->pool, t->order[j]), mark);
		i += a <= b;
		j += b <= a;
	}
	return result < 0 ? -1 : end_rows(t, mark);
}

static int
fire(struct timed *t, int64_t end, enum row_mark mark)
{
	const struct span window = { grid_start(&t->grid, end), end };
	size_t from, to;
	int    result;

	panes_of(t, &window, &from, &to);
	if (to - from == 1)
		return emit(t, &window, pane_at(t, from), mark);
	if (from < to && mark == ROW_FIRST && t->cut != TIME_MIN &&
	    pane_at(t, from)->span.start < t->cut) {
		for (size_t i = panes_before(t, t->upto); i < to; i++)
			pane_add(&t->back, pane_at(t, i), &t->pool);
		t->upto = end;
		return emit_folded(t, &window, pane_at(t, from)->rest, mark);
	}
	for (size_t i = from; i < to; i++)
		pane_add(&t->whole, pane_at(t, i), &t->pool);
	result = emit(t, &window, &t->whole, mark);
	if (from < to && mark == ROW_FIRST) {
		unfold(t);
		fold(t, from, to);
	}
	pane_drop(&t->whole, &t->pool);
	return result;
}

static int
timed_advance(void *self, int64_t ts, struct err *err)
{
	struct timed *t = self;
	int64_t end;

	(void)err;
	while (next_firing(t, &end) && end - 1 <= ts) {
		if (fire(t, end, ROW_FIRST) < 0)
			return -1;
		t->watermark = end - 1;
		while (t->n > 0 && is_gone(t, pane_at(t, 0)->last_end))
			drop_first(t);
	}
	t->watermark = ts;
	while (t->n > 0 && is_gone(t, pane_at(t, 0)->last_end))
		drop_first(t);
	set_next(t);
	return 0;
}

static int
timed_early(void *self, struct err *err)
{
	struct timed *t = self;
	int64_t end, last;

	(void)err;
	if (!next_window(t, &end))
		return 0;
	last = pane_at(t, t->n - 1)->last_end;
	for (; end <= last; end = grid_next_end(&t->grid, end)) {
		const struct span window = { grid_start(&t->grid, end), end };
		size_t from, to;

		panes_of(t, &window, &from, &to);
		if (from < to && fire(t, end, ROW_EARLY) < 0)
			return -1;
		if (from == to && from < t->n && pane_at(t, from)->first_end > end)
			end = pane_at(t, from)->first_end - 1;
	}
	return 0;
}

/* ---- filing */

/* The windows over pane p that have fired and are not gone fire again for this key, with a record
 * that is about to be added. Each of them has fired for the key before if one of its panes knows
 * the key. */
static int
fire_again(struct timed *t, const struct pane *p, uint32_t key, const struct agg_input *input)
{
	int64_t end;

	for (end = p->first_end; end <= p->last_end &&
	     has_passed(t, end); end = grid_next_end(&t->grid, end)) {
		const struct span window = { grid_start(&t->grid, end), end };
		enum row_mark mark = ROW_FIRST;
		size_t from, to;
		int    result;

		if (is_gone(t, end))
			continue;
		panes_of(t, &window, &from, &to);
		for (size_t i = from; i < to; i++) {
			const void *acc = pane_find(pane_at(t, i), &t->pool, key);

			if (acc == NULL)
				continue;
			agg_merge(t->env.aggs, t->merged, acc);
			mark = ROW_UPDATE;
		}
		agg_add(t->env.aggs, t->merged, input);
		result = row_alone(t->env.rows, &window, key, t->merged, mark);
		agg_drop(t->env.aggs, t->merged);
		if (result < 0)
			return -1;
	}
	return 0;
}

static enum filed
find_pane(struct timed *t, int64_t ts, struct pane **to)
{
	struct span span;
	size_t at;

	if (!grid_pane(&t->grid, ts, &span))
		return ts + t->lateness <= t->watermark ? FILED_LATE : FILED_NOWHERE;
	at = panes_before(t, span.start);
	if (at < t->n && pane_at(t, at)->span.start == span.start) {
		*to = pane_at(t, at);
		return FILED_IN;
	}
	if (is_gone(t, grid_last_end(&t->grid, &span)))
		return FILED_LATE;
	*to = insert_pane(t, at, &span);
	if (span.start < t->cut)        /* it has no rest */
		unfold(t);
	set_next(t);
	return FILED_IN;
}

static enum filed
timed_add(void *self, const struct record *r, struct err *err)
{
	struct timed *t = self;
	struct pane  *p = t->last;
	enum filed    filed = FILED_IN;

	(void)err;
	t->watermark = r->watermark;
	if (p == NULL || r->ts < p->span.start || r->ts >= p->span.end) {
		filed = find_pane(t, r->ts, &p);
		if (filed != FILED_IN)
			return filed;
		t->last = p;
	}
	if (t->lateness > 0 && has_passed(t, p->first_end) &&
	    fire_again(t, p, r->key, r->input) < 0)
		return FILED_FAILED;
	agg_add(t->env.aggs, pane_get(p, &t->pool, r->key), r->input);
	if (r->ts < t->upto)
		add_folded(t, p, r);
	return FILED_IN;
}

static void
timed_prefetch(const void *self, const struct record *r, int step)
{
	const struct timed *t = self;

	if (t->last == NULL || r->ts < t->last->span.start || r->ts >= t->last->span.end)
		return;
	if (step == 0)
		pane_prefetch(t->last, &t->pool, r->key);
	else
		pane_prefetch_entry(t->last, &t->pool, r->key);
}

/* ---- the rest */

static int64_t
timed_next(const void *self)
{
	return ((const struct timed *)self)->next;
}

static int
timed_finish(void *self, struct err *err)
{
	((struct timed *)self)->ending = true;
	return timed_advance(self, TIME_MAX, err);
}

static size_t
timed_open(const void *self)
{
	const struct timed *t = self;
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += pane_at(t, i)->n;
	return n;
}

static size_t
timed_bytes(const void *self)
{
	const struct timed *t = self;

	return t->pool.bytes + absent_bytes(&t->absent);
}

static struct agg_weight
weigh_pane(const struct timed *t, const struct pane *p)
{
	struct agg_weight w = { 0, 0 };
	uint64_t entry;

	for (size_t i = 0; (entry = pane_each(p, &i)) != 0;)
		agg_weigh(t->env.aggs, pane_entry(p, &t->pool, entry), &w);
	return w;
}

/* A window of several panes is put together from them when it fires: its results are as large as
 * those of its panes together, at most. */
static void
timed_weigh(const void *self, struct agg_weight *to)
{
	const struct timed *t = self;
	const bool overlap = t->grid.kind != GRID_CALENDAR && t->grid.slide < t->grid.size;

	*to = weigh_pane(t, &t->back);
	for (size_t i = 0; i < t->n; i++) {
		const struct pane      *p = pane_at(t, i);
		const struct agg_weight own = weigh_pane(t, p);

		to->heap += own.heap + (p->rest != NULL ? weigh_pane(t, p->rest).heap : 0);
		if (overlap)
			to->result += own.result + own.heap;
		else if (own.result > to->result)
			to->result = own.result;
	}
}

static void
timed_mark(const void *self, uint64_t *live)
{
	const struct timed *t = self;

	for (size_t i = 0; i < t->n; i++) {
		uint64_t entry;

		for (size_t e = 0; (entry = pane_each(pane_at(t, i), &e)) != 0;)
			engine_mark(live, pane_key(entry));
	}
	absent_mark(&t->absent, live);
}

static void
timed_renumber(void *self, const uint32_t *new_id, uint32_t n_new)
{
	struct timed *t = self;

	(void)n_new;
	unfold(t);
	for (size_t i = 0; i < t->n; i++)
		pane_renumber(pane_at(t, i), &t->pool, new_id);
	absent_renumber(&t->absent, new_id);
}

static void
timed_save(void *self, struct buf *to)
{
	struct timed *t = self;

	buf_put_i64(to, t->watermark);
	absent_save(&t->absent, to);
	buf_put_u64(to, t->n);
	for (size_t i = 0; i < t->n; i++) {
		const struct pane *p = pane_at(t, i);
		const uint64_t    *sorted = pane_sort(p, &t->pool);

		buf_put_i64(to, p->span.start);
		buf_put_u64(to, p->n);
		for (size_t e = 0; e < p->n; e++) {
			buf_put_u64(to, pane_key(sorted[e]));
			agg_save(t->env.aggs, pane_entry(p, &t->pool, sorted[e]), to);
		}
	}
}

static int
load_pane(struct timed *t, struct cursor *from, uint32_t n_keys)
{
	int64_t      start = cursor_i64(from);
	uint64_t     n = cursor_u64(from);
	struct span  span;
	struct pane *p;

	if (!from->ok || start < TIME_FIRST - DUR_MAX || start > TIME_LAST ||
	    !grid_pane(&t->grid, start, &span) || span.start != start ||
	    (t->n > 0 && pane_at(t, t->n - 1)->span.end > start))
		return -1;
	p = insert_pane(t, t->n, &span);
	while (n-- > 0) {
		uint64_t key = cursor_u64(from);

		if (!from->ok || key >= n_keys ||
		    pane_find(p, &t->pool, (uint32_t)key) != NULL ||
		    agg_load(t->env.aggs, pane_get(p, &t->pool, (uint32_t)key), from) < 0)
			return -1;
	}
	return 0;
}

static int
timed_load(void *self, struct cursor *from, uint32_t n_keys)
{
	struct timed *t = self;
	uint64_t n;

	t->watermark = cursor_i64(from);
	if (absent_load(&t->absent, from, n_keys) < 0 ||
	    (t->absent.n > 0 && t->watermark < TIME_FIRST))
		return -1;
	for (n = cursor_u64(from); n > 0; n--)
		if (load_pane(t, from, n_keys) < 0)
			return -1;
	set_next(t);
	return 0;
}

static void
timed_free(void *self)
{
	struct timed *t = self;

	while (t->n > 0)
		drop_first(t);
	pane_drop(&t->whole, &t->pool);
	pane_drop(&t->back, &t->pool);
	pane_pool_release(&t->pool);
	absent_release(&t->absent);
	free(t->zeros);
	free(t->order);
	free(t->panes);
	free(t->merged);
	free(t);
}

static const struct engine_ops timed_ops = {
	.add = timed_add, .prefetch = timed_prefetch, .advance = timed_advance, .next = timed_next,
	.finish = timed_finish, .early = timed_early, .open = timed_open, .bytes = timed_bytes,
	.weigh = timed_weigh, .mark = timed_mark,
	.renumber = timed_renumber, .save = timed_save, .load = timed_load, .free = timed_free,
};

struct engine
timed_new(const struct engine_env *env, const struct grid *grid, int64_t lateness, uint32_t absent)
{
	struct timed *t = mem_zalloc(1, sizeof(*t));

	t->env = *env;
	t->grid = *grid;
	t->lateness = lateness;
	t->watermark = TIME_MIN;
	t->next = TIME_MAX;
	t->cut = t->upto = TIME_MIN;
	pane_init(&t->back);
	pane_pool_init(&t->pool, env->aggs, env->seed);
	pane_init(&t->whole);
	t->merged = mem_zalloc(1, t->pool.stride);
	t->zeros = mem_zalloc(1, t->pool.stride);
	absent_init(&t->absent, absent);
	return (struct engine){ &timed_ops, t };
}
