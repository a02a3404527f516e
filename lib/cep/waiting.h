/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waiting.h - events that wait for the watermark, in the order of their turn
 *
 * The order is: event time, then the value of --order-by (NULL first), then arrival. Events that
 * come in order stand in a queue; the others in a heap beside it. So an ordered stream costs an
 * append and a removal an event, whatever the bound.
 */
#ifndef MAIP_CEP_WAITING_H
#define MAIP_CEP_WAITING_H

#include "cep/event.h"

struct waiting {
	struct stamped *queue;          /* references; a ring, cap is a power of two */
	size_t         first, n, cap;
	struct stamped *heap;
	size_t         n_heap, cap_heap;
	bool           by_value;        /* there is an --order-by */
};

void waiting_release(struct waiting *w);
void waiting_add(struct waiting *w, struct event *e);           /* takes the reference over */

/* The event whose turn is next, if its time is <= until; the reference goes to the caller. NULL:
 * none. */
struct event *waiting_take(struct waiting *w, int64_t until);

static inline size_t
waiting_count(const struct waiting *w)
{
	return w->n + w->n_heap;
}

/* All of them, in any order, for those who save: i < waiting_count. */
struct event *waiting_at(const struct waiting *w, size_t i);

#endif
