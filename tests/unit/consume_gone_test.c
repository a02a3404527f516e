/* SPDX-License-Identifier: Apache-2.0 */
/* What maip-consume says of offsets that their partitions do not hold. */
#include "unit.h"

#include "consume_rig.h"

static void
an_offset_that_is_gone_is_never_jumped_over(void **state)
{
	struct memory_broker *b = memory_broker_new(3);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 1);
	for (int n = 0; n < 10; n++)
		rig_put_event(b, "t", 0, n, n);
	memory_broker_forget(b, "t", 0, 5);
	rig_init(&r, b, "t");
	assert_int_equal(place_range_parse(&r.conf.range, STR("3"), NOW, &r.err), 0);
	assert_int_equal(rig_run(&r), STATUS_CONFIG);
	assert_string_equal(r.err.msg, "t[0] does not hold offset 3 any more: it has 5 to 10 (go on with --offsets-from a file with the line "
	                               "{\"topic\":\"t\",\"partition\":0,\"offset\":\"5\"}, or with 10 in it to read what comes)");
	rig_release(&r);
	memory_broker_free(b);
}

/* There is one way on, be it that nothing was ever there, or that nothing is left. */
static void
a_partition_that_is_empty_is_told_as_that(void **state)
{
	struct gone gone[] = {
		{ { STR("t"), 0, 0 }, false, 3, 0, 0 },
		{ { STR("t"), 1, 0 }, false, 3, 10, 10 },
	};
	struct err err;

	(void)state;
	assert_int_equal(place_fail_gone(gone, 1, &err), -1);
	assert_string_equal(err.msg, "t[0] does not hold offset 3: it is empty, and its next offset is 0 (go on with --offsets-from a file with the line "
	                             "{\"topic\":\"t\",\"partition\":0,\"offset\":\"0\"} to read what comes)");
	assert_int_equal(place_fail_gone(gone, 2, &err), -1);
	assert_string_equal(err.msg, "2 partitions do not hold the offset to be read next: t[0] offset 3 (it is empty, and its next offset is 0), "
	                             "t[1] offset 3 (it is empty, and its next offset is 10) (go on with --offsets-from a file with a line for each, such as "
	                             "{\"topic\":\"t\",\"partition\":0,\"offset\":\"0\"} to read what comes)");
	assert_int_equal(place_fail_gone(gone + 1, 1, &err), -1);
	assert_string_equal(err.msg, "t[1] does not hold offset 3 any more: it is empty, and its next offset is 10 (go on with --offsets-from a file with the line "
	                             "{\"topic\":\"t\",\"partition\":1,\"offset\":\"10\"} to read what comes)");
}

/* Topic t with so many partitions of ten records, of which the first 5 are gone in odd ones. */
static struct memory_broker *
broker_with_gone(int32_t partitions)
{
	struct memory_broker *b = memory_broker_new(3);

	memory_broker_topic(b, "t", partitions);
	for (int32_t p = 0; p < partitions; p++) {
		for (int n = 0; n < 10; n++)
			rig_put_event(b, "t", p, n, n);
		if (p % 2 == 1)
			memory_broker_forget(b, "t", p, 5);
	}
	return b;
}

static void
all_offsets_that_are_gone_are_told_at_once(void **state)
{
	static const struct { int32_t partitions; const char *told; } cases[] = {
		{ 4, "2 partitions do not hold the offset to be read next: t[1] offset 3 (it has 5 to 10), t[3] offset 3 "
		     "(it has 5 to 10) (go on with --offsets-from a file with a line for each, such as "
		     "{\"topic\":\"t\",\"partition\":1,\"offset\":\"5\"}, or with 10 in it to read what comes)" },
		{ 24, "12 partitions do not hold the offset to be read next: t[1] offset 3 (it has 5 to 10), t[3] offset 3 "
		      "(it has 5 to 10), t[5] offset 3 (it has 5 to 10), t[7] offset 3 (it has 5 to 10), t[9] offset 3 "
		      "(it has 5 to 10), and 7 more (go on with --offsets-from a file with a line for each, such as "
		      "{\"topic\":\"t\",\"partition\":1,\"offset\":\"5\"}, or with 10 in it to read what comes)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct memory_broker *b = broker_with_gone(cases[i].partitions);
		struct rig r;

		rig_init(&r, b, "t");
		assert_int_equal(place_range_parse(&r.conf.range, STR("3"), NOW, &r.err), 0);
		assert_int_equal(rig_run(&r), STATUS_CONFIG);
		assert_string_equal(r.err.msg, cases[i].told);
		rig_release(&r);
		memory_broker_free(b);
	}
}

/* Names as long as they may be leave no room for a list, but for how to go on. */
static void
however_long_its_topic_is_of_many_offsets_that_are_gone_the_way_on_is_told(void **state)
{
	char topic[250], way[300];
	struct gone gone[3];
	struct err err;

	(void)state;
	for (size_t n = 1; n < sizeof(topic); n++) {
		memset(topic, 'x', n);
		topic[n] = '\0';
		for (int32_t p = 0; p < 3; p++)
			gone[p] = (struct gone){ { str_of(topic), p, 0 }, true, 3, 5, 10 };
		assert_int_equal(place_fail_gone(gone, 3, &err), -1);
		assert_int_equal(err.status, STATUS_CONFIG);
		snprintf(way, sizeof(way), "such as {\"topic\":\"%s\",\"partition\":0,\"offset\":\"5\"}", topic);
		assert_non_null(strstr(err.msg, way));
		assert_string_equal(err.msg + strlen(err.msg) - strlen("to read what comes)"), "to read what comes)");
	}
	assert_non_null(strstr(err.msg, "next: 3 more (go on"));
}

static void
all_offsets_that_are_lost_while_they_are_read_are_told_at_once(void **state)
{
	(void)state;
	for (int bounded = 0; bounded < 2; bounded++) {
		struct memory_broker *b = broker_with_gone(3);
		struct rig r;

		rig_init(&r, b, "t");
		r.conf.range.from.kind = PLACE_EARLIEST;
		r.conf.exit_at_end = bounded;
		rig_start(&r);
		for (int32_t p = 0; p < 3; p++)
			memory_broker_forget(b, "t", p, p == 1 ? 0 : 8);
		while (consume_step(r.consume, 0, &r.err) > 0)
			;
		assert_int_equal(r.err.status, STATUS_CONFIG);
		assert_non_null(strstr(r.err.msg, "2 partitions do not hold the offset to be read next: t[0] offset "));
		assert_non_null(strstr(r.err.msg, "(it has 8 to 10), t[2] offset "));
		rig_release(&r);
		memory_broker_free(b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_offset_that_is_gone_is_never_jumped_over),
		cmocka_unit_test(a_partition_that_is_empty_is_told_as_that),
		cmocka_unit_test(all_offsets_that_are_gone_are_told_at_once),
		cmocka_unit_test(
			however_long_its_topic_is_of_many_offsets_that_are_gone_the_way_on_is_told),
		cmocka_unit_test(all_offsets_that_are_lost_while_they_are_read_are_told_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
