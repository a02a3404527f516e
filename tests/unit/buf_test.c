/* SPDX-License-Identifier: Apache-2.0 */
/* Growable bytes: the maximum holds, and what is saved is read back or refused. */
#include "unit.h"

#include "base/buf.h"

#define HOLDS(b, text) assert_true(str_eq(buf_str(b), str_of(text)))

static void
what_is_added_stands_there(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, BUF_NO_MAX);
	assert_int_equal(buf_add(&b, "ab", 2), 0);
	assert_int_equal(buf_add_str(&b, STR("c")), 0);
	assert_int_equal(buf_add_char(&b, ' '), 0);
	assert_int_equal(buf_add_i64(&b, INT64_MIN), 0);
	assert_int_equal(buf_add_char(&b, ' '), 0);
	assert_int_equal(buf_add_i64(&b, -7), 0);
	assert_int_equal(buf_add_i64(&b, 0), 0);
	assert_int_equal(buf_add_char(&b, ' '), 0);
	assert_int_equal(buf_add_u64(&b, UINT64_MAX), 0);
	assert_int_equal(buf_addf(&b, " %s-%d", "x", 5), 0);
	HOLDS(&b, "abc -9223372036854775808 -70 18446744073709551615 x-5");
	buf_clear(&b);
	assert_int_equal(b.n, 0);
	buf_release(&b);
}

static void
nothing_can_be_added_to_nothing(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	assert_int_equal(buf_add(&b, NULL, 0), 0);
	assert_int_equal(buf_addf(&b, "%s", ""), 0);
	assert_int_equal(buf_add_char(&b, 'x'), -1);
	assert_int_equal(buf_add_u64(&b, 1), -1);
	assert_int_equal(buf_addf(&b, "x"), -1);
	assert_int_equal(b.n, 0);
	buf_release(&b);
}

static void
the_maximum_can_be_filled_to_the_last_byte_and_no_further(void **state)
{
	(void)state;
	for (size_t max = 1; max < 1100; max += max < 20 ? 1 : 119) {
		struct buf b;
		char       text[1200];

		memset(text, 'x', sizeof(text));
		buf_init(&b, max);
		for (size_t i = 0; i < max; i++)
			assert_int_equal(buf_add_char(&b, 'y'), 0);
		assert_int_equal(buf_add_char(&b, 'z'), -1);
		assert_int_equal(b.n, max);
		assert_true(b.cap <= max);
		assert_null(buf_room(&b, 1));
		assert_null(buf_room(&b, SIZE_MAX));
		buf_clear(&b);
		assert_int_equal(buf_addf(&b, "%.*s", (int)max, text), 0);
		assert_int_equal(b.n, max);
		buf_clear(&b);
		assert_int_equal(buf_addf(&b, "%.*s", (int)max + 1, text), -1);
		assert_int_equal(b.n, 0);
		buf_release(&b);
	}
}

static void
a_refused_number_leaves_no_part_of_itself(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	assert_int_equal(buf_add_i64(&b, -1234), -1);
	assert_int_equal(buf_put_u64(&b, 1), -1);
	assert_int_equal(b.n, 0);
	assert_int_equal(buf_add_i64(&b, -123), 0);
	HOLDS(&b, "-123");
	buf_release(&b);
	buf_init(&b, 10);
	assert_int_equal(buf_put_str(&b, STR("abc")), -1);
	assert_int_equal(b.n, 0);
	assert_int_equal(buf_put_str(&b, STR("ab")), 0);
	assert_int_equal(buf_put_str(&b, STR("")), -1);
	buf_release(&b);
}

static void
what_was_refused_is_known_until_the_release(void **state)
{
	struct buf b;

	(void)state;
	for (int how = 0; how < 4; how++) {
		buf_init(&b, 7);
		assert_int_equal(buf_add(&b, "1234567", 7), 0);
		assert_false(b.refused);
		if (how == 0)
			assert_int_equal(buf_add_char(&b, 'x'), -1);
		else if (how == 1)
			assert_int_equal(buf_addf(&b, "%s", "x"), -1);
		else if (how == 2)
			assert_int_equal(buf_put_str(&b, STR("")), -1);
		else
			assert_null(buf_room(&b, 1));
		buf_clear(&b);
		assert_int_equal(buf_add_char(&b, 'x'), 0);
		assert_true(b.refused);
		buf_release(&b);
		assert_false(b.refused);
	}
}

static void
what_is_saved_is_read_back(void **state)
{
	struct buf    b;
	struct cursor c = { .ok = true };

	(void)state;
	buf_init(&b, 1000);
	buf_put_u64(&b, UINT64_MAX);
	buf_put_i64(&b, INT64_MIN);
	buf_put_str(&b, STR("a\0b"));
	buf_put_str(&b, STR(""));
	buf_put_u64(&b, 0x0102030405060708);
	assert_memory_equal(b.p + b.n - 8, "\x08\x07\x06\x05\x04\x03\x02\x01", 8);
	c.rest = buf_str(&b);
	assert_true(cursor_u64(&c) == UINT64_MAX);
	assert_true(cursor_i64(&c) == INT64_MIN);
	assert_true(str_eq(cursor_str(&c), STR("a\0b")));
	assert_int_equal(cursor_str(&c).n, 0);
	assert_true(cursor_u64(&c) == 0x0102030405060708);
	assert_true(c.ok && c.rest.n == 0);
	buf_release(&b);
}

static void
a_saved_text_that_ends_too_early_reads_as_nothing_from_there_on(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	buf_put_u64(&b, 5);
	buf_put_str(&b, STR("abc"));
	buf_put_u64(&b, 6);
	for (size_t n = 0; n < b.n; n++) {
		/* A copy of its own size, so that a sanitizer sees a read past the end. */
		char         *copy = malloc(n + (n == 0));
		struct cursor c = { { copy, n }, true };
		uint64_t      first, last;
		struct str    text;

		memcpy(copy, b.p, n);
		first = cursor_u64(&c);
		text = cursor_str(&c);
		last = cursor_u64(&c);
		assert_false(c.ok);
		assert_true(first == (n >= 8 ? 5 : 0));
		assert_int_equal(text.n, n >= 19 ? 3 : 0);
		assert_true(last == 0);
		free(copy);
	}
	buf_release(&b);
}

static void
a_length_beyond_all_memory_is_refused(void **state)
{
	struct buf    b;
	struct cursor c = { .ok = true };

	(void)state;
	buf_init(&b, 100);
	buf_put_u64(&b, UINT64_MAX);
	buf_add(&b, "abc", 3);
	c.rest = buf_str(&b);
	assert_int_equal(cursor_str(&c).n, 0);
	assert_false(c.ok);
	assert_true(cursor_u64(&c) == 0);
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_added_stands_there),
		cmocka_unit_test(nothing_can_be_added_to_nothing),
		cmocka_unit_test(the_maximum_can_be_filled_to_the_last_byte_and_no_further),
		cmocka_unit_test(a_refused_number_leaves_no_part_of_itself),
		cmocka_unit_test(what_was_refused_is_known_until_the_release),
		cmocka_unit_test(what_is_saved_is_read_back),
		cmocka_unit_test(a_saved_text_that_ends_too_early_reads_as_nothing_from_there_on),
		cmocka_unit_test(a_length_beyond_all_memory_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
