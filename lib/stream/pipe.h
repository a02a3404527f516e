/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipe.h - runs one stage between a source and an out
 *
 * Reads, splits into batches, obeys and forwards control lines, keeps the three clocks, applies the bad-record
 * policy, flushes before it would block. After hello, an end of file without
 * "end" means that the upstream died: nothing fires, STATUS_RETRY. Without hello the end of file is the end of
 * the input. The same loop runs between two buffers in a test.
 */
#ifndef MAIP_STREAM_PIPE_H
#define MAIP_STREAM_PIPE_H

#include "json/line.h"
#include "stream/bad.h"
#include "stream/stage.h"
#include "stream/stats.h"

/* Everything that a run borrows from the world. */
struct pipe_env {
	int64_t (*clock_ms)(void *self);        /* wall clock, ms since the epoch */
	int64_t (*clock_ns)(void *self);        /* monotonic */
	void *clock_self;
	const volatile int *stop;       /* set by a signal handler: finish without draining; NULL: never */
	struct pipe_stats *stats;       /* NULL: not wanted */
	size_t max_line;                /* 0: LINE_MAX_DEFAULT */
	bool   forward_control;         /* false: the stage is the last of its kind and control lines end here */
};

/* The inputs of a stage, in order. */
struct pipe_input {
	struct source source;
	const char   *name;             /* for messages; NULL: standard input */
};

/* Run to the end of the last input. The status to end with, STATUS_OK or why not (err has the message, empty if there is nothing to say:
 * a reader that went away). The bad-record policy's own verdict is bad_finish()'s. out is flushed, not closed. */
enum status pipe_run(const struct stage *stage, const struct pipe_input *inputs, size_t n_inputs, struct bad_records *bad,
                     struct out *out, const struct pipe_env *env, struct err *err);

/* The world's own clocks and a stop flag set by SIGTERM and SIGINT (a second one kills); SIGPIPE and SIGXFSZ are ignored. */
void pipe_env_real(struct pipe_env *env);

/* Opens the FILE operands ("-" or none: standard input) one after the other; the usual main of a filter: run, tell, finish.
 * Returns the exit status. */
int pipe_main(const struct stage *stage, int n_files, char **files, struct bad_records *bad, struct pipe_env *env);

#endif
