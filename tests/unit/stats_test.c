/* SPDX-License-Identifier: Apache-2.0 */
/* The three clocks: shares of the last minute, whatever the loop does. */
#include "unit.h"

#include "stream/stats.h"

#define SECOND ((int64_t)1000000000)

static void
assert_shares(const struct pipe_stats *s, int64_t now, int idle, int blocked)
{
	struct stats_ratios r = stats_ratios(s, now);

	assert_int_equal((int)(r.idle * 100 + 0.5), idle);
	assert_int_equal((int)(r.blocked * 100 + 0.5), blocked);
	assert_int_equal((int)((r.idle + r.blocked + r.busy) * 1000 + 0.5), 1000);
}

static void
a_young_run_is_averaged_over_its_life(void **state)
{
	static struct pipe_stats s;

	(void)state;
	stats_start(&s, 100 * SECOND);
	stats_wait(&s, STATS_IDLE, 101 * SECOND);
	stats_wait(&s, STATS_BUSY, 102 * SECOND);
	stats_wait(&s, STATS_BLOCKED, 103 * SECOND);
	assert_shares(&s, 104 * SECOND, 25, 25);
}

static void
only_the_last_minute_counts(void **state)
{
	static struct pipe_stats s;
	int64_t now = SECOND;

	(void)state;
	stats_start(&s, now);
	stats_wait(&s, STATS_BLOCKED, now);
	for (int i = 0; i < 100; i++) {
		now += SECOND;
		stats_wait(&s, STATS_BLOCKED, now);
	}
	stats_wait(&s, STATS_BUSY, now);
	for (int i = 0; i < 30; i++) {
		now += SECOND;
		stats_sample(&s, now);
	}
	assert_shares(&s, now, 0, 50);
	for (int i = 0; i < 35; i++) {
		now += SECOND;
		stats_sample(&s, now);
	}
	assert_shares(&s, now, 0, 0);
}

static void
a_wait_without_samples_fills_the_minute_and_no_more(void **state)
{
	static struct pipe_stats s;

	(void)state;
	stats_start(&s, SECOND);
	stats_wait(&s, STATS_IDLE, 11 * SECOND);
	assert_shares(&s, 21 * SECOND, 50, 0);
	assert_shares(&s, 3600 * SECOND, 100, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_young_run_is_averaged_over_its_life),
		cmocka_unit_test(only_the_last_minute_counts),
		cmocka_unit_test(a_wait_without_samples_fills_the_minute_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
