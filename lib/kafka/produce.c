/* SPDX-License-Identifier: Apache-2.0 */
/*
 * produce.c - sending, and the account of what was sent
 */
#include "kafka/produce.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"
#include "kafka/envelope.h"
#include "kafka/topics.h"
#include "stream/bad.h"
#include "stream/pipe.h"

#define POLL_MS 50  /* how often reports are looked for while the input is quiet */
#define WAIT_MS 100 /* one wait for room in the queue, or for reports at the end */

struct produce {
	struct produce_conf   conf;
	struct writer         writer;
	struct produce_counts counts;
	uint64_t   last_line;           /* number of the last line that was handed in */
	int64_t    ticked;
	int64_t    stop_ns;             /* when the signal was first seen; 0: not yet */
	bool       connected;
	bool       streaming;           /* the input began with hello */
	bool       complete;            /* the input was read to its end */
	bool       ended;               /* no more of it comes */
	bool       in_transaction;
	/* the transaction is being aborted: what is given up was not wanted */
	bool       undoing;
	bool       broken;              /* the writer is beyond help, why says how */
	bool       fenced;              /* a record was refused because a newer run has begun */
	struct err why;
	uint64_t   first_line;          /* the first record that was not delivered, 0: none */
	char       first[900];          /* and what happened to it */
};

struct produce *
produce_new(const struct produce_conf *conf)
{
	struct produce *p = mem_zalloc(1, sizeof(*p));

	p->conf = *conf;
	return p;
}

void
produce_free(struct produce *p)
{
	free(p);
}

struct produce_counts
produce_counts(const struct produce *p)
{
	return p->counts;
}

static uint64_t
in_flight(const struct produce *p)
{
	return p->counts.taken - p->counts.delivered - p->counts.failed;
}

/* ---- the account */

static void
print_receipt(struct out *o, uint64_t line, const struct record *r)
{
	out_str(o, STR("{\"line\":"));
	out_i64(o, (int64_t)line);
	out_str(o, STR(",\"topic\":"));
	out_json_string(o, r->topic);
	out_str(o, STR(",\"partition\":"));
	out_i64(o, r->partition);
	if (r->offset < 0) {
		out_str(o, STR(",\"offset\":null}"));
	} else {
		out_str(o, STR(",\"offset\":\""));
		out_i64(o, r->offset);
		out_str(o, STR("\"}"));
	}
	out_end_line(o);
}

static void
count_failure(struct produce *p, uint64_t line, const struct record *r, const struct err *why)
{
	char topic[QUOTE_MAX];

	p->counts.failed++;
	if (p->undoing)
		return;
	p->fenced |= why->status == STATUS_FENCED;
	if (p->first_line == 0 || line < p->first_line) {
		p->first_line = line;
		snprintf(p->first, sizeof(p->first), "line %" PRIu64 " to %s: %s", line,
		         quote(topic, r->topic), why->msg);
	}
	if (p->conf.letters != NULL)
		envelope_print_failed(p->conf.letters, r, why);
}

static void
report(void *arg, uint64_t line, const struct record *r, const struct err *err)
{
	struct produce *p = arg;

	if (err != NULL) {
		p->counts.maybe += err->status == STATUS_UNAVAILABLE;
		count_failure(p, line, r, err);
		return;
	}
	p->counts.delivered++;
	if (p->conf.receipts != NULL)
		print_receipt(p->conf.receipts, line, r);
}

static int
stops(const struct produce *p)
{
	return p->conf.stop == NULL ? STOP_NONE : *p->conf.stop;
}

/* The writer is beyond help. */
static void
collapse(struct produce *p, const struct err *why)
{
	if (p->broken)
		return;
	p->broken = true;
	p->why = *why;
	p->writer.give_up(p->writer.self, why);
	if (p->conf.letters != NULL && p->conf.gave_up != NULL && !p->ended &&
	    (stops(p) == STOP_NONE || (p->streaming && stops(p) != STOP_NOW)))
		p->conf.gave_up(&p->why);
}

/* A signal has come: is the time over for what was taken? That is the grace, after a second signal
 * none. A stream with hello is read on to its end: its grace begins there. */
static bool
time_is_up(struct produce *p)
{
	int64_t now;

	if (stops(p) == STOP_NONE || stops(p) == STOP_NOW)
		return stops(p) == STOP_NOW;
	if (p->streaming && !p->ended)
		return false;
	now = p->conf.clock_ns(p->conf.clock_self);
	if (p->stop_ns == 0) {
		p->stop_ns = now;
		if (p->conf.stopping != NULL && in_flight(p) > 0)
			p->conf.stopping(in_flight(p), p->conf.grace);
	}
	return (now - p->stop_ns) / 1000000 > p->conf.grace;
}

static void
watch_signals(struct produce *p)
{
	struct err why;

	if (p->broken || !time_is_up(p))
		return;
	fail_as(&why, STATUS_RETRY, "stopped by a %s",
	        stops(p) == STOP_NOW ? "second signal" : "signal");
	collapse(p, &why);
}

static bool
leave(void *arg)
{
	struct produce *p = arg;

	return p->connected ? time_is_up(p) : stops(p) != STOP_NONE;
}

struct writer_events
produce_events(struct produce *p)
{
	return (struct writer_events){ .arg = p,
		                       .places = p->conf.receipts != NULL,
		                       .report = report,
		                       .leave = leave };
}

/* Without dead letters a record that was not delivered is the end, and produce_end says so; or that
 * none will be, which has to be said here. */
static int
go_on(const struct produce *p, struct err *err)
{
	if (p->conf.letters != NULL ? !p->conf.letters->failed
	                            : p->counts.failed == 0 && !p->broken)
		return 0;
	*err = (struct err){ .status = STATUS_IO };
	if (p->counts.failed == 0 && in_flight(p) == 0) {
		*err = p->why;
		if (err->status == STATUS_UNAVAILABLE)  /* of a broker that did answer */
			err->status = STATUS_IO;
	}
	return -1;
}

/* ---- the stage */

static int
produce_begin(void *self, const struct control *hello, struct out *out, struct err *err)
{
	(void)out;
	(void)err;
	((struct produce *)self)->streaming = hello != NULL;
	return 0;
}

static int
wait_for_room(struct produce *p, struct out *out)
{
	struct err err;
	int        got;

	if (out->wait != NULL)
		out->wait(out->wait_arg, true);
	got = p->writer.poll(p->writer.self, WAIT_MS, &err);
	if (out->wait != NULL)
		out->wait(out->wait_arg, false);
	if (got < 0)
		collapse(p, &err);
	watch_signals(p);
	return p->broken ? -1 : 0;
}

/* Can it be sent at all, as far as no broker has to be asked? */
static int
check_record(const struct record *r, struct err *err)
{
	return r->timestamp != 0
	               ? 0
	               : fail_as(err, STATUS_IO,
	                         "a record of 1970-01-01T00:00:00.000Z cannot be sent: librdkafka "
	                         "takes the time 0 for none");
}

/* why is the scratch space of the caller: clearing a struct err for each record would show. */
static void
send_record(struct produce *p, const struct record *r, uint64_t line, struct out *out,
            struct err *why)
{
	int got = check_record(r, why);

	p->counts.taken++;
	while (got == 0 && !p->broken && (got = p->writer.send(p->writer.self, r, line, why)) == 0)
		if (wait_for_room(p, out) < 0)
			break;
	if (got > 0)
		return;
	if (p->broken)
		fail_as(why, p->why.status, "not sent: %s", p->why.msg);
	count_failure(p, line, r, why);
}

/* What send_record() would send; refused is what needs no broker for that. */
static void
show_record(struct produce *p, const struct record *r, uint64_t line, struct out *out,
            struct err *why)
{
	p->counts.taken++;
	if (check_record(r, why) < 0 || topics_check_name(r->topic, why) < 0) {
		count_failure(p, line, r, why);
		return;
	}
	p->counts.delivered++;
	envelope_print(out, r);
}

static int
produce_batch(void *self, const struct batch *batch, struct bad_records *bad, struct out *out,
              struct err *err)
{
	struct produce *p = self;
	struct record   r;
	struct err      reason;

	for (size_t i = 0; i < batch->n; i++) {
		p->last_line = batch->number[i];
		if (route_line(p->conf.route, batch->line[i], p->ticked, &r, &reason) < 0) {
			if (bad_record(bad, batch->number[i], batch->line[i], &reason, err) < 0)
				return -1;
			continue;
		}
		if (p->conf.dry)
			show_record(p, &r, batch->number[i], out, &reason);
		else
			send_record(p, &r, batch->number[i], out, &reason);
		if (go_on(p, err) < 0)
			return -1;
		if (p->conf.tee)
			out_line(out, batch->line[i]);
	}
	return 0;
}

static void
flush_files(struct produce *p)
{
	if (p->conf.receipts != NULL)
		out_flush(p->conf.receipts);
	if (p->conf.letters != NULL)
		out_flush(p->conf.letters);
}

/* Called before each batch, and every POLL_MS while the input is quiet and something is in
 * flight. */
static int
produce_tick(void *self, int64_t now, struct out *out, struct err *err)
{
	struct produce *p = self;
	struct err      why;

	(void)out;
	p->ticked = now;
	if (p->conf.dry)
		return 0;
	if (!p->broken && p->writer.poll(p->writer.self, 0, &why) < 0)
		collapse(p, &why);
	if (stops(p) == STOP_NOW) {
		watch_signals(p);
		*err = p->why;
		return -1;
	}
	if (p->conf.letters != NULL)
		/* few, and all there is of a line that is lost */
		out_flush(p->conf.letters);
	if (in_flight(p) == 0)
		flush_files(p);
	return go_on(p, err);
}

static int64_t
produce_next_tick(void *self)
{
	const struct produce *p = self;

	return in_flight(p) > 0 ? p->ticked + POLL_MS : TIME_MAX;
}

static int
produce_finish(void *self, bool drain, struct out *out, struct err *err)
{
	struct produce *p = self;

	(void)out;
	p->complete = drain;
	/* without hello it was a signal, and that is told already */
	if (drain || !p->streaming)
		return 0;
	return fail_as(err, STATUS_RETRY, "the stream was stopped before its end");
}

struct stage
produce_stage(struct produce *p)
{
	static const struct stage_ops ops = {
		.begin = produce_begin,
		.batch = produce_batch,
		.tick = produce_tick,
		.next_tick = produce_next_tick,
		.finish = produce_finish,
	};

	return (struct stage){ &ops, p };
}

/* ---- begin and end */

int
produce_connect(struct produce *p, const struct writer *writer, struct err *err)
{
	p->writer = *writer;
	if (p->conf.topic != NULL &&
	    writer->partitions(writer->self, str_of(p->conf.topic), err) < 0) {
		if (err->status == STATUS_NOINPUT)
			err->status = STATUS_IO;
		return -1;
	}
	if (writer->begin != NULL) {
		if (writer->begin(writer->self, err) < 0)
			return -1;
		p->in_transaction = true;
	}
	p->connected = true;
	return 0;
}

/* A transaction of which a record was refused is to be aborted, and librdkafka sends the rest no
 * more. */
static bool
more_to_hear(const struct produce *p)
{
	return in_flight(p) > 0 && !p->broken && !(p->in_transaction && p->counts.failed > 0);
}

static void
await_reports(struct produce *p)
{
	struct err err;

	while (more_to_hear(p)) {
		if (p->writer.flush(p->writer.self, WAIT_MS, &err) < 0)
			collapse(p, &err);
		watch_signals(p);
	}
}

/* Nobody answered the commit. An abort now could undo what readers have seen. */
static enum status
fail_unconfirmed(struct produce *p, struct err *err)
{
	const struct err why = *err;

	p->counts.unconfirmed = true;
	fail_as(err, STATUS_IO,
	        "the commit was sent, but not confirmed: run again with the same "
	        "--transactional-id and no input (</dev/null), then look whether the records are "
	        "there (maip-consume -t %s -o earliest --exit-at-end) before sending them again: "
	        "%s",
	        p->conf.topic != NULL ? p->conf.topic : "TOPIC", why.msg);
	return STATUS_IO;
}

/* so_far and err say why nothing is to be published. */
static enum status
abort_transaction(struct produce *p, enum status so_far, struct err *err)
{
	struct err trouble, told;

	p->undoing = true;
	/* who has taken over has aborted it */
	if (so_far != STATUS_FENCED && p->writer.abort(p->writer.self, &trouble) < 0)
		fail_as(&told, so_far, "nothing was published, but %s", trouble.msg);
	else
		fail_as(&told, so_far, "nothing was published, the transaction is aborted");
	p->counts.failed = p->counts.taken;
	p->counts.delivered = p->counts.maybe = 0;
	if (err->msg[0] == '\0')
		*err = told;
	else
		fail_in(err, "%s", told.msg);
	/* of a broker that did answer at the start */
	return so_far == STATUS_UNAVAILABLE ? STATUS_IO : so_far;
}

/* All or nothing: only a complete input without a fault is committed. */
static enum status
end_transaction(struct produce *p, enum status so_far, struct err *err)
{
	if (so_far == STATUS_OK && p->complete && p->counts.failed == 0) {
		switch (p->writer.commit(p->writer.self, err)) {
		case COMMIT_DONE:
			return STATUS_OK;
		case COMMIT_UNKNOWN:
			return fail_unconfirmed(p, err);
		case COMMIT_NOT:
			so_far = err->status;
		}
	} else if (p->counts.failed > 0) {
		so_far = p->fenced ? STATUS_FENCED : STATUS_IO;
		fail_as(err, so_far, "%s", p->first);
	}
	return abort_transaction(p, so_far, err);
}

static void
say_what_failed(const struct produce *p, struct err *err)
{
	const uint64_t failed = p->counts.failed + in_flight(p);
	char           maybe[80] = "";

	if (p->counts.maybe > 0)
		snprintf(maybe, sizeof(maybe), " (%" PRIu64 " of them sent, and perhaps there)",
		         p->counts.maybe);
	if (p->first_line == 0)
		fail_as(err, STATUS_IO,
		        "nothing is known of %" PRIu64 " of %" PRIu64 " records: %s", failed,
		        p->counts.taken, p->why.msg);
	else
		fail_as(err, STATUS_IO,
		        "%" PRIu64 " of %" PRIu64 " records not delivered%s, the first: %s", failed,
		        p->counts.taken, maybe, p->first);
}

/* Whoever reads what --tee repeats may have had enough; the topic has not. */
static enum status
fail_tee(struct err *err)
{
	fail_as(err, STATUS_RETRY,
	        "the reader of --tee has gone, and the input was not read to its end");
	return err->status;
}

enum status
produce_end(struct produce *p, enum status so_far, struct err *err)
{
	err->msg[0] = '\0';
	p->ended = true;
	if (p->conf.dry && p->counts.failed == 0)
		return so_far;
	if (so_far == STATUS_OK && !p->complete)
		so_far = fail_tee(err);
	if (!p->in_transaction || (so_far == STATUS_OK && p->complete))
		await_reports(p);
	if (p->in_transaction)
		return end_transaction(p, so_far, err);
	flush_files(p);
	/* a writer beyond help may not even give up */
	if (p->counts.failed == 0 && in_flight(p) == 0)
		return so_far;
	say_what_failed(p, err);
	return STATUS_IO;
}
