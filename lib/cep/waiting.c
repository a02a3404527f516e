/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waiting.c - a queue for what comes in order, a radix heap for what does not
 */
#include "cep/waiting.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"
#include "sql/value.h"

#define BUCKET_KEEP 65536               /* a longer array is not kept empty */
#define SOON 256 /* events of one bucket, for which there is room in the caches */
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

static int
bucket_of(const struct waiting *w, int64_t ts)
{
	return ts == w->last ? 0 : 64 - __builtin_clzll((uint64_t)ts ^ (uint64_t)w->last);
}

static void
bucket_add(struct waiting *w, int i, struct stamped waiter)
{
	struct bucket *b = &w->buckets[i];

	b->a = mem_more(b->a, b->n, &b->cap, sizeof(*b->a));
	if (b->n == 0 || waiter.ts < b->min)
		b->min = waiter.ts;
	b->a[b->n++] = waiter;
	if (i > 0)
		w->filled |= (uint64_t)1 << (i - 1);
}

/* The bucket with what is next, or NULL. */
static struct bucket *
lowest(struct waiting *w)
{
	if (w->n_heap == 0)
		return NULL;
	return &w->buckets[w->buckets[0].n > 0 ? 0 : __builtin_ctzll(w->filled) + 1];
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

/* Among those of one time that are there already: rare, they are dealt out together. */
static void
add_to_last(struct waiting *w, struct stamped waiter)
{
	struct bucket *b = &w->buckets[0];

	bucket_add(w, 0, waiter);
	for (size_t k = b->n - 1; w->by_value && k > w->taken; k--) {
		if (compare_events(&b->a[k - 1], &waiter) < 0)
			break;
		b->a[k] = b->a[k - 1];
		b->a[k - 1] = waiter;
	}
}

/* The bucket's smallest time has come: what stands in it goes to lower ones. */
static void
deal_out(struct waiting *w, struct bucket *b)
{
	const int from = (int)(b - w->buckets);
	struct bucket all = *b;

	*b = (struct bucket){ .a = NULL };
	w->filled &= w->filled - 1;
	w->last = all.min;
	if (from >= w->fetched) {       /* those below it are empty */
		w->fetched = all.n <= SOON ? from : 0;
		for (size_t i = 0; w->fetched > 0 && i < all.n; i += GROUP)
			fetch(w, all.a + i, at_most(all.n - i, GROUP));
	}
	for (size_t i = 0; i < all.n; i++)
		bucket_add(w, bucket_of(w, all.a[i].ts), all.a[i]);
	if (w->by_value && w->buckets[0].n > 1)
		qsort(w->buckets[0].a, w->buckets[0].n, sizeof(all.a[0]), compare_events);
	if (all.cap > BUCKET_KEEP) {
		free(all.a);
		all = (struct bucket){ .a = NULL };
	}
	*b = (struct bucket){ .a = all.a, .cap = all.cap };
}

static struct event *
heap_take(struct waiting *w, struct bucket *b)
{
	struct event *e;

	if (b != &w->buckets[0])
		deal_out(w, b);
	b = &w->buckets[0];
	if (w->fetched == 0 && w->taken % GROUP == 0)
		fetch(w, b->a + w->taken, at_most(b->n - w->taken, GROUP));
	e = b->a[w->taken++].event;
	w->n_heap--;
	if (w->taken == b->n)
		w->taken = b->n = 0;
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
		add_to_last(w, waiter);
	else
		bucket_add(w, bucket_of(w, waiter.ts), waiter);
	w->n_heap++;
}

struct event *
waiting_take(struct waiting *w, int64_t until)
{
	struct bucket *b = lowest(w);
	const struct stamped *head = w->queue.n > 0 ? queued(w, 0) : NULL;
	struct event *e;

	if (b != NULL && b->min <= until && (head == NULL || b->min < head->ts))
		return heap_take(w, b);
	if (b != NULL && b->min <= until && b->min == head->ts) {
		if (b != &w->buckets[0])
			deal_out(w, b);
		b = &w->buckets[0];
		if (before(w, &b->a[w->taken], head))
			return heap_take(w, b);
	}
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
	for (int k = 0; k < WAITING_BUCKETS; k++)
		for (size_t i = k == 0 ? w->taken : 0; i < w->buckets[k].n; i++)
			fn(arg, w->buckets[k].a[i].event);
}

static void
drop(void *arg, struct event *e)
{
	event_drop(arg, e);
}

void
waiting_release(struct waiting *w, struct event_store *s)
{
	waiting_each(w, drop, s);
	for (int k = 0; k < WAITING_BUCKETS; k++)
		free(w->buckets[k].a);
	ring_release(&w->queue, sizeof(struct stamped));
	*w = (struct waiting){ .by_value = w->by_value };
}
