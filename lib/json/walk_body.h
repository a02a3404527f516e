/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk_body.h - the text of walk.h's functions, without the vectors
 *
 * Included by each walk_*.c, which exports walk() under a name of its own, behind
 *
 *     WALK_TARGET    the attribute its functions need
 *     same_head()    do the bytes at p begin with the head of a run?
 *     struct marks   constants for special_at(), and find_marks()
 *     special_at()   where the first byte is that does not simply stand for itself in a
 *                    string: a quote, a backslash, a control, not ASCII. May be at or behind
 *                    end; reads up to 32 bytes behind end.
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
	return r->last ? next == end
	               : next < end && scalar_kinds[(unsigned char)*next] != JSON_MISSING;
}

WALK_TARGET static __attribute__((noinline)) void
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
				fields[__builtin_ctzll(which)] =
					(struct field){ .kind = JSON_MISSING };
			break;
		}
	}
}

/* The rest of a string from its first byte that does not stand for itself. */
static __attribute__((noinline)) const char *
skip_odd_string(const char *stop, const char *end)
{
	const char *fault, *wanted;
	bool        escaped;
	const char *close = token_string(stop, end, &escaped, &fault, &wanted);

	return close ? close + 1 : NULL;
}

/* Past the string at p; NULL when it is none. Sets *odd, or leaves it alone. */
WALK_TARGET static inline const char *
skip_string(const struct marks *m, const char *p, const char *end, bool *odd)
{
	const char *stop = special_at(m, p + 1, end);

	if (stop >= end)
		return NULL;
	if (*stop == '"')
		return stop + 1;
	*odd = true;
	return skip_odd_string(stop, end);
}

static __attribute__((noinline)) const char *
skip_odd_number(const char *p, const char *end)
{
	const char *fault;

	return token_number(p, end, &fault);
}

/* Past the number at p; NULL when it is none. Digits behind end are not taken for good: the next
 * run will not match. */
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

WALK_TARGET static inline const char *
skip_word(const char *p, enum json_kind kind)
{
	if (kind == JSON_FALSE)
		return memcmp(p, "false", 5) == 0 ? p + 5 : NULL;
	return memcmp(p, kind == JSON_TRUE ? "true" : "null", 4) == 0 ? p + 4 : NULL;
}

WALK_TARGET static inline void
set_field(struct field *f, enum json_kind kind, const char *from, size_t n, bool odd)
{
	f->kind = kind;
	f->escaped = odd && memchr(from, '\\', n) != NULL;
	f->raw = (struct str){ from, n };
}

WALK_TARGET static inline bool
walk(struct shapes *s, struct str line, struct field *fields)
{
	const char *p = line.p;
	const char *end = p + line.n;
	struct run *prev = &s->start;
	const struct marks *m = find_marks();

	for (;;) {
		struct run *r = prev->next;

		if (!r || !matches(r, p, end)) {
			r = shapes_find(s, prev, p, end);
			if (!r)
				return false;
		}
		if (r->n_actions > 0)
			act(r, p, fields);
		if (r->last)
			return true;
		p += r->length;

		enum json_kind kind = scalar_kinds[(unsigned char)*p];
		const char    *from = p;
		bool           odd = false;

		if (kind == JSON_STRING)
			p = skip_string(m, p, end, &odd);
		else if (kind == JSON_NUMBER)
			p = skip_number(p, end);
		else
			p = skip_word(p, kind);
		if (!p)
			return false;
		if (r->field >= 0)
			set_field(&fields[r->field], kind, from, (size_t)(p - from), odd);
		prev = r;
	}
}
