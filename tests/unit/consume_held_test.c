/* SPDX-License-Identifier: Apache-2.0 */
/* What maip-consume says of records that an open transaction kept from a read with an end. */
#include "unit.h"

#include "consume_rig.h"

#define ADVICE " (run again when it has ended; -X isolation.level=read_uncommitted reads them now, though they may yet be aborted)"

static char noted[1000];
static int  notes;

static void
note(void *arg, const char *text)
{
	(void)arg;
	notes++;
	snprintf(noted, sizeof(noted), "%s", text);
}

/* Topic t with so many partitions of five records. */
static struct memory_broker *
broker_of_fives(int32_t partitions)
{
	struct memory_broker *b = memory_broker_new(7);

	memory_broker_topic(b, "t", partitions);
	for (int32_t p = 0; p < partitions; p++)
		for (int n = 0; n < 5; n++)
			rig_put_event(b, "t", p, n, n);
	return b;
}

static void
rig_noting(struct rig *r, struct memory_broker *b)
{
	rig_init(r, b, "t");
	r->conf.exit_at_end = true;
	r->conf.note = note;
	notes = 0;
	noted[0] = '\0';
}

static void
rig_end(struct rig *r)
{
	rig_release(r);
	memory_broker_free(r->broker);
}

static void
what_an_open_transaction_holds_back_is_told_at_the_end(void **state)
{
	struct memory_broker *b = broker_of_fives(2);
	struct rig r;

	(void)state;
	memory_broker_open(b, "t", 1, 3);
	rig_noting(&r, b);
	assert_int_equal(rig_run(&r), STATUS_OK);
	assert_int_equal(consume_counts(r.consume).records, 8);
	assert_int_equal(notes, 1);
	assert_string_equal(noted, "2 offsets are not read: an open transaction holds back t[1] from offset 3 on" ADVICE);
	rig_end(&r);
}

static void
of_many_partitions_all_are_told_at_once_and_five_by_name(void **state)
{
	struct memory_broker *b = broker_of_fives(8);
	struct rig r;

	(void)state;
	for (int32_t p = 0; p < 7; p++)
		memory_broker_open(b, "t", p, 4);
	rig_noting(&r, b);
	assert_int_equal(rig_run(&r), STATUS_OK);
	assert_int_equal(notes, 1);
	assert_string_equal(noted, "7 offsets are not read: open transactions hold back t[0] from offset 4 on, t[1] from offset 4 on, "
	                           "t[2] from offset 4 on, t[3] from offset 4 on, t[4] from offset 4 on, and 2 more" ADVICE);
	rig_end(&r);
}

static void
where_all_is_committed_nothing_is_told_and_nobody_asked(void **state)
{
	struct memory_broker *b = broker_of_fives(3);
	struct rig r;

	(void)state;
	memory_broker_marker(b, "t", 0);
	memory_broker_forget(b, "t", 1, 5);
	rig_noting(&r, b);
	assert_int_equal(rig_run(&r), STATUS_OK);
	assert_int_equal(notes, 0);
	assert_int_equal(memory_broker_asked_again(b), 0);
	rig_end(&r);
}

/* What happens once so many records have been asked for; 0: the ends were taken, and no more. */
static int   when;
static void (*then)(struct memory_broker *b);

static void
on_ask(void *arg)
{
	if (when-- == 0)
		then(arg);
}

static void
run_while(struct rig *r, void (*happens)(struct memory_broker *b), int after)
{
	when = after;
	then = happens;
	memory_broker_pause(r->broker, on_ask, r->broker);
	assert_int_equal(rig_run(r), STATUS_OK);
	assert_true(when < 0);
}

static void
more_records(struct memory_broker *b)
{
	for (int n = 5; n < 8; n++)
		rig_put_event(b, "t", 0, n, n);
}

static void
what_comes_later_is_not_held_back(void **state)
{
	(void)state;
	for (int after = 0; after < 5; after++) {
		struct memory_broker *b = broker_of_fives(1);
		struct rig r;

		rig_noting(&r, b);
		run_while(&r, more_records, after);
		assert_int_equal(consume_counts(r.consume).lines, 5);
		assert_int_equal(notes, 0);
		rig_end(&r);
	}
}

static void
a_commit(struct memory_broker *b)
{
	memory_broker_marker(b, "t", 0);
	memory_broker_open(b, "t", 0, -1);
}

static void
a_transaction_that_has_ended_meanwhile_holds_nothing_back(void **state)
{
	(void)state;
	for (int after = 0; after < 3; after++) {
		struct memory_broker *b = broker_of_fives(1);
		struct rig r;

		memory_broker_open(b, "t", 0, 3);
		rig_noting(&r, b);
		run_while(&r, a_commit, after);
		assert_int_equal(consume_counts(r.consume).lines, 3);
		assert_int_equal(notes, 0);
		rig_end(&r);
	}
}

static void
a_transaction(struct memory_broker *b)
{
	memory_broker_open(b, "t", 0, 5);
	more_records(b);
}

static void
a_transaction_that_begins_later_holds_nothing_back(void **state)
{
	struct memory_broker *b = broker_of_fives(1);
	struct rig r;

	(void)state;
	rig_noting(&r, b);
	run_while(&r, a_transaction, 2);
	assert_int_equal(consume_counts(r.consume).lines, 5);
	assert_int_equal(notes, 0);
	rig_end(&r);
}

static int64_t (*told_end)(void *self, const struct part *p);
static int (*quick_take)(void *self, uint32_t slot, int64_t wait_ms, struct record *r,
                         struct err *err);
static int takes;

static int
counted_take(void *self, uint32_t slot, int64_t wait_ms, struct record *r, struct err *err)
{
	takes++;
	return quick_take(self, slot, wait_ms, r, err);
}

/* as a broker that answers a fetch only when there was time for it */
static int64_t
end_told_late(void *self, const struct part *p)
{
	return takes < 3 ? OFFSET_NONE : told_end(self, p);
}

static void
where_nothing_was_to_be_read_the_broker_is_heard_first(void **state)
{
	struct memory_broker *b = broker_of_fives(1);
	struct rig r;

	(void)state;
	memory_broker_open(b, "t", 0, 0);
	rig_noting(&r, b);
	rig_open(&r);
	takes = 0;
	told_end = r.reader.heard_end;
	r.reader.heard_end = end_told_late;
	quick_take = r.reader.take;
	r.reader.take = counted_take;
	assert_int_equal(consume_run(r.consume, &r.reader, &r.err), STATUS_OK);
	assert_string_equal(noted, "5 offsets are not read: an open transaction holds back t[0] from offset 0 on" ADVICE);
	rig_end(&r);
}

static int (*quick_answer)(void *self, const struct part *p, int64_t offset);
static struct rig *asking;
static int stop_flag;

/* a far broker; during the second question a signal comes, where there may be one */
static int
late_answer(void *self, const struct part *p, int64_t offset)
{
	asking->now += 400;
	stop_flag = memory_broker_asked_again(asking->broker) == 1;
	return quick_answer(self, p, offset);
}

static void
of_many_partitions_no_more_are_asked_for_than_there_is_time_for(void **state)
{
	static const struct { bool signal; size_t asked; } cases[] = { { false, 3 }, { true, 2 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct memory_broker *b = broker_of_fives(8);
		struct rig r;

		for (int32_t p = 0; p < 8; p++)
			memory_broker_open(b, "t", p, 4);
		rig_noting(&r, b);
		if (cases[i].signal)
			r.env.stop = &stop_flag;
		stop_flag = STOP_NONE;
		asking = &r;
		rig_open(&r);
		quick_answer = r.reader.ends_at;
		r.reader.ends_at = late_answer;
		assert_int_equal(consume_run(r.consume, &r.reader, &r.err), STATUS_OK);
		assert_int_equal(memory_broker_asked_again(b), cases[i].asked);
		assert_int_equal(notes, 1);
		rig_end(&r);
	}
}

static void
nothing_is_held_back_that_was_not_to_be_read(void **state)
{
	static const struct { const char *until; int notes; } cases[] = {
		{ "3", 0 }, { "2", 0 }, { "+3", 0 }, { "4", 1 }, { "+4", 1 }, { "end", 1 },
		{ "@2", 0 }, { "@4", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct memory_broker *b = broker_of_fives(1);
		struct rig r;

		memory_broker_open(b, "t", 0, 3);
		rig_noting(&r, b);
		r.conf.exit_at_end = false;
		assert_int_equal(place_parse(&r.conf.until, str_of(cases[i].until), NOW, &r.err),
		                 0);
		assert_int_equal(rig_run(&r), STATUS_OK);
		assert_int_equal(notes, cases[i].notes);
		rig_end(&r);
	}
}

static void
a_read_that_ends_before_the_end_does_not_speak_of_it(void **state)
{
	struct memory_broker *b = broker_of_fives(1);
	struct rig r;

	(void)state;
	memory_broker_open(b, "t", 0, 3);
	rig_noting(&r, b);
	r.conf.max_messages = 2;
	assert_int_equal(rig_run(&r), STATUS_OK);
	assert_int_equal(notes, 0);
	rig_end(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_open_transaction_holds_back_is_told_at_the_end),
		cmocka_unit_test(of_many_partitions_all_are_told_at_once_and_five_by_name),
		cmocka_unit_test(where_all_is_committed_nothing_is_told_and_nobody_asked),
		cmocka_unit_test(what_comes_later_is_not_held_back),
		cmocka_unit_test(a_transaction_that_has_ended_meanwhile_holds_nothing_back),
		cmocka_unit_test(a_transaction_that_begins_later_holds_nothing_back),
		cmocka_unit_test(where_nothing_was_to_be_read_the_broker_is_heard_first),
		cmocka_unit_test(of_many_partitions_no_more_are_asked_for_than_there_is_time_for),
		cmocka_unit_test(nothing_is_held_back_that_was_not_to_be_read),
		cmocka_unit_test(a_read_that_ends_before_the_end_does_not_speak_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
