/* SPDX-License-Identifier: Apache-2.0 */
/* control_test.c - control lines are read by rote and written the same */
#include "unit.h"

#include "stream/control.h"

#define JOB "0123456789abcdef0123456789abcdef"
#define RUN "ffffffffffffffffffffffffffffffff"
#define HELLO "{\"_maip\":\"hello\",\"version\":1,\"job\":\"" JOB "\",\"run\":\"" RUN "\",\"watermarks\":true,\"checkpoints\":false}"

static int64_t
collect(void *self, const char *p, size_t n, struct err *err)
{
	(void)err;
	buf_add(self, p, n);
	return (int64_t)n;
}

static void
every_kind_reads_back_as_it_was_written(void **state)
{
	static const char *const lines[] = {
		HELLO,
		"{\"_maip\":\"watermark\",\"ts\":1767225600000}",
		"{\"_maip\":\"watermark\",\"ts\":-9223372036854775807}",
		"{\"_maip\":\"watermark\",\"ts\":9223372036854775807}",
		"{\"_maip\":\"watermark\",\"ts\":0}",
		"{\"_maip\":\"idle\"}",
		"{\"_maip\":\"active\"}",
		"{\"_maip\":\"end\",\"drain\":true}",
		"{\"_maip\":\"end\",\"drain\":false}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct control c;
		struct err err;
		struct buf got;
		struct out o;

		buf_init(&got, 4096);
		out_init(&o, &(struct sink){ .self = &got, .write = collect });
		assert_true(control_looks(str_of(lines[i])));
		assert_int_equal(control_parse(&c, str_of(lines[i]), &err), 0);
		assert_int_equal(control_print(&o, &c), 0);
		assert_int_equal(out_flush(&o), 0);
		buf_add_char(&got, '\0');
		assert_int_equal(got.p[strlen(lines[i])], '\n');
		got.p[strlen(lines[i])] = '\0';
		assert_string_equal(got.p, lines[i]);
		out_release(&o);
		buf_release(&got);
	}
}

static void
hello_fills_its_members(void **state)
{
	struct control c;
	struct err err;

	(void)state;
	assert_int_equal(control_parse(&c, STR(HELLO), &err), 0);
	assert_int_equal(c.kind, CONTROL_HELLO);
	assert_string_equal(c.job, JOB);
	assert_string_equal(c.run, RUN);
	assert_true(c.watermarks);
	assert_false(c.checkpoints);
}

static void
space_between_tokens_is_free(void **state)
{
	struct control c;
	struct err err;

	(void)state;
	assert_true(control_looks(STR(" {\t\"_maip\" : \"end\" }")));
	assert_int_equal(control_parse(&c, STR(" { \"_maip\" : \"end\" ,\t\"drain\": true } "), &err), 0);
	assert_int_equal(c.kind, CONTROL_END);
	assert_true(c.drain);
}

static void
only_a_first_member_named_maip_looks_like_a_control_line(void **state)
{
	static const char *const lines[] = {
		"", "{", "{}", "{\"", "{\"_maip", "{\"_maip\"", "{\"_maip\"}", "[\"_maip\":1]", "{\"_maipx\":1}", "{\"a\":1,\"_maip\":2}",
		"{\"\\u005fmaip\":\"end\"}", "{_maip:1}", "\"_maip\":",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		assert_false(control_looks(str_of(lines[i])));
	assert_true(control_looks(STR("{\"_maip\":")));
}

static void
anything_but_the_exact_form_is_refused(void **state)
{
	static const char *const lines[] = {
		"{\"_maip\":\"watermark\"}",
		"{\"_maip\":\"watermark\",\"ts\":}",
		"{\"_maip\":\"watermark\",\"ts\":\"1\"}",
		"{\"_maip\":\"watermark\",\"ts\":1.0}",
		"{\"_maip\":\"watermark\",\"ts\":1e3}",
		"{\"_maip\":\"watermark\",\"ts\":01}",
		"{\"_maip\":\"watermark\",\"ts\":-0}",
		"{\"_maip\":\"watermark\",\"ts\":- 1}",
		"{\"_maip\":\"watermark\",\"ts\":9223372036854775808}",
		"{\"_maip\":\"watermark\",\"ts\":18446744073709551617}",
		"{\"_maip\":\"watermark\",\"ts\":1,\"ts\":2}",
		"{\"_maip\":\"watermark\",\"ts\":1}x",
		"{\"_maip\":\"watermark\",\"ts\":1",
		"{\"_maip\":\"end\",\"drain\":1}",
		"{\"_maip\":\"end\",\"drain\":truefalse}",
		"{\"_maip\":\"end\"}",
		"{\"_maip\":\"idle\",\"x\":1}",
		"{\"_maip\":\"hello\",\"version\":1}",
		"{\"_maip\":\"hello\",\"job\":\"" JOB "\",\"version\":1,\"run\":\"" RUN "\",\"watermarks\":true,\"checkpoints\":false}",
		"{\"_maip\":\"hello\",\"version\":1,\"job\":\"0123\",\"run\":\"" RUN "\",\"watermarks\":true,\"checkpoints\":false}",
		"{\"_maip\":\"hello\",\"version\":1,\"job\":\"" JOB "\",\"run\":\"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\","
		"\"watermarks\":true,\"checkpoints\":false}",
		"{\"_maip\":5}",
		"{\"_maip\":\"i\\u0064le\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct control c;
		struct err err;

		assert_int_equal(control_parse(&c, str_of(lines[i]), &err), -1);
		assert_int_equal(err.status, STATUS_DATA);
		assert_string_equal(strstr(err.msg, "malformed control line, expected {\"_maip\":"), err.msg);
	}
}

static void
every_prefix_of_a_control_line_is_refused(void **state)
{
	const struct str whole = STR(HELLO);
	struct control c;
	struct err err;

	(void)state;
	for (size_t n = 0; n < whole.n; n++)
		assert_int_equal(control_parse(&c, str_slice(whole, 0, n), &err), -1);
}

static void
an_unknown_kind_and_a_future_version_are_named(void **state)
{
	struct control c;
	struct err err;

	(void)state;
	assert_int_equal(control_parse(&c, STR("{\"_maip\":\"bar\"}"), &err), -1);
	assert_string_equal(err.msg, "unknown kind of control line: 'bar'");
	assert_int_equal(control_parse(&c, STR("{\"_maip\":\"hello\",\"version\":2,\"x\":1}"), &err), -1);
	assert_string_equal(err.msg, "the stream has version 2 and this tool reads version 1: install the same release of every stage");
	assert_int_equal(c.kind, CONTROL_HELLO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_reads_back_as_it_was_written),
		cmocka_unit_test(hello_fills_its_members),
		cmocka_unit_test(space_between_tokens_is_free),
		cmocka_unit_test(only_a_first_member_named_maip_looks_like_a_control_line),
		cmocka_unit_test(anything_but_the_exact_form_is_refused),
		cmocka_unit_test(every_prefix_of_a_control_line_is_refused),
		cmocka_unit_test(an_unknown_kind_and_a_future_version_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
