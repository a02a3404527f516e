/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cells.c - a free list a size; pages are cut into pieces, blocks into pages
 */
#include "base/cells.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"

#define PAGE  ((size_t)16 << 10)        /* serves one size */
#define BLOCK ((size_t)2 << 20)         /* a huge page; its first page holds the link */

#if defined(__SANITIZE_ADDRESS__)
#define WATCHED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED true
#endif
#endif
#ifndef WATCHED
#define WATCHED false
#endif

struct cell {
	struct cell *next;
};

struct large {                          /* in front of a piece */
	_Alignas(16) struct large *next, **link;                /* link: what refers to it */
};

static void *
large_new(struct cells *c, size_t n)
{
	struct large *l = mem_alloc(sizeof(*l) + n);

	*l = (struct large){ c->large, &c->large };
	if (l->next != NULL)
		l->next->link = &l->next;
	c->large = l;
	return l + 1;
}

static void
large_free(void *p)
{
	struct large *l = (struct large *)p - 1;

	*l->link = l->next;
	if (l->next != NULL)
		l->next->link = l->link;
	free(l);
}

static bool
is_for_heap(size_t n)
{
	return n > CELL_MAX || WATCHED;
}

static char *
new_page(struct cells *c)
{
	if (c->pages == 0) {
		struct cell *block = mem_big(BLOCK);
		block->next = c->blocks;
		c->blocks = block;
		c->pages = BLOCK / PAGE - 1;
	}
	return (char *)c->blocks + PAGE * c->pages--;
}

void *
cells_alloc(struct cells *c, size_t n)
{
	const size_t class = (n - 1) / CELL_UNIT, size = (class + 1) * CELL_UNIT;
	struct cell *free;
	char *at;

	if (is_for_heap(n))
		return large_new(c, n);
	free = c->free[class];
	if (free != NULL) {
		c->free[class] = free->next;
		return free;
	}
	if (c->left[class] < size) {
		c->at[class] = new_page(c);
		c->left[class] = PAGE;
	}
	at = c->at[class];
	c->at[class] += size;
	c->left[class] -= size;
	return at;
}

void
cells_free(struct cells *c, void *p, size_t n)
{
	struct cell *cell = p;

	if (p == NULL)
		return;
	if (is_for_heap(n)) {
		large_free(p);
		return;
	}
	cell->next = c->free[(n - 1) / CELL_UNIT];
	c->free[(n - 1) / CELL_UNIT] = cell;
}

void
cells_release(struct cells *c)
{
	while (c->blocks != NULL) {
		struct cell *next = c->blocks->next;
		mem_big_free(c->blocks, BLOCK);
		c->blocks = next;
	}
	while (c->large != NULL)
		large_free(c->large + 1);
	*c = (struct cells){ 0 };
}
