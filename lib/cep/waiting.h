/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waiting.h - events that wait for the watermark, in the order of their turn
 *
 * The order is: event time, then the values of --order-by (NULL first; the other way round behind
 * WAITING_DOWN), then arrival. Events that come in order stand in a queue, the others in a radix
 * heap beside it (Ahuja, Mehlhorn, Orlin, Tarjan: Faster algorithms for the shortest path problem,
 * 1990), because time moves forward only.
 * It goes by digits of 6 bits: an event stands on the level of the highest digit in which its time
 * differs from that of the last one taken, in the bucket of the digit that it has there. The first
 * bucket of the lowest level is dealt out to the levels below it when its turn has come. So an
 * ordered stream costs an append and a removal an event, and another one some moves of 16 bytes,
 * to the ends of lists: two or three where it is seconds late.
 *
 * Not one with window/alarms.h, which keeps no order and hands out all that is due at once, in half
 * the room.
 */
#ifndef MAIP_CEP_WAITING_H
#define MAIP_CEP_WAITING_H

#include "base/ring.h"
#include "cep/event.h"

#define WAITING_DIGIT   6
#define WAITING_BUCKETS 64              /* a level */
#define WAITING_LEVELS  11
#define WAITING_DOWN    0xff            /* in event_order(); no value begins so */

struct bucket {                         /* in order of arrival */
	struct chunk *first, *last;     /* of its events; NULL: empty */
	size_t        n;
	int64_t       min;              /* smallest time */
};

struct level {
	struct bucket buckets[WAITING_BUCKETS];
	uint64_t      filled;           /* bit i: there is something in bucket i */
};

/* The event's turn comes soon: fetch what that needs. Steps 0, 1 and 2 come one after the other,
 * with those of other events between. */
typedef void waiting_soon_fn(void *arg, const struct event *e, int step);

struct waiting {
	struct ring     queue;          /* of struct stamped: references */
	struct level    levels[WAITING_LEVELS];
	uint32_t        filled;         /* bit i: there is something on level i */
	struct stamped *due;            /* those whose time is last, from taken on: in order */
	size_t          taken, n_due, cap_due;
	size_t          n_heap;         /* on all levels and in due */
	struct chunk   *spare;
	size_t          n_spare;
	int64_t         last;           /* no event on a level has an earlier time, or the same */
	bool            begun;          /* last has a meaning */
	int             fetched;        /* what stands on the levels below it has been */
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
