/* SPDX-License-Identifier: Apache-2.0 */
/* The time of a record by tables: an expression, a line, and the moment or the message. */
#include "unit.h"

#include "base/time.h"
#include "sql/expr.h"

#define NO_TIME \
	"which is not a time (RFC 3339, or a number since 1970) within the years -9999 to 9999"

static void
times_are_read_from_text_and_numbers(void **state)
{
	static const struct { const char *expr, *line, *result; int format; } rows[] = {
		{ "t", "{\"t\":\"2026-01-16T12:00:00Z\"}", "1768564800000", TIME_FORMAT_AUTO },
		{ "t", "{\"t\":1768564800}", "1768564800000", TIME_FORMAT_AUTO },
		{ "t", "{\"t\":1768564800}", "1768564800", TIME_FORMAT_MS },
		{ "t", "{\"t\":\"1768564800\"}", "1768564800", TIME_FORMAT_MS },
		{ "t", "{\"t\":-5}", "-5", TIME_FORMAT_MS },
		{ "t + 1", "{\"t\":5}", "6", TIME_FORMAT_MS },
		{ "0", "{}", "0", TIME_FORMAT_AUTO },
		{ "TO_TIMESTAMP(t)", "{\"t\":\"2026-01-16 12:00:00\"}", "1768564800000", TIME_FORMAT_AUTO },
		{ "t", "{}", "no time: 't' is missing or null", TIME_FORMAT_AUTO },
		{ "t", "{\"t\":null}", "no time: 't' is missing or null", TIME_FORMAT_AUTO },
		{ "t", "{\"t\":1.7684e+18}", "1768400000000", TIME_FORMAT_AUTO },
		{ "t", "{\"t\":\"1.7684e9\"}", "1768400000000", TIME_FORMAT_S },
		{ "t", "{\"t\":\"soon\"}",
		  "'t' is the text 'soon', " NO_TIME, TIME_FORMAT_AUTO },
		{ "t", "{\"t\":\"s\\u00f6\\\"on\"}",
		  "'t' is the text 'sö\"on', " NO_TIME, TIME_FORMAT_AUTO },
		{ "t", "{\"t\":\"1768564800\"}",
		  "'t' is the text '1768564800', " NO_TIME
		  " (--time-format s, ms, us or ns takes numbers in text)", TIME_FORMAT_AUTO },
		{ "t", "{\"t\":\"1768564800\"}",
		  "'t' is the text '1768564800', " NO_TIME, TIME_EXPR_NO_FORMAT },
		{ "t", "{\"t\":1768564800}", "1768564800000", TIME_EXPR_NO_FORMAT },
		{ "t", "{\"t\":1}",
		  "'t' is the number '1', which is not an RFC 3339 time within the years -9999 to 9999",
		  TIME_FORMAT_RFC3339 },
		{ "t", "{\"t\":999999999999999999}",
		  "'t' is the number '999999999999999999', which is not a number of milliseconds "
		  "since 1970 within the years -9999 to 9999", TIME_FORMAT_MS },
		{ "t", "{\"t\":1e400}",
		  "'t' is the number '1e400', " NO_TIME, TIME_FORMAT_AUTO },
		{ "t", "{\"t\":true}", "'t' is TRUE, " NO_TIME, TIME_FORMAT_AUTO },
		{ "t", "{\"t\":[1]}",
		  "'t' is a JSON object or array, " NO_TIME, TIME_FORMAT_AUTO },
		{ "TO_TIMESTAMP(t) + INTERVAL '700000' DAY", "{\"t\":\"9999-01-01\"}",
		  "'TO_TIMESTAMP(t) + INTERVAL '700000' DAY' is a moment, " NO_TIME, TIME_FORMAT_AUTO },
		{ "'soon'", "{}", "this is the text 'soon', " NO_TIME, TIME_FORMAT_AUTO },
		{ "TRUE", "{}", "--time: this is a condition, not a time", TIME_FORMAT_AUTO },
	};
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct extractor *x = extract_new();
		struct expr_scope scope = { .fields = x };
		struct field      fields[EXTRACT_FIELDS];
		struct arena      scratch = { 0 };
		struct expr_env   env = { .fields = fields, .scratch = &scratch };
		char              line[256] = { 0 }, got[700];
		struct err        err;
		struct time_expr *t =
			time_expr_new(str_of(rows[i].expr), "--time", rows[i].format, &scope,
			              &err);
		int64_t           ms;

		strcpy(line, rows[i].line);
		if (t != NULL)
			assert_int_equal(extract(x, str_of(line), fields, &err), 0);
		if (t != NULL && time_expr_eval(t, &env, &ms, &err) == 0)
			snprintf(got, sizeof(got), "%lld", (long long)ms);
		else
			snprintf(got, sizeof(got), "%s", err.msg);
		if (strcmp(got, rows[i].result) != 0) {
			print_error("%s over %s\n  expected %s\n  got      %s\n", rows[i].expr, rows[i].line, rows[i].result, got);
			wrong++;
		}
		time_expr_free(t);
		arena_release(&scratch);
		extract_free(x);
	}
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read_from_text_and_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
