/* SPDX-License-Identifier: Apache-2.0 */
/* A queue that goes round in its array, at any place of which it may have to grow. */
#include "unit.h"

#include "base/ring.h"

static void
items_come_out_in_the_order_in_which_they_went_in(void **state)
{
	struct ring r = { .items = NULL };
	uint32_t in = 0, out = 0;

	(void)state;
	for (int round = 0; round < 400; round++) {
		for (int i = 0; i < 7 + round; i++)
			*(uint32_t *)ring_add(&r, sizeof(in)) = in++;
		for (int i = 0; i < 5 + round - round / 8; i++, out++) {
			assert_int_equal(*(uint32_t *)ring_at(&r, 0, sizeof(out)), out);
			ring_drop(&r);
		}
		assert_int_equal(r.n, in - out);
		assert_int_equal(*(uint32_t *)ring_at(&r, r.n - 1, sizeof(in)), in - 1);
	}
	assert_true(r.cap > 4096);
	ring_release(&r, sizeof(in));
	assert_int_equal(r.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
		items_come_out_in_the_order_in_which_they_went_in) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
