/* SPDX-License-Identifier: Apache-2.0 */
/* Aggregates by tables; then the laws: merging, order, saving and the stated errors of the
 * sketches. */
#include "unit.h"

#include <math.h>

#include "json/line.h"
#include "sql/aggregate.h"

struct rig {
	struct agg_list  *list;
	struct extractor *x;
	struct arena      scratch;
	uint64_t          arrival;
	struct buf        json;         /* of the last result */
};

static void
rig_start(struct rig *r)
{
	*r = (struct rig){ .list = agg_list_new(), .x = extract_new() };
	agg_list_seed(r->list, 42);
	buf_init(&r->json, BUF_NO_MAX);
}

static void
rig_stop(struct rig *r)
{
	agg_list_free(r->list);
	extract_free(r->x);
	arena_release(&r->scratch);
	buf_release(&r->json);
}

static void
must_add(struct rig *r, const char *text)
{
	struct err err;

	if (agg_list_add(r->list, str_of(text), r->x, &err) < 0) {
		print_error("%s\n", err.msg);
		assert_true(false);
	}
}

static void
feed(struct rig *r, void *acc, int64_t ts, const char *line)
{
	struct field    fields[EXTRACT_FIELDS];
	struct expr_env env = { .fields = fields, .scratch = &r->scratch };
	char            copy[512] = { 0 };
	struct err      err;

	snprintf(copy, sizeof(copy) - LINE_SLACK, "%s", line);
	assert_int_equal(extract(r->x, str_of(copy), fields, &err), 0);
	agg_add(r->list, acc, agg_eval(r->list, &env, ts, r->arrival++));
	arena_reset(&r->scratch);
}

static size_t
heap_of(const struct rig *r, const void *acc)
{
	struct agg_weight w = { 0, 0 };

	agg_weigh(r->list, acc, &w);
	return w.heap;
}

/* The row as JSON, in r->json. */
static const char *
row_of(struct rig *r, const void *acc)
{
	struct val values[64];

	buf_clear(&r->json);
	agg_result(r->list, acc, values, &r->scratch);
	for (size_t i = 0; i < agg_columns(r->list); i++) {
		if (i > 0)
			buf_add_char(&r->json, ' ');
		val_add_json(&r->json, &values[i]);
	}
	buf_add_char(&r->json, '\0');
	arena_reset(&r->scratch);
	return r->json.p;
}

static const struct { int64_t ts; const char *line; } orders[] = {
	{ 30, "{\"v\":5.10,\"k\":\"b\",\"ok\":true}" },
	{ 10, "{\"v\":5.1,\"k\":\"a\",\"ok\":false}" },
	{ 20, "{\"v\":-2,\"k\":\"\\u0061\",\"ok\":true}" },
	{ 10, "{\"v\":null,\"k\":\"c\\n\"}" },
	{ 30, "{\"v\":100.005,\"k\":null,\"ok\":true}" },
	{ 25, "{\"v\":\"text\",\"k\":7}" },
};

static void
each_aggregate_gives_what_sql_gives(void **state)
{
	static const struct { const char *text, *result, *of_nothing; } rows[] = {
		{ "COUNT(*)", "6", "0" },
		{ "count( * )", "6", "0" },
		{ "COUNT(*) FILTER (WHERE v > 0)", "3", "0" },
		{ "COUNT(v)", "5", "0" },
		{ "COUNT(k)", "5", "0" },
		{ "COUNT(v + 1)", "4", "0" },
		{ "COUNT(ok) FILTER (WHERE ok)", "3", "0" },
		{ "COUNT(DISTINCT v)", "4", "0" },
		{ "COUNT(DISTINCT k)", "4", "0" },
		{ "SUM(v)", "108.205", "null" },
		{ "SUM(v) FILTER (WHERE k = 'a')", "3.1", "null" },
		{ "SUM(v * 2)", "216.410", "null" },
		{ "SUM(DISTINCT v)", "103.105", "null" },
		{ "AVG(v)", "27.05125", "null" },
		{ "AVG(DISTINCT v)", "34.36833333333333", "null" },
		{ "MIN(v)", "-2", "null" },
		{ "MAX(v)", "\"text\"", "null" },
		{ "MAX(v) FILTER (WHERE v < 100)", "5.10", "null" },
		{ "MIN(DISTINCT v)", "-2", "null" },
		{ "MIN(k)", "7", "null" },
		{ "MAX(k)", "\"c\\n\"", "null" },
		{ "FIRST(v)", "5.1", "null" },
		{ "LAST(v)", "100.005", "null" },
		{ "FIRST(k)", "\"a\"", "null" },
		{ "LAST(k)", "\"b\"", "null" },
		{ "LAST(k) FILTER (WHERE v IS NULL)", "\"c\\n\"", "null" },
		{ "FIRST(v) + LAST(v)", "105.105", "null" },
		{ "STDDEV(v)", "48.7508615", "null" },
		{ "VARIANCE(v)", "2376.64650625", "null" },
		{ "VAR_POP(v)", "1782.4848796875", "null" },
		{ "STDDEV_POP(v)", "42.2194845", "null" },
		{ "MEDIAN(v)", "5.1", "null" },
		{ "MEDIAN(v) FILTER (WHERE v < 100 AND k <> 'b')", "1.55", "null" },
		{ "QUANTILE(v, 0)", "-2", "null" },
		{ "QUANTILE(v, 0.9)", "71.5335", "null" },
		{ "QUANTILE(v, 1)", "100.005", "null" },
		{ "APPROX_COUNT_DISTINCT(v)", "4", "0" },
		{ "TOP(2, v)", "[{\"value\":5.1,\"count\":2},{\"value\":-2,\"count\":1}]", "[]" },
		{ "COLLECT(k)", "[\"a\",\"c\\n\",\"\\u0061\",7,\"b\"]", "[]" },
		{ "COLLECT(DISTINCT k)", "[7,\"a\",\"b\",\"c\\n\"]", "[]" },
		{ "COUNT(*) BY k", "{\"7\":1,\"a\":2,\"b\":1,\"c\\n\":1,\"null\":1}", "{}" },
		{ "COUNT(*) BY k FILTER (WHERE ok IS NOT NULL)", "{\"a\":2,\"b\":1,\"null\":1}",
			"{}" },
		{ "SUM(v) / COUNT(*) AS mean", "18.034166666666668", "null" },
		{ "CASE WHEN COUNT(*) > 3 THEN 'many' ELSE 'few' END", "\"many\"", "\"few\"" },
		{ "1", "1", "1" },
	};
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t   acc[64] = { 0 };
		struct rig r;
		char      *got;

		rig_start(&r);
		must_add(&r, rows[i].text);
		assert_true(agg_size(r.list) <= sizeof(acc));
		if (strcmp(row_of(&r, acc), rows[i].of_nothing) != 0)
			print_error("%s of nothing\n  got %s\n", rows[i].text, r.json.p), wrong++;
		for (size_t j = 0; j < sizeof(orders) / sizeof(orders[0]); j++)
			feed(&r, acc, orders[j].ts, orders[j].line);
		got = strdup(row_of(&r, acc));
		/* Roots and quotients are compared up to nine digits. */
		if (strncmp(got, rows[i].result, strstr(rows[i].text, "STD") ||
		            strstr(rows[i].text, "VAR") ?
		            strlen(rows[i].result) : (size_t)-1) != 0)
			print_error("%s\n  expected %s\n  got      %s\n", rows[i].text,
			            rows[i].result, got), wrong++;
		free(got);
		agg_drop(r.list, acc);
		rig_stop(&r);
	}
	assert_int_equal(wrong, 0);
}

static void
calls_that_cannot_be_are_refused(void **state)
{
	static const struct { const char *text, *message; } rows[] = {
		{ "v", "--agg: column 1: 'v' stands outside of an aggregate such as SUM(...)" },
		{ "SUM(v) + w", "--agg: column 10: 'w' stands outside of an aggregate such as SUM(...)" },
		{ "SUM(SUM(v))", "--agg: column 5: an aggregate cannot stand inside of another one" },
		{ "SUM('x')", "--agg: column 5: SUM takes numbers, and this is text" },
		{ "SUM(*)", "--agg: column 5: expected an expression after '(', found '*'" },
		{ "COUNT()", "--agg: column 7: expected an expression after '(', found ')'" },
		{ "COUNT(*) FILTER (WHERE 1)",
			"--agg: column 24: FILTER takes a condition, and this is a number" },
		{ "COUNT(*) FILTER (v > 1)",
			"--agg: column 18: expected WHERE after '(', found 'v'" },
		{ "COUNT(*) FILTER (WHERE v > 1",
			"--agg: column 29: expected ')' after '1', found end of text" },
		{ "SUM(v) BY k", "--agg: column 8: BY goes with COUNT(*)" },
		{ "FIRST(DISTINCT v)", "--agg: column 7: FIRST does not take DISTINCT" },
		{ "QUANTILE(v)", "--agg: column 11: expected ',' after v, found ')'" },
		{ "QUANTILE(v, 1.5)",
			"--agg: column 13: expected a number from 0 to 1 after ',', found '1.5'" },
		{ "TOP(v, 3)", "--agg: column 5: expected a whole number up to 1000, found 'v'" },
		{ "SUMM(v)", "--agg: column 1: there is no function 'SUMM'; did you mean SUM?" },
		{ "COUNT(*) AS", "--agg: column 12: expected a name after AS, found end of text" },
		{ "COUNT(*) + 'x'", "--agg: column 12: + takes numbers, and this is text (|| joins texts)" },
		{ "COUNT(*) BY k + 1 AS x y",
			"--agg: column 24: expected an operator or the end after x, found 'y'" },
	};
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig r;
		struct err err = { .msg = "it was accepted" };

		rig_start(&r);
		if (agg_list_add(r.list, str_of(rows[i].text), r.x, &err) == 0 ||
		    strcmp(err.msg, rows[i].message) != 0) {
			print_error("%s\n  expected %s\n  got      %s\n", rows[i].text,
			            rows[i].message, err.msg);
			wrong++;
		}
		rig_stop(&r);
	}
	assert_int_equal(wrong, 0);
}

static void
columns_are_called_as_sql_users_expect(void **state)
{
	static const struct { const char *text, *name; } rows[] = {
		{ "COUNT(*)", "count" }, { "COUNT(*) AS n", "n" }, { "SUM(v)",
			"SUM(v)" }, { "sum(v) as `the total`", "the total" },
		{ "COUNT(*) FILTER (WHERE v > 1)",
			"COUNT(*) FILTER (WHERE v > 1)" },
			{ "SUM(v) / COUNT(*)", "SUM(v) / COUNT(*)" },
		{ "SUM(payload.v)", "SUM(payload.v)" },
		{ "COUNT(*) BY payload.`a (b)`", "COUNT(*) BY payload.`a (b)`" },
	};
	struct rig r;

	(void)state;
	rig_start(&r);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		must_add(&r, rows[i].text);
		assert_true(str_eq(agg_column_name(r.list, i), str_of(rows[i].name)));
	}
	rig_stop(&r);
}

static void
a_count_takes_the_room_that_a_sum_leaves_and_equal_calls_are_shared(void **state)
{
	struct rig r;

	(void)state;
	rig_start(&r);
	must_add(&r, "COUNT(*)");
	assert_int_equal(agg_size(r.list), 8);
	must_add(&r, "SUM(v)");
	assert_int_equal(agg_size(r.list), 16);
	must_add(&r, "SUM(v) / COUNT(*) AS mean");
	assert_int_equal(agg_size(r.list), 16);
	must_add(&r, "COUNT(v)");
	assert_int_equal(agg_size(r.list), 24);
	must_add(&r, "SUM(k)");
	assert_int_equal(agg_size(r.list), 32);
	must_add(&r, "AVG(v)");
	assert_int_equal(agg_size(r.list), 48);
	assert_false(agg_needs_time(r.list));
	must_add(&r, "FIRST(v)");
	assert_true(agg_needs_time(r.list));
	rig_stop(&r);
}

/* Whatever becomes of the sum beside it. */
static void
a_count_is_right_beside_any_sum(void **state)
{
	static const char *const values[] = { "1", "9223372036854775807", "\"x\"", "1e300", "-1e300",
		"1e308", "1e308", "1" };
	uint64_t    acc[4] = { 0 }, copy[4] = { 0 };
	struct rig  r;
	struct buf  saved;

	(void)state;
	buf_init(&saved, BUF_NO_MAX);
	rig_start(&r);
	must_add(&r, "COUNT(*)");
	must_add(&r, "SUM(v)");
	assert_int_equal(agg_size(r.list), 16);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char line[64], n[8];

		snprintf(line, sizeof(line), "{\"v\":%s}", values[i]);
		snprintf(n, sizeof(n), "%zu ", i + 1);
		feed(&r, acc, 0, line);
		assert_memory_equal(row_of(&r, acc), n, strlen(n));
		buf_clear(&saved);
		agg_save(r.list, acc, &saved);
		assert_int_equal(agg_load(r.list, copy, &(struct cursor){ buf_str(&saved), true }),
		                 0);
		assert_memory_equal(row_of(&r, copy), n, strlen(n));
		agg_drop(r.list, copy);
	}
	agg_drop(r.list, acc);
	for (int i = 0; i < 140000; i++)
		feed(&r, acc, 0, "{\"v\":2}");
	assert_string_equal(row_of(&r, acc), "140000 280000");
	agg_merge(r.list, copy, acc);
	agg_merge(r.list, copy, acc);
	assert_string_equal(row_of(&r, copy), "280000 560000");
	buf_release(&saved);
	rig_stop(&r);
}

static int
take_hidden(void *arg, struct agg_call *call, struct err *err)
{
	return agg_list_call(arg, call, err);
}

static void
a_condition_may_bring_aggregates_of_its_own(void **state)
{
	struct rig        r;
	struct expr_scope scope;
	struct expr_env   env;
	struct expr      *having;
	struct val        row[3];
	uint64_t          acc[16] = { 0 };
	struct err        err;

	(void)state;
	rig_start(&r);
	must_add(&r, "COUNT(*) AS n");
	scope = (struct expr_scope){ .fields = r.x, .aggregate = take_hidden, .arg = r.list };
	having = expr_new(STR("SUM(v) > 108 AND COUNT(*) = 6"), "--having", &scope, &err);
	assert_non_null(having);
	assert_int_equal(agg_columns(r.list), 3);
	assert_non_null(agg_column_name(r.list, 0).p);
	assert_null(agg_column_name(r.list, 1).p);
	for (size_t j = 0; j < sizeof(orders) / sizeof(orders[0]); j++)
		feed(&r, acc, orders[j].ts, orders[j].line);
	agg_result(r.list, acc, row, &r.scratch);
	env = (struct expr_env){ .slots = row, .scratch = &r.scratch };
	assert_true(expr_true(having, &env));
	expr_free(having);
	rig_stop(&r);
}

static void
sums_are_exact_beyond_64_bits_and_say_when_they_are_not(void **state)
{
	static const struct { const char *values[4]; const char *result; } rows[] = {
		{ { "9223372036854775807", "1", NULL }, "9223372036854775808" },
		{ { "999999999999999999", "0.1", "0.01", NULL }, "999999999999999999.11" },
		{ { "9999999999999999999999999999999999.99", "0.01", NULL },
			"10000000000000000000000000000000000.00" },
		{ { "9223372036854775807", "1", "-9223372036854775808", NULL }, "0" },
		{ { "0.1", "1e-1", NULL }, "0.2" },
		{ { "1e308", "1e308", "1", NULL }, "null" },
		{ { "-0", "-0", NULL }, "0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t   acc[8] = { 0 };
		struct rig r;

		rig_start(&r);
		must_add(&r, "SUM(v)");
		for (size_t j = 0; j < 4 && rows[i].values[j] != NULL; j++) {
			char line[128];

			snprintf(line, sizeof(line), "{\"v\":%s}", rows[i].values[j]);
			feed(&r, acc, 0, line);
		}
		assert_string_equal(row_of(&r, acc), rows[i].result);
		agg_drop(r.list, acc);
		rig_stop(&r);
	}
}

/* ---- laws */

static const char *const all_calls[] = {
	"COUNT(*)", "COUNT(v) FILTER (WHERE v > 0)", "SUM(v)", "AVG(v)", "MIN(v)", "MAX(k)",
	"FIRST(v)", "LAST(k)",
	"COUNT(DISTINCT v)", "SUM(DISTINCT v)", "AVG(DISTINCT v)", "COLLECT(DISTINCT k)",
	"COLLECT(v)", "TOP(3, k)",
	"COUNT(*) BY k", "MEDIAN(v)", "QUANTILE(v, 0.99)", "APPROX_COUNT_DISTINCT(v)", "STDDEV(v)",
	"VAR_POP(v)",
};

#define CALLS (sizeof(all_calls) / sizeof(all_calls[0]))
#define PANES 5

static void
random_line(char line[200], bool huge, uint64_t *seed)
{
	static const char *const values[] = {
		"null", "9223372036854775807", "12345678901234567890.5", "-0.00", "\"x\"", "true",
		"{\"a\": 1}", "0", "5", "5.000",
	};
	static const char *const keys[] = {
		"\"a\"", "\"b\"", "\"\\u0061\"", "\"a longer text than any cell holds\"", "null",
		"3", "\"\\u007f\"", "\"\"",
	};
	uint64_t kind = next_random(seed);

	if (kind % 4 == 0)
		snprintf(line, 200, "{\"v\":%s,\"k\":%s}",
		         values[huge ? next_random(seed) % 10 : 3 + next_random(seed) % 7],
		         keys[next_random(seed) % 8]);
	else
		snprintf(line, 200, "{\"v\":%d.%02d,\"k\":%s}",
		         (int)(next_random(seed) % 2000) - 1000,
		         (int)(next_random(seed) % 100), keys[next_random(seed) % 8]);
}

/* The saved form, loaded into the zeroed bytes of to. */
static void
save_and_load(struct rig *r, const void *from, void *to)
{
	struct buf    saved, again;
	struct cursor c;

	buf_init(&saved, BUF_NO_MAX);
	buf_init(&again, BUF_NO_MAX);
	agg_save(r->list, from, &saved);
	c = (struct cursor){ .rest = buf_str(&saved), .ok = true };
	assert_int_equal(agg_load(r->list, to, &c), 0);
	assert_int_equal(c.rest.n, 0);
	agg_save(r->list, to, &again);
	assert_true(str_eq(buf_str(&saved), buf_str(&again)));
	buf_release(&saved);
	buf_release(&again);
}

/* Filed into panes that are merged in any order, some saved and loaded on the way, it is as
 * if all had gone into one. */
static void
panes_merge_to_what_one_accumulator_has(void **state)
{
	uint64_t seed = 20260116;

	(void)state;
	for (int round = 0; round < 150; round++) {
		uint64_t   acc[PANES + 3][64] = { 0 };
		struct rig r;
		bool       huge = round % 3 == 0;
		int        n = (int)(next_random(&seed) % (round % 30 == 0 ? 3000 : 60));
		char      *one;

		rig_start(&r);
		/* The squares of huge numbers are doubles, whose last digit depends on the
		 * order. */
		for (size_t i = 0; i < CALLS - (huge ? 2 : 0); i++)
			must_add(&r, all_calls[i]);
		assert_true(agg_size(r.list) <= sizeof(acc[0]));
		for (int i = 0; i < n; i++) {
			char     line[200];
			int64_t  ts = (int64_t)(next_random(&seed) % 10);
			uint64_t pane = 1 + next_random(&seed) % PANES;

			random_line(line, huge, &seed);
			feed(&r, acc[0], ts, line);
			r.arrival--;
			feed(&r, acc[pane], ts, line);
		}
		for (uint64_t i = 0, first = next_random(&seed); i < PANES; i++)
			agg_merge(r.list, acc[PANES + 1], acc[1 + (first + i) % PANES]);
		save_and_load(&r, acc[PANES + 1], acc[PANES + 2]);
		one = strdup(row_of(&r, acc[0]));
		assert_string_equal(row_of(&r, acc[PANES + 1]), one);
		assert_string_equal(row_of(&r, acc[PANES + 2]), one);
		free(one);
		for (int i = 0; i < PANES + 3; i++) {
			agg_drop(r.list, acc[i]);
			assert_int_equal(heap_of(&r, acc[i]), 0);
		}
		rig_stop(&r);
	}
}

/* Every call, fed with the orders. */
static void
rig_start_full(struct rig *r, uint64_t *acc)
{
	rig_start(r);
	for (size_t i = 0; i < CALLS; i++)
		must_add(r, all_calls[i]);
	for (size_t j = 0; j < sizeof(orders) / sizeof(orders[0]); j++)
		feed(r, acc, orders[j].ts, orders[j].line);
}

static void
what_was_cut_or_saved_by_others_is_not_loaded(void **state)
{
	uint64_t      acc[64] = { 0 }, other[64] = { 0 };
	struct buf    saved;
	struct cursor c;
	struct rig    r;

	(void)state;
	rig_start_full(&r, acc);
	buf_init(&saved, BUF_NO_MAX);
	agg_save(r.list, acc, &saved);
	for (size_t cut = 0; cut < saved.n; cut++) {
		c = (struct cursor){ .rest = { saved.p, cut }, .ok = true };
		assert_int_equal(agg_load(r.list, other, &c), -1);
		assert_int_equal(heap_of(&r, other), 0);
	}
	must_add(&r, "MAX(v)");
	c = (struct cursor){ .rest = buf_str(&saved), .ok = true };
	assert_int_equal(agg_load(r.list, other, &c), -1);
	buf_release(&saved);
	agg_drop(r.list, acc);
	rig_stop(&r);
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* maip-expr(7) promises 0.5 %. */
/* Any byte of a saved state may be another: it is refused, or some other state, never trouble. */
static void
a_damaged_state_is_refused_or_harmless(void **state)
{
	static const unsigned char bytes[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	uint64_t   acc[64] = { 0 }, other[64] = { 0 }, sum[64] = { 0 };
	struct buf saved;
	struct rig r;

	(void)state;
	rig_start_full(&r, acc);
	feed(&r, acc, 1, "{\"v\":12345678901234567890123456789012345678}");
	buf_init(&saved, BUF_NO_MAX);
	agg_save(r.list, acc, &saved);
	for (size_t i = 0; i < saved.n * sizeof(bytes); i++) {
		char *const   at = saved.p + i / sizeof(bytes);
		const char    was = *at;
		struct cursor c = { .rest = buf_str(&saved), .ok = true };

		*at = (char)bytes[i % sizeof(bytes)];
		if (agg_load(r.list, other, &c) == 0) {
			row_of(&r, other);
			agg_merge(r.list, sum, other);
			agg_merge(r.list, sum, other);
			row_of(&r, sum);
			agg_drop(r.list, sum);
			agg_drop(r.list, other);
		} else {
			assert_int_equal(heap_of(&r, other), 0);
		}
		*at = was;
	}
	buf_release(&saved);
	agg_drop(r.list, acc);
	rig_stop(&r);
}

static void
a_variance_beyond_a_double_stays_null_when_it_was_saved(void **state)
{
	uint64_t   acc[4] = { 0 }, other[4] = { 0 };
	struct rig r;

	(void)state;
	rig_start(&r);
	must_add(&r, "VAR_POP(v)");
	feed(&r, acc, 0, "{\"v\":1e200}");
	feed(&r, acc, 0, "{\"v\":-1e200}");
	assert_string_equal(row_of(&r, acc), "null");
	save_and_load(&r, acc, other);
	assert_string_equal(row_of(&r, other), "null");
	agg_drop(r.list, acc);
	agg_drop(r.list, other);
	rig_stop(&r);
}

static void
a_double_among_distinct_values_makes_the_sum_a_double(void **state)
{
	uint64_t   acc[4] = { 0 };
	struct rig r;

	(void)state;
	rig_start(&r);
	must_add(&r, "SUM(DISTINCT v)");
	feed(&r, acc, 0, "{\"v\":1e-1}");
	feed(&r, acc, 0, "{\"v\":0.2}");
	feed(&r, acc, 0, "{\"v\":10e-2}");
	assert_string_equal(row_of(&r, acc), "0.30000000000000004");
	agg_drop(r.list, acc);
	rig_stop(&r);
}

static void
what_takes_equal_values_for_one_prints_the_value(void **state)
{
	static const struct { const char *text, *of_double, *of_text, *of_long; } rows[] = {
		{ "FIRST(v)", "1e2", "\"\\u0041\"", "1234567890123456789012345678901234567890" },
		{ "LAST(v)", "1e2", "\"\\u0041\"", "1234567890123456789012345678901234567890" },
		{ "COLLECT(v)", "[1e2]", "[\"\\u0041\"]",
			"[1234567890123456789012345678901234567890]" },
		{ "MIN(v)", "100.0", "\"A\"", "1.2345678901234568e+39" },
		{ "MAX(v)", "100.0", "\"A\"", "1.2345678901234568e+39" },
		{ "MAX(DISTINCT v)", "100.0", "\"A\"", "1.2345678901234568e+39" },
		{ "COLLECT(DISTINCT v)", "[100.0]", "[\"A\"]", "[1.2345678901234568e+39]" },
		{ "TOP(1, v)", "[{\"value\":100.0,\"count\":1}]", "[{\"value\":\"A\",\"count\":1}]",
			"[{\"value\":1.2345678901234568e+39,\"count\":1}]" },
	};
	static const char *const lines[] = { "{\"v\":1e2}", "{\"v\":\"\\u0041\"}",
		"{\"v\":1234567890123456789012345678901234567890}" };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int kind = 0; kind < 3; kind++) {
			uint64_t   acc[8] = { 0 };
			struct rig r;

			rig_start(&r);
			must_add(&r, rows[i].text);
			feed(&r, acc, 0, lines[kind]);
			assert_string_equal(row_of(&r, acc), kind == 0   ? rows[i].of_double
			                                     : kind == 1 ? rows[i].of_text
			                                                 : rows[i].of_long);
			agg_drop(r.list, acc);
			rig_stop(&r);
		}
}

static void
a_double_stays_one_unless_an_exact_number_is_equal(void **state)
{
	uint64_t   acc[8] = { 0 };
	struct rig r;

	(void)state;
	rig_start(&r);
	must_add(&r, "COLLECT(DISTINCT v)");
	must_add(&r, "TOP(2, v)");
	feed(&r, acc, 0, "{\"v\":1.23456789e7}");
	feed(&r, acc, 0, "{\"v\":1e2}");
	feed(&r, acc, 0, "{\"v\":100.0e0}");
	assert_string_equal(row_of(&r, acc), "[100.0,12345678.9] "
	                    "[{\"value\":100.0,\"count\":2},{\"value\":12345678.9,\"count\":1}]");
	feed(&r, acc, 0, "{\"v\":100}");
	feed(&r, acc, 0, "{\"v\":1e2}");
	assert_string_equal(row_of(&r, acc), "[100,12345678.9] "
	                    "[{\"value\":100,\"count\":4},{\"value\":12345678.9,\"count\":1}]");
	agg_drop(r.list, acc);
	rig_stop(&r);
}

static void
quantiles_of_many_values_are_within_half_a_percent(void **state)
{
	static const double fractions[] = { 0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1 };
	static double values[20000];
	uint64_t      seed = 7, acc[16] = { 0 };
	struct val    row[8];
	struct rig    r;
	const size_t  n = sizeof(values) / sizeof(values[0]);

	(void)state;
	rig_start(&r);
	for (size_t i = 0; i < 8; i++) {
		char text[64];

		snprintf(text, sizeof(text), "QUANTILE(v, %g)", fractions[i]);
		must_add(&r, text);
	}
	for (size_t i = 0; i < n; i++) {
		double u = (double)(next_random64(&seed) >> 11) / 9007199254740992.0;
		char   line[64];

		snprintf(line, sizeof(line), "{\"v\":%.6f}",
		         (i % 3 == 0 ? -1 : 1) * exp(20 * u - 8));
		values[i] = strtod(line + 5, NULL);
		feed(&r, acc, 0, line);
	}
	qsort(values, n, sizeof(values[0]), by_size);
	agg_result(r.list, acc, row, &r.scratch);
	for (size_t i = 0; i < 8; i++) {
		double true_value = values[(size_t)floor(fractions[i] * (double)(n - 1))];
		double next = values[(size_t)ceil(fractions[i] * (double)(n - 1))];
		double got = num_to_double(&row[i].num);

		assert_true(got >= fmin(true_value, next) - 0.0051 * fabs(true_value));
		assert_true(got <= fmax(true_value, next) + 0.0051 * fabs(next));
	}
	agg_drop(r.list, acc);
	rig_stop(&r);
}

/* maip-expr(7) promises a standard error of 0.81 %: over 60 sketches the root mean square
 * is near it, and none is off by 4 of them. */
static void
approximate_counts_have_the_stated_error(void **state)
{
	static const int sizes[] = { 400, 5000, 40000 };

	(void)state;
	for (size_t s = 0; s < 3; s++) {
		double squares = 0;
		int    rounds = s == 2 ? 10 : 25;

		for (int round = 0; round < rounds; round++) {
			uint64_t   acc[2] = { 0 };
			struct rig r;
			struct val row;
			double     error;

			rig_start(&r);
			must_add(&r, "APPROX_COUNT_DISTINCT(v)");
			for (int i = 0; i < sizes[s]; i++) {
				char line[64];

				snprintf(line, sizeof(line), "{\"v\":%d}", round * 1000000 + i);
				feed(&r, acc, 0, line);
			}
			agg_result(r.list, acc, &row, &r.scratch);
			error = num_to_double(&row.num) / sizes[s] - 1;
			assert_true(fabs(error) < 4 * 0.0081);
			squares += error * error;
			agg_drop(r.list, acc);
			rig_stop(&r);
		}
		if (s == 0)
			assert_true(squares == 0);
		assert_true(sqrt(squares / rounds) < 0.0081 * 1.5);
	}
}

static void
a_variance_far_from_zero_keeps_its_digits(void **state)
{
	uint64_t   acc[4] = { 0 };
	struct rig r;

	(void)state;
	rig_start(&r);
	must_add(&r, "VAR_POP(v)");
	for (int i = 0; i < 1000; i++)
		feed(&r, acc, 0, i % 2 == 0 ? "{\"v\":1000000000000.25}" : "{\"v\":1000000000000.75}");
	assert_string_equal(row_of(&r, acc), "0.0625");
	agg_drop(r.list, acc);
	for (int i = 0; i < 1000; i++)
		feed(&r, acc, 0, i % 2 == 0 ? "{\"v\":1.00000025e6}" : "{\"v\":1000000.75}");
	assert_true(fabs(strtod(row_of(&r, acc), NULL) - 0.0625) < 1e-9);
	agg_drop(r.list, acc);
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_aggregate_gives_what_sql_gives),
		cmocka_unit_test(calls_that_cannot_be_are_refused),
		cmocka_unit_test(columns_are_called_as_sql_users_expect),
		cmocka_unit_test(
			a_count_takes_the_room_that_a_sum_leaves_and_equal_calls_are_shared),
		cmocka_unit_test(a_count_is_right_beside_any_sum),
		cmocka_unit_test(a_condition_may_bring_aggregates_of_its_own),
		cmocka_unit_test(sums_are_exact_beyond_64_bits_and_say_when_they_are_not),
		cmocka_unit_test(panes_merge_to_what_one_accumulator_has),
		cmocka_unit_test(what_was_cut_or_saved_by_others_is_not_loaded),
		cmocka_unit_test(a_damaged_state_is_refused_or_harmless),
		cmocka_unit_test(a_variance_beyond_a_double_stays_null_when_it_was_saved),
		cmocka_unit_test(a_double_among_distinct_values_makes_the_sum_a_double),
		cmocka_unit_test(a_double_stays_one_unless_an_exact_number_is_equal),
		cmocka_unit_test(what_takes_equal_values_for_one_prints_the_value),
		cmocka_unit_test(quantiles_of_many_values_are_within_half_a_percent),
		cmocka_unit_test(approximate_counts_have_the_stated_error),
		cmocka_unit_test(a_variance_far_from_zero_keeps_its_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
