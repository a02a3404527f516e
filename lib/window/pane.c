/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pane.c - one accumulator a key, for one stretch of time
 *
 * Open addressing with linear probing, at most 80 % full. A slot has the key id
 * beside the place of its accumulator, so that a lookup that fails touches no
 * accumulator. Accumulators stand in blocks that never move, but for the first,
 * which starts small: most panes of a short slide have a handful of keys.
 */
#include "window/pane.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

enum {
	BLOCK_BITS = 9,
	BLOCK = 1 << BLOCK_BITS,        /* entries */
	FIRST = 4,                      /* entries that a pane starts with */
	SPARE_MAX = 4096,
	RADIX_BITS = 11,
	RADIX = 1 << RADIX_BITS
};

void
pane_pool_init(struct pane_pool *pool, const struct agg_list *aggs, uint64_t seed)
{
	*pool = (struct pane_pool){ .aggs = aggs, .stride = agg_size(aggs), .scatter = seed | 1 };
}

void
pane_pool_release(struct pane_pool *pool)
{
	for (size_t i = 0; i < pool->n_spare; i++)
		free(pool->spare[i]);
	free(pool->spare);
	free(pool->sorted);
	free(pool->aside);
}

void
pane_init(struct pane *p)
{
	*p = (struct pane){ .n = 0 };
}

/* ---- blocks */

static char *
block_new(struct pane_pool *pool)
{
	if (pool->n_spare > 0)
		return pool->spare[--pool->n_spare];
	pool->bytes += BLOCK * pool->stride;
	return mem_zalloc(BLOCK, pool->stride);
}

/* The accumulators in it have been dropped, so it is all zero. */
static void
block_free(struct pane_pool *pool, char *block)
{
	if (pool->n_spare == SPARE_MAX) {
		free(block);
		pool->bytes -= BLOCK * pool->stride;
		return;
	}
	pool->spare = mem_more(pool->spare, pool->n_spare, &pool->cap_spare, sizeof(*pool->spare));
	pool->spare[pool->n_spare++] = block;
}

/* Block 0 in four times its size, up to a whole block. */
static void
first_block_grow(struct pane *p, struct pane_pool *pool)
{
	size_t cap = p->first_cap == 0 ? FIRST : p->first_cap * 4 < BLOCK ? p->first_cap * 4 : BLOCK;
	char  *block;

	if (cap == BLOCK) {
		block = block_new(pool);
	} else {
		block = mem_zalloc(cap, pool->stride);
		pool->bytes += cap * pool->stride;
	}
	if (p->first_cap > 0) {
		memcpy(block, p->blocks[0], p->n * pool->stride);
		free(p->blocks[0]);
		pool->bytes -= p->first_cap * pool->stride;
	} else {
		p->blocks = mem_more(p->blocks, p->n_blocks++, &p->cap_blocks, sizeof(*p->blocks));
	}
	p->blocks[0] = block;
	p->first_cap = cap;
}

static void *
entry_at(const struct pane *p, const struct pane_pool *pool, size_t i)
{
	return p->blocks[i >> BLOCK_BITS] + (i & (BLOCK - 1)) * pool->stride;
}

static size_t
entry_new(struct pane *p, struct pane_pool *pool)
{
	if (p->n < BLOCK) {
		if (p->n == p->first_cap)
			first_block_grow(p, pool);
	} else if (p->n >> BLOCK_BITS == p->n_blocks) {
		p->blocks = mem_more(p->blocks, p->n_blocks, &p->cap_blocks, sizeof(*p->blocks));
		p->blocks[p->n_blocks++] = block_new(pool);
	}
	return p->n++;
}

/* ---- the index */

/* Where a key belongs: its scattered id as a fraction of the table. */
static size_t
home(const struct pane *p, const struct pane_pool *pool, uint32_t key)
{
	return (size_t)(((((uint64_t)key + 1) * pool->scatter) >> 32) * p->n_slots >> 32);
}

static uint64_t *
probe(const struct pane *p, const struct pane_pool *pool, uint32_t key)
{
	size_t i = home(p, pool, key);

	while (p->slots[i] != 0 && p->slots[i] >> 32 != (uint64_t)key + 1)
		i = i + 1 == p->n_slots ? 0 : i + 1;
	return &p->slots[i];
}

static void
slots_resize(struct pane *p, struct pane_pool *pool, size_t n)
{
	uint64_t *old = p->slots;
	size_t    n_old = p->n_slots;

	assert(n < UINT32_MAX);
	p->slots = mem_big(n * sizeof(*old));
	p->n_slots = n;
	for (size_t i = 0; i < n_old; i++)
		if (old[i] != 0)
			*probe(p, pool, pane_key(old[i])) = old[i];
	mem_big_free(old, n_old * sizeof(*old));
	pool->bytes += (n - n_old) * sizeof(*old);
}

void *
pane_find(const struct pane *p, const struct pane_pool *pool, uint32_t key)
{
	const uint64_t *slot;

	if (p->n == 0)
		return NULL;
	slot = probe(p, pool, key);
	return *slot == 0 ? NULL : entry_at(p, pool, (uint32_t)*slot);
}

void *
pane_get(struct pane *p, struct pane_pool *pool, uint32_t key)
{
	uint64_t *slot;
	size_t    i;

	if (p->n * 5 >= p->n_slots * 4)
		slots_resize(p, pool,
		             p->n_slots == 0 ? 2 * (size_t)FIRST : p->n_slots + p->n_slots / 2);
	slot = probe(p, pool, key);
	if (*slot != 0)
		return entry_at(p, pool, (uint32_t)*slot);
	i = entry_new(p, pool);
	*slot = ((uint64_t)key + 1) << 32 | i;
	return entry_at(p, pool, i);
}

/* Entries come in the order of their homes: both tables are walked from front to back. Without room
 * for all of them beforehand they would pile up at the front of a table that is too small. */
void
pane_add(struct pane *to, const struct pane *from, struct pane_pool *pool)
{
	size_t need = (to->n + from->n) * 5 / 4 + 2;

	if (need > to->n_slots)
		slots_resize(to, pool, need);
	for (size_t i = 0; i < from->n_slots; i++)
		if (from->slots[i] != 0)
			agg_merge(pool->aggs, pane_get(to, pool, pane_key(from->slots[i])),
			          entry_at(from, pool, (uint32_t)from->slots[i]));
}

void
pane_prefetch(const struct pane *p, const struct pane_pool *pool, uint32_t key)
{
	if (p->n > 0)
		__builtin_prefetch(&p->slots[home(p, pool, key)]);
}

void
pane_prefetch_entry(const struct pane *p, const struct pane_pool *pool, uint32_t key)
{
	const void *acc = pane_find(p, pool, key);

	if (acc != NULL)
		__builtin_prefetch(acc, 1);
}

void *
pane_entry(const struct pane *p, const struct pane_pool *pool, uint64_t sorted)
{
	return entry_at(p, pool, (uint32_t)sorted);
}

/* ---- the whole of it */

void
pane_drop(struct pane *p, struct pane_pool *pool)
{
	for (size_t i = 0; i < p->n; i++)
		agg_drop(pool->aggs, entry_at(p, pool, i));
	if (p->n_blocks > 0 && p->first_cap < BLOCK) {
		free(p->blocks[0]);
		pool->bytes -= p->first_cap * pool->stride;
	} else if (p->n_blocks > 0) {
		for (size_t b = 0; b < p->n_blocks; b++)
			block_free(pool, p->blocks[b]);
	}
	pool->bytes -= p->n_slots * sizeof(*p->slots);
	mem_big_free(p->slots, p->n_slots * sizeof(*p->slots));
	free(p->blocks);
	*p = (struct pane){ .span = p->span, .first_end = p->first_end, .last_end = p->last_end, .rest = p->rest };
}

static void
sort_room(struct pane_pool *pool, size_t n)
{
	if (n <= pool->cap_sorted)
		return;
	pool->bytes += 2 * (n - pool->cap_sorted) * sizeof(*pool->sorted);
	pool->sorted = mem_resize(pool->sorted, n, sizeof(*pool->sorted));
	pool->aside = mem_resize(pool->aside, n, sizeof(*pool->aside));
	pool->cap_sorted = n;
}

/* One pass of a radix sort by the digit of the key id at shift; false: all have the same one. */
static bool
radix_pass(const uint64_t *from, uint64_t *to, size_t n, unsigned shift)
{
	size_t at[RADIX] = { 0 }, sum = 0;

	for (size_t i = 0; i < n; i++)
		at[from[i] >> shift & (RADIX - 1)]++;
	if (at[from[0] >> shift & (RADIX - 1)] == n)
		return false;
	for (size_t d = 0; d < RADIX; d++) {
		size_t count = at[d];

		at[d] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[at[from[i] >> shift & (RADIX - 1)]++] = from[i];
	return true;
}

static int
by_key(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

const uint64_t *
pane_sort(const struct pane *p, struct pane_pool *pool)
{
	size_t n = 0;

	sort_room(pool, p->n);
	for (size_t i = 0; i < p->n_slots; i++)
		if (p->slots[i] != 0)
			pool->sorted[n++] = p->slots[i];
	if (n <= RADIX / 4) {
		if (n > 1)
			qsort(pool->sorted, n, sizeof(*pool->sorted), by_key);
		return pool->sorted;
	}
	for (unsigned shift = 32; shift < 64; shift += RADIX_BITS) {
		if (radix_pass(pool->sorted, pool->aside, n, shift)) {
			uint64_t *swap = pool->sorted;

			pool->sorted = pool->aside;
			pool->aside = swap;
		}
	}
	return pool->sorted;
}

void
pane_renumber(struct pane *p, struct pane_pool *pool, const uint32_t *new_id)
{
	const uint64_t *old = pane_sort(p, pool);

	memset(p->slots, 0, p->n_slots * sizeof(*p->slots));
	for (size_t i = 0; i < p->n; i++) {
		uint32_t key = new_id[pane_key(old[i])];

		*probe(p, pool, key) = ((uint64_t)key + 1) << 32 | (uint32_t)old[i];
	}
}
