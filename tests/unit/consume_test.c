/* SPDX-License-Identifier: Apache-2.0 */
/* The routing of maip-consume, over a broker in memory. */
#include "unit.h"

#include "consume_rig.h"

#include "kafka/meter.h"

/* ---- bounded */

static void
a_bounded_read_merges_partitions_by_time(void **state)
{
	struct memory_broker *b = memory_broker_new(1);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 3);
	rig_put_event(b, "t", 0, 100, 1);
	rig_put_event(b, "t", 0, 400, 2);
	rig_put_event(b, "t", 1, 200, 3);
	rig_put_event(b, "t", 1, 300, 4);
	rig_init(&r, b, "t");
	r.conf.exit_at_end = true;
	assert_int_equal(rig_run(&r), STATUS_OK);
	assert_string_equal(rig_text(&r),
	                    "{\"n\":1,\"timestamp\":100}\n{\"n\":3,\"timestamp\":200}\n"
	                    "{\"n\":4,\"timestamp\":300}\n{\"n\":2,\"timestamp\":400}\n");
	rig_release(&r);
	memory_broker_free(b);
}

static void
equal_times_go_by_topic_and_partition_and_offset(void **state)
{
	struct memory_broker *b = memory_broker_new(1);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t.b", 2);
	memory_broker_topic(b, "t.a", 2);
	rig_put_event(b, "t.b", 1, 5, 5);
	rig_put_event(b, "t.b", 0, 5, 4);
	rig_put_event(b, "t.a", 1, 5, 3);
	rig_put_event(b, "t.a", 0, 5, 1);
	rig_put_event(b, "t.a", 0, 5, 2);
	rig_init(&r, b, "t.*");
	r.conf.exit_at_end = true;
	r.conf.envelope = false;
	assert_int_equal(rig_run(&r), STATUS_OK);
	for (int i = 0; i < 5; i++)
		assert_int_equal(rig_text(&r)[5 + i * 22], '1' + i);
	rig_release(&r);
	memory_broker_free(b);
}

static void
whatever_the_schedule_a_bounded_read_gives_the_same_bytes(void **state)
{
	char *first = NULL;

	(void)state;
	for (uint64_t seed = 0; seed < 200; seed++) {
		struct memory_broker *b = memory_broker_new(seed);
		uint64_t random = 7;
		struct rig r;

		memory_broker_topic(b, "t", 4);
		for (int i = 0; i < 1000; i++) {
			rig_put_event(b, "t", (int32_t)(next_random(&random) % 3),
			              1000 + i * 10 + (int)(next_random(&random) % 300), i);
			if (i % 50 == 0)
				memory_broker_marker(b, "t", i % 4);
			if (i % 70 == 0)
				rig_put(b, "t", (int32_t)(i % 3), i, "k", "no json");
		}
		memory_broker_marker(b, "t", 1);
		memory_broker_hesitate(b, (unsigned)(seed % 90));
		rig_init(&r, b, "t");
		r.conf.exit_at_end = r.conf.watermarks = true;
		r.conf.bound = 100;
		r.bad.policy = ON_ERROR_SKIP;
		assert_int_equal(rig_run(&r), STATUS_OK);
		if (first == NULL)
			first = strdup(rig_text(&r));
		assert_string_equal(rig_text(&r), first);
		assert_int_equal(r.bad.count, 15);
		rig_release(&r);
		memory_broker_free(b);
	}
	assert_non_null(strstr(first, "{\"_maip\":\"watermark\""));
	assert_non_null(strstr(first, "{\"_maip\":\"end\",\"drain\":true}\n"));
	free(first);
}

static void
markers_and_empty_partitions_do_not_hold_up_the_end(void **state)
{
	struct memory_broker *b = memory_broker_new(3);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 4);
	rig_put_event(b, "t", 0, 100, 1);
	memory_broker_marker(b, "t", 0);
	memory_broker_marker(b, "t", 1);
	rig_put_event(b, "t", 2, 50, 2);
	memory_broker_forget(b, "t", 2, 1);
	rig_init(&r, b, "t");
	r.conf.exit_at_end = true;
	r.group = "g";
	assert_int_equal(rig_run(&r), STATUS_OK);
	assert_string_equal(rig_text(&r), "{\"n\":1,\"timestamp\":100}\n");
	assert_int_equal(memory_broker_committed(b, "g", "t", 0), 2);
	assert_int_equal(memory_broker_committed(b, "g", "t", 1), 1);
	assert_int_equal(memory_broker_committed(b, "g", "t", 2), 1);
	rig_release(&r);
	memory_broker_free(b);
}

static void
what_comes_after_the_snapshot_is_not_read(void **state)
{
	struct memory_broker *b = memory_broker_new(3);
	struct rig r;
	int got;

	(void)state;
	memory_broker_topic(b, "t", 1);
	rig_put_event(b, "t", 0, 100, 1);
	rig_init(&r, b, "t");
	r.conf.exit_at_end = true;
	rig_start(&r);
	rig_put_event(b, "t", 0, 50, 2);
	while ((got = consume_step(r.consume, 0, &r.err)) > 0)
		;
	assert_int_equal(got, 0);
	assert_int_equal(consume_finish(r.consume, true, &r.err), 0);
	assert_string_equal(rig_text(&r), "{\"n\":1,\"timestamp\":100}\n");
	rig_release(&r);
	memory_broker_free(b);
}

static void
ranges_and_limits_are_kept(void **state)
{
	static const struct { const char *range; uint64_t max; const char *expected; } cases[] = {
		{ "2:4", 0, "2 3" }, { "-2:end", 0, "8 9" }, { "+3", 0, "0 1 2" }, { "7:", 2, "7 8" },
		{ "8:100", 0, "8 9" }, { "5:+2", 0, "5 6" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct memory_broker *b = memory_broker_new(3);
		char found[100] = "";
		struct rig r;

		memory_broker_topic(b, "t", 1);
		for (int n = 0; n < 10; n++)
			rig_put_event(b, "t", 0, 1000 + n, n);
		rig_init(&r, b, "t");
		assert_int_equal(
			place_range_parse(&r.conf.range, str_of(cases[i].range), NOW, &r.err), 0);
		r.conf.max_messages = cases[i].max;
		assert_int_equal(rig_run(&r), STATUS_OK);
		for (const char *p = rig_text(&r); (p = strstr(p, "\"n\":")) != NULL; p++)
			snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%c",
			         found[0] ? " " : "", p[4]);
		assert_string_equal(found, cases[i].expected);
		rig_release(&r);
		memory_broker_free(b);
	}
}

/* ---- values */

static enum status
run_one(struct rig *r, struct memory_broker *b, const char *value)
{
	memory_broker_topic(b, "t", 1);
	rig_put(b, "t", 0, 100, "key", "{\"n\":0}");
	rig_put(b, "t", 0, 100, "key", value);
	rig_init(r, b, "t");
	r->conf.exit_at_end = true;
	return rig_run(r);
}

static void
what_is_no_record_stops_the_run_behind_the_good_ones(void **state)
{
	static const char *const values[] = { "nope", "{\"a\":1", "42", "[1]", "", "{\"_maip\":\"end\",\"drain\":true}", "{\"a\":\"\xff\"}" };

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct memory_broker *b = memory_broker_new(3);
		struct rig r;

		assert_int_equal(run_one(&r, b, values[i]), STATUS_DATA);
		assert_true(strncmp(r.err.msg, "t[0]@1: ", 8) == 0);
		assert_string_equal(rig_text(&r), "{\"n\":0}\n");
		rig_release(&r);
		memory_broker_free(b);
	}
}

/* In the order of time, not in that in which heads are looked for. */
static void
a_bad_record_stops_the_run_behind_those_of_other_partitions_before_it(void **state)
{
	struct memory_broker *b = memory_broker_new(3);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 2);
	for (int i = 0; i < 4; i++)
		rig_put(b, "t", 0, 1000 * i, "k", i < 2 ? "{\"early\":1}" : "{\"late\":1}");
	rig_put(b, "t", 1, 1500, "k", "nope");
	rig_init(&r, b, "t");
	r.conf.exit_at_end = true;
	assert_int_equal(rig_run(&r), STATUS_DATA);
	assert_true(strncmp(r.err.msg, "t[1]@0: ", 8) == 0);
	assert_string_equal(rig_text(&r), "{\"early\":1}\n{\"early\":1}\n");
	rig_release(&r);
	memory_broker_free(b);
}

static void
pretty_printed_json_becomes_one_line(void **state)
{
	struct memory_broker *b = memory_broker_new(3);
	struct rig r;

	(void)state;
	assert_int_equal(run_one(&r, b, " {\r\n  \"a\": [1.50,\n 2],\n  \"b\": \"x  y\"\n}\n"), STATUS_OK);
	assert_string_equal(rig_text(&r), "{\"n\":0}\n{\"a\":[1.50,2],\"b\":\"x  y\"}\n");
	rig_release(&r);
	memory_broker_free(b);
}

static void
other_spacing_is_left_as_it_is(void **state)
{
	struct memory_broker *b = memory_broker_new(3);
	struct rig r;

	(void)state;
	assert_int_equal(run_one(&r, b, "{ \"a\" :1e2,\t\"caf\\u00e9\":0.10 } "), STATUS_OK);
	assert_string_equal(rig_text(&r), "{\"n\":0}\n{ \"a\" :1e2,\t\"caf\\u00e9\":0.10 }\n");
	rig_release(&r);
	memory_broker_free(b);
}

static void
tombstones_are_counted_and_passed_over(void **state)
{
	struct memory_broker *b = memory_broker_new(3);
	struct rig r;

	(void)state;
	assert_int_equal(run_one(&r, b, NULL), STATUS_OK);
	assert_string_equal(rig_text(&r), "{\"n\":0}\n");
	assert_int_equal(consume_counts(r.consume).tombstones, 1);
	rig_release(&r);
	memory_broker_free(b);
}

static void
conditions_see_the_record_and_its_value(void **state)
{
	static const struct { const char *where; const char *expected; } cases[] = {
		{ "$key = 'b'", "2 3" }, { "n >= 2 AND $key = 'a'", "4" }, { "$offset < 2", "1 2" }, { "$partition = 1", "" },
		{ "$topic LIKE 't%' AND n = 3", "3" }, { "$key IS NULL", "5" }, { "$headers.h = 'v2'", "5" },
		{ "$headers.h IS NULL AND n > 3", "4" },
		{ "$timestamp >= TO_TIMESTAMP('1970-01-01T00:00:04Z')", "4 5" },
	};
	const struct header headers[] = { { STR("h"), STR("v1") }, { STR("h"), STR("v2") } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct memory_broker *b = memory_broker_new(3);
		char found[100] = "";
		struct rig r;

		memory_broker_topic(b, "t", 1);
		rig_put_event(b, "t", 0, 1000, 1);
		rig_put(b, "t", 0, 2000, "b", "{\"n\":2}");
		rig_put(b, "t", 0, 3000, "b", "{\"n\":3}");
		rig_put(b, "t", 0, 4000, "a", "{\"n\":4}");
		memory_broker_append(b, &(struct record){ .topic = STR("t"),
		                                          .timestamp = 5000,
		                                          .value = STR("{\"n\":5}"),
		                                          .headers = headers,
		                                          .n_headers = 2 });
		rig_init(&r, b, "t");
		r.where[0] = cases[i].where;
		r.conf.n_where = 1;
		r.conf.exit_at_end = true;
		if (rig_run(&r) != STATUS_OK)
			fail_msg("%s: %s", cases[i].where, r.err.msg);
		assert_int_equal(consume_headers(r.consume), strstr(cases[i].where, "$headers") != NULL);
		for (const char *p = rig_text(&r); (p = strstr(p, "\"n\":")) != NULL; p++)
			snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%c",
			         found[0] ? " " : "", p[4]);
		assert_string_equal(found, cases[i].expected);
		rig_release(&r);
		memory_broker_free(b);
	}
}

static void
a_condition_on_the_record_alone_spares_the_value(void **state)
{
	struct memory_broker *b = memory_broker_new(3);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 1);
	rig_put(b, "t", 0, 1, "other", "not json at all");
	rig_put(b, "t", 0, 2, "mine", "{\"n\":1}");
	rig_init(&r, b, "t");
	r.where[0] = "$key = 'mine'";
	r.conf.n_where = 1;
	r.conf.exit_at_end = true;
	assert_int_equal(rig_run(&r), STATUS_OK);
	assert_string_equal(rig_text(&r), "{\"n\":1}\n");
	rig_release(&r);
	memory_broker_free(b);
}

static void
an_envelope_takes_any_value(void **state)
{
	struct memory_broker *b = memory_broker_new(3);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 1);
	rig_put(b, "t", 0, 1, "k", "not json");
	rig_put(b, "t", 0, 2, NULL, NULL);
	rig_init(&r, b, "t");
	r.conf.exit_at_end = r.conf.envelope = true;
	assert_int_equal(rig_run(&r), STATUS_OK);
	assert_non_null(strstr(rig_text(&r), "\"value_text\":\"not json\""));
	assert_non_null(strstr(rig_text(&r), "\"value\":null"));
	rig_release(&r);
	memory_broker_free(b);
}

/* ---- watermarks */

static void
the_slowest_partition_that_speaks_holds_the_watermark(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;

	(void)state;
	rig_init_timed(&r, b, 2);
	r.conf.idle_timeout = 1000;
	rig_start(&r);
	rig_put_event(b, "t", 0, NOW + 500, 1);
	rig_steps(&r, 5);
	assert_null(strstr(rig_text(&r), "watermark\",\"ts"));

	rig_put_event(b, "t", 1, NOW + 100, 2);
	rig_steps(&r, 5);
	assert_non_null(strstr(rig_text(&r), "{\"_maip\":\"watermark\",\"ts\":1767225600099}\n"));

	r.now += 900;
	rig_put_event(b, "t", 0, NOW + 800, 3);
	rig_steps(&r, 5);
	assert_null(strstr(rig_text(&r), "1767225600799"));
	r.now += 200;                   /* partition 1 has been silent for more than a second */
	rig_steps(&r, 5);
	assert_non_null(strstr(rig_text(&r), "{\"_maip\":\"watermark\",\"ts\":1767225600799}\n"));

	rig_put_event(b, "t", 1, NOW + 300, 4);     /* it returns, behind the others */
	rig_steps(&r, 5);
	r.now += 2000;
	rig_steps(&r, 2);
	assert_non_null(strstr(rig_text(&r), "{\"_maip\":\"idle\"}\n"));
	rig_put_event(b, "t", 0, NOW + 2000, 5);
	rig_steps(&r, 5);
	assert_non_null(strstr(rig_text(&r), "{\"_maip\":\"active\"}\n"));
	assert_int_equal(consume_finish(r.consume, false, &r.err), 0);
	assert_true(strncmp(rig_text(&r), "{\"_maip\":\"hello\",\"version\":1,\"job\":\"0123456789abcdef0123456789abcdef\"", 68) == 0);
	assert_string_equal(rig_text(&r) + r.written.n - 30, "{\"_maip\":\"end\",\"drain\":false}\n");
	rig_release(&r);
	memory_broker_free(b);
}

static int64_t (*told_end)(void *self, const struct part *p);
/* records of partition 1 that the broker has told of, and not sent */
static int64_t hidden;

static int64_t
end_with_hidden(void *self, const struct part *p)
{
	return told_end(self, p) + (p->partition == 1 ? hidden : 0);
}

static void
open_with_hidden(struct rig *r, struct memory_broker *b)
{
	rig_init_timed(r, b, 2);
	r->conf.idle_timeout = 1000;
	rig_open(r);
	told_end = r->reader.heard_end;
	r->reader.heard_end = end_with_hidden;
}

static int (*quick_poll)(void *self, int64_t wait_ms, struct record *r, struct err *err);
static struct rig *waiting_rig;

static int
poll_that_takes_its_time(void *self, int64_t wait_ms, struct record *r, struct err *err)
{
	const int got = quick_poll(self, wait_ms, r, err);

	if (got == 0)
		waiting_rig->now += wait_ms;
	return got;
}

static void
what_does_not_come_is_not_waited_for(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;

	(void)state;
	open_with_hidden(&r, b);
	quick_poll = r.reader.poll;
	r.reader.poll = poll_that_takes_its_time;
	waiting_rig = &r;
	assert_int_equal(consume_start(r.consume, &r.reader, &r.err), 0);
	rig_put_event(b, "t", 1, NOW + 100, 1);
	rig_steps(&r, 1);
	hidden = 1;                     /* for ever, as in an open transaction */
	for (int i = 0; i < 20 && strstr(rig_text(&r), "\"ts\":17672256050") == NULL; i++) {
		rig_put_event(b, "t", 0, NOW + 5000 + i, 2 + i);
		for (int k = 0; k < 5; k++)
			assert_int_equal(consume_step(r.consume, 100, &r.err), 1);
	}
	assert_non_null(strstr(rig_text(&r), "{\"_maip\":\"watermark\",\"ts\":17672256050"));
	hidden = 0;
	rig_release(&r);
	memory_broker_free(b);
}

static void
a_partition_of_which_something_is_left_is_not_silent(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;

	(void)state;
	open_with_hidden(&r, b);
	assert_int_equal(consume_start(r.consume, &r.reader, &r.err), 0);
	rig_put_event(b, "t", 1, NOW + 100, 1);
	rig_steps(&r, 5);
	hidden = 1;
	for (int i = 0; i < 10; i++) {
		r.now += 500;
		rig_put_event(b, "t", 0, NOW + 5000 + i, 2 + i);
		rig_steps(&r, 5);
	}
	assert_non_null(strstr(rig_text(&r), "{\"_maip\":\"watermark\",\"ts\":1767225600099}\n"));
	assert_null(strstr(rig_text(&r), "{\"_maip\":\"watermark\",\"ts\":17672256050"));
	hidden = 0;                     /* it was a marker, say */
	r.now += 1000;
	rig_put_event(b, "t", 0, NOW + 5010, 12);
	rig_steps(&r, 5);
	assert_non_null(strstr(rig_text(&r), "{\"_maip\":\"watermark\",\"ts\":1767225605009}\n"));
	rig_release(&r);
	memory_broker_free(b);
}

static void
a_partition_is_not_silent_while_the_output_is_blocked(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;

	(void)state;
	rig_init_timed(&r, b, 2);
	r.conf.idle_timeout = 1000;
	r.write_takes = 60000;
	rig_start(&r);
	rig_put_event(b, "t", 1, NOW + 100, 1);
	rig_steps(&r, 5);
	for (int i = 0; i < 200; i++) {
		rig_put_event(b, "t", 0, NOW + 5000 + i, 2 + i);
		rig_steps(&r, 1);
	}
	assert_null(strstr(rig_text(&r), "{\"_maip\":\"watermark\",\"ts\":17672256050"));
	assert_non_null(strstr(rig_text(&r), "{\"_maip\":\"watermark\",\"ts\":1767225600099}\n"));
	assert_true(r.writes > 100);
	rig_release(&r);
	memory_broker_free(b);
}

static void
a_record_too_far_ahead_of_the_clock_is_bad(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 1);
	rig_put_event(b, "t", 0, NOW + 60000, 1);
	rig_put_event(b, "t", 0, NOW + 60001, 2);
	rig_init(&r, b, "t");
	r.conf.exit_at_end = r.conf.watermarks = true;
	r.conf.max_future = 60000;
	assert_int_equal(rig_run(&r), STATUS_DATA);
	assert_string_equal(r.err.msg, "t[0]@1: its time, 2026-01-01T00:01:00.001Z, is further ahead of the clock than --max-future allows");
	rig_release(&r);
	memory_broker_free(b);
}

static void
a_record_without_a_time_is_bad_only_when_times_are_wanted(void **state)
{
	(void)state;
	for (int watermarks = 0; watermarks < 2; watermarks++) {
		struct memory_broker *b = memory_broker_new(5);
		struct rig r;

		memory_broker_topic(b, "t", 1);
		rig_put(b, "t", 0, 1, "k", "{\"n\":1}");
		rig_init(&r, b, "t");
		r.conf.exit_at_end = true;
		r.conf.watermarks = watermarks;
		assert_int_equal(rig_run(&r), watermarks ? STATUS_DATA : STATUS_OK);
		rig_release(&r);
		memory_broker_free(b);
	}
}

/* ---- pace and silence */

static void
rig_nap(void *arg, int64_t ms)
{
	((struct rig *)arg)->now += ms;
}

static void
a_replay_takes_as_long_as_it_took(void **state)
{
	(void)state;
	for (int live = 0; live < 2; live++) {
		struct memory_broker *b = memory_broker_new(5);
		struct rig r;

		memory_broker_topic(b, "t", 2);
		rig_put_event(b, "t", 0, 1000, 1);
		/* live, whichever partition comes first begins */
		rig_put_event(b, "t", live ? 0 : 1, 21000, 2);
		rig_put_event(b, "t", 0, 61000, 3);
		rig_init(&r, b, "t");
		r.conf.pace.speed = 2;
		r.conf.nap = rig_nap;
		r.conf.nap_arg = &r;
		r.conf.exit_at_end = !live;
		r.conf.range.from.kind = PLACE_EARLIEST;
		r.conf.max_messages = live ? 3 : 0;
		r.group = "g";
		assert_int_equal(rig_run(&r), STATUS_OK);
		assert_in_range(r.now - NOW, 30000, 30010);
		assert_int_equal(consume_counts(r.consume).lines, 3);
		for (int p = 0; p < 2; p++)
			assert_int_equal(memory_broker_committed(b, "g", "t", p),
			                 memory_broker_count(b, "t", p));
		rig_release(&r);
		memory_broker_free(b);
	}
}

/* While a record waits for its time its partition is given to another member, which reads it. */
static void
a_record_that_waits_is_not_committed_nor_written_after_a_rebalance(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 1);
	rig_put_event(b, "t", 0, 1000, 1);
	rig_put_event(b, "t", 0, 3601000, 2);
	rig_init(&r, b, "t");
	r.conf.pace.speed = 1;
	r.conf.nap = rig_nap;
	r.conf.nap_arg = &r;
	r.conf.range.from.kind = PLACE_EARLIEST;
	r.group = "g";
	rig_start(&r);
	for (int i = 0; i < 20; i++)
		assert_int_equal(consume_step(r.consume, 200, &r.err), 1);
	assert_string_equal(rig_text(&r), "{\"n\":1,\"timestamp\":1000}\n");
	memory_broker_rebalance(b, "g");
	for (int i = 0; i < 20; i++)
		assert_int_equal(consume_step(r.consume, 200, &r.err), 1);
	assert_int_equal(memory_broker_committed(b, "g", "t", 0), 1);
	assert_int_equal(consume_finish(r.consume, false, &r.err), 0);
	assert_string_equal(rig_text(&r), "{\"n\":1,\"timestamp\":1000}\n");
	rig_release(&r);
	memory_broker_free(b);
}

static void
the_clock_moves_time_on_when_the_whole_topic_is_quiet(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;

	(void)state;
	rig_init_timed(&r, b, 2);
	r.conf.idle_advance = 5000;
	rig_start(&r);
	/* nothing was ever read: there is no time that could go on */
	r.now += 60000;
	rig_steps(&r, 2);
	assert_null(strstr(rig_text(&r), "watermark\",\"ts"));
	rig_put_event(b, "t", 0, NOW - 100000, 1);
	rig_put_event(b, "t", 1, NOW - 100000, 2);
	rig_steps(&r, 5);
	r.now += 4999;
	rig_steps(&r, 2);
	assert_non_null(strstr(rig_text(&r), "\"ts\":1767225499999}"));
	assert_null(strstr(rig_text(&r), "\"ts\":17672255"));
	r.now += 2;
	rig_steps(&r, 1);
	assert_non_null(strstr(rig_text(&r), "\"ts\":1767225505000}"));
	rig_put_event(b, "t", 0, NOW - 99000, 3);        /* behind: the watermark stays */
	rig_put_event(b, "t", 1, NOW - 99000, 3);
	rig_steps(&r, 5);
	assert_null(strstr(rig_text(&r), "\"ts\":1767225500999}"));
	r.now += 5000;
	rig_steps(&r, 1);
	assert_non_null(strstr(rig_text(&r), "\"ts\":1767225505999}"));
	rig_release(&r);
	memory_broker_free(b);
}

static bool
out_of_touch(void *self, const struct part *p)
{
	(void)self;
	(void)p;
	return false;
}

static void
the_clock_does_not_move_time_on_while_a_broker_cannot_be_reached(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	bool (*in_touch)(void *self, const struct part *p);
	struct rig r;

	(void)state;
	rig_init_timed(&r, b, 1);
	r.conf.idle_advance = 5000;
	rig_start(&r);
	in_touch = r.reader.in_touch;
	rig_put_event(b, "t", 0, NOW - 100000, 1);
	rig_steps(&r, 5);
	r.reader.in_touch = out_of_touch;
	r.now += 60000;
	rig_steps(&r, 2);
	assert_null(strstr(rig_text(&r), "\"ts\":17672255"));
	r.reader.in_touch = in_touch;   /* the silence begins now */
	r.now += 4999;
	rig_steps(&r, 2);
	assert_null(strstr(rig_text(&r), "\"ts\":17672255"));
	r.now += 1;
	rig_steps(&r, 1);
	assert_non_null(strstr(rig_text(&r), "\"ts\":1767225504999}"));
	rig_release(&r);
	memory_broker_free(b);
}

static void
one_key_is_read_from_its_partition_alone(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 4);
	rig_put(b, "t", 1, 1, "customer-42", "{\"n\":1}");          /* where the Java client puts it */
	rig_put(b, "t", 1, 2, "other", "no json");
	rig_put(b, "t", 1, 3, NULL, "no json");
	rig_put(b, "t", 0, 4, "customer-42", "{\"n\":2}");
	rig_put(b, "t", 1, 5, "customer-42", "{\"n\":3}");
	rig_init(&r, b, "t");
	r.conf.key = STR("customer-42");
	r.conf.exit_at_end = true;
	assert_int_equal(rig_run(&r), STATUS_OK);
	assert_string_equal(rig_text(&r), "{\"n\":1}\n{\"n\":3}\n");
	assert_int_equal(consume_counts(r.consume).records, 4);
	rig_release(&r);
	memory_broker_free(b);
}

/* ---- what comes and goes */

static void
partitions_made_meanwhile_are_read_from_their_first_record(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t.1", 1);
	rig_put_event(b, "t.1", 0, 1, 1);
	rig_init(&r, b, "t.*");
	r.conf.look_every = 1000;
	rig_start(&r);
	memory_broker_topic(b, "t.2", 2);
	memory_broker_topic(b, "u", 2);
	rig_put_event(b, "t.2", 1, 2, 2);
	rig_put_event(b, "t.1", 0, 3, 3);
	rig_steps(&r, 3);
	assert_string_equal(rig_text(&r), "{\"n\":3,\"timestamp\":3}\n");
	r.now += 1000;
	rig_steps(&r, 3);
	rig_put_event(b, "t.2", 1, 4, 4);
	rig_put_event(b, "u", 1, 4, 4);
	rig_steps(&r, 3);
	assert_string_equal(rig_text(&r), "{\"n\":3,\"timestamp\":3}\n{\"n\":2,\"timestamp\":2}\n{\"n\":4,\"timestamp\":4}\n");
	rig_release(&r);
	memory_broker_free(b);
}

static enum status look_fails;

static int
no_topics(void *self, struct str **names, size_t *n, struct err *err)
{
	(void)self;
	(void)names;
	(void)n;
	return fail_as(err, look_fails, "no token for Kafka");
}

/* When trouble with a broker is enough, a poll tells. */
static void
a_look_for_new_partitions_that_fails_is_tried_again(void **state)
{
	static const enum status troubles[] = { STATUS_UNAVAILABLE, STATUS_DENIED, STATUS_CONFIG };
	struct memory_broker *b = memory_broker_new(5);
	struct reader whole;
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t.1", 1);
	rig_init(&r, b, "t.*");
	r.conf.look_every = 1000;
	rig_start(&r);
	whole = r.reader;
	r.reader.topics = no_topics;
	for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
		look_fails = troubles[i];
		r.now += 1000;
		rig_steps(&r, 3);
	}
	memory_broker_topic(b, "t.2", 1);
	rig_put_event(b, "t.2", 0, 1, 1);
	r.reader = whole;
	r.now += 1000;
	rig_steps(&r, 3);
	assert_string_equal(rig_text(&r), "{\"n\":1,\"timestamp\":1}\n");
	r.reader.topics = no_topics;
	look_fails = STATUS_NOINPUT;
	r.now += 1000;
	assert_int_equal(consume_step(r.consume, 0, &r.err), -1);
	assert_int_equal(r.err.status, STATUS_NOINPUT);
	rig_release(&r);
	memory_broker_free(b);
}

static void
a_meter_tells_what_was_read_and_what_is_left(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct meter meter;
	struct buf text;
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 2);
	for (int i = 0; i < 2000; i++)
		rig_put_event(b, "t", i % 2, i, i);
	rig_init(&r, b, "t");
	r.conf.exit_at_end = true;
	rig_open(&r);
	meter_init(
		&meter,
		&(struct meter_conf){ .stats_every = 1000, .progress = true, .partitions = true },
		5000);
	buf_init(&text, BUF_NO_MAX);
	assert_int_equal(consume_start(r.consume, &r.reader, &r.err), 0);
	while (consume_counts(r.consume).lines < 1000)
		rig_steps(&r, 1);
	meter_tick(&meter, r.consume, 0, 5499, NOW, false, &text);
	assert_int_equal(text.n, 0);
	meter_tick(&meter, r.consume, 0, 5500, NOW, false, &text);
	buf_add_char(&text, '\0');
	assert_non_null(strstr(text.p, " records  "));
	assert_non_null(strstr(text.p, "  t[0] "));
	assert_non_null(strstr(text.p, "s left"));
	buf_clear(&text);
	while (consume_step(r.consume, 0, &r.err) > 0)
		;
	meter_tick(&meter, r.consume, 3, 7000, NOW, true, &text);
	buf_add_char(&text, '\0');
	assert_ptr_equal(strstr(text.p, "{\"time\":\"2026-01-01T00:00:00.000Z\",\"records\":2000,"), text.p);
	assert_non_null(strstr(text.p, "\"lines\":2000,\"filtered\":0,\"tombstones\":0,\"bad\":3,\"rate\":1000.0,\"lag\":\"0\",\"watermark\":null,"));
	assert_non_null(strstr(text.p, "{\"topic\":\"t\",\"partition\":1,\"next\":\"1000\",\"end\":\"1000\",\"lag\":\"0\"}]}\n\033[K2,000 records  "));
	buf_release(&text);
	rig_release(&r);
	memory_broker_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bounded_read_merges_partitions_by_time),
		cmocka_unit_test(equal_times_go_by_topic_and_partition_and_offset),
		cmocka_unit_test(whatever_the_schedule_a_bounded_read_gives_the_same_bytes),
		cmocka_unit_test(markers_and_empty_partitions_do_not_hold_up_the_end),
		cmocka_unit_test(what_comes_after_the_snapshot_is_not_read),
		cmocka_unit_test(ranges_and_limits_are_kept),
		cmocka_unit_test(what_is_no_record_stops_the_run_behind_the_good_ones),
		cmocka_unit_test(
			a_bad_record_stops_the_run_behind_those_of_other_partitions_before_it),
		cmocka_unit_test(pretty_printed_json_becomes_one_line),
		cmocka_unit_test(other_spacing_is_left_as_it_is),
		cmocka_unit_test(tombstones_are_counted_and_passed_over),
		cmocka_unit_test(conditions_see_the_record_and_its_value),
		cmocka_unit_test(a_condition_on_the_record_alone_spares_the_value),
		cmocka_unit_test(an_envelope_takes_any_value),
		cmocka_unit_test(the_slowest_partition_that_speaks_holds_the_watermark),
		cmocka_unit_test(a_partition_of_which_something_is_left_is_not_silent),
		cmocka_unit_test(what_does_not_come_is_not_waited_for),
		cmocka_unit_test(a_partition_is_not_silent_while_the_output_is_blocked),
		cmocka_unit_test(a_record_too_far_ahead_of_the_clock_is_bad),
		cmocka_unit_test(a_record_without_a_time_is_bad_only_when_times_are_wanted),
		cmocka_unit_test(a_replay_takes_as_long_as_it_took),
		cmocka_unit_test(
			a_record_that_waits_is_not_committed_nor_written_after_a_rebalance),
		cmocka_unit_test(the_clock_moves_time_on_when_the_whole_topic_is_quiet),
		cmocka_unit_test(the_clock_does_not_move_time_on_while_a_broker_cannot_be_reached),
		cmocka_unit_test(one_key_is_read_from_its_partition_alone),
		cmocka_unit_test(partitions_made_meanwhile_are_read_from_their_first_record),
		cmocka_unit_test(a_look_for_new_partitions_that_fails_is_tried_again),
		cmocka_unit_test(a_meter_tells_what_was_read_and_what_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
