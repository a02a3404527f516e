/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader.h - what maip-consume needs of a broker, as a value
 *
 * Two implementations: librdkafka (reader_rdkafka.c) and, in the tests, a
 * broker in memory under a seeded scheduler. consume.h is written against this
 * and sees neither librdkafka nor a clock.
 */
#ifndef MAIP_KAFKA_READER_H
#define MAIP_KAFKA_READER_H

#include "base/diag.h"
#include "kafka/record.h"

struct part {                           /* a partition of a topic; topic is borrowed from the reader for its lifetime */
	struct str topic;
	int32_t    partition;
};

#define OFFSET_EARLIEST  (-2)
#define OFFSET_LATEST    (-1)
#define OFFSET_NONE      (-1001)        /* nothing committed */

struct reader_events {                  /* told from inside poll */
	void *arg;
	/* The group gave us these partitions; start[i] is the committed offset or OFFSET_NONE, and may be changed: where to start. */
	int (*assigned)(void *arg, const struct part *parts, int64_t *start, size_t n, struct err *err);
	/* The group takes these away: after this returns their records must not be handled any more. */
	int (*revoked)(void *arg, const struct part *parts, size_t n, bool lost, struct err *err);
};

struct reader {
	void *self;

	/* Names of all topics; borrowed until the next call. */
	int (*topics)(void *self, struct str **names, size_t *n, struct err *err);
	/* How many partitions a topic has; -1 with err (STATUS_NOINPUT) when it does not exist. */
	int (*partitions)(void *self, struct str topic, struct err *err);

	/* First and next offsets as a reader sees them now (read_committed: the last stable offset), asked from the broker, not cached. */
	int (*ends)(void *self, const struct part *p, int64_t *first, int64_t *next, struct err *err);
	/* The first offset whose timestamp is >= ts, or the end. */
	int (*offset_at)(void *self, const struct part *p, int64_t ts, int64_t *offset, struct err *err);
	/* What the group has committed, OFFSET_NONE if nothing. */
	int (*committed)(void *self, const struct part *p, int64_t *offset, struct err *err);

	/* Read exactly these, from these offsets, or ... */
	int (*assign)(void *self, const struct part *parts, const int64_t *offsets, size_t n, struct err *err);
	/* ... join the group and be told. names: topics, or one starting with ^ for a regular expression. */
	int (*subscribe)(void *self, const struct str *names, size_t n, const struct reader_events *events, struct err *err);

	/* The next record: 1; 0: none within wait_ms; -1 with err. Borrowed until the next poll. Calls events. */
	int (*poll)(void *self, int64_t wait_ms, struct record *to, struct err *err);
	int (*pause)(void *self, const struct part *p, bool on, struct err *err);
	/* Where the reader stands: past transaction markers and aborted records, too. OFFSET_NONE before the first poll. */
	int (*position)(void *self, const struct part *p, int64_t *offset, struct err *err);

	/* The record before offset has left for stdout: it may be committed from now on. */
	int (*store)(void *self, const struct part *p, int64_t offset, struct err *err);
	/* Commit what was stored, now. */
	int (*commit)(void *self, struct err *err);

	void (*close)(void *self);              /* leaves the group; bounded time; frees self */
};

#endif
