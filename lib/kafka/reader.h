/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader.h - what maip-consume needs of a broker, as a value
 *
 * Two implementations: librdkafka (reader_rdkafka.h) and, in the tests, a
 * broker in memory under a seeded scheduler. consume.h is written against this
 * and sees neither librdkafka nor a clock.
 *
 * Records come together (poll: in order of arrival, as a live reader wants them) or apart (take:
 * of one partition at a time, so that a bounded reader can merge partitions without holding more
 * than one record of each).
 */
#ifndef MAIP_KAFKA_READER_H
#define MAIP_KAFKA_READER_H

#include "base/diag.h"
#include "kafka/record.h"

struct part {                           /* a partition of a topic */
	struct str topic;               /* borrowed from whoever made the part */
	int32_t    partition;
	/* a small number of the caller's choice, from 0, by which take() names it */
	uint32_t   slot;
};

#define OFFSET_EARLIEST  (-2)
#define OFFSET_LATEST    (-1)
#define OFFSET_NONE      (-1001)        /* nothing committed */

/* What a read ends with when its topic was deleted meanwhile. Returns -1. */
static inline int
reader_fail_gone(struct str topic, struct err *err)
{
	char q[QUOTE_MAX];

	return fail_as(err, STATUS_NOINPUT,
	               "topic %s is not there any more: it was deleted while it was read",
	               quote(q, topic));
}

struct reader_events {                  /* told from inside poll, take, serve and close */
	void *arg;
	/* The group gave us these partitions; start[i] is the committed offset or OFFSET_NONE,
	 * and may be changed: where to start. Gives each part its slot. */
	int (*assigned)(void *arg, struct part *parts, int64_t *start, size_t n, struct err *err);
	/* The group takes these away: after this returns their records must not be handled any
	 * more. lost: others may have them already, nothing can be committed. slot is not
	 * filled. */
	int (*revoked)(void *arg, const struct part *parts, size_t n, bool lost, struct err *err);
};

struct reader {
	void *self;

	/* Questions; where a signal comes before the answer they fail with STATUS_RETRY.
	 *
	 * Names of all topics, in byte order; borrowed until the next call. */
	int (*topics)(void *self, struct str **names, size_t *n, struct err *err);
	/* How many partitions a topic has; -1 with err (STATUS_NOINPUT) when it does not exist. */
	int (*partitions)(void *self, struct str topic, struct err *err);

	/* First and next offsets as a reader sees them now (read_committed: the last stable
	 * offset), asked from the broker, not cached. */
	int (*ends)(void *self, const struct part *p, int64_t *first, int64_t *next,
	            struct err *err);
	/* The first offset whose timestamp is >= ts, or the end. */
	int (*offset_at)(void *self, const struct part *p, int64_t ts, int64_t *offset,
	                 struct err *err);
	/* What the group has committed, OFFSET_NONE if nothing. */
	int (*committed)(void *self, const struct part *p, int64_t *offset, struct err *err);

	/* Read exactly these, from these offsets (0 or more), or ... Names are copied. */
	int (*assign)(void *self, const struct part *parts, const int64_t *offsets, size_t n,
	              bool apart, struct err *err);
	/* ... join the group and be told. names: topics, or one starting with ^ for a regular
	 * expression. */
	int (*subscribe)(void *self, const struct str *names, size_t n, bool apart,
	                 const struct reader_events *events, struct err *err);

	/* The next record: 1; 0: none within wait_ms; -1 with err, STATUS_CONFIG where a partition
	 * does not hold any more what is to be read next. Borrowed until the next poll.
	 * r->topic lives as long as the reader, at the same address for the same topic. */
	int (*poll)(void *self, int64_t wait_ms, struct record *r, struct err *err);
	/* The same for one partition, when records come apart; poll brings none then, and serves
	 * only the group. Borrowed until the next take of that slot; once that is revoked, until
	 * the next poll or take. */
	int (*take)(void *self, uint32_t slot, int64_t wait_ms, struct record *r, struct err *err);

	/* When records come together, without a group: read this one, too. */
	int (*add)(void *self, const struct part *p, int64_t offset, struct err *err);

	/* No more of this partition is wanted, unless the group gives it to us again. May be said
	 * from inside `assigned`, when the part has its slot. */
	int (*drop)(void *self, const struct part *p, struct err *err);
	/* Where the reader stands: past transaction markers and aborted records, too. OFFSET_NONE
	 * before the first record. */
	int (*position)(void *self, const struct part *p, int64_t *offset, struct err *err);

	/* The end of the log as it was when the broker last sent something; asks nobody.
	 * OFFSET_NONE: not known. */
	int64_t (*heard_end)(void *self, const struct part *p);

	/* Is offset the next one that `ends` would tell, now? Asks for at most 0.8 s, and as long
	 * as a broker may hold a fetch: 1, 0, or -1 when nobody has answered. */
	int (*ends_at)(void *self, const struct part *p, int64_t offset);

	/* When records come together: can the silence of p, or of all that we read (NULL), be taken
	 * for silence? false: a connection has been lost, and the leader has not answered since
	 * then, with an end where we stand, or several times with one where nothing comes. After a
	 * loss it asks, a fifth of the time at most for each broker that does not answer and for
	 * all others together; else nobody. When that goes on for seconds the user is told. */
	bool (*in_touch)(void *self, const struct part *p);

	/* The caller cannot take records for now: keep our place in the group. To be called at
	 * least every few seconds. What it fails with the next poll tells again. */
	int (*serve)(void *self, struct err *err);

	/* The records before offset have left for stdout: it may be committed from now on. */
	int (*store)(void *self, const struct part *p, int64_t offset, struct err *err);
	/* Commit what was stored: hand it to the broker, or wait until it has been taken. */
	int (*commit)(void *self, bool wait, struct err *err);

	void (*close)(void *self);              /* leaves the group; bounded time; frees self */
};

#endif
