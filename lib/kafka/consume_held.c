/* SPDX-License-Identifier: Apache-2.0 */
/*
 * consume_held.c - what an open transaction has kept from a read up to the end of the log
 *
 * Under read_committed the log ends before the first record of an open transaction. That this was
 * so shows in two things. What the broker sends first tells where the log really ends: further on
 * than we were told a moment ago. And when all has been read the end for readers is still where it
 * was: were there merely records that came later, it would not be. A transaction that has ended
 * meanwhile is like records that came later. So nobody is asked a second time, but on a busy topic,
 * and nothing is waited for, but where there was nothing to be read.
 */
#include <inttypes.h>

#include "base/buf.h"
#include "kafka/consume_parts.h"

#define NAMED   5                       /* partitions */
#define HEAR_MS 5                       /* for which one is listened to at once ... */
#define HEARS   20                      /* ... and how often: a fetch has its answer in 10 ms */
#define ASK_MS  1000                    /* after which no more questions are asked */

void
consume_hear(struct consume *c, struct lane *l)
{
	if (l->ends_with_log && l->first_heard == OFFSET_NONE)
		l->first_heard = c->reader->heard_end(c->reader->self, &l->part);
}

/* Of partitions with nothing to read the broker may have said nothing yet. The group may take some
 * away meanwhile, and give others. */
static void
hear_all(struct consume *c)
{
	int left = HEARS;

	for (size_t i = 0; i < c->n_lanes; i++) {
		struct record ignored;
		struct err no_matter;

		consume_hear(c, &c->lanes[i]);
		while (c->lanes[i].ours && c->lanes[i].ends_with_log &&
		       c->lanes[i].first_heard == OFFSET_NONE && left-- > 0) {
			if (c->reader->take(c->reader->self, c->lanes[i].part.slot, HEAR_MS,
			                    &ignored, &no_matter) < 0)
				return;
			consume_hear(c, &c->lanes[i]);
		}
	}
}

/* How many offsets stand behind the end of l, which a transaction holds where it is; -1: nobody
 * knows. */
static int64_t
held_back(struct consume *c, const struct lane *l)
{
	const int64_t now = c->reader->heard_end(c->reader->self, &l->part);
	int still;

	if (!l->ours || !l->ends_with_log || l->first_heard <= l->end)
		return 0;
	still = c->reader->ends_at(c->reader->self, &l->part, l->end);
	if (still <= 0)
		return still;
	return (now > l->first_heard ? now : l->first_heard) - l->end;
}

static void
tell(struct consume *c, int64_t offsets, size_t lanes, struct str list)
{
	struct buf text;

	buf_init(&text, BUF_NO_MAX);
	buf_addf(&text, "%" PRId64 " offset%s not read: ", offsets, offsets == 1 ? " is" : "s are");
	buf_add_str(&text, lanes == 1 ? STR("an open transaction holds back ")
	                              : STR("open transactions hold back "));
	buf_add_str(&text, list);
	if (lanes > NAMED)
		buf_addf(&text, ", and %zu more", lanes - NAMED);
	buf_add_str(&text, STR(" (run again when it has ended; -X isolation.level=read_uncommitted "
	                       "reads them now, though they may yet be aborted)"));
	buf_add_char(&text, '\0');
	c->conf.note(c->conf.note_arg, text.p);
	buf_release(&text);
}

void
consume_tell_held(struct consume *c)
{
	const int64_t end = consume_clock(c) + ASK_MS;
	int64_t offsets = 0;
	size_t lanes = 0;
	struct buf list;

	if (c->conf.note == NULL)
		return;
	buf_init(&list, BUF_NO_MAX);
	hear_all(c);
	for (size_t i = 0; i < c->n_lanes && consume_clock(c) < end && !consume_stopped(c); i++) {
		const struct lane *l = &c->lanes[i];
		const int64_t n = held_back(c, l);

		if (n < 0)
			break;
		if (n > 0 && lanes < NAMED)
			buf_addf(&list, "%s%.*s[%" PRId32 "] from offset %" PRId64 " on",
			         lanes > 0 ? ", " : "", STR_ARGS(l->part.topic), l->part.partition,
			         l->end);
		lanes += n > 0;
		offsets += n;
	}
	if (lanes > 0)
		tell(c, offsets, lanes, buf_str(&list));
	buf_release(&list);
}
