/* SPDX-License-Identifier: Apache-2.0 */
/* How maip-consume ends when a signal comes, before its first record, too. */
#include "unit.h"

#include "consume_rig.h"

#define HELLO                                                                                      \
	"{\"_maip\":\"hello\",\"version\":1,\"job\":\"0123456789abcdef0123456789abcdef\","         \
	"\"run\":\"fedcba9876543210fedcba9876543210\",\"watermarks\":true,\"checkpoints\":false}\n"
#define END(drain) "{\"_maip\":\"end\",\"drain\":" drain "}\n"

static volatile int stop;

static int
partitions_unanswered(void *self, struct str topic, struct err *err)
{
	(void)self;
	(void)topic;
	stop = STOP_SOON;
	return fail_as(err, STATUS_RETRY, "cannot list the topics: stopped by a signal");
}

static int
commit_unanswered(void *self, bool wait, struct err *err)
{
	(void)self;
	(void)wait;
	stop = STOP_NOW;
	return fail_as(err, STATUS_RETRY, "cannot commit the group's offsets: stopped by a signal");
}

static bool
always(void *self)
{
	(void)self;
	return true;
}

struct variant {
	bool        group, watermarks, bounded, drain;
	const char *written;
};

static void
check_end(const struct variant *v, struct rig *r, enum status status)
{
	assert_int_equal(status, v->bounded && !v->drain ? STATUS_RETRY : STATUS_OK);
	assert_string_equal(r->err.msg,
	                    v->bounded && !v->drain
	                            ? "stopped by a signal before the end of what was to be read"
	                            : "");
	assert_string_equal(rig_text(r), v->written);
}

static const struct variant variants[] = {
	{ .written = "" },
	{ .group = true, .written = "" },
	{ .watermarks = true, .written = HELLO END("false") },
	{ .group = true, .watermarks = true, .written = HELLO END("false") },
	{ .watermarks = true, .drain = true, .written = HELLO END("true") },
	{ .bounded = true, .written = "" },
	{ .group = true, .bounded = true, .written = "" },
	{ .watermarks = true, .bounded = true, .written = HELLO END("false") },
	{ .watermarks = true, .bounded = true, .drain = true, .written = HELLO END("true") },
};

static void
open_variant(struct rig *r, struct memory_broker *b, const struct variant *v)
{
	stop = STOP_NONE;
	rig_init(r, b, "t");
	r->group = v->group ? "g" : NULL;
	r->conf.watermarks = v->watermarks;
	r->conf.exit_at_end = v->bounded;
	r->conf.idle_advance = v->bounded ? 0 : 1000;
	r->env.stop = &stop;
	r->env.wants_drain = v->drain ? always : NULL;
	rig_open(r);
}

static void
a_signal_while_topics_are_asked_for_ends_as_one_that_comes_later(void **state)
{
	struct memory_broker *b = memory_broker_new(1);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 2);
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		open_variant(&r, b, &variants[i]);
		r.reader.partitions = partitions_unanswered;
		check_end(&variants[i], &r, consume_run(r.consume, &r.reader, &r.err));
		rig_release(&r);
	}
	memory_broker_free(b);
}

static void
a_signal_before_there_is_a_reader_ends_as_one_that_comes_later(void **state)
{
	struct memory_broker *b = memory_broker_new(1);
	struct rig r;

	(void)state;
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		open_variant(&r, b, &variants[i]);
		assert_int_equal(consume_hello(r.consume, &r.err), STATUS_OK);
		stop = STOP_SOON;
		fail_as(&r.err, STATUS_RETRY, "stopped by a signal before Kafka answered");
		check_end(&variants[i], &r, consume_fail(r.consume, &r.err));
		rig_release(&r);
	}
	memory_broker_free(b);
}

/* Neither does a signal make another failure good. */
static void
a_broker_that_refuses_us_is_told_whatever_signal_has_come(void **state)
{
	struct memory_broker *b = memory_broker_new(1);
	struct rig r;

	(void)state;
	open_variant(&r, b, &variants[2]);
	assert_int_equal(consume_hello(r.consume, &r.err), STATUS_OK);
	stop = STOP_SOON;
	fail_as(&r.err, STATUS_DENIED, "refused");
	assert_int_equal(consume_fail(r.consume, &r.err), STATUS_DENIED);
	assert_string_equal(r.err.msg, "refused");
	assert_string_equal(rig_text(&r), HELLO);
	rig_release(&r);
	memory_broker_free(b);
}

static void
a_commit_that_was_not_waited_for_is_told(void **state)
{
	struct memory_broker *b = memory_broker_new(1);
	struct rig r;

	(void)state;
	memory_broker_topic(b, "t", 1);
	rig_put_event(b, "t", 0, 1, 1);
	open_variant(&r, b, &(struct variant){ .group = true });
	r.conf.range.from.kind = PLACE_EARLIEST;
	assert_int_equal(consume_start(r.consume, &r.reader, &r.err), 0);
	while (consume_counts(r.consume).lines == 0)
		rig_steps(&r, 1);
	r.reader.commit = commit_unanswered;
	memory_broker_rebalance(b, "g");
	while (consume_step(r.consume, 0, &r.err) > 0)
		;
	assert_int_equal(consume_fail(r.consume, &r.err), STATUS_RETRY);
	assert_string_equal(r.err.msg,
	                    "cannot commit the group's offsets: stopped by a signal");
	rig_release(&r);
	memory_broker_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_while_topics_are_asked_for_ends_as_one_that_comes_later),
		cmocka_unit_test(a_signal_before_there_is_a_reader_ends_as_one_that_comes_later),
		cmocka_unit_test(a_broker_that_refuses_us_is_told_whatever_signal_has_come),
		cmocka_unit_test(a_commit_that_was_not_waited_for_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
