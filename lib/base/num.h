/* SPDX-License-Identifier: Apache-2.0 */
/*
 * num.h - exact decimal numbers
 *
 * A number is coefficient / 10^scale with a 128-bit coefficient of at most 38
 * digits, so sums of money are exact and keep their cents. It turns to a double
 * (approx) only when its text has an exponent, when it or a result needs more
 * than 38 digits, or when a division does not come out even within DIV_SCALE
 * digits after the point (or as many as the dividend has, if those are more);
 * approx is contagious.
 *
 * Scales follow SQL's rules: + and - keep the larger scale, * adds the scales,
 * / gives at least DIV_SCALE digits, less the zeros at the end. Comparison is by value: 5.10 = 5.1.
 * Compared with a double, an exact number is compared exactly, not rounded first.
 */
#ifndef MAIP_BASE_NUM_H
#define MAIP_BASE_NUM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

#define NUM_DIGITS    38
#define NUM_DIV_SCALE 16
#define NUM_TEXT_MAX  48                /* bytes that num_print may write */

struct num {
	int128  v;                      /* coefficient; unused when approx */
	double  d;                      /* only when approx; never NaN or infinite */
	uint8_t scale;                  /* 0..38; 0 when approx */
	bool    approx;
};

static inline struct num
num_of(int64_t v)
{
	return (struct num){ .v = v };
}

/* Read a JSON number that json/scan.h has already found well-formed ("-12.50", "1e3"). 0, or -1
 * when it is beyond a double's range. Up to 18 digits without an exponent take a fast path. */
int num_parse(struct num *to, struct str json_number);

/* 0, or -1: a result beyond a double's range, or a division by zero. */
int num_add(struct num *to, const struct num *a, const struct num *b);
int num_sub(struct num *to, const struct num *a, const struct num *b);
int num_mul(struct num *to, const struct num *a, const struct num *b);
int num_div(struct num *to, const struct num *a, const struct num *b);
int num_mod(struct num *to, const struct num *a, const struct num *b);  /* sign of a, as in SQL */
void num_neg(struct num *to, const struct num *a);

int  num_cmp(const struct num *a, const struct num *b);                 /* -1, 0, 1: by value */
/* equal values, equal hashes; not seeded */
uint64_t num_hash(const struct num *a);

/* Round to places digits after the point (may be negative): half away from zero; floor; ceiling.
 * A double counts as the decimal that num_print shows. -1: beyond a double's range. */
enum num_rounding { NUM_HALF_UP, NUM_FLOOR, NUM_CEIL, NUM_TRUNCATE };
int num_round(struct num *to, const struct num *a, int places, enum num_rounding how);

int    num_to_i64(const struct num *a, int64_t *to);    /* -1 if not a whole number in range */
double num_to_double(const struct num *a);              /* nearest */
int    num_of_double(struct num *to, double d);         /* approx; -1 if NaN or infinite */

/* Drop the zeros at the end: 5.10 becomes 5.1. One spelling for each exact value. */
void num_normalize(struct num *n);

/* As JSON; an exact number with its scale ("1234.50"), an approximate one with the fewest digits
 * that read back as the same double and always a point or an exponent ("0.1", "3.0", "1e+300").
 * Returns the length. */
size_t num_print(char to[NUM_TEXT_MAX], const struct num *n);

#endif
