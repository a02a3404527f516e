/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turns.c - events in their turn, and time for each key
 *
 * Flink gives each key its own timers; here one queue of events and one of timers serve all keys, since both only ever move
 * forward: a timer is set to the time of an event plus the window, and events are processed in order of time.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"
#include "cep/state.h"

/* ---- keys */

struct key_state *
cep_state_of(struct cep *c, uint32_t key)
{
	if (key >= c->cap_states) {
		const size_t cap = key < 512 ? 1024 : (size_t)key * 2;
		c->states = mem_resize(c->states, cap, sizeof(*c->states));
		memset(c->states + c->cap_states, 0, (cap - c->cap_states) * sizeof(*c->states));
		c->cap_states = cap;
	}
	return &c->states[key];
}

void
cep_release_if_idle(struct cep *c, uint32_t key)
{
	struct key_state *s = &c->states[key];

	if (s->partials != NULL && partials_idle(s->partials)) {
		partials_release(c->nfa, s->partials);
		free(s->partials);
		s->partials = NULL;
	}
	if (s->partials != NULL || s->slices.n > 0 || s->waiting > 0 || s->timers > 0)
		return;
	slices_release(&s->slices);
	memset(s, 0, sizeof(*s));
	keys_forget(c->keys, key);
}

void
cep_prefetch_key(const struct cep *c, uint32_t key)
{
	const struct key_state *s = &c->states[key];

	if (c->slicing && s->slices.a != NULL)
		__builtin_prefetch(slices_events(&s->slices));
	else if (!c->slicing)
		__builtin_prefetch(s->partials);
}

/* ---- timers */

void
cep_add_timer(struct cep *c, uint32_t key, int64_t ts)
{
	if (c->n_timers == c->cap_timers) {
		const size_t cap = c->cap_timers == 0 ? 64 : c->cap_timers * 2;
		struct timer *timers = mem_zalloc(cap, sizeof(*timers));
		for (size_t i = 0; i < c->n_timers; i++)
			timers[i] = c->timers[(c->first_timer + i) & (c->cap_timers - 1)];
		free(c->timers);
		c->timers = timers;
		c->cap_timers = cap;
		c->first_timer = 0;
	}
	c->timers[(c->first_timer + c->n_timers++) & (c->cap_timers - 1)] = (struct timer){ ts, key };
	c->states[key].timers++;
}

/* Timers are known long before they are due: what they will touch can be fetched in three steps. */
static void
prefetch_timers(const struct cep *c)
{
	const size_t mask = c->cap_timers - 1;

	if (c->n_timers < 32 || !c->slicing)
		return;
	__builtin_prefetch(&c->states[c->timers[(c->first_timer + 24) & mask].key]);
	const struct slices *middle = &c->states[c->timers[(c->first_timer + 16) & mask].key].slices;
	if (middle->n > 0)
		__builtin_prefetch(slices_events(middle));
	const struct slices *near = &c->states[c->timers[(c->first_timer + 8) & mask].key].slices;
	if (near->n > 0)
		__builtin_prefetch(slices_events(near)[0].event);
}

/* ---- turns */

static int
hand_out(struct cep *c, struct out *out, struct err *err)
{
	c->matches += c->found.n;
	int result = print_found(c->printer, &c->found, false, out);

	if (result == 0 && c->timeouts != NULL)
		result = print_found(c->printer, &c->timed_out, true, c->timeouts);
	found_clear(&c->found);
	found_clear(&c->timed_out);
	if (result < 0 && c->timeouts != NULL && c->timeouts->failed)
		*err = c->timeouts->err;
	else if (result < 0)
		*err = out->err;
	return result;
}

static int
failed(const struct out *out, struct err *err)
{
	*err = out->err;
	return -1;
}

static int
expire_slices(struct cep *c, struct key_state *s, int64_t now, struct err *err)
{
	for (; slices_expired(&c->slicer, &s->slices, now); c->live--) {
		const struct stamped *events = slices_events(&s->slices);
		if (c->timeouts != NULL && print_slice_timeout(c->printer, c->slicer.element, events, s->slices.n,
		                                               events[0].ts + c->slicer.window, c->timeouts) < 0)
			return failed(c->timeouts, err);
		slices_drop_oldest(&s->slices);
	}
	return 0;
}

/* Move a key's time, once a pass and moment. */
static int
move_key(struct cep *c, uint32_t key, int64_t now, struct out *out, struct err *err)
{
	struct key_state *s = &c->states[key];

	if (s->pass != c->pass) {
		s->pass = c->pass;
		s->now = TIME_MIN;
		c->touched = mem_more(c->touched, c->n_touched, &c->cap_touched, sizeof(*c->touched));
		c->touched[c->n_touched++] = key;
	}
	if (s->now == now && now != TIME_MIN)
		return 0;
	s->now = now;
	if (c->slicing)
		return expire_slices(c, s, now, err);
	if (s->partials == NULL)
		return 0;
	if (nfa_time(c->nfa, s->partials, now, &c->found, &c->timed_out, err) < 0)
		return -1;
	return hand_out(c, out, err);
}

static int
keep_below_limit(struct cep *c, struct slices *k, struct err *err)
{
	if (c->live <= c->conf.max_partial)
		return 0;
	if (!c->conf.shed)
		return nfa_too_many(c->conf.max_partial, err);
	for (; c->live > c->conf.max_partial && k->n > 0; c->live--, c->n_shed++)
		slices_drop_oldest(k);
	return 0;
}

static int
process_slice(struct cep *c, struct key_state *s, struct event *e, struct out *out, struct err *err)
{
	const bool fits = program_holds(&c->program, c->slicer.cond, e->truth);
	const size_t before = s->slices.n;
	const size_t matches = slices_event(&c->slicer, &s->slices, e, fits);

	if (fits && c->slicer.window > 0)
		cep_add_timer(c, e->key, e->ts + c->slicer.window);
	if (matches > 0) {
		c->matches += matches;
		if (print_slices(c->printer, c->slicer.element, slices_events(&s->slices), s->slices.n, matches, out) < 0)
			return failed(out, err);
		slices_matched(&c->slicer, &s->slices);
	}
	c->live += s->slices.n;
	c->live -= before;
	return keep_below_limit(c, &s->slices, err);
}

static int
process(struct cep *c, struct event *e, struct out *out, struct err *err)
{
	struct key_state *s = &c->states[e->key];

	s->waiting--;
	if (move_key(c, e->key, e->ts, out, err) < 0)
		return -1;
	e->seq = ++c->seq;
	if (c->slicing)
		return process_slice(c, s, e, out, err);
	if (s->partials == NULL) {
		s->partials = mem_alloc(sizeof(*s->partials));
		partials_init(c->nfa, s->partials);
	}
	if (nfa_event(c->nfa, s->partials, e, &c->found, err) < 0)
		return -1;
	/* the mark stays until the end of the pass, as Flink's does: events after a start set timers, too */
	if (s->partials->started && c->program.window > 0)
		cep_add_timer(c, e->key, e->ts + c->program.window);
	return hand_out(c, out, err);
}

/* Everything up to the watermark: events in their turn, then time for all keys that had one or whose timer has come. */
int
cep_drain(struct cep *c, int64_t until, struct out *out, struct err *err)
{
	struct event *e;
	int result = 0;

	c->pass++;
	c->n_touched = 0;
	while (result == 0 && (e = waiting_take(&c->waiting, until)) != NULL) {
		result = process(c, e, out, err);
		event_drop(e);
	}
	while (result == 0 && c->n_timers > 0 && c->timers[c->first_timer].ts <= until) {
		const uint32_t key = c->timers[c->first_timer].key;
		prefetch_timers(c);
		c->first_timer = (c->first_timer + 1) & (c->cap_timers - 1);
		c->n_timers--;
		c->states[key].timers--;
		result = move_key(c, key, until, out, err);
	}
	for (size_t i = 0; i < c->n_touched && result == 0; i++) {
		const uint32_t key = c->touched[i];
		result = move_key(c, key, until, out, err);
		if (c->states[key].partials != NULL)
			c->states[key].partials->started = false;
		cep_release_if_idle(c, key);
	}
	if (c->stats != NULL) {
		atomic_store_explicit(&c->stats->partial_matches, c->slicing ? c->live : nfa_live(c->nfa), memory_order_relaxed);
		atomic_store_explicit(&c->stats->keys, keys_count(c->keys), memory_order_relaxed);
	}
	return result;
}

/* Also where Flink looks at a gap only when something happens to the key. */
int
cep_end(struct cep *c, struct out *out, struct err *err)
{
	c->watermark.now = TIME_MAX;
	if (cep_drain(c, TIME_MAX, out, err) < 0)
		return -1;
	c->pass++;
	c->n_touched = 0;
	for (uint32_t key = 0; key < keys_limit(c->keys); key++)
		if (key < c->cap_states && (c->states[key].partials != NULL || c->states[key].slices.n > 0) &&
		    move_key(c, key, TIME_MAX, out, err) < 0)
			return -1;
	return 0;
}
