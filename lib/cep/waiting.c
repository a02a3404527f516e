/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waiting.c - a queue for what comes in order, a radix heap for what does not
 */
#include "cep/waiting.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"
#include "sql/value.h"

#define CHUNK 62                        /* events: with what malloc adds, a KiB */
#define SPARE_MAX 1024                  /* so many chunks are kept empty */
#define SOON 1024                       /* events for which there is room in the caches */
#define GROUP       64                  /* a power of two, not above the least size of a ring */

/* Is the next value one that falls? */
static bool
goes_down(struct cursor *c)
{
	const bool down = c->rest.n > 0 && (unsigned char)c->rest.p[0] == WAITING_DOWN;

	if (down)
		c->rest = str_slice(c->rest, 1, c->rest.n);
	return down;
}

struct chunk {
	struct chunk  *next;
	size_t         n;
	struct stamped a[CHUNK];
};

/* Values that do not compare go by kind, so that the order is total. */
static int
compare_values(const struct event *a, const struct event *b)
{
	struct cursor ca = { event_order(a), true }, cb = { event_order(b), true };
	struct val va, vb;
	int d = 0;

	while (d == 0 && ca.rest.n > 0 && cb.rest.n > 0) {
		const bool down = goes_down(&ca) && goes_down(&cb);
		if (val_load(&va, &ca) < 0 || val_load(&vb, &cb) < 0)
			return 0;
		d = val_cmp(&va, &vb);
		if (d == VAL_UNLIKE)
			d = (va.kind > vb.kind) - (va.kind < vb.kind);
		d = down ? -d : d;
	}
	return d;
}

static bool
before(const struct waiting *w, const struct stamped *a, const struct stamped *b)
{
	if (a->ts != b->ts)
		return a->ts < b->ts;
	if (w->by_value) {
		const int d = compare_values(a->event, b->event);
		if (d != 0)
			return d < 0;
	}
	return a->event->arrival < b->event->arrival;
}

static struct stamped *
queued(const struct waiting *w, size_t i)
{
	return ring_at(&w->queue, i, sizeof(struct stamped));
}

/* The turn of all n of them comes soon: what they need is fetched step by step, each for all at
 * once, so that the misses overlap. */
static void
fetch(const struct waiting *w, const struct stamped *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		__builtin_prefetch(a[i].event);
	for (int step = 0; step < 3 && w->soon != NULL; step++)
		for (size_t i = 0; i < n; i++)
			w->soon(w->soon_arg, a[i].event, step);
}

static size_t
at_most(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* ---- the radix heap */

static struct chunk *
chunk_new(struct waiting *w)
{
	struct chunk *c = w->spare;

	if (c == NULL) {
		c = mem_alloc(sizeof(*c));
	} else {
		w->spare = c->next;
		w->n_spare--;
	}
	c->next = NULL;
	c->n = 0;
	return c;
}

static void
chunk_free(struct waiting *w, struct chunk *c)
{
	if (w->n_spare == SPARE_MAX) {
		free(c);
		return;
	}
	c->next = w->spare;
	w->spare = c;
	w->n_spare++;
}

/* Room for one more. */
static void
bucket_grow(struct waiting *w, struct bucket *b, int64_t ts)
{
	struct chunk *c = chunk_new(w);

	if (b->n == 0) {
		b->first = c;
		b->min = ts;
	} else {
		b->last->next = c;
	}
	b->last = c;
}

static inline void
bucket_add(struct waiting *w, struct bucket *b, struct stamped waiter)
{
	if (b->n == 0 || b->last->n == CHUNK)
		bucket_grow(w, b, waiter.ts);
	if (waiter.ts < b->min)
		b->min = waiter.ts;
	b->last->a[b->last->n++] = waiter;
	b->n++;
}

static void
due_add(struct waiting *w, struct stamped waiter)
{
	w->due = mem_more(w->due, w->n_due, &w->cap_due, sizeof(*w->due));
	w->due[w->n_due++] = waiter;
}

/* As an unsigned number in the same order, so that digits have it, too. */
static uint64_t
digits(int64_t ts)
{
	return (uint64_t)ts ^ (uint64_t)1 << 63;
}

static inline void
level_add(struct waiting *w, int at, struct stamped waiter)
{
	const int digit = (int)(digits(waiter.ts) >> at * WAITING_DIGIT) & (WAITING_BUCKETS - 1);
	struct level *level = &w->levels[at];

	bucket_add(w, &level->buckets[digit], waiter);
	level->filled |= (uint64_t)1 << digit;
	w->filled |= (uint32_t)1 << at;
}

/* To the level of its highest digit that is not last's. */
static void
heap_add(struct waiting *w, struct stamped waiter)
{
	const uint64_t ts = digits(waiter.ts), differ = ts ^ digits(w->last);

	if (differ == 0) {
		due_add(w, waiter);
		return;
	}
	level_add(w, (63 - __builtin_clzll(differ)) / WAITING_DIGIT, waiter);
}

/* What stands on a level differs from last in no digit above: of the lowest, in none but that. */
static void
deal_chunk(struct waiting *w, int from, const struct chunk *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->a[i].ts == w->last)
			due_add(w, c->a[i]);
		else if (from == 1)
			level_add(w, 0, c->a[i]);
		else
			heap_add(w, c->a[i]);
}

static int
compare_events(const void *pa, const void *pb)
{
	const struct stamped *a = pa, *b = pb;
	const int d = compare_values(a->event, b->event);

	if (d != 0)
		return d;
	return (a->event->arrival > b->event->arrival) - (a->event->arrival < b->event->arrival);
}

/* Among those that are due: rare, they are dealt out together. */
static void
add_to_due(struct waiting *w, struct stamped waiter)
{
	due_add(w, waiter);
	for (size_t k = w->n_due - 1; w->by_value && k > w->taken; k--) {
		if (compare_events(&w->due[k - 1], &waiter) < 0)
			break;
		w->due[k] = w->due[k - 1];
		w->due[k - 1] = waiter;
	}
}

/* The bucket with what is next, if nothing is due and something waits. */
static struct bucket *
lowest(struct waiting *w)
{
	struct level *level = &w->levels[__builtin_ctz(w->filled)];

	return &level->buckets[__builtin_ctzll(level->filled)];
}

/* The smallest time of the lowest bucket has come: what stands there goes to the levels below. */
static void
deal_out(struct waiting *w)
{
	const int from = __builtin_ctz(w->filled);
	struct bucket *b = lowest(w);
	const struct bucket all = *b;

	*b = (struct bucket){ .first = NULL };
	w->levels[from].filled &= w->levels[from].filled - 1;
	if (w->levels[from].filled == 0)
		w->filled &= w->filled - 1;
	w->last = all.min;
	if (from + 1 >= w->fetched) {   /* those below it are empty */
		w->fetched = all.n <= SOON ? from + 1 : 0;
		for (struct chunk *c = all.first; w->fetched > 0 && c != NULL; c = c->next)
			fetch(w, c->a, c->n);
	}
	for (struct chunk *c = all.first, *next; c != NULL; c = next) {
		deal_chunk(w, from, c);
		next = c->next;
		chunk_free(w, c);
	}
	if (w->by_value && w->n_due > 1)
		qsort(w->due, w->n_due, sizeof(*w->due), compare_events);
}

static struct event *
heap_take(struct waiting *w)
{
	struct event *e;

	if (w->fetched == 0 && w->taken % GROUP == 0)
		fetch(w, w->due + w->taken, at_most(w->n_due - w->taken, GROUP));
	e = w->due[w->taken++].event;
	w->n_heap--;
	if (w->taken == w->n_due)
		w->taken = w->n_due = 0;
	return e;
}

/* ---- */

void
waiting_add(struct waiting *w, struct event *e)
{
	const struct stamped waiter = { e->ts, e };

	if (w->queue.n == 0 || !before(w, &waiter, queued(w, w->queue.n - 1))) {
		*(struct stamped *)ring_add(&w->queue, sizeof(waiter)) = waiter;
		return;
	}
	if (!w->begun)
		w->last = TIME_MIN;
	w->begun = true;
	if (waiter.ts == w->last)
		add_to_due(w, waiter);
	else
		heap_add(w, waiter);
	w->n_heap++;
}

/* Is the heap's first event the next of all? Then it is due. */
static bool
heap_is_next(struct waiting *w, const struct stamped *head, int64_t until)
{
	if (w->n_heap == 0)
		return false;
	const int64_t ts = w->n_due > 0 ? w->last : lowest(w)->min;
	if (ts > until || (head != NULL && ts > head->ts))
		return false;
	if (w->n_due == 0)
		deal_out(w);
	return head == NULL || ts < head->ts || before(w, &w->due[w->taken], head);
}

struct event *
waiting_take(struct waiting *w, int64_t until)
{
	const struct stamped *head = w->queue.n > 0 ? queued(w, 0) : NULL;
	struct event *e;

	if (heap_is_next(w, head, until))
		return heap_take(w);
	if (head == NULL || head->ts > until)
		return NULL;
	if (w->queue.first % GROUP == 0)
		fetch(w, head, at_most(w->queue.n, GROUP));
	e = head->event;
	ring_drop(&w->queue);
	return e;
}

void
waiting_each(const struct waiting *w, waiting_fn *fn, void *arg)
{
	for (size_t i = 0; i < w->queue.n; i++)
		fn(arg, queued(w, i)->event);
	for (size_t i = w->taken; i < w->n_due; i++)
		fn(arg, w->due[i].event);
	for (int k = 0; k < WAITING_LEVELS * WAITING_BUCKETS; k++) {
		const struct bucket *b =
			&w->levels[k / WAITING_BUCKETS].buckets[k % WAITING_BUCKETS];
		for (const struct chunk *c = b->first; c != NULL; c = c->next)
			for (size_t i = 0; i < c->n; i++)
				fn(arg, c->a[i].event);
	}
}

static void
drop(void *arg, struct event *e)
{
	event_drop(arg, e);
}

static void
free_chunks(struct chunk *c)
{
	for (struct chunk *next; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
}

void
waiting_release(struct waiting *w, struct event_store *s)
{
	waiting_each(w, drop, s);
	for (int k = 0; k < WAITING_LEVELS * WAITING_BUCKETS; k++)
		free_chunks(w->levels[k / WAITING_BUCKETS].buckets[k % WAITING_BUCKETS].first);
	free_chunks(w->spare);
	free(w->due);
	ring_release(&w->queue, sizeof(struct stamped));
	*w = (struct waiting){ .by_value = w->by_value };
}
