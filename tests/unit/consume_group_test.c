/* SPDX-License-Identifier: Apache-2.0 */
/* maip-consume as a member of a group: what is committed, what a rebalance may not lose or double.
 */
#include "unit.h"

#include "consume_rig.h"

/* How often did each record come out? */
static void
count_times(struct rig *r, int *times)
{
	for (const char *p = rig_text(r); (p = strstr(p, "\"n\":")) != NULL; p++)
		times[atoi(p + 4)]++;
}

static void
nothing_is_committed_that_has_not_left(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 1);
	rig_put_event(b, "t", 0, 1, 1);
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

		rig_put_event(b, "t", run % 2, 100 + run, run);
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

/* Two members, rebalances, sessions that end and a crash at random moments: every record comes out
 * at least once, and all are committed. */
static void
no_record_is_lost_by_rebalances_and_crashes(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 300; seed++) {
		struct memory_broker *b = memory_broker_new(seed);
		uint64_t random = seed;
		struct rig r[3];
		int times[200] = { 0 };

		memory_broker_topic(b, "t", 4);
		memory_broker_hesitate(b, 30);
		for (int m = 0; m < 3; m++) {
			rig_init(&r[m], b, "t");
			r[m].group = "g";
			rig_open(&r[m]);
			if (m < 2)
				assert_int_equal(
					consume_start(r[m].consume, &r[m].reader, &r[m].err), 0);
		}
		for (int i = 0; i < 200; i++) {
			rig_put_event(b, "t", (int32_t)(next_random(&random) % 4), i, i);
			if (next_random(&random) % 50 == 0)
				memory_broker_rebalance(b, "g");
			if (next_random(&random) % 50 == 0)
				memory_broker_expire(&r[0].reader);
			for (int m = 0; m < 2; m++)
				if (r[m].reader.self != NULL && next_random(&random) % 3 == 0)
					rig_steps(&r[m], 1);
			r[0].now += 300;
			r[1].now += 300;
			if (i == 100)
				memory_broker_kill(&r[1].reader);
		}
		for (int i = 0; i < 300; i++)
			rig_steps(&r[0], 1);
		assert_int_equal(consume_finish(r[0].consume, false, &r[0].err), 0);
		for (int m = 0; m < 2; m++)
			count_times(&r[m], times);
		for (int i = 0; i < 200; i++)
			if (times[i] == 0)
				fail_msg("seed %d: record %d is lost", (int)seed, i);
		for (int p = 0; p < 4; p++)
			if (memory_broker_count(b, "t", p) > 0)
				assert_int_equal(memory_broker_committed(b, "g", "t", p),
				                 memory_broker_count(b, "t", p));
		for (int m = 0; m < 3; m++)
			rig_release(&r[m]);
		memory_broker_free(b);
	}
}

/* Did each of n records come out of one of these runs, once? */
static void
assert_all_there_of(struct rig *r, size_t runs, int n)
{
	int *times = calloc((size_t)n, sizeof(*times));

	for (size_t i = 0; i < runs; i++)
		count_times(&r[i], times);
	for (int i = 0; i < n; i++)
		if (times[i] != 1)
			fail_msg("record %d came %d times", i, times[i]);
	free(times);
}

static void
assert_all_there(struct rig *r, int n)
{
	assert_all_there_of(r, 1, n);
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
		rig_put_event(b, "t", i % 2, i, i);
	rig_init(&r, b, "t");
	r.group = "g";
	r.conf.exit_at_end = true;
	rig_start(&r);
	while ((got = consume_step(r.consume, 0, &r.err)) > 0)
		if (++n == 3)
			memory_broker_rebalance(b, "g");
	assert_int_equal(got, 0);
	assert_int_equal(consume_finish(r.consume, true, &r.err), 0);
	assert_all_there(&r, 3000);
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
		rig_put_event(b, "t", i % 2, i, i);
	for (int m = 0; m < 2; m++) {
		rig_init(&r[m], b, "t");
		r[m].group = "g";
		r[m].conf.exit_at_end = true;
		rig_open(&r[m]);
		assert_int_equal(consume_start(r[m].consume, &r[m].reader, &r[m].err), 0);
		rig_steps(&r[0], 4);
	}
	rig_steps(&r[1], 2);
	assert_true(consume_counts(r[1].consume).records > 0);
	for (int m = 0; m < 2; m++)
		rig_release(&r[m]);
	memory_broker_free(b);
}

/* The write that is going on is the only one that knows where the lines are: the partitions go,
 * come back, and there are more. */
static void
upset_the_group(struct rig *r)
{
	char name[20];

	if (r->consume == NULL || r->writes > 20)
		return;
	snprintf(name, sizeof(name), "t.%d", r->writes);
	memory_broker_topic(r->broker, name, 1);
	memory_broker_rebalance(r->broker, r->group);
	consume_serve(r->consume);
	if (r->writes % 3 != 0)
		consume_serve(r->consume);
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
			rig_put(b, "t", i % 3, i, "k", value);
		}
		for (int p = 0; p < 3; p++)
			memory_broker_commit(b, "g", "t", p, 0);
		rig_init(&r, b, "t*");
		r.group = "g";
		r.conf.exit_at_end = way % 2;
		r.conf.envelope = way / 2;
		r.conf.range.from.kind = PLACE_EARLIEST;
		r.while_blocked = upset_the_group;
		rig_start(&r);
		for (int i = 0; i < 200 && consume_step(r.consume, 0, &r.err) > 0; i++)
			;
		assert_int_equal(consume_finish(r.consume, true, &r.err), 0);
		assert_true(r.writes > 20);
		assert_all_there(&r, N);
		for (int p = 0; p < 3; p++)
			assert_int_equal(memory_broker_committed(b, "g", "t", p), N / 3);
		rig_release(&r);
		memory_broker_free(b);
	}
}

/* There is a write in the middle of each record: what is written has to be where it was. */
static void
a_rebalance_in_the_middle_of_a_record_leaves_it_whole(void **state)
{
	enum { N = 60, SIZE = 300000 };
	struct memory_broker *b = memory_broker_new(3);
	char *key = calloc(1, SIZE + 1);
	struct rig r;

	(void)state;
	memset(key, 'k', SIZE);
	memory_broker_topic(b, "t", 3);
	for (int i = 0; i < N; i++) {
		char value[20];

		snprintf(value, sizeof(value), "{\"n\":%d}", i);
		rig_put(b, "t", i % 3, i, key, value);
	}
	rig_init(&r, b, "t*");
	r.group = "g";
	r.conf.exit_at_end = true;
	r.conf.envelope = true;
	r.while_blocked = upset_the_group;
	rig_start(&r);
	for (int i = 0; i < 200 && consume_step(r.consume, 0, &r.err) > 0; i++)
		;
	assert_int_equal(consume_finish(r.consume, true, &r.err), 0);
	assert_true(r.writes > 20);
	assert_all_there(&r, N);
	for (const char *p = rig_text(&r), *end; *p != '\0'; p = end + 1) {
		end = strchr(p, '\n');
		assert_non_null(end);
		assert_true(end - p > SIZE && end - p < SIZE + 200);
	}
	rig_release(&r);
	memory_broker_free(b);
	free(key);
}

/* In the first write, the group's offset changes, as only another member or a person does it. */
static int64_t set_to;

static void
set_the_offset(struct rig *r)
{
	if (r->writes > 1)
		return;
	memory_broker_rebalance(r->broker, r->group);
	consume_serve(r->consume);
	memory_broker_commit(r->broker, r->group, "t", 0, set_to);
	consume_serve(r->consume);
}

/* Read up to most of 30 records, from 10 on, of which the first is in the middle of a write when
 * that happens. Returns what is committed at the end; times[] says how often each came out. */
static int64_t
read_while_the_offset_is_set(bool bounded, int64_t to, uint64_t most, int times[30])
{
	enum { N = 30, FROM = 10, SIZE = 300000 };
	struct memory_broker *b = memory_broker_new(3);
	char *value = calloc(1, SIZE + 100);
	int64_t committed;
	struct rig r;

	memory_broker_topic(b, "t", 1);
	for (int i = 0; i < N; i++) {
		snprintf(value, SIZE + 100, "{\"n\":%d,\"pad\":\"%0*d\"}", i, SIZE, 0);
		rig_put(b, "t", 0, i, "k", value);
	}
	memory_broker_commit(b, "g", "t", 0, FROM);
	rig_init(&r, b, "t");
	r.group = "g";
	r.conf.exit_at_end = bounded;
	r.conf.max_messages = most;
	r.while_blocked = set_the_offset;
	set_to = to;
	rig_start(&r);
	for (int i = 0; i < 100 && consume_step(r.consume, 0, &r.err) > 0; i++)
		;
	assert_int_equal(consume_finish(r.consume, true, &r.err), 0);
	memset(times, 0, N * sizeof(*times));
	count_times(&r, times);
	committed = memory_broker_committed(b, "g", "t", 0);
	rig_release(&r);
	memory_broker_free(b);
	free(value);
	return committed;
}

static void
what_another_member_has_committed_meanwhile_is_neither_read_nor_set_back(void **state)
{
	int times[30];

	(void)state;
	for (int bounded = 0; bounded < 2; bounded++) {
		assert_int_equal(read_while_the_offset_is_set(bounded, 25, 1, times), 25);
		assert_int_equal(read_while_the_offset_is_set(bounded, 25, 100, times), 30);
		for (int i = 0; i < 30; i++)
			assert_int_equal(times[i], i == 10 || i >= 25);
	}
}

static void
an_offset_that_was_set_back_meanwhile_is_read_from(void **state)
{
	int times[30];

	(void)state;
	for (int bounded = 0; bounded < 2; bounded++) {
		assert_int_equal(read_while_the_offset_is_set(bounded, 5, 1, times), 5);
		assert_int_equal(read_while_the_offset_is_set(bounded, 5, 100, times), 30);
		for (int i = 0; i < 30; i++)
			assert_int_equal(times[i], (i == 10) + (i >= 5));
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
		rig_put_event(b, "t", 0, i, i);
	rig_init(&r, b, "t");
	r.group = "g";
	r.conf.range.from = (struct place){ PLACE_NUMBER, 0 };
	rig_start(&r);
	for (int i = 0; i < 5; i++) {
		rig_steps(&r, 5);
		memory_broker_rebalance(b, "g");
	}
	assert_int_equal(consume_finish(r.consume, false, &r.err), 0);
	assert_all_there(&r, 100);
	rig_release(&r);
	memory_broker_free(b);
}

/* A member that has nothing, for there are fewer partitions than members, and then the only one. */
static void
a_spare_goes_on_where_the_group_left_off(void **state)
{
	static const struct place from[] = {
		{ PLACE_NONE, 0 },      { PLACE_EARLIEST, 0 }, { PLACE_LATEST, 0 },
		{ PLACE_COMMITTED, 0 }, { PLACE_NUMBER, 50 },  { PLACE_BEFORE_END, 10 },
		{ PLACE_TIME, 5 },
	};
	const struct place earliest = { PLACE_EARLIEST, 0 };
	enum { N = 100 };

	(void)state;
	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		struct memory_broker *b = memory_broker_new(5);
		struct rig r[2];

		memory_broker_topic(b, "t", 1);
		for (int n = 0; n < N; n++)
			rig_put_event(b, "t", 0, n, n);
		for (int m = 0; m < 2; m++) {
			rig_init(&r[m], b, "t");
			r[m].group = "g";
			r[m].conf.range.from = m == 0 ? earliest : from[i];
			r[m].conf.max_messages = m == 0 ? 21 : 0;
			rig_start(&r[m]);
		}
		assert_int_equal(consume_step(r[0].consume, 0, &r[0].err), 0);
		rig_steps(&r[1], 1);            /* it has its share, which is nothing */
		assert_int_equal(consume_finish(r[0].consume, false, &r[0].err), 0);
		r[0].reader.close(r[0].reader.self);
		r[0].reader.self = NULL;
		rig_steps(&r[1], 5);
		assert_int_equal(consume_finish(r[1].consume, false, &r[1].err), 0);
		assert_all_there_of(r, 2, N);
		assert_int_equal(memory_broker_committed(b, "g", "t", 0), N);
		for (int m = 0; m < 2; m++)
			rig_release(&r[m]);
		memory_broker_free(b);
	}
}

/* Where nothing was committed, the start that a member was given counts, whenever its share
 * comes. */
static void
a_spare_starts_where_it_was_told_to_if_nothing_is_committed(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r[2];

	(void)state;
	memory_broker_topic(b, "t", 1);
	for (int n = 0; n < 100; n++)
		rig_put_event(b, "t", 0, n, n);
	for (int m = 0; m < 2; m++) {
		rig_init(&r[m], b, "t");
		r[m].group = "g";
		r[m].conf.range.from = (struct place){ PLACE_BEFORE_END, 2 };
		rig_start(&r[m]);
	}
	rig_steps(&r[0], 1);
	rig_steps(&r[1], 1);
	memory_broker_kill(&r[0].reader);
	rig_steps(&r[1], 5);
	assert_string_equal(rig_text(&r[1]), "{\"n\":98,\"timestamp\":98}\n{\"n\":99,\"timestamp\":99}\n");
	for (int m = 0; m < 2; m++)
		rig_release(&r[m]);
	memory_broker_free(b);
}

static size_t served;

static void
nap(void *arg, int64_t ms)
{
	((struct rig *)arg)->now += ms;
}

static int
count_serves(void *self, struct err *err)
{
	(void)self;
	(void)err;
	served++;
	return 0;
}

/* A reader that has many records at hand looks for what the group wants only when they are used
 * up. */
static void
a_group_is_served_while_records_wait_for_their_turn(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 1);
	for (int i = 0; i < 64; i++)
		rig_put_event(b, "t", 0, i, i);
	rig_init(&r, b, "t");
	r.conf.pace.interval = 250e6;
	r.conf.nap = nap;
	r.conf.nap_arg = &r;
	r.conf.range.from.kind = PLACE_EARLIEST;
	r.group = "g";
	rig_open(&r);
	r.reader.serve = count_serves;
	served = 0;
	assert_int_equal(consume_start(r.consume, &r.reader, &r.err), 0);
	while (consume_counts(r.consume).lines < 64)
		assert_int_equal(consume_step(r.consume, 200, &r.err), 1);
	assert_in_range(r.now - NOW, 15000, 16500);
	assert_in_range(served, 20, 64);
	rig_release(&r);
	memory_broker_free(b);
}

/* ---- what is lost */

static void
put_events(struct memory_broker *b, int from, int to)
{
	for (int n = from; n < to; n++)
		rig_put_event(b, "t", 0, n, n);
}

static void
nothing_is_committed_of_what_is_lost(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r[2];
	size_t commits;
	int times[70] = { 0 };

	(void)state;
	memory_broker_topic(b, "t", 1);
	put_events(b, 0, 50);
	for (int m = 0; m < 2; m++) {
		rig_init(&r[m], b, "t");
		r[m].group = "g";
		r[m].conf.range.from.kind = PLACE_EARLIEST;
		rig_start(&r[m]);
	}
	rig_steps(&r[0], 2);
	rig_steps(&r[1], 1);
	memory_broker_expire(&r[0].reader);
	put_events(b, 50, 60);
	rig_steps(&r[1], 2);
	r[1].now += 6000;
	rig_steps(&r[1], 1);
	assert_int_equal(memory_broker_committed(b, "g", "t", 0), 60);
	commits = memory_broker_commits(b);
	put_events(b, 60, 70);
	rig_steps(&r[0], 1);
	assert_int_equal(memory_broker_commits(b), commits);
	for (int i = 0; i < 3; i++)
		for (int m = 0; m < 2; m++)
			rig_steps(&r[m], 1);
	for (int m = 0; m < 2; m++)
		assert_int_equal(consume_finish(r[m].consume, false, &r[m].err), 0);
	assert_int_equal(memory_broker_committed(b, "g", "t", 0), 70);
	for (int m = 0; m < 2; m++)
		count_times(&r[m], times);
	for (int i = 0; i < 70; i++)
		assert_int_equal(times[i], i < 50 ? 2 : 1);
	for (int m = 0; m < 2; m++)
		rig_release(&r[m]);
	memory_broker_free(b);
}

static void
what_is_lost_and_comes_back_unread_is_not_read_again(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 1);
	put_events(b, 0, 50);
	rig_init(&r, b, "t");
	r.group = "g";
	r.conf.range.from = (struct place){ PLACE_NUMBER, 0 };
	rig_start(&r);
	rig_steps(&r, 3);
	assert_int_equal(memory_broker_committed(b, "g", "t", 0), OFFSET_NONE);
	memory_broker_expire(&r.reader);
	put_events(b, 50, 60);
	rig_steps(&r, 3);
	assert_int_equal(consume_finish(r.consume, false, &r.err), 0);
	assert_all_there(&r, 60);
	assert_int_equal(memory_broker_committed(b, "g", "t", 0), 60);
	rig_release(&r);
	memory_broker_free(b);
}

/* ---- commits */

static void
upset_once(void *arg)
{
	struct rig *r = arg;

	if (consume_counts(r->consume).records > 0 && memory_broker_commits(r->broker) == 0)
		memory_broker_rebalance(r->broker, r->group);
}

static void
let_time_pass(void *arg)
{
	((struct rig *)arg)->now += 1000;
}

/* A run of which so many commits are refused. Returns how many it has tried; committed is what is
 * committed at its end, of lines that were written. */
static size_t
run_with_refused_commits(unsigned refused, void (*tick)(void *arg), int64_t *committed,
                         uint64_t *lines)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;
	size_t tried;

	memory_broker_topic(b, "t", 1);
	put_events(b, 0, 20000);
	memory_broker_refuse_commits(b, refused);
	rig_init(&r, b, "t");
	r.group = "g";
	r.conf.exit_at_end = true;
	r.conf.tick = tick;
	r.conf.tick_arg = &r;
	assert_int_equal(rig_run(&r), STATUS_DENIED);
	assert_string_equal(r.err.msg, "no commit is taken");
	tried = memory_broker_commits(b);
	*committed = memory_broker_committed(b, "g", "t", 0);
	*lines = consume_counts(r.consume).lines;
	rig_release(&r);
	memory_broker_free(b);
	return tried;
}

static void
a_commit_that_was_waited_for_and_refused_is_not_tried_again(void **state)
{
	int64_t committed;
	uint64_t lines;

	(void)state;
	/* at the end */
	assert_int_equal(run_with_refused_commits(9, NULL, &committed, &lines), 1);
	assert_int_equal(lines, 20000);
	assert_int_equal(committed, OFFSET_NONE);
	/* on a rebalance */
	assert_int_equal(run_with_refused_commits(9, upset_once, &committed, &lines), 1);
	assert_in_range(lines, 1, 19999);
	assert_int_equal(committed, OFFSET_NONE);
}

static void
behind_a_commit_that_was_refused_on_the_way_the_last_one_has_everything(void **state)
{
	int64_t committed;
	uint64_t lines;

	(void)state;
	assert_int_equal(run_with_refused_commits(1, let_time_pass, &committed, &lines), 2);
	assert_in_range(lines, 1, 19999);
	assert_int_equal(committed, lines);
	assert_int_equal(run_with_refused_commits(2, let_time_pass, &committed, &lines), 2);
	assert_int_equal(committed, OFFSET_NONE);
}

/* While a write is going on, and its lines have not left. */
static void
no_more_is_committed_than_was_written(struct rig *r)
{
	const int64_t committed = memory_broker_committed(r->broker, "g", "t", 0);
	int64_t written = 0;

	for (size_t i = 0; i < r->written.n; i++)
		written += r->written.p[i] == '\n';
	if (committed > written)
		fail_msg("%lld lines are written, and %lld committed", (long long)written, (long long)committed);
}

static void
an_offset_is_committed_only_after_the_lines_before_it_have_been_written(void **state)
{
	enum { N = 3000 };
	static char value[1200];

	(void)state;
	for (int way = 0; way < 4; way++) {
		struct memory_broker *b = memory_broker_new((uint64_t)way);
		struct rig r;

		memory_broker_topic(b, "t", 1);
		for (int i = 0; i < N; i++) {
			snprintf(value, sizeof(value), "{\"n\":%d,\"pad\":\"%01000d\"}", i, 0);
			rig_put(b, "t", 0, i, "k", value);
		}
		rig_init(&r, b, "t");
		r.group = "g";
		r.conf.exit_at_end = way % 2;
		r.conf.range.from.kind = PLACE_EARLIEST;
		r.write_takes = 6000;           /* a commit is due behind each */
		r.while_blocked = no_more_is_committed_than_was_written;
		rig_start(&r);
		for (int i = 0; i < 100 && consume_step(r.consume, 0, &r.err) > 0; i++)
			if (way / 2 == 1 && i % 5 == 0)
				memory_broker_rebalance(b, "g");
		assert_true(r.writes > 10);
		assert_in_range(memory_broker_committed(b, "g", "t", 0), N / 2, N);
		assert_int_equal(consume_finish(r.consume, true, &r.err), 0);
		assert_all_there(&r, N);
		rig_release(&r);
		memory_broker_free(b);
	}
}

/* A backlog of which hardly anything is wanted: there is always a record to be read, and never much
 * to be written. */
static void
neither_lines_nor_commits_wait_for_the_end_of_a_backlog(void **state)
{
	enum { N = 20000 };

	(void)state;
	for (int bounded = 0; bounded < 2; bounded++) {
		struct memory_broker *b = memory_broker_new(5);
		struct rig r;

		memory_broker_topic(b, "t", 1);
		put_events(b, 0, N);
		rig_init(&r, b, "t");
		r.group = "g";
		r.conf.exit_at_end = bounded;
		r.conf.range.from.kind = PLACE_EARLIEST;
		r.conf.where = r.where;
		r.where[0] = "n = 0";
		r.conf.n_where = 1;
		rig_start(&r);
		while (consume_counts(r.consume).lines == 0)
			rig_steps(&r, 1);
		assert_string_equal(rig_text(&r), "");
		r.now += 100;
		rig_steps(&r, 1);
		assert_string_equal(rig_text(&r), "{\"n\":0,\"timestamp\":0}\n");
		assert_int_equal(memory_broker_committed(b, "g", "t", 0), OFFSET_NONE);
		r.now += 5000;
		rig_steps(&r, 1);
		assert_in_range(memory_broker_committed(b, "g", "t", 0), 1, N / 2);
		assert_in_range(consume_counts(r.consume).records, 1, N / 2);
		rig_release(&r);
		memory_broker_free(b);
	}
}

static void
a_clock_that_is_set_back_puts_off_no_commit(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 1);
	rig_init(&r, b, "t");
	r.group = "g";
	r.now = 10000000;
	rig_start(&r);
	rig_steps(&r, 2);
	put_events(b, 0, 1);
	r.now -= 3600000;
	rig_steps(&r, 2);
	r.now += 5000;
	rig_steps(&r, 1);
	assert_int_equal(memory_broker_committed(b, "g", "t", 0), 1);
	rig_release(&r);
	memory_broker_free(b);
}

static int
poll_in_vain(void *self, int64_t wait_ms, struct record *r, struct err *err)
{
	(void)self;
	(void)wait_ms;
	(void)r;
	(void)err;
	return 0;
}

static void
note_one(void *arg, const char *text)
{
	strncat(arg, text, 199 - strlen(arg));
}

static void
a_group_that_gives_nothing_is_waited_for_and_told_once(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	char notes[200] = "";
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 1);
	for (int bounded = 0; bounded < 2; bounded++) {
		notes[0] = '\0';
		rig_init(&r, b, "t");
		r.group = "g";
		r.conf.exit_at_end = bounded;
		r.conf.note = note_one;
		r.conf.note_arg = notes;
		rig_start(&r);
		r.reader.poll = poll_in_vain;
		for (int i = 0; i < 100; i++, r.now += 99)
			assert_int_equal(consume_step(r.consume, 200, &r.err), 1);
		assert_string_equal(notes, "");
		for (int i = 0; i < 100; i++, r.now += 100)
			assert_int_equal(consume_step(r.consume, 200, &r.err), 1);
		assert_string_equal(notes, "waiting for the group to give us partitions (one that "
		                           "was killed is its member until session.timeout.ms is "
		                           "over, by default 45 s)");
		rig_release(&r);
	}
	memory_broker_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_that_gives_nothing_is_waited_for_and_told_once),
		cmocka_unit_test(nothing_is_committed_that_has_not_left),
		cmocka_unit_test(a_group_goes_on_where_it_left_off),
		cmocka_unit_test(no_record_is_lost_by_rebalances_and_crashes),
		cmocka_unit_test(a_rebalance_does_not_end_a_bounded_read),
		cmocka_unit_test(a_bounded_read_serves_its_group),
		cmocka_unit_test(a_rebalance_while_the_output_is_blocked_loses_nothing),
		cmocka_unit_test(a_rebalance_in_the_middle_of_a_record_leaves_it_whole),
		cmocka_unit_test(
			what_another_member_has_committed_meanwhile_is_neither_read_nor_set_back),
		cmocka_unit_test(an_offset_that_was_set_back_meanwhile_is_read_from),
		cmocka_unit_test(a_rebalance_does_not_start_again_at_a_chosen_place),
		cmocka_unit_test(a_spare_goes_on_where_the_group_left_off),
		cmocka_unit_test(a_spare_starts_where_it_was_told_to_if_nothing_is_committed),
		cmocka_unit_test(a_group_is_served_while_records_wait_for_their_turn),
		cmocka_unit_test(nothing_is_committed_of_what_is_lost),
		cmocka_unit_test(what_is_lost_and_comes_back_unread_is_not_read_again),
		cmocka_unit_test(
			a_commit_that_was_waited_for_and_refused_is_not_tried_again),
		cmocka_unit_test(
			behind_a_commit_that_was_refused_on_the_way_the_last_one_has_everything),
		cmocka_unit_test(
			an_offset_is_committed_only_after_the_lines_before_it_have_been_written),
		cmocka_unit_test(neither_lines_nor_commits_wait_for_the_end_of_a_backlog),
		cmocka_unit_test(a_clock_that_is_set_back_puts_off_no_commit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
