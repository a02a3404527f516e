/* SPDX-License-Identifier: Apache-2.0 */
/*
 * small.h - decimals that fit in a register
 *
 * Nearly every number of a business event has at most 18 digits and no exponent. Those are an
 * int64_t and a scale here; whatever does not fit is the caller's to do with num.h,
 * whose results are the same.
 */
#ifndef MAIP_SQL_SMALL_H
#define MAIP_SQL_SMALL_H

#include "base/num.h"

struct small {
	int64_t v;
	uint8_t scale;
};

/* raw is a JSON number. */
static inline bool
small_parse(struct small *to, struct str raw)
{
	const char *p = raw.p, *end = raw.p + raw.n, *fraction = end;
	bool        minus = raw.n > 0 && *p == '-';
	uint64_t    v = 0;
	unsigned    digit;

	p += minus;
	if (end - p > 19)
		return false;
	while (p < end && (digit = (unsigned char)*p - (unsigned)'0') <= 9) {
		v = v * 10 + digit;
		p++;
	}
	if (p < end && *p == '.') {
		fraction = ++p;
		while (p < end && (digit = (unsigned char)*p - (unsigned)'0') <= 9) {
			v = v * 10 + digit;
			p++;
		}
	}
	if (p < end || v > 999999999999999999U)
		return false;
	to->v = minus ? -(int64_t)v : (int64_t)v;
	to->scale = (uint8_t)(end - fraction);
	return true;
}

static inline struct num
small_num(struct small s)
{
	return (struct num){ .v = s.v, .scale = s.scale };
}

static inline bool
small_of_num(struct small *to, const struct num *n)
{
	if (n->approx || n->v > INT64_MAX || n->v < INT64_MIN)
		return false;
	*to = (struct small){ (int64_t)n->v, n->scale };
	return true;
}

/* Raise the scale of *s to scale without changing its value; false if it does not fit. */
static inline bool
small_rescale(struct small *s, uint8_t scale)
{
	int64_t v = s->v;

	for (int i = s->scale; i < scale; i++)
		if (__builtin_mul_overflow(v, 10, &v))
			return false;
	*s = (struct small){ v, scale > s->scale ? scale : s->scale };
	return true;
}

/* *sum += x, keeping the larger scale; false, and *sum unchanged, if that does not fit. */
static inline bool
small_add(struct small *sum, struct small x)
{
	struct small a = *sum;

	if (__builtin_expect(a.scale != x.scale, 0) &&
	    (!small_rescale(&a, x.scale) || !small_rescale(&x, a.scale)))
		return false;
	if (__builtin_add_overflow(a.v, x.v, &a.v))
		return false;
	*sum = a;
	return true;
}

#endif
