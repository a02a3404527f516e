/* SPDX-License-Identifier: Apache-2.0 */
/*
 * consume_parts.h - what the files of consume share
 *
 * Private to consume*.c: consume_assign.c decides which partitions are read, from where and up to
 * where; consume_time.c says how far time has come; consume_held.c what an open transaction holds
 * back; consume.c reads and writes.
 */
#ifndef MAIP_KAFKA_CONSUME_PARTS_H
#define MAIP_KAFKA_CONSUME_PARTS_H

#include "base/time.h"
#include "kafka/consume.h"
#include "kafka/merge.h"
#include "kafka/selector.h"

#define NO_END TIME_MAX

/* A partition that is, or was, ours. Its index is its slot. */
struct lane {
	struct part      part;
	bool             known;         /* it was ours before, up to next */
	bool             ours;
	bool             done;          /* bounded: read to its end */
	bool             waiting;       /* bounded: it has no head */
	int64_t          next;          /* everything before it is in out, or was passed over */
	int64_t          waited;        /* live: the consume's, when it last had a record */
	int64_t          stored;
	/* the group's offset when it became ours, or what we last handed over as such */
	int64_t          committed;
	int64_t          end;
	/* bounded: end is where the log ended, as readers see it, and the log did so when the
	 * broker first sent something of it; OFFSET_NONE: it has not yet */
	bool             ends_with_log;
	int64_t          first_heard;
	struct record    head;
	struct selection selection;
	enum selected    selected;      /* of head */
	struct err       reason;        /* why head is bad, if it is */
	int64_t          last_time;     /* bounded: what the last head was merged by */
};

struct consume {
	struct consume_conf    conf;
	const struct reader   *reader;
	struct out            *out;
	struct bad_records    *bad;
	const struct pipe_env *env;
	struct selector       *selector;
	struct watermark_set  *watermarks;      /* NULL: not wanted */
	bool                   bounded;
	/* a group has given us partitions, be they none, and not taken all of them back; alone: we
	 * have started */
	bool                   joined;
	/* a group has given us our first share, be it nothing: no later one is our start */
	bool                   had_share;
	int64_t                joining_since;   /* 0: not looked yet; INT64_MAX: it was told */
	struct lane           *lanes;
	size_t                 n_lanes, cap_lanes, last_lane;
	/* bounded: slots that need a head, the oldest need first */
	uint32_t              *queue;
	size_t                 n_queue, cap_queue;
	size_t                 left;            /* bounded: lanes that are ours and not done */
	struct merge           merge;
	struct consume_counts  counts;
	uint64_t               passed;          /* records that were dealt with */
	/* lines that have left, and records up to the last commit */
	uint64_t               left_lines, committed;
	uint64_t               since_watermark; /* records */
	int64_t                said_watermark;
	int64_t                known;           /* the time from which the clock goes on */
	int64_t                heard;           /* the last record, as of consume_listened() */
	int64_t                waited;          /* live: ms in which no record was there */
	struct record          pending;         /* live: it waits until pace lets it leave */
	size_t                 pending_lane;    /* of it; SIZE_MAX: there is none */
	int64_t                next_serve;      /* monotonic ms; while pace holds records back */
	bool                   said_idle, said_hello;
	bool                   flushing;        /* out is in the middle of a write */
	bool                   commit_failed;
	bool                   dirty;           /* records were handled since the last store */
	/* wall clock, as of the beginning of the step or the last write */
	int64_t                now;
	int64_t                next_left;       /* when to look whether our reader has gone */
	/* while a write is blocked, or a record waits for its turn */
	int64_t                deaf_since, deaf_ms;
	int64_t                next_let_go, next_commit, next_look;
	size_t                 look_turn;       /* the lane whose topic is asked for next */
	/* partitions that do not hold what is to be read next, as found out so far */
	struct gone           *gone;
	size_t                 n_gone, cap_gone;
	void                 (*tell)(void *arg, const struct part *p, int64_t from, int64_t to);
	void                  *tell_arg;
};

bool consume_stopped(const struct consume *c);          /* has a signal come? */
int64_t consume_clock(struct consume *c);               /* reads it, too, into now */
/* now, on a clock that stands while we do not listen, be it that a write is blocked: no partition
 * is silent for that. */
int64_t consume_listened(const struct consume *c);
/* let go of what was said; from then on the offsets may be stored */
int consume_flush(struct consume *c, struct err *err);
int consume_store(struct consume *c, struct err *err);
/* Have what was stored committed, and wait for it; nothing without a group. After a failure it does
 * not try, and wait, again. */
int consume_commit(struct consume *c, struct err *err);

/* NULL: it was never ours */
struct lane *consume_lane(struct consume *c, struct str topic, int32_t partition);
void consume_need_head(struct consume *c, struct lane *l);
void consume_needs_no_head(struct consume *c, struct lane *l);
/* read up to its end: it holds nobody back any more */
int consume_lane_done(struct consume *c, struct lane *l, struct err *err);

int consume_say(struct consume *c, const struct control *control, struct err *err);

/* ---- consume_time.c: but for the first and the last nothing without watermarks */

void consume_start_time(struct consume *c);             /* with watermarks, once */
/* is it further ahead of the clock than --max-future allows? */
bool consume_too_early(const struct consume *c, const struct selection *s);
/* l->selection has been dealt with */
void consume_see_time(struct consume *c, const struct lane *l);
/* If time has come further, or all have fallen silent, or one speaks again: say it. */
int consume_say_time(struct consume *c, struct err *err);
/* Before l->selection is written: if the watermark that is known, and not said yet, may make a
 * difference to it, say it. The clock plays no part. Costs a comparison where times rise. */
int consume_say_what_it_meets(struct consume *c, const struct lane *l, struct err *err);
/* How many ms a step may wait: until a partition may be idle, and never so long that a signal goes
 * unnoticed. */
int64_t consume_patience(struct consume *c);

/* ---- consume_held.c */

/* Something of l may have come: notes where its log ends, the first time. */
void consume_hear(struct consume *c, struct lane *l);
/* All was read: note what an open transaction holds back, if it does. It takes 0.1 s to hear of
 * partitions of which nothing came, and within 1 s, unless a signal comes, each that may be held
 * back is asked for, which takes as long as ends_at() does. */
void consume_tell_held(struct consume *c);

/* ---- consume_assign.c */

/* Find the topics, decide where to start and to end, and take the partitions or join the group. */
int consume_start_alone(struct consume *c, struct err *err);
int consume_start_in_group(struct consume *c, struct err *err);

/* The reader failed: if that is because partitions do not hold any more what is to be read next,
 * err says so of all of them; else it stays as it is. Returns -1. */
int consume_tell_gone(struct consume *c, struct err *err);

/* Live and alone: read what partitions there are by now, too. -1 with err, STATUS_NOINPUT: a topic
 * was deleted; nothing else ends the read here. */
int consume_look_again(struct consume *c, struct err *err);
/* Live and in a group, which gives us what is new: are the topics of our partitions still there?
 * As consume_look_again. While all is well it asks once, however many they are, and while nobody
 * answers, twice. */
int consume_look_for_topics(struct consume *c, struct err *err);

#endif
