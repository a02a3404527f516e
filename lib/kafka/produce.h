/* SPDX-License-Identifier: Apache-2.0 */
/*
 * produce.h - send what comes down the pipe, and know what arrived
 *
 * The stage of maip-produce: each line becomes a record (route.h) and goes to a writer
 * (writer.h). A full queue stops the reading: that is the back pressure. Every record that was
 * taken is reported; the run is good only if every one was delivered. A record that was not goes,
 * as an envelope with the reason, to the dead letters, and the run goes on to the end of the
 * input, so that each line has been delivered or kept. Without dead letters the first one ends
 * the run.
 *
 * When the writer is beyond help (no broker for too long, a fatal error) or a signal has come
 * twice, everything that is in flight is given up, and what still comes goes to the dead letters
 * untried; without dead letters that ends the run. How long is too long counts from when something
 * is to be sent: a run that is idle, without a transaction, waits for a broker for ever.
 */
#ifndef MAIP_KAFKA_PRODUCE_H
#define MAIP_KAFKA_PRODUCE_H

#include "json/out.h"
#include "kafka/route.h"
#include "kafka/writer.h"
#include "stream/stage.h"

struct produce_conf {                   /* all borrowed */
	struct route *route;
	/* asked for before anything is read; NULL: the lines say it */
	const char   *topic;
	struct out   *letters;          /* NULL: stop at the first record that is not delivered */
	struct out   *receipts;         /* a line a delivered record; NULL: none */
	bool          tee;              /* each line that was taken also goes to the stage's out */
	/* send nothing: print each record as an envelope to the stage's out, unless it could not be
	 * sent whatever a broker says; no writer is needed */
	bool          dry;
	/* ms that a stopped run waits for what it has taken: from the signal on, or from the end of
	 * a stream with hello, which is read on */
	int64_t       grace;
	const volatile int *stop;       /* enum pipe_stop; NULL: never */
	/* told once, when that wait begins; may be NULL */
	void        (*stopping)(uint64_t in_flight, int64_t grace);
	/* told once, when what still comes goes to the dead letters untried; may be NULL */
	void        (*gave_up)(const struct err *why);
	int64_t     (*clock_ms)(void *self);    /* wall clock, for events */
	int64_t     (*clock_ns)(void *self);    /* monotonic */
	void         *clock_self;
};

struct produce_counts {
	uint64_t taken;                 /* lines that became records */
	uint64_t delivered, failed;     /* taken - delivered - failed are in flight */
	uint64_t maybe;                 /* of those that failed: sent, and may have arrived */
	bool     unconfirmed;           /* whether the transaction is committed is not known */
};

struct produce;                                         /* opaque; lives in produce.c */

struct produce *produce_new(const struct produce_conf *conf);
/* NULL is fine; the writer was closed before */
void produce_free(struct produce *p);

/* For whoever makes the writer. */
struct writer_events produce_events(struct produce *p);

/* Before the first line. Checks the fixed topic: -1 with err (STATUS_IO: it is not there; nothing
 * was read). With a writer that has transactions, one is begun around the whole input. */
int produce_connect(struct produce *p, const struct writer *writer, struct err *err);

struct stage produce_stage(struct produce *p);

struct produce_counts produce_counts(const struct produce *p);

/* After the stage has run, however that ended (so_far): wait for what is in flight, commit or
 * abort the transaction, and give the verdict. err has a message if there is something to say:
 * how many records were not delivered, which was the first, why; or that a commit was not
 * confirmed (STATUS_IO), or a transaction not aborted. */
enum status produce_end(struct produce *p, enum status so_far, struct err *err);

#endif
