/* SPDX-License-Identifier: Apache-2.0 */
/*
 * branches.h - the partial matches of one key, oldest start first
 *
 * A binary heap that moves its entries exactly as Java's PriorityQueue does. Among
 * branches with the same start the heap's own order is what Flink goes by, and with a skip
 * strategy it decides which match survives: so it has to be the same.
 *
 * Most keys have a branch or two, so that a heap starts small, in the cells of the store that its
 * nodes are in.
 */
#ifndef MAIP_CEP_BRANCHES_H
#define MAIP_CEP_BRANCHES_H

#include <stdint.h>

#include "cep/event.h"

/* start of the branch that waits for a first event: after all others */
#define START_NEVER UINT64_MAX

struct branch {
	struct node *node;              /* last event taken, holds a reference; NULL: none yet */
	uint64_t     start;             /* seq of the first event, or START_NEVER */
	int64_t      start_ts;
	int          state;
};

struct branches {
	/* a[0] is the oldest; the order of the others is the heap's */
	struct branch *a;
	uint32_t       n, cap;
};

/* the references, too */
void branches_release(struct event_store *s, struct branches *b);
void branches_push(struct event_store *s, struct branches *b, const struct branch *branch);
/* at the end, whatever the order: for those who know it */
void branches_append(struct event_store *s, struct branches *b, const struct branch *branch);
/* n > 0; the reference goes to the caller */
struct branch branches_pop(struct branches *b);

/* Remove, and drop, those with start < limit, or <= limit when inclusive. */
void branches_prune(struct event_store *s, struct branches *b, uint64_t limit, bool inclusive);

#endif
