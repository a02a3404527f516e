/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agg_approx.c - APPROX_COUNT_DISTINCT by HyperLogLog
 *
 * P. Flajolet et al., "HyperLogLog", 2007, with 2^14 registers and a 64-bit hash, estimated
 * as in O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017
 * (algorithm 6), which needs no tables of corrections. The standard error is 1.04 /
 * sqrt(2^14) = 0.81 %. Up to EXACT_MAX values the hashes themselves are kept and the count
 * is exact but for collisions of 64-bit hashes.
 *
 * The hash has a fixed seed: a state that was saved must go on counting after it is loaded.
 */
#include <math.h>
#include <stdlib.h>
#include <xxhash.h>

#include "sql/agg.h"

#define BITS      14
#define REGISTERS ((size_t)1 << BITS)
#define TAIL      (64 - BITS)           /* bits of the hash that runs of zeros are counted in */
#define EXACT_MAX 512

struct hll {
	uint8_t  *reg;                  /* REGISTERS, once there are more than EXACT_MAX hashes */
	uint64_t *hash;                 /* sorted, until then */
	size_t    n, cap;
};

struct hll_acc {
	struct hll *h;
};

static void
put_in_register(struct hll *h, uint64_t hash)
{
	size_t   i = (size_t)(hash >> TAIL);
	uint64_t tail = hash << BITS;
	uint8_t  rank = (uint8_t)(tail == 0 ? TAIL + 1 : __builtin_clzll(tail) + 1);

	if (h->reg[i] < rank)
		h->reg[i] = rank;
}

static void
make_registers(struct hll *h)
{
	if (h->reg != NULL)
		return;
	h->reg = mem_zalloc(REGISTERS, 1);
	for (size_t i = 0; i < h->n; i++)
		put_in_register(h, h->hash[i]);
	free(h->hash);
	h->hash = NULL;
	h->n = h->cap = 0;
}

/* The first place whose hash is not below. */
static size_t
place_of(const struct hll *h, uint64_t hash)
{
	size_t from = 0, to = h->n;

	while (from < to) {
		size_t middle = (from + to) / 2;

		if (h->hash[middle] < hash)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static void
add_hash(struct hll_acc *acc, uint64_t hash)
{
	struct hll *h = acc->h;
	size_t      i;

	if (h == NULL)
		h = acc->h = mem_zalloc(1, sizeof(*h));
	if (h->reg == NULL) {
		i = place_of(h, hash);
		if (i < h->n && h->hash[i] == hash)
			return;
		if (h->n < EXACT_MAX) {
			h->hash = mem_more(h->hash, h->n, &h->cap, sizeof(*h->hash));
			memmove(h->hash + i + 1, h->hash + i, (h->n - i) * sizeof(*h->hash));
			h->hash[i] = hash;
			h->n++;
			return;
		}
		make_registers(h);
	}
	put_in_register(h, hash);
}

static void
approx_add(const struct agg_call *call, void *acc, const struct agg_value *v,
           const struct agg_input *in)
{
	struct val room;
	struct buf key;

	(void)call, (void)in;
	buf_init(&key, BUF_NO_MAX);
	val_key(&key, agg_val(v, &room));
	add_hash(acc, XXH3_64bits(key.p, key.n));
	buf_release(&key);
}

static void
approx_merge(const struct agg_call *call, void *into, const void *from)
{
	const struct hll *other = ((const struct hll_acc *)from)->h;
	struct hll_acc   *acc = into;

	(void)call;
	if (other == NULL)
		return;
	for (size_t i = 0; i < other->n; i++)
		add_hash(acc, other->hash[i]);
	if (other->reg == NULL)
		return;
	if (acc->h == NULL)
		acc->h = mem_zalloc(1, sizeof(*acc->h));
	make_registers(acc->h);
	for (size_t i = 0; i < REGISTERS; i++)
		if (acc->h->reg[i] < other->reg[i])
			acc->h->reg[i] = other->reg[i];
}

/* Ertl's sigma(x) = x + sum over k of x^(2^k) * 2^(k-1). */
static double
sigma(double x)
{
	double power = 1, sum = x, before;

	if (x >= 1)
		return HUGE_VAL;
	do {
		x *= x;
		before = sum;
		sum += x * power;
		power *= 2;
	} while (sum > before);
	return sum;
}

/* Ertl's tau(x) = (1 - x - sum over k of (1 - x^(2^-k))^2 * 2^-k) / 3. */
static double
tau(double x)
{
	double power = 1, sum = 1 - x, before;

	if (x <= 0 || x >= 1)
		return 0;
	do {
		x = sqrt(x);
		before = sum;
		power /= 2;
		sum -= (1 - x) * (1 - x) * power;
	} while (sum < before);
	return sum / 3;
}

static uint64_t
estimate(const struct hll *h)
{
	const double m = (double)REGISTERS;
	size_t       count[TAIL + 2] = { 0 };
	double       z;

	for (size_t i = 0; i < REGISTERS; i++)
		count[h->reg[i]]++;
	z = m * tau(1 - (double)count[TAIL + 1] / m);
	for (size_t k = TAIL; k >= 1; k--)
		z = 0.5 * (z + (double)count[k]);
	z += m * sigma((double)count[0] / m);
	return (uint64_t)llround(m * m / (2 * log(2) * z));
}

static void
approx_result(const struct agg_call *call, const void *acc, struct val *to, struct arena *scratch)
{
	const struct hll *h = ((const struct hll_acc *)acc)->h;
	uint64_t          n = h == NULL ? 0 : h->reg == NULL ? h->n : estimate(h);

	(void)call, (void)scratch;
	val_set_num(to, num_of((int64_t)n));
}

static void
approx_drop(void *acc)
{
	struct hll *h = ((struct hll_acc *)acc)->h;

	if (h != NULL) {
		free(h->reg);
		free(h->hash);
		free(h);
	}
	((struct hll_acc *)acc)->h = NULL;
}

static size_t
approx_heap(const void *acc)
{
	const struct hll *h = ((const struct hll_acc *)acc)->h;

	if (h == NULL)
		return 0;
	return sizeof(*h) + h->cap * sizeof(*h->hash) + (h->reg == NULL ? 0 : REGISTERS);
}

/* The registers as bytes, or nothing and the hashes. */
static void
approx_save(const void *acc, struct buf *to)
{
	const struct hll *h = ((const struct hll_acc *)acc)->h;
	struct str        registers = { NULL, 0 };

	if (h != NULL && h->reg != NULL)
		registers = (struct str){ (const char *)h->reg, REGISTERS };
	buf_put_str(to, registers);
	if (registers.n > 0)
		return;
	buf_put_u64(to, h == NULL ? 0 : h->n);
	for (size_t i = 0; h != NULL && i < h->n; i++)
		buf_put_u64(to, h->hash[i]);
}

static int
approx_load(const struct agg_call *call, void *acc, struct cursor *from)
{
	struct str      registers = cursor_str(from);
	struct hll_acc *a = acc;
	uint64_t        n;

	(void)call;
	if (registers.n == 0) {
		n = cursor_u64(from);
		for (uint64_t i = 0; i < n && from->ok; i++) {
			uint64_t hash = cursor_u64(from);

			if (from->ok)
				add_hash(a, hash);
		}
		return from->ok ? 0 : -1;
	}
	if (registers.n != REGISTERS)
		return -1;
	for (size_t i = 0; i < REGISTERS; i++)
		if ((unsigned char)registers.p[i] > TAIL + 1)
			return -1;
	a->h = mem_zalloc(1, sizeof(*a->h));
	make_registers(a->h);
	memcpy(a->h->reg, registers.p, REGISTERS);
	return 0;
}

const struct agg_kind agg_approx_count_distinct = {
	.name = "APPROX_COUNT_DISTINCT", .size = sizeof(struct hll_acc), .result = VAL_NUM,
	.grows = true,
	.add = approx_add, .merge = approx_merge, .result_of = approx_result, .drop = approx_drop,
	.heap = approx_heap,
	.save = approx_save, .load = approx_load,
};
