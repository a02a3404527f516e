/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pane.c - one accumulator a key, for one stretch of time
 *
 * Open addressing with linear probing, at most 80 % full. A slot has the key id
 * beside the place of its accumulator, so that a lookup that fails touches no
 * accumulator. Where a pane has most of the keys that there are an array by key id
 * does for the table, is smaller, and has them in order: those that come new come one
 * after the other. Accumulators stand in blocks that never move, but for the first,
 * which starts small: most panes of a short slide have a handful of keys.
 */
#include "window/pane.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/radix.h"

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
	size_t cap = p->first_cap == 0          ? FIRST
	             : p->first_cap * 4 < BLOCK ? p->first_cap * 4
	                                        : BLOCK;
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

static void
slots_drop(struct pane *p, struct pane_pool *pool)
{
	pool->bytes -= p->n_slots * sizeof(*p->slots);
	mem_big_free(p->slots, p->n_slots * sizeof(*p->slots));
	p->slots = NULL;
	p->n_slots = 0;
}

static void
direct_drop(struct pane *p, struct pane_pool *pool)
{
	pool->bytes -= p->n_direct * sizeof(*p->direct);
	mem_big_free(p->direct, p->n_direct * sizeof(*p->direct));
	p->direct = NULL;
	p->n_direct = 0;
}

uint64_t
pane_each(const struct pane *p, size_t *i)
{
	while (*i < p->n_direct) {
		uint64_t key = (*i)++;

		if (p->direct[key] != 0)
			return (key + 1) << 32 | (p->direct[key] - 1);
	}
	while (*i < p->n_slots) {
		uint64_t slot = p->slots[(*i)++];

		if (slot != 0)
			return slot;
	}
	return 0;
}

/* An array of n for the index, whatever it was. */
static void
make_direct(struct pane *p, struct pane_pool *pool, size_t n)
{
	uint32_t *direct = mem_big(n * sizeof(*direct));
	uint64_t  entry;

	for (size_t i = 0; (entry = pane_each(p, &i)) != 0;)
		direct[pane_key(entry)] = (uint32_t)entry + 1;
	slots_drop(p, pool);
	direct_drop(p, pool);
	p->direct = direct;
	p->n_direct = n;
	pool->bytes += n * sizeof(*direct);
}

/* A table with room for n more. */
static void
make_slots(struct pane *p, struct pane_pool *pool, size_t n)
{
	uint32_t *direct = p->direct;
	size_t    n_direct = p->n_direct;

	p->direct = NULL;
	p->n_direct = 0;
	slots_resize(p, pool, (p->n + n) * 5 / 4 + 2);
	for (size_t key = 0; key < n_direct; key++)
		if (direct[key] != 0)
			*probe(p, pool, (uint32_t)key) = (key + 1) << 32 | (direct[key] - 1);
	pool->bytes -= n_direct * sizeof(*direct);
	mem_big_free(direct, n_direct * sizeof(*direct));
}

/* Have room for one more entry, of this key. A table that is full becomes an array if that is no
 * larger; an array becomes a table when the keys are no longer dense. */
static void
index_room(struct pane *p, struct pane_pool *pool, uint32_t key)
{
	const size_t limit = (size_t)key + 1 > p->key_limit ? (size_t)key + 1 : p->key_limit;
	const size_t more = p->n_slots == 0 ? 2 * (size_t)FIRST : p->n_slots + p->n_slots / 2;

	p->key_limit = limit;
	if (p->direct != NULL && key < p->n_direct)
		return;
	if (p->direct != NULL && limit <= 3 * p->n)
		make_direct(p, pool, limit + limit / 2);
	else if (p->direct != NULL)
		make_slots(p, pool, p->n / 4 + FIRST);
	else if (p->n * 5 < p->n_slots * 4)
		return;
	else if (limit <= 2 * p->n)
		make_direct(p, pool, limit + limit / 2);
	else
		slots_resize(p, pool, more);
}

void *
pane_find(const struct pane *p, const struct pane_pool *pool, uint32_t key)
{
	const uint64_t *slot;

	if (p->n == 0)
		return NULL;
	if (p->direct != NULL)
		return key < p->n_direct && p->direct[key] != 0
		       ? entry_at(p, pool, p->direct[key] - 1) : NULL;
	slot = probe(p, pool, key);
	return *slot == 0 ? NULL : entry_at(p, pool, (uint32_t)*slot);
}

void *
pane_get(struct pane *p, struct pane_pool *pool, uint32_t key)
{
	uint64_t *slot;
	size_t    i;

	index_room(p, pool, key);
	if (p->direct != NULL) {
		if (p->direct[key] == 0)
			p->direct[key] = (uint32_t)entry_new(p, pool) + 1;
		return entry_at(p, pool, p->direct[key] - 1);
	}
	slot = probe(p, pool, key);
	if (*slot != 0)
		return entry_at(p, pool, (uint32_t)*slot);
	i = entry_new(p, pool);
	*slot = ((uint64_t)key + 1) << 32 | i;
	return entry_at(p, pool, i);
}

/* Entries come in the order of their homes, or of their ids: both indexes are walked from front to
 * back. Without room for all of them beforehand they would pile up at the front of a table that is
 * too small. */
void
pane_add(struct pane *to, const struct pane *from, struct pane_pool *pool)
{
	size_t   need = (to->n + from->n) * 5 / 4 + 2;
	uint64_t entry;

	if (to->direct == NULL && need > to->n_slots)
		slots_resize(to, pool, need);
	for (size_t i = 0; (entry = pane_each(from, &i)) != 0;)
		agg_merge(pool->aggs, pane_get(to, pool, pane_key(entry)),
		          entry_at(from, pool, (uint32_t)entry));
}

void
pane_prefetch(const struct pane *p, const struct pane_pool *pool, uint32_t key)
{
	if (key < p->n_direct)
		__builtin_prefetch(&p->direct[key]);
	else if (p->n_slots > 0)
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
	slots_drop(p, pool);
	direct_drop(p, pool);
	free(p->blocks);
	*p = (struct pane){
		.span = p->span, .first_end = p->first_end, .last_end = p->last_end, .rest = p->rest
	};
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

static uint64_t
entry_key(const void *entry)
{
	return *(const uint64_t *)entry;
}

/* By the upper halves, the key ids. */
static void
sort_many(struct pane_pool *pool, size_t n)
{
	size_t counts[RADIX];
	const struct radix by_id = { .size = sizeof(*pool->sorted),
		                     .key = entry_key,
		                     .first = 32,
		                     .end = 64,
		                     .bits = RADIX_BITS,
		                     .counts = counts };
	uint64_t *sorted = radix_sort(&by_id, pool->sorted, pool->aside, n);

	if (sorted != pool->sorted) {
		pool->aside = pool->sorted;
		pool->sorted = sorted;
	}
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
	uint64_t entry;
	size_t   n = 0;

	sort_room(pool, p->n);
	for (size_t i = 0; (entry = pane_each(p, &i)) != 0;)
		pool->sorted[n++] = entry;
	if (p->direct != NULL)
		return pool->sorted;
	if (n <= RADIX / 4) {
		if (n > 1)
			qsort(pool->sorted, n, sizeof(*pool->sorted), by_key);
		return pool->sorted;
	}
	sort_many(pool, n);
	return pool->sorted;
}

void
pane_renumber(struct pane *p, struct pane_pool *pool, const uint32_t *new_id)
{
	const uint64_t *old = pane_sort(p, pool);

	if (p->n == 0)
		return;
	if (p->direct != NULL)
		memset(p->direct, 0, p->n_direct * sizeof(*p->direct));
	else
		memset(p->slots, 0, p->n_slots * sizeof(*p->slots));
	for (size_t i = 0; i < p->n; i++) {
		uint32_t key = new_id[pane_key(old[i])];

		if (p->direct != NULL)
			p->direct[key] = (uint32_t)old[i] + 1;
		else
			*probe(p, pool, key) = ((uint64_t)key + 1) << 32 | (uint32_t)old[i];
		p->key_limit = (size_t)key + 1;
	}
}
