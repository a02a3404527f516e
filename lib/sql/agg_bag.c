/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agg_bag.c - DISTINCT, COUNT(*) BY, TOP and COLLECT
 *
 * All but COLLECT keep different values with how often each came (bag.h). F(DISTINCT x)
 * feeds its values, sorted, to F when the result is wanted, so that merging stays exact.
 */
#include <stdlib.h>

#include "sql/agg.h"
#include "sql/bag.h"

struct bagged {
	struct bag *bag;
};

static void
add_key(const struct agg_call *call, struct bagged *acc, const struct val *v)
{
	struct buf key;

	buf_init(&key, BUF_NO_MAX);
	val_key(&key, v);
	bag_add(&acc->bag, call->seed, &(struct bag_item){
		buf_str(&key), 1, v->kind != VAL_NUM || !v->num.approx });
	buf_release(&key);
}

/* 1e2 and 100 are one value, and that is exact; 1e2 alone is a double. */
static void
value_of(const struct bag_item *item, struct val *to)
{
	if (val_of_key(to, item->key) < 0)
		val_set_null(to);
	if (to->kind == VAL_NUM && !item->exact)
		num_of_double(&to->num, num_to_double(&to->num));
}

static void
bagged_add(const struct agg_call *call, void *acc, const struct agg_value *v,
           const struct agg_input *in)
{
	struct val room;

	(void)in;
	add_key(call, acc, agg_val(v, &room));
}

static void
bagged_merge(const struct agg_call *call, void *into, const void *from)
{
	bag_merge(&((struct bagged *)into)->bag, call->seed, ((const struct bagged *)from)->bag);
}

static void
bagged_drop(void *acc)
{
	bag_free(((struct bagged *)acc)->bag);
	((struct bagged *)acc)->bag = NULL;
}

static size_t
bagged_heap(const void *acc)
{
	return bag_heap(((const struct bagged *)acc)->bag);
}

/* For n items of a size that are sorted, which takes as much again, and then become a text: that is
 * built in a buffer, copied to scratch and put into a line, and buffers have up to
 * twice the room. */
static size_t
takes(size_t n, size_t size, size_t text)
{
	return n * size + (n * size > 3 * text ? n * size : 3 * text);
}

static size_t
by_takes(const void *acc)
{
	const struct bag *bag = ((const struct bagged *)acc)->bag;
	const size_t      n = bag_count(bag);

	return takes(n, sizeof(struct bag_item), bag_text(bag) + n * sizeof("\"\":10,"));
}

static void
bagged_save(const void *acc, struct buf *to)
{
	bag_save(((const struct bagged *)acc)->bag, to);
}

static int
bagged_load(const struct agg_call *call, void *acc, struct cursor *from)
{
	return bag_load(&((struct bagged *)acc)->bag, call->seed, from);
}

/* ---- COUNT(DISTINCT x) and F(DISTINCT x) */

static void
count_distinct_result(const struct agg_call *call, const void *acc, struct val *to,
                      struct arena *scratch)
{
	(void)call, (void)scratch;
	val_set_num(to, num_of((int64_t)bag_count(((const struct bagged *)acc)->bag)));
}

const struct agg_kind agg_count_distinct = {
	.name = "COUNT(DISTINCT)", .size = sizeof(struct bagged), .result = VAL_NUM, .grows = true,
	.add = bagged_add, .merge = bagged_merge, .result_of = count_distinct_result,
	.drop = bagged_drop,
	.heap = bagged_heap, .save = bagged_save, .load = bagged_load,
};

static int
by_value(const void *a, const void *b)
{
	return val_order(a, b);
}

static void
distinct_result(const struct agg_call *call, const void *acc, struct val *to, struct arena *scratch)
{
	const struct bag *bag = ((const struct bagged *)acc)->bag;
	struct bag_item  *items = bag_sorted(bag, scratch);
	size_t            n = bag_count(bag);
	struct val       *values = arena_alloc(scratch, n * sizeof(*values));
	void             *total = arena_alloc(scratch, call->inner->size);

	memset(total, 0, call->inner->size);
	for (size_t i = 0; i < n; i++)
		value_of(&items[i], &values[i]);
	if (n > 1)
		qsort(values, n, sizeof(*values), by_value);
	for (size_t i = 0; i < n; i++) {
		const struct agg_value v = { .val = &values[i], .state = AGG_VAL };
		const struct agg_input in = { .arrival = i };

		call->inner->add(call, total, &v, &in);
	}
	call->inner->result_of(call, total, to, scratch);
	if (call->inner->drop != NULL)
		call->inner->drop(total);
}

/* The items' values are sorted, too. */
static size_t
distinct_takes(const void *acc)
{
	const size_t n = bag_count(((const struct bagged *)acc)->bag);

	return n * sizeof(struct bag_item) + takes(n, sizeof(struct val), 0);
}

const struct agg_kind agg_distinct = {
	.name = "DISTINCT", .size = sizeof(struct bagged), .result = KIND_UNKNOWN, .grows = true,
	.add = bagged_add, .merge = bagged_merge, .result_of = distinct_result, .drop = bagged_drop,
	.heap = bagged_heap, .takes = distinct_takes, .save = bagged_save, .load = bagged_load,
};

/* ---- JSON results are built in a buffer and copied to scratch */

static void
set_json(struct val *to, struct buf *json, struct arena *scratch)
{
	val_set_null(to);
	to->kind = VAL_JSON;
	to->raw = arena_dup(scratch, buf_str(json));
	buf_release(json);
}

/* The key is the text form of the value. */
static void
by_add(const struct agg_call *call, void *acc, const struct agg_value *v,
       const struct agg_input *in)
{
	(void)in;
	bag_add(&((struct bagged *)acc)->bag, call->seed,
	        &(struct bag_item){ v->val->text, 1, true });
}

static void
by_result(const struct agg_call *call, const void *acc, struct val *to, struct arena *scratch)
{
	const struct bag *bag = ((const struct bagged *)acc)->bag;
	struct bag_item  *items = bag_sorted(bag, scratch);
	struct buf        json;

	(void)call;
	buf_init(&json, BUF_NO_MAX);
	buf_add_char(&json, '{');
	for (size_t i = 0; i < bag_count(bag); i++) {
		if (i > 0)
			buf_add_char(&json, ',');
		json_add_string(&json, items[i].key);
		buf_add_char(&json, ':');
		buf_add_u64(&json, items[i].times);
	}
	buf_add_char(&json, '}');
	set_json(to, &json, scratch);
}

const struct agg_kind agg_by = {
	.name = "BY", .size = sizeof(struct bagged), .result = VAL_JSON, .grows = true,
	.add = by_add, .merge = bagged_merge, .result_of = by_result, .drop = bagged_drop,
	.heap = bagged_heap, .takes = by_takes, .save = bagged_save, .load = bagged_load,
};

/* ---- TOP(k, x) */

struct ranked {
	struct val v;
	uint64_t   times;
};

/* The most frequent first, then the least value. */
static int
by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->times != y->times)
		return x->times > y->times ? -1 : 1;
	return val_order(&x->v, &y->v);
}

/* The best k of the bag, in order; how many there are. There is room for twice as many: whenever it
 * is full the better half stays. */
static size_t
best_of(const struct bag *bag, size_t k, struct ranked *best)
{
	bool   chosen = false;
	size_t n = 0;

	for (size_t i = 0; i < bag_count(bag); i++) {
		const struct bag_item item = bag_at(bag, i);
		struct ranked r = { .times = item.times };

		value_of(&item, &r.v);
		if (chosen && by_rank(&r, &best[k - 1]) > 0)
			continue;
		best[n++] = r;
		if (n < 2 * k)
			continue;
		qsort(best, n, sizeof(*best), by_rank);
		chosen = true;
		n = k;
	}
	if (n > 1)
		qsort(best, n, sizeof(*best), by_rank);
	return n < k ? n : k;
}

static void
top_result(const struct agg_call *call, const void *acc, struct val *to, struct arena *scratch)
{
	const struct bag *bag = ((const struct bagged *)acc)->bag;
	const size_t      room = bag_count(bag) < 2 * call->top ? bag_count(bag) : 2 * call->top;
	struct ranked    *best = arena_alloc(scratch, room * sizeof(*best));
	const size_t      n = best_of(bag, call->top, best);
	struct buf        json;

	buf_init(&json, BUF_NO_MAX);
	buf_add_char(&json, '[');
	for (size_t i = 0; i < n; i++) {
		buf_add_str(&json, i > 0 ? STR(",{\"value\":") : STR("{\"value\":"));
		val_add_json(&json, &best[i].v);
		buf_add_str(&json, STR(",\"count\":"));
		buf_add_u64(&json, best[i].times);
		buf_add_char(&json, '}');
	}
	buf_add_char(&json, ']');
	set_json(to, &json, scratch);
}

const struct agg_kind agg_top = {
	.name = "TOP", .size = sizeof(struct bagged), .result = VAL_JSON, .grows = true,
	.add = bagged_add, .merge = bagged_merge, .result_of = top_result, .drop = bagged_drop,
	.heap = bagged_heap, .save = bagged_save, .load = bagged_load,
};

/* ---- COLLECT(x) */

struct collected {
	int64_t  ts;
	uint64_t arrival;
	size_t   at, n;                 /* in bytes: the value as JSON */
};

struct list {
	struct collected *item;
	size_t            n, cap;
	struct buf        bytes;
};

struct listed {
	struct list *list;
};

static void
list_add(struct listed *acc, int64_t ts, uint64_t arrival, struct str json)
{
	struct list *l = acc->list;

	if (l == NULL) {
		l = acc->list = mem_zalloc(1, sizeof(*l));
		buf_init(&l->bytes, BUF_NO_MAX);
	}
	l->item = mem_more(l->item, l->n, &l->cap, sizeof(*l->item));
	l->item[l->n++] = (struct collected){ ts, arrival, l->bytes.n, json.n };
	buf_add_str(&l->bytes, json);
}

static struct str
item_json(const struct list *l, const struct collected *item)
{
	return (struct str){ l->bytes.p + item->at, item->n };
}

static void
collect_add(const struct agg_call *call, void *acc, const struct agg_value *v,
            const struct agg_input *in)
{
	struct val room;
	struct buf json;

	(void)call;
	buf_init(&json, BUF_NO_MAX);
	val_add_json(&json, agg_val(v, &room));
	list_add(acc, in->ts, in->arrival, buf_str(&json));
	buf_release(&json);
}

static void
collect_merge(const struct agg_call *call, void *into, const void *from)
{
	const struct list *l = ((const struct listed *)from)->list;

	(void)call;
	for (size_t i = 0; l != NULL && i < l->n; i++)
		list_add(into, l->item[i].ts, l->item[i].arrival, item_json(l, &l->item[i]));
}

static int
by_time(const void *a, const void *b)
{
	const struct collected *x = a, *y = b;

	if (x->ts != y->ts)
		return x->ts < y->ts ? -1 : 1;
	return (x->arrival > y->arrival) - (x->arrival < y->arrival);
}

static void
collect_result(const struct agg_call *call, const void *acc, struct val *to, struct arena *scratch)
{
	const struct list *l = ((const struct listed *)acc)->list;
	size_t             n = l == NULL ? 0 : l->n;
	struct collected  *sorted = arena_alloc(scratch, n * sizeof(*sorted));
	struct buf         json;

	(void)call;
	buf_init(&json, BUF_NO_MAX);
	if (n > 0) {
		memcpy(sorted, l->item, n * sizeof(*sorted));
		qsort(sorted, n, sizeof(*sorted), by_time);
	}
	buf_add_char(&json, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_add_char(&json, ',');
		buf_add_str(&json, item_json(l, &sorted[i]));
	}
	buf_add_char(&json, ']');
	set_json(to, &json, scratch);
}

static void
collect_drop(void *acc)
{
	struct list *l = ((struct listed *)acc)->list;

	if (l != NULL) {
		buf_release(&l->bytes);
		free(l->item);
		free(l);
	}
	((struct listed *)acc)->list = NULL;
}

static size_t
collect_heap(const void *acc)
{
	const struct list *l = ((const struct listed *)acc)->list;

	return l == NULL ? 0 : sizeof(*l) + l->cap * sizeof(*l->item) + l->bytes.cap;
}

static size_t
collect_takes(const void *acc)
{
	const struct list *l = ((const struct listed *)acc)->list;

	return l == NULL ? 0 : takes(l->n, sizeof(*l->item), l->bytes.n + l->n);
}

static void
collect_save(const void *acc, struct buf *to)
{
	const struct list *l = ((const struct listed *)acc)->list;

	buf_put_u64(to, l == NULL ? 0 : l->n);
	for (size_t i = 0; l != NULL && i < l->n; i++) {
		buf_put_i64(to, l->item[i].ts);
		buf_put_u64(to, l->item[i].arrival);
		buf_put_str(to, item_json(l, &l->item[i]));
	}
}

static int
collect_load(const struct agg_call *call, void *acc, struct cursor *from)
{
	uint64_t n = cursor_u64(from);

	(void)call;
	for (uint64_t i = 0; i < n && from->ok; i++) {
		int64_t    ts = cursor_i64(from);
		uint64_t   arrival = cursor_u64(from);
		struct str json = cursor_str(from);

		if (from->ok)
			list_add(acc, ts, arrival, json);
	}
	return from->ok ? 0 : -1;
}

const struct agg_kind agg_collect = {
	.name = "COLLECT", .size = sizeof(struct listed), .result = VAL_JSON, .timed = true,
	.grows = true,
	.add = collect_add, .merge = collect_merge, .result_of = collect_result,
	.drop = collect_drop,
	.heap = collect_heap, .takes = collect_takes, .save = collect_save, .load = collect_load,
};
