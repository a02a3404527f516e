/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys.h - a seeded hash table from byte strings to small numbers
 *
 * Interns a key and hands out its id, 0, 1, 2, ... in order of arrival; ids of
 * forgotten keys are used again. Per-key state lives in the caller's arrays, at
 * the id. The hash is XXH3 with a seed that the caller draws at random, so that
 * nobody can flood one bucket.
 *
 * At a million keys cache misses are the cost, not hashing: keys_intern_batch()
 * lets those of a whole batch happen at once. Cost: 8 bytes a slot, at most 75 %
 * full, plus the key's bytes rounded up to 8, plus 16 bytes an id; what is
 * forgotten is used again, not given back. Growing rewrites the slots in one
 * sequential pass and moves nothing else.
 */
#ifndef MAIP_BASE_KEYS_H
#define MAIP_BASE_KEYS_H

#include <stdint.h>

#include "base/str.h"

#define KEYS_NONE UINT32_MAX

struct keys;                                            /* opaque; lives in keys.c */

struct keys *keys_new(uint64_t seed);
void keys_free(struct keys *k);                         /* NULL is fine */

uint64_t keys_hash(const struct keys *k, struct str key);
void keys_prefetch(const struct keys *k, uint64_t hash);

/* The id of key; *fresh (may be NULL) says whether it is new. Copies the bytes of a new key.
 * hash is keys_hash(k, key). */
uint32_t keys_intern(struct keys *k, struct str key, uint64_t hash, bool *fresh);

/* keys_intern() for n <= KEYS_BATCH keys, in their order; fresh may be NULL. hashes[i] is
 * keys_hash(k, keys[i]). */
#define KEYS_BATCH 64
void keys_intern_batch(struct keys *k, size_t n, const struct str *keys, const uint64_t *hashes,
                       uint32_t *ids, bool *fresh);

/* The id, or KEYS_NONE. */
uint32_t keys_find(const struct keys *k, struct str key, uint64_t hash);

struct str keys_text(const struct keys *k, uint32_t id); /* borrowed until the key is forgotten */
/* of an id that is known; two misses: steps 0 and 1 */
void   keys_prefetch_text(const struct keys *k, uint32_t id, int step);
void   keys_prefetch_forget(const struct keys *k, uint32_t id);        /* after step 0 of that */
void   keys_forget(struct keys *k, uint32_t id);

/* Forget all keys but those that are marked in live (a bit an id), and number the rest anew, in
 * their order: new_id[id] for each id below keys_limit() is the new one, or KEYS_NONE. Sequential;
 * gives memory back where most of it has become free. */
void   keys_keep(struct keys *k, const uint64_t *live, uint32_t *new_id);
size_t keys_count(const struct keys *k);                /* that are known now */
uint32_t keys_limit(const struct keys *k);              /* every id is below this */
size_t keys_bytes(const struct keys *k);                /* memory held */

#endif
