/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extract_test.c - the right fields, by the exact path and by every template path
 *
 * Each case runs through fresh extractors: exactly, and then three times at each width of
 * vectors, so that the line is learned, looked up and predicted. tests/fuzz/extract_fuzz.c compares
 * the paths on many more lines than can be written down.
 */
#include "unit.h"

#include "json/extract.h"
#include "json/line.h"

static const char *const levels[] = { "scalar", "sse2", "avx2" };

/* "a.b" or "items.0.sku": digits alone are an index. */
static int
add_path(struct extractor *x, const char *text, struct err *err)
{
	struct step steps[300];
	size_t      n = 0;

	while (*text) {
		size_t len = strcspn(text, ".");
		bool   index = strspn(text, "0123456789") == len && len > 0;

		steps[n++] = index ? (struct step){ { NULL, 0 }, (uint32_t)strtoul(text, NULL, 10) }
		                   : (struct step){ { text, len }, 0 };
		text += len + (text[len] == '.');
	}
	return extract_path(x, &(struct path){ steps, n }, err);
}

/* With the slack that extract() may read, and nothing behind it. */
static struct str
with_slack(const char *text, size_t n)
{
	char *p = malloc(n + LINE_SLACK);

	memcpy(p, text, n);
	memset(p + n, '7', LINE_SLACK);
	return (struct str){ p, n };
}

typedef int extract_fn(struct extractor *, struct str, struct field *, struct err *);

/* One line, one path: what stands there, "-" if nothing, or the message. */
static void
check_once(struct extractor *x, extract_fn *fn, const char *text, const char *want)
{
	struct str   line = with_slack(text, strlen(text));
	struct field f;
	struct err   err = { .msg = "" };
	struct str   got;

	if (fn(x, line, &f, &err) < 0)
		got = str_of(err.msg);
	else
		got = f.kind == JSON_MISSING ? STR("-") : f.raw;
	if (!str_eq(got, str_of(want)))
		fail_msg("%s: found %.*s, expected %s", text, STR_ARGS(got), want);
	free((char *)(uintptr_t)line.p);
}

static void
check(const char *path, const char *text, const char *want)
{
	for (size_t l = 0; l < sizeof(levels) / sizeof(levels[0]); l++) {
		struct extractor *x = extract_new();
		struct err        err;

		assert_int_equal(add_path(x, path, &err), 0);
		check_once(x, extract_exact, text, want);
		for (int i = 0; extract_simd(x, levels[l]) == 0 && i < 3; i++)
			check_once(x, extract, text, want);
		extract_free(x);
	}
}

static void
a_field_is_found_by_its_path(void **state)
{
	(void)state;
	check("a", "{\"a\":1}", "1");
	check("a", " { \"b\" : true , \"a\" : \"x\\n\" } ", "\"x\\n\"");
	check("payload.customerId", "{\"payload\":{\"x\":[{}],\"customerId\":\"c-1\"}}", "\"c-1\"");
	check("items.1.sku", "{\"items\":[{\"sku\":1},{\"sku\":2},{\"sku\":3}]}", "2");
	check("a.0.1", "{\"a\":[[1,2,3],[4,5]]}", "2");
	check("a", "{\"\\u0061\":null}", "null");
	check("b", "{\"a\":\"b\",\"b\":-0.5e10}", "-0.5e10");
	check("a", "{\"a\":{\"b\":[1, 2]} }", "{\"b\":[1, 2]}");
	check("a", "{\"a\":[]}", "[]");
	check("", " {\"a\":1} ", "{\"a\":1}");
	check("a.b", "{\"a\":{\"b\":false},\"b\":1}", "false");
}

static void
what_is_not_there_is_missing(void **state)
{
	(void)state;
	check("a", "{}", "-");
	check("a", "{\"b\":{\"a\":1}}", "-");
	check("a.b", "{\"a\":1}", "-");
	check("a.b", "{\"a\":[{\"b\":1}]}", "-");
	check("a.0", "{\"a\":{\"0\":1}}", "-");
	check("a.2", "{\"a\":[1,2]}", "-");
	check("aa", "{\"a\":1,\"aaa\":2}", "-");
	check("a", "{\"A\":1,\"a \":2,\"\":3}", "-");
}

static void
the_last_of_a_name_counts(void **state)
{
	(void)state;
	check("a", "{\"a\":1,\"a\":2}", "2");
	check("a", "{\"a\":{\"x\":1},\"\\u0061\":[2]}", "[2]");
	check("a.b", "{\"a\":{\"b\":1},\"a\":{\"b\":2}}", "2");
	check("a.b", "{\"a\":{\"b\":1},\"a\":{\"c\":2}}", "-");
	check("a.b", "{\"a\":{\"b\":1},\"a\":3}", "-");
	check("a.1", "{\"a\":[1,2],\"a\":[3]}", "-");
	check("a.b.c", "{\"a\":{\"b\":{\"c\":1},\"b\":null}}", "-");
}

static void
a_control_name_is_refused_only_as_the_first_of_the_record(void **state)
{
	static const char refused[] = "a record must not begin with _maip: that name belongs to control lines";

	(void)state;
	check("a", "{\"_maip\":\"end\"}", refused);
	check("a", " { \"_m\\u0061ip\" :1}", refused);
	check("a", "{\"_maip\":{}}", refused);
	check("a", "{\"_maipx\":1,\"a\":2}", "2");
	check("a", "{\"a\":2,\"_maip\":1}", "2");
	check("a", "{\"b\":{\"_maip\":1},\"a\":3}", "3");
}

static void
a_record_is_an_object(void **state)
{
	(void)state;
	check("a", "[1]", "a record is an object, not an array");
	check("a", "[", "a record is an object, not an array");
	check("a", " null", "a record is an object, not null");
	check("a", "true", "a record is an object, not true");
	check("a", "12", "a record is an object, not a number");
	check("a", "\"a\"", "a record is an object, not a string");
}

static void
the_whole_line_is_checked_whatever_is_wanted(void **state)
{
	(void)state;
	check("a", "{\"a\":1,\"b\":tru}", "column 12: expected a value, found 'tru'");
	check("a", "{\"a\":1} x", "column 9: expected the end of the line, found 'x'");
	check("a", "{\"a\":1,\"b\":\"\x80\"}", "column 13: expected UTF-8, found '\\x80'");
	check("a", "{\"a\":1,\"b\":\"\\q\"}", "column 14: expected one of \"\\/bfnrtu after a backslash, found 'q'");
	check("a", "{\"a\":1,\"b\":[1,2}", "column 16: expected ',' or ']' after an element, found '}'");
	check("a", "{\"a\":01}", "column 7: expected ',' or '}' after a member, found '1'");
	check("a", "", "column 1: expected a value, found the end of the line");
}

/* The slack here is digits: a number must not go on in it. */
static void
a_line_that_ends_early_is_not_completed_by_what_stands_behind_it(void **state)
{
	const char        whole[] = "{\"a\":12.5,\"b\":\"text that is longer than one vector of bytes\",\"c\":[true,{\"d\":null}]}";
	struct extractor *x = extract_new();
	struct field      f;
	struct err        err;

	(void)state;
	assert_int_equal(add_path(x, "a", &err), 0);
	for (size_t l = 0; l < sizeof(levels) / sizeof(levels[0]); l++) {
		if (extract_simd(x, levels[l]) < 0)
			continue;
		for (size_t n = sizeof(whole) - 1; n-- > 0;) {
			struct str line = with_slack(whole, sizeof(whole) - 1);

			assert_int_equal(extract(x, line, &f, &err), 0);
			line.n = n;                     /* behind it stands the rest */
			assert_int_equal(extract(x, line, &f, &err), -1);
			free((char *)(uintptr_t)line.p);
			line = with_slack(whole, n);    /* digits do */
			assert_int_equal(extract(x, line, &f, &err), -1);
			free((char *)(uintptr_t)line.p);
		}
	}
	extract_free(x);
}

static void
a_learned_shape_does_not_excuse_another_value(void **state)
{
	static const char *const good[] = { "1", "-1", "0.5", "1e9", "\"x\"", "\"\\u00e9\"", "\"\xc3\xa9\"", "true", "false", "null" };
	static const char *const bad[] = {
		"01", "-", "1.", "1e", "+1", ".5", "\"\x01\"", "\"\\x\"", "\"\xff\"", "\"\\u12\"", "tru", "True", "nul", "falsey", "\"", "1x", "{",
	};
	struct extractor *x = extract_new();
	struct err        err;
	char              text[100];

	(void)state;
	assert_int_equal(add_path(x, "a", &err), 0);
	for (size_t l = 0; l < sizeof(levels) / sizeof(levels[0]); l++) {
		if (extract_simd(x, levels[l]) < 0)
			continue;
		for (size_t i = 0; i < sizeof(good) / sizeof(good[0]) * 2; i++) {
			snprintf(text, sizeof(text), "{\"a\":%s,\"b\":2}", good[i / 2]);
			check_once(x, extract, text, good[i / 2]);
		}
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			struct str   line;
			struct field f;

			snprintf(text, sizeof(text), "{\"a\":%s,\"b\":2}", bad[i]);
			line = with_slack(text, strlen(text));
			assert_int_equal(extract(x, line, &f, &err), -1);
			free((char *)(uintptr_t)line.p);
		}
	}
	extract_free(x);
}

static void
new_names_in_every_line_stay_bounded_and_right(void **state)
{
	struct extractor *x = extract_new();
	struct err        err;
	char              text[200], want[20];

	(void)state;
	assert_int_equal(add_path(x, "v", &err), 0);
	for (int i = 0; i < 20000; i++) {
		snprintf(text, sizeof(text), "{\"customer-%d\":{\"n%d\":[1,{}]},\"v\":%d,\"z%d\":\"\"}", i, i * 7, i, i);
		snprintf(want, sizeof(want), "%d", i);
		check_once(x, extract, text, want);
	}
	extract_free(x);
}

static void
runs_of_any_length_are_compared_to_the_last_byte(void **state)
{
	struct extractor *x = extract_new();
	struct err        err;
	char              text[3000], want[100];

	(void)state;
	assert_int_equal(add_path(x, "z", &err), 0);
	for (size_t n = 1; n < 1400; n += n < 140 ? 1 : 97) {
		char name[1500];

		memset(name, 'n', n);
		name[n] = '\0';
		snprintf(text, sizeof(text), "{\"%s\":1,\"z\":2}", name);
		check_once(x, extract, text, "2");
		check_once(x, extract, text, "2");
		name[n - 1] = 'm';
		snprintf(text, sizeof(text), "{\"%s\":1,\"z\":3}", name);
		check_once(x, extract, text, "3");
		name[n - 1] = '\x01';
		snprintf(text, sizeof(text), "{\"%s\":1,\"z\":3}", name);
		snprintf(want, sizeof(want), "column %zu: expected an escape such as \\n, found '\\x01'", n + 2);
		check_once(x, extract, text, want);
	}
	extract_free(x);
}

static void
the_same_path_twice_is_one_field(void **state)
{
	struct extractor *x = extract_new();
	struct err        err;

	(void)state;
	assert_int_equal(add_path(x, "a.b", &err), 0);
	assert_int_equal(add_path(x, "a", &err), 1);
	assert_int_equal(add_path(x, "a.b", &err), 0);
	assert_int_equal(add_path(x, "a.0", &err), 2);
	assert_int_equal(add_path(x, "", &err), 3);
	assert_int_equal(extract_count(x), 4);
	extract_free(x);
}

static void
a_path_may_go_on_inside_another_ones_value(void **state)
{
	struct extractor *x = extract_new();
	struct str        line = with_slack("{\"a\":{\"b\":[7,8]}}", 17);
	struct field      f[4];
	struct err        err;

	(void)state;
	add_path(x, "a", &err);
	add_path(x, "a.b", &err);
	add_path(x, "a.b.1", &err);
	add_path(x, "", &err);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(extract(x, line, f, &err), 0);
		assert_true(str_eq(f[0].raw, STR("{\"b\":[7,8]}")) && f[0].kind == JSON_OBJECT);
		assert_true(str_eq(f[1].raw, STR("[7,8]")) && f[1].kind == JSON_ARRAY);
		assert_true(str_eq(f[2].raw, STR("8")) && f[2].kind == JSON_NUMBER);
		assert_true(str_eq(f[3].raw, line));
	}
	free((char *)(uintptr_t)line.p);
	extract_free(x);
}

static void
a_field_is_named_as_it_is_written(void **state)
{
	struct extractor *x = extract_new();
	struct step steps[3] = { { STR("items"), 0 }, { { NULL, 0 }, 12 }, { STR("odd `name"), 0 } };
	struct err  err;

	(void)state;
	extract_path(x, &(struct path){ steps, 3 }, &err);
	extract_path(x, &(struct path){ steps, 1 }, &err);
	extract_path(x, &(struct path){ NULL, 0 }, &err);
	assert_true(str_eq(extract_name(x, 0), STR("items[12].`odd ``name`")));
	assert_true(str_eq(extract_name(x, 1), STR("items")));
	assert_true(str_eq(extract_name(x, 2), STR("the record")));
	extract_free(x);
}

static void
there_are_at_most_64_fields(void **state)
{
	struct extractor *x = extract_new();
	struct field f[EXTRACT_FIELDS];
	struct err   err;
	char         text[2000] = "{", name[20];
	struct str   line;

	(void)state;
	for (int i = 0; i < EXTRACT_FIELDS; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		assert_int_equal(add_path(x, name, &err), i);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s\"%s\":%d", i ? "," : "", name, i);
	}
	assert_int_equal(add_path(x, "one.more", &err), -1);
	assert_string_equal(err.msg, "more than 64 different paths");
	assert_int_equal(add_path(x, "f63", &err), 63);
	strcat(text, "}");
	line = with_slack(text, strlen(text));
	for (int round = 0; round < 2; round++) {
		assert_int_equal(extract(x, line, f, &err), 0);
		for (int i = 0; i < EXTRACT_FIELDS; i++)
			assert_int_equal(strtol(f[i].raw.p, NULL, 10), i);
	}
	free((char *)(uintptr_t)line.p);
	extract_free(x);
}

static void
an_extractor_without_fields_still_checks(void **state)
{
	struct extractor *x = extract_new();
	struct str        line = with_slack("{\"a\":{}}", 8);
	struct err        err;

	(void)state;
	assert_int_equal(extract(x, line, NULL, &err), 0);
	assert_int_equal(extract(x, line, NULL, &err), 0);
	line.n--;
	assert_int_equal(extract(x, line, NULL, &err), -1);
	free((char *)(uintptr_t)line.p);
	extract_free(x);
}

static void
depth_is_limited_on_every_path(void **state)
{
	static char       text[2000];
	struct extractor *x = extract_new();
	struct err        err;

	(void)state;
	assert_int_equal(add_path(x, "z", &err), 0);
	for (int depth = 255; depth <= 256; depth++) {
		size_t n = (size_t)sprintf(text, "{\"a\":");

		memset(text + n, '[', (size_t)depth);
		memset(text + n + (size_t)depth, ']', (size_t)depth);
		sprintf(text + n + 2 * (size_t)depth, ",\"z\":5}");
		for (int i = 0; i < 3; i++)
			check_once(x, extract, text, depth == 255 ? "5" : "column 261: nested deeper than 256 levels");
	}
	extract_free(x);
}

static void
unknown_levels_are_refused(void **state)
{
	struct extractor *x = extract_new();

	(void)state;
	assert_int_equal(extract_simd(x, "scalar"), 0);
	assert_int_equal(extract_simd(x, "mmx"), -1);
	extract_free(x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_is_found_by_its_path),
		cmocka_unit_test(what_is_not_there_is_missing),
		cmocka_unit_test(the_last_of_a_name_counts),
		cmocka_unit_test(a_control_name_is_refused_only_as_the_first_of_the_record),
		cmocka_unit_test(a_record_is_an_object),
		cmocka_unit_test(the_whole_line_is_checked_whatever_is_wanted),
		cmocka_unit_test(a_line_that_ends_early_is_not_completed_by_what_stands_behind_it),
		cmocka_unit_test(a_learned_shape_does_not_excuse_another_value),
		cmocka_unit_test(new_names_in_every_line_stay_bounded_and_right),
		cmocka_unit_test(runs_of_any_length_are_compared_to_the_last_byte),
		cmocka_unit_test(the_same_path_twice_is_one_field),
		cmocka_unit_test(a_path_may_go_on_inside_another_ones_value),
		cmocka_unit_test(a_field_is_named_as_it_is_written),
		cmocka_unit_test(there_are_at_most_64_fields),
		cmocka_unit_test(an_extractor_without_fields_still_checks),
		cmocka_unit_test(depth_is_limited_on_every_path),
		cmocka_unit_test(unknown_levels_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
