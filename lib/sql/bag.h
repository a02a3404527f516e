/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bag.h - byte strings and how often each came
 *
 * Internal to lib/sql: what is behind DISTINCT, BY and TOP. Most bags of a window hold a
 * handful of keys, so small ones are a list without an index. NULL is an empty bag.
 */
#ifndef MAIP_SQL_BAG_H
#define MAIP_SQL_BAG_H

#include "base/buf.h"
#include "base/mem.h"

struct bag;                                             /* opaque; lives in bag.c */

struct bag_item {
	struct str key;                 /* borrowed until something is added */
	uint64_t   times;
	bool       exact;               /* at least once it was no double */
};

/* key is copied; times are added to those it has. */
void bag_add(struct bag **b, uint64_t seed, const struct bag_item *item);
void bag_merge(struct bag **into, uint64_t seed, const struct bag *from);
void bag_free(struct bag *b);

size_t bag_count(const struct bag *b);                  /* different keys */
size_t bag_text(const struct bag *b);                   /* bytes of all keys */
size_t bag_heap(const struct bag *b);

struct bag_item bag_at(const struct bag *b, size_t i);  /* i < bag_count(b), in no order */

/* All items, by key in byte order, in an array of bag_count() in a. */
struct bag_item *bag_sorted(const struct bag *b, struct arena *a);

void bag_save(const struct bag *b, struct buf *to);
int  bag_load(struct bag **b, uint64_t seed, struct cursor *from);

#endif
