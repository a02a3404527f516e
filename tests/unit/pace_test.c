/* SPDX-License-Identifier: Apache-2.0 */
/* When records may leave, by a clock that the test holds. */
#include "unit.h"

#include "base/time.h"
#include "kafka/pace.h"

#define MS 1000000

static int64_t
leave(struct pace *p, int64_t time, int64_t *now_ns)
{
	int64_t waited = 0, wait;

	while ((wait = pace_wait(p, time, *now_ns)) > 0) {
		*now_ns += wait * MS;
		waited += wait;
	}
	pace_pass(p, time, *now_ns);
	return waited;
}

static void
a_rate_is_kept_on_average(void **state)
{
	static const struct { const char *rate; int records; int64_t ms; } cases[] = {
		{ "100/s", 1000, 9900 }, { "100", 100, 900 }, { "60/m", 10, 9000 }, { "3600/h", 4, 3000 }, { "5000", 10000, 1900 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pace p = { 0 };
		struct err err;
		int64_t start = 5000 * (int64_t)MS, now = start;

		assert_int_equal(pace_rate_option(&p, cases[i].rate, &err), 0);
		for (int n = 0; n < cases[i].records; n++)
			leave(&p, TIME_MIN, &now);
		assert_in_range((now - start) / MS, cases[i].ms - 110, cases[i].ms + 110);
	}
}

static void
who_comes_late_catches_up_by_a_tenth_of_a_second(void **state)
{
	struct pace p = { .interval = 10.0 * MS };
	int64_t now = 1000 * (int64_t)MS;
	int at_once = 0;

	(void)state;
	leave(&p, TIME_MIN, &now);
	now += 3600 * 1000 * (int64_t)MS;
	while (leave(&p, TIME_MIN, &now) == 0)
		at_once++;
	assert_in_range(at_once, 9, 12);
}

static void
a_replay_keeps_the_distances_of_event_time(void **state)
{
	struct pace p = { 0 };
	struct err err;
	int64_t now = 77 * (int64_t)MS;

	(void)state;
	assert_int_equal(pace_speed_option(&p, "60x", &err), 0);
	assert_int_equal(leave(&p, TIME_MIN, &now), 0);
	assert_int_equal(leave(&p, 1000000, &now), 0);
	assert_in_range(leave(&p, 1060000, &now), 1000, 1001);
	/* out of order: it is late already */
	assert_int_equal(leave(&p, 1030000, &now), 0);
	assert_int_equal(leave(&p, TIME_MIN, &now), 0);
	now += 500 * MS;
	/* what the output has taken counts */
	assert_in_range(leave(&p, 1120000, &now), 499, 501);
	assert_true(pace_wait(&p, TIME_MAX, now) > 1000000);
}

static void
what_is_no_rate_or_speed_is_refused(void **state)
{
	static const char *const words[] = { "", "0", "-1", "x", "inf", "nan", "0x10", " 1", "1e3", "10/d", "1/", "1 /s", "1..2", "99999999999" };

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct pace p = { 0 };
		struct err err;

		assert_int_equal(pace_rate_option(&p, words[i], &err), -1);
		assert_int_equal(err.status, STATUS_USAGE);
		assert_int_equal(pace_speed_option(&p, words[i], &err), -1);
		assert_false(pace_used(&p));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_is_kept_on_average),
		cmocka_unit_test(who_comes_late_catches_up_by_a_tenth_of_a_second),
		cmocka_unit_test(a_replay_keeps_the_distances_of_event_time),
		cmocka_unit_test(what_is_no_rate_or_speed_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
