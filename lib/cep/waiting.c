/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waiting.c - a queue for what comes in order, a heap for what does not
 */
#include "cep/waiting.h"

#include <stdlib.h>

#include "base/mem.h"
#include "sql/value.h"

/* Values that do not compare go by kind, so that the order is total. */
static int
compare_values(const struct event *a, const struct event *b)
{
	struct cursor ca = { { a->order, a->n_order }, true }, cb = { { b->order, b->n_order }, true };
	struct val va, vb;

	if (val_load(&va, &ca) < 0 || val_load(&vb, &cb) < 0)
		return 0;
	const int d = val_cmp(&va, &vb);
	return d != VAL_UNLIKE ? d : (va.kind > vb.kind) - (va.kind < vb.kind);
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
	return &w->queue[(w->first + i) & (w->cap - 1)];
}

static void
queue_add(struct waiting *w, struct stamped waiter)
{
	if (w->n == w->cap) {
		const size_t cap = w->cap == 0 ? 64 : w->cap * 2;
		struct stamped *queue = mem_zalloc(cap, sizeof(*queue));
		for (size_t i = 0; i < w->n; i++)
			queue[i] = *queued(w, i);
		free(w->queue);
		w->queue = queue;
		w->cap = cap;
		w->first = 0;
	}
	*queued(w, w->n++) = waiter;
}

static void
heap_add(struct waiting *w, struct stamped waiter)
{
	size_t k = w->n_heap;

	w->heap = mem_more(w->heap, w->n_heap, &w->cap_heap, sizeof(*w->heap));
	w->n_heap++;
	while (k > 0 && before(w, &waiter, &w->heap[(k - 1) / 2])) {
		w->heap[k] = w->heap[(k - 1) / 2];
		k = (k - 1) / 2;
	}
	w->heap[k] = waiter;
}

static struct event *
heap_take(struct waiting *w)
{
	struct event *top = w->heap[0].event;
	const struct stamped last = w->heap[--w->n_heap];
	size_t k = 0;

	while (2 * k + 1 < w->n_heap) {
		size_t child = 2 * k + 1;
		if (child + 1 < w->n_heap && before(w, &w->heap[child + 1], &w->heap[child]))
			child++;
		if (!before(w, &w->heap[child], &last))
			break;
		w->heap[k] = w->heap[child];
		k = child;
	}
	if (w->n_heap > 0)
		w->heap[k] = last;
	return top;
}

void
waiting_add(struct waiting *w, struct event *e)
{
	const struct stamped waiter = { e->ts, e };

	if (w->n > 0 && before(w, &waiter, queued(w, w->n - 1)))
		heap_add(w, waiter);
	else
		queue_add(w, waiter);
}

struct event *
waiting_take(struct waiting *w, int64_t until)
{
	const bool from_queue =
		w->n > 0 && (w->n_heap == 0 || before(w, queued(w, 0), &w->heap[0]));
	struct event *e;

	if (!from_queue)
		return w->n_heap > 0 && w->heap[0].ts <= until ? heap_take(w) : NULL;
	if (queued(w, 0)->ts > until)
		return NULL;
	e = queued(w, 0)->event;
	w->first = (w->first + 1) & (w->cap - 1);
	w->n--;
	return e;
}

struct event *
waiting_at(const struct waiting *w, size_t i)
{
	return i < w->n ? queued(w, i)->event : w->heap[i - w->n].event;
}

void
waiting_release(struct waiting *w)
{
	for (size_t i = 0; i < waiting_count(w); i++)
		event_drop(waiting_at(w, i));
	free(w->queue);
	free(w->heap);
	*w = (struct waiting){ .by_value = w->by_value };
}
