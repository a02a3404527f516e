/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys.c - a seeded hash table from byte strings to small numbers
 *
 * Open addressing with linear probing. A slot is a 32-bit tag (the upper half of
 * the hash) and the id plus one; 0 is free. A key's home is the upper bits of its
 * tag, so slots alone say where everything belongs: growing and forgetting
 * never touch a key's bytes, and growing walks both tables from front to back.
 *
 * Nothing that an id or a key lives in ever moves: entries stand in segments that
 * double in size, bytes in chunks; the bytes of forgotten keys are used again by
 * keys of the same length, rounded up to 8.
 */
#include "base/keys.h"

#include <assert.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/mem.h"

enum {
	FIRST_BITS = 5,                 /* 32 slots */
	SEGMENT_BITS = 5,               /* the first segment has 32 entries */
	SEGMENTS = 33 - SEGMENT_BITS,
	CLASSES = 64,                   /* keys up to 512 bytes live in chunks, longer ones alone */
	CLASS_UNIT = 8,
	FIRST_CHUNK = 1 << 10,
	LAST_CHUNK = 2 << 20
};

struct entry {
	char    *text;                  /* NULL: forgotten, and n is the next forgotten id */
	uint32_t n;
	uint32_t tag;
};

struct chunk {
	struct chunk *next;
	size_t        size;
};

struct keys {
	uint64_t     *slots;
	unsigned      bits;             /* 1 << bits slots */
	uint32_t      limit;
	uint32_t      forgotten;        /* head of the list of ids to use again, or KEYS_NONE */
	size_t        count;
	uint64_t      seed;
	size_t        bytes;
	struct entry *segments[SEGMENTS];
	struct chunk *chunks;           /* the newest first */
	size_t        chunk_used;
	void *free_text[CLASSES]; /* by class: a list threaded through the free bytes */
};

static size_t
home(const struct keys *k, uint32_t tag)
{
	return tag >> (32 - k->bits);
}

static size_t
after(const struct keys *k, size_t i)
{
	return (i + 1) & (((size_t)1 << k->bits) - 1);
}

static uint32_t
slot_tag(uint64_t slot)
{
	return (uint32_t)(slot >> 32);
}

static uint32_t
slot_id(uint64_t slot)
{
	return (uint32_t)slot - 1;
}

/* Segment s holds the ids whose number plus 32 has s + 6 bits. */
static int
segment_of(uint32_t id)
{
	return 63 - __builtin_clzll((uint64_t)id + (1u << SEGMENT_BITS)) - SEGMENT_BITS;
}

static struct entry *
entry_at(const struct keys *k, uint32_t id)
{
	const int s = segment_of(id);

	return &k->segments[s][id + (1u << SEGMENT_BITS) - ((uint64_t)1 << (s + SEGMENT_BITS))];
}

static uint64_t *
slots_new(struct keys *k, unsigned bits)
{
	size_t size = sizeof(uint64_t) << bits;

	k->bits = bits;
	k->bytes += size;
	return mem_big(size);
}

struct keys *
keys_new(uint64_t seed)
{
	struct keys *k = mem_zalloc(1, sizeof(*k));

	k->seed = seed;
	k->forgotten = KEYS_NONE;
	k->bytes = sizeof(*k);
	k->slots = slots_new(k, FIRST_BITS);
	return k;
}

static size_t
class_of(size_t n)
{
	return n == 0 ? 0 : (n - 1) / CLASS_UNIT;
}

static bool
is_alone(size_t n)
{
	return class_of(n) >= CLASSES;
}

static void
chunks_free(struct keys *k, struct chunk *c)
{
	for (struct chunk *next; c != NULL; c = next) {
		next = c->next;
		k->bytes -= c->size;
		mem_big_free(c, c->size);
	}
}

void
keys_free(struct keys *k)
{
	if (k == NULL)
		return;
	for (uint32_t id = 0; id < k->limit; id++)
		if (entry_at(k, id)->text != NULL && is_alone(entry_at(k, id)->n))
			free(entry_at(k, id)->text);
	chunks_free(k, k->chunks);
	for (int s = 0; s < SEGMENTS; s++)
		mem_big_free(k->segments[s], sizeof(struct entry) << (SEGMENT_BITS + s));
	mem_big_free(k->slots, sizeof(uint64_t) << k->bits);
	free(k);
}

uint64_t
keys_hash(const struct keys *k, struct str key)
{
	return XXH3_64bits_withSeed(key.p, key.n, k->seed);
}

void
keys_prefetch(const struct keys *k, uint64_t hash)
{
	__builtin_prefetch(&k->slots[home(k, (uint32_t)(hash >> 32))]);
}

/* The slot that holds key, or the free slot where it belongs. */
static size_t
probe(const struct keys *k, struct str key, uint32_t tag)
{
	size_t i = home(k, tag);

	for (; k->slots[i] != 0; i = after(k, i)) {
		const struct entry *e;

		if (slot_tag(k->slots[i]) != tag)
			continue;
		e = entry_at(k, slot_id(k->slots[i]));
		if (str_eq((struct str){ e->text, e->n }, key))
			break;
	}
	return i;
}

uint32_t
keys_find(const struct keys *k, struct str key, uint64_t hash)
{
	uint64_t slot = k->slots[probe(k, key, (uint32_t)(hash >> 32))];

	return slot == 0 ? KEYS_NONE : slot_id(slot);
}

/* Into the first free slot from its home on. */
static void
slot_put(struct keys *k, uint64_t slot)
{
	size_t to = home(k, slot_tag(slot));

	while (k->slots[to] != 0)
		to = after(k, to);
	k->slots[to] = slot;
}

static void
slots_resize(struct keys *k, unsigned bits)
{
	size_t    old_n = (size_t)1 << k->bits;
	uint64_t *old = k->slots;

	assert(bits <= 32);
	k->slots = slots_new(k, bits);
	for (size_t i = 0; i < old_n; i++)
		if (old[i] != 0)
			slot_put(k, old[i]);
	k->bytes -= old_n * sizeof(*old);
	mem_big_free(old, old_n * sizeof(*old));
}

static bool
fits(size_t count, unsigned bits)
{
	return count * 4 <= (size_t)3 << bits;
}

static char *
text_from_chunk(struct keys *k, size_t n)
{
	struct chunk *c = k->chunks;

	if (c == NULL || c->size - k->chunk_used < n) {
		size_t size = c == NULL              ? FIRST_CHUNK
		              : c->size < LAST_CHUNK ? c->size * 2
		                                     : LAST_CHUNK;

		c = mem_big(size);
		*c = (struct chunk){ .next = k->chunks, .size = size };
		k->chunks = c;
		k->chunk_used = sizeof(*c);
		k->bytes += size;
	}
	k->chunk_used += n;
	return (char *)c + k->chunk_used - n;
}

static char *
text_new(struct keys *k, struct str key)
{
	size_t class = class_of(key.n);
	char  *text;

	if (is_alone(key.n)) {
		text = mem_alloc(key.n);
		k->bytes += key.n;
	} else if (k->free_text[class] != NULL) {
		text = k->free_text[class];
		memcpy(&k->free_text[class], text, sizeof(void *));
	} else {
		text = text_from_chunk(k, (class + 1) * CLASS_UNIT);
	}
	if (key.n > 0)
		memcpy(text, key.p, key.n);
	return text;
}

static void
text_free(struct keys *k, char *text, size_t n)
{
	size_t class = class_of(n);

	if (is_alone(n)) {
		free(text);
		k->bytes -= n;
		return;
	}
	memcpy(text, &k->free_text[class], sizeof(void *));
	k->free_text[class] = text;
}

static uint32_t
id_new(struct keys *k)
{
	uint32_t id = k->forgotten;
	int      s;

	if (id != KEYS_NONE) {
		k->forgotten = entry_at(k, id)->n;
		return id;
	}
	assert(k->limit < KEYS_NONE - 1);
	id = k->limit++;
	s = segment_of(id);
	if (k->segments[s] == NULL) {
		k->segments[s] = mem_big(sizeof(struct entry) << (SEGMENT_BITS + s));
		k->bytes += sizeof(struct entry) << (SEGMENT_BITS + s);
	}
	return id;
}

uint32_t
keys_intern(struct keys *k, struct str key, uint64_t hash, bool *fresh)
{
	uint32_t tag = (uint32_t)(hash >> 32), id;
	size_t   i = probe(k, key, tag);

	if (fresh != NULL)
		*fresh = k->slots[i] == 0;
	if (k->slots[i] != 0)
		return slot_id(k->slots[i]);
	assert(key.n <= UINT32_MAX);
	if (!fits(k->count + 1, k->bits)) {
		slots_resize(k, k->bits + 1);
		i = probe(k, key, tag);
	}
	id = id_new(k);
	*entry_at(k, id) = (struct entry){ .text = text_new(k, key),
		                           .n = (uint32_t)key.n,
		                           .tag = tag };
	k->slots[i] = (uint64_t)tag << 32 | (id + 1);
	k->count++;
	return id;
}

/* The id that key most likely has, judged by tags alone. */
static uint32_t
guess(const struct keys *k, uint32_t tag)
{
	for (size_t i = home(k, tag); k->slots[i] != 0; i = after(k, i))
		if (slot_tag(k->slots[i]) == tag)
			return slot_id(k->slots[i]);
	return KEYS_NONE;
}

/* A key costs three cache misses, each of which needs the one before: slot, entry, text. So all
 * slots are asked for first, then all entries, then all texts. */
void
keys_intern_batch(struct keys *k, size_t n, const struct str *keys, const uint64_t *hashes,
                  uint32_t *ids, bool *fresh)
{
	assert(n <= KEYS_BATCH);
	for (size_t i = 0; i < n; i++)
		keys_prefetch(k, hashes[i]);
	for (size_t i = 0; i < n; i++) {
		ids[i] = guess(k, (uint32_t)(hashes[i] >> 32));
		if (ids[i] != KEYS_NONE)
			__builtin_prefetch(entry_at(k, ids[i]));
	}
	for (size_t i = 0; i < n; i++) {
		if (ids[i] != KEYS_NONE) {
			const struct entry *e = entry_at(k, ids[i]);

			__builtin_prefetch(e->text);
			__builtin_prefetch(e->text + e->n);
		}
	}
	for (size_t i = 0; i < n; i++)
		ids[i] = keys_intern(k, keys[i], hashes[i], fresh == NULL ? NULL : &fresh[i]);
}

struct str
keys_text(const struct keys *k, uint32_t id)
{
	const struct entry *e = entry_at(k, id);

	assert(id < k->limit && e->text != NULL);
	return (struct str){ e->text, e->n };
}

void
keys_prefetch_text(const struct keys *k, uint32_t id, int step)
{
	const struct entry *e = entry_at(k, id);

	if (step == 0)
		__builtin_prefetch(e);
	else
		__builtin_prefetch(e->text);
}

void
keys_prefetch_forget(const struct keys *k, uint32_t id)
{
	const struct entry *e = entry_at(k, id);

	__builtin_prefetch(e->text, 1);
	__builtin_prefetch(&k->slots[home(k, e->tag)], 1);
}

/* Empty slot i and move back what stands after it and would no longer be found (Knuth, vol. 3, 6.4,
 * algorithm R). */
static void
slot_clear(struct keys *k, size_t i)
{
	size_t mask = ((size_t)1 << k->bits) - 1;

	for (size_t j = after(k, i); k->slots[j] != 0; j = after(k, j)) {
		size_t from_home = (j - home(k, slot_tag(k->slots[j]))) & mask;

		if (from_home < ((j - i) & mask))
			continue;
		k->slots[i] = k->slots[j];
		i = j;
	}
	k->slots[i] = 0;
}

void
keys_forget(struct keys *k, uint32_t id)
{
	struct entry *e = entry_at(k, id);
	size_t        i;

	assert(id < k->limit && e->text != NULL);
	i = home(k, e->tag);
	while (slot_id(k->slots[i]) != id)
		i = after(k, i);
	slot_clear(k, i);
	text_free(k, e->text, e->n);
	*e = (struct entry){ .text = NULL, .n = k->forgotten };
	k->forgotten = id;
	k->count--;
}

/* ---- forgetting most of them at once */

/* Entries move down to their new places. One empty segment is left for those to come. */
static void
entries_keep(struct keys *k, const uint64_t *live, uint32_t *new_id)
{
	uint32_t n = 0;

	for (uint32_t id = 0; id < k->limit; id++) {
		struct entry *e = entry_at(k, id);

		new_id[id] = KEYS_NONE;
		if (e->text == NULL)
			continue;
		if ((live[id / 64] >> id % 64 & 1) == 0) {
			text_free(k, e->text, e->n);
			continue;
		}
		*entry_at(k, n) = *e;
		new_id[id] = n++;
	}
	k->limit = n;
	k->count = n;
	k->forgotten = KEYS_NONE;
	for (int s = segment_of(n) + 2; s < SEGMENTS && k->segments[s] != NULL; s++) {
		mem_big_free(k->segments[s], sizeof(struct entry) << (SEGMENT_BITS + s));
		k->segments[s] = NULL;
		k->bytes -= sizeof(struct entry) << (SEGMENT_BITS + s);
	}
}

/* Each slot is taken out and put back. Those between a key's home and its slot have been put back
 * by then, none farther from home than it was, so there is room for it. */
static void
slots_keep(struct keys *k, const uint32_t *new_id)
{
	const size_t n = (size_t)1 << k->bits;
	size_t       i = 0;

	while (k->slots[i] != 0)
		i++;
	for (size_t left = n; left > 0; left--, i = after(k, i)) {
		const uint64_t slot = k->slots[i];

		if (slot == 0)
			continue;
		k->slots[i] = 0;
		if (new_id[slot_id(slot)] != KEYS_NONE)
			slot_put(k, (uint64_t)slot_tag(slot) << 32 | (new_id[slot_id(slot)] + 1));
	}
}

/* Bytes in new chunks, if most of what the chunks have is free. */
static void
texts_keep(struct keys *k)
{
	struct chunk *old = k->chunks;
	size_t        held = 0, used = 0;

	for (const struct chunk *c = old; c != NULL; c = c->next)
		held += c->size;
	for (uint32_t id = 0; id < k->limit; id++)
		if (!is_alone(entry_at(k, id)->n))
			used += (class_of(entry_at(k, id)->n) + 1) * CLASS_UNIT;
	if (held < 4 * used + LAST_CHUNK)
		return;
	k->chunks = NULL;
	memset(k->free_text, 0, sizeof(k->free_text));
	for (uint32_t id = 0; id < k->limit; id++) {
		struct entry *e = entry_at(k, id);

		if (!is_alone(e->n))
			e->text = text_new(k, (struct str){ e->text, e->n });
	}
	chunks_free(k, old);
}

void
keys_keep(struct keys *k, const uint64_t *live, uint32_t *new_id)
{
	unsigned bits = FIRST_BITS;

	entries_keep(k, live, new_id);
	slots_keep(k, new_id);
	texts_keep(k);
	while (!fits(k->count, bits))
		bits++;
	if (bits + 2 < k->bits)
		slots_resize(k, bits);
}

size_t
keys_count(const struct keys *k)
{
	return k->count;
}

uint32_t
keys_limit(const struct keys *k)
{
	return k->limit;
}

size_t
keys_bytes(const struct keys *k)
{
	return k->bytes;
}
