/* SPDX-License-Identifier: Apache-2.0 */
/* The routing of maip-consume, over a broker in memory. */
#include "unit.h"

#include <inttypes.h>

#include "base/time.h"
#include "kafka/consume.h"
#include "kafka/meter.h"
#include "memory_broker.h"

#define NOW 1767225600000               /* 2026-01-01T00:00:00Z */

/* Everything that one run borrows. */
struct rig {
	struct memory_broker *broker;
	struct reader         reader;
	struct topics        *topics;
	struct consume_conf   conf;
	struct bad_records    bad;
	struct pipe_env       env;
	struct out            out;
	struct buf            written;
	struct consume       *consume;
	struct err            err;
	int64_t               now;
	bool                  output_fails;
	int64_t               write_takes;      /* ms that every write is blocked for */
	void                (*while_blocked)(struct rig *r);
	int                   writes;
	const char           *group;
	const char           *where[4];
};

static int64_t
rig_clock(void *self)
{
	return ((struct rig *)self)->now;
}

static int64_t
rig_clock_ns(void *self)
{
	return ((struct rig *)self)->now * 1000000;
}

static int64_t
rig_write(void *self, const char *p, size_t n, struct err *err)
{
	struct rig *r = self;

	if (r->output_fails)
		return fail_as(err, STATUS_IO, "the disk is full");
	r->now += r->write_takes;
	r->writes++;
	if (r->while_blocked != NULL)
		r->while_blocked(r);
	buf_add(&r->written, p, n);
	return (int64_t)n;
}

static void
rig_init(struct rig *r, struct memory_broker *b, const char *topic)
{
	struct err err;

	*r = (struct rig){ .broker = b, .now = NOW };
	r->topics = topics_new();
	assert_int_equal(topics_option(r->topics, topic, &err), 0);
	r->conf = (struct consume_conf){
		.topics = r->topics, .max_line = 1 << 20, .max_future = -1, .where = r->where, .only = -1,
		.job = "0123456789abcdef0123456789abcdef", .run = "fedcba9876543210fedcba9876543210",
	};
	r->env = (struct pipe_env){ .clock_ms = rig_clock, .clock_ns = rig_clock_ns, .clock_self = r };
	buf_init(&r->written, BUF_NO_MAX);
	out_init(&r->out, &(struct sink){ .self = r, .write = rig_write });
}

static void
rig_open(struct rig *r)
{
	r->conf.group = r->group != NULL;
	r->reader = memory_broker_reader(r->broker, r->group);
	r->consume = consume_new(&r->conf, &r->bad, &r->out, &r->env, &r->err);
	if (r->consume == NULL)
		fail_msg("%s", r->err.msg);
}

static enum status
rig_run(struct rig *r)
{
	rig_open(r);
	return consume_run(r->consume, &r->reader, &r->err);
}

static const char *
rig_text(struct rig *r)
{
	buf_add_char(&r->written, '\0');
	r->written.n--;
	return r->written.p;
}

static void
rig_release(struct rig *r)
{
	if (r->reader.self != NULL)
		r->reader.close(r->reader.self);
	consume_free(r->consume);
	topics_free(r->topics);
	out_release(&r->out);
	buf_release(&r->written);
}

static void
put(struct memory_broker *b, const char *topic, int32_t partition, int64_t ts, const char *key, const char *value)
{
	struct record r = {
		.topic = str_of(topic), .partition = partition, .timestamp = ts,
		.key = key != NULL ? str_of(key) : (struct str){ 0 }, .value = value != NULL ? str_of(value) : (struct str){ 0 },
	};

	memory_broker_append(b, &r);
}

static void
put_event(struct memory_broker *b, const char *topic, int32_t partition, int64_t ts, int n)
{
	char value[100];

	snprintf(value, sizeof(value), "{\"n\":%d,\"timestamp\":%" PRId64 "}", n, ts);
	put(b, topic, partition, ts, "k", value);
}

/* ---- bounded */

static void
a_bounded_read_merges_partitions_by_time(void **state)
{
	struct memory_broker *b = memory_broker_new(1);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 3);
	put_event(b, "t", 0, 100, 1);
	put_event(b, "t", 0, 400, 2);
	put_event(b, "t", 1, 200, 3);
	put_event(b, "t", 1, 300, 4);
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
	put_event(b, "t.b", 1, 5, 5);
	put_event(b, "t.b", 0, 5, 4);
	put_event(b, "t.a", 1, 5, 3);
	put_event(b, "t.a", 0, 5, 1);
	put_event(b, "t.a", 0, 5, 2);
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
			put_event(b, "t", (int32_t)(next_random(&random) % 3), 1000 + i * 10 + (int)(next_random(&random) % 300), i);
			if (i % 50 == 0)
				memory_broker_marker(b, "t", i % 4);
			if (i % 70 == 0)
				put(b, "t", (int32_t)(i % 3), i, "k", "no json");
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
	put_event(b, "t", 0, 100, 1);
	memory_broker_marker(b, "t", 0);
	memory_broker_marker(b, "t", 1);
	put_event(b, "t", 2, 50, 2);
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
	put_event(b, "t", 0, 100, 1);
	rig_init(&r, b, "t");
	r.conf.exit_at_end = true;
	rig_open(&r);
	assert_int_equal(consume_start(r.consume, &r.reader, &r.err), 0);
	put_event(b, "t", 0, 50, 2);
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
			put_event(b, "t", 0, 1000 + n, n);
		rig_init(&r, b, "t");
		assert_int_equal(place_range_parse(&r.conf.range, str_of(cases[i].range), NOW, &r.err), 0);
		r.conf.max_messages = cases[i].max;
		assert_int_equal(rig_run(&r), STATUS_OK);
		for (const char *p = rig_text(&r); (p = strstr(p, "\"n\":")) != NULL; p++)
			snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%c", found[0] ? " " : "", p[4]);
		assert_string_equal(found, cases[i].expected);
		rig_release(&r);
		memory_broker_free(b);
	}
}

static void
an_offset_that_is_gone_is_never_jumped_over(void **state)
{
	struct memory_broker *b = memory_broker_new(3);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 1);
	for (int n = 0; n < 10; n++)
		put_event(b, "t", 0, n, n);
	memory_broker_forget(b, "t", 0, 5);
	rig_init(&r, b, "t");
	assert_int_equal(place_range_parse(&r.conf.range, STR("3"), NOW, &r.err), 0);
	assert_int_equal(rig_run(&r), STATUS_CONFIG);
	assert_string_equal(r.err.msg, "t[0] does not hold offset 3: it has 5 to 10 (start with -o 5 to read what is there, "
	                               "or with -o latest to read what comes)");
	rig_release(&r);
	memory_broker_free(b);
}

/* ---- values */

static enum status
run_one(struct rig *r, struct memory_broker *b, const char *value)
{
	memory_broker_topic(b, "t", 1);
	put(b, "t", 0, 100, "key", "{\"n\":0}");
	put(b, "t", 0, 100, "key", value);
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
		put_event(b, "t", 0, 1000, 1);
		put(b, "t", 0, 2000, "b", "{\"n\":2}");
		put(b, "t", 0, 3000, "b", "{\"n\":3}");
		put(b, "t", 0, 4000, "a", "{\"n\":4}");
		memory_broker_append(b, &(struct record){ .topic = STR("t"), .timestamp = 5000, .value = STR("{\"n\":5}"),
		                                          .headers = headers, .n_headers = 2 });
		rig_init(&r, b, "t");
		r.where[0] = cases[i].where;
		r.conf.n_where = 1;
		r.conf.exit_at_end = true;
		if (rig_run(&r) != STATUS_OK)
			fail_msg("%s: %s", cases[i].where, r.err.msg);
		assert_int_equal(consume_headers(r.consume), strstr(cases[i].where, "$headers") != NULL);
		for (const char *p = rig_text(&r); (p = strstr(p, "\"n\":")) != NULL; p++)
			snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%c", found[0] ? " " : "", p[4]);
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
	put(b, "t", 0, 1, "other", "not json at all");
	put(b, "t", 0, 2, "mine", "{\"n\":1}");
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
	put(b, "t", 0, 1, "k", "not json");
	put(b, "t", 0, 2, NULL, NULL);
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
steps(struct rig *r, int n)
{
	for (int i = 0; i < n; i++)
		assert_int_equal(consume_step(r->consume, 0, &r->err), 1);
}

static void
the_slowest_partition_that_speaks_holds_the_watermark(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 2);
	rig_init(&r, b, "t");
	r.conf.watermarks = true;
	r.conf.idle_timeout = 1000;
	r.conf.range.from.kind = PLACE_EARLIEST;
	rig_open(&r);
	assert_int_equal(consume_start(r.consume, &r.reader, &r.err), 0);
	put_event(b, "t", 0, NOW + 500, 1);
	steps(&r, 5);
	assert_null(strstr(rig_text(&r), "watermark\",\"ts"));

	put_event(b, "t", 1, NOW + 100, 2);
	steps(&r, 5);
	assert_non_null(strstr(rig_text(&r), "{\"_maip\":\"watermark\",\"ts\":1767225600099}\n"));

	r.now += 900;
	put_event(b, "t", 0, NOW + 800, 3);
	steps(&r, 5);
	assert_null(strstr(rig_text(&r), "1767225600799"));
	r.now += 200;                   /* partition 1 has been silent for more than a second */
	steps(&r, 5);
	assert_non_null(strstr(rig_text(&r), "{\"_maip\":\"watermark\",\"ts\":1767225600799}\n"));

	put_event(b, "t", 1, NOW + 300, 4);     /* it returns, behind the others */
	steps(&r, 5);
	r.now += 2000;
	steps(&r, 2);
	assert_non_null(strstr(rig_text(&r), "{\"_maip\":\"idle\"}\n"));
	put_event(b, "t", 0, NOW + 2000, 5);
	steps(&r, 5);
	assert_non_null(strstr(rig_text(&r), "{\"_maip\":\"active\"}\n"));
	assert_int_equal(consume_finish(r.consume, false, &r.err), 0);
	assert_true(strncmp(rig_text(&r), "{\"_maip\":\"hello\",\"version\":1,\"job\":\"0123456789abcdef0123456789abcdef\"", 68) == 0);
	assert_string_equal(rig_text(&r) + r.written.n - 30, "{\"_maip\":\"end\",\"drain\":false}\n");
	rig_release(&r);
	memory_broker_free(b);
}

static void
a_partition_is_not_silent_while_the_output_is_blocked(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 2);
	rig_init(&r, b, "t");
	r.conf.watermarks = true;
	r.conf.idle_timeout = 1000;
	r.conf.range.from.kind = PLACE_EARLIEST;
	r.write_takes = 60000;
	rig_open(&r);
	assert_int_equal(consume_start(r.consume, &r.reader, &r.err), 0);
	put_event(b, "t", 1, NOW + 100, 1);
	steps(&r, 5);
	for (int i = 0; i < 200; i++) {
		put_event(b, "t", 0, NOW + 5000 + i, 2 + i);
		steps(&r, 1);
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
	put_event(b, "t", 0, NOW + 60000, 1);
	put_event(b, "t", 0, NOW + 60001, 2);
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
		put(b, "t", 0, 1, "k", "{\"n\":1}");
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
		put_event(b, "t", 0, 1000, 1);
		put_event(b, "t", 1, 21000, 2);
		put_event(b, "t", 0, 61000, 3);
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
			assert_int_equal(memory_broker_committed(b, "g", "t", p), memory_broker_count(b, "t", p));
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
	put_event(b, "t", 0, 1000, 1);
	put_event(b, "t", 0, 3601000, 2);
	rig_init(&r, b, "t");
	r.conf.pace.speed = 1;
	r.conf.nap = rig_nap;
	r.conf.nap_arg = &r;
	r.conf.range.from.kind = PLACE_EARLIEST;
	r.group = "g";
	rig_open(&r);
	assert_int_equal(consume_start(r.consume, &r.reader, &r.err), 0);
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
	memory_broker_topic(b, "t", 2);
	rig_init(&r, b, "t");
	r.conf.watermarks = true;
	r.conf.idle_advance = 5000;
	r.conf.range.from.kind = PLACE_EARLIEST;
	rig_open(&r);
	assert_int_equal(consume_start(r.consume, &r.reader, &r.err), 0);
	r.now += 60000;                 /* nothing was ever read: there is no time that could go on */
	steps(&r, 2);
	assert_null(strstr(rig_text(&r), "watermark\",\"ts"));
	put_event(b, "t", 0, NOW - 100000, 1);
	put_event(b, "t", 1, NOW - 100000, 2);
	steps(&r, 5);
	r.now += 4999;
	steps(&r, 2);
	assert_non_null(strstr(rig_text(&r), "\"ts\":1767225499999}"));
	assert_null(strstr(rig_text(&r), "\"ts\":17672255"));
	r.now += 2;
	steps(&r, 1);
	assert_non_null(strstr(rig_text(&r), "\"ts\":1767225505000}"));
	put_event(b, "t", 0, NOW - 99000, 3);        /* behind: the watermark stays */
	put_event(b, "t", 1, NOW - 99000, 3);
	steps(&r, 5);
	assert_null(strstr(rig_text(&r), "\"ts\":1767225500999}"));
	r.now += 5000;
	steps(&r, 1);
	assert_non_null(strstr(rig_text(&r), "\"ts\":1767225505999}"));
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
	put(b, "t", 1, 1, "customer-42", "{\"n\":1}");          /* where the Java client puts it */
	put(b, "t", 1, 2, "other", "no json");
	put(b, "t", 1, 3, NULL, "no json");
	put(b, "t", 0, 4, "customer-42", "{\"n\":2}");
	put(b, "t", 1, 5, "customer-42", "{\"n\":3}");
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
	put_event(b, "t.1", 0, 1, 1);
	rig_init(&r, b, "t.*");
	r.conf.look_every = 1000;
	rig_open(&r);
	assert_int_equal(consume_start(r.consume, &r.reader, &r.err), 0);
	memory_broker_topic(b, "t.2", 2);
	memory_broker_topic(b, "u", 2);
	put_event(b, "t.2", 1, 2, 2);
	put_event(b, "t.1", 0, 3, 3);
	steps(&r, 3);
	assert_string_equal(rig_text(&r), "{\"n\":3,\"timestamp\":3}\n");
	r.now += 1000;
	steps(&r, 3);
	put_event(b, "t.2", 1, 4, 4);
	put_event(b, "u", 1, 4, 4);
	steps(&r, 3);
	assert_string_equal(rig_text(&r), "{\"n\":3,\"timestamp\":3}\n{\"n\":2,\"timestamp\":2}\n{\"n\":4,\"timestamp\":4}\n");
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
		put_event(b, "t", i % 2, i, i);
	rig_init(&r, b, "t");
	r.conf.exit_at_end = true;
	rig_open(&r);
	meter_init(&meter, &(struct meter_conf){ .stats_every = 1000, .progress = true, .partitions = true }, 5000);
	buf_init(&text, BUF_NO_MAX);
	assert_int_equal(consume_start(r.consume, &r.reader, &r.err), 0);
	while (consume_counts(r.consume).lines < 1000)
		steps(&r, 1);
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

/* ---- groups */

static void
nothing_is_committed_that_has_not_left(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 1);
	put_event(b, "t", 0, 1, 1);
	rig_init(&r, b, "t");
	r.group = "g";
	r.output_fails = true;
	r.conf.exit_at_end = true;
	assert_int_equal(rig_run(&r), STATUS_IO);
	assert_string_equal(r.err.msg, "the disk is full");
	rig_release(&r);
	assert_int_equal(memory_broker_committed(b, "g", "t", 0), OFFSET_NONE);
	memory_broker_free(b);
}

static void
a_group_goes_on_where_it_left_off(void **state)
{
	struct memory_broker *b = memory_broker_new(5);

	(void)state;
	memory_broker_topic(b, "t", 2);
	for (int run = 0; run < 3; run++) {
		char expected[200];
		struct rig r;

		put_event(b, "t", run % 2, 100 + run, run);
		rig_init(&r, b, "^t$");
		r.group = "g";
		r.conf.exit_at_end = true;
		r.conf.range.from.kind = run == 2 ? PLACE_EARLIEST : PLACE_NONE;
		assert_int_equal(rig_run(&r), STATUS_OK);
		snprintf(expected, sizeof(expected), "{\"n\":%d,\"timestamp\":%d}\n", run, 100 + run);
		assert_string_equal(rig_text(&r), expected);
		rig_release(&r);
	}
	memory_broker_free(b);
}

/* Two members, rebalances and a crash at random moments: every record comes out at least once, and all are committed. */
static void
no_record_is_lost_by_rebalances_and_crashes(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 300; seed++) {
		struct memory_broker *b = memory_broker_new(seed);
		uint64_t random = seed;
		struct rig r[3];
		bool seen[200] = { false };

		memory_broker_topic(b, "t", 4);
		memory_broker_hesitate(b, 30);
		for (int m = 0; m < 3; m++) {
			rig_init(&r[m], b, "t");
			r[m].group = "g";
			rig_open(&r[m]);
			if (m < 2)
				assert_int_equal(consume_start(r[m].consume, &r[m].reader, &r[m].err), 0);
		}
		for (int i = 0; i < 200; i++) {
			put_event(b, "t", (int32_t)(next_random(&random) % 4), i, i);
			if (next_random(&random) % 50 == 0)
				memory_broker_rebalance(b, "g");
			for (int m = 0; m < 2; m++)
				if (r[m].reader.self != NULL && next_random(&random) % 3 == 0)
					steps(&r[m], 1);
			r[0].now += 300;
			r[1].now += 300;
			if (i == 100)
				memory_broker_kill(&r[1].reader);
		}
		for (int i = 0; i < 300; i++)
			steps(&r[0], 1);
		assert_int_equal(consume_finish(r[0].consume, false, &r[0].err), 0);
		for (int m = 0; m < 2; m++)
			for (const char *p = rig_text(&r[m]); (p = strstr(p, "\"n\":")) != NULL; p++)
				seen[atoi(p + 4)] = true;
		for (int i = 0; i < 200; i++)
			if (!seen[i])
				fail_msg("seed %d: record %d is lost", (int)seed, i);
		for (int p = 0; p < 4; p++)
			if (memory_broker_count(b, "t", p) > 0)
				assert_int_equal(memory_broker_committed(b, "g", "t", p), memory_broker_count(b, "t", p));
		for (int m = 0; m < 3; m++)
			rig_release(&r[m]);
		memory_broker_free(b);
	}
}

/* Did each of n records come out, at most so many times? */
static void
assert_all_there(struct rig *r, int n, int times)
{
	int *seen = calloc((size_t)n, sizeof(*seen));

	for (const char *p = rig_text(r); (p = strstr(p, "\"n\":")) != NULL; p++)
		seen[atoi(p + 4)]++;
	for (int i = 0; i < n; i++)
		if (seen[i] < 1 || seen[i] > times)
			fail_msg("record %d came %d times", i, seen[i]);
	free(seen);
}

static void
a_rebalance_does_not_end_a_bounded_read(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;
	int got, n = 0;

	(void)state;
	memory_broker_topic(b, "t", 2);
	for (int i = 0; i < 3000; i++)
		put_event(b, "t", i % 2, i, i);
	rig_init(&r, b, "t");
	r.group = "g";
	r.conf.exit_at_end = true;
	rig_open(&r);
	assert_int_equal(consume_start(r.consume, &r.reader, &r.err), 0);
	while ((got = consume_step(r.consume, 0, &r.err)) > 0)
		if (++n == 3)
			memory_broker_rebalance(b, "g");
	assert_int_equal(got, 0);
	assert_int_equal(consume_finish(r.consume, true, &r.err), 0);
	assert_all_there(&r, 3000, 1);
	assert_int_equal(memory_broker_committed(b, "g", "t", 1), 1500);
	rig_release(&r);
	memory_broker_free(b);
}

/* At full speed, with something to take at any time. */
static void
a_bounded_read_serves_its_group(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r[2];

	(void)state;
	memory_broker_topic(b, "t", 2);
	for (int i = 0; i < 10000; i++)
		put_event(b, "t", i % 2, i, i);
	for (int m = 0; m < 2; m++) {
		rig_init(&r[m], b, "t");
		r[m].group = "g";
		r[m].conf.exit_at_end = true;
		rig_open(&r[m]);
		assert_int_equal(consume_start(r[m].consume, &r[m].reader, &r[m].err), 0);
		steps(&r[0], 4);
	}
	steps(&r[1], 2);
	assert_true(consume_counts(r[1].consume).records > 0);
	for (int m = 0; m < 2; m++)
		rig_release(&r[m]);
	memory_broker_free(b);
}

/* The write that is going on is the only one that knows where the lines are: the partitions go, come back, and there are more. */
static void
upset_the_group(struct rig *r)
{
	char name[20];

	if (r->consume == NULL || r->writes > 20)
		return;
	snprintf(name, sizeof(name), "t.%d", r->writes);
	memory_broker_topic(r->broker, name, 1);
	memory_broker_rebalance(r->broker, r->group);
	consume_hold(r->consume);
	if (r->writes % 3 != 0)
		consume_hold(r->consume);
}

static void
a_rebalance_while_the_output_is_blocked_loses_nothing(void **state)
{
	enum { N = 3000 };
	static char value[1200];

	(void)state;
	for (int way = 0; way < 4; way++) {
		struct memory_broker *b = memory_broker_new((uint64_t)way);
		struct rig r;

		memory_broker_topic(b, "t", 3);
		for (int i = 0; i < N; i++) {
			snprintf(value, sizeof(value), "{\"n\":%d,\"timestamp\":%d,\"pad\":\"%01000d\"}", i, i, 0);
			put(b, "t", i % 3, i, "k", value);
		}
		rig_init(&r, b, "t*");
		r.group = "g";
		r.conf.exit_at_end = way % 2;
		r.conf.envelope = way / 2;
		r.conf.range.from.kind = PLACE_EARLIEST;
		r.while_blocked = upset_the_group;
		rig_open(&r);
		assert_int_equal(consume_start(r.consume, &r.reader, &r.err), 0);
		for (int i = 0; i < 200 && consume_step(r.consume, 0, &r.err) > 0; i++)
			;
		assert_int_equal(consume_finish(r.consume, true, &r.err), 0);
		assert_true(r.writes > 20);
		assert_all_there(&r, N, 20);
		for (int p = 0; p < 3; p++)
			assert_int_equal(memory_broker_committed(b, "g", "t", p), N / 3);
		rig_release(&r);
		memory_broker_free(b);
	}
}

/* -o says where the run starts, not where a rebalance goes on. */
static void
a_rebalance_does_not_start_again_at_a_chosen_place(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 1);
	for (int i = 0; i < 100; i++)
		put_event(b, "t", 0, i, i);
	rig_init(&r, b, "t");
	r.group = "g";
	r.conf.range.from = (struct place){ PLACE_NUMBER, 0 };
	rig_open(&r);
	assert_int_equal(consume_start(r.consume, &r.reader, &r.err), 0);
	for (int i = 0; i < 5; i++) {
		steps(&r, 5);
		memory_broker_rebalance(b, "g");
	}
	assert_int_equal(consume_finish(r.consume, false, &r.err), 0);
	assert_all_there(&r, 100, 1);
	rig_release(&r);
	memory_broker_free(b);
}

static void
a_topic_or_partition_that_is_not_there_is_told(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 2);
	rig_init(&r, b, "u");
	assert_int_equal(rig_run(&r), STATUS_NOINPUT);
	rig_release(&r);
	rig_init(&r, b, "u*");
	assert_int_equal(rig_run(&r), STATUS_NOINPUT);
	assert_string_equal(r.err.msg, "no topic matches (maip-consume --list-topics shows those there are)");
	rig_release(&r);
	rig_init(&r, b, "t");
	assert_int_equal(partitions_option(&r.conf.partitions, "1-2", &r.err), 0);
	assert_int_equal(rig_run(&r), STATUS_NOINPUT);
	assert_string_equal(r.err.msg, "topic 't' has no partition 2 (it has 0 to 1)");
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
		cmocka_unit_test(an_offset_that_is_gone_is_never_jumped_over),
		cmocka_unit_test(what_is_no_record_stops_the_run_behind_the_good_ones),
		cmocka_unit_test(pretty_printed_json_becomes_one_line),
		cmocka_unit_test(other_spacing_is_left_as_it_is),
		cmocka_unit_test(tombstones_are_counted_and_passed_over),
		cmocka_unit_test(conditions_see_the_record_and_its_value),
		cmocka_unit_test(a_condition_on_the_record_alone_spares_the_value),
		cmocka_unit_test(an_envelope_takes_any_value),
		cmocka_unit_test(the_slowest_partition_that_speaks_holds_the_watermark),
		cmocka_unit_test(a_partition_is_not_silent_while_the_output_is_blocked),
		cmocka_unit_test(a_record_too_far_ahead_of_the_clock_is_bad),
		cmocka_unit_test(a_record_without_a_time_is_bad_only_when_times_are_wanted),
		cmocka_unit_test(a_replay_takes_as_long_as_it_took),
		cmocka_unit_test(a_record_that_waits_is_not_committed_nor_written_after_a_rebalance),
		cmocka_unit_test(the_clock_moves_time_on_when_the_whole_topic_is_quiet),
		cmocka_unit_test(one_key_is_read_from_its_partition_alone),
		cmocka_unit_test(partitions_made_meanwhile_are_read_from_their_first_record),
		cmocka_unit_test(a_meter_tells_what_was_read_and_what_is_left),
		cmocka_unit_test(nothing_is_committed_that_has_not_left),
		cmocka_unit_test(a_group_goes_on_where_it_left_off),
		cmocka_unit_test(no_record_is_lost_by_rebalances_and_crashes),
		cmocka_unit_test(a_rebalance_does_not_end_a_bounded_read),
		cmocka_unit_test(a_bounded_read_serves_its_group),
		cmocka_unit_test(a_rebalance_while_the_output_is_blocked_loses_nothing),
		cmocka_unit_test(a_rebalance_does_not_start_again_at_a_chosen_place),
		cmocka_unit_test(a_topic_or_partition_that_is_not_there_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
