/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waiting.h - events that wait for the watermark, in the order of their turn
 *
 * The order is: event time, then the values of --order-by (NULL first; the other way round behind
 * WAITING_DOWN), then arrival. Events that
 * come in order stand in a queue, the others in a radix heap beside it (Ahuja, Mehlhorn, Orlin,
 * Tarjan: Faster algorithms for the shortest path problem, 1990), because time moves forward only:
 * bucket i holds events whose time differs from the time of the last one taken in bit i - 1, but
 * in no higher one; bucket 0 those of that very time. The lowest bucket is dealt out to those
 * below it when its turn has come. So an ordered stream costs an append and a removal an event,
 * and another one some moves of 16 bytes, to the ends of a few arrays.
 */
#ifndef MAIP_CEP_WAITING_H
#define MAIP_CEP_WAITING_H

#include "base/ring.h"
#include "cep/event.h"

#define WAITING_BUCKETS 65
#define WAITING_DOWN    0xff            /* in event_order(); no value begins so */

struct bucket {                         /* in order of arrival */
	struct stamped *a;
	size_t          n, cap;
	int64_t         min;            /* smallest time */
};

/* The event's turn comes soon: fetch what that needs. Steps 0, 1 and 2 come one after the other,
 * with those of other events between. */
typedef void waiting_soon_fn(void *arg, const struct event *e, int step);

struct waiting {
	struct ring     queue;          /* of struct stamped: references */
	struct bucket   buckets[WAITING_BUCKETS];
	uint64_t        filled;         /* bit i: there is something in bucket i + 1 */
	size_t          taken;          /* out of bucket 0, from its front */
	size_t          n_heap;         /* in all buckets */
	int64_t         last;           /* time of bucket 0; no later event has an earlier one */
	bool            begun;          /* last has a meaning */
	int             fetched;        /* what stands below this bucket has been */
	bool            by_value;       /* there is an --order-by */
	waiting_soon_fn *soon;          /* NULL: nobody fetches anything */
	void           *soon_arg;
};

void waiting_release(struct waiting *w, struct event_store *s);  /* drops the events */
/* takes the reference over; the time is later than all that waiting_take has been asked for, or the
 * same */
void waiting_add(struct waiting *w, struct event *e);

/* The event whose turn is next, if its time is <= until; the reference goes to the caller. NULL:
 * none. */
struct event *waiting_take(struct waiting *w, int64_t until);

static inline size_t
waiting_count(const struct waiting *w)
{
	return w->queue.n + w->n_heap;
}

/* All of them, in any order: for those who save. */
typedef void waiting_fn(void *arg, struct event *e);
void waiting_each(const struct waiting *w, waiting_fn *fn, void *arg);

#endif
