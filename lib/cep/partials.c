/* SPDX-License-Identifier: Apache-2.0 */
/*
 * partials.c - one branch and the wait, or a heap of them
 */
#include "cep/partials.h"

#include <string.h>

#define PREFETCH_MAX 4                  /* branches of a key */
#define EXACT_MAX    8                  /* so many have just the room that they need */

/* How many have room where n live. */
static size_t
room(uint32_t n)
{
	return n <= EXACT_MAX ? n : (size_t)1 << (32 - __builtin_clz(n - 1));
}

static void
resize(struct event_store *s, struct partials *p, uint32_t n)
{
	const size_t had = room(p->n), cap = room(n);

	p->n = n;
	if (had == cap)
		return;
	cells_free(&s->cells, p->live, had * sizeof(*p->live));
	p->live = cap > 0 ? cells_alloc(&s->cells, cap * sizeof(*p->live)) : NULL;
}

void
partials_begin(struct partials *p, struct event *e, int element, int state)
{
	p->first = event_keep(e);
	p->start_ts = e->ts;
	p->state = (uint32_t)state & ((1u << 26) - 1);
	p->element = (uint32_t)element & 63u;
	p->is_bare = true;
}

void
partials_dress(struct event_store *s, struct partials *p)
{
	struct event *first = p->first;

	if (!p->is_bare)
		return;
	const struct branch b = { node_new(s, first, NULL, (int)p->element), first->seq,
		                  p->start_ts, (int)p->state };
	partials_end_bare(s, p);
	resize(s, p, 1);
	p->live[0] = b;
}

void
partials_end_bare(struct event_store *s, struct partials *p)
{
	event_drop(s, p->first);
	p->live = NULL;
	p->done = NULL;
	p->n = 0;
	p->is_bare = false;
}

uint32_t
partials_live(const struct partials *p, int start, struct branch pair[2], const struct branch **to)
{
	*to = p->live;
	if (!p->is_bare && p->n != 1)
		return p->n;
	if (p->is_bare)
		pair[0] = (struct branch){ .start_ts = p->start_ts, .state = (int)p->state };
	else
		pair[0] = p->live[0];
	pair[1] = branch_wait(start);
	*to = pair;
	return 2;
}

void
partials_take_out(struct event_store *s, struct partials *p, int start, struct branches *to)
{
	struct branch pair[2];
	const struct branch *live;

	partials_dress(s, p);
	const uint32_t n = partials_live(p, start, pair, &live);
	for (uint32_t i = 0; i < n; i++)
		branches_append(s, to, &live[i]);
}

void
partials_become(struct event_store *s, struct partials *p, struct branches *from)
{
	resize(s, p, from->n == 2 && from->a[1].start == START_NEVER ? 1 : from->n);
	if (p->n > 0)
		memcpy(p->live, from->a, p->n * sizeof(*p->live));
	from->n = 0;
}

struct branches
partials_take_done(struct event_store *s, struct partials *p)
{
	struct branches done = { .a = NULL };

	if (p->done == NULL)
		return done;
	done = *p->done;
	cells_free(&s->cells, p->done, sizeof(done));
	p->done = NULL;
	return done;
}

void
partials_put_done(struct event_store *s, struct partials *p, struct branches *done)
{
	if (done->n == 0) {
		branches_release(s, done);
		return;
	}
	p->done = cells_alloc(&s->cells, sizeof(*done));
	*p->done = *done;
}

void
partials_prefetch(const struct partials *p, int step)
{
	const uint32_t n = p->is_bare ? 0 : p->n;

	if (step == 0)
		__builtin_prefetch(p->live);    /* or the first event */
	for (uint32_t i = 0; step > 0 && i < n && i < PREFETCH_MAX; i++) {
		const struct node *node = p->live[i].node;
		for (int k = 1; k < step - 1 && node != NULL; k++)
			node = node->before;
		if (step > 1 && node != NULL) {
			__builtin_prefetch(node->event);
			node = node->before;
		}
		__builtin_prefetch(node);
	}
}
