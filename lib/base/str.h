/* SPDX-License-Identifier: Apache-2.0 */
/*
 * str.h - a borrowed run of bytes
 *
 * The currency of the toolkit: input lines, fields, names. A struct str owns
 * nothing, is not NUL-terminated and may hold any byte. Pass it by value; the
 * function that hands one out says how long it lives.
 */
#ifndef MAIP_BASE_STR_H
#define MAIP_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
	const char *p;
	size_t      n;
};

/* A string literal, or a char array that ends in NUL, as a str. */
#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })

/* For printf: printf("%.*s", STR_ARGS(s)). */
#define STR_ARGS(s) (int)(s).n, (s).p

static inline struct str
str_of(const char *cstring)
{
	return (struct str){ cstring, strlen(cstring) };
}

static inline bool
str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Byte order, a prefix first: negative, 0 or positive. */
static inline int
str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int    d = n == 0 ? 0 : memcmp(a.p, b.p, n);

	return d != 0 ? d : (a.n > b.n) - (a.n < b.n);
}

/* The same, of two struct str, for qsort(). */
static inline int
str_order(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static inline bool
str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

/* The bytes of s from position from up to position to; both are clamped. */
static inline struct str
str_slice(struct str s, size_t from, size_t to)
{
	if (to > s.n)
		to = s.n;
	if (from > to)
		from = to;
	return (struct str){ s.p + from, to - from };
}

/* Without the space of a line around it: blanks, tabs, and what ends a line. */
static inline struct str
str_trim(struct str s)
{
	while (s.n > 0 && memchr(" \t\r\n", s.p[0], 4) != NULL)
		s = str_slice(s, 1, s.n);
	while (s.n > 0 && memchr(" \t\r\n", s.p[s.n - 1], 4) != NULL)
		s.n--;
	return s;
}

#endif
