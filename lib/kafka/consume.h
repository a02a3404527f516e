/* SPDX-License-Identifier: Apache-2.0 */
/*
 * consume.h - records of a broker into lines
 *
 * The routing of maip-consume as a value: reader, output, clock and ids come in, so that it runs
 * against a broker in memory as well. There are two ways through it:
 *
 * live      Records as they come, and the least of the watermarks of all partitions. Partitions
 *           that are made meanwhile are noticed, and read from their first record on; a group gives
 *           them to its members.
 * bounded   Each partition up to its end of the moment when it became ours, all of them merged by
 *           time: the same topics and the same command give the same bytes. An end is reached by
 *           position, so that transaction markers and gaps do no harm.
 *
 * Lines leave when they are many, when nothing is left to be read, and 0.1 s after the last ones at
 * the latest, as long as steps are taken.
 *
 * An offset of the group is stored only after the lines before it have been flushed, on a
 * rebalance, too: what a crash loses is read again (at least once). What was stored is committed
 * every 5 s, on a rebalance, and at the end.
 *
 * Where a run starts (range.from, places) is about the first share that the group gives it, be that
 * nothing. Whatever comes later goes on where the group left off, for others have read it by then:
 * so it is with a spare that takes over, and with cooperative assignment for whoever joins others,
 * which have to let go of its share first. Only of what the group has committed nothing does the
 * start count later, too. What comes back to the run goes on where that was, unless the group has
 * moved.
 */
#ifndef MAIP_KAFKA_CONSUME_H
#define MAIP_KAFKA_CONSUME_H

#include "kafka/envelope.h"
#include "kafka/offsets.h"
#include "kafka/pace.h"
#include "kafka/place_list.h"
#include "kafka/topics.h"
#include "stream/pipe.h"
#include "stream/watermark.h"

struct consume;                                         /* opaque; lives in consume.c */

struct consume_conf {                   /* borrowed for the life of the consume */
	const struct topics *topics;
	struct partitions    partitions;        /* not with a group */
	bool                 group;             /* the reader is a member of one */
	/* -o; from.kind NONE: committed with a group, else earliest if bounded or with places,
	 * else latest */
	struct place_range   range;
	bool                 exit_at_end;
	struct place         until;
	/* wins over range.from and, where it says an end, over the others; NULL: none */
	const struct place_list *places;
	/* only records with this key, out of the partition it belongs to; p NULL: all */
	struct str           key;
	uint64_t             max_messages;      /* 0: no limit */

	bool                 envelope;
	enum envelope_part   only;      /* nothing else of the envelope; ENVELOPE_NO_PART: no */
	const char *const   *where;
	size_t               n_where;
	/* NULL: "timestamp" when watermarks are wanted, else the record's own */
	const char          *time;
	int                  time_format;
	size_t               max_line;          /* bytes of one value */

	bool                 watermarks;        /* write control lines */
	int64_t              bound;             /* as in watermark.h */
	/* ms after which a live read without a group looks for new partitions and topics; 0:
	 * never */
	int64_t              look_every;
	int64_t              idle_timeout;      /* ms; 0: never */
	/* ms without a record after which the clock moves the watermark on; 0: never */
	int64_t              idle_advance;
	/* ms a record may be ahead of the clock; < 0: no limit */
	int64_t              max_future;
	char                 job[ID_SIZE], run[ID_SIZE];

	/* told what the user should know though nothing has failed; NULL: nobody is */
	void               (*note)(void *arg, const char *text);
	void                *note_arg;

	/* called by consume_run after each step, several times a second; NULL: no */
	void               (*tick)(void *arg);
	void                *tick_arg;
	struct pace          pace;
	/* wait for so long, or a signal; not NULL if there is a pace */
	void               (*nap)(void *arg, int64_t ms);
	void                *nap_arg;
};

/* Does reading end by itself when what is there has been read? */
bool consume_bounded(const struct consume_conf *conf);

/* Compiles the conditions; NULL with err (STATUS_USAGE). reader, out, bad and env are borrowed.
 * env->clock_ms is the wall clock. */
struct consume *consume_new(const struct consume_conf *conf, struct bad_records *bad,
                            struct out *out, const struct pipe_env *env, struct err *err);
void consume_free(struct consume *c);                   /* NULL is fine */
bool consume_headers(const struct consume *c);          /* must the reader bring headers? */

/* Before there is a reader: with watermarks, say hello and let go of it, so that stages
 * downstream know that an end is to come, and do not take a broker that cannot be reached for a
 * topic that is empty. The status to end with, as consume_run. */
enum status consume_hello(struct consume *c, struct err *err);

/* Say hello if that was not done, find the topics, decide where to start and to end, join the
 * group or take the partitions. */
int consume_start(struct consume *c, const struct reader *reader, struct err *err);

/* Handle what is there, at most a few hundred records; wait up to wait_ms for the first. 1 go on,
 * 0 the end has come, -1. */
int consume_step(struct consume *c, int64_t wait_ms, struct err *err);

/* Let go of everything said, commit, say how it ended. After consume_hello it may be called
 * without consume_start. */
int consume_finish(struct consume *c, bool drain, struct err *err);

/* The three of them until the end or env->stop; the status to end with, as pipe_run(). A signal
 * ends a read without an end with STATUS_OK and one with an end with STATUS_RETRY, be it that it
 * came before the first record. */
enum status consume_run(struct consume *c, const struct reader *reader, struct err *err);

/* In place of consume_run, after consume_hello: there is no reader to be had, as err says. */
enum status consume_fail(struct consume *c, struct err *err);

/* Keep our place in the group while a write to the output is blocked; from inside the output's
 * sink, every few seconds. */
void consume_serve(struct consume *c);

struct consume_counts {
	uint64_t records, bytes;        /* read; bytes of values */
	uint64_t lines;                 /* written, control lines not counted */
	uint64_t filtered, tombstones;
};
struct consume_counts consume_counts(const struct consume *c);

/* The i-th partition that is or was ours; false: there are no more. */
struct consume_position {
	const struct part *part;        /* borrowed from c until its next step */
	bool               ours;
	int64_t            next;        /* what is read next */
	/* bounded: of the read; else of the log, as far as the reader has heard; OFFSET_NONE: it
	 * has not */
	int64_t            end;
};
bool consume_position(const struct consume *c, size_t i, struct consume_position *to);
int64_t consume_watermark(const struct consume *c);     /* the last that was said; TIME_MIN: none */
bool consume_ends(const struct consume *c);             /* is it bounded? */

/* Where each partition starts and, if bounded, ends (TIME_MAX: it does not); told when that is
 * decided. NULL: not wanted. */
void consume_tell(struct consume *c,
                  void (*start)(void *arg, const struct part *p, int64_t from, int64_t to),
                  void *arg);

#endif
