/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring.h - a queue of items of one size: in at its end, out at its front
 *
 * Grows by doubling and does not shrink; to add and to drop cost a few instructions each. The
 * caller says the size with every call, always the same, so that the compiler knows it.
 */
#ifndef MAIP_BASE_RING_H
#define MAIP_BASE_RING_H

#include <stddef.h>

struct ring {                           /* all zero: empty */
	char  *items;                   /* cap of them, a power of two */
	size_t first, n, cap;
};

void ring_grow(struct ring *r, size_t size);
void ring_release(struct ring *r, size_t size);

/* Item i of n, from 0 for that at the front; there until the next is added. */
static inline void *
ring_at(const struct ring *r, size_t i, size_t size)
{
	return r->items + ((r->first + i) & (r->cap - 1)) * size;
}

/* Room for one more at the end, to be filled. */
static inline void *
ring_add(struct ring *r, size_t size)
{
	if (r->n == r->cap)
		ring_grow(r, size);
	return ring_at(r, r->n++, size);
}

/* The one at the front is gone; n > 0. */
static inline void
ring_drop(struct ring *r)
{
	r->first = (r->first + 1) & (r->cap - 1);
	r->n--;
}

#endif
