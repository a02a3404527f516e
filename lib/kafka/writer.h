/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer.h - what maip-produce needs of a broker, as a value
 *
 * Two implementations: librdkafka (writer_rdkafka.c) and, in the tests, a broker in memory under
 * a seeded scheduler. produce.h is written against this and sees neither librdkafka nor a clock.
 */
#ifndef MAIP_KAFKA_WRITER_H
#define MAIP_KAFKA_WRITER_H

#include "base/diag.h"
#include "kafka/record.h"

/* report: from inside send, poll, flush, give_up and close, once for every record that send took.
 * tag is the one of send. Delivered (err NULL): r has the topic, partition, offset (-1: not told
 * by the broker) and timestamp; NULL if places is not set. Given up: r is the whole record as it
 * was sent, so that it can be kept; err->status is STATUS_UNAVAILABLE if it was sent and nobody
 * said whether it arrived, so that it may be in the topic all the same, and another if it is not
 * (STATUS_FENCED: a newer run took over). r is borrowed until the call returns.
 *
 * leave: while partitions or send wait for a broker they ask whether to leave that undone; NULL:
 * they do not. */
struct writer_events {
	void *arg;
	bool  places;                   /* where delivered records went is wanted */
	void (*report)(void *arg, uint64_t tag, const struct record *r, const struct err *err);
	bool (*leave)(void *arg);
};

/* How an attempt to commit ended. */
enum writer_commit {
	COMMIT_DONE,
	COMMIT_NOT,                     /* it cannot be committed: to be aborted */
	COMMIT_UNKNOWN                  /* it was asked for, and no answer came: done, or not */
};

struct writer {
	void *self;
	/* How many partitions a topic has, asked from the broker the first time; -1 with err
	 * (STATUS_NOINPUT: there is no such topic, STATUS_DENIED, STATUS_UNAVAILABLE,
	 * STATUS_RETRY: left undone). Before the first record: sending to another topic begins
	 * with the same question. */
	int (*partitions)(void *self, struct str topic, struct err *err);
	/* Take a copy of the record, which leaves with the next poll or flush at the latest: 1
	 * taken, 0 the queue is full (poll, and try the same record again), -1 refused with err. */
	int (*send)(void *self, const struct record *r, uint64_t tag, struct err *err);
	/* -1: fatal, or no broker for too long, which counts while something is to be sent or a
	 * transaction is open. So it is to be called now and then when nothing is sent. */
	int (*poll)(void *self, int64_t wait_ms, struct err *err);
	/* Wait until all is reported, at most wait_ms. 1 all, 0 not yet, -1 fatal. */
	int (*flush)(void *self, int64_t wait_ms, struct err *err);
	/* Report what is still queued or in flight as given up, now; why goes into the reports. */
	void (*give_up)(void *self, const struct err *why);

	/* One transaction around what is sent between begin and commit or abort; NULL: this
	 * writer has none. Each may take as long as the time-out of the transaction. commit
	 * flushes first, and fails if any record was given up; err says why it is not done, or not
	 * known to be. abort fails where nobody has confirmed it: err then also says for how long
	 * readers will wait. After COMMIT_UNKNOWN there is no abort. */
	int (*begin)(void *self, struct err *err);
	enum writer_commit (*commit)(void *self, struct err *err);
	int (*abort)(void *self, struct err *err);

	void (*close)(void *self);              /* gives up what is left; frees self */
};

#endif
