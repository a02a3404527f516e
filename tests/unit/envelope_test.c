/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope_test.c - how each kind of bytes is spelled, and that it comes back
 */
#define _GNU_SOURCE                     /* memmem */
#include "unit.h"

#include <stdlib.h>

#include "json/line.h"
#include "json/scan.h"
#include "kafka/envelope.h"

struct fixture {
	struct buf              line;
	struct envelope_parser *parser;
	struct record           back;
	struct err              err;
};

static int64_t
append(void *self, const char *p, size_t n, struct err *err)
{
	(void)err;
	buf_add(self, p, n);
	return (int64_t)n;
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	buf_init(&f->line, BUF_NO_MAX);
	f->parser = envelope_parser_new();
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	envelope_parser_free(f->parser);
	buf_release(&f->line);
	free(f);
	return 0;
}

/* The line without its newline; LINE_SLACK bytes stand behind it. */
static struct str
print(struct fixture *f, const struct record *r)
{
	const struct sink to = { .self = &f->line, .write = append };
	static const char slack[LINE_SLACK];
	struct out        o;
	struct str        line;

	buf_clear(&f->line);
	out_init(&o, &to);
	assert_int_equal(envelope_print(&o, r), 0);
	assert_int_equal(out_flush(&o), 0);
	out_release(&o);
	line = (struct str){ f->line.p, f->line.n - 1 };
	assert_int_equal(f->line.p[line.n], '\n');
	buf_add(&f->line, slack, sizeof(slack));
	return (struct str){ f->line.p, line.n };
}

static void
assert_str(struct str got, struct str expected)
{
	assert_int_equal(got.p == NULL, expected.p == NULL);
	assert_int_equal(got.n, expected.n);
	if (expected.n > 0)
		assert_memory_equal(got.p, expected.p, expected.n);
}

static void
parse(struct fixture *f, const char *line)
{
	static const char slack[LINE_SLACK];

	buf_clear(&f->line);
	buf_add_str(&f->line, str_of(line));
	buf_add(&f->line, slack, sizeof(slack));
	f->err.msg[0] = '\0';
	if (envelope_parse(f->parser, (struct str){ f->line.p, strlen(line) }, &f->back, &f->err) <
	    0)
		fail_msg("%s: %s", line, f->err.msg);
}

static void
assert_refused(struct fixture *f, const char *line, const char *message)
{
	static const char slack[LINE_SLACK];

	buf_clear(&f->line);
	buf_add_str(&f->line, str_of(line));
	buf_add(&f->line, slack, sizeof(slack));
	assert_int_equal(envelope_parse(f->parser, (struct str){ f->line.p, strlen(line) },
	                                &f->back, &f->err),
	                 -1);
	assert_int_equal(f->err.status, STATUS_DATA);
	assert_string_equal(f->err.msg, message);
}

static void
a_record_is_one_line_with_all_its_members(void **state)
{
	static const struct header headers[] = {
		{ STR("trace"), STR("1") }, { STR("trace"), { NULL, 0 } }, { STR("empty"), STR("") },
		{ STR("raw"), STR("\xff\x00") }, { STR("\xfe"), STR("x") },
	};
	const struct record r = {
		.topic = STR("maip.orders"),
		.partition = 3,
		.offset = 9007199254740993,
		.timestamp = 1767225600000,
		.timestamp_type = TS_CREATE,
		.key = STR("c-\"1\""),
		.value = STR("{\"a\": 1.50}"),
		.headers = headers,
		.n_headers = 5,
	};

	assert_str(print(*state, &r), STR(
		"{\"topic\":\"maip.orders\",\"partition\":3,\"offset\":\"9007199254740993\",\"timestamp\":1767225600000,"
		"\"timestampType\":\"create\",\"key\":\"c-\\\"1\\\"\",\"headers\":[[\"trace\",\"1\"],[\"trace\",null],"
		"[\"empty\",\"\"],[\"raw\",{\"b64\":\"/wA=\"}],[{\"b64\":\"/g==\"},\"x\"]],\"value\":{\"a\": 1.50}}"));
}

static void
what_a_record_does_not_have_is_null(void **state)
{
	const struct record r = {
		.topic = STR("t"), .partition = -1, .offset = -1001, .timestamp = -1
	};

	assert_str(print(*state, &r), STR(
		"{\"topic\":\"t\",\"partition\":null,\"offset\":null,\"timestamp\":null,\"timestampType\":\"none\","
		"\"key\":null,\"headers\":[],\"value\":null}"));
}

static void
a_value_is_json_or_text_or_base64_by_its_bytes_alone(void **state)
{
	static const struct { struct str value, spelled; } cases[] = {
		{ STR("{\"a\":1}"), STR("\"value\":{\"a\":1}") },
		{ STR("\"text\""), STR("\"value\":\"text\"") },
		{ STR("12.50"), STR("\"value\":12.50") },
		{ STR("true"), STR("\"value\":true") },
		{ STR("[ 1,\t2 ]"), STR("\"value\":[ 1,\t2 ]") },
		{ STR("null"), STR("\"value_text\":\"null\"") },
		{ STR(""), STR("\"value_text\":\"\"") },
		{ STR("hello"), STR("\"value_text\":\"hello\"") },
		{ STR("{\"a\":1} "), STR("\"value_text\":\"{\\\"a\\\":1} \"") },
		{ STR("\t1"), STR("\"value_text\":\"\\t1\"") },
		{ STR("{\n\"a\":1}"), STR("\"value_text\":\"{\\n\\\"a\\\":1}\"") },
		{ STR("[1,\r2]"), STR("\"value_text\":\"[1,\\r2]\"") },
		{ STR("{\"a\":1}{\"b\":2}"), STR("\"value_text\":\"{\\\"a\\\":1}{\\\"b\\\":2}\"") },
		{ STR("\xef\xbb\xbf{}"), STR("\"value_text\":\"\xef\xbb\xbf{}\"") },
		{ STR("a\0b"), STR("\"value_text\":\"a\\u0000b\"") },
		{ STR("\"\xff\""), STR("\"value_b64\":\"Iv8i\"") },
		{ STR("\xed\xa0\x80"), STR("\"value_b64\":\"7aCA\"") },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct record r = {
			.topic = STR("t"), .partition = 0, .offset = 0, .value = cases[i].value
		};
		struct str          line = print(f, &r);
		struct str          spelled = cases[i].spelled;

		assert_true(line.n > spelled.n + 1);
		assert_str(str_slice(line, line.n - 1 - spelled.n, line.n - 1), spelled);
		assert_int_equal(envelope_parse(f->parser, line, &f->back, &f->err), 0);
		assert_str(f->back.value, cases[i].value);
	}
}

/* n opening brackets and as many closing ones, around a string full of brackets */
static struct str
nested(char *to, size_t n)
{
	memset(to, '[', n);
	memcpy(to + n, "\"]\\\"[\"", 6);
	memset(to + n + 6, ']', n);
	return (struct str){ to, 2 * n + 6 };
}

static void
a_value_too_deep_for_the_line_is_text(void **state)
{
	struct fixture *f = *state;
	char            text[2 * JSON_DEPTH + 8];

	for (size_t depth = JSON_DEPTH - 1; depth <= JSON_DEPTH; depth++) {
		struct str          value = nested(text, depth);
		const struct record r = { .topic = STR("t"), .value = value };
		struct str          line = print(f, &r);
		bool                as_text = memmem(line.p, line.n, "value_text", 10) != NULL;

		assert_int_equal(json_too_deep(value), depth == JSON_DEPTH);
		assert_int_equal(as_text, depth == JSON_DEPTH);
		assert_int_equal(envelope_parse(f->parser, line, &f->back, &f->err), 0);
		assert_str(f->back.value, value);
	}
}

static void
null_and_empty_are_told_apart(void **state)
{
	static const struct str both[] = { { NULL, 0 }, STR("") };
	struct fixture         *f = *state;

	for (int k = 0; k < 2; k++) {
		for (int v = 0; v < 2; v++) {
			const struct header h = { STR("h"), both[v] };
			const struct record r = { .topic = STR("t"), .key = both[k], .value = both[v],
			                          .headers = &h, .n_headers = 1 };

			assert_int_equal(envelope_parse(f->parser, print(f, &r), &f->back, &f->err),
			                 0);
			assert_str(f->back.key, both[k]);
			assert_str(f->back.value, both[v]);
			assert_str(f->back.headers[0].value, both[v]);
		}
	}
}

static void
members_may_come_in_any_order_and_all_but_the_value_be_left_out(void **state)
{
	struct fixture *f = *state;

	parse(f, "{\"value_b64\":\"AP8=\"}");
	assert_null(f->back.topic.p);
	assert_int_equal(f->back.partition, -1);
	assert_int_equal(f->back.timestamp, -1);
	assert_null(f->back.key.p);
	assert_int_equal(f->back.n_headers, 0);
	assert_str(f->back.value, STR("\x00\xff"));

	parse(f, " { \"v\\u0061lue\" : {\"x\" : [1] } , \"error\":\"Broker: gone\", \"timestamp\":5,\"partition\":2,"
	         "\"key_b64\":\"/w==\",\"topic\":\"caf\\u00e9\", \"offset\":7 } ");
	assert_str(f->back.value, STR("{\"x\" : [1] }"));
	assert_str(f->back.key, STR("\xff"));
	assert_str(f->back.topic, STR("caf\xc3\xa9"));
	assert_int_equal(f->back.partition, 2);
	assert_int_equal(f->back.timestamp, 5);
	assert_int_equal(f->back.offset, 7);
}

static void
what_could_be_a_mistake_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_refused(f, "{\"key\":\"a\"}", "has no value (\"value\":null is a tombstone)");
	assert_refused(f, "{\"vaule\":1}", "'vaule' is not a member of an envelope; see maip-stream(5)");
	assert_refused(f, "{\"value\":1,\"value_text\":\"1\"}",
	               "'value' and 'value_text' both say the value");
	assert_refused(f, "{\"value\":1,\"value\":1}", "'value' is there twice");
	assert_refused(f, "{\"key_b64\":\"YQ==\",\"key\":\"a\",\"value\":1}",
	               "'key_b64' and 'key' both say the key");
	assert_refused(f, "[]", "is not an object");
	assert_refused(f, "{\"topic\":\"\",\"value\":1}", "'topic': is not the name of a topic");
	assert_refused(f, "{\"topic\":null,\"value\":1}", "'topic': is not the name of a topic");
	assert_refused(f, "{\"partition\":-1,\"value\":1}", "'partition': is not a whole number from 0 to 2147483647");
	assert_refused(f, "{\"partition\":2147483648,\"value\":1}",
	               "'partition': is not a whole number from 0 to 2147483647");
	assert_refused(f, "{\"partition\":\"1\",\"value\":1}", "'partition': is neither a whole number nor null");
	assert_refused(f, "{\"timestamp\":1e3,\"value\":1}",
	               "'timestamp': is not a whole number from 0 to 9223372036854775807");
	assert_refused(f, "{\"timestamp\":9223372036854775808,\"value\":1}",
	               "'timestamp': is not a whole number from 0 to 9223372036854775807");
	assert_refused(f, "{\"timestampType\":\"now\",\"value\":1}",
	               "'timestampType': is not \"create\", \"append\" or \"none\"");
	assert_refused(f, "{\"offset\":\"\",\"value\":1}", "'offset': is empty");
	assert_refused(f, "{\"key\":5,\"value\":1}", "'key': is neither a string nor null");
	assert_refused(f, "{\"key_b64\":\"YQ\",\"value\":1}", "'key_b64': is not base64");
	assert_refused(f, "{\"value_text\":null}", "'value_text': is not a string");
	assert_refused(f, "{\"headers\":{},\"value\":1}", "'headers': is neither an array nor null");
	assert_refused(f, "{\"headers\":[[\"a\"]],\"value\":1}", "'headers': header 1: is not a pair of name and value");
	assert_refused(f, "{\"headers\":[[\"a\",\"b\",\"c\"]],\"value\":1}",
	               "'headers': header 1: is not a pair of name and value");
	assert_refused(f, "{\"headers\":[[\"a\",\"b\"],[null,\"b\"]],\"value\":1}", "'headers': header 2: has no name");
	assert_refused(f, "{\"headers\":[[\"a\",5]],\"value\":1}",
	               "'headers': header 1: its value: is neither a string nor null");
	assert_refused(f, "{\"headers\":[[\"a\",{\"b32\":\"\"}]],\"value\":1}",
	               "'headers': header 1: its value: is an object, and not {\"b64\":\"...\"}");
	assert_refused(f, "{\"headers\":[[\"a\",{\"b64\":\"\",\"c\":1}]],\"value\":1}",
	               "'headers': header 1: its value: is an object, and not {\"b64\":\"...\"}");
}

static void
a_dead_letter_says_why_and_can_be_read_back(void **state)
{
	struct fixture     *f = *state;
	const struct sink   to = { .self = &f->line, .write = append };
	const struct record r = { .topic = STR("t"), .partition = 1, .offset = -1, .timestamp = 7,
	                          .timestamp_type = TS_CREATE, .key = STR("k"), .value = STR("{}") };
	const struct err    why = { .msg = "Broker: Message size too large" };
	static const char   slack[LINE_SLACK];
	struct out          o;
	size_t              n;

	out_init(&o, &to);
	assert_int_equal(envelope_print_failed(&o, &r, &why), 0);
	assert_int_equal(out_flush(&o), 0);
	out_release(&o);
	n = f->line.n - 1;
	assert_str((struct str){ f->line.p, n }, STR(
		"{\"topic\":\"t\",\"partition\":1,\"offset\":null,\"timestamp\":7,\"timestampType\":\"create\",\"key\":\"k\","
		"\"headers\":[],\"value\":{},\"error\":\"Broker: Message size too large\"}"));
	buf_add(&f->line, slack, sizeof(slack));
	assert_int_equal(envelope_parse(f->parser, (struct str){ f->line.p, n }, &f->back, &f->err),
	                 0);
	assert_str(f->back.key, STR("k"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_record_is_one_line_with_all_its_members, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(what_a_record_does_not_have_is_null, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(
			a_value_is_json_or_text_or_base64_by_its_bytes_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_value_too_deep_for_the_line_is_text, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(null_and_empty_are_told_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			members_may_come_in_any_order_and_all_but_the_value_be_left_out, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(what_could_be_a_mistake_is_refused, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(a_dead_letter_says_why_and_can_be_read_back, set_up,
		                                tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
