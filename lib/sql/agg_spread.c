/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agg_spread.c - variance and standard deviation
 *
 * From n, the sum and the sum of squares: (n * sum(x^2) - sum(x)^2) / (n * n). In doubles
 * that cancels badly; here the sums are exact decimals and nothing is lost, in whatever
 * order the values came. Only when a value or a sum is no exact decimal is it the mean and
 * the squared distances from it, in doubles, merged by Chan, Golub and LeVeque's formula
 * ("Updating formulae and a pairwise algorithm", 1979).
 */
#include <math.h>
#include <stdlib.h>

#include "sql/agg.h"

struct spread {
	uint64_t   n;
	struct num sum, squares;        /* while exact */
	double     mean, distances;     /* when not */
	bool       approx;
};

struct spread_acc {
	struct spread *s;
};

static struct spread *
get(struct spread_acc *acc)
{
	if (acc->s == NULL)
		acc->s = mem_zalloc(1, sizeof(*acc->s));
	return acc->s;
}

/* n * squares - sum^2, which is n times the squared distances; false if that is not exact. */
static bool
exact_distances(const struct spread *s, struct num *to)
{
	struct num n = num_of((int64_t)s->n), square;

	return num_mul(to, &s->squares, &n) == 0 && num_mul(&square, &s->sum, &s->sum) == 0 &&
	       num_sub(to, to, &square) == 0 && !to->approx;
}

static void
make_approx(struct spread *s)
{
	struct num distances;
	double     n = (double)s->n;

	if (s->approx || s->n == 0) {
		s->approx = true;
		return;
	}
	s->mean = num_to_double(&s->sum) / n;
	if (exact_distances(s, &distances))
		s->distances = num_to_double(&distances) / n;
	else
		s->distances = num_to_double(&s->squares) - s->mean * num_to_double(&s->sum);
	if (s->distances < 0)
		s->distances = 0;
	s->approx = true;
}

/* Both exact: false, and nothing changed, if the result would not be. */
static bool
add_exactly(struct spread *s, uint64_t n, const struct num *sum, const struct num *squares)
{
	struct num total, total_squares;

	if (num_add(&total, &s->sum, sum) < 0 ||
	    num_add(&total_squares, &s->squares, squares) < 0 ||
	    total.approx || total_squares.approx)
		return false;
	s->n += n;
	s->sum = total;
	s->squares = total_squares;
	return true;
}

static void
add_approximately(struct spread *s, uint64_t n, double mean, double distances)
{
	double a = (double)s->n, b = (double)n, gap;

	make_approx(s);
	gap = mean - s->mean;
	s->n += n;
	s->mean += gap * b / (a + b);
	s->distances += distances + gap * gap * a * b / (a + b);
}

static void
spread_add(const struct agg_call *call, void *acc, const struct agg_value *v,
           const struct agg_input *in)
{
	struct spread *s = get(acc);
	struct num     x, square;

	(void)call, (void)in;
	if (!agg_num(v, &x))
		return;
	if (s->approx || x.approx || num_mul(&square, &x, &x) < 0 || square.approx ||
	    !add_exactly(s, 1, &x, &square))
		add_approximately(s, 1, num_to_double(&x), 0);
}

static void
spread_merge(const struct agg_call *call, void *into, const void *from)
{
	const struct spread *other = ((const struct spread_acc *)from)->s;
	struct spread       *s, copy;

	(void)call;
	if (other == NULL || other->n == 0)
		return;
	s = get(into);
	if (!s->approx && !other->approx && add_exactly(s, other->n, &other->sum, &other->squares))
		return;
	copy = *other;
	make_approx(&copy);
	add_approximately(s, copy.n, copy.mean, copy.distances);
}

/* The variance; NULL for too few values. */
static void
variance(const struct spread *s, bool sample, struct val *to)
{
	uint64_t   by = s == NULL ? 0 : s->n - (sample ? 1 : 0);
	struct num distances, divisor, result;

	val_set_null(to);
	if (s == NULL || s->n == 0 || by == 0)
		return;
	divisor = num_of((int64_t)by);
	if (!s->approx && exact_distances(s, &distances)) {
		struct num n = num_of((int64_t)s->n);

		if (num_mul(&divisor, &divisor, &n) == 0 &&
		    num_div(&result, &distances, &divisor) == 0)
			val_set_num(to, result);
	} else {
		struct spread copy = *s;

		make_approx(&copy);
		if (num_of_double(&result, copy.distances / (double)by) == 0)
			val_set_num(to, result);
	}
}

static void
root(struct val *to)
{
	struct num result;

	if (to->kind != VAL_NUM)
		return;
	if (num_of_double(&result, sqrt(num_to_double(&to->num))) == 0)
		val_set_num(to, result);
	else
		val_set_null(to);
}

static void
var_pop_result(const struct agg_call *call, const void *acc, struct val *to, struct arena *scratch)
{
	(void)call, (void)scratch;
	variance(((const struct spread_acc *)acc)->s, false, to);
}

static void
var_samp_result(const struct agg_call *call, const void *acc, struct val *to, struct arena *scratch)
{
	(void)call, (void)scratch;
	variance(((const struct spread_acc *)acc)->s, true, to);
}

static void
stddev_pop_result(const struct agg_call *call, const void *acc, struct val *to,
                  struct arena *scratch)
{
	var_pop_result(call, acc, to, scratch);
	root(to);
}

static void
stddev_samp_result(const struct agg_call *call, const void *acc, struct val *to,
                   struct arena *scratch)
{
	var_samp_result(call, acc, to, scratch);
	root(to);
}

static void
spread_drop(void *acc)
{
	free(((struct spread_acc *)acc)->s);
	((struct spread_acc *)acc)->s = NULL;
}

static size_t
spread_heap(const void *acc)
{
	return ((const struct spread_acc *)acc)->s == NULL ? 0 : sizeof(struct spread);
}

static void
put_num(struct buf *to, const struct num *n)
{
	struct val v = { .kind = VAL_NUM, .num = *n };

	val_save(to, &v);
}

static void
put_double(struct buf *to, double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof(bits));
	buf_put_u64(to, bits);
}

static double
cursor_double(struct cursor *from)
{
	uint64_t bits = cursor_u64(from);
	double   d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

static void
spread_save(const void *acc, struct buf *to)
{
	const struct spread *s = ((const struct spread_acc *)acc)->s;

	buf_put_u64(to, s == NULL ? 0 : s->n);
	if (s == NULL || s->n == 0)
		return;
	buf_put_u64(to, s->approx);
	if (s->approx) {                /* they may have outgrown a double, which is no number */
		put_double(to, s->mean);
		put_double(to, s->distances);
	} else {
		put_num(to, &s->sum);
		put_num(to, &s->squares);
	}
}

static int
spread_load(const struct agg_call *call, void *acc, struct cursor *from)
{
	uint64_t       n = cursor_u64(from);
	struct val     a, b;
	struct spread *s;

	(void)call;
	if (n == 0)
		return 0;
	s = get(acc);
	s->n = n;
	s->approx = cursor_u64(from) != 0;
	if (s->approx) {
		s->mean = cursor_double(from);
		s->distances = cursor_double(from);
		return from->ok ? 0 : -1;
	}
	if (val_load(&a, from) < 0 || val_load(&b, from) < 0 || a.kind != VAL_NUM ||
	    b.kind != VAL_NUM || a.num.approx || b.num.approx)
		return -1;
	s->sum = a.num;
	s->squares = b.num;
	return 0;
}

#define SPREAD(called, how) { \
	.name = called, .size = sizeof(struct spread_acc), .result = VAL_NUM, .numbers = true, \
	.add = spread_add, .merge = spread_merge, .result_of = how, .drop = spread_drop, \
	.heap = spread_heap, .save = spread_save, .load = spread_load }

const struct agg_kind agg_stddev_pop = SPREAD("STDDEV_POP", stddev_pop_result);
const struct agg_kind agg_stddev_samp = SPREAD("STDDEV_SAMP", stddev_samp_result);
const struct agg_kind agg_var_pop = SPREAD("VAR_POP", var_pop_result);
const struct agg_kind agg_var_samp = SPREAD("VAR_SAMP", var_samp_result);
