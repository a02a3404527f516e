/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group.h - the keys that records are grouped by
 *
 * Gives each distinct combination of key values an id, in order of first
 * arrival, and prints it as it was spelled then. Values are equal as in SQL: 5.0 is 5, "\u0061"
 * is "a".
 *
 * Rows that fire together come in the order of the first arrival of their keys.
 * To keep that order for ever would take memory for ever, so a key without an
 * open window may be forgotten: when more of those are held than there are keys
 * with windows, and more than GROUP_IDLE_MAX, all of them are. A key that comes
 * again afterwards is new. When that happens depends on the input alone.
 */
#ifndef MAIP_WINDOW_GROUP_H
#define MAIP_WINDOW_GROUP_H

#include "base/keys.h"
#include "json/out.h"
#include "sql/expr.h"

#define GROUP_IDLE_MAX 65536

struct group;                                           /* opaque; lives in group.c */

struct group *group_new(uint64_t seed);
void group_free(struct group *g);                       /* NULL is fine */

/* A --key option: "EXPR" or "EXPR AS NAME". -1 with err. */
int group_add(struct group *g, struct str text, struct extractor *x, struct err *err);

size_t     group_columns(const struct group *g);
const char *group_column_name(const struct group *g, size_t column);

/* The key of a record. Borrowed from the line or scratch. */
struct group_key {
	struct str bytes;               /* equal keys, equal bytes */
	/* JSON texts of the columns where bytes do not tell them; p NULL: they do */
	struct str spelled;
};

/* -1 with err: a value is missing, NULL or no scalar. */
int group_read(struct group *g, const struct expr_env *env, struct group_key *to, struct err *err);

static inline bool
group_is_global(const struct group *g)
{
	return group_columns(g) == 0;
}

uint64_t group_hash(const struct group *g, const struct group_key *key);
void group_prefetch(const struct group *g, uint64_t hash);

/* The same for group_print(); steps 0 and 1. */
void group_prefetch_text(const struct group *g, uint32_t id, int step);

/* Ids for n <= KEYS_BATCH keys, in their order. */
void group_intern(struct group *g, size_t n, const struct group_key *keys, const uint64_t *hashes,
                  uint32_t *ids);

/* Append '"customerId":"c-1",' for every column. */
int group_print(struct group *g, uint32_t id, struct buf *to);

/* The value of a column, for --having; computed text goes to scratch. */
void group_value(struct group *g, uint32_t id, size_t column, struct val *to,
                 struct arena *scratch);

/* How many more keys may be interned before group_forget() must be asked. */
size_t group_room(const struct group *g);

/* Forget the keys that are not marked in live (a bit an id), if that is worth it. Returns the new
 * ids, by old id, for the engine to take over (free() them), or NULL: nothing was forgotten. */
uint32_t *group_forget(struct group *g, const uint64_t *live);

uint32_t group_limit(const struct group *g);            /* every id is below */
size_t   group_bytes(const struct group *g);

void group_save(const struct group *g, struct buf *to);
int  group_load(struct group *g, struct cursor *from);

#endif
