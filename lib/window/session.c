/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.c - windows that last as long as records keep coming
 *
 * A record makes the window [ts, ts + gap); windows of a key that overlap or
 * touch are one. The sessions of a key hang in a short list, in no order.
 *
 * Alarms stand in a heap by time, one a session that counts. A session that
 * grows leaves its alarm where it is: when it rings too early it is set again.
 * A session that has merged leaves an alarm that means nothing to whoever lives
 * in its place by then.
 *
 * Rows of a session that has swallowed one that had fired are updates, even if
 * the older one was cleaned up long before: it has to be wholly inside. Any
 * session that is not late ends after all those that were cleaned up, so the
 * latest start of those is all that has to be known of them.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"
#include "window/engine.h"

#define NONE UINT32_MAX

enum { BLOCK_BITS = 9, BLOCK = 1 << BLOCK_BITS };

struct session {
	int64_t  start, end;
	int64_t  alarm;                 /* TIME_MAX: none */
	uint32_t key;                   /* NONE: not in use */
	uint32_t next;                  /* of the key, or of those not in use */
	bool     fired;                 /* it, or one that it has swallowed */
	bool     due;                   /* it will fire when the watermark is at its end */
};

struct alarm {
	int64_t  at;
	uint32_t session;
};

struct owner {                          /* a key */
	int64_t  cleaned;               /* the latest start of its sessions that are gone; TIME_MIN: none */
	uint32_t first;
};

struct sessions {
	struct engine_env env;
	int64_t           lateness;
	int64_t           watermark;
	size_t            stride;
	struct session   *sessions;
	size_t            n, cap;       /* ever used */
	uint32_t          unused;       /* list */
	char            **blocks;       /* their accumulators */
	size_t            n_blocks, cap_blocks;
	size_t            open;
	struct owner     *owners;       /* by key id */
	size_t            n_owners;
	struct alarm     *heap;         /* 4 children a node: fewer cache lines than 2 */
	size_t            n_heap, cap_heap;
	uint32_t         *ringing;      /* sessions that fire together */
	size_t            n_ringing, cap_ringing;
};

/* ---- places */

static void *
acc_of(const struct sessions *t, uint32_t i)
{
	return t->blocks[i >> BLOCK_BITS] + (i & (BLOCK - 1)) * t->stride;
}

static struct owner *
owner_of(struct sessions *t, uint32_t key)
{
	if (key >= t->n_owners) {
		size_t n = (size_t)key + key / 2 + 16;

		t->owners = mem_resize(t->owners, n, sizeof(*t->owners));
		for (size_t i = t->n_owners; i < n; i++)
			t->owners[i] = (struct owner){ TIME_MIN, NONE };
		t->n_owners = n;
	}
	return &t->owners[key];
}

static uint32_t
session_make(struct sessions *t, uint32_t key)
{
	struct owner *owner = owner_of(t, key);
	uint32_t      i = t->unused;

	if (i != NONE) {
		t->unused = t->sessions[i].next;
	} else {
		if (t->n >> BLOCK_BITS == t->n_blocks) {
			t->blocks = mem_more(t->blocks, t->n_blocks, &t->cap_blocks,
			                     sizeof(*t->blocks));
			t->blocks[t->n_blocks++] = mem_zalloc(BLOCK, t->stride);
		}
		t->sessions = mem_more(t->sessions, t->n, &t->cap, sizeof(*t->sessions));
		i = (uint32_t)t->n++;
	}
	t->sessions[i] = (struct session){ .alarm = TIME_MAX, .key = key, .next = owner->first };
	owner->first = i;
	t->open++;
	return i;
}

static void
session_drop(struct sessions *t, uint32_t i)
{
	uint32_t *link = &t->owners[t->sessions[i].key].first;

	while (*link != i)
		link = &t->sessions[*link].next;
	*link = t->sessions[i].next;
	agg_drop(t->env.aggs, acc_of(t, i));
	t->sessions[i].key = NONE;
	t->sessions[i].alarm = TIME_MAX;
	t->sessions[i].next = t->unused;
	t->unused = i;
	t->open--;
}

/* ---- alarms */

static void
heap_push(struct sessions *t, struct alarm a)
{
	size_t i = t->n_heap;

	t->heap = mem_more(t->heap, t->n_heap, &t->cap_heap, sizeof(*t->heap));
	t->n_heap++;
	for (; i > 0 && t->heap[(i - 1) / 4].at > a.at; i = (i - 1) / 4)
		t->heap[i] = t->heap[(i - 1) / 4];
	t->heap[i] = a;
}

static size_t
least_child(const struct sessions *t, size_t i)
{
	size_t first = 4 * i + 1, end = first + 4 < t->n_heap ? first + 4 : t->n_heap, best = first;

	for (size_t c = first + 1; c < end; c++)
		if (t->heap[c].at < t->heap[best].at)
			best = c;
	return best;
}

static struct alarm
heap_pop(struct sessions *t)
{
	const struct alarm top = t->heap[0], last = t->heap[--t->n_heap];
	size_t i = 0;

	while (4 * i + 1 < t->n_heap) {
		size_t c = least_child(t, i);

		if (t->heap[c].at >= last.at)
			break;
		t->heap[i] = t->heap[c];
		i = c;
	}
	t->heap[i] = last;
	return top;
}

/* When something has to be done about a session: fire it, or clean it up. */
static int64_t
when_due(const struct sessions *t, const struct session *s)
{
	return s->due ? s->end - 1 : s->end - 1 + t->lateness;
}

static void
set_alarm(struct sessions *t, uint32_t i)
{
	struct session *s = &t->sessions[i];
	int64_t at = when_due(t, s);

	if (s->alarm <= at)
		return;
	s->alarm = at;
	heap_push(t, (struct alarm){ at, i });
}

/* ---- filing */

static bool
touches(const struct session *s, const struct span *window)
{
	return s->start <= window->end && s->end >= window->start;
}

/* All sessions of the key that touch the window become one, which is made if there is none. It does
 * not span the window yet. */
static uint32_t
merge(struct sessions *t, uint32_t key, const struct span *window)
{
	uint32_t into = NONE, next;

	for (uint32_t i = owner_of(t, key)->first; i != NONE; i = next) {
		struct session *s = &t->sessions[i], *first;

		next = s->next;
		if (!touches(s, window))
			continue;
		if (into == NONE) {
			into = i;
			continue;
		}
		first = &t->sessions[into];
		first->start = s->start < first->start ? s->start : first->start;
		first->end = s->end > first->end ? s->end : first->end;
		first->fired |= s->fired;
		agg_merge(t->env.aggs, acc_of(t, into), acc_of(t, i));
		session_drop(t, i);
	}
	if (into != NONE)
		return into;
	into = session_make(t, key);
	t->sessions[into].start = window->start;
	t->sessions[into].end = window->end;
	return into;
}

static int
fire(struct sessions *t, uint32_t i, enum row_mark mark)
{
	const struct session *s = &t->sessions[i];

	return row_alone(t->env.rows, &(struct span){ s->start, s->end }, s->key, acc_of(t, i),
	                 mark);
}

static bool
has_any(struct sessions *t, uint32_t key, const struct span *window)
{
	for (uint32_t i = owner_of(t, key)->first; i != NONE; i = t->sessions[i].next)
		if (touches(&t->sessions[i], window))
			return true;
	return false;
}

static enum filed
session_add(void *self, const struct record *r, struct err *err)
{
	struct sessions  *t = self;
	const struct span window = { r->ts, r->ts + r->gap };
	struct session   *s;
	uint32_t          i;
	int               result = 0;

	(void)err;
	t->watermark = r->watermark;
	if (window.end - 1 + t->lateness <= t->watermark && !has_any(t, r->key, &window))
		return FILED_LATE;
	i = merge(t, r->key, &window);
	s = &t->sessions[i];
	s->start = window.start < s->start ? window.start : s->start;
	s->end = window.end > s->end ? window.end : s->end;
	s->fired |= s->start <= t->owners[r->key].cleaned;
	agg_add(t->env.aggs, acc_of(t, i), r->input);
	s->due = s->end - 1 > t->watermark;
	if (!s->due) {
		result = fire(t, i, s->fired ? ROW_UPDATE : ROW_FIRST);
		s->fired = true;
	}
	set_alarm(t, i);
	return result < 0 ? FILED_FAILED : FILED_IN;
}

static void
session_prefetch(const void *self, const struct record *r, int step)
{
	const struct sessions *t = self;
	const struct owner    *owner;

	if (r->key >= t->n_owners)
		return;
	owner = &t->owners[r->key];
	if (step == 0) {
		__builtin_prefetch(owner);
	} else if (owner->first != NONE) {
		__builtin_prefetch(&t->sessions[owner->first]);
		__builtin_prefetch(acc_of(t, owner->first), 1);
	}
}

/* ---- firing */

struct order {                          /* of rows that fire together */
	int64_t  end;
	uint32_t key, session;
};

static int
by_end_and_key(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return (x->key > y->key) - (x->key < y->key);
}

/* Rows of the n sessions in ringing. */
static int
fire_ringing(struct sessions *t, bool early)
{
	struct order *orders = mem_alloc(t->n_ringing * sizeof(*orders));
	int result = 0;

	for (size_t i = 0; i < t->n_ringing; i++) {
		const struct session *s = &t->sessions[t->ringing[i]];

		orders[i] = (struct order){ s->end, s->key, t->ringing[i] };
	}
	qsort(orders, t->n_ringing, sizeof(*orders), by_end_and_key);
	for (size_t i = 0; i < t->n_ringing && result == 0; i++) {
		struct session *s = &t->sessions[orders[i].session];

		result = fire(t, orders[i].session,
		              early ? ROW_EARLY : s->fired ? ROW_UPDATE : ROW_FIRST);
		s->fired |= !early;
	}
	free(orders);
	return result;
}

static void
ring(struct sessions *t, uint32_t i)
{
	t->ringing = mem_more(t->ringing, t->n_ringing, &t->cap_ringing, sizeof(*t->ringing));
	t->ringing[t->n_ringing++] = i;
}

static void
clean_up(struct sessions *t, uint32_t i)
{
	struct owner *owner = &t->owners[t->sessions[i].key];

	if (t->sessions[i].start > owner->cleaned)
		owner->cleaned = t->sessions[i].start;
	session_drop(t, i);
}

/* What is left of a session after it has fired. */
static void
settle(struct sessions *t, uint32_t i)
{
	if (t->sessions[i].end - 1 + t->lateness <= t->watermark)
		clean_up(t, i);
	else
		set_alarm(t, i);
}

static int
session_advance(void *self, int64_t ts, struct err *err)
{
	struct sessions *t = self;
	int result;

	(void)err;
	t->watermark = ts;
	t->n_ringing = 0;
	while (t->n_heap > 0 && t->heap[0].at <= ts) {
		const struct alarm a = heap_pop(t);
		struct session    *s = &t->sessions[a.session];

		if (s->alarm != a.at)
			continue;
		s->alarm = TIME_MAX;
		if (s->due && s->end - 1 <= ts) {
			s->due = false;
			ring(t, a.session);
		} else {
			settle(t, a.session);
		}
	}
	if (t->n_heap > 0) {            /* most watermarks fire one session: have the next one at hand */
		__builtin_prefetch(&t->sessions[t->heap[0].session]);
		__builtin_prefetch(acc_of(t, t->heap[0].session));
	}
	result = t->n_ringing == 0 ? 0 : fire_ringing(t, false);
	for (size_t i = 0; i < t->n_ringing; i++)
		settle(t, t->ringing[i]);
	return result;
}

static int64_t
session_next(const void *self)
{
	const struct sessions *t = self;

	return t->n_heap == 0 ? TIME_MAX : t->heap[0].at;
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
		if (t->sessions[i].key != NONE && t->sessions[i].due)
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

	return t->n_blocks * BLOCK * t->stride + t->cap * sizeof(*t->sessions) + t->cap_heap * sizeof(*t->heap) +
	       t->n_owners * sizeof(*t->owners) + t->cap_ringing * sizeof(*t->ringing);
}

static size_t
session_heap(const void *self)
{
	const struct sessions *t = self;
	size_t n = 0;

	for (uint32_t i = 0; i < t->n; i++)
		if (t->sessions[i].key != NONE)
			n += agg_heap(t->env.aggs, acc_of(t, i));
	return n;
}

static void
session_mark(const void *self, uint64_t *live)
{
	const struct sessions *t = self;

	for (uint32_t i = 0; i < t->n; i++)
		if (t->sessions[i].key != NONE)
			engine_mark(live, t->sessions[i].key);
}

/* Ids only become smaller. */
static void
session_renumber(void *self, const uint32_t *new_id, uint32_t n_new)
{
	struct sessions *t = self;

	for (uint32_t key = 0; key < t->n_owners; key++) {
		const struct owner owner = t->owners[key];

		if (owner.first == NONE)
			continue;
		for (uint32_t i = owner.first; i != NONE; i = t->sessions[i].next)
			t->sessions[i].key = new_id[key];
		t->owners[new_id[key]] = owner;
	}
	for (size_t key = n_new; key < t->n_owners; key++)
		t->owners[key] = (struct owner){ TIME_MIN, NONE };
}

/* Behind those are only keys that have never been here. */
static size_t
n_owners(const struct sessions *t)
{
	size_t n = t->n_owners;

	while (n > 0 && t->owners[n - 1].first == NONE && t->owners[n - 1].cleaned == TIME_MIN)
		n--;
	return n;
}

static void
session_save(void *self, struct buf *to)
{
	const struct sessions *t = self;

	buf_put_i64(to, t->watermark);
	buf_put_u64(to, n_owners(t));
	for (uint32_t key = 0; key < n_owners(t); key++)
		buf_put_i64(to, t->owners[key].cleaned);
	buf_put_u64(to, t->open);
	for (uint32_t i = 0; i < t->n; i++) {
		const struct session *s = &t->sessions[i];

		if (s->key == NONE)
			continue;
		buf_put_u64(to, s->key);
		buf_put_i64(to, s->start);
		buf_put_i64(to, s->end);
		buf_put_u64(to, s->fired);
		buf_put_u64(to, s->due);
		agg_save(t->env.aggs, acc_of(t, i), to);
	}
}

static int
session_load(void *self, struct cursor *from, uint32_t n_keys)
{
	struct sessions *t = self;
	uint64_t n;

	t->watermark = cursor_i64(from);
	n = cursor_u64(from);
	if (n > n_keys)
		return -1;
	for (uint64_t key = 0; key < n && from->ok; key++)
		owner_of(t, (uint32_t)key)->cleaned = cursor_i64(from);
	for (n = cursor_u64(from); n > 0; n--) {
		uint64_t key = cursor_u64(from);
		uint32_t i;
		struct session *s;

		if (!from->ok || key >= n_keys)
			return -1;
		i = session_make(t, (uint32_t)key);
		s = &t->sessions[i];
		s->start = cursor_i64(from);
		s->end = cursor_i64(from);
		s->fired = cursor_u64(from) != 0;
		s->due = cursor_u64(from) != 0;
		if (!from->ok || s->start < TIME_FIRST || s->start > TIME_LAST ||
		    s->end <= s->start || s->end > TIME_LAST + DUR_MAX ||
		    agg_load(t->env.aggs, acc_of(t, i), from) < 0)
			return -1;
		set_alarm(t, i);
	}
	return 0;
}

static void
session_free(void *self)
{
	struct sessions *t = self;

	for (uint32_t i = 0; i < t->n; i++)
		if (t->sessions[i].key != NONE)
			agg_drop(t->env.aggs, acc_of(t, i));
	for (size_t b = 0; b < t->n_blocks; b++)
		free(t->blocks[b]);
	free(t->blocks);
	free(t->sessions);
	free(t->owners);
	free(t->heap);
	free(t->ringing);
	free(t);
}

static const struct engine_ops session_ops = {
	.add = session_add, .prefetch = session_prefetch, .advance = session_advance,
	.next = session_next,
	.finish = session_finish, .early = session_early, .open = session_open,
	.bytes = session_bytes, .heap = session_heap,
	.mark = session_mark, .renumber = session_renumber, .save = session_save,
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
	t->stride = agg_size(env->aggs);
	t->unused = NONE;
	return (struct engine){ &session_ops, t };
}
