/* SPDX-License-Identifier: Apache-2.0 */
/* bad_test.c - each policy for bad records, and what a dead letter keeps */
#include <unistd.h>

#include "unit.h"

#include "stream/bad.h"

static const struct err reason = { .status = STATUS_DATA, .msg = "no member 'timestamp'" };
static char dir[] = "/tmp/maip-bad-test.XXXXXX";

static struct bad_records
with(const char *policy)
{
	struct bad_records bad = { .count = 0 };
	struct err err;

	assert_int_equal(bad_option(&bad, policy, &err), 0);
	assert_int_equal(bad_open(&bad, &err), 0);
	return bad;
}

static const char *
letter_option(void)
{
	static char option[100];

	snprintf(option, sizeof(option), "dead-letter=%s/letters", dir);
	unlink(strchr(option, '=') + 1);
	return option;
}

static void
assert_letters(const char *option, const char *expected)
{
	static char text[2 << 20];
	FILE *f = fopen(strchr(option, '=') + 1, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	assert_string_equal(text, expected);
}

static void
stop_says_where_and_why(void **state)
{
	struct bad_records bad = with("stop");
	struct err err;

	(void)state;
	assert_int_equal(bad_record(&bad, 12, STR("{}"), &reason, &err), -1);
	assert_int_equal(err.status, STATUS_DATA);
	assert_string_equal(err.msg, "line 12: no member 'timestamp'");
	assert_int_equal(bad.count, 1);
	bad.source = "orders.ndjson";
	assert_int_equal(bad_record(&bad, 3, STR("{}"), &reason, &err), -1);
	assert_string_equal(err.msg, "orders.ndjson: line 3: no member 'timestamp'");
	assert_int_equal(bad_record_at(&bad, "maip.orders[3]@1042", STR("{}"), &reason, &err), -1);
	assert_string_equal(err.msg, "maip.orders[3]@1042: no member 'timestamp'");
	assert_int_equal(bad_long_line(&bad, 4, STR("{\"a"), 16, &err), -1);
	assert_string_equal(err.msg, "orders.ndjson: line 4: longer than the 16 bytes of --max-line");
	assert_int_equal(bad_finish(&bad, STATUS_IO), STATUS_IO);
}

static void
skip_goes_on_and_ends_with_65(void **state)
{
	struct bad_records bad = with("skip");
	struct err err;

	(void)state;
	assert_int_equal(bad_record(&bad, 12, STR("{}"), &reason, &err), 0);
	assert_int_equal(bad_record(&bad, 13, STR("{}"), &reason, &err), 0);
	assert_string_equal(bad.first.msg, "line 12: no member 'timestamp'");
	assert_int_equal(bad_finish(&bad, STATUS_OK), STATUS_DATA);
	assert_int_equal(bad_finish(&bad, STATUS_RETRY), STATUS_RETRY);
	bad.ok_errors = 2;
	assert_int_equal(bad_finish(&bad, STATUS_OK), STATUS_OK);
	bad.ok_errors = 1;
	assert_int_equal(bad_finish(&bad, STATUS_OK), STATUS_DATA);
}

static void
without_bad_records_nothing_changes(void **state)
{
	struct bad_records bad = with("skip");

	(void)state;
	assert_int_equal(bad_finish(&bad, STATUS_OK), STATUS_OK);
}

static void
a_dead_letter_keeps_the_reason_the_place_and_the_input(void **state)
{
	const char *option = letter_option();
	struct bad_records bad = with(option);
	struct err err;

	(void)state;
	assert_int_equal(bad_record(&bad, 1, STR("{\"a\":\t\"\xc3\xa9\"}"), &reason, &err), 0);
	assert_int_equal(bad_record(&bad, 2, STR("a\xff"), &reason, &err), 0);
	assert_int_equal(bad_record_at(&bad, "t[0]@7", STR(""), &reason, &err), 0);
	assert_int_equal(bad_long_line(&bad, 4, STR("ab\xe2\x82"), 16, &err), 0);
	bad.source = "\xff";
	assert_int_equal(bad_record(&bad, 5, STR("x"), &reason, &err), 0);
	assert_int_equal(bad_finish(&bad, STATUS_OK), STATUS_DATA);
	assert_letters(option,
		"{\"reason\":\"no member 'timestamp'\",\"position\":\"line 1\",\"input\":\"{\\\"a\\\":\\t\\\"\xc3\xa9\\\"}\"}\n"
		"{\"reason\":\"no member 'timestamp'\",\"position\":\"line 2\",\"input_b64\":\"Yf8=\"}\n"
		"{\"reason\":\"no member 'timestamp'\",\"position\":\"t[0]@7\",\"input\":\"\"}\n"
		"{\"reason\":\"longer than the 16 bytes of --max-line\",\"position\":\"line 4\",\"input\":\"ab\",\"cut\":true}\n"
		"{\"reason\":\"no member 'timestamp'\",\"position\":\"'\\\\xff: line 5'\",\"input\":\"x\"}\n");
}

static void
a_long_input_is_cut_at_a_character(void **state)
{
	const char *option = letter_option();
	struct bad_records bad = with(option);
	const size_t limit = (size_t)1 << 20;
	char *input = malloc(limit + 1), *expected = malloc(limit + 200);
	struct err err;

	(void)state;
	memset(input, 'a', limit - 1);
	memcpy(input + limit - 1, "\xc3\xa9", 2);
	assert_int_equal(bad_record(&bad, 1, (struct str){ input, limit + 1 }, &reason, &err), 0);
	assert_int_equal(bad_finish(&bad, STATUS_OK), STATUS_DATA);
	snprintf(expected, limit + 200,
	         "{\"reason\":\"no member 'timestamp'\",\"position\":\"line 1\",\"input\":\"%.*s\",\"cut\":true}\n",
	         (int)limit - 1, input);
	assert_letters(option, expected);
	free(input);
	free(expected);
}

static void
letters_that_cannot_be_written_stop_the_run(void **state)
{
	struct bad_records bad = with("dead-letter=/dev/full");
	const size_t n = 1 << 20;
	char *input = malloc(n);
	struct err err = { .status = STATUS_OK };
	int got = 0;

	(void)state;
	memset(input, 'a', n);
	for (int i = 0; i < 3 && got == 0; i++)
		got = bad_record(&bad, 1, (struct str){ input, n }, &reason, &err);
	assert_int_equal(got, -1);
	assert_int_equal(err.status, STATUS_IO);
	assert_int_equal(bad_finish(&bad, STATUS_OK), STATUS_IO);
	free(input);
}

static void
the_option_refuses_what_it_does_not_know(void **state)
{
	struct bad_records bad = { .count = 0 };
	struct err err;

	(void)state;
	assert_int_equal(bad_option(&bad, "ignore", &err), -1);
	assert_string_equal(err.msg, "'ignore' is not stop, skip or dead-letter=FILE");
	assert_int_equal(bad_option(&bad, "dead-letter=", &err), -1);
	assert_string_equal(err.msg, "'dead-letter=' is not stop, skip or dead-letter=FILE");
	assert_int_equal(bad_option(&bad, "dead-letter=/nowhere/letters", &err), 0);
	assert_int_equal(bad_open(&bad, &err), -1);
	assert_non_null(strstr(err.msg, "--on-error: "));
	assert_non_null(strstr(err.msg, "/nowhere/letters"));
}

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	letter_option();
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stop_says_where_and_why),
		cmocka_unit_test(skip_goes_on_and_ends_with_65),
		cmocka_unit_test(without_bad_records_nothing_changes),
		cmocka_unit_test(a_dead_letter_keeps_the_reason_the_place_and_the_input),
		cmocka_unit_test(a_long_input_is_cut_at_a_character),
		cmocka_unit_test(letters_that_cannot_be_written_stop_the_run),
		cmocka_unit_test(the_option_refuses_what_it_does_not_know),
	};

	diag_name("bad_test");
	return cmocka_run_group_tests(tests, setup, teardown);
}
