/* SPDX-License-Identifier: Apache-2.0 */
/*
 * func_num.c - functions of numbers
 *
 * Exact arguments give exact results wherever there is one; SQRT and a POWER that is no whole
 * number go through a double.
 */
#include <math.h>

#include "sql/func.h"

#define POWER_MAX 1000                  /* a larger one leaves 38 digits in any case */

void
func_abs(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	struct num zero = num_of(0), result = arg[0].num;

	(void)n, (void)scratch;
	if (num_cmp(&result, &zero) < 0)
		num_neg(&result, &arg[0].num);
	val_set_num(to, result);
}

void
func_sign(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	struct num zero = num_of(0);

	(void)n, (void)scratch;
	val_set_num(to, num_of(num_cmp(&arg[0].num, &zero)));
}

static void
round_to(const struct val *arg, size_t n, enum num_rounding how, struct val *to)
{
	struct num result;
	int64_t    places = 0;

	if (n > 1 && num_to_i64(&arg[1].num, &places) < 0)
		return;
	if (places > NUM_DIGITS || places < -2 * NUM_DIGITS)
		places = places > 0 ? NUM_DIGITS : -2 * NUM_DIGITS;
	if (num_round(&result, &arg[0].num, (int)places, how) == 0)
		val_set_num(to, result);
}

void
func_floor(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	(void)n, (void)scratch;
	round_to(arg, 1, NUM_FLOOR, to);
}

void
func_ceil(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	(void)n, (void)scratch;
	round_to(arg, 1, NUM_CEIL, to);
}

void
func_round(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	(void)scratch;
	round_to(arg, n->n, NUM_HALF_UP, to);
}

void
func_truncate(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	(void)scratch;
	round_to(arg, n->n, NUM_TRUNCATE, to);
}

void
func_mod(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	struct num result;

	(void)n, (void)scratch;
	if (num_mod(&result, &arg[0].num, &arg[1].num) == 0)
		val_set_num(to, result);
}

static void
set_double(struct val *to, double d)
{
	struct num result;

	if (num_of_double(&result, d) == 0)
		val_set_num(to, result);
}

/* By squaring, exactly as long as num_mul is. */
static int
power_whole(struct num *to, struct num base, int64_t exponent)
{
	*to = num_of(1);
	for (;;) {
		if (exponent % 2 == 1 && num_mul(to, to, &base) < 0)
			return -1;
		exponent /= 2;
		if (exponent == 0)
			return 0;
		if (num_mul(&base, &base, &base) < 0)
			return -1;
	}
}

void
func_power(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	struct num result;
	int64_t    exponent;

	(void)n, (void)scratch;
	if (!arg[0].num.approx && num_to_i64(&arg[1].num, &exponent) == 0 && exponent >= 0 &&
	    exponent <= POWER_MAX) {
		if (power_whole(&result, arg[0].num, exponent) == 0)
			val_set_num(to, result);
		return;
	}
	set_double(to, pow(num_to_double(&arg[0].num), num_to_double(&arg[1].num)));
}

/* A root that comes out even is exact. */
void
func_sqrt(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	double     root = sqrt(num_to_double(&arg[0].num));
	struct num whole, square;

	(void)n, (void)scratch;
	if (!arg[0].num.approx && root == floor(root) && root < 9e15) {
		whole = num_of((int64_t)root);
		if (num_mul(&square, &whole, &whole) == 0 && num_cmp(&square, &arg[0].num) == 0) {
			val_set_num(to, whole);
			return;
		}
	}
	set_double(to, root);
}

static void
extreme(const struct node *n, const struct val *arg, int wanted, struct val *to)
{
	const struct val *best = &arg[0];

	for (size_t i = 1; i < n->n; i++) {
		int order = val_cmp(&arg[i], best);

		if (order == VAL_UNLIKE)
			return;
		if (order == wanted)
			best = &arg[i];
	}
	*to = *best;
}

void
func_greatest(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	(void)scratch;
	extreme(n, arg, 1, to);
}

void
func_least(const struct node *n, const struct val *arg, struct arena *scratch, struct val *to)
{
	(void)scratch;
	extreme(n, arg, -1, to);
}
