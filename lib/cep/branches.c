/* SPDX-License-Identifier: Apache-2.0 */
/*
 * branches.c - java.util.PriorityQueue's offer, poll and removeAll, step by step
 */
#include "cep/branches.h"

#include <stdlib.h>

#include "base/mem.h"

void
branches_release(struct branches *b)
{
	for (size_t i = 0; i < b->n; i++)
		node_drop(b->a[i].node);
	free(b->a);
	*b = (struct branches){ 0 };
}

void
branches_push(struct branches *b, const struct branch *branch)
{
	size_t k = b->n;

	b->a = mem_more(b->a, b->n, &b->cap, sizeof(*b->a));
	b->n++;
	while (k > 0) {
		const size_t parent = (k - 1) / 2;
		if (branch->start >= b->a[parent].start)
			break;
		b->a[k] = b->a[parent];
		k = parent;
	}
	b->a[k] = *branch;
}

static void
sift_down(struct branches *b, size_t k, struct branch branch)
{
	while (k < b->n / 2) {
		size_t child = 2 * k + 1;
		if (child + 1 < b->n && b->a[child].start > b->a[child + 1].start)
			child++;
		if (branch.start <= b->a[child].start)
			break;
		b->a[k] = b->a[child];
		k = child;
	}
	b->a[k] = branch;
}

struct branch
branches_pop(struct branches *b)
{
	const struct branch top = b->a[0];

	b->n--;
	if (b->n > 0)
		sift_down(b, 0, b->a[b->n]);
	return top;
}

void
branches_prune(struct branches *b, uint64_t limit, bool inclusive)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->n; i++) {
		const bool out = b->a[i].start < limit || (inclusive && b->a[i].start == limit);
		if (out && b->a[i].start != START_NEVER)
			node_drop(b->a[i].node);
		else
			b->a[kept++] = b->a[i];
	}
	if (kept == b->n)
		return;
	b->n = kept;
	for (size_t i = kept / 2; i-- > 0;)
		sift_down(b, i, b->a[i]);
}
