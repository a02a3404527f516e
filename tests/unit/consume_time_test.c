/* SPDX-License-Identifier: Apache-2.0 */
/* When maip-consume says how far time has come: what is late depends on the records alone. */
#include "unit.h"

#include "consume_rig.h"

#include <stdlib.h>

#define PARTITIONS 4
#define RECORDS    1500
#define BOUND      100

struct told {                           /* a record, as it was written */
	int     partition, n;
	int64_t ts;
};

/* How far time had come before each record if every one of them had said so: the least of the
 * partitions' newest times less the bound. left: of records, by partition; a partition without any
 * is not waited for. NULL: all are. */
static int64_t
known(const int64_t *newest, int partitions, const int *left)
{
	int64_t least = TIME_MAX;

	for (int p = 0; p < partitions; p++)
		if ((left == NULL || left[p] > 0) && newest[p] < least)
			least = newest[p];
	return least;
}

/* Before each record the watermark that was said makes no other difference to it than the one that
 * is known: neither whether it is late, nor whether it touches what has ended. Returns how many are
 * late. */
static int
check_text(const char *text, int partitions, int *left)
{
	int64_t newest[PARTITIONS], said = TIME_MIN, most = TIME_MIN;
	int late = 0, records = 0;

	for (int p = 0; p < partitions; p++)
		newest[p] = TIME_MIN;
	for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
		const char *ts = strstr(line, "\"ts\":"), *n = strstr(line, "{\"n\":");
		const char *end = strchr(line, '\n');
		int64_t now;
		int p;

		if (strncmp(line, "{\"_maip\":\"watermark\"", 20) == 0) {
			assert_true(strtoll(ts + 5, NULL, 10) > said);
			said = strtoll(ts + 5, NULL, 10);
			continue;
		}
		if (n != line)
			continue;
		records++;
		p = (int)strtol(n + 5, NULL, 10) % partitions;
		ts = strstr(line, "\"timestamp\":");
		assert_true(ts != NULL && ts < end);
		now = strtoll(ts + 12, NULL, 10);
		if (known(newest, partitions, left) > most &&
		    known(newest, partitions, left) != TIME_MAX)
			most = known(newest, partitions, left);
		assert_true(said <= most);
		if (now - 1 <= most)
			assert_int_equal(said, most);
		late += now <= most;
		if (now - BOUND - 1 > newest[p])
			newest[p] = now - BOUND - 1;
		if (left != NULL)
			left[p]--;
	}
	assert_int_equal(records, RECORDS);
	return late;
}

/* Partition p gets the records whose number leaves p. */
static void
put_disordered(struct memory_broker *b, int partitions, uint64_t seed, int *left)
{
	uint64_t random = seed * 77 + 5;

	for (int i = 0; i < RECORDS; i++) {
		const int64_t ts = NOW + i * 7 + (int64_t)(next_random(&random) % 400);

		rig_put_event(b, "t", i % partitions, ts, i);
		left[i % partitions]++;
	}
}

static int
late_of_run(int partitions, uint64_t data, uint64_t schedule, bool bounded)
{
	struct memory_broker *b = memory_broker_new(schedule);
	int left[PARTITIONS] = { 0 }, late;
	struct rig r;

	memory_broker_topic(b, "t", partitions);
	put_disordered(b, partitions, data, left);
	memory_broker_hesitate(b, (unsigned)(schedule * 13 % 100));
	rig_init(&r, b, "t");
	r.conf.exit_at_end = bounded;
	r.conf.watermarks = true;
	r.conf.bound = BOUND;
	r.conf.range.from.kind = PLACE_EARLIEST;
	rig_start(&r);
	while (consume_counts(r.consume).lines < RECORDS && consume_step(r.consume, 0, &r.err) > 0)
		;
	assert_int_equal(consume_finish(r.consume, true, &r.err), 0);
	late = check_text(rig_text(&r), partitions, bounded ? left : NULL);
	rig_release(&r);
	memory_broker_free(b);
	return late;
}

/* As a stage behind a file would have it: one partition comes in one order, however fast. */
static void
what_is_late_does_not_depend_on_how_many_records_come_together(void **state)
{
	int of_all = 0;

	(void)state;
	for (uint64_t data = 0; data < 10; data++) {
		const int late = late_of_run(1, data, 0, false);

		for (uint64_t schedule = 0; schedule < 10; schedule++) {
			assert_int_equal(late_of_run(1, data, schedule, false), late);
			assert_int_equal(late_of_run(1, data, schedule, true), late);
		}
		of_all += late;
	}
	assert_true(of_all > 1000);
}

static void
the_least_of_many_partitions_is_said_before_a_record_that_it_meets(void **state)
{
	(void)state;
	for (uint64_t data = 0; data < 10; data++) {
		const int late = late_of_run(PARTITIONS, data, 0, true);

		for (uint64_t schedule = 0; schedule < 10; schedule++) {
			(void)late_of_run(PARTITIONS, data, schedule, false);
			assert_int_equal(late_of_run(PARTITIONS, data, schedule, true), late);
		}
	}
}

/* Times that rise cost no line beyond one now and then. */
static void
where_nothing_is_late_watermarks_stay_few(void **state)
{
	struct memory_broker *b = memory_broker_new(1);
	int lines = 0;
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 1);
	for (int i = 0; i < 6400; i++)
		rig_put_event(b, "t", 0, NOW + i, i);
	rig_init(&r, b, "t");
	r.conf.exit_at_end = r.conf.watermarks = true;
	assert_int_equal(rig_run(&r), STATUS_OK);
	for (const char *p = rig_text(&r); (p = strstr(p, "watermark\",\"ts")) != NULL; p++)
		lines++;
	assert_true(lines <= 101);
	rig_release(&r);
	memory_broker_free(b);
}

/* The broker of partition 1 has been lost. */
static bool
in_touch_with_others(void *self, const struct part *p)
{
	(void)self;
	return p != NULL && p->partition != 1;
}

static void
a_partition_whose_broker_is_lost_is_not_idle_while_others_are(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	bool (*in_touch)(void *self, const struct part *p);
	struct rig r;

	(void)state;
	rig_init_timed(&r, b, 3);
	r.conf.idle_timeout = 1000;
	rig_start(&r);
	in_touch = r.reader.in_touch;
	for (int p = 0; p < 3; p++)
		rig_put_event(b, "t", p, NOW + 100 * (p + 1), p);
	rig_steps(&r, 5);
	assert_non_null(strstr(rig_text(&r), "\"ts\":1767225600099}"));

	r.reader.in_touch = in_touch_with_others;
	r.now += 60000;
	rig_put_event(b, "t", 2, NOW + 5000, 4);
	rig_steps(&r, 5);
	/* partition 0, whose broker is well, is idle; 1 holds time back */
	assert_non_null(strstr(rig_text(&r), "\"ts\":1767225600199}"));
	assert_null(strstr(rig_text(&r), "\"ts\":1767225604999}"));
	r.now += 60000;
	rig_steps(&r, 2);
	assert_null(strstr(rig_text(&r), "{\"_maip\":\"idle\"}"));

	r.reader.in_touch = in_touch;
	rig_put_event(b, "t", 2, NOW + 6000, 5);
	r.now += 1000;
	rig_steps(&r, 5);
	assert_non_null(strstr(rig_text(&r), "\"ts\":1767225605999}"));
	rig_release(&r);
	memory_broker_free(b);
}

static int64_t
unheard(void *self, const struct part *p)
{
	(void)self;
	(void)p;
	return OFFSET_NONE;
}

static int64_t
one_to_come(void *self, const struct part *p)
{
	(void)self;
	return p->partition == 1 ? 1 : 0;
}

static void
assert_said(struct rig *r, const char *ts, bool said)
{
	assert_int_equal(strstr(rig_text(r), ts) != NULL, said);
}

/* Of three, the last has never had a record. */
static void
the_clock_goes_on_from_what_the_partitions_say_that_have_had_a_record(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	int64_t (*heard_end)(void *self, const struct part *p);
	struct rig r;

	(void)state;
	rig_init_timed(&r, b, 3);
	r.conf.idle_timeout = 30000;
	r.conf.idle_advance = 500;
	rig_start(&r);
	heard_end = r.reader.heard_end;
	r.now += 1000;
	rig_steps(&r, 2);
	assert_said(&r, "watermark\",\"ts", false);              /* there is no time yet */
	rig_put_event(b, "t", 0, NOW + 100, 0);
	rig_put_event(b, "t", 1, NOW + 200, 1);
	rig_steps(&r, 5);
	r.now += 499;
	rig_steps(&r, 2);
	assert_said(&r, "watermark\",\"ts", false);
	/* what is not heard of, or has more to come, holds time */
	r.now += 501;
	r.reader.heard_end = unheard;
	rig_steps(&r, 2);
	assert_said(&r, "watermark\",\"ts", false);
	r.reader.heard_end = heard_end;
	rig_steps(&r, 2);
	assert_said(&r, "\"ts\":1767225601099}", true);
	/* until it is idle; when the others are, too, time goes on from the last of them */
	r.now += 40000;
	rig_steps(&r, 2);
	assert_said(&r, "\"ts\":1767225641199}", true);
	rig_release(&r);
	memory_broker_free(b);
}

static void
a_partition_with_a_record_that_has_not_come_yet_holds_the_clock(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;

	(void)state;
	rig_init_timed(&r, b, 2);
	r.conf.idle_timeout = 30000;
	r.conf.idle_advance = 500;
	rig_start(&r);
	rig_put_event(b, "t", 0, NOW + 100, 0);
	rig_steps(&r, 5);
	r.reader.heard_end = one_to_come;
	r.now += 20000;
	rig_steps(&r, 2);
	assert_said(&r, "watermark\",\"ts", false);
	rig_release(&r);
	memory_broker_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_late_does_not_depend_on_how_many_records_come_together),
		cmocka_unit_test(
			the_least_of_many_partitions_is_said_before_a_record_that_it_meets),
		cmocka_unit_test(where_nothing_is_late_watermarks_stay_few),
		cmocka_unit_test(a_partition_whose_broker_is_lost_is_not_idle_while_others_are),
		cmocka_unit_test(
			the_clock_goes_on_from_what_the_partitions_say_that_have_had_a_record),
		cmocka_unit_test(a_partition_with_a_record_that_has_not_come_yet_holds_the_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
