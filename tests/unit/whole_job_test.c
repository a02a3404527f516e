/* SPDX-License-Identifier: Apache-2.0 */
/*
 * whole_job_test.c - the main job in one process: consume | window | produce
 *
 * From a topic of four partitions in disorder to a topic of sums, over a broker in memory and pipes
 * that cut every read and write, under a scheduler that draws the order from a seed. Whatever it
 * draws, the answer is the one that is worked out here by hand.
 */
#include "unit.h"

#include <inttypes.h>

#include "base/time.h"
#include "kafka/consume.h"
#include "kafka/produce.h"
#include "memory_broker.h"
#include "sched.h"
#include "window/window.h"

enum { EVENTS = 400, CUSTOMERS = 7, WINDOWS = 12, PARTITIONS = 4, SEEDS = 1000 };

#define START  1767225600000            /* 2026-01-01T00:00:00Z, which begins a window */
#define SIZE   60000
/* how far events are out of order, less than the watermark's bound */
#define SPREAD 5000

/* One stage of the job, as a task. */
struct hop {
	struct sched        *s;
	struct sched_pipe   *from, *to; /* NULL: the broker */
	struct consume      *consume;
	struct reader        reader;
	struct window       *window;
	struct produce      *produce;
	struct pipe_env      env;
	struct pipe_stats    stats;
	struct bad_records   bad;
	struct out           out;
	struct err           err;
	enum status          status;
	volatile int         stop;
};

struct job {
	struct sched         *s;
	struct memory_broker *broker;
	struct topics        *topics;
	struct consume_conf   consume_conf;
	struct route         *route;
	struct writer         writer;
	struct hop            source, middle, target;
};

/* ---- what goes in, and what has to come out */

struct event { int64_t ts; int customer, cents; };

static void
make_events(struct event *events)
{
	uint64_t random = 42;

	for (int i = 0; i < EVENTS; i++) {
		events[i].ts = START + (int64_t)i * (WINDOWS * SIZE - SPREAD) / EVENTS +
		               next_random(&random) % SPREAD;
		events[i].customer = (int)(next_random(&random) % CUSTOMERS);
		events[i].cents = (int)(next_random(&random) % 100000);
	}
}

static void
fill_topic(struct memory_broker *b)
{
	struct event events[EVENTS];
	char value[200], key[20];

	make_events(events);
	memory_broker_topic(b, "orders", PARTITIONS);
	memory_broker_topic(b, "sums", 1);
	for (int i = 0; i < EVENTS; i++) {
		struct record r = { .topic = STR("orders"), .timestamp = events[i].ts, .partition = -1 };

		snprintf(value, sizeof(value), "{\"customer\":\"c-%d\",\"timestamp\":%" PRId64 ",\"total\":%d.%02d}", events[i].customer,
		         events[i].ts, events[i].cents / 100, events[i].cents % 100);
		snprintf(key, sizeof(key), "c-%d", events[i].customer);
		r.key = str_of(key);
		r.value = str_of(value);
		memory_broker_append(b, &r);
		if (i % 37 == 0)
			memory_broker_marker(b, "orders", i % PARTITIONS);
	}
	memory_broker_marker(b, "orders", 0);
}

/* Count and cents of each customer and window, straight from the events. */
static void
work_out(int count[WINDOWS][CUSTOMERS], int cents[WINDOWS][CUSTOMERS])
{
	struct event events[EVENTS];

	make_events(events);
	for (int i = 0; i < EVENTS; i++) {
		const int64_t w = (events[i].ts - START) / SIZE;

		assert_true(w >= 0 && w < WINDOWS);
		count[w][events[i].customer]++;
		cents[w][events[i].customer] += events[i].cents;
	}
}

static void
assert_sums(struct memory_broker *b)
{
	int count[WINDOWS][CUSTOMERS] = { 0 }, cents[WINDOWS][CUSTOMERS] = { 0 };
	size_t rows = 0;

	work_out(count, cents);
	for (int w = 0; w < WINDOWS; w++) {
		for (int c = 0; c < CUSTOMERS; c++) {
			char text[TIME_TEXT_MAX], row[200];
			size_t i, n = memory_broker_count(b, "sums", 0);

			if (count[w][c] == 0)
				continue;
			rows++;
			text[time_print(text, START + (int64_t)w * SIZE)] = '\0';
			snprintf(row, sizeof(row), "{\"customer\":\"c-%d\",\"window_start\":\"%s\"", c, text);
			for (i = 0; i < n; i++)
				if (str_starts(memory_broker_record(b, "sums", 0, i)->value, str_of(row)))
					break;
			assert_true(i < n);
			snprintf(row, sizeof(row), "\"n\":%d,\"total\":%d.%02d}", count[w][c],
			         cents[w][c] / 100, cents[w][c] % 100);
			assert_non_null(strstr(memory_broker_record(b, "sums", 0, i)->value.p, row));
		}
	}
	assert_int_equal(memory_broker_count(b, "sums", 0), rows);
}

/* ---- the job */

static void
source_main(void *arg)
{
	struct hop *h = arg;

	h->status = consume_run(h->consume, &h->reader, &h->err);
	h->status = out_finish(&h->out, h->status);
}

static void
stage_main(void *arg)
{
	struct hop *h = arg;
	const struct pipe_input input = { sched_source(h->from), NULL };
	const struct stage stage =
		h->window != NULL ? window_stage(h->window) : produce_stage(h->produce);

	h->status = pipe_run(&stage, &input, 1, &h->bad, &h->out, &h->env, &h->err);
	if (h->produce != NULL)
		h->status = produce_end(h->produce, h->status, &h->err);
	sched_close_reader(h->from);
	h->status = out_finish(&h->out, h->status);
}

static void
hop_init(struct job *j, struct hop *h, struct sched_pipe *from, struct sched_pipe *to,
         struct buf *rest)
{
	const struct sink sink = to != NULL ? sched_sink(to) : sched_collect(j->s, rest);

	h->s = j->s;
	h->from = from;
	h->to = to;
	h->env = (struct pipe_env){
		.clock_ms = sched_clock_ms,
		.clock_ns = sched_clock_ns,
		.clock_self = j->s,
		.stats = &h->stats,
		.stop = &h->stop,
		.forward_control = to != NULL,
	};
	out_init(&h->out, &sink);
}

static void
pause_task(void *arg)
{
	sched_pause(arg);
}

static void
make_source(struct job *j)
{
	j->topics = topics_new();
	assert_int_equal(topics_option(j->topics, "orders", &j->source.err), 0);
	j->consume_conf = (struct consume_conf){
		.topics = j->topics,
		.group = true,
		.exit_at_end = true,
		.watermarks = true,
		.bound = SPREAD,
		.max_future = -1,
		.max_line = 1 << 20,
		.job = "0123456789abcdef0123456789abcdef",
		.run = "0123456789abcdef0123456789abcdef",
	};
	j->source.consume = consume_new(&j->consume_conf, &j->source.bad, &j->source.out,
	                                &j->source.env, &j->source.err);
	assert_non_null(j->source.consume);
	j->source.reader = memory_broker_reader(j->broker, "sums");
}

static void
make_middle(struct job *j)
{
	static const char *const keys[] = { "customer" }, *const aggs[] = { "COUNT(*) AS n", "SUM(total) AS total" };
	const struct window_conf conf = {
		.kind = WINDOW_TUMBLING,
		.size = SIZE,
		.keys = keys,
		.n_keys = 1,
		.aggs = aggs,
		.n_aggs = 2,
		.time = "timestamp",
		.seed = 5,
	};

	j->middle.window = window_new(&conf, &j->middle.err);
	if (j->middle.window == NULL)
		fail_msg("%s", j->middle.err.msg);
}

static void
make_target(struct job *j)
{
	const struct route_conf conf = { .topic = "sums", .key = "customer", .seed = 3 };
	struct produce_conf produce = {
		.topic = "sums",
		.grace = 1000,
		.clock_ms = sched_clock_ms,
		.clock_ns = sched_clock_ns,
		.clock_self = j->s,
	};
	struct writer_events events;

	produce.route = j->route = route_new(&conf, &j->target.err);
	assert_non_null(produce.route);
	j->target.produce = produce_new(&produce);
	events = produce_events(j->target.produce);
	j->writer = memory_broker_writer(j->broker, &events);
	assert_int_equal(produce_connect(j->target.produce, &j->writer, &j->target.err), 0);
}

static void
job_init(struct job *j, uint64_t seed, struct buf *rest)
{
	struct sched_pipe *a, *b;

	*j = (struct job){ .s = sched_new(seed), .broker = memory_broker_new(seed) };
	fill_topic(j->broker);
	memory_broker_hesitate(j->broker, (unsigned)(seed % 60));
	memory_broker_pause(j->broker, pause_task, j->s);
	a = sched_pipe(j->s, 1 + sched_random(j->s, 3000));
	b = sched_pipe(j->s, 1 + sched_random(j->s, 3000));
	hop_init(j, &j->source, NULL, a, rest);
	hop_init(j, &j->middle, a, b, rest);
	hop_init(j, &j->target, b, NULL, rest);
	make_source(j);
	make_middle(j);
	make_target(j);
	sched_spawn(j->s, "consume", source_main, &j->source);
	sched_spawn(j->s, "window", stage_main, &j->middle);
	sched_spawn(j->s, "produce", stage_main, &j->target);
}

static void
job_release(struct job *j)
{
	memory_broker_pause(j->broker, NULL, NULL);
	j->source.reader.close(j->source.reader.self);
	j->writer.close(j->writer.self);
	consume_free(j->source.consume);
	window_free(j->middle.window);
	produce_free(j->target.produce);
	route_free(j->route);
	topics_free(j->topics);
	out_release(&j->source.out);
	out_release(&j->middle.out);
	out_release(&j->target.out);
	memory_broker_free(j->broker);
	sched_free(j->s);
}

/* All that the topic of sums holds, in its order. */
static void
put_sums(struct buf *to, struct memory_broker *b)
{
	const size_t n = memory_broker_count(b, "sums", 0);

	for (size_t i = 0; i < n; i++) {
		buf_add_str(to, memory_broker_record(b, "sums", 0, i)->value);
		buf_add_char(to, '\n');
	}
}

static void
a_thousand_schedules_give_one_answer(void **state)
{
	struct buf first, sums, rest;

	(void)state;
	buf_init(&first, BUF_NO_MAX);
	buf_init(&sums, BUF_NO_MAX);
	buf_init(&rest, BUF_NO_MAX);
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct job j;
		const char *stuck;

		job_init(&j, seed, &rest);
		stuck = sched_run(j.s);
		if (stuck != NULL)
			fail_msg("seed %d: %s waits for ever", (int)seed, stuck);
		assert_int_equal(j.source.status, STATUS_OK);
		assert_int_equal(j.middle.status, STATUS_OK);
		assert_int_equal(j.target.status, STATUS_OK);
		if (seed == 1) {
			assert_sums(j.broker);
			put_sums(&first, j.broker);
		}
		buf_clear(&sums);
		put_sums(&sums, j.broker);
		if (!str_eq(buf_str(&sums), buf_str(&first)))
			fail_msg("seed %d gives another answer", (int)seed);
		job_release(&j);
	}
	assert_int_equal(rest.n, 0);
	buf_release(&first);
	buf_release(&sums);
	buf_release(&rest);
}

static void
stop_source(void *arg)
{
	struct job *j = arg;

	for (uint64_t n = sched_random(j->s, 3000); n > 0; n--)
		sched_pause(j->s);
	j->source.stop = 1;
}

/* Stopped anywhere, or cut off anywhere: what was published is a part of the answer, and never
 * claims to be all of it. */
static void
a_job_that_is_stopped_fires_no_window_too_early(void **state)
{
	struct buf whole, sums, rest;
	struct job j;
	int parts = 0;

	(void)state;
	buf_init(&whole, BUF_NO_MAX);
	buf_init(&sums, BUF_NO_MAX);
	buf_init(&rest, BUF_NO_MAX);
	job_init(&j, 1, &rest);
	assert_null(sched_run(j.s));
	put_sums(&whole, j.broker);
	job_release(&j);
	for (uint64_t seed = 1; seed <= 200; seed++) {
		const bool cut = seed % 2 != 0;

		job_init(&j, seed, &rest);
		if (cut)
			sched_cut(j.source.to, seed * 100);
		else
			sched_spawn(j.s, "signal", stop_source, &j);
		assert_null(sched_run(j.s));
		assert_int_equal(j.middle.status, cut ? STATUS_RETRY : STATUS_OK);
		buf_clear(&sums);
		put_sums(&sums, j.broker);
		assert_true(str_starts(buf_str(&whole), buf_str(&sums)));
		assert_true(!cut || sums.n < whole.n);
		parts += sums.n > 0 && sums.n < whole.n;
		job_release(&j);
	}
	assert_true(parts > 50);         /* the cases are what they should be */
	buf_release(&whole);
	buf_release(&sums);
	buf_release(&rest);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thousand_schedules_give_one_answer),
		cmocka_unit_test(a_job_that_is_stopped_fires_no_window_too_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
