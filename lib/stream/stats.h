/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats.h - what a run tells the world while it goes
 *
 * Counters, the watermark and Flink's three clocks: idle (waiting for input),
 * back-pressured (waiting for the output), busy (the rest). They may stand in a
 * page that other processes read (lib/job); the loop that owns them is the only
 * writer, so plain relaxed stores are enough. Times are monotonic nanoseconds.
 *
 * Ratios are averaged over the last 60 seconds in steps of 5, as Flink's are: the loop calls
 * stats_sample() whenever it has read the clock anyway, which keeps a ring of earlier totals. A
 * loop that blocks for minutes takes no samples, and need not: what it waits for and since when
 * stands beside them.
 */
#ifndef MAIP_STREAM_STATS_H
#define MAIP_STREAM_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#define STATS_STEP_NS 5000000000
#define STATS_STEPS   13                /* 12 steps of 5 s have 13 ends */

enum stats_wait { STATS_BUSY, STATS_IDLE, STATS_BLOCKED };

struct stats_mark {                     /* totals as they were at a moment */
	_Atomic int64_t  at_ns;         /* 0: not used yet */
	_Atomic uint64_t idle_ns, blocked_ns;
};

struct pipe_stats {
	_Atomic uint64_t records_in, records_out, bytes_in, bytes_out, bad, late;
	_Atomic int64_t  watermark;     /* TIME_MIN: none yet */
	_Atomic int64_t  started_ns;
	_Atomic uint64_t idle_ns, blocked_ns;   /* completed waits */
	_Atomic int32_t  waiting;       /* enum stats_wait */
	_Atomic int64_t  waiting_since; /* when waiting changed last */
	_Atomic int32_t  has_hello;     /* the stream has control lines */
	_Atomic uint64_t open_windows, partial_matches, keys, state_bytes;
	_Atomic uint32_t newest;        /* index of the newest mark */
	struct stats_mark marks[STATS_STEPS];
};

void stats_start(struct pipe_stats *s, int64_t now_ns);

/* The loop begins to wait for something, or is busy again. */
void stats_wait(struct pipe_stats *s, enum stats_wait what, int64_t now_ns);

/* Remember the totals if 5 seconds have gone by since the last time. Cheap enough for every
 * read. */
void stats_sample(struct pipe_stats *s, int64_t now_ns);

/* Shares of the last 60 seconds (less, for a younger run); they add up to 1. For readers in other
 * processes. */
struct stats_ratios {
	double idle, blocked, busy;
};
struct stats_ratios stats_ratios(const struct pipe_stats *s, int64_t now_ns);

#endif
