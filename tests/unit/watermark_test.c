/* SPDX-License-Identifier: Apache-2.0 */
/* watermark_test.c - the minimum over sources, with idleness */
#include "unit.h"

#include "stream/watermark.h"

static int64_t ts;
static bool idle;

static void
the_option_takes_none_or_a_duration(void **state)
{
	int64_t bound = 7;
	struct err err;

	(void)state;
	assert_int_equal(watermark_option(&bound, "none", &err), 0);
	assert_int_equal(bound, WATERMARK_NONE);
	assert_int_equal(watermark_option(&bound, "5s", &err), 0);
	assert_int_equal(bound, 5000);
	assert_int_equal(watermark_option(&bound, "0", &err), 0);
	assert_int_equal(bound, 0);
	assert_int_equal(watermark_option(&bound, "5x", &err), -1);
	assert_int_equal(watermark_option(&bound, "-5s", &err), -1);
}

static void
one_source_trails_its_newest_record_by_the_bound(void **state)
{
	struct watermark w = { .bound = 10, .now = TIME_MIN };

	(void)state;
	watermark_see(&w, 100);
	assert_int_equal(w.now, 89);
	watermark_see(&w, 50);
	assert_int_equal(w.now, 89);
	watermark_see(&w, 101);
	assert_int_equal(w.now, 90);
	w = (struct watermark){ .bound = WATERMARK_NONE, .now = TIME_MIN };
	watermark_see(&w, 100);
	assert_true(w.now == TIME_MIN);
}

static void
the_slowest_source_holds_the_others_back(void **state)
{
	struct watermark_set *s = watermark_set_new(0, 0);

	(void)state;
	watermark_set_join(s, 0, 0);
	watermark_set_join(s, 3, 0);
	watermark_set_see(s, 0, 100, 0);
	assert_false(watermark_set_advance(s, 0, &ts, &idle));          /* 3 has not spoken */
	assert_true(ts == TIME_MIN);
	watermark_set_see(s, 3, 50, 0);
	assert_true(watermark_set_advance(s, 0, &ts, &idle));
	assert_int_equal(ts, 49);
	assert_false(idle);
	watermark_set_see(s, 0, 200, 0);
	assert_false(watermark_set_advance(s, 0, &ts, &idle));
	watermark_set_see(s, 3, 300, 0);
	assert_true(watermark_set_advance(s, 0, &ts, &idle));
	assert_int_equal(ts, 199);
	watermark_set_free(s);
}

static void
a_source_that_leaves_or_joins_changes_the_minimum_but_never_lowers_it(void **state)
{
	struct watermark_set *s = watermark_set_new(0, 0);

	(void)state;
	watermark_set_join(s, 0, 0);
	watermark_set_join(s, 1, 0);
	watermark_set_see(s, 0, 100, 0);
	watermark_set_see(s, 1, 50, 0);
	assert_true(watermark_set_advance(s, 0, &ts, &idle));
	watermark_set_leave(s, 1);
	assert_true(watermark_set_advance(s, 0, &ts, &idle));
	assert_int_equal(ts, 99);
	watermark_set_join(s, 1, 0);
	watermark_set_see(s, 1, 60, 0);
	assert_false(watermark_set_advance(s, 0, &ts, &idle));
	assert_int_equal(ts, 99);
	watermark_set_see(s, 0, 500, 0);
	assert_false(watermark_set_advance(s, 0, &ts, &idle));          /* 1 holds it back again */
	watermark_set_leave(s, 0);
	watermark_set_leave(s, 1);
	assert_false(watermark_set_advance(s, 0, &ts, &idle));          /* nobody: nothing new */
	watermark_set_free(s);
}

static int64_t
grace_of_1(void *arg, size_t source)
{
	return source == 1 ? *(const int64_t *)arg : 0;
}

static void
a_source_that_may_have_more_to_say_is_not_idle(void **state)
{
	struct watermark_set *s = watermark_set_new(0, 1000);
	int64_t grace = 400;

	(void)state;
	watermark_set_ask(s, grace_of_1, &grace);
	watermark_set_join(s, 0, 0);
	watermark_set_join(s, 1, 0);
	watermark_set_see(s, 0, 100, 500);
	assert_false(watermark_set_advance(s, 1000, &ts, &idle));
	assert_int_equal(watermark_set_next(s), 1400);
	/* 0 is idle, 1 holds the watermark */
	assert_false(watermark_set_advance(s, 1600, &ts, &idle));
	assert_int_equal(watermark_set_next(s), 2000);
	grace = 0;
	assert_true(watermark_set_advance(s, 2000, &ts, &idle));
	assert_true(idle);
	watermark_set_free(s);
}

static void
a_silent_source_leaves_the_minimum_and_returns_when_it_speaks(void **state)
{
	struct watermark_set *s = watermark_set_new(0, 1000);

	(void)state;
	watermark_set_join(s, 0, 0);
	watermark_set_join(s, 1, 0);
	watermark_set_see(s, 0, 100, 500);
	assert_true(watermark_set_next(s) <= 1000);
	assert_false(watermark_set_advance(s, 999, &ts, &idle));
	assert_true(watermark_set_advance(s, 1000, &ts, &idle));        /* 1 never spoke */
	assert_int_equal(ts, 99);
	assert_false(idle);
	assert_int_equal(watermark_set_next(s), 1500);

	assert_true(watermark_set_advance(s, 1500, &ts, &idle));
	assert_true(idle);
	assert_int_equal(ts, 99);
	assert_true(watermark_set_next(s) == TIME_MAX);
	assert_false(watermark_set_advance(s, 9000, &ts, &idle));

	/* behind the others: it cannot pull them back */
	watermark_set_see(s, 1, 40, 9000);
	assert_true(watermark_set_advance(s, 9000, &ts, &idle));
	assert_false(idle);
	assert_int_equal(ts, 99);
	watermark_set_see(s, 1, 300, 9001);
	assert_true(watermark_set_advance(s, 9001, &ts, &idle));        /* alone, it leads */
	assert_int_equal(ts, 299);
	watermark_set_free(s);
}

static void
those_that_fall_silent_at_one_look_do_so_one_after_the_other(void **state)
{
	struct watermark_set *s = watermark_set_new(0, 1000);

	(void)state;
	watermark_set_join(s, 0, 0);
	watermark_set_join(s, 1, 0);
	watermark_set_see(s, 0, 100, 5);
	assert_false(watermark_set_advance(s, 5, &ts, &idle));
	assert_true(watermark_set_advance(s, 5000, &ts, &idle));
	assert_int_equal(ts, 99);
	assert_true(idle);
	watermark_set_see(s, 1, 80, 5001);
	watermark_set_see(s, 0, 300, 5002);
	assert_true(watermark_set_advance(s, 5002, &ts, &idle));
	watermark_set_see(s, 1, 200, 5003);
	assert_true(watermark_set_advance(s, 9000, &ts, &idle));
	assert_int_equal(ts, 199);      /* 1 spoke last */
	assert_true(idle);
	watermark_set_free(s);
}

static void
without_a_strategy_there_is_no_watermark(void **state)
{
	struct watermark_set *s = watermark_set_new(WATERMARK_NONE, 0);

	(void)state;
	watermark_set_join(s, 0, 0);
	watermark_set_see(s, 0, 100, 0);
	assert_false(watermark_set_advance(s, 0, &ts, &idle));
	assert_true(ts == TIME_MIN);
	watermark_set_free(s);
}

/* Against the definition, over random histories. */
static void
the_fast_minimum_is_the_true_one(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 200; seed++) {
		struct watermark_set *s = watermark_set_new(5, 50);
		int64_t newest[4], seen[4] = { 0 }, common = TIME_MIN, now = 0;
		bool joined[4] = { false }, asleep[4] = { false }, was_idle = false;
		unsigned r = seed;

		for (int step = 0; step < 300; step++) {
			int64_t low = TIME_MAX, last = TIME_MIN, alone = TIME_MIN;
			bool any = false, active = false, news = false;
			size_t i;

			r = r * 1103515245 + 12345;
			i = (r >> 16) % 4;
			now += (r >> 18) % 20;
			asleep[i] = false;
			if (!joined[i]) {
				watermark_set_join(s, i, now);
				joined[i] = true, newest[i] = TIME_MIN, seen[i] = now;
			} else if ((r >> 20) % 16 == 0) {
				watermark_set_leave(s, i);
				joined[i] = false;
			} else {
				int64_t t = now + (r >> 21) % 100;

				watermark_set_see(s, i, t, now);
				newest[i] = t - 6 > newest[i] ? t - 6 : newest[i];
				seen[i] = now;
			}
			for (i = 0; i < 4; i++) {
				any |= joined[i];
				if (joined[i] && now - seen[i] >= 50 && !asleep[i]) {
					asleep[i] = true;
					if (seen[i] > last ||
					    (seen[i] == last && newest[i] > alone))
						alone = newest[i];
					last = seen[i] > last ? seen[i] : last;
				}
				if (!joined[i] || now - seen[i] >= 50)
					continue;
				active = true;
				low = newest[i] < low ? newest[i] : low;
			}
			if ((active ? low : alone) > common)
				common = active ? low : alone, news = true;
			if (any && was_idle == active)
				was_idle = !active, news = true;
			assert_int_equal(watermark_set_advance(s, now, &ts, &idle), news);
			assert_true(ts == common);
			assert_int_equal(idle, was_idle);
		}
		watermark_set_free(s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_option_takes_none_or_a_duration),
		cmocka_unit_test(one_source_trails_its_newest_record_by_the_bound),
		cmocka_unit_test(the_slowest_source_holds_the_others_back),
		cmocka_unit_test(
			a_source_that_leaves_or_joins_changes_the_minimum_but_never_lowers_it),
		cmocka_unit_test(a_source_that_may_have_more_to_say_is_not_idle),
		cmocka_unit_test(a_silent_source_leaves_the_minimum_and_returns_when_it_speaks),
		cmocka_unit_test(those_that_fall_silent_at_one_look_do_so_one_after_the_other),
		cmocka_unit_test(without_a_strategy_there_is_no_watermark),
		cmocka_unit_test(the_fast_minimum_is_the_true_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
