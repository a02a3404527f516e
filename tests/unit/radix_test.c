/* SPDX-License-Identifier: Apache-2.0 */
/* The radix sort against an insertion sort, which keeps the order of what is alike, too. */
#include "unit.h"

#include <inttypes.h>

#include "base/radix.h"

enum { MAX = 300, BITS_MOST = 11 };

struct item {
	uint64_t key;
	uint32_t number;                /* where it stood */
};

static uint64_t
key_of(const void *item)
{
	return ((const struct item *)item)->key;
}

static uint64_t
number_itself(const void *item)
{
	return *(const uint64_t *)item;
}

static uint64_t
middle(uint64_t key, unsigned first, unsigned end)
{
	return end - first == 64 ? key : key >> first & (((uint64_t)1 << (end - first)) - 1);
}

static void
insert_all(struct item *a, size_t n, unsigned first, unsigned end)
{
	for (size_t i = 1; i < n; i++) {
		const struct item item = a[i];
		size_t to = i;

		while (to > 0 && middle(a[to - 1].key, first, end) > middle(item.key, first, end)) {
			a[to] = a[to - 1];
			to--;
		}
		a[to] = item;
	}
}

static void
run(uint64_t seed)
{
	static const unsigned ranges[][2] = { { 0, 64 }, { 0, 32 }, { 32, 64 }, { 8, 40 } };
	struct item    a[MAX], aside[MAX], wanted[MAX];
	size_t         counts[1 << BITS_MOST];
	uint64_t       random = seed * 7919;
	const unsigned *range = ranges[seed % 4], bits = seed % 3 == 0 ? BITS_MOST : 8;
	const size_t   n = 1 + next_random(&random) % MAX;
	uint64_t mask = (uint64_t)next_random(&random) << next_random(&random) % 32;

	if (seed % 5 == 0)              /* else few bits differ, here and there */
		mask = UINT64_MAX;
	for (size_t i = 0; i < n; i++) {
		const uint64_t high = next_random(&random);

		a[i] = (struct item){ (high << 32 | next_random(&random)) & mask, (uint32_t)i };
	}
	memcpy(wanted, a, n * sizeof(*a));
	insert_all(wanted, n, range[0], range[1]);
	const struct radix r = { .size = sizeof(*a), .key = key_of, .first = range[0],
		                 .end = range[1], .bits = bits, .counts = counts };
	const struct item *got = radix_sort(&r, a, aside, n);
	for (size_t i = 0; i < n; i++)
		if (got[i].number != wanted[i].number)
			fail_msg("seed %" PRIu64 ": %" PRIu32 " stands at %zu, not %" PRIu32, seed,
			         got[i].number, i, wanted[i].number);
}

static void
items_stand_where_an_insertion_sort_puts_them(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3000; seed++)
		run(seed);
}

static void
numbers_alone_are_sorted_in_place_or_aside(void **state)
{
	uint64_t a[] = { 9, 3, UINT64_C(1) << 63, 3, 0, 700 }, aside[6];
	const uint64_t wanted[] = { 0, 3, 3, 9, 700, UINT64_C(1) << 63 };
	size_t counts[1 << 8];
	const struct radix r = { .size = sizeof(*a), .key = number_itself, .end = 64, .bits = 8,
		                 .counts = counts };
	const uint64_t *got = radix_sort(&r, a, aside, 6);

	(void)state;
	assert_true(got == a || got == aside);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(got[i], wanted[i]);
	assert_ptr_equal(radix_sort(&r, a, aside, 1), a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_stand_where_an_insertion_sort_puts_them),
		cmocka_unit_test(numbers_alone_are_sorted_in_place_or_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
