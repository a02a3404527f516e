/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pane.h - one accumulator a key, for one stretch of time
 *
 * A table from key ids to accumulators. Nothing in it is freed on its own: a
 * window that has fired drops the whole pane, whose blocks are used again by
 * the next one.
 *
 * Cost: agg_size() an entry, plus 4 to 15 bytes of index. A lookup is two
 * cache misses at worst; pane_prefetch() and pane_prefetch_entry() let a batch
 * wait for them together.
 */
#ifndef MAIP_WINDOW_PANE_H
#define MAIP_WINDOW_PANE_H

#include <stddef.h>
#include <stdint.h>

#include "sql/aggregate.h"
#include "window/grid.h"

/* What the panes of one stage share: layout, blocks to use again, room to sort in. */
struct pane_pool {
	const struct agg_list *aggs;
	size_t    stride;               /* bytes an accumulator takes */
	/* odd and secret, so that ids cannot be chosen to collide */
	uint64_t  scatter;
	char    **spare;                /* full-size blocks, all zero */
	size_t    n_spare, cap_spare;
	uint64_t *sorted, *aside;       /* of pane_sort */
	size_t    cap_sorted;
	size_t    bytes;                /* held by all panes and this */
};

struct pane {
	struct span span;
	int64_t   first_end, last_end;  /* of the windows that cover it */
	/* key id + 1 in the upper half, entry in the lower; 0 is free */
	uint64_t *slots;
	size_t    n_slots;
	/* instead, while keys are dense: entry + 1 by key id; 0 is none */
	uint32_t *direct;
	size_t    n_direct;
	size_t    key_limit;            /* every key id is below */
	char    **blocks;
	size_t    n_blocks, cap_blocks;
	/* entries that block 0 has room for, while it is the only one */
	size_t    first_cap;
	size_t    n;                    /* entries */
	/* timed.c: this one and its neighbours up to a cut, put together; or NULL */
	struct pane *rest;
};

void pane_pool_init(struct pane_pool *pool, const struct agg_list *aggs, uint64_t seed);
void pane_pool_release(struct pane_pool *pool);

void pane_init(struct pane *p);                         /* empty; span and ends are the caller's */
void pane_drop(struct pane *p, struct pane_pool *pool); /* free everything; p is empty again */

/* The accumulator of a key, or NULL. Valid until another key is added. */
void *pane_find(const struct pane *p, const struct pane_pool *pool, uint32_t key);

/* The same; made, all zero, if there is none yet. */
void *pane_get(struct pane *p, struct pane_pool *pool, uint32_t key);

/* For every key of from: its accumulator in to := itself + that in from. from stays as it is. */
void pane_add(struct pane *to, const struct pane *from, struct pane_pool *pool);

void pane_prefetch(const struct pane *p, const struct pane_pool *pool, uint32_t key);
void pane_prefetch_entry(const struct pane *p, const struct pane_pool *pool, uint32_t key);

/* The next entry at or after place *i of the index, which is moved past it; 0: there is none.
 * Start at 0. */
uint64_t pane_each(const struct pane *p, size_t *i);

/* The entries by ascending key id: an array of p->n, valid until the next call. */
const uint64_t *pane_sort(const struct pane *p, struct pane_pool *pool);

static inline uint32_t
pane_key(uint64_t sorted)
{
	return (uint32_t)(sorted >> 32) - 1;
}

void *pane_entry(const struct pane *p, const struct pane_pool *pool, uint64_t sorted);

/* Give every key its new id (keys.h numbers anew when it forgets). */
void pane_renumber(struct pane *p, struct pane_pool *pool, const uint32_t *new_id);

#endif
