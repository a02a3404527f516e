/* SPDX-License-Identifier: Apache-2.0 */
/*
 * consume.c - records of a broker into lines
 *
 * A bounded read holds one record of each partition, its head, and writes the earliest. A head is
 * always sought for one partition at a time, in the order in which they came to need one: so even
 * what bad records leave behind is in the same order on every run. Watermarks of a bounded read
 * follow the count of records and never the clock, for the same reason.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"
#include "kafka/consume_parts.h"
#include "kafka/envelope.h"

#define STEP_RECORDS      512           /* a step handles at most so many */
#define WATERMARK_RECORDS 64            /* between two watermark lines, if it has risen */
#define FLUSH_BYTES       ((size_t)128 << 10)
#define LET_GO_MS         100           /* no line waits longer for others to leave with it */
#define COMMIT_EVERY_MS   5000
#define LEFT_EVERY_MS     500           /* whether our reader has gone is looked at no more often */
#define SERVE_EVERY_MS    500           /* a group, while records wait for their turn */
#define JOINING_MS        10000         /* a group that takes longer is waited for, and told so */

bool
consume_bounded(const struct consume_conf *conf)
{
	return conf->exit_at_end || conf->until.kind != PLACE_NONE ||
	       conf->range.to.kind != PLACE_NONE ||
	       (conf->places != NULL && place_list_bounded(conf->places));
}

bool
consume_stopped(const struct consume *c)
{
	return c->env->stop != NULL && *c->env->stop != STOP_NONE;
}

int64_t
consume_clock(struct consume *c)
{
	c->now = c->env->clock_ms(c->env->clock_self);
	return c->now;
}

int64_t
consume_listened(const struct consume *c)
{
	return c->now - c->deaf_ms;
}

static void
waiting(struct consume *c, enum stats_wait what)
{
	if (c->env->stats != NULL)
		stats_wait(c->env->stats, what, c->env->clock_ns(c->env->clock_self));
}

static void
listen(struct consume *c, bool on)
{
	const int64_t now = consume_clock(c);

	if (on)
		c->deaf_ms += now - c->deaf_since;
	else
		c->deaf_since = now;
}

static void
out_waits(void *arg, bool blocked)
{
	struct consume *c = arg;

	c->flushing = blocked;
	listen(c, !blocked);
	waiting(c, blocked ? STATS_BLOCKED : STATS_BUSY);
}

void
consume_serve(struct consume *c)
{
	struct err ignored;             /* the next poll tells it again */

	if (c->reader != NULL && c->conf.group)
		(void)c->reader->serve(c->reader->self, &ignored);
}

struct consume *
consume_new(const struct consume_conf *conf, struct bad_records *bad, struct out *out,
            const struct pipe_env *env, struct err *err)
{
	struct consume *c = mem_zalloc(1, sizeof(*c));
	const struct selector_conf selector = {
		.where = conf->where,
		.n_where = conf->n_where,
		.raw = conf->envelope || conf->only != ENVELOPE_NO_PART,
		.time = conf->time != NULL || !conf->watermarks ? conf->time : "timestamp",
		.time_format = conf->time_format,
	};

	c->conf = *conf;
	c->bounded = consume_bounded(conf);
	c->bad = bad;
	c->out = out;
	c->env = env;
	c->said_watermark = c->known = TIME_MIN;
	c->pending_lane = SIZE_MAX;
	if (conf->watermarks)
		consume_start_time(c);
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
	free(c->gone);
	free(c->queue);
	merge_release(&c->merge);
	selector_free(c->selector);
	watermark_set_free(c->watermarks);
	free(c);
}

bool
consume_headers(const struct consume *c)
{
	const bool written = c->conf.only == ENVELOPE_NO_PART ? c->conf.envelope
	                                                      : c->conf.only == ENVELOPE_HEADERS;

	return written || selector_headers(c->selector);
}

struct consume_counts
consume_counts(const struct consume *c)
{
	return c->counts;
}

bool
consume_position(const struct consume *c, size_t i, struct consume_position *to)
{
	const struct lane *l;

	if (i >= c->n_lanes)
		return false;
	l = &c->lanes[i];
	*to = (struct consume_position){
		.part = &l->part, .ours = l->ours, .next = l->next, .end = l->end
	};
	if (l->end == NO_END)
		to->end = c->reader->heard_end(c->reader->self, &l->part);
	return true;
}

int64_t
consume_watermark(const struct consume *c)
{
	return c->said_watermark;
}

bool
consume_ends(const struct consume *c)
{
	return c->bounded;
}

void
consume_tell(struct consume *c,
             void (*start)(void *arg, const struct part *p, int64_t from, int64_t to), void *arg)
{
	c->tell = start;
	c->tell_arg = arg;
}

/* ---- output */

/* Let go of what was said; from then on the offsets may be stored. */
int
consume_flush(struct consume *c, struct err *err)
{
	if (out_flush(c->out) < 0) {
		*err = c->out->err;
		return -1;
	}
	if (bad_flush(c->bad, err) < 0)
		return -1;
	c->left_lines = c->counts.lines;
	if (c->env->stats != NULL) {
		atomic_store_explicit(&c->env->stats->records_out, c->counts.lines,
		                      memory_order_relaxed);
		atomic_store_explicit(&c->env->stats->bytes_out, c->out->bytes,
		                      memory_order_relaxed);
		atomic_store_explicit(&c->env->stats->bad, c->bad->count, memory_order_relaxed);
	}
	return 0;
}

int
consume_store(struct consume *c, struct err *err)
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
commit(struct consume *c, bool wait, struct err *err)
{
	if (c->reader->commit(c->reader->self, wait, err) < 0)
		return -1;
	c->committed = c->passed;
	for (size_t i = 0; i < c->n_lanes; i++)
		if (c->lanes[i].ours)
			c->lanes[i].committed = c->lanes[i].stored;
	return 0;
}

int
consume_commit(struct consume *c, struct err *err)
{
	if (!c->conf.group || c->reader == NULL || c->commit_failed)
		return 0;
	if (commit(c, true, err) == 0)
		return 0;
	c->commit_failed = true;
	return -1;
}

/* Of what is done every so often. It is due as well when the clock was set back. */
static bool
is_due(const struct consume *c, int64_t next, int64_t every)
{
	return c->now >= next || next - c->now > every;
}

static int
let_go(struct consume *c, struct err *err)
{
	if (consume_flush(c, err) < 0 || consume_store(c, err) < 0)
		return -1;
	c->next_let_go = c->now + LET_GO_MS;
	if (!c->conf.group || !is_due(c, c->next_commit, COMMIT_EVERY_MS))
		return 0;
	c->next_commit = c->now + COMMIT_EVERY_MS;
	return commit(c, false, err);
}

int
consume_say(struct consume *c, const struct control *control, struct err *err)
{
	if (control_print(c->out, control) == 0)
		return 0;
	*err = c->out->err;
	return -1;
}

struct lane *
consume_lane(struct consume *c, struct str topic, int32_t partition)
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

/* ---- the start */

static int
say_hello(struct consume *c, struct err *err)
{
	struct control hello = { .kind = CONTROL_HELLO, .watermarks = true };

	if (!c->conf.watermarks || c->said_hello)
		return 0;
	c->said_hello = true;
	memcpy(hello.job, c->conf.job, sizeof(hello.job));
	memcpy(hello.run, c->conf.run, sizeof(hello.run));
	if (c->env->stats != NULL)
		atomic_store_explicit(&c->env->stats->has_hello, 1, memory_order_relaxed);
	return consume_say(c, &hello, err) < 0 ? -1 : consume_flush(c, err);
}

static void
watch_output(struct consume *c)
{
	c->out->wait = out_waits;
	c->out->wait_arg = c;
}

int
consume_start(struct consume *c, const struct reader *reader, struct err *err)
{
	c->reader = reader;
	watch_output(c);
	c->next_commit = consume_clock(c) + COMMIT_EVERY_MS;
	c->next_let_go = c->now + LET_GO_MS;
	c->next_look = c->now + c->conf.look_every;
	if (c->env->stats != NULL)
		stats_start(c->env->stats, c->env->clock_ns(c->env->clock_self));
	if (say_hello(c, err) < 0)
		return -1;
	return c->conf.group ? consume_start_in_group(c, err) : consume_start_alone(c, err);
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

	snprintf(position, sizeof(position), "%.*s[%" PRId32 "]@%" PRId64, STR_ARGS(r->topic),
	         r->partition, r->offset);
	return bad_record_at(c->bad, position, r->value, reason, err);
}

/* Is it wanted, and when did it happen? Of a bad one l->reason says what is wrong. */
static void
look(struct consume *c, struct lane *l, const struct record *r)
{
	count_in(c, r);
	if (c->conf.key.p != NULL && (r->key.p == NULL || !str_eq(r->key, c->conf.key))) {
		l->selected = SELECTED_NO;
		l->selection.has_time = false;
		c->counts.filtered++;
		return;
	}
	l->selected =
		selector_look(c->selector, r, c->conf.max_line, &l->selection, &l->reason);
	if (l->selected == SELECTED_YES && consume_too_early(c, &l->selection)) {
		char at[TIME_TEXT_MAX];

		at[time_print(at, l->selection.time)] = '\0';
		fail_as(&l->reason, STATUS_DATA,
		        "its time, %s, is further ahead of the clock than --max-future allows", at);
		l->selected = SELECTED_BAD;
	}
	c->counts.filtered += l->selected == SELECTED_NO;
	c->counts.tombstones += l->selected == SELECTED_TOMBSTONE;
}

static int
write_record(struct consume *c, const struct lane *l, const struct record *r, struct err *err)
{
	int rc;

	if (c->conf.only != ENVELOPE_NO_PART)
		rc = envelope_print_part(c->out, r, c->conf.only);
	else if (c->conf.envelope)
		rc = envelope_print(c->out, r);
	else
		rc = out_line(c->out, l->selection.line);
	if (rc < 0) {
		*err = c->out->err;
		return -1;
	}
	c->counts.lines++;
	return 0;
}

/* The record at offset has been dealt with, one way or another; before, next was the lane's. The
 * group may have taken it away meanwhile, and given it back to be read from elsewhere. */
static int
pass(struct consume *c, struct lane *l, int64_t offset, int64_t next, struct err *err)
{
	if (l->next == next)
		l->next = offset + 1;
	c->passed++;
	l->waited = c->waited;
	c->dirty = true;
	c->heard = consume_listened(c);
	consume_see_time(c, l);
	if (++c->since_watermark >= WATERMARK_RECORDS)
		return consume_say_time(c, err);
	return 0;
}

static int64_t
event_time(const struct lane *l)
{
	return l->selection.has_time ? l->selection.time : TIME_MIN;
}

/* While a write is blocked the group is served, and lanes may move. l is good until the record is
 * written, for what is said before has room beyond FLUSH_BYTES and writes nothing; but the writing
 * of one may be blocked in its middle, so r must not be in a lane. */
static int
handle(struct consume *c, struct lane *l, const struct record *r, struct err *err)
{
	const uint32_t slot = l->part.slot;
	const int64_t offset = r->offset, next = l->next;

	if (l->selected == SELECTED_BAD && bad_one(c, r, &l->reason, err) < 0)
		return -1;
	if (l->selected == SELECTED_YES && pace_used(&c->conf.pace))
		pace_pass(&c->conf.pace, event_time(l), c->env->clock_ns(c->env->clock_self));
	if (l->selected == SELECTED_YES &&
	    (consume_say_what_it_meets(c, l, err) < 0 || write_record(c, l, r, err) < 0))
		return -1;
	if (pass(c, &c->lanes[slot], offset, next, err) < 0)
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
	if (!c->bounded && consume_say_time(c, err) < 0)
		return -1;
	return let_go(c, err);
}

/* ---- pace */

/* May a record of this partition leave? If not, it naps for a while, at most wait_ms. Meanwhile the
 * group is served: a poll does it only when the records that the reader has at hand are used up. 1
 * it may, 0 not yet. */
static int
take_turn(struct consume *c, const struct lane *l, int64_t wait_ms, struct err *err)
{
	int64_t now, wait;

	if (!pace_used(&c->conf.pace) || l->selected == SELECTED_BAD)
		return 1;
	now = c->env->clock_ns(c->env->clock_self);
	wait = pace_wait(&c->conf.pace, event_time(l), now);
	if (wait == 0)
		return 1;
	if (quiet(c, err) < 0)
		return -1;
	if (now / 1000000 >= c->next_serve) {
		c->next_serve = now / 1000000 + SERVE_EVERY_MS;
		consume_serve(c);
	}
	waiting(c, STATS_IDLE);
	listen(c, false);
	c->conf.nap(c->conf.nap_arg, wait < wait_ms ? wait : wait_ms);
	listen(c, true);
	waiting(c, STATS_BUSY);
	return 0;
}

/* The record that waits: 1 it has left, 0 not yet. */
static int
try_pending(struct consume *c, int64_t wait_ms, struct err *err)
{
	struct lane *l = &c->lanes[c->pending_lane];
	const int got = take_turn(c, l, wait_ms, err);

	if (got <= 0)
		return got;
	c->pending_lane = SIZE_MAX;
	return handle(c, l, &c->pending, err) < 0 ? -1 : 1;
}

/* ---- live */

/* The next record, or none for wait_ms. */
static int
await_record(struct consume *c, int64_t wait_ms, struct record *r, struct err *err)
{
	const int64_t began = consume_clock(c);
	int got;

	waiting(c, STATS_IDLE);
	got = c->reader->poll(c->reader->self, wait_ms, r, err);
	waiting(c, STATS_BUSY);
	c->waited += consume_clock(c) - began;
	return got;
}

static int
step_live(struct consume *c, int64_t wait_ms, struct err *err)
{
	for (int i = 0; i < STEP_RECORDS && !enough(c); i++) {
		struct record r;
		struct lane *l;
		int got;

		if (c->pending_lane != SIZE_MAX) {
			got = try_pending(c, wait_ms, err);
			if (got <= 0)
				return got < 0 ? -1 : 1;
			continue;
		}
		got = c->reader->poll(c->reader->self, 0, &r, err);
		if (got == 0) {
			if (quiet(c, err) < 0)
				return -1;
			got = await_record(c, wait_ms, &r, err);
			wait_ms = 0;
		}
		if (got <= 0)
			return got < 0 ? -1 : quiet(c, err) < 0 ? -1 : 1;
		l = consume_lane(c, r.topic, r.partition);
		if (l == NULL || !l->ours || r.offset < l->next)
			continue;
		look(c, l, &r);
		if (l->selected == SELECTED_YES && pace_used(&c->conf.pace)) {
			c->pending = r;
			c->pending_lane = l->part.slot;
		} else if (handle(c, l, &r, err) < 0) {
			return -1;
		}
	}
	return !enough(c);
}

/* ---- bounded */

/* Has the partition been read to its end? Behind the last record there may be nothing but
 * markers, so ask for the position. */
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

/* What a head is merged by. A bad record has its turn, too: a run that ends there has written what
 * stands before it. Where it has no time it comes right behind its predecessor. */
static int64_t
head_time(const struct consume *c, struct lane *l)
{
	if (l->selected != SELECTED_BAD && l->selection.has_time)
		l->last_time = l->selection.time;
	else if (l->selected == SELECTED_BAD && c->conf.time == NULL && !c->conf.watermarks &&
	         l->head.timestamp_type != TS_NONE)
		l->last_time = l->head.timestamp;
	else if (l->selected != SELECTED_BAD)
		l->last_time = TIME_MIN;
	return l->last_time;
}

/* A record that is not to be written is done with at once; the others wait for their turn. */
static int
new_head(struct consume *c, struct lane *l, struct err *err)
{
	consume_hear(c, l);
	if (l->head.offset >= l->end) {
		l->ends_with_log = false;       /* not any more */
		return consume_lane_done(c, l, err);
	}
	look(c, l, &l->head);
	if (l->selected != SELECTED_YES && l->selected != SELECTED_BAD)
		return pass(c, l, l->head.offset, l->next, err);
	consume_needs_no_head(c, l);
	merge_put(&c->merge, head_time(c, l), &l->part);
	return 0;
}

/* Look for the head of the partition that has needed one longest. 1 something has changed, 0 it
 * is not there yet. */
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
	if (got > 0 && r.offset < l->next)      /* left just before it was given back */
		return 1;
	if (got > 0) {
		l->head = r;
		return new_head(c, l, err) < 0 ? -1 : 1;
	}
	got = reached_end(c, l, err);
	if (got <= 0)
		return got;
	return consume_lane_done(c, l, err) < 0 ? -1 : 1;
}

static int
write_first(struct consume *c, int64_t wait_ms, struct err *err)
{
	const uint32_t slot = merge_first(&c->merge)->part.slot;
	struct lane *l = &c->lanes[slot];
	const struct record head = l->head;
	const int got = take_turn(c, l, wait_ms, err);

	if (got <= 0)
		return got;
	merge_pop(&c->merge);
	if (handle(c, l, &head, err) < 0)
		return -1;
	l = &c->lanes[slot];
	/* neither taken away meanwhile, nor given back */
	if (l->ours && !l->done && !l->waiting)
		consume_need_head(c, l);
	return 1;
}

static bool
all_read(const struct consume *c)
{
	return c->joined && c->left == 0;
}

/* Let the group, which may have given us nothing yet, have its say: at full speed no take() would
 * wait for it. */
static int
serve_group(struct consume *c, int64_t wait_ms, struct err *err)
{
	struct record r;

	return c->reader->poll(c->reader->self, c->joined ? 0 : wait_ms, &r, err) < 0 ? -1 : 1;
}

static int
step_bounded(struct consume *c, int64_t wait_ms, struct err *err)
{
	if (c->conf.group && serve_group(c, wait_ms, err) < 0)
		return -1;
	for (int i = 0; i < STEP_RECORDS && !enough(c) && !all_read(c); i++) {
		int got;

		if (!c->joined)
			return 1;
		if (c->n_queue == 0) {
			got = write_first(c, wait_ms, err);
			if (got <= 0)
				return got < 0 ? -1 : 1;
			continue;
		}
		got = seek_head(c, 0, err);
		if (got == 0) {
			if (quiet(c, err) < 0)
				return -1;
			/* taken away while the output was blocked */
			if (c->n_queue == 0)
				continue;
			waiting(c, STATS_IDLE);
			got = seek_head(c, wait_ms, err);
			waiting(c, STATS_BUSY);
			consume_clock(c);
		}
		if (got <= 0)
			return got < 0 ? -1 : 1;
	}
	return !enough(c) && !all_read(c);
}

/* ---- running */

/* Told once: it looks as if nothing happened, for as long as the group waits for a member that is
 * no more. */
static void
tell_joining(struct consume *c)
{
	if (c->joining_since == 0)
		c->joining_since = c->now;
	if (c->now - c->joining_since < JOINING_MS)
		return;
	c->joining_since = INT64_MAX;
	if (c->conf.note != NULL)
		c->conf.note(c->conf.note_arg,
		             "waiting for the group to give us partitions (one that was killed is "
		             "its member until session.timeout.ms is over, by default 45 s)");
}

static int
step(struct consume *c, int64_t wait_ms, struct err *err)
{
	consume_clock(c);
	if (c->env->stats != NULL)
		stats_sample(c->env->stats, c->env->clock_ns(c->env->clock_self));
	if (c->conf.group && !c->joined && c->joining_since < INT64_MAX)
		tell_joining(c);
	/* a backlog of which little is wanted neither fills the output nor lets a poll be dry */
	if (is_due(c, c->next_let_go, LET_GO_MS) && let_go(c, err) < 0)
		return -1;
	if (c->bounded)
		return step_bounded(c, wait_ms, err);
	if (c->conf.look_every > 0 && c->pending_lane == SIZE_MAX &&
	    is_due(c, c->next_look, c->conf.look_every)) {
		c->next_look = c->now + c->conf.look_every;
		if ((c->conf.group ? consume_look_for_topics : consume_look_again)(c, err) < 0)
			return -1;
	}
	return step_live(c, wait_ms, err);
}

int
consume_step(struct consume *c, int64_t wait_ms, struct err *err)
{
	const int rc = step(c, wait_ms, err);

	return rc < 0 && err->status == STATUS_CONFIG ? consume_tell_gone(c, err) : rc;
}

int
consume_finish(struct consume *c, bool drain, struct err *err)
{
	if (c->conf.watermarks) {
		if (drain && c->reader != NULL && consume_say_time(c, err) < 0)
			return -1;
		const struct control end = { .kind = CONTROL_END, .drain = drain };

		if (consume_say(c, &end, err) < 0)
			return -1;
	}
	if (consume_flush(c, err) < 0 || consume_store(c, err) < 0)
		return -1;
	return consume_commit(c, err);
}

/* Nobody read, and we were told not to wait: what is undone? */
static void
tell_undone(const struct consume *c, struct err *err)
{
	char commits[80] = "";

	if (c->conf.group)
		snprintf(commits, sizeof(commits), "; %" PRIu64 " records are not committed",
		         c->passed - c->committed);
	fail_as(err, STATUS_RETRY,
	        "stopped by a signal while nobody read the output: up to %" PRIu64
	        " lines are not written, and the last one may be cut%s",
	        c->counts.lines - c->left_lines, commits);
}

/* What was good before the trouble is delivered; a reader that went away is no trouble of ours. */
static enum status
trouble(struct consume *c, struct err *err)
{
	struct err ignored;

	if (!c->out->failed && consume_flush(c, &ignored) == 0 && consume_store(c, &ignored) == 0)
		(void)consume_commit(c, &ignored);
	if (c->out->gave_up)
		tell_undone(c, err);
	if (c->out->reader_gone)
		*err = (struct err){ .status = c->conf.watermarks ? STATUS_RETRY : STATUS_OK };
	return err->status;
}

/* There is nothing more to come, or a signal came: say so, and whether all was read. */
static enum status
end(struct consume *c, bool all, struct err *err)
{
	all = all || (c->env->wants_drain != NULL &&
	              c->env->wants_drain(c->env->asked_self));
	*err = (struct err){ .status = STATUS_OK };
	if (consume_finish(c, all, err) < 0)
		return trouble(c, err);
	if (c->bounded && all_read(c))
		consume_tell_held(c);
	if (!all && c->bounded)
		fail_as(err, STATUS_RETRY,
		        "stopped by a signal before the end of what was to be read");
	return err->status;
}

/* What was asked of a broker when a signal came is no trouble: nobody wants to know any more. But
 * that a commit was not waited for is told. */
enum status
consume_fail(struct consume *c, struct err *err)
{
	return consume_stopped(c) && err->status == STATUS_RETRY && !c->out->failed &&
	                       !c->commit_failed
	               ? end(c, false, err)
	               : trouble(c, err);
}

enum status
consume_hello(struct consume *c, struct err *err)
{
	*err = (struct err){ .status = STATUS_OK };
	watch_output(c);
	return say_hello(c, err) < 0 ? trouble(c, err) : STATUS_OK;
}

/* The stage behind us may die while the topic is quiet for hours: do not wait for the next write
 * to notice. */
static bool
reader_left(struct consume *c)
{
	if (c->now < c->next_left)
		return false;
	c->next_left = c->now + LEFT_EVERY_MS;
	return out_left(c->out);
}

enum status
consume_run(struct consume *c, const struct reader *reader, struct err *err)
{
	int go_on = 1;

	*err = (struct err){ .status = STATUS_OK };
	if (consume_start(c, reader, err) < 0)
		return consume_fail(c, err);
	while (go_on > 0 && !consume_stopped(c)) {
		go_on = reader_left(c) ? -1 : consume_step(c, consume_patience(c), err);
		if (c->conf.tick != NULL)
			c->conf.tick(c->conf.tick_arg);
	}
	return go_on < 0 ? consume_fail(c, err) : end(c, go_on == 0, err);
}
