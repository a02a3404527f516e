/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources.c - the newest time of each source that records name
 */
#include "window/sources.h"

#include <stdlib.h>

#include "base/keys.h"
#include "base/mem.h"
#include "base/time.h"

struct sources {
	struct keys *keys;
	int64_t     *newest;            /* by number; TIME_MIN: named, but not seen yet */
	size_t       cap;
	uint32_t     n;                 /* numbers in newest */
	int64_t      least;
	struct buf   work;
};

struct sources *
sources_new(uint64_t seed)
{
	struct sources *s = mem_zalloc(1, sizeof(*s));

	s->keys = keys_new(seed);
	s->least = TIME_MAX;
	buf_init(&s->work, BUF_NO_MAX);
	return s;
}

void
sources_free(struct sources *s)
{
	if (s == NULL)
		return;
	keys_free(s->keys);
	buf_release(&s->work);
	free(s->newest);
	free(s);
}

static void
join(struct sources *s, int64_t newest)
{
	s->newest = mem_more(s->newest, s->n, &s->cap, sizeof(*s->newest));
	s->newest[s->n++] = newest;
}

int
sources_find(struct sources *s, const struct val *v, uint32_t *number, struct err *err)
{
	uint64_t hash;

	if (v->kind == VAL_NULL)
		return fail_as(err, STATUS_DATA,
		               "--watermark-by names no source: it is missing or null");
	buf_clear(&s->work);
	val_key(&s->work, v);
	hash = keys_hash(s->keys, buf_str(&s->work));
	*number = keys_find(s->keys, buf_str(&s->work), hash);
	if (*number != KEYS_NONE)
		return 0;
	if (s->n == SOURCES_MAX)
		return fail_as(err, STATUS_DATA,
		               "--watermark-by names more than %d sources (is it a key rather than "
		               "a source?)",
		               SOURCES_MAX);
	*number = keys_intern(s->keys, buf_str(&s->work), hash, NULL);
	join(s, TIME_MIN);
	return 0;
}

int64_t
sources_see(struct sources *s, uint32_t number, int64_t ts)
{
	int64_t was = s->newest[number];

	if (ts <= was)
		return s->least;
	s->newest[number] = ts;
	if (was == TIME_MIN && ts < s->least)
		s->least = ts;
	if (was != s->least)
		return s->least;
	s->least = TIME_MAX;
	for (uint32_t i = 0; i < s->n; i++)
		if (s->newest[i] != TIME_MIN && s->newest[i] < s->least)
			s->least = s->newest[i];
	return s->least;
}

void
sources_save(const struct sources *s, struct buf *to)
{
	buf_put_u64(to, s->n);
	for (uint32_t i = 0; i < s->n; i++) {
		buf_put_str(to, keys_text(s->keys, i));
		buf_put_i64(to, s->newest[i]);
	}
}

int
sources_load(struct sources *s, struct cursor *from)
{
	uint64_t n = cursor_u64(from);

	for (uint64_t i = 0; i < n && from->ok; i++) {
		struct str text = cursor_str(from);

		if (i == SOURCES_MAX || keys_intern(s->keys, text, keys_hash(s->keys, text),
		                                    NULL) != i)
			return -1;
		join(s, cursor_i64(from));
		if (s->newest[i] != TIME_MIN && s->newest[i] < s->least)
			s->least = s->newest[i];
	}
	return from->ok ? 0 : -1;
}
