/* SPDX-License-Identifier: Apache-2.0 */
/*
 * absent.c - who is owed how many rows of zeros
 */
#include "window/absent.h"

#include <stdlib.h>

#include "base/mem.h"

void
absent_init(struct absent *a, uint32_t most)
{
	*a = (struct absent){ .most = most };
}

void
absent_release(struct absent *a)
{
	free(a->left);
}

void
absent_begin(struct absent *a)
{
	a->at = 0;
}

bool
absent_next(struct absent *a, uint32_t before, uint32_t *key)
{
	const uint32_t end = before < a->cap ? before : a->cap;

	while (a->at < end) {
		uint32_t k = a->at++;

		if (a->left[k] == 0)
			continue;
		if (--a->left[k] == 0)
			a->n--;
		*key = k;
		return true;
	}
	return false;
}

static void
set_left(struct absent *a, uint32_t key, uint32_t left)
{
	if (key >= a->cap) {
		uint32_t cap = key + key / 2 + 16;

		a->left = mem_resize(a->left, cap, sizeof(*a->left));
		memset(a->left + a->cap, 0, (cap - a->cap) * sizeof(*a->left));
		a->cap = cap;
	}
	a->n -= a->left[key] > 0;
	a->n += left > 0;
	a->left[key] = left;
}

void
absent_seen(struct absent *a, uint32_t key)
{
	set_left(a, key, a->most);
	a->at = key + 1;
}

size_t
absent_bytes(const struct absent *a)
{
	return a->cap * sizeof(*a->left);
}

void
absent_mark(const struct absent *a, uint64_t *live)
{
	for (uint32_t key = 0; key < a->cap; key++)
		if (a->left[key] > 0)
			live[key / 64] |= (uint64_t)1 << key % 64;
}

void
absent_renumber(struct absent *a, const uint32_t *new_id)
{
	for (uint32_t key = 0; key < a->cap; key++) {
		uint32_t left = a->left[key];

		if (left == 0)
			continue;
		a->left[key] = 0;
		a->left[new_id[key]] = left;
	}
}

void
absent_save(const struct absent *a, struct buf *to)
{
	buf_put_u64(to, a->n);
	for (uint32_t key = 0; key < a->cap; key++) {
		if (a->left[key] == 0)
			continue;
		buf_put_u64(to, key);
		buf_put_u64(to, a->left[key]);
	}
}

int
absent_load(struct absent *a, struct cursor *from, uint32_t n_keys)
{
	for (uint64_t n = cursor_u64(from); n > 0; n--) {
		uint64_t key = cursor_u64(from), left = cursor_u64(from);

		if (!from->ok || key >= n_keys || left == 0 || left > a->most)
			return -1;
		set_left(a, (uint32_t)key, (uint32_t)left);
	}
	return 0;
}
