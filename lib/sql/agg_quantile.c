/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agg_quantile.c - QUANTILE(x, q) and MEDIAN(x)
 *
 * Up to EXACT_MAX values are kept, sorted, and the answer is exact: at the place q * (n -
 * 1), between two values in proportion (SQL's PERCENTILE_CONT). More go into a DDSketch (C.
 * Masson, J. Rim, H. Lee, "DDSketch", VLDB 2019): counts of values whose logarithms are
 * alike, so that every answer is within RELATIVE_ERROR of the true value. It depends on the
 * values alone, not on their order, and merges without loss. The buckets of all doubles are
 * 142 thousand of each sign at most.
 */
#include <math.h>
#include <stdlib.h>

#include "sql/agg.h"

#define EXACT_MAX      1024
#define RELATIVE_ERROR 0.005

struct bucket {
	int32_t  index;                 /* see index_of */
	uint64_t n;
};

struct quantile {
	struct num    *exact;           /* sorted; NULL once there are buckets */
	struct bucket *bucket;          /* sorted by index */
	size_t         n, cap;          /* of exact or of bucket */
	uint64_t       count;           /* of values */
};

struct quantile_acc {
	struct quantile *q;
};

static double
log_gamma(void)
{
	return log((1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR));
}

/* Indexes are in the order of the values: negative ones below zero's, which is 0, positive
 * ones above. */
#define INDEX_OFFSET 80000              /* ln(1e-324) / log_gamma is -74 thousand */

static int32_t
index_of(double x)
{
	double i;

	if (x == 0)
		return 0;
	i = ceil(log(fabs(x)) / log_gamma()) + INDEX_OFFSET;
	return x < 0 ? (int32_t)-i : (int32_t)i;
}

/* The value that is within RELATIVE_ERROR of all in the bucket. */
static double
value_of(int32_t index)
{
	double log_upper = (abs(index) - INDEX_OFFSET) * log_gamma();
	double x = index == 0 ? 0 : exp(log_upper) * (1 - RELATIVE_ERROR);

	if (x > 1.7976931348623157e308)
		x = 1.7976931348623157e308;
	return index < 0 ? -x : x;
}

static void
add_to_bucket(struct quantile *q, int32_t index, uint64_t n)
{
	size_t from = 0, to = q->n;

	while (from < to) {
		size_t middle = (from + to) / 2;

		if (q->bucket[middle].index < index)
			from = middle + 1;
		else
			to = middle;
	}
	if (from == q->n || q->bucket[from].index != index) {
		q->bucket = mem_more(q->bucket, q->n, &q->cap, sizeof(*q->bucket));
		memmove(q->bucket + from + 1, q->bucket + from, (q->n - from) * sizeof(*q->bucket));
		q->bucket[from] = (struct bucket){ .index = index };
		q->n++;
	}
	q->bucket[from].n += n;
	q->count += n;
}

static void
make_buckets(struct quantile *q)
{
	struct num *exact = q->exact;
	size_t      n = q->n;

	if (q->bucket != NULL)
		return;
	q->exact = NULL;
	q->n = q->cap = 0;
	q->count = 0;
	for (size_t i = 0; i < n; i++)
		add_to_bucket(q, index_of(num_to_double(&exact[i])), 1);
	free(exact);
}

/* Equal numbers are sorted by how they are written, so that the order of arrival does not show. */
static int
order(const struct num *a, const struct num *b)
{
	int by_value = num_cmp(a, b);

	if (by_value != 0)
		return by_value;
	if (a->approx != b->approx)
		return a->approx ? 1 : -1;
	return (a->scale > b->scale) - (a->scale < b->scale);
}

static void
add_num(struct quantile_acc *acc, const struct num *x)
{
	struct quantile *q = acc->q;
	size_t           from = 0, to;

	if (q == NULL)
		q = acc->q = mem_zalloc(1, sizeof(*q));
	if (q->bucket == NULL && q->n == EXACT_MAX)
		make_buckets(q);
	if (q->bucket != NULL) {
		add_to_bucket(q, index_of(num_to_double(x)), 1);
		return;
	}
	for (to = q->n; from < to; ) {
		size_t middle = (from + to) / 2;

		if (order(&q->exact[middle], x) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	q->exact = mem_more(q->exact, q->n, &q->cap, sizeof(*q->exact));
	memmove(q->exact + from + 1, q->exact + from, (q->n - from) * sizeof(*q->exact));
	q->exact[from] = *x;
	q->n++;
	q->count++;
}

static void
quantile_add(const struct agg_call *call, void *acc, const struct agg_value *v,
             const struct agg_input *in)
{
	struct num x;

	(void)call, (void)in;
	if (agg_num(v, &x))
		add_num(acc, &x);
}

static void
quantile_merge(const struct agg_call *call, void *into, const void *from)
{
	const struct quantile *other = ((const struct quantile_acc *)from)->q;
	struct quantile_acc   *acc = into;

	(void)call;
	if (other == NULL)
		return;
	if (other->bucket == NULL) {
		for (size_t i = 0; i < other->n; i++)
			add_num(acc, &other->exact[i]);
		return;
	}
	if (acc->q == NULL)
		acc->q = mem_zalloc(1, sizeof(*acc->q));
	make_buckets(acc->q);
	for (size_t i = 0; i < other->n; i++)
		add_to_bucket(acc->q, other->bucket[i].index, other->bucket[i].n);
}

/* The value at a place among all, from 0. */
static void
value_at(const struct quantile *q, uint64_t place, struct num *to)
{
	size_t i = 0;

	if (q->bucket == NULL) {
		*to = q->exact[place];
		return;
	}
	for (; i + 1 < q->n && place >= q->bucket[i].n; i++)
		place -= q->bucket[i].n;
	num_of_double(to, value_of(q->bucket[i].index));
}

/* Of two values that are further apart than a double can tell: a share of each. */
static int
mix(struct num *to, const struct num *next, const struct num *share)
{
	struct num rest = num_of(1), part;

	return num_sub(&rest, &rest, share) < 0 || num_mul(to, to, &rest) < 0 ||
	       num_mul(&part, next, share) < 0 || num_add(to, to, &part) < 0 ? -1 : 0;
}

static int
interpolate(const struct quantile *q, const struct num *fraction, struct num *to)
{
	struct num last = num_of((int64_t)(q->count - 1)), at, below, rest, next, apart;
	int64_t    place;

	if (num_mul(&at, fraction, &last) < 0 || num_round(&below, &at, 0, NUM_FLOOR) < 0 ||
	    num_to_i64(&below, &place) < 0 ||
	    num_sub(&rest, &at, &below) < 0)
		return -1;
	value_at(q, (uint64_t)place, to);
	below = num_of(0);
	if (num_cmp(&rest, &below) == 0)
		return 0;
	value_at(q, (uint64_t)place + 1, &next);
	if (num_sub(&apart, &next, to) < 0) {
		if (mix(to, &next, &rest) < 0)
			return -1;
	} else if (num_mul(&apart, &apart, &rest) < 0 || num_add(to, to, &apart) < 0) {
		return -1;
	}
	num_normalize(to);
	return 0;
}

static void
result_at(const struct quantile_acc *acc, const struct num *fraction, struct val *to)
{
	struct num result;

	val_set_null(to);
	if (acc->q != NULL && acc->q->count > 0 && interpolate(acc->q, fraction, &result) == 0)
		val_set_num(to, result);
}

static void
quantile_result(const struct agg_call *call, const void *acc, struct val *to, struct arena *scratch)
{
	(void)scratch;
	result_at(acc, &call->fraction, to);
}

static void
median_result(const struct agg_call *call, const void *acc, struct val *to, struct arena *scratch)
{
	const struct num half = { .v = 5, .scale = 1 };

	(void)call, (void)scratch;
	result_at(acc, &half, to);
}

static void
quantile_drop(void *acc)
{
	struct quantile *q = ((struct quantile_acc *)acc)->q;

	if (q != NULL) {
		free(q->exact);
		free(q->bucket);
		free(q);
	}
	((struct quantile_acc *)acc)->q = NULL;
}

static size_t
quantile_heap(const void *acc)
{
	const struct quantile *q = ((const struct quantile_acc *)acc)->q;

	if (q == NULL)
		return 0;
	return sizeof(*q) + q->cap * (q->bucket != NULL ? sizeof(*q->bucket) : sizeof(*q->exact));
}

static void
quantile_save(const void *acc, struct buf *to)
{
	const struct quantile *q = ((const struct quantile_acc *)acc)->q;
	bool                   buckets = q != NULL && q->bucket != NULL;

	buf_put_u64(to, q == NULL ? 0 : q->n);
	buf_put_u64(to, buckets);
	for (size_t i = 0; q != NULL && i < q->n; i++) {
		if (buckets) {
			buf_put_i64(to, q->bucket[i].index);
			buf_put_u64(to, q->bucket[i].n);
		} else {
			const struct val v = { .kind = VAL_NUM, .num = q->exact[i] };

			val_save(to, &v);
		}
	}
}

static int
load_bucket(struct quantile_acc *acc, struct cursor *from)
{
	int64_t  index = cursor_i64(from);
	uint64_t n = cursor_u64(from);

	if (!from->ok || index > 2 * INDEX_OFFSET || index < -2 * INDEX_OFFSET || n == 0)
		return -1;
	if (acc->q == NULL)
		acc->q = mem_zalloc(1, sizeof(*acc->q));
	add_to_bucket(acc->q, (int32_t)index, n);
	return 0;
}

static int
quantile_load(const struct agg_call *call, void *acc, struct cursor *from)
{
	uint64_t   n = cursor_u64(from);
	bool       buckets = cursor_u64(from) != 0;
	struct val v;

	(void)call;
	if (!buckets && n > EXACT_MAX)
		return -1;
	for (uint64_t i = 0; i < n; i++) {
		if (buckets) {
			if (load_bucket(acc, from) < 0)
				return -1;
		} else {
			if (val_load(&v, from) < 0 || v.kind != VAL_NUM)
				return -1;
			add_num(acc, &v.num);
		}
	}
	return from->ok ? 0 : -1;
}

const struct agg_kind agg_quantile = {
	.name = "QUANTILE", .size = sizeof(struct quantile_acc), .result = VAL_NUM, .numbers = true,
	.grows = true,
	.add = quantile_add, .merge = quantile_merge, .result_of = quantile_result,
	.drop = quantile_drop,
	.heap = quantile_heap, .save = quantile_save, .load = quantile_load,
};

const struct agg_kind agg_median = {
	.name = "MEDIAN", .size = sizeof(struct quantile_acc), .result = VAL_NUM, .numbers = true,
	.grows = true,
	.add = quantile_add, .merge = quantile_merge, .result_of = median_result,
	.drop = quantile_drop,
	.heap = quantile_heap, .save = quantile_save, .load = quantile_load,
};
