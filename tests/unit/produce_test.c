/* SPDX-License-Identifier: Apache-2.0 */
/* Sending and its account, over a writer whose queue and luck the test decides. */
#include "unit.h"

#include "base/time.h"
#include "kafka/produce.h"
#include "stream/pipe.h"

enum { SENT_MAX = 256 };

struct sent {
	uint64_t tag;
	char     value[64];
	bool     pending;
};

struct fixture {
	/* the writer */
	struct writer_events events;
	struct sent sent[SENT_MAX];
	size_t      n_sent, room;       /* room: records that the queue takes before it is full */
	const char *refuse, *lose;      /* values that are refused by send, or given up later */
	bool        has_topic, dies;    /* dies: the next poll or flush is fatal */
	bool        refused;            /* the next poll tells that the password is not good */
	bool        keeps;              /* gives nothing up */
	/* behind a record that was lost nothing is reported, as in a transaction */
	bool        halts;
	bool        fenced;             /* what is given up was refused for a newer run's sake */
	bool        maybe;              /* what is given up may have arrived */
	bool        deaf;               /* nobody hears the abort */
	enum writer_commit committed;
	int         polls, commits, aborts, begins;
	int         stop_after;         /* set stop when so many polls have been ... */
	bool        stop_twice;         /* ... and again at the next */
	bool        acknowledge;        /* poll and flush deliver what is pending ... */
	bool        slow;               /* ... one at a time */

	/* the run */
	struct route_conf   route;
	struct produce_conf conf;
	struct produce     *produce;
	struct out          out, letters, receipts;
	struct buf          out_bytes, letter_bytes, receipt_bytes;
	struct bad_records  bad;
	struct str          input;
	int                 stop;
	int64_t             now_ns;
	struct err          err;
	struct err          ended;      /* why pipe_run did */
};

/* ---- the fake writer */

static void
settle(struct fixture *f, struct sent *s, const char *why)
{
	const struct record r = { .topic = STR("t"),
		                  .partition = 1,
		                  .offset = why == NULL ? (int64_t)(s - f->sent) : -1,
		                  .timestamp = 5,
		                  .timestamp_type = TS_CREATE,
		                  .value = str_of(s->value) };
	struct err err;

	if (!s->pending)
		return;
	s->pending = false;
	if (why == NULL) {
		f->events.report(f->events.arg, s->tag, &r, NULL);
		return;
	}
	fail_as(&err,
	        f->fenced  ? STATUS_FENCED
	        : f->maybe ? STATUS_UNAVAILABLE
	                   : STATUS_IO,
	        "%s", why);
	f->events.report(f->events.arg, s->tag, &r, &err);
}

static size_t
pending(const struct fixture *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n_sent; i++)
		n += f->sent[i].pending;
	return n;
}

static int
fake_partitions(void *self, struct str topic, struct err *err)
{
	struct fixture *f = self;

	(void)topic;
	return f->has_topic ? 4 : fail_as(err, STATUS_NOINPUT, "there is no topic");
}

static int
fake_send(void *self, const struct record *r, uint64_t tag, struct err *err)
{
	struct fixture *f = self;
	struct sent    *s = &f->sent[f->n_sent];

	if (f->refuse != NULL && str_eq(r->value, str_of(f->refuse)))
		return fail_as(err, STATUS_IO, "too large");
	if (pending(f) == f->room)
		return 0;
	assert_true(f->n_sent < SENT_MAX);
	assert_true(r->value.n < sizeof(s->value));
	*s = (struct sent){ .tag = tag, .pending = true };
	memcpy(s->value, r->value.p, r->value.n);
	f->n_sent++;
	return 1;
}

static int
fake_poll(void *self, int64_t wait_ms, struct err *err)
{
	struct fixture *f = self;

	f->now_ns += wait_ms * 1000000;
	if (wait_ms > 0)
		f->polls++;
	if (wait_ms > 0 && f->stop_after > 0 &&
	    (f->polls == f->stop_after || (f->stop_twice && f->polls == f->stop_after + 1)))
		f->stop = f->stop == STOP_NONE ? STOP_SOON : STOP_NOW;
	if (f->dies && wait_ms > 0)
		return fail_as(err, STATUS_UNAVAILABLE, "no broker");
	if (f->refused)
		return fail_as(err, STATUS_DENIED, "not that password");
	for (size_t i = 0; wait_ms > 0 && f->acknowledge && i < f->n_sent; i++) {
		const bool lost = f->lose != NULL && strcmp(f->sent[i].value, f->lose) == 0;

		if (!f->sent[i].pending)
			continue;
		settle(f, &f->sent[i], lost ? "timed out" : NULL);
		if ((lost && f->halts) || f->slow)
			break;
	}
	return 0;
}

static int
fake_flush(void *self, int64_t wait_ms, struct err *err)
{
	return fake_poll(self, wait_ms, err) < 0 ? -1 : pending(self) == 0;
}

static void
fake_give_up(void *self, const struct err *why)
{
	struct fixture *f = self;

	for (size_t i = 0; i < f->n_sent && !f->keeps; i++)
		settle(f, &f->sent[i], why->msg);
}

static int
fake_begin(void *self, struct err *err)
{
	(void)err;
	((struct fixture *)self)->begins++;
	return 0;
}

static enum writer_commit
fake_commit(void *self, struct err *err)
{
	struct fixture *f = self;

	assert_int_equal(pending(self), 0);
	f->commits++;
	if (f->committed != COMMIT_DONE)
		fail_as(err, STATUS_UNAVAILABLE, "no answer");
	return f->committed;
}

static int
fake_abort(void *self, struct err *err)
{
	struct fixture *f = self;

	fake_give_up(self, &(struct err){ .msg = "aborted" });
	f->aborts++;
	return f->deaf ? fail_as(err, STATUS_UNAVAILABLE, "readers wait") : 0;
}

/* ---- the run */

static int64_t
append(void *self, const char *p, size_t n, struct err *err)
{
	(void)err;
	buf_add(self, p, n);
	return (int64_t)n;
}

static int64_t
read_input(void *self, char *p, size_t n, struct err *err)
{
	struct fixture *f = self;
	size_t          take = f->input.n < n ? f->input.n : n;

	(void)err;
	memcpy(p, f->input.p, take);
	f->input = str_slice(f->input, take, f->input.n);
	return (int64_t)take;
}

static int64_t
clock_ms(void *self)
{
	return ((struct fixture *)self)->now_ns / 1000000;
}

static int64_t
clock_ns(void *self)
{
	return ((struct fixture *)self)->now_ns;
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	buf_init(&f->out_bytes, BUF_NO_MAX);
	buf_init(&f->letter_bytes, BUF_NO_MAX);
	buf_init(&f->receipt_bytes, BUF_NO_MAX);
	out_init(&f->out, &(struct sink){ .self = &f->out_bytes, .write = append });
	out_init(&f->letters, &(struct sink){ .self = &f->letter_bytes, .write = append });
	out_init(&f->receipts, &(struct sink){ .self = &f->receipt_bytes, .write = append });
	f->room = SENT_MAX;
	f->has_topic = f->acknowledge = true;
	f->route = (struct route_conf){ .form = ROUTE_TEXT, .topic = "t" };
	f->conf = (struct produce_conf){ .topic = "t",
		                         .grace = 1000,
		                         .stop = &f->stop,
		                         .clock_ms = clock_ms,
		                         .clock_ns = clock_ns,
		                         .clock_self = f };
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	produce_free(f->produce);
	route_free(f->conf.route);
	out_release(&f->out);
	out_release(&f->letters);
	out_release(&f->receipts);
	buf_release(&f->out_bytes);
	buf_release(&f->letter_bytes);
	buf_release(&f->receipt_bytes);
	free(f);
	return 0;
}

static const struct writer plain = {
	.partitions = fake_partitions,
	.send = fake_send,
	.poll = fake_poll,
	.flush = fake_flush,
	.give_up = fake_give_up,
};

static enum status
run_with(struct fixture *f, const struct writer *kind, const char *input)
{
	struct pipe_env env = {
		.clock_ms = clock_ms, .clock_ns = clock_ns, .clock_self = f, .stop = &f->stop
	};
	struct pipe_input in = { .source = { .self = f, .read = read_input } };
	struct writer     w = *kind;
	struct stage      stage;
	enum status       status;

	w.self = f;
	f->conf.route = route_new(&f->route, &f->err);
	assert_non_null(f->conf.route);
	f->produce = produce_new(&f->conf);
	f->events = produce_events(f->produce);
	if (produce_connect(f->produce, &w, &f->err) < 0)
		return f->err.status;
	stage = produce_stage(f->produce);
	f->input = str_of(input);
	status = pipe_run(&stage, &in, 1, &f->bad, &f->out, &env, &f->err);
	f->ended = f->err;
	status = produce_end(f->produce, bad_finish(&f->bad, status), &f->err);
	out_flush(&f->letters);
	out_flush(&f->receipts);
	return status;
}

static enum status
run(struct fixture *f, const char *input)
{
	return run_with(f, &plain, input);
}

static void
assert_bytes(const struct buf *b, const char *expected)
{
	assert_int_equal(b->n, strlen(expected));
	if (b->n > 0)
		assert_memory_equal(b->p, expected, b->n);
}

static void
assert_counts(struct fixture *f, uint64_t taken, uint64_t delivered, uint64_t failed)
{
	struct produce_counts c = produce_counts(f->produce);

	assert_int_equal(c.taken, taken);
	assert_int_equal(c.delivered, delivered);
	assert_int_equal(c.failed, failed);
}

/* ---- tests */

static void
every_line_is_sent_and_waited_for(void **state)
{
	struct fixture *f = *state;

	f->conf.receipts = &f->receipts;
	assert_int_equal(run(f, "a\nb\nc"), STATUS_OK);
	assert_counts(f, 3, 3, 0);
	assert_string_equal(f->err.msg, "");
	assert_string_equal(f->sent[2].value, "c");
	assert_bytes(&f->out_bytes, "");
	assert_bytes(&f->receipt_bytes,
		"{\"line\":1,\"topic\":\"t\",\"partition\":1,\"offset\":\"0\"}\n"
		"{\"line\":2,\"topic\":\"t\",\"partition\":1,\"offset\":\"1\"}\n"
		"{\"line\":3,\"topic\":\"t\",\"partition\":1,\"offset\":\"2\"}\n");
}

static void
a_full_queue_holds_the_input_back_and_loses_nothing(void **state)
{
	struct fixture *f = *state;

	f->room = 2;
	assert_int_equal(run(f, "1\n2\n3\n4\n5\n6\n7\n"), STATUS_OK);
	assert_counts(f, 7, 7, 0);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(f->sent[i].value[0], '1' + (char)i);
}

static void
a_topic_that_is_not_there_is_told_before_anything_is_read(void **state)
{
	struct fixture *f = *state;

	f->has_topic = false;
	assert_int_equal(run(f, "a\n"), STATUS_IO);
	assert_string_equal(f->err.msg, "there is no topic");
	assert_int_equal(f->input.n, 0);
	assert_counts(f, 0, 0, 0);
}

static void
a_record_that_is_not_delivered_ends_the_run(void **state)
{
	struct fixture *f = *state;

	f->refuse = "b";
	assert_int_equal(run(f, "a\nb\nc\n"), STATUS_IO);
	assert_counts(f, 2, 1, 1);
	assert_string_equal(f->err.msg, "1 of 2 records not delivered, the first: line 2 to 't': too large");
}

static void
with_dead_letters_the_run_goes_on(void **state)
{
	struct fixture *f = *state;

	f->conf.letters = &f->letters;
	f->refuse = "b";
	f->lose = "c";
	assert_int_equal(run(f, "a\nb\nc\nd\n"), STATUS_IO);
	assert_counts(f, 4, 2, 2);
	assert_string_equal(f->err.msg, "2 of 4 records not delivered, the first: line 2 to 't': too large");
	assert_bytes(&f->letter_bytes,
		"{\"topic\":\"t\",\"partition\":null,\"offset\":null,\"timestamp\":null,\"timestampType\":\"none\",\"key\":null,"
		"\"headers\":[],\"value_text\":\"b\",\"error\":\"too large\"}\n"
		"{\"topic\":\"t\",\"partition\":1,\"offset\":null,\"timestamp\":5,\"timestampType\":\"create\",\"key\":null,"
		"\"headers\":[],\"value_text\":\"c\",\"error\":\"timed out\"}\n");
}

static struct err gave_up;

static void
keep_gave_up(const struct err *why)
{
	assert_string_equal(gave_up.msg, "");           /* it is told once */
	gave_up = *why;
}

static void
when_no_broker_is_left_the_rest_becomes_dead_letters(void **state)
{
	struct fixture *f = *state;
	size_t          lines = 0;

	f->conf.letters = &f->letters;
	f->conf.gave_up = keep_gave_up;
	f->room = 2;
	f->dies = true;
	assert_int_equal(run(f, "1\n2\n3\n4\n5\n"), STATUS_IO);
	assert_counts(f, 5, 0, 5);
	for (size_t i = 0; i < f->letter_bytes.n; i++)
		lines += f->letter_bytes.p[i] == '\n';
	assert_int_equal(lines, 5);
	assert_string_equal(gave_up.msg, "no broker");
	assert_string_equal(f->err.msg, "5 of 5 records not delivered, the first: line 1 to 't': no broker");
}

static void
what_was_not_even_given_up_is_not_delivered(void **state)
{
	struct fixture *f = *state;

	f->dies = f->keeps = true;
	assert_int_equal(run(f, "a\nb\n"), STATUS_IO);
	assert_counts(f, 2, 0, 0);
	assert_string_equal(f->err.msg, "nothing is known of 2 of 2 records: no broker");
}

static void
a_writer_that_is_beyond_help_ends_an_idle_run_in_its_own_words(void **state)
{
	struct fixture *f = *state;

	f->refused = true;
	assert_int_equal(run(f, "a\nb\n"), STATUS_DENIED);
	assert_counts(f, 0, 0, 0);
	assert_string_equal(f->ended.msg, "not that password");
	assert_string_equal(f->err.msg, "");
}

static void
a_stop_waits_for_what_is_in_flight_but_not_for_ever(void **state)
{
	struct fixture *f = *state;

	f->room = 2;
	f->acknowledge = false;
	f->stop_after = 3;
	assert_int_equal(run(f, "1\n2\n3\n"), STATUS_IO);
	assert_true(f->now_ns >= 1000 * 1000000LL);
	assert_true(f->now_ns <= 1600 * 1000000LL);
	assert_string_equal(f->err.msg, "3 of 3 records not delivered, the first: line 1 to 't': stopped by a signal");
}

static void
a_second_signal_leaves_at_once(void **state)
{
	struct fixture *f = *state;

	f->room = 2;
	f->acknowledge = false;
	f->conf.grace = INT32_MAX;
	f->stop_after = 3;
	f->stop_twice = true;
	assert_int_equal(run(f, "1\n2\n3\n"), STATUS_IO);
	assert_int_equal(f->polls, 4);
	assert_string_equal(f->err.msg, "3 of 3 records not delivered, the first: line 1 to 't': stopped by a second signal");
}

static void
a_line_that_is_no_record_is_a_bad_record_and_not_an_undelivered_one(void **state)
{
	struct fixture *f = *state;

	f->route.form = ROUTE_JSON;
	f->bad.policy = ON_ERROR_SKIP;
	f->bad.ok_errors = 1;
	assert_int_equal(run(f, "{}\nhello\n[1]\n{\"a\":1}\n"), STATUS_DATA);
	assert_counts(f, 2, 2, 0);
	assert_int_equal(f->bad.count, 2);
}

static void
a_bad_line_stops_after_what_was_good_before_it(void **state)
{
	struct fixture *f = *state;

	f->route.form = ROUTE_JSON;
	assert_int_equal(run(f, "{}\nhello\n{}\n"), STATUS_DATA);
	assert_counts(f, 1, 1, 0);
}

static void
lines_that_were_taken_are_repeated_by_tee(void **state)
{
	struct fixture *f = *state;

	f->conf.tee = true;
	f->refuse = "c";
	assert_int_equal(run(f, "a\nb\nc\nd\n"), STATUS_IO);
	assert_bytes(&f->out_bytes, "a\nb\n");
}

static void
a_dry_run_prints_envelopes_and_needs_no_writer(void **state)
{
	struct fixture *f = *state;

	f->conf.dry = true;
	f->has_topic = true;
	assert_int_equal(run(f, "a\n"), STATUS_OK);
	assert_int_equal(f->n_sent, 0);
	assert_bytes(&f->out_bytes,
		"{\"topic\":\"t\",\"partition\":null,\"offset\":null,\"timestamp\":null,\"timestampType\":\"none\",\"key\":null,"
		"\"headers\":[],\"value_text\":\"a\"}\n");
}

#define HELLO "{\"_maip\":\"hello\",\"version\":1,\"job\":\"00000000000000000000000000000000\"," \
	"\"run\":\"00000000000000000000000000000001\",\"watermarks\":false,\"checkpoints\":false}\n"

static void
an_upstream_that_died_leaves_what_came_delivered_and_the_run_unfinished(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, HELLO "a\nb\n"), STATUS_RETRY);
	assert_counts(f, 2, 2, 0);
}

static void
a_stopped_stream_is_read_to_its_end_however_long_that_takes(void **state)
{
	struct fixture *f = *state;

	f->room = 2;
	f->slow = true;
	f->stop_after = 1;
	assert_int_equal(run(f, HELLO "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n"
	                     "{\"_maip\":\"end\",\"drain\":true}\n"), STATUS_OK);
	assert_true(f->now_ns > 1000 * 1000000LL);      /* the grace */
	assert_counts(f, 16, 16, 0);
}

static void
a_stopped_stream_has_its_grace_at_its_end(void **state)
{
	struct fixture *f = *state;

	f->acknowledge = false;
	f->stop_after = 1;
	assert_int_equal(run(f, HELLO "1\n2\n{\"_maip\":\"end\",\"drain\":true}\n"), STATUS_IO);
	assert_true(f->now_ns >= 1000 * 1000000LL);
	assert_true(f->now_ns <= 1600 * 1000000LL);
	assert_string_equal(f->err.msg, "2 of 2 records not delivered, the first: line 2 to 't': stopped by a signal");
}

static void
a_stream_that_was_stopped_on_purpose_is_no_complete_one(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run(f, HELLO "a\n{\"_maip\":\"end\",\"drain\":false}\n"), STATUS_RETRY);
	assert_counts(f, 1, 1, 0);
}

static const struct writer transactional = {
	.partitions = fake_partitions,
	.send = fake_send,
	.poll = fake_poll,
	.flush = fake_flush,
	.give_up = fake_give_up,
	.begin = fake_begin,
	.commit = fake_commit,
	.abort = fake_abort,
};

static void
a_complete_input_is_one_transaction(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(run_with(f, &transactional, "a\nb\n"), STATUS_OK);
	assert_int_equal(f->begins, 1);
	assert_int_equal(f->commits, 1);
	assert_int_equal(f->aborts, 0);
}

static void
a_transaction_is_all_or_nothing(void **state)
{
	struct fixture *f = *state;

	f->lose = "b";
	assert_int_equal(run_with(f, &transactional, "a\nb\nc\n"), STATUS_IO);
	assert_int_equal(f->commits, 0);
	assert_int_equal(f->aborts, 1);
	assert_string_equal(f->err.msg,
		"nothing was published, the transaction is aborted: line 2 to 't': timed out");
}

static void
a_record_may_be_the_first_to_meet_a_newer_run(void **state)
{
	struct fixture *f = *state;

	f->lose = "b";
	f->fenced = true;
	assert_int_equal(run_with(f, &transactional, "a\nb\n"), STATUS_FENCED);
	assert_int_equal(f->commits, 0);
	assert_int_equal(f->aborts, 0);
}

static void
a_commit_that_nobody_answers_is_neither_done_nor_undone(void **state)
{
	struct fixture *f = *state;

	f->committed = COMMIT_UNKNOWN;
	assert_int_equal(run_with(f, &transactional, "a\nb\n"), STATUS_IO);
	assert_int_equal(f->aborts, 0);
	assert_true(produce_counts(f->produce).unconfirmed);
	assert_string_equal(f->err.msg,
		"the commit was sent, but not confirmed: run again with the same "
		"--transactional-id and no input (</dev/null), then look whether the records are there "
		"(maip-consume -t t -o earliest --exit-at-end) before sending them again: no answer");
}

static void
a_commit_that_fails_is_undone(void **state)
{
	struct fixture *f = *state;

	f->committed = COMMIT_NOT;
	assert_int_equal(run_with(f, &transactional, "a\nb\n"), STATUS_IO);
	assert_int_equal(f->aborts, 1);
	assert_string_equal(f->err.msg,
		"nothing was published, the transaction is aborted: no answer");
	assert_int_equal(produce_counts(f->produce).failed, 2);
}

static void
an_abort_that_nobody_hears_is_told(void **state)
{
	struct fixture *f = *state;

	f->deaf = true;
	f->lose = "b";
	assert_int_equal(run_with(f, &transactional, "a\nb\n"), STATUS_IO);
	assert_string_equal(f->err.msg,
		"nothing was published, but readers wait: line 2 to 't': timed out");
}

static void
what_may_have_arrived_is_told_apart(void **state)
{
	struct fixture *f = *state;

	f->maybe = true;
	f->lose = "b";
	assert_int_equal(run(f, "a\nb\n"), STATUS_IO);
	assert_int_equal(produce_counts(f->produce).maybe, 1);
	assert_string_equal(f->err.msg, "1 of 2 records not delivered (1 of them sent, and perhaps "
	                                "there), the first: line 2 to 't': timed out");
}

/* One for which only a later one was acknowledged, say. */
static void
a_transaction_with_a_record_that_is_perhaps_there_is_aborted(void **state)
{
	struct fixture *f = *state;

	f->maybe = true;
	f->lose = "b";
	assert_int_equal(run_with(f, &transactional, "a\nb\nc\n"), STATUS_IO);
	assert_int_equal(f->commits, 0);
	assert_int_equal(f->aborts, 1);
	assert_string_equal(f->err.msg,
		"nothing was published, the transaction is aborted: line 2 to 't': timed out");
	assert_int_equal(produce_counts(f->produce).failed, 3);
	assert_int_equal(produce_counts(f->produce).maybe, 0);
}

static void
a_transaction_with_a_refused_record_is_aborted_without_waiting_for_the_rest(void **state)
{
	struct fixture *f = *state;

	f->acknowledge = f->halts = true;
	f->lose = "b";
	assert_int_equal(run_with(f, &transactional, "a\nb\nc\n"), STATUS_IO);
	assert_int_equal(f->aborts, 1);
	assert_int_equal(pending(f), 0);        /* the abort has given it up */
	assert_int_equal(produce_counts(f->produce).failed, 3);
}

static void
a_bad_line_or_a_cut_stream_aborts_the_transaction(void **state)
{
	struct fixture *f = *state;

	f->route.form = ROUTE_JSON;
	assert_int_equal(run_with(f, &transactional, "{}\nhello\n"), STATUS_DATA);
	assert_string_equal(f->err.msg, "nothing was published, the transaction is aborted");
	assert_int_equal(f->aborts, 1);
	produce_free(f->produce);
	route_free(f->conf.route);
	assert_int_equal(run_with(f, &transactional, HELLO "{}\n"), STATUS_RETRY);
	assert_int_equal(f->aborts, 2);
	assert_int_equal(f->commits, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_line_is_sent_and_waited_for, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(a_full_queue_holds_the_input_back_and_loses_nothing,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_topic_that_is_not_there_is_told_before_anything_is_read, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_record_that_is_not_delivered_ends_the_run, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(with_dead_letters_the_run_goes_on, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(
			when_no_broker_is_left_the_rest_becomes_dead_letters, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_not_even_given_up_is_not_delivered, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(a_stop_waits_for_what_is_in_flight_but_not_for_ever,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_second_signal_leaves_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_writer_that_is_beyond_help_ends_an_idle_run_in_its_own_words, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			a_stopped_stream_is_read_to_its_end_however_long_that_takes, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_stopped_stream_has_its_grace_at_its_end, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(
			a_line_that_is_no_record_is_a_bad_record_and_not_an_undelivered_one, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_bad_line_stops_after_what_was_good_before_it,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(lines_that_were_taken_are_repeated_by_tee, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(a_dry_run_prints_envelopes_and_needs_no_writer,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			an_upstream_that_died_leaves_what_came_delivered_and_the_run_unfinished,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_stream_that_was_stopped_on_purpose_is_no_complete_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_complete_input_is_one_transaction, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(a_transaction_is_all_or_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_transaction_with_a_record_that_is_perhaps_there_is_aborted, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(a_record_may_be_the_first_to_meet_a_newer_run,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_commit_that_nobody_answers_is_neither_done_nor_undone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_commit_that_fails_is_undone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_abort_that_nobody_hears_is_told, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(what_may_have_arrived_is_told_apart, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(
			a_transaction_with_a_refused_record_is_aborted_without_waiting_for_the_rest,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_bad_line_or_a_cut_stream_aborts_the_transaction,
		                                set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
