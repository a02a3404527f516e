/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan_test.c - the exact grammar: what it accepts, what it says, what it prints
 */
#include "unit.h"

#include "base/base64.h"
#include "json/scan.h"

#define CASES "tests/golden/json.ndjson"

/* The text of member name of one of the golden file's lines, which are as simple as they look. */
static struct str
member(const char *line, const char *name)
{
	char        quoted[32];
	const char *p;

	snprintf(quoted, sizeof(quoted), "\"%s\":\"", name);
	p = strstr(line, quoted);
	assert_non_null(p);
	p += strlen(quoted);
	return (struct str){ p, strcspn(p, "\"") };
}

static void
the_public_test_suite_is_accepted_and_refused_as_listed(void **state)
{
	static char line[4096], bytes[4096];
	FILE       *f = fopen(CASES, "r");
	int         cases = 0, accepted = 0;

	(void)state;
	if (!f)
		fail_msg("cannot open " CASES "; run from the top of the source");
	while (fgets(line, sizeof(line), f)) {
		struct str name = member(line, "name");
		bool       accept = str_eq(member(line, "expect"), STR("accept"));
		long long  n = base64_decode(bytes, member(line, "bytes_b64"));
		struct err err = { .msg = "" };

		assert_true(n >= 0);
		if ((json_check((struct str){ bytes, (size_t)n }, &err) == 0) != accept)
			fail_msg("%.*s should be %s (%s)", STR_ARGS(name), accept ? "accepted" : "refused", err.msg);
		cases++;
		accepted += accept;
	}
	fclose(f);
	assert_int_equal(cases, 311);
	assert_int_equal(accepted, 93 + 20);
}

static void
a_message_says_the_column_and_what_was_expected(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "column 1: expected a value, found the end of the line" },
		{ "{\"a\":1,\"bc\":true x}", "column 18: expected ',' or '}' after a member, found 'x'" },
		{ "[1 2]", "column 4: expected ',' or ']' after an element, found '2'" },
		{ "[1,]", "column 4: expected a value, found ']'" },
		{ "[,1]", "column 2: expected a value or ']', found ','" },
		{ "{a:1}", "column 2: expected a member's name in double quotes or '}', found 'a'" },
		{ "{\"a\":1,}", "column 8: expected a member's name in double quotes, found '}'" },
		{ "{\"a\"}", "column 5: expected ':' after a member's name, found '}'" },
		{ "{\"a\":undefined}", "column 6: expected a value, found 'undefined'" },
		{ "[-]", "column 3: expected a digit, found ']'" },
		{ "[1.x]", "column 4: expected a digit, found 'x'" },
		{ "[1e+]", "column 5: expected a digit, found ']'" },
		{ "\"abc", "column 5: expected '\"' at the end of a string, found the end of the line" },
		{ "\"a\tb\"", "column 3: expected an escape such as \\n, found '\\x09'" },
		{ "\"\\x\"", "column 3: expected one of \"\\/bfnrtu after a backslash, found 'x'" },
		{ "\"\\u12g4\"", "column 6: expected four hex digits after \\u, found 'g4'" },
		{ "\"\xc3\xa9\xff\"", "column 3: expected UTF-8, found '\\xff'" },
		{ "\"\xe2\x82\"", "column 2: expected UTF-8, found '\\xe2'" },
		{ "{} {}", "column 4: expected the end of the line, found '{'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = { .msg = "" };

		assert_int_equal(json_check(str_of(cases[i].text), &err), -1);
		assert_string_equal(err.msg, cases[i].message);
		assert_int_equal(err.status, STATUS_DATA);
	}
}

static void
a_nul_byte_ends_nothing(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(json_check(STR("[1]\0"), &err), -1);
	assert_string_equal(err.msg, "column 4: expected the end of the line, found '\\x00'");
	assert_int_equal(json_check(STR("\"a\0b\""), &err), -1);
	assert_int_equal(json_check(STR("\"\\\0\""), &err), -1);
}

static void
depth_256_is_accepted_and_257_is_not(void **state)
{
	char       text[2 * 257];
	struct err err;

	(void)state;
	for (size_t depth = 256; depth <= 257; depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		assert_int_equal(json_check((struct str){ text, 2 * depth }, &err),
		                 depth == 256 ? 0 : -1);
	}
	assert_string_equal(err.msg, "column 257: nested deeper than 256 levels");
	memset(text, '[', sizeof(text));
	assert_int_equal(json_check((struct str){ text, sizeof(text) }, &err), -1);
}

static void
a_cut_text_is_refused_at_every_length(void **state)
{
	static const char text[] = "{\"a\":[1.5e3,true,null,\"\\u00e9\xc3\xa9\"],\"b\":{\"c\":\"0123456789abcdef0123456789\"}}";
	size_t            n = sizeof(text) - 1;
	struct err        err;

	(void)state;
	assert_int_equal(json_check((struct str){ text, n }, &err), 0);
	for (size_t i = 0; i < n; i++) {
		/* so that a sanitizer sees a read too far */
		char *exact = malloc(i + 1);

		memcpy(exact, text, i);
		assert_int_equal(json_check((struct str){ exact, i }, &err), -1);
		free(exact);
	}
}

static void
a_value_ends_where_it_ends(void **state)
{
	struct field f;
	struct err   err;
	size_t       end;

	(void)state;
	assert_int_equal(json_value(STR(" {\"a\":[]}tail"), &f, &end, &err), 0);
	assert_int_equal(f.kind, JSON_OBJECT);
	assert_int_equal(end, 9);
	assert_true(str_eq(f.raw, STR("{\"a\":[]}")));
	assert_int_equal(json_value(STR("\"\\n\" x"), &f, &end, &err), 0);
	assert_true(f.kind == JSON_STRING && f.escaped && end == 4);
	assert_int_equal(json_value(STR("12abc"), &f, &end, &err), 0);
	assert_true(f.kind == JSON_NUMBER && end == 2);
	assert_int_equal(json_value(STR("  "), &f, &end, &err), -1);
}

static void
members_and_elements_are_walked_in_order(void **state)
{
	const struct str object = STR("{ \"a\" : 1 , \"b\\n\":[1,2] ,\"\":{} }");
	const struct str array = STR("[ 1, \"x\" , [] ]");
	struct str       name;
	struct field     f;
	size_t           at = 0;

	(void)state;
	assert_int_equal(json_next(object, &at, &name, &f), 1);
	assert_true(str_eq(name, STR("\"a\"")) && f.kind == JSON_NUMBER);
	assert_int_equal(json_next(object, &at, &name, &f), 1);
	assert_true(str_eq(name, STR("\"b\\n\"")) && str_eq(f.raw, STR("[1,2]")));
	assert_int_equal(json_next(object, &at, &name, &f), 1);
	assert_true(str_eq(name, STR("\"\"")) && f.kind == JSON_OBJECT);
	assert_int_equal(json_next(object, &at, &name, &f), 0);
	at = 0;
	assert_int_equal(json_next(array, &at, &name, &f), 1);
	assert_true(name.n == 0 && f.kind == JSON_NUMBER);
	assert_int_equal(json_next(array, &at, &name, &f), 1);
	assert_true(str_eq(f.raw, STR("\"x\"")));
	assert_int_equal(json_next(array, &at, &name, &f), 1);
	assert_int_equal(f.kind, JSON_ARRAY);
	assert_int_equal(json_next(array, &at, &name, &f), 0);
	at = 0;
	assert_int_equal(json_next(STR("[ ]"), &at, &name, &f), 0);
}

static void
escapes_are_decoded_and_half_pairs_replaced(void **state)
{
	static const struct {
		const char *raw, *text;
	} cases[] = {
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
		{ "\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "\"\\ud800x\"", "\xef\xbf\xbdx" }, { "\"\\ud800\\u0041\"", "\xef\xbf\xbd" "A" },
		{ "\"\\udc00\\ud800\"", "\xef\xbf\xbd\xef\xbf\xbd" }, { "\"\\ud800\\ud83d\\ude00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80" },
		{ "\"\\udbff\\udfff\"", "\xf4\x8f\xbf\xbf" },
	};
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct field f = { JSON_STRING, true, str_of(cases[i].raw) };
		struct str   text = json_text(&f, &a);

		assert_int_equal(text.n, strlen(cases[i].text));
		assert_memory_equal(text.p, cases[i].text, text.n);
	}
	arena_release(&a);
}

static void
text_without_escapes_is_borrowed(void **state)
{
	const char   raw[] = "\"plain\"";
	struct arena a = { 0 };
	struct str   text = json_text(&(struct field){ JSON_STRING, false, str_of(raw) }, &a);

	(void)state;
	assert_ptr_equal(text.p, raw + 1);
	assert_int_equal(text.n, 5);
	arena_release(&a);
}

static void
a_string_survives_being_printed_and_read(void **state)
{
	struct arena a = { 0 };
	struct buf   b;

	(void)state;
	buf_init(&b, BUF_NO_MAX);
	for (uint32_t c = 0; c < 0x300; c++) {
		char         text[5] = { 'x', (char)c, 'y' };
		size_t       n = 3;
		struct field f = { .kind = JSON_MISSING };
		struct str   back;
		size_t       end;

		if (c >= 0x80) {
			text[1] = (char)(0xc0 | c >> 6);
			text[2] = (char)(0x80 | (c & 0x3f));
			text[3] = 'y';
			n = 4;
		}
		buf_clear(&b);
		assert_int_equal(json_add_string(&b, (struct str){ text, n }), 0);
		assert_int_equal(json_value(buf_str(&b), &f, &end, NULL), 0);
		assert_int_equal(end, b.n);
		back = json_text(&f, &a);
		assert_int_equal(back.n, n);
		assert_memory_equal(back.p, text, n);
		assert_int_equal(f.escaped,
		                 c < 0x20 || c == '"' || c == '\\' || (c >= 0x7f && c < 0xa0));
	}
	buf_release(&b);
	arena_release(&a);
}

static void
what_does_not_fit_is_not_printed_at_all(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 6);
	buf_add_char(&b, '!');
	assert_int_equal(json_add_string(&b, STR("abcd")), -1);
	assert_int_equal(json_add_string(&b, STR("a\n")), 0);
	assert_true(str_eq(buf_str(&b), STR("!\"a\\n\"")));
	buf_clear(&b);
	assert_int_equal(json_add_compact(&b, STR("[1,2,3]")), -1);
	assert_int_equal(b.n, 0);
	buf_release(&b);
}

static void
compact_json_has_no_space_between_its_tokens(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, BUF_NO_MAX);
	assert_int_equal(json_add_compact(&b, STR(" {\n  \"a b\" : [ 1 , 2.50, { } , [\t] ],\r\n  \"c\": \" x \\n \" , \"d\":null }\n")), 0);
	assert_true(str_eq(buf_str(&b), STR("{\"a b\":[1,2.50,{},[]],\"c\":\" x \\n \",\"d\":null}")));
	buf_release(&b);
}

static void
utf8_is_what_the_unicode_standard_says(void **state)
{
	static const char *const good[] = {
		"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
		"\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "eight or more, then \xe2\x82\xac and on", "12345678\xc3\xa9",
	};
	static const char *const bad[] = {
		"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2g", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82", "\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "12345678\xff", "1234567\xe2\x82",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(utf8_valid(str_of(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(utf8_valid(str_of(bad[i])));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_public_test_suite_is_accepted_and_refused_as_listed),
		cmocka_unit_test(a_message_says_the_column_and_what_was_expected),
		cmocka_unit_test(a_nul_byte_ends_nothing),
		cmocka_unit_test(depth_256_is_accepted_and_257_is_not),
		cmocka_unit_test(a_cut_text_is_refused_at_every_length),
		cmocka_unit_test(a_value_ends_where_it_ends),
		cmocka_unit_test(members_and_elements_are_walked_in_order),
		cmocka_unit_test(escapes_are_decoded_and_half_pairs_replaced),
		cmocka_unit_test(text_without_escapes_is_borrowed),
		cmocka_unit_test(a_string_survives_being_printed_and_read),
		cmocka_unit_test(what_does_not_fit_is_not_printed_at_all),
		cmocka_unit_test(compact_json_has_no_space_between_its_tokens),
		cmocka_unit_test(utf8_is_what_the_unicode_standard_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
