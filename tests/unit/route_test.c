/* SPDX-License-Identifier: Apache-2.0 */
/* Which record a line becomes: forms, expressions, and the ids of events. */
#include "unit.h"

#include "json/line.h"
#include "kafka/route.h"

struct fixture {
	struct route *route;
	struct record r;
	struct err    err;
	char          line[4096 + LINE_SLACK];
};

static void
use(struct fixture *f, const struct route_conf *conf)
{
	route_free(f->route);
	f->route = route_new(conf, &f->err);
	if (f->route == NULL)
		fail_msg("%s", f->err.msg);
}

static int
try_line(struct fixture *f, const char *line)
{
	memset(f->line, 0, sizeof(f->line));
	memcpy(f->line, line, strlen(line));
	return route_line(f->route, (struct str){ f->line, strlen(line) }, 1767225600000, &f->r,
	                  &f->err);
}

static void
route(struct fixture *f, const char *line)
{
	if (try_line(f, line) < 0)
		fail_msg("%s: %s", line, f->err.msg);
}

static void
assert_refused(struct fixture *f, const char *line, const char *message)
{
	assert_int_equal(try_line(f, line), -1);
	assert_string_equal(f->err.msg, message);
}

static void
assert_str(struct str got, const char *expected)
{
	if (expected == NULL) {
		assert_null(got.p);
		return;
	}
	assert_non_null(got.p);
	assert_int_equal(got.n, strlen(expected));
	assert_memory_equal(got.p, expected, got.n);
}

static int
set_up(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	return *state == NULL;
}

static int
tear_down(void **state)
{
	route_free(((struct fixture *)*state)->route);
	free(*state);
	return 0;
}

static void
a_line_is_the_value_as_it_came(void **state)
{
	struct fixture *f = *state;

	use(f, &(struct route_conf){ .topic = "t" });
	route(f, " { \"b\" : 1.50, \"a\":\"\\u0041\" } ");
	assert_str(f->r.value, " { \"b\" : 1.50, \"a\":\"\\u0041\" } ");
	assert_str(f->r.topic, "t");
	assert_str(f->r.key, NULL);
	assert_int_equal(f->r.partition, -1);
	assert_int_equal(f->r.timestamp, -1);
	assert_int_equal(f->r.n_headers, 0);
	assert_int_equal(try_line(f, "hello"), -1);
	assert_int_equal(try_line(f, "{\"_maip\":\"end\",\"drain\":true}"), -1);
}

static void
text_is_whatever_it_is(void **state)
{
	struct fixture *f = *state;

	use(f, &(struct route_conf){ .topic = "t", .form = ROUTE_TEXT, .key = "'k'" });
	route(f, "hello \xff{");
	assert_str(f->r.value, "hello \xff{");
	assert_str(f->r.key, "k");
	assert_null(route_new(&(struct route_conf){ .topic = "t", .form = ROUTE_TEXT, .key = "a" },
	                      &f->err));
}

static void
a_key_is_the_text_of_what_the_expression_yields(void **state)
{
	static const struct { const char *key, *line, *expected; } cases[] = {
		{ "a", "{\"a\":\"c-1\"}", "c-1" },
		{ "a", "{\"a\":\"caf\\u00e9\"}", "caf\xc3\xa9" },
		{ "a", "{\"a\":\"\"}", "" },
		{ "a", "{\"a\":12.50}", "12.50" },
		{ "a", "{\"a\":1e3}", "1e3" },
		{ "a", "{\"a\":true}", "true" },
		{ "a", "{\"a\":null}", NULL },
		{ "a", "{\"b\":1}", NULL },
		{ "a.b", "{\"a\":{\"b\":\"x\"}}", "x" },
		{ "a", "{\"a\":[1, 2]}", "[1, 2]" },
		{ "a || '-' || b", "{\"a\":\"x\",\"b\":\"y\"}", "x-y" },
		{ "a + 1", "{\"a\":41}", "42" },
		{ "UPPER(a)", "{\"a\":\"\\\"q\\\"\"}", "\"Q\"" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		use(f, &(struct route_conf){ .topic = "t", .key = cases[i].key });
		route(f, cases[i].line);
		assert_str(f->r.key, cases[i].expected);
	}
}

static void
topic_partition_and_time_come_from_the_line(void **state)
{
	struct fixture *f = *state;

	use(f, &(struct route_conf){ .topic_expr = "'maip.' || kind", .partition = "p", .timestamp = "at" });
	route(f, "{\"kind\":\"order\",\"p\":3,\"at\":\"2026-01-01T00:00:00Z\"}");
	assert_str(f->r.topic, "maip.order");
	assert_int_equal(f->r.partition, 3);
	assert_int_equal(f->r.timestamp, 1767225600000);
	route(f, "{\"kind\":\"order\",\"p\":null,\"at\":1767225600}");
	assert_int_equal(f->r.partition, -1);
	assert_int_equal(f->r.timestamp, 1767225600000);
	assert_refused(f, "{\"p\":1,\"at\":1767225600}", "--topic-expr: no topic (it is NULL or empty)");
	assert_refused(f, "{\"kind\":\"order\",\"p\":1.5,\"at\":1}", "--partition-expr: not a whole number from 0 on");
	assert_refused(f, "{\"kind\":\"order\",\"p\":-1,\"at\":1}", "--partition-expr: not a whole number from 0 on");
	assert_refused(f, "{\"kind\":\"order\",\"p\":\"1\",\"at\":1}", "--partition-expr: not a whole number from 0 on");
	assert_refused(f, "{\"kind\":\"order\",\"p\":1,\"at\":\"1969-12-31T23:59:59Z\"}",
	               "--timestamp: Kafka has no times before 1970");
	assert_int_equal(try_line(f, "{\"kind\":\"order\",\"p\":1}"), -1);
}

static void
headers_are_added_in_order(void **state)
{
	const struct route_header headers[] = { { STR("a"), "x" }, { STR("b"), "y" }, { STR("a"), "'fixed'" } };
	struct fixture *f = *state;

	use(f, &(struct route_conf){ .form = ROUTE_ENVELOPE, .headers = headers, .n_headers = 3 });
	route(f, "{\"topic\":\"t\",\"value\":1,\"headers\":[[\"h\",\"v\"]],\"error\":\"x\"}");
	assert_int_equal(f->r.n_headers, 4);
	assert_str(f->r.headers[0].name, "h");
	assert_str(f->r.headers[0].value, "v");
	assert_str(f->r.headers[1].name, "a");
	assert_str(f->r.headers[1].value, NULL);
	assert_str(f->r.headers[2].value, NULL);
	assert_str(f->r.headers[3].name, "a");
	assert_str(f->r.headers[3].value, "fixed");
}

static void
options_win_over_an_envelope(void **state)
{
	static const char line[] = "{\"topic\":\"t\",\"partition\":2,\"timestamp\":5,\"key\":\"k\",\"value\":{\"id\":7}}";
	struct fixture   *f = *state;

	use(f, &(struct route_conf){ .form = ROUTE_ENVELOPE });
	route(f, line);
	assert_str(f->r.topic, "t");
	assert_str(f->r.key, "k");
	assert_str(f->r.value, "{\"id\":7}");
	assert_int_equal(f->r.partition, 2);
	assert_int_equal(f->r.timestamp, 5);
	assert_refused(f, "{\"value\":1}", "the envelope names no topic, and neither does -t");

	use(f, &(struct route_conf){ .form = ROUTE_ENVELOPE, .topic = "other", .key = "value.id", .partition = "NULL" });
	route(f, line);
	assert_str(f->r.topic, "other");
	assert_str(f->r.key, "7");
	assert_int_equal(f->r.partition, -1);
}

static void
a_tombstone_has_a_key_and_no_value(void **state)
{
	struct fixture *f = *state;

	use(f, &(struct route_conf){ .topic = "t", .key = "id", .tombstone_when = "deleted" });
	route(f, "{\"id\":1,\"deleted\":true}");
	assert_str(f->r.key, "1");
	assert_str(f->r.value, NULL);
	route(f, "{\"id\":1,\"deleted\":false}");
	assert_str(f->r.value, "{\"id\":1,\"deleted\":false}");
	route(f, "{\"id\":1}");
	assert_str(f->r.value, "{\"id\":1}");
}

/* uuid.uuid5(uuid.UUID('1e1b340a-1aa8-5d04-85b6-2f15434e1688'), 'a.b\nt\n{"x":1}'), and with '\n1'
 * behind it */
static void
an_event_has_an_id_of_its_own_that_a_replay_finds_again(void **state)
{
	static const char first[] = "{\"eventId\":\"334b776c-93ed-5798-8a2c-98d699637b4f\",\"eventType\":\"a.b\",\"eventVersion\":\"1.0\","
		"\"timestamp\":\"2026-01-01T00:00:00.000Z\",\"source\":\"maip-produce\",\"payload\":{\"x\":1}}";
	static const char again[] = "{\"eventId\":\"f93f080e-2932-51b6-874f-2101861e94ce\",\"eventType\":\"a.b\",\"eventVersion\":\"1.0\","
		"\"timestamp\":\"2026-01-01T00:00:00.000Z\",\"source\":\"maip-produce\",\"payload\":{\"x\":1}}";
	struct fixture *f = *state;

	for (int replay = 0; replay < 2; replay++) {
		use(f, &(struct route_conf){ .topic = "t",
		                             .form = ROUTE_EVENT,
		                             .event_type = "a.b",
		                             .source = "maip-produce",
		                             .seed = (uint64_t)replay });
		route(f, "{\"x\":1}");
		assert_str(f->r.value, first);
		route(f, "{\"x\":1}");
		assert_str(f->r.value, again);
	}
}

static void
id_of(struct fixture *f, const char *line, char to[37])
{
	route(f, line);
	memcpy(to, f->r.value.p + strlen("{\"eventId\":\""), 36);
	to[36] = '\0';
}

static void
every_repetition_gets_another_id_even_when_much_lies_between(void **state)
{
	enum { BETWEEN = 262144 };      /* a whole generation */
	struct fixture *f = *state;
	char            ids[4][37], line[32];

	use(f, &(struct route_conf){ .topic = "t", .form = ROUTE_EVENT, .event_type = "a", .source = "s" });
	id_of(f, "{\"x\":1}", ids[0]);
	id_of(f, "{\"x\":1}", ids[1]);
	for (int i = 0; i < BETWEEN; i++) {
		snprintf(line, sizeof(line), "{\"y\":%d}", i);
		route(f, line);
	}
	id_of(f, "{\"x\":1}", ids[2]);
	id_of(f, "{\"x\":1}", ids[3]);
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(ids[i], ids[j]);
}

static void
an_event_carries_the_time_of_its_line(void **state)
{
	struct fixture *f = *state;

	use(f, &(struct route_conf){ .topic = "t",
	                             .form = ROUTE_EVENT,
	                             .event_type = "a\"b",
	                             .source = "s",
	                             .timestamp = "at",
	                             .key = "at" });
	route(f, "{\"at\":\"2026-01-16T12:00:00.5Z\"}");
	assert_non_null(strstr(f->r.value.p, "\"eventType\":\"a\\\"b\""));
	assert_non_null(strstr(f->r.value.p, "\"timestamp\":\"2026-01-16T12:00:00.500Z\""));
	assert_str(f->r.key, "2026-01-16T12:00:00.5Z");
}

static void
a_line_as_deep_as_may_be_is_too_deep_for_a_payload(void **state)
{
	struct fixture *f = *state;
	char            line[600];

	use(f, &(struct route_conf){ .topic = "t", .form = ROUTE_EVENT, .event_type = "a", .source = "s" });
	for (int depth = 255; depth <= 256; depth++) {
		char *at = line + sprintf(line, "{\"a\":");

		memset(at, '[', (size_t)depth - 1);
		memset(at + depth - 1, ']', (size_t)depth - 1);
		strcpy(at + 2 * (depth - 1), "}");
		assert_int_equal(try_line(f, line), depth == 255 ? 0 : -1);
	}
	assert_string_equal(f->err.msg, "nested too deep for the payload of an event");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_is_the_value_as_it_came, set_up, tear_down),
		cmocka_unit_test_setup_teardown(text_is_whatever_it_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_key_is_the_text_of_what_the_expression_yields,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(topic_partition_and_time_come_from_the_line, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(headers_are_added_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(options_win_over_an_envelope, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_tombstone_has_a_key_and_no_value, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(
			an_event_has_an_id_of_its_own_that_a_replay_finds_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			every_repetition_gets_another_id_even_when_much_lies_between, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(an_event_carries_the_time_of_its_line, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(a_line_as_deep_as_may_be_is_too_deep_for_a_payload,
		                                set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
