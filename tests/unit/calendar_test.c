/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calendar_test.c - days, weeks and months, with clocks that change
 *
 * The zone is Central European time by its rule alone, so that no time zone database is needed.
 */
#include "unit.h"

#include "base/buf.h"
#include "base/time.h"
#include "window/calendar.h"

#define HOUR ((int64_t)3600000)

/* A TZif file without changes, an hour ahead of UTC, and with this rule. */
static struct str
zone_file(struct buf *b, const char *rule)
{
	static const char type[6] = { 0, 0, 0x0e, 0x10, 0, 0 };

	buf_init(b, 1000);
	for (int block = 0; block < 2; block++) {
		buf_add(b, "TZif2", 5);
		memset(buf_room(b, 39), 0, 39);
		b->n += 39;
		b->p[b->n - 5] = 1;             /* types */
		b->p[b->n - 1] = 4;             /* bytes of names */
		buf_add(b, type, sizeof(type));
		buf_add(b, "CET\0", 4);
	}
	buf_addf(b, "\n%s\n", rule);
	return buf_str(b);
}

static struct calendar *
central_europe(enum calendar_unit unit, int64_t count)
{
	struct buf b;
	struct err err;
	struct calendar *c = calendar_new(zone_file(&b, "CET-1CEST,M3.5.0,M10.5.0/3"), unit, count, &err);

	assert_non_null(c);
	buf_release(&b);
	return c;
}

static void
check_period(const struct calendar *c, int64_t ts, int64_t start, int64_t end)
{
	int64_t from, to;

	calendar_period(c, ts, &from, &to);
	assert_int_equal(from, start);
	assert_int_equal(to, end);
}

static void
a_day_has_23_or_25_hours_when_clocks_change(void **state)
{
	struct calendar *c = central_europe(CALENDAR_DAY, 1);
	int64_t spring = time_of_civil(2026, 3, 29) - HOUR,
		autumn = time_of_civil(2026, 10, 25) - 2 * HOUR;

	(void)state;
	check_period(c, spring, spring, spring + 23 * HOUR);
	check_period(c, spring + 23 * HOUR - 1, spring, spring + 23 * HOUR);
	check_period(c, spring - 1, spring - 24 * HOUR, spring);
	check_period(c, autumn + 25 * HOUR - 1, autumn, autumn + 25 * HOUR);
	calendar_free(c);
}

static void
the_rule_holds_in_far_years_and_before_1970(void **state)
{
	struct calendar *c = central_europe(CALENDAR_DAY, 1);
	int64_t summer = time_of_civil(9999, 7, 1), winter = time_of_civil(-9999, 1, 2);

	(void)state;
	assert_int_equal(calendar_ahead(c, summer), 2 * HOUR);
	check_period(c, summer, summer - 2 * HOUR, summer + 22 * HOUR);
	check_period(c, winter, winter - HOUR, winter + 23 * HOUR);
	calendar_free(c);
}

static void
weeks_begin_on_monday_and_months_on_the_first(void **state)
{
	struct calendar *week = central_europe(CALENDAR_WEEK, 1),
			*quarter = central_europe(CALENDAR_MONTH, 3);

	(void)state;
	check_period(week, time_of_civil(2026, 11, 24), time_of_civil(2026, 11, 23) - HOUR,
	             time_of_civil(2026, 11, 30) - HOUR);
	check_period(quarter, time_of_civil(2026, 11, 24), time_of_civil(2026, 10, 1) - 2 * HOUR,
	             time_of_civil(2027, 1, 1) - HOUR);
	calendar_free(week);
	calendar_free(quarter);
}

static void
neighbouring_periods_touch(void **state)
{
	struct calendar *c = central_europe(CALENDAR_DAY, 1);
	int64_t start, end, next, after;

	(void)state;
	calendar_period(c, time_of_civil(2026, 1, 1), &start, &end);
	for (int i = 0; i < 1000; i++, end = after) {
		calendar_period(c, end, &next, &after);
		assert_int_equal(next, end);
	}
	calendar_free(c);
}

static void
a_file_that_is_cut_or_has_an_odd_rule_is_refused(void **state)
{
	struct buf b;
	struct err err;
	struct str file = zone_file(&b, "CET-1CEST,M3.5.0,M10.5.0/3");

	(void)state;
	for (size_t n = 0; n < file.n; n++)
		assert_null(calendar_new(str_slice(file, 0, n), CALENDAR_DAY, 1, &err));
	buf_release(&b);
	assert_null(calendar_new(zone_file(&b, "CET-1CEST,M13.5.0,M10.5.0"), CALENDAR_DAY, 1, &err));
	buf_release(&b);
}

static void
sizes_are_days_weeks_or_months(void **state)
{
	enum calendar_unit unit;
	int64_t count;
	struct err err;

	(void)state;
	assert_int_equal(calendar_size(STR("3mo"), &unit, &count, &err), 0);
	assert_int_equal(unit, CALENDAR_MONTH);
	assert_int_equal(count, 3);
	assert_int_equal(calendar_size(STR("0d"), &unit, &count, &err), -1);
	assert_int_equal(calendar_size(STR("1h"), &unit, &count, &err), -1);
	assert_int_equal(calendar_size(STR("d"), &unit, &count, &err), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_day_has_23_or_25_hours_when_clocks_change),
		cmocka_unit_test(the_rule_holds_in_far_years_and_before_1970),
		cmocka_unit_test(weeks_begin_on_monday_and_months_on_the_first),
		cmocka_unit_test(neighbouring_periods_touch),
		cmocka_unit_test(a_file_that_is_cut_or_has_an_odd_rule_is_refused),
		cmocka_unit_test(sizes_are_days_weeks_or_months),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
