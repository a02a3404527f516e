/* SPDX-License-Identifier: Apache-2.0 */
/*
 * turns.c - events in their turn, and time for each key
 *
 * Flink gives each key its own timers; here one queue of events and one of timers serve all keys,
 * since both only ever move forward: a timer is set to the time of an event plus the window, and
 * events are processed in order of time. The log of the slices is such a queue itself.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"
#include "cep/state.h"

#define AHEAD 16                        /* entries of a queue, to the next step of a prefetch */
#define STEPS 7                         /* of those for a timer */

/* ---- keys */

void
cep_make_room(struct cep *c, uint32_t key)
{
	const size_t old = c->cap_keys, cap = key < 512 ? 1024 : (size_t)key * 2;

	if (key < old)
		return;
	if (c->slicing)
		c->slices = mem_big_grow(c->slices, old * sizeof(*c->slices),
		                         cap * sizeof(*c->slices));
	else
		c->branches = mem_big_grow(c->branches, old * sizeof(*c->branches),
		                           cap * sizeof(*c->branches));
	c->cap_keys = cap;
}

bool
cep_key_is_idle(const struct cep *c, uint32_t key)
{
	const struct key_refs *refs = cep_refs(c, key);

	return refs->waiting == 0 && refs->timers == 0 && !refs->touched &&
	       (c->slicing ? c->slices[key].slices.n == 0
	                   : partials_idle(&c->branches[key].partials));
}

static uint32_t
idle_key(const struct cep *c, size_t i)
{
	return *(const uint32_t *)ring_at(&c->idle, i, sizeof(uint32_t));
}

static void
list_idle(struct cep *c, uint32_t key)
{
	*(uint32_t *)ring_add(&c->idle, sizeof(key)) = key;
	cep_refs(c, key)->listed = true;
}

/* What is needed for the others is fetched in time. */
static void
forget_oldest_idle(struct cep *c)
{
	const uint32_t key = idle_key(c, 0);

	if (c->idle.n > 2 * AHEAD) {
		__builtin_prefetch(cep_refs(c, idle_key(c, 2 * AHEAD)));
		keys_prefetch_text(c->keys, idle_key(c, 2 * AHEAD), 0);
		keys_prefetch_forget(c->keys, idle_key(c, AHEAD));
	}
	ring_drop(&c->idle);
	cep_refs(c, key)->listed = false;
	if (cep_key_is_idle(c, key))
		keys_forget(c->keys, key);
}

void
cep_release_if_idle(struct cep *c, uint32_t key)
{
	if (cep_refs(c, key)->listed || !cep_key_is_idle(c, key))
		return;
	list_idle(c, key);
	if (c->over)
		return;
	for (int i = 0; i < 2 && c->idle.n > IDLE_KEYS + (keys_count(c->keys) - c->idle.n); i++)
		forget_oldest_idle(c);
}

void
cep_prefetch_key(const struct cep *c, uint32_t key)
{
	if (c->slicing && c->slices[key].slices.n > 0)
		__builtin_prefetch(slicer_at(&c->slicer, c->slices[key].slices.last));
}

void
cep_expect(void *self, const struct event *e, int step)
{
	const struct cep *c = self;

	if (step == 0)
		__builtin_prefetch(cep_refs(c, e->key));
	else if (c->slicing)
		cep_prefetch_key(c, e->key);
	else
		partials_prefetch(&c->branches[e->key].partials, step - 1);
}

/* ---- timers */

void
cep_add_timer(struct cep *c, uint32_t key, int64_t ts)
{
	*(struct timer *)ring_add(&c->timers, sizeof(struct timer)) = (struct timer){ ts, key };
	c->branches[key].refs.timers++;
}

int64_t
cep_next_moment(const struct cep *c)
{
	if (c->slicing)
		return c->slicer.window > 0 && c->slicer.n > 0
		               ? slicer_at(&c->slicer, c->slicer.first)->ts + c->slicer.window
		               : TIME_MAX;
	return c->timers.n > 0 ? cep_timer(c, 0)->ts : TIME_MAX;
}

/* ---- turns */

/* A moment's matches come all or not at all. */
static int
count_matches(struct cep *c, size_t n, struct err *err)
{
	const uint64_t max = c->conf.max_matches;

	if (max > 0 && c->matches + n > max)
		return fail_as(
			err, STATUS_DATA,
			"more than %" PRIu64
			" match%s (--max-matches): the pattern fits more than was thought (add "
			"--after-match, --within or a stricter --where, or allow more)",
			max, max == 1 ? "" : "es");
	c->matches += n;
	return 0;
}

static int
hand_out(struct cep *c, struct out *out, struct err *err)
{
	if (c->found.n == 0)
		return 0;
	if (count_matches(c, c->found.n, err) < 0)
		return -1;
	const int result = print_found(c->printer, &c->found, out);
	found_clear(&c->store, &c->found);
	if (result < 0)
		*err = out->err;
	return result;
}

/* At the end of a pass: a key's time is moved on at its events and timers, so that what has run out
 * is found in no order. */
static int
hand_out_timeouts(struct cep *c, struct err *err)
{
	if (c->timed_out.n == 0)
		return 0;
	const int result = print_timeouts(c->printer, &c->timed_out, c->timeouts);
	found_clear(&c->store, &c->timed_out);
	return result < 0 ? out_hand_on(c->timeouts, err) : 0;
}

static int
failed(const struct out *out, struct err *err)
{
	*err = out->err;
	return -1;
}

/* ---- slices in their turn */

static const struct stamped *
list_of(struct cep *c, const struct slices *k)
{
	if (c->cap_listed < k->n) {
		c->cap_listed = 2 * (size_t)k->n;
		c->listed = mem_resize(c->listed, c->cap_listed, sizeof(*c->listed));
	}
	slices_list(&c->slicer, k, c->listed);
	return c->listed;
}

static int
expire_oldest(struct cep *c, struct slices *k, struct err *err)
{
	struct slicer *s = &c->slicer;
	const int64_t at = slicer_at(s, k->first)->ts + s->window;

	if (c->timeouts != NULL &&
	    print_slice_timeout(c->printer, s->element, list_of(c, k), k->n, at, c->timeouts) < 0)
		return failed(c->timeouts, err);
	slices_drop_oldest(s, k);
	return 0;
}

/* Slices run out of time at the log's head, in the order of their starts. The keys of those that
 * will are known long before. */
static int
expire_log(struct cep *c, int64_t now, struct err *err)
{
	struct slicer *s = &c->slicer;

	for (; slicer_any_expired(s, now); slicer_pop(s)) {
		const uint32_t key = slicer_at(s, s->first)->key;
		struct slices *k = &c->slices[key].slices;
		if (s->n > 2 * AHEAD)
			__builtin_prefetch(&c->slices[slicer_at(s, s->first + 2 * AHEAD)->key]);
		if (!slices_have(k, s->first))
			continue;
		if (expire_oldest(c, k, err) < 0)
			return -1;
		cep_release_if_idle(c, key);
	}
	return 0;
}

static int
print_matches(struct cep *c, const struct slices *k, size_t matches, struct out *out,
              struct err *err)
{
	const struct logged *first = slicer_at(&c->slicer, k->first),
			    *last = slicer_at(&c->slicer, k->last);

	if (count_matches(c, matches, err) < 0)
		return -1;
	const int result = c->conf.emit == EMIT_COUNT ?
		print_slice_count(c->printer, first->event, last->ts, matches, out) :
		print_slices(c->printer, c->slicer.element, list_of(c, k), k->n, matches, out);
	return result < 0 ? failed(out, err) : 0;
}

static int
keep_slices_below_limit(struct cep *c, struct slices *k, struct err *err)
{
	struct slicer *s = &c->slicer;
	const size_t max = c->conf.max_partial < SLICES_MAX ? c->conf.max_partial : SLICES_MAX;

	if (s->live <= max)
		return 0;
	if (!c->conf.shed)
		return nfa_too_many(max, err);
	for (; s->live > max && k->n > 0; c->n_shed++)
		slices_drop_oldest(s, k);
	return 0;
}

static int
process_slice(struct cep *c, struct event *e, struct out *out, struct err *err)
{
	struct slicer *s = &c->slicer;
	const uint32_t key = e->key;
	struct slices *k = &c->slices[key].slices;

	/* while the event still waits, so that nobody forgets its key */
	if (expire_log(c, e->ts, err) < 0) {
		event_drop(&c->store, e);
		return -1;
	}
	c->slices[key].refs.waiting--;
	const bool fits = program_holds(&c->program, s->cond, e->truth);
	e->seq = ++c->seq;
	const size_t matches = slices_event(s, k, e, fits);
	if (matches > 0) {
		if (print_matches(c, k, matches, out, err) < 0)
			return -1;
		slices_matched(s, k);
	}
	if (keep_slices_below_limit(c, k, err) < 0)
		return -1;
	cep_release_if_idle(c, key);
	return 0;
}

static struct slices *
slices_of(void *arg, uint32_t key)
{
	struct cep *c = arg;

	return &c->slices[key].slices;
}

static int
drain_slices(struct cep *c, int64_t until, struct out *out, struct err *err)
{
	struct event *e;

	while ((e = waiting_take(&c->waiting, until)) != NULL)
		if (process_slice(c, e, out, err) < 0)
			return -1;
	if (expire_log(c, until, err) < 0)
		return -1;
	if (slicer_is_dirty(&c->slicer))
		slicer_clean(&c->slicer, slices_of, c);
	return 0;
}

/* ---- branches in their turn */

/* Is this the key that is traced? Then what happens next is told. */
static void
trace_key(struct cep *c, uint32_t key, int64_t now)
{
	if (c->tracer.to == NULL)
		return;
	c->tracer.now = now;
	nfa_listen(c->nfa, trace_is(&c->tracer, keys_text(c->keys, key)) ? trace_news : NULL,
	           &c->tracer);
}

/* Move a key's time, where it may have been before. */
static int
move_time(struct cep *c, uint32_t key, int64_t now, struct out *out, struct err *err)
{
	struct partials *p = &c->branches[key].partials;

	if (partials_idle(p))
		return 0;
	trace_key(c, key, now);
	if (nfa_time(c->nfa, p, now, &c->found, c->timeouts != NULL ? &c->timed_out : NULL, err) <
	    0)
		return -1;
	return hand_out(c, out, err);
}

/* At the end of the pass the key's time is moved on. */
static void
touch(struct cep *c, uint32_t key)
{
	c->touched = mem_more(c->touched, c->n_touched, &c->cap_touched, sizeof(*c->touched));
	c->touched[c->n_touched++] = key;
	c->branches[key].refs.touched = true;
}

/* Time is moved once before all events of a key that have the same: those behind the first are
 * shown to branches that it has led to states whose gap is over. */
static int
move_to_event(struct cep *c, const struct event *e, struct out *out, struct err *err)
{
	struct key_branches *k = &c->branches[e->key];

	if (e->ts != c->moment_ts)
		c->moment = (c->moment + 1) % PARTIALS_MOMENTS;
	c->moment_ts = e->ts;
	if (!k->refs.touched)
		touch(c, e->key);
	else if (k->partials.moment == c->moment)
		return 0;
	k->partials.moment = c->moment % PARTIALS_MOMENTS;
	return move_time(c, e->key, e->ts, out, err);
}

/* An event that cannot begin a match, of a key that has nothing to lose: most are such where keys
 * are many. */
static bool
passes_by(const struct cep *c, const struct event *e)
{
	const struct key_branches *k = &c->branches[e->key];

	return partials_idle(&k->partials) && !k->refs.touched && c->tracer.to == NULL &&
	       nfa_passes_by(c->nfa, e);
}

/* The timer that comes first, which has come. */
static int
obey_timer(struct cep *c, int64_t now, struct out *out, struct err *err)
{
	const uint32_t key = cep_timer(c, 0)->key;

	ring_drop(&c->timers);
	c->branches[key].refs.timers--;
	if (!c->branches[key].refs.touched)
		touch(c, key);
	return move_time(c, key, now, out, err);
}

/* Before an event that may go beyond the limit: what has run out in other keys does not count, nor
 * does it in the list of slices. */
static int
make_way(struct cep *c, int64_t now, struct out *out, struct err *err)
{
	if (nfa_live(c->nfa) < c->conf.max_partial || !c->quiet)
		return 0;
	while (c->timers.n > 0 && cep_timer(c, 0)->ts <= now)
		if (obey_timer(c, now, out, err) < 0)
			return -1;
	return 0;
}

static int
process(struct cep *c, struct event *e, struct out *out, struct err *err)
{
	struct partials *p = &c->branches[e->key].partials;

	c->branches[e->key].refs.waiting--;
	if (passes_by(c, e)) {
		c->seq++;
		cep_release_if_idle(c, e->key);
		return 0;
	}
	if (move_to_event(c, e, out, err) < 0 || make_way(c, e->ts, out, err) < 0)
		return -1;
	trace_key(c, e->key, e->ts);
	if (nfa_event(c->nfa, p, e, &c->found, err) < 0)
		return -1;
	/* the mark stays until the end of the pass, as Flink's does: events after a start set
	 * timers, too */
	if (p->started && c->program.window > 0)
		cep_add_timer(c, e->key, e->ts + c->program.window);
	return hand_out(c, out, err) < 0 ? -1 : nfa_keep_below_limit(c->nfa, p, err);
}

/* What the timers behind the first will need, step by step as it is found: records, branches,
 * nodes, events. */
static void
prefetch_timers(const struct cep *c)
{
	if (c->timers.n <= STEPS * AHEAD)
		return;
	__builtin_prefetch(&c->branches[cep_timer(c, STEPS * AHEAD)->key]);
	for (int step = 0; step < STEPS - 1; step++) {
		const struct timer *t = cep_timer(c, (size_t)(STEPS - 1 - step) * AHEAD);

		partials_prefetch(&c->branches[t->key].partials, step);
	}
}

/* Events, then time for all keys that had one or whose timer has come. */
static int
drain_branches(struct cep *c, int64_t until, struct out *out, struct err *err)
{
	struct event *e;
	int result = 0;

	c->n_touched = 0;
	while (result == 0 && (e = waiting_take(&c->waiting, until)) != NULL) {
		result = process(c, e, out, err);
		event_drop(&c->store, e);
	}
	c->store.leaving |= c->over && result == 0;
	while (result == 0 && c->timers.n > 0 && cep_timer(c, 0)->ts <= until) {
		prefetch_timers(c);
		result = obey_timer(c, until, out, err);
	}
	for (size_t i = 0; i < c->n_touched && result == 0; i++) {
		const uint32_t key = c->touched[i];
		if (i + 2 * AHEAD < c->n_touched)
			__builtin_prefetch(&c->branches[c->touched[i + 2 * AHEAD]]);
		result = move_time(c, key, until, out, err);
		c->branches[key].partials.started = false;
		c->branches[key].refs.touched = false;
		cep_release_if_idle(c, key);
	}
	return result;
}

int
cep_drain(struct cep *c, int64_t until, struct out *out, struct err *err)
{
	int result =
		c->slicing ? drain_slices(c, until, out, err) : drain_branches(c, until, out, err);

	if (!c->over && hand_out_timeouts(c, err) < 0)
		result = -1;
	if (c->tracer.to != NULL && c->tracer.to->buf.n > 0 && out_flush(c->tracer.to) < 0 &&
	    result == 0)
		return failed(c->tracer.to, err);
	if (c->stats != NULL) {
		atomic_store_explicit(&c->stats->partial_matches,
		                      c->slicing ? c->slicer.live : nfa_live(c->nfa),
		                      memory_order_relaxed);
		atomic_store_explicit(&c->stats->keys, keys_count(c->keys) - c->idle.n,
		                      memory_order_relaxed);
	}
	return result;
}

/* Also where Flink looks at a gap only when something happens to the key. */
int
cep_end(struct cep *c, struct out *out, struct err *err)
{
	c->watermark.now = TIME_MAX;
	c->over = true;
	if (cep_drain(c, TIME_MAX, out, err) < 0)
		return -1;
	for (uint32_t key = 0; !c->slicing && key < keys_limit(c->keys); key++)
		if (move_time(c, key, TIME_MAX, out, err) < 0)
			return -1;
	return hand_out_timeouts(c, err);
}
