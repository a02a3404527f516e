/* SPDX-License-Identifier: Apache-2.0 */
/*
 * consume_assign.c - which partitions are read, from where, and up to where
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "kafka/consume_parts.h"
#include "kafka/murmur2.h"

/* The lane of a partition, a new one if it was never ours. */
static struct lane *
lane_for(struct consume *c, const struct part *p)
{
	struct lane *l = consume_lane(c, p->topic, p->partition);

	if (l != NULL)
		return l;
	c->lanes = mem_more(c->lanes, c->n_lanes, &c->cap_lanes, sizeof(*c->lanes));
	l = &c->lanes[c->n_lanes];
	*l = (struct lane){
		.part = { { mem_dup(p->topic), p->topic.n }, p->partition, (uint32_t)c->n_lanes },
		.end = NO_END,
		.first_heard = OFFSET_NONE,
		.last_time = TIME_MIN,
	};
	selection_init(&l->selection);
	c->n_lanes++;
	return l;
}

void
consume_need_head(struct consume *c, struct lane *l)
{
	l->waiting = true;
	c->queue = mem_more(c->queue, c->n_queue, &c->cap_queue, sizeof(*c->queue));
	c->queue[c->n_queue++] = l->part.slot;
}

void
consume_needs_no_head(struct consume *c, struct lane *l)
{
	size_t kept = 0;

	l->waiting = false;
	for (size_t i = 0; i < c->n_queue; i++)
		if (c->queue[i] != l->part.slot)
			c->queue[kept++] = c->queue[i];
	c->n_queue = kept;
}

/* Read up to its end: it holds nobody back any more. */
int
consume_lane_done(struct consume *c, struct lane *l, struct err *err)
{
	l->done = true;
	c->left--;
	consume_needs_no_head(c, l);
	if (l->next < l->end) {
		l->next = l->end;
		c->dirty = true;
	}
	if (c->watermarks != NULL)
		watermark_set_leave(c->watermarks, l->part.slot);
	consume_hear(c, l);
	if (l->ends_with_log && l->first_heard == OFFSET_NONE)
		return 0;               /* it is to be heard of */
	return c->reader->drop(c->reader->self, &l->part, err);
}

static void
note_gone(struct consume *c, const struct lane *l, int64_t offset, bool committed,
          const struct extent *e)
{
	c->gone = mem_more(c->gone, c->n_gone, &c->cap_gone, sizeof(*c->gone));
	c->gone[c->n_gone++] =
		(struct gone){ l->part, committed, offset, e->first, e->next };
}

int
consume_tell_gone(struct consume *c, struct err *err)
{
	for (size_t i = 0; i < c->n_lanes; i++) {
		const struct lane *l = &c->lanes[i];
		struct extent extent;
		struct err ignored;

		if (!l->ours || l->done)
			continue;
		if (consume_stopped(c))
			break;
		if (c->reader->ends(c->reader->self, &l->part, &extent.first, &extent.next,
		                    &ignored) < 0)
			break;
		if (l->next < extent.first || l->next > extent.next)
			note_gone(c, l, l->next, false, &extent);
	}
	return c->n_gone > 0 ? place_fail_gone(c->gone, c->n_gone, err) : -1;
}

/* Does the group give back what was ours, and nobody has read further? What stands before l->next
 * has left, or will, or the run fails before more is committed: so it goes on there, though the
 * group's offset is behind, for it could not be committed when the output was blocked, or the
 * partition lost. But an offset that is less than what we last had committed is read from, even if
 * that commit was never answered: somebody may have set it back on purpose. */
static bool
goes_on(const struct lane *l, int64_t committed)
{
	return l->known && (committed == OFFSET_NONE ||
	                    (committed >= l->committed && committed < l->next));
}

/* Decide where a partition starts and ends; one that does not hold its start is noted. What comes
 * later (again) goes on where the group left off, whatever -o says: it is about the start of this
 * run. An end that was chosen stays. */
static int
plan(struct consume *c, struct lane *l, int64_t committed, bool again, struct err *err)
{
	const struct place_range *own =
		c->conf.places != NULL ? place_list_find(c->conf.places, &l->part) : NULL;
	const struct place *until =
		c->conf.until.kind != PLACE_NONE ? &c->conf.until : &c->conf.range.to;
	struct place from = own != NULL ? own->from : c->conf.range.from;
	struct extent extent = { .committed = committed };
	int64_t start;
	int rc;

	if (own != NULL && own->to.kind != PLACE_NONE)
		until = &own->to;
	if (c->reader->ends(c->reader->self, &l->part, &extent.first, &extent.next, err) < 0)
		return -1;
	if (from.kind == PLACE_NONE)
		from.kind = c->conf.group ? PLACE_COMMITTED
		          : c->bounded || c->conf.places != NULL ? PLACE_EARLIEST : PLACE_LATEST;
	/* In a group these two say where to start where nothing was committed, as everywhere in
	 * Kafka. */
	if (c->conf.group && committed != OFFSET_NONE &&
	    (again || from.kind == PLACE_EARLIEST || from.kind == PLACE_LATEST))
		from.kind = PLACE_COMMITTED;
	if (goes_on(l, committed))
		from = (struct place){ PLACE_NUMBER, l->next };
	rc = place_start(&from, c->reader, &l->part, &extent, &start, err);
	if (rc < 0)
		return -1;
	if (rc > 0) {
		note_gone(c, l, start, from.kind == PLACE_COMMITTED, &extent);
		return 0;
	}
	l->known = true;
	l->next = start;
	l->stored = l->committed = committed;
	if (c->bounded && l->end == NO_END) {
		if (place_end(until, c->reader, &l->part, &extent, start, &l->end, err) < 0)
			return -1;
		l->ends_with_log = place_ends_with_log(until, &extent, start);
	}
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
	l->waited = c->waited;
	c->dirty = true;
	if (c->watermarks != NULL)
		watermark_set_join(c->watermarks, l->part.slot, consume_listened(c));
	if (!c->bounded)
		return 0;
	c->left++;
	consume_need_head(c, l);
	return l->next >= l->end ? consume_lane_done(c, l, err) : 0;
}

static void
give_up(struct consume *c, struct lane *l)
{
	l->ours = false;
	if (c->pending_lane == l->part.slot)
		c->pending_lane = SIZE_MAX;     /* it comes again to whoever gets it */
	if (c->watermarks != NULL)
		watermark_set_leave(c->watermarks, l->part.slot);
	if (!c->bounded)
		return;
	if (!l->done)
		c->left--;
	consume_needs_no_head(c, l);
	merge_remove(&c->merge, l->part.slot);
}

static int
on_assigned(void *arg, struct part *parts, int64_t *start, size_t n, struct err *err)
{
	struct consume *c = arg;
	const bool again = c->had_share;

	consume_clock(c);
	c->joined = c->had_share = true;
	c->n_gone = 0;
	for (size_t i = 0; i < n; i++) {
		struct lane *l = lane_for(c, &parts[i]);

		if (plan(c, l, start[i], again, err) < 0)
			return -1;
		parts[i].slot = l->part.slot;
		start[i] = l->next;
	}
	if (c->n_gone > 0)
		return place_fail_gone(c->gone, c->n_gone, err);
	for (size_t i = 0; i < n; i++)
		if (take_on(c, &c->lanes[parts[i].slot], err) < 0)
			return -1;
	return 0;
}

static bool
any_ours(const struct consume *c)
{
	for (size_t i = 0; i < c->n_lanes; i++)
		if (c->lanes[i].ours)
			return true;
	return false;
}

/* When a write is blocked this very moment, its lines have not left: whoever gets the partition
 * reads them again. */
static int
on_revoked(void *arg, const struct part *parts, size_t n, bool lost, struct err *err)
{
	struct consume *c = arg;
	int rc = 0;

	if (!lost && !c->flushing) {
		rc = consume_flush(c, err);
		if (rc == 0)
			rc = consume_store(c, err);
		if (rc == 0)
			rc = consume_commit(c, err);
	}
	for (size_t i = 0; i < n; i++) {
		struct lane *l = consume_lane(c, parts[i].topic, parts[i].partition);

		if (l != NULL && l->ours)
			give_up(c, l);
	}
	c->joined = any_ours(c);
	return rc;
}

/* ---- the start */

static int
add_topic(struct consume *c, struct str topic, struct err *err)
{
	const int n = c->reader->partitions(c->reader->self, topic, err);
	char q[QUOTE_MAX];

	if (n < 0 || partitions_check(&c->conf.partitions, topic, n, err) < 0)
		return -1;
	if (c->conf.places != NULL && place_list_highest(c->conf.places, topic) >= n)
		return fail_as(err, STATUS_NOINPUT,
		               "--offsets-from names partition %" PRId32
		               " of topic %s, which has 0 to %d",
		               place_list_highest(c->conf.places, topic), quote(q, topic), n - 1);
	for (int32_t p = 0; p < n; p++)
		if (partitions_has(&c->conf.partitions, p) &&
		    (c->conf.key.p == NULL || p == murmur2_partition(c->conf.key, n)))
			lane_for(c, &(struct part){ topic, p, 0 });
	return 0;
}

/* The patterns that match none of the n_all topics: nothing is read of them, and if selected is 0
 * of anything. wait: until one comes. */
static int
tell_unmatched(struct consume *c, const struct str *all, size_t n_all, size_t selected, bool wait,
               struct err *err)
{
	struct buf list;
	char text[600];
	int rc = 0;

	buf_init(&list, BUF_NO_MAX);
	if (topics_unmatched(c->conf.topics, all, n_all, &list) == 0)
		goto done;
	if (selected == 0 && !wait) {
		rc = topics_fail(buf_str(&list), err);
	} else if (c->conf.note != NULL) {
		snprintf(text, sizeof(text), "no topic matches %.*s%s", STR_ARGS(buf_str(&list)),
		         selected == 0 ? "; waiting for one" : "");
		c->conf.note(c->conf.note_arg, text);
	}
done:
	buf_release(&list);
	return rc;
}

static int
find_partitions(struct consume *c, struct err *err)
{
	struct str *all = NULL, *names;
	size_t n_all = 0, n;
	int rc = 0;

	if (topics_patterns(c->conf.topics) &&
	    c->reader->topics(c->reader->self, &all, &n_all, err) < 0)
		return -1;
	n = topics_select(c->conf.topics, all, n_all, &names);
	if (!c->joined)                         /* later it is no news */
		rc = tell_unmatched(c, all, n_all, n, !c->bounded, err);
	for (size_t i = 0; rc == 0 && i < n && !(c->joined && consume_stopped(c)); i++)
		rc = add_topic(c, names[i], err);
	free(names);
	return rc;
}

int
consume_start_alone(struct consume *c, struct err *err)
{
	struct part *parts;
	int64_t *offsets;
	int rc = 0;

	if (find_partitions(c, err) < 0)
		return -1;
	parts = mem_zalloc(c->n_lanes, sizeof(*parts));
	offsets = mem_zalloc(c->n_lanes, sizeof(*offsets));
	for (size_t i = 0; rc == 0 && i < c->n_lanes; i++) {
		rc = plan(c, &c->lanes[i], OFFSET_NONE, false, err);
		parts[i] = c->lanes[i].part;
		offsets[i] = c->lanes[i].next;
	}
	if (rc == 0 && c->n_gone > 0)
		rc = place_fail_gone(c->gone, c->n_gone, err);
	if (rc == 0)
		rc = c->reader->assign(c->reader->self, parts, offsets, c->n_lanes, c->bounded,
		                       err);
	for (size_t i = 0; rc == 0 && i < c->n_lanes; i++)
		rc = take_on(c, &c->lanes[i], err);
	free(parts);
	free(offsets);
	c->joined = true;
	return rc;
}

/* A partition that was not there before: no record of it was missed yet. */
static int
add_new(struct consume *c, struct lane *l, struct err *err)
{
	int64_t next;

	if (c->reader->ends(c->reader->self, &l->part, &l->next, &next, err) < 0 ||
	    c->reader->add(c->reader->self, &l->part, l->next, err) < 0)
		return -1;
	if (c->tell != NULL)
		c->tell(c->tell_arg, &l->part, l->next, NO_END);
	return take_on(c, l, err);
}

static bool
several_topics(const struct consume *c)
{
	for (size_t i = 1; i < c->n_lanes; i++)
		if (!str_eq(c->lanes[i].part.topic, c->lanes[0].part.topic))
			return true;
	return false;
}

static bool
is_listed(const struct str *all, size_t n, struct str topic)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(all[i], topic))
			return true;
	return false;
}

/* A question for each of many topics would hold up the records, and a signal, as long as all their
 * answers take. But a list has only what we are permitted to see: what is not in it is asked for.
 */
int
consume_look_for_topics(struct consume *c, struct err *err)
{
	struct str *all = NULL, last = { NULL, 0 };
	size_t n_all = 0, first = 0, end = c->n_lanes;
	struct err why;

	/* a list may be too long for the time; then one a look is asked for */
	if (several_topics(c) && c->reader->topics(c->reader->self, &all, &n_all, &why) < 0) {
		n_all = 0;
		first = c->look_turn++ % c->n_lanes;
		end = first + 1;
	}
	for (size_t i = first; i < end && !consume_stopped(c); i++) {
		const struct str topic = c->lanes[i].part.topic;

		if (!c->lanes[i].ours || str_eq(topic, last))
			continue;
		last = topic;
		if (is_listed(all, n_all, topic) ||
		    c->reader->partitions(c->reader->self, topic, &why) >= 0)
			continue;
		return why.status == STATUS_NOINPUT ? reader_fail_gone(topic, err) : 0;
	}
	return 0;
}

int
consume_look_again(struct consume *c, struct err *err)
{
	int rc = find_partitions(c, err);

	for (size_t i = 0; rc == 0 && i < c->n_lanes; i++)
		if (!c->lanes[i].ours && !consume_stopped(c))
			rc = add_new(c, &c->lanes[i], err);
	/* whoever polls knows when trouble is enough, be it with tokens; and asks again later */
	if (rc == 0 || err->status != STATUS_NOINPUT) {
		*err = (struct err){ .status = STATUS_OK };
		return 0;
	}
	(void)consume_look_for_topics(c, err);  /* it says it better */
	return -1;
}

/* Those that are named have to be there; patterns may be about what is to come, unless there is an
 * end. */
static int
check_subscription(struct consume *c, struct err *err)
{
	struct str *all, *names;
	size_t n_all, n;
	int rc;

	if (!topics_patterns(c->conf.topics))
		return 0;
	if (c->reader->topics(c->reader->self, &all, &n_all, err) < 0)
		return -1;
	n = topics_select(c->conf.topics, all, n_all, &names);
	rc = tell_unmatched(c, all, n_all, n, !c->bounded, err);
	free(names);
	return rc;
}

int
consume_start_in_group(struct consume *c, struct err *err)
{
	const struct reader_events events = { .arg = c,
		                              .assigned = on_assigned,
		                              .revoked = on_revoked };
	const size_t n = topics_count(c->conf.topics);
	struct str *names = mem_zalloc(n, sizeof(*names));
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		names[i] = topics_subscription(c->conf.topics, i);
		if (names[i].p[0] != '^' &&
		    c->reader->partitions(c->reader->self, names[i], err) < 0)
			rc = -1;
	}
	if (rc == 0 && check_subscription(c, err) < 0)
		rc = -1;
	if (rc == 0)
		rc = c->reader->subscribe(c->reader->self, names, n, c->bounded, &events, err);
	free(names);
	return rc;
}
