/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agg_basic.c - COUNT, SUM, AVG, MIN, MAX, FIRST and LAST
 */
#include <stdlib.h>

#include "sql/agg.h"
#include "sql/cell.h"

/* ---- COUNT */

static void
count_add(const struct agg_call *call, void *acc, const struct agg_value *v,
          const struct agg_input *in)
{
	(void)call, (void)v, (void)in;
	count_one(acc);
}

static void
count_merge(const struct agg_call *call, void *into, const void *from)
{
	(void)call;
	count_set(into, count_get(into) + count_get(from));
}

static void
count_result(const struct agg_call *call, const void *acc, struct val *to, struct arena *scratch)
{
	(void)call, (void)scratch;
	val_set_num(to, num_of((int64_t)count_get(acc)));
}

static void
count_save(const void *acc, struct buf *to)
{
	buf_put_u64(to, count_get(acc));
}

static int
count_load(const struct agg_call *call, void *acc, struct cursor *from)
{
	const uint64_t n = cursor_u64(from);

	(void)call;
	count_set(acc, n);
	return count_get(acc) == n ? 0 : -1;
}

const struct agg_kind agg_count = {
	.name = "COUNT", .size = sizeof(struct count), .result = VAL_NUM,
	.add = count_add, .merge = count_merge, .result_of = count_result, .save = count_save,
	.load = count_load,
};

/* ---- SUM and AVG */

static bool
sum_get(const struct sum *s, struct num *to)
{
	if (s->state == SUM_SMALL)
		*to = small_num((struct small){ s->v, s->scale });
	else if (s->state == SUM_NUM)
		*to = *s->num;
	return s->state == SUM_SMALL || s->state == SUM_NUM;
}

/* s->n is not the sum's. */
static void
sum_put(struct sum *s, struct small x, enum sum_state state)
{
	if (s->state == SUM_NUM)
		free(s->num);
	s->v = x.v;
	s->scale = x.scale;
	s->state = (uint8_t)state;
}

static void
sum_drop(void *acc)
{
	sum_put(acc, (struct small){ 0 }, SUM_NOTHING);
}

static void
sum_set(struct sum *s, const struct num *n)
{
	struct small small;

	if (small_of_num(&small, n)) {
		sum_put(s, small, SUM_SMALL);
		return;
	}
	if (s->state != SUM_NUM)
		s->num = mem_alloc(sizeof(*s->num));
	*s->num = *n;
	s->state = SUM_NUM;
}

void
sum_add_slowly(struct sum *s, const struct num *n)
{
	struct num total;

	if (s->state == SUM_LOST)
		return;
	if (!sum_get(s, &total)) {
		sum_set(s, n);
	} else if (num_add(&total, &total, n) == 0) {
		sum_set(s, &total);
	} else {
		sum_put(s, (struct small){ 0 }, SUM_LOST);
	}
}

static void
sum_add(const struct agg_call *call, void *acc, const struct agg_value *v,
        const struct agg_input *in)
{
	(void)call, (void)in;
	if (v->state == AGG_SMALL)
		sum_add_small(acc, v->small);
	else if (v->val->kind == VAL_NUM)
		sum_add_slowly(acc, &v->val->num);
}

static void
sum_merge(const struct agg_call *call, void *into, const void *from)
{
	const struct sum *s = from;
	struct num        n;

	(void)call;
	if (s->state == SUM_SMALL) {
		sum_add_small(into, (struct small){ s->v, s->scale });
	} else if (sum_get(s, &n)) {
		sum_add_slowly(into, &n);
	} else if (s->state == SUM_LOST) {
		sum_put(into, (struct small){ 0 }, SUM_LOST);
	}
}

static void
sum_result(const struct agg_call *call, const void *acc, struct val *to, struct arena *scratch)
{
	struct num n;

	(void)call, (void)scratch;
	val_set_null(to);
	if (sum_get(acc, &n))
		val_set_num(to, n);
}

static size_t
sum_heap(const void *acc)
{
	return ((const struct sum *)acc)->state == SUM_NUM ? sizeof(struct num) : 0;
}

static void
sum_save(const void *acc, struct buf *to)
{
	const struct sum *s = acc;
	struct val        v = { .kind = VAL_NULL };

	if (sum_get(s, &v.num))
		v.kind = VAL_NUM;
	buf_add_char(to, (char)s->state);
	val_save(to, &v);
}

static int
sum_load(const struct agg_call *call, void *acc, struct cursor *from)
{
	struct sum *s = acc;
	struct val  v;
	char        state = from->rest.n > 0 ? from->rest.p[0] : SUM_LOST + 1;

	(void)call;
	from->rest = str_slice(from->rest, 1, from->rest.n);
	if (state < SUM_NOTHING || state > SUM_LOST || val_load(&v, from) < 0)
		return -1;
	if ((v.kind == VAL_NUM) != (state == SUM_SMALL || state == SUM_NUM))
		return -1;
	if (v.kind == VAL_NUM)
		sum_set(s, &v.num);
	else
		s->state = (uint8_t)state;
	return 0;
}

const struct agg_kind agg_sum = {
	.name = "SUM", .size = sizeof(struct sum), .result = VAL_NUM, .numbers = true,
	.add = sum_add, .merge = sum_merge, .result_of = sum_result, .drop = sum_drop,
	.heap = sum_heap,
	.save = sum_save, .load = sum_load,
};

static void
avg_add(const struct agg_call *call, void *acc, const struct agg_value *v,
        const struct agg_input *in)
{
	if (v->state == AGG_VAL && v->val->kind != VAL_NUM)
		return;
	sum_add(call, acc, v, in);
	count_one(&((struct sum *)acc)->n);
}

static void
avg_merge(const struct agg_call *call, void *into, const void *from)
{
	sum_merge(call, into, from);
	count_merge(call, &((struct sum *)into)->n, &((const struct sum *)from)->n);
}

static void
avg_result(const struct agg_call *call, const void *acc, struct val *to, struct arena *scratch)
{
	struct num n, count = num_of((int64_t)count_get(&((const struct sum *)acc)->n));

	(void)call, (void)scratch;
	val_set_null(to);
	if (sum_get(acc, &n) && num_div(&n, &n, &count) == 0)
		val_set_num(to, n);
}

static void
avg_drop(void *acc)
{
	sum_drop(acc);
	count_set(&((struct sum *)acc)->n, 0);
}

static void
avg_save(const void *acc, struct buf *to)
{
	sum_save(acc, to);
	count_save(&((const struct sum *)acc)->n, to);
}

static int
avg_load(const struct agg_call *call, void *acc, struct cursor *from)
{
	return sum_load(call, acc, from) < 0 ? -1 : count_load(call, &((struct sum *)acc)->n, from);
}

const struct agg_kind agg_avg = {
	.name = "AVG", .size = sizeof(struct sum), .result = VAL_NUM, .numbers = true,
	.add = avg_add, .merge = avg_merge, .result_of = avg_result, .drop = avg_drop,
	.heap = sum_heap,
	.save = avg_save, .load = avg_load,
};

/* ---- MIN and MAX */

/* Among equal numbers the one with more digits after the point stays, whichever came first:
 * 5.10 rather than 5.1. */
static bool
beats(const struct val *v, const struct val *best, int wanted)
{
	int order = val_order(v, best);

	if (order != 0)
		return order == wanted;
	if (v->kind != VAL_NUM)
		return false;
	if (v->num.approx != best->num.approx)
		return best->num.approx;
	return v->num.scale > best->num.scale;
}

static void
offer(struct cell *c, const struct val *v, int wanted)
{
	struct val best, plain = *v;

	if (v->kind == VAL_JSON)
		return;
	plain.raw = (struct str){ NULL, 0 };
	cell_get(c, &best);
	if (best.kind == VAL_NULL || beats(v, &best, wanted))
		cell_set(c, &plain);
}

static void
offer_value(struct cell *c, const struct agg_value *v, int wanted)
{
	struct val room;

	if (v->state == AGG_SMALL && c->tag == CELL_SMALL && c->n == v->small.scale) {
		if (wanted < 0 ? v->small.v < c->v : v->small.v > c->v)
			c->v = v->small.v;
		return;
	}
	offer(c, agg_val(v, &room), wanted);
}

static void
min_add(const struct agg_call *call, void *acc, const struct agg_value *v,
        const struct agg_input *in)
{
	(void)call, (void)in;
	offer_value(acc, v, -1);
}

static void
max_add(const struct agg_call *call, void *acc, const struct agg_value *v,
        const struct agg_input *in)
{
	(void)call, (void)in;
	offer_value(acc, v, 1);
}

static void
merge_extreme(void *into, const void *from, int wanted)
{
	struct val v;

	cell_get(from, &v);
	if (v.kind != VAL_NULL)
		offer(into, &v, wanted);
}

static void
min_merge(const struct agg_call *call, void *into, const void *from)
{
	(void)call;
	merge_extreme(into, from, -1);
}

static void
max_merge(const struct agg_call *call, void *into, const void *from)
{
	(void)call;
	merge_extreme(into, from, 1);
}

static void
extreme_result(const struct agg_call *call, const void *acc, struct val *to, struct arena *scratch)
{
	(void)call, (void)scratch;
	cell_get(acc, to);
}

static void
extreme_drop(void *acc)
{
	cell_drop(acc);
}

static size_t
extreme_heap(const void *acc)
{
	return cell_heap(acc);
}

static void
extreme_save(const void *acc, struct buf *to)
{
	cell_save(acc, to);
}

static int
extreme_load(const struct agg_call *call, void *acc, struct cursor *from)
{
	(void)call;
	return cell_load(acc, from);
}

const struct agg_kind agg_min = {
	.name = "MIN", .size = sizeof(struct cell), .result = KIND_UNKNOWN,
	.add = min_add, .merge = min_merge, .result_of = extreme_result, .drop = extreme_drop,
	.heap = extreme_heap,
	.save = extreme_save, .load = extreme_load,
};

const struct agg_kind agg_max = {
	.name = "MAX", .size = sizeof(struct cell), .result = KIND_UNKNOWN,
	.add = max_add, .merge = max_merge, .result_of = extreme_result, .drop = extreme_drop,
	.heap = extreme_heap,
	.save = extreme_save, .load = extreme_load,
};

/* ---- FIRST and LAST */

struct dated {
	int64_t     ts;
	uint64_t    arrival;
	struct cell cell;
};

static bool
is_before(int64_t ts, uint64_t arrival, const struct dated *d)
{
	return ts != d->ts ? ts < d->ts : arrival < d->arrival;
}

static void
dated_set(struct dated *d, int64_t ts, uint64_t arrival, const struct val *v)
{
	d->ts = ts;
	d->arrival = arrival;
	cell_set(&d->cell, v);
}

static void
first_add(const struct agg_call *call, void *acc, const struct agg_value *v,
          const struct agg_input *in)
{
	struct dated *d = acc;
	struct val    room;

	(void)call;
	if (d->cell.tag == CELL_EMPTY || is_before(in->ts, in->arrival, d))
		dated_set(d, in->ts, in->arrival, agg_val(v, &room));
}

static void
last_add(const struct agg_call *call, void *acc, const struct agg_value *v,
         const struct agg_input *in)
{
	struct dated *d = acc;
	struct val    room;

	(void)call;
	if (d->cell.tag == CELL_EMPTY || !is_before(in->ts, in->arrival, d))
		dated_set(d, in->ts, in->arrival, agg_val(v, &room));
}

static void
merge_dated(struct dated *into, const struct dated *from, bool last)
{
	struct val v;

	if (from->cell.tag == CELL_EMPTY)
		return;
	if (into->cell.tag == CELL_EMPTY || is_before(from->ts, from->arrival, into) != last) {
		cell_get(&from->cell, &v);
		dated_set(into, from->ts, from->arrival, &v);
	}
}

static void
first_merge(const struct agg_call *call, void *into, const void *from)
{
	(void)call;
	merge_dated(into, from, false);
}

static void
last_merge(const struct agg_call *call, void *into, const void *from)
{
	(void)call;
	merge_dated(into, from, true);
}

static void
dated_result(const struct agg_call *call, const void *acc, struct val *to, struct arena *scratch)
{
	(void)call, (void)scratch;
	cell_get(&((const struct dated *)acc)->cell, to);
}

static void
dated_drop(void *acc)
{
	cell_drop(&((struct dated *)acc)->cell);
	memset(acc, 0, sizeof(struct dated));
}

static size_t
dated_heap(const void *acc)
{
	return cell_heap(&((const struct dated *)acc)->cell);
}

static void
dated_save(const void *acc, struct buf *to)
{
	const struct dated *d = acc;

	buf_put_i64(to, d->ts);
	buf_put_u64(to, d->arrival);
	cell_save(&d->cell, to);
}

static int
dated_load(const struct agg_call *call, void *acc, struct cursor *from)
{
	struct dated *d = acc;

	(void)call;
	d->ts = cursor_i64(from);
	d->arrival = cursor_u64(from);
	return cell_load(&d->cell, from);
}

const struct agg_kind agg_first = {
	.name = "FIRST", .size = sizeof(struct dated), .result = KIND_UNKNOWN, .timed = true,
	.add = first_add, .merge = first_merge, .result_of = dated_result, .drop = dated_drop,
	.heap = dated_heap,
	.save = dated_save, .load = dated_load,
};

const struct agg_kind agg_last = {
	.name = "LAST", .size = sizeof(struct dated), .result = KIND_UNKNOWN, .timed = true,
	.add = last_add, .merge = last_merge, .result_of = dated_result, .drop = dated_drop,
	.heap = dated_heap,
	.save = dated_save, .load = dated_load,
};
