/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merge.c - the next of many partitions, by time
 */
#include <stdlib.h>

#include "base/mem.h"
#include "kafka/merge.h"

void
merge_release(struct merge *m)
{
	free(m->heap);
	*m = (struct merge){ 0 };
}

static bool
before(const struct merge_head *a, const struct merge_head *b)
{
	int d;

	if (a->time != b->time)
		return a->time < b->time;
	d = str_cmp(a->part.topic, b->part.topic);
	return d != 0 ? d < 0 : a->part.partition < b->part.partition;
}

static void
swap(struct merge_head *a, struct merge_head *b)
{
	struct merge_head t = *a;

	*a = *b;
	*b = t;
}

static void
rise(struct merge *m, size_t i)
{
	for (; i > 0 && before(&m->heap[i], &m->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&m->heap[i], &m->heap[(i - 1) / 2]);
}

static void
sink(struct merge *m, size_t i)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < m->n && before(&m->heap[child + 1], &m->heap[child]))
			child++;
		if (child >= m->n || !before(&m->heap[child], &m->heap[i]))
			return;
		swap(&m->heap[i], &m->heap[child]);
		i = child;
	}
}

void
merge_put(struct merge *m, int64_t time, const struct part *part)
{
	m->heap = mem_more(m->heap, m->n, &m->cap, sizeof(*m->heap));
	m->heap[m->n] = (struct merge_head){ time, *part };
	rise(m, m->n++);
}

const struct merge_head *
merge_first(const struct merge *m)
{
	return m->n > 0 ? &m->heap[0] : NULL;
}

static void
take_away(struct merge *m, size_t i)
{
	m->heap[i] = m->heap[--m->n];
	if (i < m->n) {
		sink(m, i);
		rise(m, i);
	}
}

void
merge_pop(struct merge *m)
{
	take_away(m, 0);
}

void
merge_remove(struct merge *m, uint32_t slot)
{
	for (size_t i = 0; i < m->n; i++) {
		if (m->heap[i].part.slot != slot)
			continue;
		take_away(m, i);
		return;
	}
}
