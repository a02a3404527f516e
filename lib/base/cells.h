/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cells.h - many small pieces of memory that come and go
 *
 * A piece is rounded up to a multiple of 8 bytes, and a freed one serves the next that is as
 * large: so to allocate is to pop, to free is to push, and nothing stands between the pieces. The
 * owner knows how large each is. Sizes of a whole number of cache lines start at one.
 *
 * What is freed is used again, not given back, before all of it is. Above CELL_MAX the heap takes
 * over, at 16 bytes more a piece; so it does for all sizes where the address sanitizer watches.
 */
#ifndef MAIP_BASE_CELLS_H
#define MAIP_BASE_CELLS_H

#include <stddef.h>

#define CELL_UNIT 8
#define CELL_MAX  1024

struct cells {                          /* all zero: empty; stays where it is */
	struct cell  *free[CELL_MAX / CELL_UNIT];       /* by size */
	char         *at[CELL_MAX / CELL_UNIT];         /* unused rest of a page, by size */
	size_t        left[CELL_MAX / CELL_UNIT];
	struct cell  *blocks;           /* of many pages */
	size_t        pages;            /* left in the newest */
	struct large *large;            /* what the heap took */
};

void *cells_alloc(struct cells *c, size_t n);           /* not cleared; n > 0 */
void  cells_free(struct cells *c, void *p, size_t n);   /* n as it was asked for; NULL is fine */

/* All at once, whether freed or not. */
void cells_release(struct cells *c);

#endif
