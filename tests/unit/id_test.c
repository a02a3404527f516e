/* SPDX-License-Identifier: Apache-2.0 */
/* Random ids: their form, and that they differ. */
#include "unit.h"

#include "base/id.h"

static void
an_id_is_32_digits_that_differ_each_time(void **state)
{
	char       ids[3][ID_SIZE];
	struct err err;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		memset(ids[i], '?', ID_SIZE);
		assert_int_equal(id_random(ids[i], &err), 0);
		assert_int_equal(strlen(ids[i]), 32);
		assert_int_equal(strspn(ids[i], "0123456789abcdef"), 32);
	}
	assert_string_not_equal(ids[0], ids[1]);
	assert_string_not_equal(ids[1], ids[2]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_is_32_digits_that_differ_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
