/* SPDX-License-Identifier: Apache-2.0 */
/* Moments and durations, against a calendar that counts days one by one. */
#include "unit.h"

#include "base/time.h"

static int64_t
parsed(const char *text)
{
	int64_t ms = -1;

	if (time_parse_rfc3339(&ms, str_of(text)) < 0)
		fail_msg("%s was refused", text);
	return ms;
}

static bool
is_refused(const char *text)
{
	int64_t ms = 42;
	/* On the heap and without a NUL, so that a sanitizer sees a read past the end. */
	size_t n = strlen(text);
	char  *copy = malloc(n + (n == 0));
	int    status;

	memcpy(copy, text, n);
	status = time_parse_rfc3339(&ms, (struct str){ copy, n });
	free(copy);
	return status == -1 && ms == 42;
}

static bool
is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
naive_month_days(int64_t year, int month)
{
	switch (month) {
	case 2: return is_leap(year) ? 29 : 28;
	case 4: case 6: case 9: case 11: return 30;
	default: return 31;
	}
}

static void
every_day_of_four_thousand_years_is_where_counting_puts_it(void **state)
{
	int64_t      day = -719528;             /* 0000-01-01, by the count below from 1970 */
	struct civil c;
	char         text[64];

	(void)state;
	for (int year = 0; year < 4000; year++) {
		for (int month = 1; month <= 12; month++) {
			for (int d = 1; d <= naive_month_days(year, month); d++, day++) {
				assert_int_equal(time_of_civil(year, month, d), day * 86400000);
				time_to_civil(&c, day * 86400000 + 86399999);
				assert_true(c.year == year && c.month == month && c.day == d);
				assert_true(c.hour == 23 && c.minute == 59 && c.second == 59 &&
				            c.ms == 999);
				assert_int_equal(c.weekday, (int)((day % 7 + 7 + 4) % 7));
				snprintf(text, sizeof(text), "%04d-%02d-%02dT00:00:00Z", year, month, d);
				assert_int_equal(parsed(text), day * 86400000);
			}
		}
		if (year == 1969)
			assert_int_equal(day, 0);
	}
}

static void
days_that_no_month_has_are_refused(void **state)
{
	char text[64];

	(void)state;
	for (int year = 1896; year <= 2004; year++) {
		for (int month = 0; month <= 99; month++) {
			for (int d = 0; d <= 99; d++) {
				bool good = month >= 1 && month <= 12 && d >= 1 &&
				            d <= naive_month_days(year, month);

				snprintf(text, sizeof(text), "%04d-%02d-%02dT00:00:00Z", year, month, d);
				assert_int_equal(is_refused(text), !good);
			}
		}
	}
}

static void
every_second_of_a_day_is_read(void **state)
{
	char text[64];

	(void)state;
	for (int h = 0; h <= 99; h++) {
		for (int m = 0; m <= 99; m++) {
			for (int s = 0; s <= 99; s++) {
				snprintf(text, sizeof(text), "1970-01-01T%02d:%02d:%02dZ", h, m, s);
				if (h < 24 && m < 60 && s < 60)
					assert_int_equal(parsed(text),
					                 (h * 3600 + m * 60 + s) * 1000);
				else
					assert_true(is_refused(text));
			}
		}
	}
}

static void
any_fraction_is_read_and_cut_after_milliseconds(void **state)
{
	(void)state;
	assert_int_equal(parsed("1970-01-01T00:00:01.5Z"), 1500);
	assert_int_equal(parsed("1970-01-01T00:00:01.05Z"), 1050);
	assert_int_equal(parsed("1970-01-01T00:00:01.005Z"), 1005);
	assert_int_equal(parsed("1970-01-01T00:00:01.000Z"), 1000);
	assert_int_equal(parsed("1970-01-01T00:00:01.0059999999999999999999999Z"), 1005);
	assert_int_equal(parsed("1969-12-31T23:59:59.9999Z"), -1);
	assert_true(is_refused("1970-01-01T00:00:01.Z"));
	assert_true(is_refused("1970-01-01T00:00:01,5Z"));
	assert_true(is_refused("1970-01-01T00:00:01.5"));
	assert_true(is_refused("1970-01-01T00:00:01.-5Z"));
}

static void
any_offset_is_read(void **state)
{
	(void)state;
	assert_int_equal(parsed("1970-01-01T01:00:00+01:00"), 0);
	assert_int_equal(parsed("1969-12-31T18:29:00-05:31"), 0);
	assert_int_equal(parsed("1970-01-01T00:00:00.250-00:00"), 250);
	assert_int_equal(parsed("1970-01-01T00:00:00+23:59"), -86340000);
	assert_int_equal(parsed("1970-01-01t00:00:00z"), 0);
	assert_int_equal(parsed("1970-01-01 00:00:00Z"), 0);
	assert_true(is_refused("1970-01-01T00:00:00+24:00"));
	assert_true(is_refused("1970-01-01T00:00:00+01:60"));
	assert_true(is_refused("2016-12-31T23:59:60Z"));        /* a leap second */
	assert_true(is_refused("1970-01-01T00:00:00+0100"));
	assert_true(is_refused("1970-01-01T00:00:00+01"));
	assert_true(is_refused("1970-01-01T00:00:00ZZ"));
	assert_true(is_refused("1970-01-01T00:00:00Z "));
	assert_true(is_refused("1970-01-01T00:00:00"));
	assert_true(is_refused("1970-01-01"));
	assert_true(is_refused(""));
}

static void
one_wrong_byte_anywhere_is_refused(void **state)
{
	static const char good[] = "2026-01-16T12:00:00Z";

	(void)state;
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		for (int c = 0; c < 256; c++) {
			char    text[sizeof(good)];
			int64_t ms;
			bool digit = c >= '0' && c <= '9',
			     was_digit = good[i] >= '0' && good[i] <= '9';
			int     status;

			memcpy(text, good, sizeof(good));
			text[i] = (char)c;
			status = time_parse_rfc3339(&ms, (struct str){ text, sizeof(good) - 1 });
			if (status == 0)
				assert_true(c == good[i] || (digit && was_digit) ||
				            (i == 10 && (c == 't' || c == ' ')) ||
				            (i == 19 && c == 'z'));
			else
				assert_true(c != good[i] && (!was_digit || !digit || i != 0));
		}
	}
}

static void
moments_outside_of_the_years_of_four_digits_are_refused(void **state)
{
	(void)state;
	assert_int_equal(parsed("9999-12-31T23:59:59.999Z"), TIME_LAST);
	assert_true(is_refused("9999-12-31T23:59:59.999-00:01"));
	assert_int_equal(parsed("0000-01-01T00:00:00+23:59"), time_of_civil(0, 1, 1) - 86340000);
	assert_int_equal(time_of_civil(-9999, 1, 1), TIME_FIRST);
	assert_int_equal(time_of_civil(10000, 1, 1), TIME_LAST + 1);
}

static void
a_printed_moment_reads_back(void **state)
{
	static const struct { int64_t ms; const char *text; } cases[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ 1768564800000, "2026-01-16T12:00:00.000Z" },
		{ TIME_LAST, "9999-12-31T23:59:59.999Z" },
		{ TIME_LAST + 1, "+10000-01-01T00:00:00.000Z" },
		{ -62167219200000, "0000-01-01T00:00:00.000Z" },
		{ -62167219200001, "-0001-12-31T23:59:59.999Z" },
		{ TIME_FIRST, "-9999-01-01T00:00:00.000Z" },
		{ INT64_MIN, "-292275055-05-16T16:47:04.192Z" },
		{ INT64_MAX, "+292278994-08-17T07:12:55.807Z" },
	};
	uint64_t random = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char   text[TIME_TEXT_MAX];
		size_t n = time_print(text, cases[i].ms);

		assert_int_equal(n, strlen(cases[i].text));
		assert_memory_equal(text, cases[i].text, n);
	}
	for (int i = 0; i < 200000; i++) {
		int64_t    ms, back;
		char       text[TIME_TEXT_MAX];
		struct str s = { text, 0 };

		ms = (int64_t)(next_random64(&random) >> 11) % (TIME_LAST + 62167219200000) -
		     62167219200000;
		s.n = time_print(text, ms);
		assert_int_equal(time_parse_rfc3339(&back, s), 0);
		assert_int_equal(back, ms);
	}
}

static void
the_unit_of_a_number_is_told_by_its_magnitude(void **state)
{
	static const struct { const char *text; enum time_format unit; int64_t ms; } cases[] = {
		{ "1768564800", TIME_FORMAT_AUTO, 1768564800000 },
		{ "1768564800.25", TIME_FORMAT_AUTO, 1768564800250 },
		{ "1768564800123", TIME_FORMAT_AUTO, 1768564800123 },
		{ "1768564800123456", TIME_FORMAT_AUTO, 1768564800123 },
		{ "1768564800123456789", TIME_FORMAT_AUTO, 1768564800123 },
		{ "99999999999", TIME_FORMAT_AUTO, 99999999999000 },
		{ "100000000000", TIME_FORMAT_AUTO, 100000000000 },
		{ "99999999999999", TIME_FORMAT_AUTO, 99999999999999 },
		{ "100000000000000", TIME_FORMAT_AUTO, 100000000000 },
		{ "99999999999999999", TIME_FORMAT_AUTO, 99999999999999 },
		{ "100000000000000000", TIME_FORMAT_AUTO, 100000000000 },
		{ "0", TIME_FORMAT_AUTO, 0 },
		{ "-1", TIME_FORMAT_AUTO, -1000 },
		{ "+1", TIME_FORMAT_S, 1000 },
		{ "-0.0001", TIME_FORMAT_S, -1 },
		{ "-1.5", TIME_FORMAT_MS, -2 },
		{ "1.999", TIME_FORMAT_MS, 1 },
		{ "-1001", TIME_FORMAT_US, -2 },
		{ "-1000000", TIME_FORMAT_NS, -1 },
		{ "-1000001", TIME_FORMAT_NS, -2 },
		{ "5", TIME_FORMAT_MS, 5 },
		{ "253402300799.999", TIME_FORMAT_S, TIME_LAST },
		{ "-377705116800", TIME_FORMAT_S, TIME_FIRST },
		{ "1.7e9", TIME_FORMAT_AUTO, 1700000000000 },
		{ "1.7e12", TIME_FORMAT_AUTO, 1700000000000 },
		{ "1.7E+15", TIME_FORMAT_AUTO, 1700000000000 },
		{ "1.7684e+18", TIME_FORMAT_AUTO, 1768400000000 },
		{ "17000000000e-1", TIME_FORMAT_AUTO, 1700000000000 },
		{ "1700000000123456789e-9", TIME_FORMAT_AUTO, 1700000000123 },
		{ "1.7000000001234567890123e9", TIME_FORMAT_S, 1700000000123 },
		{ "-1.5e-3", TIME_FORMAT_S, -2 },
		{ "-1e-999999999999", TIME_FORMAT_S, -1 },
		{ "0e999999999999", TIME_FORMAT_AUTO, 0 },
		{ "0.00000000000000000000000000017e38", TIME_FORMAT_S, 17000000000000 },
		{ "170000000000000000000000000e-17", TIME_FORMAT_AUTO, 1700000000000 },
		{ "9.9999999999e10", TIME_FORMAT_AUTO, 99999999999000 },
		{ "1e11", TIME_FORMAT_AUTO, 100000000000 },
		{ "9223372036854775808", TIME_FORMAT_NS, 9223372036854 },
	};
	static const char *const wrong[] = { "", "-", "+", ".", "1.", ".5", "1e", "1e+",
		"1e1.5", "e9", "1ee9", "1e400", "1 ", " 1", "0x10", "--1", "1.5.5" };
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (time_parse_number(&ms, str_of(cases[i].text), cases[i].unit) < 0 ||
		    ms != cases[i].ms)
			fail_msg("%s became %lld", cases[i].text, (long long)ms);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(time_parse_number(&ms, str_of(wrong[i]), TIME_FORMAT_AUTO), -1);
	assert_int_equal(time_parse_number(&ms, STR("253402300800"), TIME_FORMAT_S), -1);
	assert_int_equal(time_parse_number(&ms, STR("-377705116800.001"), TIME_FORMAT_S), -1);
	assert_int_equal(time_parse_number(&ms, STR("9223372036854775808"), TIME_FORMAT_S), -1);
	assert_int_equal(time_parse_number(&ms, STR("99999999999999999999999999999999"), TIME_FORMAT_NS), -1);
	assert_int_equal(time_parse_number(&ms, STR("1"), TIME_FORMAT_RFC3339), -1);
}

static void
durations_are_read(void **state)
{
	static const struct { const char *text; int64_t ms; } cases[] = {
		{ "0", 0 }, { "0s", 0 }, { "5m", 300000 }, { "1h30m", 5400000 }, { "250ms", 250 }, { "2d", 172800000 },
		{ "1w", 604800000 }, { "1.5s", 1500 }, { "0.001s", 1 }, { "1000us", 1 }, { "2000000ns", 2 },
		{ "1s500us500000ns", 1001 }, { "1m0.5s", 60500 }, { "90s", 90000 }, { "9007199254740992ms", DUR_MAX },
		{ "-1h", -3600000 }, { "-0", 0 }, { "0.5d", 43200000 }, { "0.00000000000s", 0 },
	};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (dur_parse(&ms, str_of(cases[i].text), true, NULL) < 0 || ms != cases[i].ms)
			fail_msg("%s became %lld", cases[i].text, (long long)ms);
	}
}

static void
what_is_no_duration_is_named(void **state)
{
	static const char *const wrong[] = {
		"", "5", "5x", "m", "5 m", "5m ", "-", "5m3h", "5m3m", "5M", "1.s", ".5s", "1h-5m", "--5m", "1e3s", "5mm", "1.5",
	};
	struct err err;
	int64_t    ms = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char want[100];

		snprintf(want, sizeof(want), "'%s' is not a duration (try 30s, 5m, 1h)", wrong[i]);
		assert_int_equal(dur_parse(&ms, str_of(wrong[i]), true, &err), -1);
		assert_string_equal(err.msg, want);
		assert_int_equal(err.status, STATUS_USAGE);
	}
	assert_int_equal(dur_parse(&ms, STR("1us"), true, &err), -1);
	assert_string_equal(err.msg, "'1us' is not a whole number of milliseconds");
	assert_int_equal(dur_parse(&ms, STR("0.00000000000000001ns"), true, &err), -1);
	assert_string_equal(err.msg, "'0.00000000000000001ns' is not a whole number of milliseconds");
	assert_int_equal(dur_parse(&ms, STR("9007199254740993ms"), true, &err), -1);
	assert_string_equal(err.msg, "'9007199254740993ms' is too long (at most 2^53 milliseconds)");
	assert_int_equal(dur_parse(&ms, STR("99999999999999999999999999999w"), true, &err), -1);
	assert_string_equal(err.msg, "'99999999999999999999999999999w' is too long (at most 2^53 milliseconds)");
	assert_int_equal(dur_parse(&ms, STR("-1h"), false, &err), -1);
	assert_string_equal(err.msg, "'-1h' is negative, which has no meaning here");
	assert_int_equal(ms, 7);
}

static void
a_printed_duration_reads_back(void **state)
{
	static const struct { int64_t ms; const char *text; } cases[] = {
		{ 0, "0s" }, { 1, "1ms" }, { 999, "999ms" }, { 1000, "1s" }, { 1500, "1.5s" }, { 1050, "1.05s" },
		{ 10000, "10s" }, { 300000, "5m" }, { 5400000, "1h30m" }, { 3600001, "1h1ms" }, { 86400000, "1d" },
		{ 604800000, "7d" }, { -3600000, "-1h" },
	};
	char     text[DUR_TEXT_MAX];
	int64_t  back;
	uint64_t random = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(dur_print(text, cases[i].ms), strlen(cases[i].text));
		assert_string_equal(text, cases[i].text);
	}
	for (int i = 0; i < 100000; i++) {
		int64_t ms = (int64_t)(next_random64(&random) >> 10);

		ms = (ms >> roll(&random, 40)) * (i % 2 == 0 ? 1 : -1);
		if (ms > DUR_MAX || ms < -DUR_MAX)
			continue;
		dur_print(text, ms);
		assert_int_equal(dur_parse(&back, str_of(text), true, NULL), 0);
		assert_int_equal(back, ms);
	}
	assert_true(dur_print(text, INT64_MIN) < DUR_TEXT_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day_of_four_thousand_years_is_where_counting_puts_it),
		cmocka_unit_test(days_that_no_month_has_are_refused),
		cmocka_unit_test(every_second_of_a_day_is_read),
		cmocka_unit_test(any_fraction_is_read_and_cut_after_milliseconds),
		cmocka_unit_test(any_offset_is_read),
		cmocka_unit_test(one_wrong_byte_anywhere_is_refused),
		cmocka_unit_test(moments_outside_of_the_years_of_four_digits_are_refused),
		cmocka_unit_test(a_printed_moment_reads_back),
		cmocka_unit_test(the_unit_of_a_number_is_told_by_its_magnitude),
		cmocka_unit_test(durations_are_read),
		cmocka_unit_test(what_is_no_duration_is_named),
		cmocka_unit_test(a_printed_duration_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
