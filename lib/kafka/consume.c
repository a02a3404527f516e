/* SPDX-License-Identifier: Apache-2.0 */
/*
 * consume.c - records of a broker into lines
 *
 * A bounded read holds one record of each partition, its head, and writes the earliest. A head is always sought for one partition
 * at a time, in the order in which they came to need one: so even what bad records leave behind
 * is in the same order on every run. Watermarks of a bounded read follow the count of records and never the
 * clock, for the same reason.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"
#include "kafka/consume.h"
#include "kafka/envelope.h"
#include "kafka/merge.h"
#include "kafka/selector.h"

#define STEP_RECORDS      512           /* a step handles at most so many */
#define WATERMARK_RECORDS 64            /* between two watermark lines, if it has risen */
#define FLUSH_BYTES       ((size_t)128 << 10)
#define COMMIT_EVERY_MS   5000
#define WAIT_MS           200           /* a signal is noticed after this */
#define NO_END            TIME_MAX

/* A partition that is, or was, ours. Its index is its slot. */
struct lane {
	struct part      part;
	bool             ours;
	bool             done;          /* bounded: read to its end */
	bool             waiting;       /* bounded: it has no head */
	int64_t          next;          /* everything before it is in out, or was passed over */
	int64_t          stored;
	int64_t          end;
	struct record    head;
	struct selection selection;
	enum selected    selected;      /* of head */
};

struct consume {
	struct consume_conf    conf;
	const struct reader   *reader;
	struct out            *out;
	struct bad_records    *bad;
	const struct pipe_env *env;
	struct selector       *selector;
	struct watermark_set  *watermarks;      /* NULL: not wanted */
	bool                   bounded;
	bool                   joined;          /* a group has given us partitions, be they none */
	struct lane           *lanes;
	size_t                 n_lanes, cap_lanes, last_lane;
	uint32_t              *queue;           /* bounded: slots that need a head, the oldest need first */
	size_t                 n_queue, cap_queue;
	size_t                 left;            /* bounded: lanes that are ours and not done */
	struct merge           merge;
	struct consume_counts  counts;
	uint64_t               since_watermark; /* records */
	int64_t                said_watermark;
	bool                   said_idle;
	bool                   held;            /* the reader is on hold */
	bool                   flushing;        /* out is in the middle of a write */
	bool                   dirty;           /* records were handled since the last store */
	int64_t                now;             /* wall clock, as of the beginning of the step */
	int64_t                next_commit;
	void                 (*tell)(void *arg, const struct part *p, int64_t from, int64_t to);
	void                  *tell_arg;
};

bool
consume_bounded(const struct consume_conf *conf)
{
	return conf->exit_at_end || conf->until.kind != PLACE_NONE || conf->range.to.kind != PLACE_NONE;
}

static int64_t
read_clock(struct consume *c)
{
	c->now = c->env->clock_ms(c->env->clock_self);
	return c->now;
}

static void
waiting(struct consume *c, enum stats_wait what)
{
	if (c->env->stats != NULL)
		stats_wait(c->env->stats, what, c->env->clock_ns(c->env->clock_self));
}

static void
out_waits(void *arg, bool blocked)
{
	struct consume *c = arg;

	struct err ignored;             /* the next poll tells it again */

	c->flushing = blocked;
	if (c->held)
		(void)c->reader->hold(c->reader->self, false, &ignored);
	c->held = false;
	waiting(c, blocked ? STATS_BLOCKED : STATS_BUSY);
}

void
consume_hold(struct consume *c)
{
	struct err ignored;

	if (c->reader == NULL || !c->conf.group)
		return;
	c->held = true;
	(void)c->reader->hold(c->reader->self, true, &ignored);
}

struct consume *
consume_new(const struct consume_conf *conf, struct bad_records *bad, struct out *out, const struct pipe_env *env, struct err *err)
{
	struct consume *c = mem_zalloc(1, sizeof(*c));
	const struct selector_conf selector = {
		.where = conf->where, .n_where = conf->n_where, .raw = conf->envelope,
		.time = conf->time != NULL || !conf->watermarks ? conf->time : "timestamp",
		.time_format = conf->time_format,
	};

	c->conf = *conf;
	c->bounded = consume_bounded(conf);
	c->bad = bad;
	c->out = out;
	c->env = env;
	c->said_watermark = TIME_MIN;
	if (conf->watermarks)
		c->watermarks = watermark_set_new(conf->bound, c->bounded ? 0 : conf->idle_timeout);
	c->selector = selector_new(&selector, err);
	if (c->selector != NULL)
		return c;
	consume_free(c);
	return NULL;
}

void
consume_free(struct consume *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n_lanes; i++) {
		selection_release(&c->lanes[i].selection);
		free((char *)c->lanes[i].part.topic.p);
	}
	free(c->lanes);
	free(c->queue);
	merge_release(&c->merge);
	selector_free(c->selector);
	watermark_set_free(c->watermarks);
	free(c);
}

bool
consume_headers(const struct consume *c)
{
	return c->conf.envelope || selector_headers(c->selector);
}

struct consume_counts
consume_counts(const struct consume *c)
{
	return c->counts;
}

void
consume_tell(struct consume *c, void (*start)(void *arg, const struct part *p, int64_t from, int64_t to), void *arg)
{
	c->tell = start;
	c->tell_arg = arg;
}

/* ---- output */

/* Let go of what was said; from then on the offsets may be stored. */
static int
flush(struct consume *c, struct err *err)
{
	if (out_flush(c->out) < 0) {
		*err = c->out->err;
		return -1;
	}
	if (c->env->stats != NULL) {
		atomic_store_explicit(&c->env->stats->records_out, c->counts.lines, memory_order_relaxed);
		atomic_store_explicit(&c->env->stats->bytes_out, c->out->bytes, memory_order_relaxed);
		atomic_store_explicit(&c->env->stats->bad, c->bad->count, memory_order_relaxed);
	}
	return 0;
}

static int
store_all(struct consume *c, struct err *err)
{
	if (!c->conf.group || !c->dirty)
		return 0;
	c->dirty = false;
	for (size_t i = 0; i < c->n_lanes; i++) {
		struct lane *l = &c->lanes[i];

		if (!l->ours || l->next == l->stored)
			continue;
		if (c->reader->store(c->reader->self, &l->part, l->next, err) < 0)
			return -1;
		l->stored = l->next;
	}
	return 0;
}

static int
let_go(struct consume *c, struct err *err)
{
	if (flush(c, err) < 0 || store_all(c, err) < 0)
		return -1;
	if (!c->conf.group || c->now < c->next_commit)
		return 0;
	c->next_commit = c->now + COMMIT_EVERY_MS;
	return c->reader->commit(c->reader->self, false, err);
}

static int
say(struct consume *c, const struct control *control, struct err *err)
{
	if (control_print(c->out, control) == 0)
		return 0;
	*err = c->out->err;
	return -1;
}

static int
say_watermark(struct consume *c, struct err *err)
{
	int64_t ts;
	bool idle;

	c->since_watermark = 0;
	if (c->watermarks == NULL || !watermark_set_advance(c->watermarks, c->now, &ts, &idle))
		return 0;
	if (idle != c->said_idle) {
		c->said_idle = idle;
		if (say(c, &(struct control){ .kind = idle ? CONTROL_IDLE : CONTROL_ACTIVE }, err) < 0)
			return -1;
	}
	if (ts == c->said_watermark)
		return 0;
	c->said_watermark = ts;
	if (c->env->stats != NULL)
		atomic_store_explicit(&c->env->stats->watermark, ts, memory_order_relaxed);
	return say(c, &(struct control){ .kind = CONTROL_WATERMARK, .ts = ts }, err);
}

/* ---- partitions */

static struct lane *
find_lane(struct consume *c, struct str topic, int32_t partition)
{
	struct lane *l;

	if (c->last_lane < c->n_lanes) {
		l = &c->lanes[c->last_lane];
		if (l->part.partition == partition && str_eq(l->part.topic, topic))
			return l;
	}
	for (size_t i = 0; i < c->n_lanes; i++) {
		l = &c->lanes[i];
		if (l->part.partition != partition || !str_eq(l->part.topic, topic))
			continue;
		c->last_lane = i;
		return l;
	}
	return NULL;
}

/* The lane of a partition, a new one if it was never ours. */
static struct lane *
lane_for(struct consume *c, const struct part *p)
{
	struct lane *l = find_lane(c, p->topic, p->partition);

	if (l != NULL)
		return l;
	c->lanes = mem_more(c->lanes, c->n_lanes, &c->cap_lanes, sizeof(*c->lanes));
	l = &c->lanes[c->n_lanes];
	*l = (struct lane){ .part = { { mem_dup(p->topic), p->topic.n }, p->partition, (uint32_t)c->n_lanes }, .end = NO_END };
	selection_init(&l->selection);
	c->n_lanes++;
	return l;
}

static void
need_head(struct consume *c, struct lane *l)
{
	l->waiting = true;
	c->queue = mem_more(c->queue, c->n_queue, &c->cap_queue, sizeof(*c->queue));
	c->queue[c->n_queue++] = l->part.slot;
}

static void
needs_no_head(struct consume *c, struct lane *l)
{
	size_t kept = 0;

	l->waiting = false;
	for (size_t i = 0; i < c->n_queue; i++)
		if (c->queue[i] != l->part.slot)
			c->queue[kept++] = c->queue[i];
	c->n_queue = kept;
}

/* Read up to its end: it holds nobody back any more. */
static int
lane_done(struct consume *c, struct lane *l, struct err *err)
{
	l->done = true;
	c->left--;
	needs_no_head(c, l);
	if (l->next < l->end) {
		l->next = l->end;
		c->dirty = true;
	}
	if (c->watermarks != NULL)
		watermark_set_leave(c->watermarks, l->part.slot);
	return c->reader->drop(c->reader->self, &l->part, err);
}

/* Decide where a partition starts and ends. */
static int
plan(struct consume *c, struct lane *l, int64_t committed, struct err *err)
{
	const struct place *until = c->conf.until.kind != PLACE_NONE ? &c->conf.until : &c->conf.range.to;
	struct place from = c->conf.range.from;
	struct extent extent;
	int64_t start;

	if (c->reader->ends(c->reader->self, &l->part, &extent.first, &extent.next, err) < 0)
		return -1;
	if (from.kind == PLACE_NONE)
		from.kind = c->conf.group ? PLACE_COMMITTED : c->bounded ? PLACE_EARLIEST : PLACE_LATEST;
	/* In a group these two say where to start where nothing was committed, as everywhere in Kafka. */
	if (c->conf.group && committed != OFFSET_NONE && (from.kind == PLACE_EARLIEST || from.kind == PLACE_LATEST))
		from.kind = PLACE_COMMITTED;
	if (place_start(&from, c->reader, &l->part, &extent, committed, &start, err) < 0)
		return -1;
	l->next = start;
	l->stored = committed;
	l->end = NO_END;
	if (c->bounded && place_end(until, c->reader, &l->part, &extent, start, &l->end, err) < 0)
		return -1;
	if (c->tell != NULL)
		c->tell(c->tell_arg, &l->part, start, l->end);
	return 0;
}

/* It is ours now. */
static int
take_on(struct consume *c, struct lane *l, struct err *err)
{
	l->ours = true;
	l->done = false;
	c->dirty = true;
	if (c->watermarks != NULL)
		watermark_set_join(c->watermarks, l->part.slot, c->now);
	if (!c->bounded)
		return 0;
	c->left++;
	need_head(c, l);
	return l->next >= l->end ? lane_done(c, l, err) : 0;
}

static void
give_up(struct consume *c, struct lane *l)
{
	l->ours = false;
	if (c->watermarks != NULL)
		watermark_set_leave(c->watermarks, l->part.slot);
	if (!c->bounded)
		return;
	if (!l->done)
		c->left--;
	needs_no_head(c, l);
	merge_remove(&c->merge, l->part.slot);
}

static int
on_assigned(void *arg, struct part *parts, int64_t *start, size_t n, struct err *err)
{
	struct consume *c = arg;

	read_clock(c);
	c->joined = true;
	for (size_t i = 0; i < n; i++) {
		struct lane *l = lane_for(c, &parts[i]);

		if (plan(c, l, start[i], err) < 0)
			return -1;
		parts[i].slot = l->part.slot;
		start[i] = l->next;
	}
	for (size_t i = 0; i < n; i++)
		if (take_on(c, &c->lanes[parts[i].slot], err) < 0)
			return -1;
	return 0;
}

/* When a write is blocked this very moment, its lines have not left: whoever gets the partition reads them again. */
static int
on_revoked(void *arg, const struct part *parts, size_t n, bool lost, struct err *err)
{
	struct consume *c = arg;
	int rc = 0;

	if (!lost && !c->flushing) {
		rc = flush(c, err);
		if (rc == 0)
			rc = store_all(c, err);
		if (rc == 0)
			rc = c->reader->commit(c->reader->self, true, err);
	}
	for (size_t i = 0; i < n; i++) {
		struct lane *l = find_lane(c, parts[i].topic, parts[i].partition);

		if (l != NULL && l->ours)
			give_up(c, l);
	}
	return rc;
}

/* ---- the start */

static int
add_topic(struct consume *c, struct str topic, struct err *err)
{
	const int n = c->reader->partitions(c->reader->self, topic, err);
	char q[QUOTE_MAX];

	if (n < 0)
		return -1;
	for (size_t i = 0; i < c->conf.partitions.n; i++)
		if (c->conf.partitions.list[i].to >= n)
			return fail_as(err, STATUS_NOINPUT, "topic %s has no partition %" PRId32 " (it has 0 to %d)",
			               quote(q, topic), c->conf.partitions.list[i].to, n - 1);
	for (int32_t p = 0; p < n; p++)
		if (partitions_has(&c->conf.partitions, p))
			lane_for(c, &(struct part){ topic, p, 0 });
	return 0;
}

static int
find_partitions(struct consume *c, struct err *err)
{
	struct str *all = NULL, *names;
	size_t n_all = 0, n;
	int rc = 0;

	if (topics_patterns(c->conf.topics) && c->reader->topics(c->reader->self, &all, &n_all, err) < 0)
		return -1;
	n = topics_select(c->conf.topics, all, n_all, &names);
	if (n == 0)
		rc = fail_as(err, STATUS_NOINPUT, "no topic matches (maip-consume --list-topics shows those there are)");
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = add_topic(c, names[i], err);
	free(names);
	return rc;
}

static int
start_alone(struct consume *c, struct err *err)
{
	struct part *parts;
	int64_t *offsets;
	int rc = 0;

	if (find_partitions(c, err) < 0)
		return -1;
	parts = mem_zalloc(c->n_lanes, sizeof(*parts));
	offsets = mem_zalloc(c->n_lanes, sizeof(*offsets));
	for (size_t i = 0; rc == 0 && i < c->n_lanes; i++) {
		rc = plan(c, &c->lanes[i], OFFSET_NONE, err);
		parts[i] = c->lanes[i].part;
		offsets[i] = c->lanes[i].next;
	}
	if (rc == 0)
		rc = c->reader->assign(c->reader->self, parts, offsets, c->n_lanes, c->bounded, err);
	for (size_t i = 0; rc == 0 && i < c->n_lanes; i++)
		rc = take_on(c, &c->lanes[i], err);
	free(parts);
	free(offsets);
	c->joined = true;
	return rc;
}

static int
start_in_group(struct consume *c, struct err *err)
{
	const struct reader_events events = { .arg = c, .assigned = on_assigned, .revoked = on_revoked };
	const size_t n = topics_count(c->conf.topics);
	struct str *names = mem_zalloc(n, sizeof(*names));
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		names[i] = topics_subscription(c->conf.topics, i);
		if (names[i].p[0] != '^' && c->reader->partitions(c->reader->self, names[i], err) < 0)
			rc = -1;
	}
	if (rc == 0)
		rc = c->reader->subscribe(c->reader->self, names, n, c->bounded, &events, err);
	free(names);
	return rc;
}

static int
say_hello(struct consume *c, struct err *err)
{
	struct control hello = { .kind = CONTROL_HELLO, .watermarks = true };

	if (!c->conf.watermarks)
		return 0;
	memcpy(hello.job, c->conf.job, sizeof(hello.job));
	memcpy(hello.run, c->conf.run, sizeof(hello.run));
	if (c->env->stats != NULL)
		atomic_store_explicit(&c->env->stats->has_hello, 1, memory_order_relaxed);
	return say(c, &hello, err);
}

int
consume_start(struct consume *c, const struct reader *reader, struct err *err)
{
	c->reader = reader;
	c->out->wait = out_waits;
	c->out->wait_arg = c;
	c->next_commit = read_clock(c) + COMMIT_EVERY_MS;
	if (c->env->stats != NULL)
		stats_start(c->env->stats, c->env->clock_ns(c->env->clock_self));
	if ((c->conf.group ? start_in_group(c, err) : start_alone(c, err)) < 0)
		return -1;
	return say_hello(c, err) < 0 ? -1 : flush(c, err);
}

/* ---- records */

static void
count_in(struct consume *c, const struct record *r)
{
	struct pipe_stats *s = c->env->stats;

	c->counts.records++;
	c->counts.bytes += r->value.n;
	if (s == NULL)
		return;
	atomic_store_explicit(&s->records_in, c->counts.records, memory_order_relaxed);
	atomic_store_explicit(&s->bytes_in, c->counts.bytes, memory_order_relaxed);
}

static int
bad_one(struct consume *c, const struct record *r, const struct err *reason, struct err *err)
{
	char position[400];

	snprintf(position, sizeof(position), "%.*s[%" PRId32 "]@%" PRId64, STR_ARGS(r->topic), r->partition, r->offset);
	return bad_record_at(c->bad, position, r->value, reason, err);
}

static bool
too_early(const struct consume *c, const struct selection *s)
{
	return c->conf.max_future >= 0 && s->has_time && s->time > c->now + c->conf.max_future;
}

/* Is it wanted, and when did it happen? A bad one is dealt with here: 0, or -1 to stop. */
static int
look(struct consume *c, struct lane *l, const struct record *r, struct err *err)
{
	struct err reason;

	count_in(c, r);
	l->selected = selector_look(c->selector, r, c->conf.max_line, &l->selection, &reason);
	if (l->selected == SELECTED_YES && too_early(c, &l->selection)) {
		char at[TIME_TEXT_MAX];

		at[time_print(at, l->selection.time)] = '\0';
		fail_as(&reason, STATUS_DATA, "its time, %s, is further ahead of the clock than --max-future allows", at);
		l->selected = SELECTED_BAD;
	}
	if (l->selected == SELECTED_BAD)
		return bad_one(c, r, &reason, err);
	c->counts.filtered += l->selected == SELECTED_NO;
	c->counts.tombstones += l->selected == SELECTED_TOMBSTONE;
	return 0;
}

static int
write_record(struct consume *c, const struct lane *l, const struct record *r, struct err *err)
{
	const int rc = c->conf.envelope ? envelope_print(c->out, r) : out_line(c->out, l->selection.line);

	if (rc < 0) {
		*err = c->out->err;
		return -1;
	}
	c->counts.lines++;
	return 0;
}

static void
see_time(struct consume *c, const struct lane *l)
{
	if (c->watermarks != NULL && l->selected != SELECTED_BAD && l->selection.has_time && !too_early(c, &l->selection))
		watermark_set_see(c->watermarks, l->part.slot, l->selection.time, c->now);
}

/* The record has been dealt with, one way or another. */
static int
pass(struct consume *c, struct lane *l, const struct record *r, struct err *err)
{
	l->next = r->offset + 1;
	c->dirty = true;
	see_time(c, l);
	if (++c->since_watermark >= WATERMARK_RECORDS)
		return say_watermark(c, err);
	return 0;
}

static int
handle(struct consume *c, struct lane *l, const struct record *r, struct err *err)
{
	if (l->selected == SELECTED_YES && write_record(c, l, r, err) < 0)
		return -1;
	if (pass(c, l, r, err) < 0)
		return -1;
	return c->out->buf.n >= FLUSH_BYTES ? let_go(c, err) : 0;
}

static bool
enough(const struct consume *c)
{
	return c->conf.max_messages > 0 && c->counts.lines >= c->conf.max_messages;
}

/* Nothing is there right now: say how far time has come, and hold nothing back. */
static int
quiet(struct consume *c, struct err *err)
{
	if (!c->bounded && say_watermark(c, err) < 0)
		return -1;
	return let_go(c, err);
}

/* ---- live */

static int
step_live(struct consume *c, int64_t wait_ms, struct err *err)
{
	for (int i = 0; i < STEP_RECORDS && !enough(c); i++) {
		struct record r;
		struct lane *l;
		int got = c->reader->poll(c->reader->self, 0, &r, err);

		if (got == 0) {
			if (quiet(c, err) < 0)
				return -1;
			waiting(c, STATS_IDLE);
			got = c->reader->poll(c->reader->self, wait_ms, &r, err);
			waiting(c, STATS_BUSY);
			wait_ms = 0;
			read_clock(c);
		}
		if (got <= 0)
			return got < 0 ? -1 : quiet(c, err) < 0 ? -1 : 1;
		l = find_lane(c, r.topic, r.partition);
		if (l == NULL || !l->ours || r.offset < l->next)
			continue;
		if (look(c, l, &r, err) < 0 || handle(c, l, &r, err) < 0)
			return -1;
	}
	return !enough(c);
}

/* ---- bounded */

/* Has the partition been read to its end? Behind the last record there may be nothing but markers, so ask for the position. */
static int
reached_end(struct consume *c, const struct lane *l, struct err *err)
{
	int64_t position;

	if (l->next >= l->end)
		return 1;
	if (c->reader->position(c->reader->self, &l->part, &position, err) < 0)
		return -1;
	return position != OFFSET_NONE && position >= l->end;
}

/* A record that is not to be written is done with at once; the others wait for their turn. */
static int
new_head(struct consume *c, struct lane *l, struct err *err)
{
	if (l->head.offset >= l->end)
		return lane_done(c, l, err);
	if (look(c, l, &l->head, err) < 0)
		return -1;
	if (l->selected != SELECTED_YES)
		return pass(c, l, &l->head, err);
	needs_no_head(c, l);
	merge_put(&c->merge, l->selection.has_time ? l->selection.time : TIME_MIN, &l->part);
	return 0;
}

/* Look for the head of the partition that has needed one longest. 1 something has changed, 0 it is not there yet. */
static int
seek_head(struct consume *c, int64_t wait_ms, struct err *err)
{
	const uint32_t slot = c->queue[0];
	struct record r;
	int got = c->reader->take(c->reader->self, slot, wait_ms, &r, err);
	struct lane *l = &c->lanes[slot];

	if (got < 0)
		return -1;
	if (!l->ours || !l->waiting)            /* revoked meanwhile */
		return 1;
	if (got > 0) {
		l->head = r;
		return new_head(c, l, err) < 0 ? -1 : 1;
	}
	got = reached_end(c, l, err);
	if (got <= 0)
		return got;
	return lane_done(c, l, err) < 0 ? -1 : 1;
}

static int
write_first(struct consume *c, struct err *err)
{
	struct lane *l = &c->lanes[merge_first(&c->merge)->part.slot];

	merge_pop(&c->merge);
	if (handle(c, l, &l->head, err) < 0)
		return -1;
	need_head(c, l);
	return 0;
}

static bool
all_read(const struct consume *c)
{
	return c->joined && c->left == 0;
}

/* A group that has given us nothing yet: ask again. */
static int
await_partitions(struct consume *c, int64_t wait_ms, struct err *err)
{
	struct record r;

	return c->reader->poll(c->reader->self, wait_ms, &r, err) < 0 ? -1 : 1;
}

static int
step_bounded(struct consume *c, int64_t wait_ms, struct err *err)
{
	for (int i = 0; i < STEP_RECORDS && !enough(c) && !all_read(c); i++) {
		int got;

		if (!c->joined)
			return await_partitions(c, wait_ms, err);
		if (c->n_queue == 0) {
			if (write_first(c, err) < 0)
				return -1;
			continue;
		}
		got = seek_head(c, 0, err);
		if (got == 0) {
			if (quiet(c, err) < 0)
				return -1;
			waiting(c, STATS_IDLE);
			got = seek_head(c, wait_ms, err);
			waiting(c, STATS_BUSY);
			read_clock(c);
		}
		if (got <= 0)
			return got < 0 ? -1 : 1;
	}
	return !enough(c) && !all_read(c);
}

/* ---- running */

int
consume_step(struct consume *c, int64_t wait_ms, struct err *err)
{
	read_clock(c);
	if (c->env->stats != NULL)
		stats_sample(c->env->stats, c->env->clock_ns(c->env->clock_self));
	return c->bounded ? step_bounded(c, wait_ms, err) : step_live(c, wait_ms, err);
}

int
consume_finish(struct consume *c, bool drain, struct err *err)
{
	if (c->conf.watermarks) {
		if (drain && say_watermark(c, err) < 0)
			return -1;
		if (say(c, &(struct control){ .kind = CONTROL_END, .drain = drain }, err) < 0)
			return -1;
	}
	if (flush(c, err) < 0 || store_all(c, err) < 0)
		return -1;
	return c->conf.group ? c->reader->commit(c->reader->self, true, err) : 0;
}

/* How long a step may wait: until a partition may be idle, and never so long that a signal goes unnoticed. */
static int64_t
patience(struct consume *c)
{
	const int64_t next = c->watermarks != NULL ? watermark_set_next(c->watermarks) : TIME_MAX;
	int64_t wait;

	if (next == TIME_MAX)
		return WAIT_MS;
	wait = next - read_clock(c);
	return wait < 0 ? 0 : wait < WAIT_MS ? wait : WAIT_MS;
}

/* What was good before the trouble is delivered; a reader that went away is no trouble of ours. */
static enum status
trouble(struct consume *c, struct err *err)
{
	struct err ignored;

	if (!c->out->failed && flush(c, &ignored) == 0 && store_all(c, &ignored) == 0 && c->conf.group)
		(void)c->reader->commit(c->reader->self, true, &ignored);
	if (c->out->reader_gone)
		*err = (struct err){ .status = c->conf.watermarks ? STATUS_RETRY : STATUS_OK };
	return err->status;
}

enum status
consume_run(struct consume *c, const struct reader *reader, struct err *err)
{
	const volatile int *stop = c->env->stop;
	int go_on = 1;

	*err = (struct err){ .status = STATUS_OK };
	if (consume_start(c, reader, err) < 0)
		return trouble(c, err);
	while (go_on > 0 && (stop == NULL || *stop == 0))
		go_on = consume_step(c, patience(c), err);
	if (go_on > 0 && c->conf.wants_drain != NULL && c->conf.wants_drain(c->conf.wants_drain_arg))
		go_on = 0;
	if (go_on < 0 || consume_finish(c, go_on == 0, err) < 0)
		return trouble(c, err);
	return STATUS_OK;
}
