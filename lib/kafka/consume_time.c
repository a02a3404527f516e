/* SPDX-License-Identifier: Apache-2.0 */
/*
 * consume_time.c - how far the time of the records has come, and when that is said
 *
 * A watermark line now and then would do for windows to fire. But a record is late or not by the
 * lines before it: where it could make a difference to a record, what is known is said first. So
 * what is late depends on the records and their order alone, as with a watermark for each, and not
 * on how many of them came together.
 */
#include "base/time.h"
#include "kafka/consume_parts.h"

#define WAIT_MS 200                     /* a signal is noticed after this */

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Is something left in it that was not read? Where it stands is asked, for behind its last record
 * there may be markers. -1: it has not been heard of. */
static int
leaves_unread(struct consume *c, const struct lane *l)
{
	const int64_t end = c->reader->heard_end(c->reader->self, &l->part);
	int64_t position;
	struct err ignored;

	if (end == OFFSET_NONE ||
	    c->reader->position(c->reader->self, &l->part, &position, &ignored) < 0)
		return -1;
	return (position == OFFSET_NONE ? l->next : position) < end;
}

/* For how long is a silent partition not idle yet? While its broker cannot be reached nobody knows
 * that it is silent. While we are busy, what is left of it may wait behind much of others. But what
 * does not come although we wait is not to be had: it may belong to a transaction that is open. */
static int64_t
grace(void *arg, size_t source)
{
	struct consume *c = arg;
	const struct lane *l = &c->lanes[source];
	const int64_t left = c->conf.idle_timeout - (c->waited - l->waited);

	if (!c->reader->in_touch(c->reader->self, &l->part))
		return WAIT_MS;
	return left > 0 && leaves_unread(c, l) > 0 ? left : 0;
}

static bool
nothing_unread(void *arg, size_t source)
{
	struct consume *c = arg;

	return leaves_unread(c, &c->lanes[source]) == 0;
}

void
consume_start_time(struct consume *c)
{
	c->watermarks = watermark_set_new(c->conf.bound, c->bounded ? 0 : c->conf.idle_timeout);
	watermark_set_ask(c->watermarks, grace, c);
}

bool
consume_too_early(const struct consume *c, const struct selection *s)
{
	return c->conf.max_future >= 0 && s->has_time && s->time > c->now + c->conf.max_future;
}

void
consume_see_time(struct consume *c, const struct lane *l)
{
	if (c->watermarks != NULL && l->selected != SELECTED_BAD && l->selection.has_time &&
	    !consume_too_early(c, &l->selection))
		watermark_set_see(c->watermarks, l->part.slot, l->selection.time,
		                  consume_listened(c));
}

/* All topics have been quiet for so long that the clock counts. While a broker cannot be reached
 * nothing is quiet: what it has may be older than now. */
static bool
clock_counts(struct consume *c)
{
	if (c->conf.idle_advance == 0 || c->pending_lane != SIZE_MAX ||
	    consume_listened(c) - c->heard < c->conf.idle_advance)
		return false;
	if (c->reader->in_touch(c->reader->self, NULL))
		return true;
	c->heard = consume_listened(c);
	return false;
}

/* What the clock makes of the watermark: it goes on from there, or from what the partitions say
 * that have spoken, if nothing is left in the others. It never goes on from less than before. */
static int64_t
by_clock(struct consume *c, int64_t watermark)
{
	const int64_t spoken = watermark_set_spoken(c->watermarks, nothing_unread, c);

	c->known = larger(c->known, larger(watermark, spoken));
	return c->known == TIME_MIN ? TIME_MIN : c->known + consume_listened(c) - c->heard;
}

/* clock: it may move time on. */
static int
say_time(struct consume *c, bool clock, struct err *err)
{
	int64_t ts;
	bool idle, news;

	c->since_watermark = 0;
	news = watermark_set_advance(c->watermarks, consume_listened(c), &ts, &idle);
	if (clock && clock_counts(c)) {
		ts = by_clock(c, ts);
		news = true;
	}
	if (!news)
		return 0;
	if (idle != c->said_idle) {
		c->said_idle = idle;
		if (consume_say(c,
		                &(struct control){ .kind = idle ? CONTROL_IDLE : CONTROL_ACTIVE },
		                err) < 0)
			return -1;
	}
	if (ts <= c->said_watermark)
		return 0;
	c->said_watermark = ts;
	if (c->env->stats != NULL)
		atomic_store_explicit(&c->env->stats->watermark, ts, memory_order_relaxed);
	return consume_say(c, &(struct control){ .kind = CONTROL_WATERMARK, .ts = ts }, err);
}

int
consume_say_time(struct consume *c, struct err *err)
{
	return c->watermarks != NULL ? say_time(c, true, err) : 0;
}

/* One that stands right behind the watermark meets it, too: it would touch, and so prolong, a
 * session that ends there. */
int
consume_say_what_it_meets(struct consume *c, const struct lane *l, struct err *err)
{
	if (c->watermarks == NULL || !l->selection.has_time ||
	    !watermark_set_may_meet(c->watermarks, l->part.slot, l->selection.time))
		return 0;
	return say_time(c, false, err);
}

int64_t
consume_patience(struct consume *c)
{
	const int64_t next = c->watermarks != NULL ? watermark_set_next(c->watermarks) : TIME_MAX;
	int64_t wait;

	if (next == TIME_MAX)
		return WAIT_MS;
	consume_clock(c);
	wait = next - consume_listened(c);
	return wait < 0 ? 0 : wait < WAIT_MS ? wait : WAIT_MS;
}
