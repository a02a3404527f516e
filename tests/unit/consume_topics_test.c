/* SPDX-License-Identifier: Apache-2.0 */
/* What maip-consume says of topics that are not there, or not any more, and how often it asks. */
#include "unit.h"

#include "consume_rig.h"

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
	r.conf.exit_at_end = true;
	assert_int_equal(rig_run(&r), STATUS_NOINPUT);
	assert_string_equal(r.err.msg, "no topic matches 'u*' (maip-consume --list-topics shows those there are)");
	rig_release(&r);
	rig_init(&r, b, "t");
	assert_int_equal(partitions_option(&r.conf.partitions, "1-2", &r.err), 0);
	assert_int_equal(rig_run(&r), STATUS_NOINPUT);
	assert_string_equal(r.err.msg, "topic 't' has no partition 2 (it has 0 to 1)");
	rig_release(&r);
	memory_broker_free(b);
}

/* A broker that is asked about many topics. */
static struct {
	size_t      lists, names;       /* questions */
	/* what they end with; OK: there is no topic t.7, and t.5 is hidden */
	enum status list, name;
	int        *stop;               /* set by a question; NULL: none is */
} asked;

static int
list_topics(void *self, struct str **names, size_t *n, struct err *err)
{
	static struct str some[] = { { "t.0", 3 }, { "t.1", 3 }, { "t.2", 3 }, { "t.3", 3 },
		                     { "t.4", 3 }, { "t.6", 3 }, { "t.8", 3 } };

	(void)self;
	asked.lists++;
	*names = some;
	*n = sizeof(some) / sizeof(some[0]);
	return asked.list == STATUS_OK ? 0 : fail_as(err, asked.list, "nobody answers");
}

static int
count_partitions(void *self, struct str topic, struct err *err)
{
	(void)self;
	asked.names++;
	if (asked.stop != NULL)
		*asked.stop = STOP_SOON;
	if (asked.name != STATUS_OK)
		return fail_as(err, asked.name, "nobody answers");
	return str_eq(topic, STR("t.7")) ? fail_as(err, STATUS_NOINPUT, "no topic t.7") : 1;
}

/* A member of a group that reads so many topics. */
static void
read_many(struct rig *r, struct memory_broker *b, int topics)
{
	for (int i = 0; i < topics; i++) {
		char name[20];

		snprintf(name, sizeof(name), "t.%d", i);
		memory_broker_topic(b, name, 2);
	}
	rig_init(r, b, "t.*");
	r->group = "g";
	r->conf.look_every = 1000;
	rig_start(r);
	rig_steps(r, 2);
	r->reader.topics = list_topics;
	r->reader.partitions = count_partitions;
	r->now += 1000;
}

static void
a_broker_that_does_not_answer_is_not_asked_for_each_topic(void **state)
{
	static const struct { int topics; enum status list, name; size_t lists, names; } cases[] = {
		{ 9, STATUS_UNAVAILABLE, STATUS_UNAVAILABLE, 1, 1 },
		{ 9, STATUS_OK, STATUS_UNAVAILABLE, 1, 1 },     /* of t.5 */
		{ 7, STATUS_OK, STATUS_OK, 1, 1 },
		{ 5, STATUS_OK, STATUS_OK, 1, 0 },
		{ 1, STATUS_OK, STATUS_UNAVAILABLE, 0, 1 },
		{ 1, STATUS_OK, STATUS_OK, 0, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct memory_broker *b = memory_broker_new(5);
		struct rig r;

		memset(&asked, 0, sizeof(asked));
		asked.list = cases[i].list;
		asked.name = cases[i].name;
		read_many(&r, b, cases[i].topics);
		rig_steps(&r, 2);
		assert_int_equal(asked.lists, cases[i].lists);
		assert_int_equal(asked.names, cases[i].names);
		rig_release(&r);
		memory_broker_free(b);
	}
}

static void
of_many_topics_one_that_is_gone_is_told_and_one_that_is_hidden_is_not(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	struct rig r;

	(void)state;
	memset(&asked, 0, sizeof(asked));
	read_many(&r, b, 9);
	assert_int_equal(consume_step(r.consume, 0, &r.err), -1);
	assert_int_equal(r.err.status, STATUS_NOINPUT);
	assert_string_equal(r.err.msg, "topic 't.7' is not there any more: it was deleted while it was read");
	rig_release(&r);
	memory_broker_free(b);
}

/* Of a broker that is far away, and hides most topics from lists. */
static void
a_signal_ends_the_questions(void **state)
{
	struct memory_broker *b = memory_broker_new(5);
	int stop = STOP_NONE;
	struct rig r;

	(void)state;
	memset(&asked, 0, sizeof(asked));
	read_many(&r, b, 20);
	r.env.stop = &stop;
	asked.stop = &stop;
	rig_steps(&r, 1);
	assert_int_equal(asked.names, 1);
	rig_release(&r);
	memory_broker_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_topic_or_partition_that_is_not_there_is_told),
		cmocka_unit_test(a_broker_that_does_not_answer_is_not_asked_for_each_topic),
		cmocka_unit_test(
			of_many_topics_one_that_is_gone_is_told_and_one_that_is_hidden_is_not),
		cmocka_unit_test(a_signal_ends_the_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
