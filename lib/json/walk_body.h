/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk_body.h - the text of walk.h's functions, without the vectors
 *
 * Included by each walk_*.c behind its own
 *
 *     WALK_TARGET    the attribute its functions need
 *     walk_name      what its walk_fn is called
 *     same_head()    do the bytes at p begin with the head of a run?
 *     special_at()   where the first byte is that does not simply stand for itself in a string: a quote,
 *                    a backslash, a control, not ASCII. May be at or behind end; reads up to 32 bytes behind end.
 *     digits_at()    how many digits stand at p, at most 16
 *
 * What comes between values is compared, what is a value is checked as it is
 * skipped. Escapes, UTF-8 and unusual numbers leave to token.c and come back.
 */
#include "json/token.h"
#include "json/walk.h"

WALK_TARGET static inline bool
matches(const struct run *r, const char *p, const char *end)
{
	const char *next = p + r->length;

	if (next > end || !same_head(r, p))
		return false;
	if (r->length > RUN_HEAD && memcmp(r->rest, p + RUN_HEAD, r->length - RUN_HEAD) != 0)
		return false;
	return r->last ? next == end : next < end && scalar_kinds[(unsigned char)*next] != JSON_MISSING;
}

static void
act(const struct run *r, const char *p, struct field *fields)
{
	for (const struct action *a = r->actions, *stop = a + r->n_actions; a < stop; a++) {
		struct field *f = &fields[a->field];

		switch (a->kind) {
		case ACTION_BEGIN:
			*f = (struct field){ a->container, false, { p + a->offset, 0 } };
			break;
		case ACTION_END:
			f->raw.n = (size_t)(p + a->offset + 1 - f->raw.p);
			break;
		case ACTION_FORGET:
			for (uint64_t which = a->fields; which != 0; which &= which - 1)
				fields[__builtin_ctzll(which)] = (struct field){ .kind = JSON_MISSING };
			break;
		}
	}
}

/* Past the string at p; NULL when it is none. */
WALK_TARGET static inline const char *
skip_string(const char *p, const char *end, bool *escaped)
{
	const char *stop = special_at(p + 1, end);
	const char *fault, *wanted;

	if (stop >= end)
		return NULL;
	if (*stop != '"')
		stop = token_string(stop, end, escaped, &fault, &wanted);
	return stop ? stop + 1 : NULL;
}

static const char *
skip_odd_number(const char *p, const char *end)
{
	const char *fault;

	return token_number(p, end, &fault);
}

/* Past the number at p; NULL when it is none. Digits behind end are not taken for good: the next run will not match. */
WALK_TARGET static inline const char *
skip_number(const char *p, const char *end)
{
	const char *q = p;
	unsigned    n = digits_at(q);

	if (n == 0 || n == 16 || (*p == '0' && n > 1))
		return skip_odd_number(p, end);
	q += n;
	if (*q == '.') {
		n = digits_at(++q);
		if (n == 0 || n == 16)
			return skip_odd_number(p, end);
		q += n;
	}
	return *q == 'e' || *q == 'E' ? skip_odd_number(p, end) : q;
}

static inline const char *
skip_word(const char *p, const char *word, size_t n)
{
	return memcmp(p, word, n) == 0 ? p + n : NULL;
}

WALK_TARGET bool
walk_name(struct shapes *s, struct str line, struct field *fields)
{
	const char *p = line.p;
	const char *end = p + line.n;
	struct run *prev = &s->start;

	for (;;) {
		struct run *r = prev->next[0];

		if (!r || !matches(r, p, end)) {
			r = shapes_find(s, prev, p, end);
			if (!r)
				return false;
		}
		if (r->n_actions > 0)
			act(r, p, fields);
		p += r->length;
		if (r->last)
			return true;

		enum json_kind kind = scalar_kinds[(unsigned char)*p];
		const char    *from = p;
		bool           escaped = false;

		switch (kind) {
		case JSON_STRING:
			p = skip_string(p, end, &escaped);
			break;
		case JSON_NUMBER:
			p = skip_number(p, end);
			break;
		case JSON_TRUE:
			p = skip_word(p, "true", 4);
			break;
		case JSON_FALSE:
			p = skip_word(p, "false", 5);
			break;
		default:
			p = skip_word(p, "null", 4);
			break;
		}
		if (!p)
			return false;
		if (r->field >= 0)
			fields[r->field] = (struct field){ kind, escaped, { from, (size_t)(p - from) } };
		prev = r;
	}
}
