/* SPDX-License-Identifier: Apache-2.0 */
/* Values: their keys, and what becomes of them when they are kept and saved. */
#include "unit.h"

#include "sql/node.h"

static struct val
number(const char *text)
{
	struct val v = { .kind = VAL_NUM };

	assert_int_equal(num_parse(&v.num, str_of(text)), 0);
	return v;
}

static void
equal_values_have_equal_keys_and_others_do_not(void **state)
{
	struct val values[] = {
		number("5.1"),
		number("5.10"),
		number("51e-1"),
		number("5"),
		number("0.5"),
		number("5e-1"),
		number("1e25"),
		number("10000000000000000000000000"),
		number("0"),
		number("-0"),
		number("1e-400"),
		{ .kind = VAL_TEXT, .text = STR("5") },
		{ .kind = VAL_NULL },
		{ .kind = VAL_TEXT, .text = STR("") },
		{ .kind = VAL_BOOL, .truth = true },
		{ .kind = VAL_TIME, .ms = 5 },
		{ .kind = VAL_INTERVAL, .ms = 5 },
	};
	struct buf  a, b;
	const size_t n = sizeof(values) / sizeof(values[0]);

	(void)state;
	buf_init(&a, BUF_NO_MAX);
	buf_init(&b, BUF_NO_MAX);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++) {
			bool both_null = values[i].kind == VAL_NULL && values[j].kind == VAL_NULL;

			buf_clear(&a);
			buf_clear(&b);
			val_key(&a, &values[i]);
			val_key(&b, &values[j]);
			assert_int_equal(str_eq(buf_str(&a), buf_str(&b)),
			                 both_null || val_cmp(&values[i], &values[j]) == 0);
		}
	}
	buf_release(&a);
	buf_release(&b);
}

static void
values_survive_being_kept_and_saved(void **state)
{
	struct val values[] = {
		number("5.10"),
		number("1e300"),
		number("99999999999999999999999999999999999999"),
		{ .kind = VAL_TEXT, .text = STR("h\xc3\xbc"), .raw = STR("\"h\\u00fc\"") },
		{ .kind = VAL_NULL },
		{ .kind = VAL_BOOL, .truth = true },
		{ .kind = VAL_TIME, .ms = -5 },
		{ .kind = VAL_INTERVAL, .ms = 5 },
		{ .kind = VAL_JSON, .raw = STR("{\"a\":1}") },
		{ .kind = VAL_TEXT, .text = STR("") },
	};
	struct buf saved, bytes, json, again;

	(void)state;
	buf_init(&saved, BUF_NO_MAX);
	buf_init(&bytes, BUF_NO_MAX);
	buf_init(&json, BUF_NO_MAX);
	buf_init(&again, BUF_NO_MAX);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct cursor c;
		struct val    loaded, kept;

		buf_clear(&saved);
		buf_clear(&json);
		buf_clear(&again);
		val_save(&saved, &values[i]);
		for (size_t cut = 0; cut < saved.n; cut++) {
			c = (struct cursor){ .rest = { saved.p, cut }, .ok = true };
			assert_int_equal(val_load(&loaded, &c), -1);
		}
		c = (struct cursor){ .rest = buf_str(&saved), .ok = true };
		assert_int_equal(val_load(&loaded, &c), 0);
		assert_int_equal(c.rest.n, 0);
		val_keep(&kept, &bytes, &loaded);
		val_add_json(&json, &values[i]);
		val_add_json(&again, &kept);
		assert_int_equal(kept.kind, values[i].kind);
		assert_true(str_eq(buf_str(&json), buf_str(&again)));
	}
	buf_release(&saved);
	buf_release(&bytes);
	buf_release(&json);
	buf_release(&again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_values_have_equal_keys_and_others_do_not),
		cmocka_unit_test(values_survive_being_kept_and_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
