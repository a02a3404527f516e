/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats.c - the three clocks and their average over a minute
 *
 * A reader takes the newest mark that is at least a minute old, or the oldest
 * there is, and compares it with the totals of now. A wait that is still going
 * on counts up to now, but never for more than the time compared.
 */
#include "stream/stats.h"

#include "base/time.h"

static int64_t
load_i64(const _Atomic int64_t *v)
{
	return atomic_load_explicit(v, memory_order_relaxed);
}

static uint64_t
load_u64(const _Atomic uint64_t *v)
{
	return atomic_load_explicit(v, memory_order_relaxed);
}

static void
mark(struct pipe_stats *s, uint32_t index, int64_t now_ns)
{
	struct stats_mark *m = &s->marks[index];

	atomic_store_explicit(&m->idle_ns, load_u64(&s->idle_ns), memory_order_relaxed);
	atomic_store_explicit(&m->blocked_ns, load_u64(&s->blocked_ns), memory_order_relaxed);
	atomic_store_explicit(&m->at_ns, now_ns, memory_order_relaxed);
	atomic_store_explicit(&s->newest, index, memory_order_relaxed);
}

void
stats_start(struct pipe_stats *s, int64_t now_ns)
{
	atomic_store_explicit(&s->watermark, TIME_MIN, memory_order_relaxed);
	atomic_store_explicit(&s->started_ns, now_ns, memory_order_relaxed);
	atomic_store_explicit(&s->waiting_since, now_ns, memory_order_relaxed);
	mark(s, 0, now_ns);
}

void
stats_wait(struct pipe_stats *s, enum stats_wait what, int64_t now_ns)
{
	uint64_t gone = (uint64_t)(now_ns - load_i64(&s->waiting_since));
	int32_t  was = atomic_load_explicit(&s->waiting, memory_order_relaxed);

	if (was == STATS_IDLE)
		atomic_fetch_add_explicit(&s->idle_ns, gone, memory_order_relaxed);
	else if (was == STATS_BLOCKED)
		atomic_fetch_add_explicit(&s->blocked_ns, gone, memory_order_relaxed);
	atomic_store_explicit(&s->waiting_since, now_ns, memory_order_relaxed);
	atomic_store_explicit(&s->waiting, (int32_t)what, memory_order_relaxed);
	stats_sample(s, now_ns);
}

void
stats_sample(struct pipe_stats *s, int64_t now_ns)
{
	uint32_t newest = atomic_load_explicit(&s->newest, memory_order_relaxed) % STATS_STEPS;

	if (now_ns - load_i64(&s->marks[newest].at_ns) >= STATS_STEP_NS)
		mark(s, (newest + 1) % STATS_STEPS, now_ns);
}

/* The newest mark that is a minute old or more; else the oldest. */
static const struct stats_mark *
baseline(const struct pipe_stats *s, int64_t now_ns)
{
	uint32_t newest = atomic_load_explicit(&s->newest, memory_order_relaxed) % STATS_STEPS;
	const struct stats_mark *best = &s->marks[newest];

	for (uint32_t back = 0; back < STATS_STEPS; back++) {
		const struct stats_mark *m = &s->marks[(newest + STATS_STEPS - back) % STATS_STEPS];

		if (load_i64(&m->at_ns) == 0)
			break;
		best = m;
		if (now_ns - load_i64(&m->at_ns) >= (STATS_STEPS - 1) * STATS_STEP_NS)
			break;
	}
	return best;
}

static double
share(double part, double whole)
{
	return part <= 0 ? 0 : part >= whole ? 1 : part / whole;
}

struct stats_ratios
stats_ratios(const struct pipe_stats *s, int64_t now_ns)
{
	const struct stats_mark *from = baseline(s, now_ns);
	int64_t span = now_ns - load_i64(&from->at_ns);
	int64_t limit = (STATS_STEPS - 1) * STATS_STEP_NS;
	int64_t going = now_ns - load_i64(&s->waiting_since);
	int32_t waiting = atomic_load_explicit(&s->waiting, memory_order_relaxed);
	double idle = (double)(int64_t)(load_u64(&s->idle_ns) - load_u64(&from->idle_ns));
	double blocked = (double)(int64_t)(load_u64(&s->blocked_ns) - load_u64(&from->blocked_ns));

	if (span <= 0)
		return (struct stats_ratios){ .busy = 1 };
	if (waiting == STATS_IDLE)
		idle += (double)going;
	else if (waiting == STATS_BLOCKED)
		blocked += (double)going;
	if (waiting != STATS_BUSY && going >= limit) {  /* nothing else has happened for a minute */
		idle = waiting == STATS_IDLE ? (double)span : 0;
		blocked = waiting == STATS_BLOCKED ? (double)span : 0;
	}
	struct stats_ratios r = { share(idle, (double)span), share(blocked, (double)span), 0 };
	if (r.idle + r.blocked > 1)
		r.blocked = 1 - r.idle;
	r.busy = 1 - r.idle - r.blocked;
	return r;
}
