/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slices.c - a list that grows at one end and is forgotten from the other
 */
#include "cep/slices.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"

bool
slicer_of(const struct program *g, struct slicer *to)
{
	const struct element *e = g->pattern->last;
	const enum skip_kind skip = g->pattern->skip.kind;

	if (e->prev != NULL || e->group != NULL || e->inner == ANY || e->optional || e->until.p != NULL || g->gaps || g->iterative != 0)
		return false;
	if (skip != NO_SKIP && skip != SKIP_TO_NEXT && skip != SKIP_PAST_LAST)
		return false;
	/* a range may stop at each of its counts, and narrows what follows when greedy: left to the general engine */
	if (e->times && e->from != e->to)
		return false;
	*to = (struct slicer){ .min = 1, .max = 1, .window = g->window, .strict = e->inner == STRICT, .skip = skip, .element = e->number };
	if (e->looping || e->times)
		to->min = to->max = (uint64_t)e->from;
	if (e->looping)
		to->max = 0;
	to->cond = g->where;
	return true;
}

void
slices_push(struct slices *k, struct event *e)
{
	if (k->first + k->n == k->cap && k->first > k->cap / 2) {
		memmove(k->a, k->a + k->first, k->n * sizeof(*k->a));
		k->first = 0;
	} else if (k->first + k->n == k->cap) {
		k->cap = k->cap == 0 ? 4 : k->cap * 2;
		k->a = mem_resize(k->a, k->cap, sizeof(*k->a));
	}
	k->a[k->first + k->n++] = (struct stamped){ e->ts, event_keep(e) };
}

static void
clear(struct slices *k)
{
	for (uint32_t i = 0; i < k->n; i++)
		event_drop(k->a[k->first + i].event);
	k->first = k->n = 0;
}

size_t
slices_event(const struct slicer *s, struct slices *k, struct event *e, bool fits)
{
	if (!fits) {
		if (s->strict)
			clear(k);
		return 0;
	}
	slices_push(k, e);
	if (k->n < s->min)
		return 0;
	return s->skip == NO_SKIP ? k->n - s->min + 1 : 1;
}

void
slices_matched(const struct slicer *s, struct slices *k)
{
	if (s->skip == SKIP_PAST_LAST)
		clear(k);
	else if (s->skip == SKIP_TO_NEXT || k->n == s->max)
		slices_drop_oldest(k);
}

bool
slices_expired(const struct slicer *s, const struct slices *k, int64_t now)
{
	return k->n > 0 && s->window > 0 && (now == TIME_MAX || now - k->a[k->first].ts >= s->window);
}

void
slices_drop_oldest(struct slices *k)
{
	event_drop(k->a[k->first].event);
	k->first++;
	k->n--;
}

void
slices_release(struct slices *k)
{
	clear(k);
	free(k->a);
	*k = (struct slices){ 0 };
}
