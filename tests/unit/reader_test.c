/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of a real broker, on the embedded one: what only librdkafka itself brings about. */
#include "unit.h"

#include <syslog.h>
#include <time.h>

#include "kafka/reader_parts.h"
#include "kafka/writer_rdkafka.h"
#include "mock_faults.h"
#include "stream/pipe.h"

enum { PARTITIONS = 40, ROUNDS = 1500, WAIT_MS = 20 };

/* Slot 0 is a partition that was taken before the group had its say. */
static int
take_over(void *arg, struct part *parts, int64_t *start, size_t n, struct err *err)
{
	(void)err;
	for (size_t i = 0; i < n; i++) {
		parts[i].slot = (uint32_t)parts[i].partition + 1;
		start[i] = 0;
	}
	*(size_t *)arg += n;
	return 0;
}

static int
hand_over(void *arg, const struct part *parts, size_t n, bool lost, struct err *err)
{
	(void)parts;
	(void)lost;
	(void)err;
	*(size_t *)arg -= n;
	return 0;
}

static struct kafka_conf *
member_conf(const struct mock *broker)
{
	struct kafka_conf *c = kafka_conf_new();
	struct err         err;

	assert_int_equal(kafka_conf_brokers(&c, mock_brokers(broker), &err), 0);
	/* what is read already stays when more comes */
	assert_int_equal(kafka_conf_set(&c, "partition.assignment.strategy=cooperative-sticky", &err), 0);
	assert_int_equal(kafka_conf_timeout(&c, "1s", &err), 0);
	assert_int_equal(kafka_conf_finish(c, &err), 0);
	return c;
}

static void
partitions_may_come_while_one_is_looked_at(void **state)
{
	struct err                 err;
	struct mock               *broker = mock_start(1, &err);
	struct kafka_conf         *kafka;
	size_t                     given = 0;
	struct reader              reader;
	struct record              r;
	const struct reader_events events = { &given, take_over, hand_over };
	const struct part          first = { .topic = STR("first"), .partition = 0, .slot = 0 };
	const struct str           topic = STR("t");

	(void)state;
	assert_non_null(broker);
	assert_int_equal(mock_topic(broker, STR("first:1"), &err), 0);
	assert_int_equal(mock_topic(broker, STR("t:40"), &err), 0);
	kafka = member_conf(broker);
	assert_int_equal(
		reader_rdkafka(&reader,
	                       &(struct reader_conf){ .kafka = kafka, .group = "g", .apart = true },
	                       &err),
		0);
	assert_int_equal(reader.subscribe(reader.self, &topic, 1, true, &events, &err), 0);
	assert_int_equal(reader.assign(reader.self, &first, &(int64_t){ 0 }, 1, true, &err), 0);
	for (int i = 0; i < ROUNDS && given < PARTITIONS; i++)
		assert_int_equal(reader.take(reader.self, first.slot, WAIT_MS, &r, &err), 0);
	assert_int_equal(given, PARTITIONS);
	for (uint32_t slot = 0; slot <= PARTITIONS; slot++)
		assert_int_equal(reader.take(reader.self, slot, 0, &r, &err), 0);
	reader.close(reader.self);
	kafka_conf_free(kafka);
	mock_stop(broker);
}

static void
count_delivered(void *arg, uint64_t tag, const struct record *r, const struct err *why)
{
	(void)tag;
	(void)r;
	*(int *)arg += why == NULL;
}

static void
write_three(const struct kafka_conf *kafka)
{
	int                        delivered = 0;
	const struct writer_events events = { .arg = &delivered, .report = count_delivered };
	const struct record        r = { .topic = STR("t"), .partition = 0, .timestamp = -1,
		                         .value = STR("{}") };
	struct writer              writer;
	struct err                 err;

	/* in one batch, so that who has one of them has all */
	assert_int_equal(writer_rdkafka(&writer,
	                                &(struct writer_conf){ .kafka = kafka, .linger = 1000 },
	                                &events, &err),
	                 0);
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(writer.send(writer.self, &r, i, &err), 1);
	assert_int_equal(writer.flush(writer.self, 60000, &err), 1);
	assert_int_equal(delivered, 3);
	writer.close(writer.self);
}

static bool
got_one(struct reader *reader, struct record *r)
{
	struct err err;
	int        got = 0;

	for (int i = 0; i < ROUNDS && got == 0; i++)
		got = reader->poll(reader->self, WAIT_MS, r, &err);
	return got > 0;
}

/* When the answer does not come, events are looked for: no record may be lost to that. */
static void
to_ask_for_what_is_committed_drops_no_record(void **state)
{
	const struct part  first = { .topic = STR("t"), .partition = 0, .slot = 0 };
	struct err         err;
	struct mock       *broker = mock_start(1, &err);
	struct kafka_conf *kafka;
	struct reader      reader;
	struct record      r;
	int64_t            offset;
	int                i;

	(void)state;
	assert_non_null(broker);
	assert_int_equal(mock_topic(broker, STR("t:1"), &err), 0);
	kafka = member_conf(broker);
	write_three(kafka);
	assert_int_equal(
		reader_rdkafka(&reader, &(struct reader_conf){ .kafka = kafka, .group = "g" }, &err),
		0);
	assert_int_equal(reader.assign(reader.self, &first, &(int64_t){ 0 }, 1, false, &err), 0);
	assert_true(got_one(&reader, &r));
	assert_int_equal(r.offset, 0);
	mock_set_down(broker, 1, true);
	/* until patience is at its end, so that the question is not asked for long */
	for (i = 0; i < ROUNDS && reader.serve(reader.self, &err) == 0; i++)
		nanosleep(&(struct timespec){ .tv_nsec = WAIT_MS * 1000000 }, NULL);
	assert_true(i < ROUNDS);
	assert_int_equal(reader.committed(reader.self, &first, &offset, &err), -1);
	assert_true(got_one(&reader, &r));
	assert_int_equal(r.offset, 1);
	reader.close(reader.self);
	kafka_conf_free(kafka);
	mock_stop(broker);
}

static bool
took_one(struct reader *reader, uint32_t slot, struct record *r)
{
	struct err err;
	int        got = 0;

	for (int i = 0; i < ROUNDS && got == 0; i++)
		got = reader->take(reader->self, slot, WAIT_MS, r, &err);
	return got > 0;
}

static void
join(struct reader *reader, const struct kafka_conf *kafka, const struct reader_events *events)
{
	const struct str topic = STR("t");
	struct err       err;

	assert_int_equal(
		reader_rdkafka(reader,
	                       &(struct reader_conf){ .kafka = kafka, .group = "g", .apart = true },
	                       &err),
		0);
	assert_int_equal(reader->subscribe(reader->self, &topic, 1, true, events, &err), 0);
}

/* As if a member came, and the group took everything away, and gave it again. */
static void
a_partition_that_was_dropped_is_read_when_the_group_gives_it_again(void **state)
{
	const struct part          part = { .topic = STR("t"), .partition = 0, .slot = 1 };
	size_t                     given = 0, given_other = 0;
	const struct reader_events events = { &given, take_over, hand_over },
	                           of_other = { &given_other, take_over, hand_over };
	struct err                 err;
	struct mock               *broker = mock_start(1, &err);
	struct kafka_conf         *kafka = kafka_conf_new();
	struct reader              reader, other;
	struct record              r;

	(void)state;
	assert_non_null(broker);
	assert_int_equal(mock_topic(broker, STR("t:2"), &err), 0);
	assert_int_equal(kafka_conf_brokers(&kafka, mock_brokers(broker), &err), 0);
	/* the embedded broker waits for members for almost as long as a session */
	assert_int_equal(kafka_conf_set(&kafka, "session.timeout.ms=3000", &err), 0);
	assert_int_equal(kafka_conf_set(&kafka, "heartbeat.interval.ms=100", &err), 0);
	assert_int_equal(kafka_conf_finish(kafka, &err), 0);
	write_three(kafka);
	join(&reader, kafka, &events);
	for (int i = 0; i < ROUNDS && given < 2; i++)
		assert_int_equal(reader.poll(reader.self, WAIT_MS, &r, &err), 0);
	assert_true(took_one(&reader, part.slot, &r));
	assert_int_equal(reader.drop(reader.self, &part, &err), 0);
	join(&other, kafka, &of_other);
	for (int i = 0; i < ROUNDS && (given != 1 || given_other != 1); i++) {
		assert_int_equal(reader.poll(reader.self, WAIT_MS, &r, &err), 0);
		assert_int_equal(other.poll(other.self, WAIT_MS, &r, &err), 0);
	}
	assert_int_equal(given, 1);
	other.close(other.self);
	for (int i = 0; i < ROUNDS && given < 2; i++)
		assert_int_equal(reader.poll(reader.self, WAIT_MS, &r, &err), 0);
	assert_int_equal(given, 2);
	assert_true(took_one(&reader, part.slot, &r));
	assert_int_equal(r.offset, 0);
	reader.close(reader.self);
	kafka_conf_free(kafka);
	mock_stop(broker);
}

static int
refuse(void *arg, struct part *parts, int64_t *start, size_t n, struct err *err)
{
	(void)arg;
	(void)parts;
	(void)start;
	return fail_as(err, STATUS_CONFIG, "none of the %zu", n);
}

/* Valgrind sees here whether what the group gave is freed. */
static void
partitions_that_the_owner_cannot_take_are_told_and_not_taken(void **state)
{
	size_t                     given = 0;
	const struct reader_events events = { &given, refuse, hand_over };
	const struct part          part = { .topic = STR("t") };
	struct err                 err;
	struct mock               *broker = mock_start(1, &err);
	struct kafka_conf         *kafka;
	struct reader              reader;
	struct record              r;
	int                        i;

	(void)state;
	assert_non_null(broker);
	assert_int_equal(mock_topic(broker, STR("t:3"), &err), 0);
	kafka = member_conf(broker);
	join(&reader, kafka, &events);
	for (i = 0; i < ROUNDS && reader.poll(reader.self, WAIT_MS, &r, &err) == 0; i++)
		;
	assert_true(i < ROUNDS);
	assert_int_equal(err.status, STATUS_CONFIG);
	assert_string_equal(err.msg, "none of the 3");
	assert_int_equal(reader.store(reader.self, &part, 1, &err), -1);
	reader.close(reader.self);
	kafka_conf_free(kafka);
	mock_stop(broker);
}

/* Takes the first partition, and wants nothing of it. */
static int
take_and_drop(void *arg, struct part *parts, int64_t *start, size_t n, struct err *err)
{
	struct reader *reader = arg;

	for (size_t i = 0; i < n; i++) {
		parts[i].slot = (uint32_t)parts[i].partition;
		start[i] = 0;
		if (parts[i].partition == 0)
			assert_int_equal(reader->drop(reader->self, &parts[i], err), 0);
	}
	return 0;
}

static int
ignore_hand_over(void *arg, const struct part *parts, size_t n, bool lost, struct err *err)
{
	(void)arg;
	(void)parts;
	(void)n;
	(void)lost;
	(void)err;
	return 0;
}

static void
a_partition_that_was_dropped_when_it_was_given_is_not_missed(void **state)
{
	struct err                 err;
	struct mock               *broker = mock_start(1, &err);
	struct kafka_conf         *kafka;
	struct reader              reader;
	struct record              r;
	const struct reader_events events = { &reader, take_and_drop, ignore_hand_over };

	(void)state;
	assert_non_null(broker);
	assert_int_equal(mock_topic(broker, STR("t:2"), &err), 0);
	kafka = member_conf(broker);
	join(&reader, kafka, &events);
	for (int i = 0; i < ROUNDS && ((struct kafka_reader *)reader.self)->n_feeds < 2; i++)
		assert_int_equal(reader.poll(reader.self, WAIT_MS, &r, &err), 0);
	reader_gone(reader.self, STR("t"), 0);
	assert_int_equal(reader.poll(reader.self, 0, &r, &err), 0);
	reader_gone(reader.self, STR("t"), 1);
	assert_int_equal(reader.poll(reader.self, 0, &r, &err), -1);
	assert_int_equal(err.status, STATUS_NOINPUT);
	reader.close(reader.self);
	kafka_conf_free(kafka);
	mock_stop(broker);
}

/* It comes while the output is blocked, and who serves the group then does not end the run. */
static void
trouble_that_comes_while_the_group_is_served_is_told_by_the_next_poll(void **state)
{
	size_t                     given = 0;
	const struct reader_events events = { &given, take_over, hand_over };
	struct err                 err, again;
	struct mock               *broker = mock_start(1, &err);
	struct kafka_conf         *kafka;
	struct reader              reader;
	struct record              r;
	int                        i;

	(void)state;
	assert_non_null(broker);
	assert_int_equal(mock_topic(broker, STR("t:1"), &err), 0);
	kafka = member_conf(broker);
	mock_fail(broker, 11, 30, 1, 0);        /* JoinGroup: not authorized; the next one is */
	join(&reader, kafka, &events);
	for (i = 0; i < ROUNDS && reader.serve(reader.self, &err) == 0; i++)
		nanosleep(&(struct timespec){ .tv_nsec = WAIT_MS * 1000000 }, NULL);
	assert_true(i < ROUNDS);
	assert_int_equal(err.status, STATUS_DENIED);
	assert_int_equal(reader.poll(reader.self, 0, &r, &again), -1);
	assert_string_equal(again.msg, err.msg);
	reader.close(reader.self);
	kafka_conf_free(kafka);
	mock_stop(broker);
}

/* ---- silence */

struct silent {                         /* two brokers, of which the first leads t[0] */
	struct mock       *broker;
	struct kafka_conf *kafka;
	struct reader      reader;
	char               told[700];   /* the last warning */
	int                warnings;
};

static void
keep_warning(void *arg, int level, const char *text)
{
	struct silent *s = arg;

	if (level != LOG_WARNING)
		return;
	snprintf(s->told, sizeof(s->told), "%s", text);
	s->warnings++;
}

/* Reads both partitions of t to their ends, and loses the broker of the first. */
static void
lose_one(struct silent *s, const char *property)
{
	const struct part  both[] = { { STR("t"), 0, 0 }, { STR("t"), 1, 1 } };
	const int64_t      offsets[] = { 0, 0 };
	struct reader_conf conf = { .watch = { .log = keep_warning, .log_arg = s } };
	struct record      r;
	struct err         err;

	*s = (struct silent){ .broker = mock_start(2, &err), .kafka = kafka_conf_new() };
	assert_non_null(s->broker);
	assert_int_equal(mock_topic(s->broker, STR("t:2"), &err), 0);
	assert_int_equal(kafka_conf_brokers(&s->kafka, mock_brokers(s->broker), &err), 0);
	assert_int_equal(kafka_conf_set(&s->kafka, property, &err), 0);
	assert_int_equal(kafka_conf_set(&s->kafka, "reconnect.backoff.max.ms=200", &err), 0);
	assert_int_equal(kafka_conf_finish(s->kafka, &err), 0);
	write_three(s->kafka);
	conf.kafka = s->kafka;
	assert_int_equal(reader_rdkafka(&s->reader, &conf, &err), 0);
	assert_int_equal(s->reader.assign(s->reader.self, both, offsets, 2, false, &err), 0);
	for (int i = 0; i < 3; i++)
		assert_true(got_one(&s->reader, &r));
	assert_true(s->reader.in_touch(s->reader.self, NULL));
	mock_set_down(s->broker, 1, true);
	for (int i = 0; i < ROUNDS && s->reader.in_touch(s->reader.self, NULL); i++)
		assert_int_equal(s->reader.poll(s->reader.self, WAIT_MS, &r, &err), 0);
	assert_false(s->reader.in_touch(s->reader.self, &both[0]));
}

static void
silent_end(struct silent *s)
{
	s->reader.close(s->reader.self);
	kafka_conf_free(s->kafka);
	mock_stop(s->broker);
}

static void
a_broker_that_holds_fetches_for_long_is_in_touch_again_all_the_same(void **state)
{
	struct silent s;
	struct record r;
	struct err    err;

	(void)state;
	lose_one(&s, "fetch.wait.max.ms=2000");
	mock_set_down(s.broker, 1, false);
	for (int i = 0; i < ROUNDS && !s.reader.in_touch(s.reader.self, NULL); i++)
		assert_int_equal(s.reader.poll(s.reader.self, WAIT_MS, &r, &err), 0);
	assert_true(s.reader.in_touch(s.reader.self, NULL));
	silent_end(&s);
}

static void
a_partition_whose_broker_does_not_answer_is_told_once(void **state)
{
	struct silent     s;
	struct record     r;
	struct err        err;

	(void)state;
	lose_one(&s, "fetch.wait.max.ms=100");
	for (int i = 0, after = 0; i < ROUNDS && after < ROUNDS / 5; i++) {
		after += s.warnings > 0;
		assert_int_equal(s.reader.poll(s.reader.self, WAIT_MS, &r, &err), 0);
		(void)s.reader.in_touch(s.reader.self, NULL);
	}
	assert_string_equal(s.told, "no answer for t[0] since a connection was lost: watermarks, and "
	                            "with them windows, wait until the broker that leads it answers "
	                            "(is it up, and does it answer within 900 ms?)");
	assert_int_equal(s.warnings, 1);
	silent_end(&s);
}

/* Whose leader changes is asked again, until a signal comes. */
static void
a_question_that_a_signal_interrupts_is_no_failure_of_the_broker(void **state)
{
	enum { LIST_OFFSETS = 2, NOT_LEADER = 6 };
	volatile int       stop = STOP_NONE;
	const struct part  part = { .topic = STR("t") };
	struct reader_conf conf = { .watch = { .stop = &stop } };
	struct err         err;
	struct mock       *broker = mock_start(1, &err);
	struct kafka_conf *kafka;
	struct reader      reader;
	int64_t            first, next;

	(void)state;
	assert_non_null(broker);
	assert_int_equal(mock_topic(broker, STR("t:1"), &err), 0);
	conf.kafka = kafka = member_conf(broker);
	assert_int_equal(reader_rdkafka(&reader, &conf, &err), 0);
	mock_fail(broker, LIST_OFFSETS, NOT_LEADER, 3, 0);
	assert_int_equal(reader.ends(reader.self, &part, &first, &next, &err), 0);
	mock_fail(broker, LIST_OFFSETS, NOT_LEADER, 1000, 0);
	stop = STOP_SOON;
	assert_int_equal(reader.ends(reader.self, &part, &first, &next, &err), -1);
	assert_int_equal(err.status, STATUS_RETRY);
	assert_string_equal(err.msg, "cannot ask for the ends of t[0]: stopped by a signal");
	assert_int_equal(reader.offset_at(reader.self, &part, 1, &next, &err), -1);
	assert_int_equal(err.status, STATUS_RETRY);
	reader.close(reader.self);
	kafka_conf_free(kafka);
	mock_stop(broker);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(partitions_may_come_while_one_is_looked_at),
		cmocka_unit_test(partitions_that_the_owner_cannot_take_are_told_and_not_taken),
		cmocka_unit_test(to_ask_for_what_is_committed_drops_no_record),
		cmocka_unit_test(
			trouble_that_comes_while_the_group_is_served_is_told_by_the_next_poll),
		cmocka_unit_test(a_partition_that_was_dropped_when_it_was_given_is_not_missed),
		cmocka_unit_test(
			a_broker_that_holds_fetches_for_long_is_in_touch_again_all_the_same),
		cmocka_unit_test(a_partition_whose_broker_does_not_answer_is_told_once),
		cmocka_unit_test(a_question_that_a_signal_interrupts_is_no_failure_of_the_broker),
		cmocka_unit_test(
			a_partition_that_was_dropped_is_read_when_the_group_gives_it_again),
	};

	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
