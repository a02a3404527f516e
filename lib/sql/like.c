/* SPDX-License-Identifier: Apache-2.0 */
/*
 * like.c - LIKE
 *
 * Greedy with one place to go back to: after a mismatch only the last % can take more, so
 * the worst case is the product of the lengths and never exponential. Of two long texts that
 * is still hours, so there is a limit as there is for REGEXP.
 */
#include "base/utf8.h"
#include "sql/node.h"

#define LIKE_STEPS ((size_t)1 << 26)    /* under a second; four for each byte of the longest line */

struct like {
	struct str pattern, escape;
};

/* How many bytes the character at i has. */
static size_t
width(struct str s, size_t i)
{
	size_t end = i + 1;

	while (end < s.n && !utf8_starts(s.p[end]))
		end++;
	return end - i;
}

static bool
is_escape(const struct like *l, size_t p)
{
	return l->escape.n > 0 && str_eq(str_slice(l->pattern, p, p + l->escape.n), l->escape);
}

static bool
is_wildcard(const struct like *l, size_t p, char wildcard)
{
	return p < l->pattern.n && l->pattern.p[p] == wildcard && !is_escape(l, p);
}

/* Does the element of the pattern at *p match the character at *t? Moves both behind it. */
static bool
match_one(const struct like *l, struct str text, size_t *p, size_t *t)
{
	size_t n, at = *p;

	if (at >= l->pattern.n || *t >= text.n)
		return false;
	if (is_wildcard(l, at, '_')) {
		*p = at + 1;
		*t += width(text, *t);
		return true;
	}
	if (is_escape(l, at))
		at += l->escape.n;
	if (at >= l->pattern.n)
		return false;                   /* nothing to escape */
	n = width(l->pattern, at);
	if (!str_eq(str_slice(l->pattern, at, at + n), str_slice(text, *t, *t + n)))
		return false;
	*p = at + n;
	*t += n;
	return true;
}

enum tri
like_match(struct str text, struct str pattern, struct str escape, uint64_t *gave_up)
{
	const struct like l = { pattern, escape };
	size_t p = 0, t = 0, retry_p = 0, retry_t = 0, steps = 0;
	bool   may_retry = false;

	while (t < text.n || p < pattern.n) {
		if (++steps > LIKE_STEPS) {
			if (gave_up != NULL)
				(*gave_up)++;
			return TRI_NULL;
		}
		if (is_wildcard(&l, p, '%')) {
			retry_p = ++p;
			retry_t = t;
			may_retry = true;
		} else if (!match_one(&l, text, &p, &t)) {
			if (!may_retry || retry_t >= text.n)
				return TRI_FALSE;
			retry_t += width(text, retry_t);
			t = retry_t;
			p = retry_p;
		}
	}
	return TRI_TRUE;
}
