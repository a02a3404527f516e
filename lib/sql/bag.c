/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bag.c - a list of keys, with an open-addressed index once it is long
 */
#include <stdlib.h>
#include <xxhash.h>

#include "sql/bag.h"

#define LIST_MAX 8                      /* keys before there is an index */

struct entry {
	uint64_t times;
	size_t   at;                    /* in bytes */
	uint32_t n : 31;
	bool     exact : 1;
	uint32_t hash;
};

struct bag {
	struct entry *entry;
	size_t        n, cap;
	struct buf    bytes;
	uint32_t     *slot;             /* entry + 1, 0: free; NULL while the list is short */
	size_t        mask;
};

static struct str
key_of(const struct bag *b, const struct entry *e)
{
	return (struct str){ b->bytes.p + e->at, e->n };
}

static void
put_in_index(struct bag *b, size_t i)
{
	size_t s = b->entry[i].hash & b->mask;

	while (b->slot[s] != 0)
		s = (s + 1) & b->mask;
	b->slot[s] = (uint32_t)(i + 1);
}

/* At most half full. */
static void
grow_index(struct bag *b)
{
	if (b->n < LIST_MAX || (b->slot != NULL && b->n * 2 <= b->mask))
		return;
	free(b->slot);
	b->mask = (b->mask == 0 ? LIST_MAX * 4 : (b->mask + 1) * 2) - 1;
	b->slot = mem_zalloc(b->mask + 1, sizeof(*b->slot));
	for (size_t i = 0; i < b->n; i++)
		put_in_index(b, i);
}

static struct entry *
find(struct bag *b, struct str key, uint32_t hash)
{
	if (b->slot == NULL) {
		for (size_t i = 0; i < b->n; i++)
			if (b->entry[i].hash == hash && str_eq(key_of(b, &b->entry[i]), key))
				return &b->entry[i];
		return NULL;
	}
	for (size_t s = hash & b->mask; b->slot[s] != 0; s = (s + 1) & b->mask) {
		struct entry *e = &b->entry[b->slot[s] - 1];

		if (e->hash == hash && str_eq(key_of(b, e), key))
			return e;
	}
	return NULL;
}

void
bag_add(struct bag **bp, uint64_t seed, const struct bag_item *item)
{
	const struct str key = item->key;
	uint32_t      hash = (uint32_t)XXH3_64bits_withSeed(key.n > 0 ? key.p : "", key.n, seed);
	struct bag   *b = *bp;
	struct entry *e;

	if (b == NULL) {
		b = *bp = mem_zalloc(1, sizeof(*b));
		buf_init(&b->bytes, BUF_NO_MAX);
	}
	e = find(b, key, hash);
	if (e != NULL) {
		e->times += item->times;
		e->exact |= item->exact;
		return;
	}
	if (b->n == b->cap) {
		b->cap = b->cap == 0 ? 2 : b->cap * 2;
		b->entry = mem_resize(b->entry, b->cap, sizeof(*b->entry));
	}
	b->entry[b->n] = (struct entry){ .times = item->times, .at = b->bytes.n,
		.n = (uint32_t)key.n & INT32_MAX, .exact = item->exact, .hash = hash };
	if (key.n > 0)
		buf_add_str(&b->bytes, key);
	b->n++;
	if (b->slot != NULL)
		put_in_index(b, b->n - 1);
	grow_index(b);
}

void
bag_merge(struct bag **into, uint64_t seed, const struct bag *from)
{
	for (size_t i = 0; i < bag_count(from); i++) {
		const struct bag_item item = bag_at(from, i);

		bag_add(into, seed, &item);
	}
}

void
bag_free(struct bag *b)
{
	if (b == NULL)
		return;
	buf_release(&b->bytes);
	free(b->entry);
	free(b->slot);
	free(b);
}

size_t
bag_count(const struct bag *b)
{
	return b == NULL ? 0 : b->n;
}

size_t
bag_text(const struct bag *b)
{
	return b == NULL ? 0 : b->bytes.n;
}

size_t
bag_heap(const struct bag *b)
{
	if (b == NULL)
		return 0;
	return sizeof(*b) + b->cap * sizeof(*b->entry) + b->bytes.cap +
	       (b->slot == NULL ? 0 : (b->mask + 1) * sizeof(*b->slot));
}

static int
by_key(const void *a, const void *b)
{
	return str_cmp(((const struct bag_item *)a)->key, ((const struct bag_item *)b)->key);
}

struct bag_item
bag_at(const struct bag *b, size_t i)
{
	const struct entry *e = &b->entry[i];

	return (struct bag_item){ key_of(b, e), e->times, e->exact };
}

struct bag_item *
bag_sorted(const struct bag *b, struct arena *a)
{
	struct bag_item *items = arena_alloc(a, bag_count(b) * sizeof(*items));

	for (size_t i = 0; i < bag_count(b); i++)
		items[i] = bag_at(b, i);
	if (bag_count(b) > 1)
		qsort(items, b->n, sizeof(*items), by_key);
	return items;
}

void
bag_save(const struct bag *b, struct buf *to)
{
	buf_put_u64(to, bag_count(b));
	for (size_t i = 0; i < bag_count(b); i++) {
		buf_put_str(to, key_of(b, &b->entry[i]));
		buf_put_u64(to, b->entry[i].times << 1 | b->entry[i].exact);
	}
}

int
bag_load(struct bag **b, uint64_t seed, struct cursor *from)
{
	uint64_t n = cursor_u64(from);

	for (uint64_t i = 0; i < n && from->ok; i++) {
		const struct str key = cursor_str(from);
		const uint64_t   times = cursor_u64(from);

		if (from->ok)
			bag_add(b, seed, &(struct bag_item){ key, times >> 1, times & 1 });
	}
	return from->ok ? 0 : -1;
}
