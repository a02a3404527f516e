/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of a real broker, on the embedded one: what only librdkafka itself brings about. */
#include "unit.h"

#include "kafka/mock.h"
#include "kafka/reader_rdkafka.h"

enum { PARTITIONS = 40, ROUNDS = 1500, WAIT_MS = 20 };

struct member {
	struct reader reader;
	bool          ours[PARTITIONS];         /* the partition is its slot */
	size_t        n;
};

static int
take_over(void *arg, struct part *parts, int64_t *start, size_t n, struct err *err)
{
	struct member *m = arg;

	(void)err;
	for (size_t i = 0; i < n; i++) {
		parts[i].slot = (uint32_t)parts[i].partition;
		m->ours[parts[i].partition] = true;
		start[i] = 0;
	}
	m->n += n;
	return 0;
}

static int
hand_over(void *arg, const struct part *parts, size_t n, bool lost, struct err *err)
{
	struct member *m = arg;

	(void)lost;
	(void)err;
	for (size_t i = 0; i < n; i++)
		m->ours[parts[i].partition] = false;
	m->n -= n;
	return 0;
}

static void
join(struct member *m, const struct kafka_conf *kafka)
{
	const struct reader_conf   conf = { .kafka = kafka, .group = "g", .apart = true };
	const struct reader_events events = { m, take_over, hand_over };
	const struct str           topic = STR("t");
	struct err                 err;

	assert_int_equal(reader_rdkafka(&m->reader, &conf, &err), 0);
	assert_int_equal(m->reader.subscribe(m->reader.self, &topic, 1, true, &events, &err), 0);
}

/* Look for a record of a partition that it has; where it has none let the group have its say. */
static void
look(struct member *m)
{
	uint32_t      slot = 0;
	struct record r;
	struct err    err;

	while (slot < PARTITIONS && !m->ours[slot])
		slot++;
	if (slot == PARTITIONS)
		assert_int_equal(m->reader.poll(m->reader.self, WAIT_MS, &r, &err), 0);
	else
		assert_int_equal(m->reader.take(m->reader.self, slot, WAIT_MS, &r, &err), 0);
}

static struct kafka_conf *
member_conf(const struct mock *broker)
{
	struct kafka_conf *c = kafka_conf_new();
	struct err         err;

	assert_int_equal(kafka_conf_brokers(&c, mock_brokers(broker), &err), 0);
	assert_int_equal(kafka_conf_set(&c, "partition.assignment.strategy=cooperative-sticky", &err), 0);
	/* the embedded broker misses who leaves only then */
	assert_int_equal(kafka_conf_set(&c, "session.timeout.ms=3000", &err), 0);
	assert_int_equal(kafka_conf_finish(c, &err), 0);
	return c;
}

static void
partitions_may_come_while_one_is_looked_at(void **state)
{
	struct err         err;
	struct mock       *broker = mock_start(&err);
	struct kafka_conf *conf;
	struct member      a = { .n = 0 }, b = { .n = 0 };

	(void)state;
	assert_non_null(broker);
	assert_int_equal(mock_topic(broker, STR("t:40"), &err), 0);
	conf = member_conf(broker);
	join(&a, conf);
	join(&b, conf);
	for (int i = 0; i < ROUNDS && (a.n != PARTITIONS / 2 || b.n != PARTITIONS / 2); i++) {
		look(&a);
		look(&b);
	}
	assert_int_equal(a.n, PARTITIONS / 2);
	assert_int_equal(b.n, PARTITIONS / 2);
	b.reader.close(b.reader.self);
	for (int i = 0; i < ROUNDS && a.n < PARTITIONS; i++)
		look(&a);
	assert_int_equal(a.n, PARTITIONS);
	a.reader.close(a.reader.self);
	kafka_conf_free(conf);
	mock_stop(broker);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(partitions_may_come_while_one_is_looked_at),
	};

	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
