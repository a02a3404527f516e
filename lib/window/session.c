/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c - windows that last as long as records keep coming
 *
 * A record makes the window [ts, ts + gap); windows of a key that overlap or
 * touch are one. The sessions of a key hang in a list in order of time: a record
 * in its order touches the newest at most, and the oldest goes first. Only a
 * record that comes before the newest session looks at the others. The list is a ring, so that
 * the newest alone, which leads to the oldest, finds both.
 *
 * Alarms are set only for what is due up to a horizon. When the watermark has come there the
 * horizon moves on, and all sessions are looked at for those that are due before it: how far it
 * moves is so chosen that a look finds many, and that few alarms stand there at a time. Most
 * sessions that grow do so before they get an alarm.
 *
 * A session has one alarm that counts at most. One that grows leaves its alarm where it is: when
 * it rings too early it is set again. A session that has merged leaves an alarm that means nothing
 * to whoever lives in its place by then. Which one counts is told by a few bits made of its time:
 * one that only looks like it makes a session look at its due time once more than it had to.
 *
 * Rows of a session that has swallowed one that had fired are updates: the records of that one are
 * in them. Those of one that has been cleaned up are not in any row to come, which therefore stands
 * beside the row it had, even where its window covers that of the other.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/radix.h"
#include "base/time.h"
#include "window/alarms.h"
#include "window/engine.h"

#define NONE (((uint32_t)1 << 30) - 1)
#define NO_KEY UINT32_MAX

enum {
	BLOCK_BITS = 9,
	BLOCK = 1 << BLOCK_BITS,
	TAG_BITS = 8,                   /* of alarms */
	ALARM_BITS = TAG_BITS + 1,      /* 0: there is none */
	AHEAD = 128,                    /* sessions that are read ahead of their alarms */
	/* alarms that a look at all sessions should lead to: fewer, and the next looks farther */
	LOOK_LEAST = 8,                 /* one in so many */
	LOOK_MOST = 3,
	RADIX_BITS = 8,
	RADIX_LEAST = 32                /* elements that it is worth it for */
};

struct session {                        /* its accumulators stand behind it */
	int64_t  start;
	/* its end, which has 55 bits with its sign (time.h), above whether it has an alarm, and
	 * which one */
	int64_t  end_alarm;
	uint32_t key;                   /* NO_KEY: not in use */
	uint32_t next : 30;             /* of the key, or of those not in use */
	bool     fired : 1;             /* it, or one that it has swallowed */
	bool     due : 1;               /* it will fire when the watermark is at its end */
};

_Static_assert(sizeof(struct session) == 24, "a session is three words");

struct order {                          /* of rows that fire together */
	int64_t  end;
	uint32_t key, session;
};

struct sessions {
	struct engine_env env;
	int64_t           lateness;
	int64_t           watermark;
	size_t            stride;       /* of a session with its accumulators */
	char            **blocks;       /* of them; they never move */
	size_t            n_blocks, cap_blocks;
	size_t            n;            /* ever used */
	uint32_t          unused;       /* list */
	size_t            open;
	uint32_t         *newest;       /* session, by key id; NONE: it has none */
	size_t            n_newest;
	struct alarms     alarms;
	int64_t           horizon;      /* what is due later has no alarm; TIME_MIN: nothing has */
	int64_t           ahead;        /* so far it was from the watermark */
	size_t            n_set;        /* alarms since then */
	struct order     *ringing;      /* sessions that fire together */
	struct order     *aside;        /* to sort them */
	size_t            n_ringing, cap_ringing, cap_aside;
};

/* ---- places */

static struct session *
session_of(const struct sessions *t, uint32_t i)
{
	return (struct session *)(void *)(t->blocks[i >> BLOCK_BITS] +
	                                  (i & (BLOCK - 1)) * t->stride);
}

static int64_t
end_of(const struct session *s)
{
	return s->end_alarm >> ALARM_BITS;
}

static void
set_end(struct session *s, int64_t end)
{
	const int64_t alarm = s->end_alarm & ((1 << ALARM_BITS) - 1);

	s->end_alarm = end * (1 << ALARM_BITS) | alarm;
}

/* Which alarm counts; 0: none does. */
static void
set_tag(struct session *s, int64_t tag)
{
	s->end_alarm = end_of(s) * (1 << ALARM_BITS) | tag;
}

static int64_t
tag(const struct session *s)
{
	return s->end_alarm & ((1 << ALARM_BITS) - 1);
}

static void *
acc_of(const struct sessions *t, uint32_t i)
{
	return session_of(t, i) + 1;
}

/* Arrays by key id grow by an eighth: most of what they hold is in use. */
static size_t
more_keys(uint32_t key)
{
	return (size_t)key + key / 8 + 16;
}

static uint32_t
newest_of(const struct sessions *t, uint32_t key)
{
	return key < t->n_newest ? t->newest[key] : NONE;
}

static void
set_newest(struct sessions *t, uint32_t key, uint32_t i)
{
	if (key >= t->n_newest) {
		size_t n = more_keys(key);

		t->newest = mem_resize(t->newest, n, sizeof(*t->newest));
		for (; t->n_newest < n; t->n_newest++)
			t->newest[t->n_newest] = NONE;
	}
	t->newest[key] = i;
}

static uint32_t
oldest_of(const struct sessions *t, uint32_t key)
{
	const uint32_t newest = newest_of(t, key);

	return newest == NONE ? NONE : session_of(t, newest)->next;
}

/* The one of the key that follows it; of NONE the first; NONE: there is none. */
static uint32_t
session_after(const struct sessions *t, uint32_t key, uint32_t i)
{
	if (i == NONE)
		return oldest_of(t, key);
	return i == newest_of(t, key) ? NONE : session_of(t, i)->next;
}

/* The last session of a key that ends before ts; NONE: there is none. */
static uint32_t
session_before(const struct sessions *t, uint32_t key, int64_t ts)
{
	const uint32_t newest = newest_of(t, key);
	uint32_t       before = NONE, i;

	if (newest == NONE || end_of(session_of(t, newest)) < ts)
		return newest;
	for (i = oldest_of(t, key); end_of(session_of(t, i)) < ts; i = session_of(t, i)->next)
		before = i;
	return before;
}

static void
link_session(struct sessions *t, uint32_t key, uint32_t before, uint32_t i)
{
	const uint32_t newest = newest_of(t, key);
	struct session *s = session_of(t, i), *previous;

	previous = newest == NONE ? s : session_of(t, before == NONE ? newest : before);
	s->next = (newest == NONE ? i : previous->next) & NONE;
	previous->next = i & NONE;
	if (before == newest)
		set_newest(t, key, i);
}

/* A session of window, behind those that end before it. */
static uint32_t
session_make(struct sessions *t, uint32_t key, const struct span *window)
{
	uint32_t i = t->unused;

	if (i != NONE) {
		t->unused = session_of(t, i)->next;
	} else {
		assert(t->n < NONE);
		if (t->n >> BLOCK_BITS == t->n_blocks) {
			t->blocks = mem_more(t->blocks, t->n_blocks, &t->cap_blocks,
			                     sizeof(*t->blocks));
			t->blocks[t->n_blocks++] = mem_zalloc(BLOCK, t->stride);
		}
		i = (uint32_t)t->n++;
	}
	*session_of(t, i) = (struct session){
		.start = window->start, .key = key,
	};
	set_end(session_of(t, i), window->end);
	link_session(t, key, session_before(t, key, window->start), i);
	t->open++;
	return i;
}

/* Drop the session of the key that follows before. */
static void
session_drop_after(struct sessions *t, uint32_t key, uint32_t before)
{
	const uint32_t  newest = newest_of(t, key), i = session_after(t, key, before);
	struct session *s = session_of(t, i);

	session_of(t, before == NONE ? newest : before)->next = s->next;
	if (newest == i)
		set_newest(t, key, before);
	agg_drop(t->env.aggs, acc_of(t, i));
	s->key = NO_KEY;
	set_tag(s, 0);
	s->next = t->unused & NONE;
	t->unused = i;
	t->open--;
}

/* ---- alarms */

/* When something has to be done about a session: fire it, or clean it up. */
static int64_t
when_due(const struct sessions *t, const struct session *s)
{
	return s->due ? end_of(s) - 1 : end_of(s) - 1 + t->lateness;
}

/* Multiplied, as times are often whole seconds (D. Knuth, vol. 3, 6.4). */
static int64_t
tag_of(int64_t at)
{
	return (int64_t)((uint64_t)at * 0x9E3779B97F4A7C15 >> (64 - TAG_BITS) | 1 << TAG_BITS);
}

/* Beyond the horizon there is none: it comes when the horizon does. */
static void
set_alarm(struct sessions *t, uint32_t i)
{
	struct session *s = session_of(t, i);
	const int64_t   at = when_due(t, s);

	if (t->horizon == TIME_MIN)             /* the first of all */
		t->horizon = at;
	if (at > t->horizon)
		return;
	set_tag(s, tag_of(at));
	alarms_set(&t->alarms, at, i);
	t->n_set++;
}

/* The watermark has reached the horizon. A look costs as much as there are sessions, so it should
 * find a share of them; so that few are found at a time, not a large one. */
static void
look_ahead(struct sessions *t)
{
	if (t->n_set <= t->n / LOOK_LEAST && t->ahead <= DUR_MAX / 2)
		t->ahead *= 2;
	else if (t->n_set > t->n / LOOK_MOST && t->ahead > 1)
		t->ahead /= 2;
	t->horizon = t->watermark < TIME_MAX - t->ahead ? t->watermark + t->ahead : TIME_MAX;
	t->n_set = 0;
	for (uint32_t i = 0; i < t->n; i++) {
		const struct session *s = session_of(t, i);

		if (s->key != NO_KEY && tag(s) == 0)
			set_alarm(t, i);
	}
}

/* ---- filing */

/* The first session of the key that overlaps or touches the window; NONE: there is none. */
static uint32_t
first_touching(struct sessions *t, uint32_t key, const struct span *window)
{
	const struct session *last;
	uint32_t              i = newest_of(t, key);

	if (i == NONE)
		return NONE;
	last = session_of(t, i);
	if (window->start < last->start || window->start > end_of(last))
		i = session_after(t, key, session_before(t, key, window->start));
	return i == NONE || session_of(t, i)->start > window->end ? NONE : i;
}

/* All sessions of the key that touch the window become one, which is made if there is none. It does
 * not span the window yet. */
static uint32_t
merge(struct sessions *t, uint32_t key, const struct span *window)
{
	const uint32_t  into = first_touching(t, key, window);
	struct session *first, *s;
	uint32_t        i;

	if (into == NONE)
		return session_make(t, key, window);
	first = session_of(t, into);
	while ((i = session_after(t, key, into)) != NONE &&
	       (s = session_of(t, i))->start <= window->end) {
		set_end(first, end_of(s));
		first->fired |= s->fired;
		agg_merge(t->env.aggs, acc_of(t, into), acc_of(t, i));
		session_drop_after(t, key, into);
	}
	return into;
}

static int
fire(struct sessions *t, uint32_t i, enum row_mark mark)
{
	const struct session *s = session_of(t, i);

	return row_alone(t->env.rows, &(struct span){ s->start, end_of(s) }, s->key, acc_of(t, i),
	                 mark);
}

static enum filed
session_add(void *self, const struct record *r, struct err *err)
{
	struct sessions  *t = self;
	const struct span window = { r->ts, r->ts + r->gap };
	struct session   *s;
	uint32_t          i;
	bool              was_due;
	int               result = 0;

	(void)err;
	t->watermark = r->watermark;
	if (window.end - 1 + t->lateness <= t->watermark &&
	    first_touching(t, r->key, &window) == NONE)
		return FILED_LATE;
	i = merge(t, r->key, &window);
	s = session_of(t, i);
	was_due = s->due;
	s->start = window.start < s->start ? window.start : s->start;
	if (window.end > end_of(s))
		set_end(s, window.end);
	agg_add(t->env.aggs, acc_of(t, i), r->input);
	s->due = end_of(s) - 1 > t->watermark;
	if (!s->due) {
		result = fire(t, i, s->fired ? ROW_UPDATE : ROW_FIRST);
		s->fired = true;
	}
	/* the alarm of one that waited to be cleaned up may come too late now */
	if (tag(s) == 0 || (s->due && !was_due))
		set_alarm(t, i);
	return result < 0 ? FILED_FAILED : FILED_IN;
}

/* In line by force: a call of a function that does nothing but read ahead has no effect that the
 * compiler knows of, and is left out. */
static inline __attribute__((always_inline)) void
prefetch_key(const struct sessions *t, uint32_t key)
{
	if (key < t->n_newest)
		__builtin_prefetch(&t->newest[key], 1);
}

static inline __attribute__((always_inline)) void
prefetch_session(const struct sessions *t, uint32_t i)
{
	__builtin_prefetch(session_of(t, i), 1);
	__builtin_prefetch((char *)session_of(t, i) + t->stride - 1, 1);
}

static void
session_prefetch(const void *self, const struct record *r, int step)
{
	const struct sessions *t = self;
	uint32_t               newest;

	if (step == 0)
		prefetch_key(t, r->key);
	else if ((newest = newest_of(t, r->key)) != NONE)
		prefetch_session(t, newest);
}

/* ---- firing */

static bool
comes_before(const struct order *a, const struct order *b)
{
	return a->end != b->end ? a->end < b->end : a->key < b->key;
}

static void
sort_few(struct sessions *t)
{
	for (size_t i = 1; i < t->n_ringing; i++) {
		const struct order o = t->ringing[i];
		size_t to = i;

		for (; to > 0 && comes_before(&o, &t->ringing[to - 1]); to--)
			t->ringing[to] = t->ringing[to - 1];
		t->ringing[to] = o;
	}
}

static uint64_t
order_key(const void *order)
{
	return ((const struct order *)order)->key;
}

/* Its sign where it sorts. */
static uint64_t
order_end(const void *order)
{
	return (uint64_t)((const struct order *)order)->end ^ (uint64_t)1 << 63;
}

/* By keys, then by ends. */
static void
sort_many(struct sessions *t)
{
	size_t counts[1 << RADIX_BITS];
	const struct radix by_key = { .size = sizeof(*t->ringing), .key = order_key,
		                      .end = 32, .bits = RADIX_BITS, .counts = counts };
	const struct radix by_end = { .size = sizeof(*t->ringing), .key = order_end,
		                      .end = 64, .bits = RADIX_BITS, .counts = counts };
	struct order *const a = t->ringing, *const b = t->aside;
	struct order *sorted = radix_sort(&by_key, a, b, t->n_ringing);

	sorted = radix_sort(&by_end, sorted, sorted == a ? b : a, t->n_ringing);
	t->ringing = sorted;
	t->aside = sorted == a ? b : a;
}

static void
sort_ringing(struct sessions *t)
{
	if (t->n_ringing < RADIX_LEAST) {
		sort_few(t);
		return;
	}
	if (t->cap_aside != t->cap_ringing) {
		t->aside = mem_resize(t->aside, t->cap_ringing, sizeof(*t->aside));
		t->cap_aside = t->cap_ringing;
	}
	sort_many(t);
}

static void
ring(struct sessions *t, uint32_t i)
{
	const struct session *s = session_of(t, i);

	t->ringing = mem_more(t->ringing, t->n_ringing, &t->cap_ringing, sizeof(*t->ringing));
	t->ringing[t->n_ringing++] = (struct order){ end_of(s), s->key, i };
}

static void
clean_up(struct sessions *t, uint32_t i)
{
	const struct session *s = session_of(t, i);

	session_drop_after(t, s->key, session_before(t, s->key, s->start));
}

/* What is left of a session after it has fired. */
static void
settle(struct sessions *t, uint32_t i)
{
	if (end_of(session_of(t, i)) - 1 + t->lateness <= t->watermark)
		clean_up(t, i);
	else
		set_alarm(t, i);
}

/* Rows of the sessions in ringing. */
static int
fire_ringing(struct sessions *t, bool early)
{
	int result = 0;

	if (t->n_ringing > 1)
		sort_ringing(t);
	for (size_t i = 0; i < t->n_ringing && result == 0; i++) {
		const uint32_t  at = t->ringing[i].session;
		struct session *s = session_of(t, at);

		if (i + 16 < t->n_ringing) {
			prefetch_session(t, t->ringing[i + 16].session);
			prefetch_key(t, t->ringing[i + 16].key);
			row_prefetch(t->env.rows, t->ringing[i + 16].key, 0);
			row_prefetch(t->env.rows, t->ringing[i + 8].key, 1);
		}
		result = fire(t, at, early ? ROW_EARLY : s->fired ? ROW_UPDATE : ROW_FIRST);
		if (early)
			continue;
		s->fired = true;
		settle(t, at);
	}
	return result;
}

/* Its alarm has rung. */
static void
come_due(struct sessions *t, uint32_t i)
{
	struct session *s = session_of(t, i);

	set_tag(s, 0);
	if (s->due && end_of(s) - 1 <= t->watermark) {
		s->due = false;
		ring(t, i);
	} else {
		settle(t, i);
	}
}

static int
session_advance(void *self, int64_t ts, struct err *err)
{
	struct sessions    *t = self;
	const struct alarm *rung;
	size_t n;

	(void)err;
	t->watermark = ts;
	t->n_ringing = 0;
	if (ts > t->horizon)
		look_ahead(t);
	rung = alarms_ring(&t->alarms, ts, &n);
	for (size_t i = 0; i < n; i++) {
		if (i + 16 < n) {
			prefetch_session(t, rung[i + 16].what);
			prefetch_key(t, session_of(t, rung[i + 8].what)->key);
		}
		if (tag(session_of(t, rung[i].what)) == tag_of(rung[i].at))
			come_due(t, rung[i].what);
	}
	return fire_ringing(t, false);
}

/* Most watermarks fire one session, with a cache miss for itself, its key, and the key's text:
 * those of many are waited for together. */
static void
session_ahead(void *self, int64_t until)
{
	struct sessions *t = self;
	uint32_t soon[AHEAD];
	size_t   n = alarms_soon(&t->alarms, until, soon, AHEAD);

	for (size_t i = 0; i < n; i++)
		prefetch_session(t, soon[i]);
	for (size_t i = 0; i < n; i++) {
		uint32_t key = session_of(t, soon[i])->key;

		if (key == NO_KEY) {
			soon[i--] = soon[--n];
			continue;
		}
		prefetch_key(t, key);
		row_prefetch(t->env.rows, key, 0);
	}
	for (size_t i = 0; i < n; i++)
		row_prefetch(t->env.rows, session_of(t, soon[i])->key, 1);
}

static int64_t
session_next(const void *self)
{
	const struct sessions *t = self;
	const int64_t next = alarms_next(&t->alarms);

	if (next != TIME_MAX || t->open == 0 || t->horizon == TIME_MAX)
		return next;
	return t->horizon + 1;
}

static int
session_finish(void *self, struct err *err)
{
	return session_advance(self, TIME_MAX, err);
}

static int
session_early(void *self, struct err *err)
{
	struct sessions *t = self;

	(void)err;
	t->n_ringing = 0;
	for (uint32_t i = 0; i < t->n; i++)
		if (session_of(t, i)->key != NO_KEY && session_of(t, i)->due)
			ring(t, i);
	return t->n_ringing == 0 ? 0 : fire_ringing(t, true);
}

/* ---- the rest */

static size_t
session_open(const void *self)
{
	return ((const struct sessions *)self)->open;
}

static size_t
session_bytes(const void *self)
{
	const struct sessions *t = self;

	return t->n_blocks * BLOCK * t->stride + t->alarms.bytes +
	       t->n_newest * sizeof(*t->newest) +
	       (t->cap_ringing + t->cap_aside) * sizeof(*t->ringing);
}

static void
session_weigh(const void *self, struct agg_weight *to)
{
	const struct sessions *t = self;

	for (uint32_t i = 0; i < t->n; i++)
		if (session_of(t, i)->key != NO_KEY)
			agg_weigh(t->env.aggs, acc_of(t, i), to);
}

static void
session_mark(const void *self, uint64_t *live)
{
	const struct sessions *t = self;

	for (uint32_t i = 0; i < t->n; i++)
		if (session_of(t, i)->key != NO_KEY)
			engine_mark(live, session_of(t, i)->key);
}

/* Ids only become smaller. */
static void
session_renumber(void *self, const uint32_t *new_id, uint32_t n_new)
{
	struct sessions *t = self;

	for (uint32_t i = 0; i < t->n; i++)
		if (session_of(t, i)->key != NO_KEY)
			session_of(t, i)->key = new_id[session_of(t, i)->key];
	for (uint32_t key = 0; key < t->n_newest; key++)
		if (t->newest[key] != NONE)
			t->newest[new_id[key]] = t->newest[key];
	for (size_t key = n_new; key < t->n_newest; key++)
		t->newest[key] = NONE;
}

static void
session_save(void *self, struct buf *to)
{
	const struct sessions *t = self;

	buf_put_i64(to, t->watermark);
	buf_put_u64(to, t->open);
	for (uint32_t i = 0; i < t->n; i++) {
		const struct session *s = session_of(t, i);

		if (s->key == NO_KEY)
			continue;
		buf_put_u64(to, s->key);
		buf_put_i64(to, s->start);
		buf_put_i64(to, end_of(s));
		buf_put_u64(to, s->fired);
		buf_put_u64(to, s->due);
		agg_save(t->env.aggs, acc_of(t, i), to);
	}
}

static int
load_session(struct sessions *t, uint32_t n_keys, struct cursor *from)
{
	uint64_t        key = cursor_u64(from);
	int64_t         start = cursor_i64(from);
	int64_t         end = cursor_i64(from);
	bool            fired = cursor_u64(from) != 0;
	bool            due = cursor_u64(from) != 0;
	const struct span window = { start, end };
	struct session *s;
	uint32_t        i;

	if (!from->ok || key >= n_keys || start < TIME_FIRST || start > TIME_LAST ||
	    end <= start || end > TIME_LAST + DUR_MAX ||
	    first_touching(t, (uint32_t)key, &window) != NONE)
		return -1;
	i = session_make(t, (uint32_t)key, &window);
	s = session_of(t, i);
	s->fired = fired;
	s->due = due;
	if (agg_load(t->env.aggs, acc_of(t, i), from) < 0)
		return -1;
	set_alarm(t, i);
	return 0;
}

static int
session_load(void *self, struct cursor *from, uint32_t n_keys)
{
	struct sessions *t = self;

	t->watermark = cursor_i64(from);
	for (uint64_t n = cursor_u64(from); n > 0; n--)
		if (load_session(t, n_keys, from) < 0)
			return -1;
	return 0;
}

static void
session_free(void *self)
{
	struct sessions *t = self;

	for (uint32_t i = 0; i < t->n; i++)
		if (session_of(t, i)->key != NO_KEY)
			agg_drop(t->env.aggs, acc_of(t, i));
	for (size_t b = 0; b < t->n_blocks; b++)
		free(t->blocks[b]);
	free(t->blocks);
	free(t->newest);
	alarms_release(&t->alarms);
	free(t->ringing);
	free(t->aside);
	free(t);
}

static const struct engine_ops session_ops = {
	.add = session_add,
	.prefetch = session_prefetch,
	.ahead = session_ahead,
	.advance = session_advance,
	.next = session_next,
	.finish = session_finish,
	.early = session_early,
	.open = session_open,
	.bytes = session_bytes,
	.weigh = session_weigh,
	.mark = session_mark,
	.renumber = session_renumber,
	.save = session_save,
	.load = session_load,
	.free = session_free,
};

struct engine
session_new(const struct engine_env *env, int64_t lateness)
{
	struct sessions *t = mem_zalloc(1, sizeof(*t));

	t->env = *env;
	t->lateness = lateness;
	t->watermark = TIME_MIN;
	t->stride = sizeof(struct session) + agg_size(env->aggs);
	alarms_init(&t->alarms);
	t->horizon = TIME_MIN;
	t->ahead = 1;
	t->unused = NONE;
	return (struct engine){ &session_ops, t };
}
