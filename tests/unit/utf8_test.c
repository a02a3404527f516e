/* SPDX-License-Identifier: Apache-2.0 */
/* Every code point there and back, and every way of being none. */
#include "unit.h"

#include "base/str.h"
#include "base/utf8.h"

static void
every_code_point_comes_back(void **state)
{
	size_t sizes[5] = { 0 };

	(void)state;
	for (uint32_t code = 0; code <= 0x10FFFF; code++) {
		char text[4];
		const size_t n = utf8_put(text, code);

		if (code >= 0xD800 && code <= 0xDFFF) {
			assert_int_equal(utf8_length(text, text + n), 0);
			continue;
		}
		assert_int_equal(utf8_length(text, text + n), n);
		assert_int_equal(utf8_code(text, n), code);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(utf8_starts(text[i]), i == 0);
			if (i > 0)
				assert_int_equal(utf8_length(text, text + i), 0);
		}
		sizes[n]++;
	}
	assert_int_equal(sizes[1], 0x80);
	assert_int_equal(sizes[2], 0x800 - 0x80);
	assert_int_equal(sizes[3], 0x10000 - 0x800 - 0x800);
	assert_int_equal(sizes[4], 0x100000);
}

static void
what_is_not_well_formed_has_no_length(void **state)
{
	static const struct str wrong[] = {
		STR("\x80"), STR("\xBF"), STR("\xC0\x80"), STR("\xC1\xBF"), STR("\xE0\x9F\xBF"),
		STR("\xF0\x8F\xBF\xBF"), STR("\xF4\x90\x80\x80"), STR("\xF5\x80\x80\x80"),
		STR("\xFF"), STR("\xC3("), STR("\xE2\x82("), STR("\xF0\x9F\x92("),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(utf8_length(wrong[i].p, wrong[i].p + wrong[i].n), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_point_comes_back),
		cmocka_unit_test(what_is_not_well_formed_has_no_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
