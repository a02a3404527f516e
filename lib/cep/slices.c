/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slices.c - lists that grow at one end and are forgotten from the other
 */
#include "cep/slices.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"

#define CLEAN_AT 4096                   /* so many dead events are no reason to clean */

bool
slicer_of(const struct program *g, struct slicer *to)
{
	const struct element *e = g->pattern->last;
	const enum skip_kind skip = g->pattern->skip.kind;

	if (e->prev != NULL || e->group != NULL || e->inner == ANY || e->optional ||
	    e->until.p != NULL || g->gaps || g->iterative != 0)
		return false;
	if (skip != NO_SKIP && skip != SKIP_TO_NEXT && skip != SKIP_PAST_LAST)
		return false;
	/* a range may stop at each of its counts, and narrows what follows when greedy: left to
	 * the general engine */
	if (e->times && e->from != e->to)
		return false;
	*to = (struct slicer){ .min = 1,
		               .max = 1,
		               .window = g->window,
		               .strict = e->inner == STRICT,
		               .skip = skip,
		               .element = e->number };
	if (e->looping || e->times)
		to->min = to->max = (uint64_t)e->from;
	if (e->looping)
		to->max = 0;
	to->cond = g->where;
	return true;
}

void
slicer_release(struct slicer *s)
{
	for (; s->n > 0; slicer_pop(s))
		;
	mem_big_free(s->log, s->cap * sizeof(*s->log));
}

/* ---- the log */

static void
grow(struct slicer *s)
{
	const size_t cap = s->cap == 0 ? 1024 : s->cap * 2;
	struct logged *log = mem_big(cap * sizeof(*log));

	for (uint32_t i = 0; i < s->n; i++)
		log[(s->first + i) & (cap - 1)] = *slicer_at(s, s->first + i);
	mem_big_free(s->log, s->cap * sizeof(*log));
	s->log = log;
	s->cap = cap;
}

void
slicer_pop(struct slicer *s)
{
	event_drop_pooled(slicer_at(s, s->first)->event);
	s->first++;
	s->n--;
}

bool
slicer_is_dirty(const struct slicer *s)
{
	return s->n > 2 * s->live + CLEAN_AT;
}

/* What is live moves from the log's head to its end, and so once around in its own list, whose
 * next entry to move always comes first. */
void
slicer_clean(struct slicer *s, slices_of_fn *of, void *arg)
{
	for (uint32_t rest = s->n; rest > 0; rest--) {
		const uint32_t position = s->first;
		const struct logged old = *slicer_at(s, position);
		struct slices *k = of(arg, old.key);
		if (k->n == 0 || position != k->first) {
			slicer_pop(s);
			continue;
		}
		const uint32_t to = ++s->first + s->n - 1;
		*slicer_at(s, to) = (struct logged){ .ts = old.ts,
			                             .event = event_move(s->store, old.event),
			                             .key = old.key };
		slicer_at(s, k->last)->next = to;
		k->first = k->n == 1 ? to : old.next;
		k->last = to;
	}
}

/* ---- lists */

void
slices_push(struct slicer *s, struct slices *k, struct event *e)
{
	if (s->n == s->cap)
		grow(s);
	const uint32_t at = s->first + s->n++;
	*slicer_at(s, at) = (struct logged){ .ts = e->ts, .event = e, .key = e->key };
	if (k->n == 0)
		k->first = at;
	else
		slicer_at(s, k->last)->next = at;
	k->last = at;
	k->n++;
	s->live++;
}

static void
clear(struct slicer *s, struct slices *k)
{
	s->live -= k->n;
	k->n = 0;
}

void
slices_list(const struct slicer *s, const struct slices *k, struct stamped *to)
{
	uint32_t at = k->first;

	for (uint32_t i = 0; i < k->n; i++) {
		const struct logged *l = slicer_at(s, at);
		to[i] = (struct stamped){ l->ts, l->event };
		at = l->next;
	}
}

size_t
slices_event(struct slicer *s, struct slices *k, struct event *e, bool fits)
{
	if (!fits) {
		if (s->strict)
			clear(s, k);
		event_drop_pooled(e);
		return 0;
	}
	slices_push(s, k, e);
	if (k->n < s->min)
		return 0;
	return s->skip == NO_SKIP ? k->n - s->min + 1 : 1;
}

void
slices_matched(struct slicer *s, struct slices *k)
{
	if (s->skip == SKIP_PAST_LAST)
		clear(s, k);
	else if (s->skip == SKIP_TO_NEXT || k->n == s->max)
		slices_drop_oldest(s, k);
}

bool
slicer_expired(const struct slicer *s, int64_t ts, int64_t now)
{
	return s->window > 0 && (now == TIME_MAX || now - ts >= s->window);
}

void
slices_drop_oldest(struct slicer *s, struct slices *k)
{
	k->first = slicer_at(s, k->first)->next;
	k->n--;
	s->live--;
}
