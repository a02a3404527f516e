/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring.c - where a ring has run full, what stands before its front goes behind its old end
 */
#include "base/ring.h"

#include <string.h>

#include "base/mem.h"

void
ring_grow(struct ring *r, size_t size)
{
	const size_t cap = r->cap == 0 ? 64 : r->cap * 2;

	r->items = mem_big_grow(r->items, r->cap * size, cap * size);
	if (r->first > 0)
		memcpy(r->items + r->cap * size, r->items, r->first * size);
	r->cap = cap;
}

void
ring_release(struct ring *r, size_t size)
{
	mem_big_free(r->items, r->cap * size);
	*r = (struct ring){ .items = NULL };
}
