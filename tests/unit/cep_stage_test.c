/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of the stage over random patterns and inputs: where it is cut, and which engine runs,
 * changes nothing. */
#include "cep_case.h"
#include "unit.h"

#include <inttypes.h>

#include "json/line.h"
#include "stream/bad.h"

struct question {
	struct cep_run a, b;
};

static bool
differs(const struct cep_case *c, void *arg)
{
	const struct question *q = arg;
	struct buf a, b;

	buf_init(&a, BUF_NO_MAX);
	buf_init(&b, BUF_NO_MAX);
	const int ra = cep_case_run(c, &q->a, &a), rb = cep_case_run(c, &q->b, &b);
	const bool same = ra == rb && str_eq(buf_str(&a), buf_str(&b));
	buf_release(&a);
	buf_release(&b);
	return !same;
}

static void
show(struct cep_case *c, struct question *q, uint64_t seed)
{
	struct buf text;

	cep_case_shrink(c, differs, q);
	buf_init(&text, BUF_NO_MAX);
	cep_case_print(c, &text);
	buf_add_str(&text, STR("---- one\n"));
	cep_case_run(c, &q->a, &text);
	buf_add_str(&text, STR("---- the other\n"));
	cep_case_run(c, &q->b, &text);
	buf_add_char(&text, '\0');
	fail_msg("seed %" PRIu64 ":\n%s", seed, text.p);
}

static int
count_matches(const struct cep_case *c)
{
	const struct cep_run how = { 0 };
	struct buf text;
	int n;

	buf_init(&text, BUF_NO_MAX);
	n = cep_case_run(c, &how, &text) == 0 && text.n > 0 && text.p[0] == '{';
	buf_release(&text);
	return n;
}

static void
compare_all(enum cep_shape shape, struct question *q, uint64_t cases)
{
	struct cep_case c;
	uint64_t with_matches = 0;

	for (uint64_t seed = 1; seed <= cases; seed++) {
		cep_case_random(&c, shape, seed);
		if (q->b.cuts != 0)
			q->b.cuts = seed;
		if (differs(&c, q))
			show(&c, q, seed);
		with_matches += (uint64_t)count_matches(&c);
	}
	assert_true(with_matches > cases / 10);         /* the cases have something to say */
}

static void
state_that_was_saved_and_loaded_gives_the_same_answer(void **state)
{
	(void)state;
	compare_all(SHAPE_ANY, &(struct question){ { 0 }, { .cuts = 1 } }, 3000);
}

static void
slices_that_were_saved_and_loaded_give_the_same_answer(void **state)
{
	(void)state;
	compare_all(SHAPE_ONE, &(struct question){ { 0 }, { .cuts = 1 } }, 3000);
}

static void
events_that_were_saved_without_their_lines_give_the_same_summary(void **state)
{
	(void)state;
	compare_all(
		SHAPE_ANY,
		&(struct question){ { .emit = EMIT_SUMMARY }, { .emit = EMIT_SUMMARY, .cuts = 1 } },
		2000);
}

static void
the_engine_for_one_element_finds_what_the_general_one_finds(void **state)
{
	(void)state;
	compare_all(SHAPE_ONE, &(struct question){ { .general = true }, { 0 } }, 8000);
	compare_all(SHAPE_ONE, &(struct question){ { .traced = true }, { 0 } }, 2000);
}

/* The general engine of tests works out each move anew, the other looks up what became of an
 * earlier branch like it. */
static void
moves_that_are_remembered_are_those_that_are_worked_out_each_time(void **state)
{
	(void)state;
	compare_all(SHAPE_ANY, &(struct question){ { .general = true }, { 0 } }, 8000);
	compare_all(SHAPE_PLAIN, &(struct question){ { .general = true }, { 0 } }, 2000);
}

static void
moves_are_remembered_aright_after_a_load(void **state)
{
	(void)state;
	compare_all(SHAPE_ANY, &(struct question){ { .general = true }, { .cuts = 1 } }, 3000);
}

static struct cep *
make_with(struct pattern *p, const char *name, const char *gap, const char *order_by,
          struct err *err)
{
	pattern_init(p);
	assert_int_equal(pattern_begin(p, name, err), 0);
	assert_int_equal(pattern_within(p, "5s", err), 0);
	assert_int_equal(pattern_follow(p, RELAXED, "--followed-by", "next", err), 0);
	assert_int_equal(pattern_within_each(p, gap, err), 0);
	assert_int_equal(pattern_finish(p, err), 0);
	struct cep *c = cep_new(
		&(struct cep_conf){
			.pattern = p, .time = "t", .order_by = order_by, .max_partial = 10 },
		err);
	assert_non_null(c);
	return c;
}

static struct cep *
make(struct pattern *p, const char *name, struct err *err)
{
	return make_with(p, name, "2s", NULL, err);
}

static void
state_of_another_gap_or_another_order_is_refused(void **state)
{
	struct pattern one, two, three;
	struct err err;
	struct buf saved;
	struct cep *a = make(&one, "one", &err);
	struct cep *gap = make_with(&two, "one", "3s", NULL, &err), *order = make_with(&three, "one", "2s", "n", &err);

	(void)state;
	buf_init(&saved, BUF_NO_MAX);
	assert_int_equal(cep_ops.save(a, &saved, &err), 0);
	assert_int_equal(cep_ops.load(gap, buf_str(&saved), &err), -1);
	assert_non_null(strstr(err.msg, "another pattern"));
	assert_int_equal(cep_ops.load(order, buf_str(&saved), &err), -1);
	assert_non_null(strstr(err.msg, "another pattern"));
	buf_release(&saved);
	cep_free(a);
	cep_free(gap);
	cep_free(order);
	pattern_release(&one);
	pattern_release(&two);
	pattern_release(&three);
}

static void
state_without_lines_is_refused_where_they_are_printed(void **state)
{
	struct pattern pattern;
	struct err err;
	struct buf saved;
	struct cep *lines = make(&pattern, "one", &err);
	struct cep_conf conf = {
		.pattern = &pattern, .time = "t", .max_partial = 10, .emit = EMIT_COUNT
	};
	struct cep *brief = cep_new(&conf, &err);

	(void)state;
	buf_init(&saved, BUF_NO_MAX);
	assert_int_equal(cep_ops.save(brief, &saved, &err), 0);
	assert_int_equal(cep_ops.load(lines, buf_str(&saved), &err), -1);
	assert_int_equal(err.status, STATUS_CONFIG);
	assert_non_null(strstr(err.msg, "has no lines: it was saved with --emit summary or --emit count"));
	buf_release(&saved);
	cep_free(lines);
	cep_free(brief);
	pattern_release(&pattern);
}

static int64_t
forget(void *self, const char *p, size_t n, struct err *err)
{
	(void)self, (void)p, (void)err;
	return (int64_t)n;
}

/* Events that began matches, and some that wait. */
static void
feed_some(struct cep *c)
{
	struct bad_records bad = { .policy = ON_ERROR_STOP };
	struct out out;
	struct err err;

	out_init(&out, &(struct sink){ .write = forget });
	assert_int_equal(cep_ops.begin(c, NULL, &out, &err), 0);
	for (int i = 0; i < 6; i++) {
		char text[96 + LINE_SLACK] = { 0 };
		const struct cep_line event = { 1000 + i / 2, 'x', 'a', i };
		const struct str line = { text, cep_line_text(text, &event, i) };
		const uint64_t number = (uint64_t)i + 1;
		assert_int_equal(cep_ops.batch(c, &(struct batch){ 1, &line, &number }, &bad, &out,
		                               &err), 0);
	}
	out_release(&out);
}

static void
a_buffer_that_is_too_small_by_any_number_of_bytes_is_told(void **state)
{
	struct pattern p;
	struct err err;
	struct buf saved;
	struct cep *c = make(&p, "an_element_with_a_long_name_of_far_more_than_8_bytes", &err);
	size_t all;

	(void)state;
	feed_some(c);
	buf_init(&saved, BUF_NO_MAX);
	assert_int_equal(cep_ops.save(c, &saved, &err), 0);
	all = saved.n;
	buf_release(&saved);
	for (size_t max = 0; max <= all; max++) {
		buf_init(&saved, max);
		assert_int_equal(cep_ops.save(c, &saved, &err), max < all ? -1 : 0);
		if (max < all)
			assert_int_equal(err.status, STATUS_CONFIG);
		buf_release(&saved);
	}
	cep_free(c);
	pattern_release(&p);
}

static void
state_of_another_pattern_or_that_was_cut_off_is_refused(void **state)
{
	struct pattern one, two, three;
	struct err err;
	struct buf saved;
	struct cep *a = make(&one, "one", &err), *b = make(&two, "two", &err);

	(void)state;
	buf_init(&saved, BUF_NO_MAX);
	assert_int_equal(cep_ops.save(a, &saved, &err), 0);
	assert_int_equal(cep_ops.load(b, buf_str(&saved), &err), -1);
	assert_int_equal(err.status, STATUS_CONFIG);
	assert_non_null(strstr(err.msg, "another pattern"));
	for (size_t n = 0; n < saved.n; n++) {
		struct cep *c = make(&three, "one", &err);
		assert_int_equal(cep_ops.load(c, (struct str){ saved.p, n }, &err), -1);
		assert_int_equal(err.status, STATUS_CONFIG);
		cep_free(c);
		pattern_release(&three);
	}
	buf_release(&saved);
	cep_free(a);
	cep_free(b);
	pattern_release(&one);
	pattern_release(&two);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(state_that_was_saved_and_loaded_gives_the_same_answer),
		cmocka_unit_test(slices_that_were_saved_and_loaded_give_the_same_answer),
		cmocka_unit_test(events_that_were_saved_without_their_lines_give_the_same_summary),
		cmocka_unit_test(state_without_lines_is_refused_where_they_are_printed),
		cmocka_unit_test(the_engine_for_one_element_finds_what_the_general_one_finds),
		cmocka_unit_test(moves_that_are_remembered_are_those_that_are_worked_out_each_time),
		cmocka_unit_test(moves_are_remembered_aright_after_a_load),
		cmocka_unit_test(a_buffer_that_is_too_small_by_any_number_of_bytes_is_told),
		cmocka_unit_test(state_of_another_pattern_or_that_was_cut_off_is_refused),
		cmocka_unit_test(state_of_another_gap_or_another_order_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
