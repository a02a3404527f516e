/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slab.c - blocks in one stretch of memory, so that a piece tells its block by where it is
 */
#include "kafka/slab.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"

struct slab {
	char     *base;
	size_t    blocks;
	size_t    current, used;        /* the block that is cut, and how much of it */
	size_t    n_free;
	uint32_t *out;                  /* a block: pieces that were not given back */
	size_t *free; /* blocks of which nothing is out; the last is taken first */
};

struct slab *
slab_new(size_t blocks)
{
	struct slab *s = mem_zalloc(1, sizeof(*s));

	assert(blocks > 0);
	s->base = mem_alloc(blocks * SLAB_BLOCK);
	s->blocks = blocks;
	s->out = mem_zalloc(blocks, sizeof(*s->out));
	s->free = mem_zalloc(blocks, sizeof(*s->free));
	for (size_t i = blocks; i > 1; i--)
		s->free[s->n_free++] = i - 1;
	return s;
}

void
slab_free(struct slab *s)
{
	if (s == NULL)
		return;
	free(s->base);
	free(s->out);
	free(s->free);
	free(s);
}

char *
slab_take(struct slab *s, size_t n)
{
	char *p;

	if (n > SLAB_LARGEST)
		return NULL;
	if (n == 0)
		n = 1;                  /* at the end of a block it would point into the next */
	if (n > SLAB_BLOCK - s->used) {
		if (s->n_free == 0)
			return NULL;
		s->current = s->free[--s->n_free];
		s->used = 0;
	}
	p = s->base + s->current * SLAB_BLOCK + s->used;
	s->used += n;
	s->out[s->current]++;
	return p;
}

bool
slab_owns(const struct slab *s, const void *p)
{
	return (uintptr_t)p - (uintptr_t)s->base < s->blocks * SLAB_BLOCK;
}

void
slab_give(struct slab *s, const void *p)
{
	const size_t block = ((uintptr_t)p - (uintptr_t)s->base) / SLAB_BLOCK;

	assert(slab_owns(s, p) && s->out[block] > 0);
	if (--s->out[block] > 0)
		return;
	if (block == s->current)
		s->used = 0;
	else
		s->free[s->n_free++] = block;
}
