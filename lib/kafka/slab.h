/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slab.h - room for the bytes of records in flight, taken in order, given back in about that order
 *
 * Records that go out together come back together: so there is no list of free pieces, only
 * blocks, and how many of the pieces cut from each are still out. A block whose last piece comes
 * back is free again; the one used last is taken first, so what is touched stays in the cache,
 * and a quiet stream touches a single block.
 *
 * One piece that stays out keeps its whole block: hence the bound, at which slab_take says no and
 * the caller keeps the record in another way. Cost: a few additions a piece. For one thread.
 */
#ifndef MAIP_KAFKA_SLAB_H
#define MAIP_KAFKA_SLAB_H

#include <stdbool.h>
#include <stddef.h>

#define SLAB_BLOCK   262144             /* bytes */
/* a piece; so that little is left over at the end of a block */
#define SLAB_LARGEST (SLAB_BLOCK / 8)

struct slab;                                            /* opaque; lives in slab.c */

struct slab *slab_new(size_t blocks); /* at least 1; memory is touched when used */
void slab_free(struct slab *s);                         /* NULL is fine; with all that is out */

/* n bytes, unaligned; NULL: more than SLAB_LARGEST, or no block is free. */
char *slab_take(struct slab *s, size_t n);
/* What slab_take returned, once. */
void slab_give(struct slab *s, const void *p);
bool slab_owns(const struct slab *s, const void *p);

#endif
