/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: whole, harmless, one write(2) each. */
#include "unit.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/diag.h"

static void
a_failure_is_a_sentence_and_a_status(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(fail(&err, "%d of %s", 3, "them"), -1);
	assert_string_equal(err.msg, "3 of them");
	assert_int_equal(err.status, STATUS_BUG);
	assert_int_equal(fail_as(&err, STATUS_DATA, "not JSON"), -1);
	assert_int_equal(err.status, STATUS_DATA);
	assert_int_equal(fail_in(&err, "line %d", 7), -1);
	assert_string_equal(err.msg, "line 7: not JSON");
	assert_int_equal(err.status, STATUS_DATA);
}

static void
nobody_has_to_want_the_message(void **state)
{
	(void)state;
	assert_int_equal(fail(NULL, "%s", "x"), -1);
	assert_int_equal(fail_as(NULL, STATUS_IO, "%s", "x"), -1);
	assert_int_equal(fail_in(NULL, "%s", "x"), -1);
}

static void
a_message_that_is_too_long_is_cut_between_characters(void **state)
{
	struct err err;
	char       text[3 * sizeof(err.msg)];
	size_t     n;

	(void)state;
	for (size_t shift = 0; shift < 3; shift++) {
		memset(text, 'a', shift);
		for (n = shift; n + 3 < sizeof(text); n += 3)
			memcpy(text + n, "\xE2\x82\xAC", 3);
		text[n] = '\0';
		fail(&err, "%s", text);
		n = strlen(err.msg);
		assert_in_range(n, sizeof(err.msg) - 4, sizeof(err.msg) - 1);
		assert_string_equal(err.msg + n - 3, "...");
		assert_int_equal((n - 3 - shift) % 3, 0);
	}
	fail(&err, "short");
	memset(text, 'p', sizeof(text));
	fail_in(&err, "%.*s", (int)sizeof(err.msg) - 3, text);
	assert_string_equal(err.msg + strlen(err.msg) - 3, "...");
	fail_in(&err, "%.*s", (int)sizeof(text), text);
	assert_string_equal(err.msg + strlen(err.msg) - 3, "...");
}

static void
a_message_that_just_fits_is_whole(void **state)
{
	struct err err;
	char       text[sizeof(err.msg)];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	fail(&err, "%s", text);
	assert_string_equal(err.msg, text);
}

static void
quoted_input_can_do_nothing_to_a_terminal(void **state)
{
	static const struct { struct str in; const char *out; } cases[] = {
		{ STR(""), "''" },
		{ STR("5x"), "'5x'" },
		{ STR("a\0b"), "'a\\x00b'" },
		{ STR("\x1B[2J\n\t\x7F"), "'\\x1b[2J\\x0a\\x09\\x7f'" },
		{ STR("gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x99\x82"), "'gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x99\x82'" },
		{ STR("\xC2\x9B" "31m"), "'\\u{9b}31m'" },
		{ STR("\xE2\x80\xAE" "abc"), "'\\u{202e}abc'" },
		{ STR("\xE2\x81\xA6"), "'\\u{2066}'" },
		{ STR("\xEF\xBB\xBF"), "'\\u{feff}'" },
		{ STR("\xE2\x82"), "'\\xe2\\x82'" },                    /* cut short */
		{ STR("\xC0\xAF"), "'\\xc0\\xaf'" },                    /* overlong */
		{ STR("\xE0\x9F\xBF"), "'\\xe0\\x9f\\xbf'" },
		{ STR("\xED\xA0\x80"), "'\\xed\\xa0\\x80'" },           /* surrogate */
		{ STR("\xF4\x90\x80\x80"), "'\\xf4\\x90\\x80\\x80'" },  /* past U+10FFFF */
	};
	char to[QUOTE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(quote(to, cases[i].in), cases[i].out);
}

static void
quoted_input_is_cut_after_200_bytes(void **state)
{
	char       to[QUOTE_MAX], text[300];
	struct str s = { text, 200 };

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(strlen(quote(to, s)), 202);
	s.n = 201;
	assert_int_equal(strlen(quote(to, s)), 205);
	assert_string_equal(to + 200, "a'...");
	memset(text, 0xFF, sizeof(text));
	s.n = 300;
	assert_int_equal(strlen(quote(to, s)), 805);
	memcpy(text + 198, "\xE2\x82\xAC", 3);                  /* does not fit as a whole */
	assert_int_equal(strlen(quote(to, s)), 198 * 4 + 5);
}

/* What is printed on stderr by tell() in a child, which must end with status. */
static size_t
told(void (*tell)(void), int status, char *to, size_t max)
{
	int     ends[2], ended;
	pid_t   child;
	ssize_t got;
	size_t  n = 0;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		tell();
		_exit(0);
	}
	close(ends[1]);
	while ((got = read(ends[0], to + n, max - n)) > 0)
		n += (size_t)got;
	close(ends[0]);
	assert_int_equal(waitpid(child, &ended, 0), child);
	assert_true(WIFEXITED(ended));
	assert_int_equal(WEXITSTATUS(ended), status);
	return n;
}

static void
tell_a_warning(void)
{
	diag_name("maip-test");
	warn("%s is %d", "it", 1);
}

static void
tell_too_much(void)
{
	char text[5000];

	memset(text, 'x', sizeof(text));
	diag_name("maip-test");
	warn("%.*s", (int)sizeof(text), text);
}

static void
tell_the_end(void)
{
	diag_name("maip-test");
	die(STATUS_CONFIG, "no");
}

static void
a_warning_bears_the_name_of_the_tool(void **state)
{
	char   text[4096];
	size_t n = told(tell_a_warning, 0, text, sizeof(text));

	(void)state;
	assert_int_equal(n, strlen("maip-test: it is 1\n"));
	assert_memory_equal(text, "maip-test: it is 1\n", n);
	n = told(tell_too_much, 0, text, sizeof(text));
	assert_in_range(n, 2000, 2048);
	assert_memory_equal(text + n - 5, "x...\n", 5);
}

static void
die_ends_with_its_status(void **state)
{
	char   text[100];
	size_t n = told(tell_the_end, STATUS_CONFIG, text, sizeof(text));

	(void)state;
	assert_int_equal(n, strlen("maip-test: no\n"));
	assert_memory_equal(text, "maip-test: no\n", n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_is_a_sentence_and_a_status),
		cmocka_unit_test(nobody_has_to_want_the_message),
		cmocka_unit_test(a_message_that_is_too_long_is_cut_between_characters),
		cmocka_unit_test(a_message_that_just_fits_is_whole),
		cmocka_unit_test(quoted_input_can_do_nothing_to_a_terminal),
		cmocka_unit_test(quoted_input_is_cut_after_200_bytes),
		cmocka_unit_test(a_warning_bears_the_name_of_the_tool),
		cmocka_unit_test(die_ends_with_its_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
