/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipe.h - runs one stage between a source and an out
 *
 * Reads, splits into batches, obeys and forwards control lines, keeps the three
 * clocks, applies the bad-record policy, flushes before it would block: out, the
 * dead letters and the side outputs. The same loop runs between two buffers in a test.
 *
 * How an input may end:
 *	without hello  (a file, jq, cat) the end of file is the end of the input: everything fires
 *	with hello     only an end line that nothing follows is; an end of file without one, or in
 *	               the middle of a line, means that an upstream stage died: nothing fires,
 *	               STATUS_RETRY
 *
 * How a run may be stopped by a signal (stop is set):
 *	without hello  it reads no further, fires nothing, lets go of what it had said,
 *	               STATUS_RETRY: it must not look complete; a reader that does not read is
 *	               waited for until stop is STOP_OVERDUE
 *	               with wants_drain what it has not read does not exist: everything fires,
 *	               and its reader is waited for
 *	               with reads_on and is_fed it reads what is still on its way, and ends as if
 *	               it had not: a stage that passes records on, with nothing open that the end
 *	               of its input would fire, loses none so
 *	with hello     it reads on: whoever cancels tells the source first, and the pipe runs dry
 *	               down to the end line
 *
 * A reader that goes away ends the run quietly: STATUS_OK, as after "| head"; with hello
 * STATUS_RETRY, for the job is not whole.
 */
#ifndef MAIP_STREAM_PIPE_H
#define MAIP_STREAM_PIPE_H

#include "json/line.h"
#include "stream/bad.h"
#include "stream/stage.h"
#include "stream/stats.h"

enum pipe_stop {
	STOP_NONE,
	STOP_SOON,                      /* a signal has come */
	STOP_OVERDUE,                   /* a second ago */
	STOP_NOW                        /* a second one (pipe_count_stops): wait for nothing */
};

#define PIPE_SIDE_OUTPUTS 2

/* Everything that a run borrows from the world. */
struct pipe_env {
	int64_t (*clock_ms)(void *self);        /* wall clock, ms since the epoch */
	int64_t (*clock_ns)(void *self);        /* monotonic */
	void *clock_self;
	/* enum pipe_stop, set by a signal handler, see above; NULL: never */
	const volatile int *stop;
	/* asked once stop is set: does the input then count as complete, and shall stages
	 * downstream fire what is open? NULL: no */
	bool (*wants_drain)(void *self);
	/* asked once stop is set, of a stage that reads on: was an upstream stage asked as well, so
	 * that the input ends by itself? NULL: no */
	bool (*is_fed)(void *self);
	void *asked_self;               /* of the two */
	bool  reads_on;                 /* see above */
	struct pipe_stats *stats;       /* NULL: not wanted */
	size_t max_line;                /* 0: LINE_MAX_DEFAULT */
	/* false: the stage is the last of its kind and control lines end here */
	bool   forward_control;
	/* what else the tool writes: flushed when out is; NULL: nothing */
	struct out *side_outputs[PIPE_SIDE_OUTPUTS];
};

/* The inputs of a stage, in order. */
struct pipe_input {
	struct source source;
	const char   *name;             /* for messages; NULL: only the line number is told */
};

/*
 * Run to the end of the last input; only the first may begin with hello. The status to end with:
 * STATUS_OK or why not, and err has the message (empty if there is nothing to say: a reader that
 * went away). The bad-record policy's own verdict is bad_finish()'s. out is flushed, not closed.
 */
enum status pipe_run(const struct stage *stage, const struct pipe_input *inputs, size_t n_inputs,
                     struct bad_records *bad, struct out *out, const struct pipe_env *env,
                     struct err *err);

/* What a give_up of out says when it gives up (json/out.h). Always true. */
bool pipe_give_up(struct out *out);

/* Signals that come closer together than this are one request: timeout(1) tells its child and the
 * group of it, systemd all of a service, and who supervises a stage hears of it and tells it. */
#define PIPE_SAME_STOP_MS 250

/* The world's own clocks and a stop flag set by SIGTERM, SIGINT and SIGHUP; a second one ends the
 * process at once with STATUS_RETRY. From the first one on SIGALRM comes every second, so that no
 * write waits for ever. SIGPIPE and SIGXFSZ are ignored: they come as errors of write. Control
 * lines are forwarded; the rest is zero. */
void pipe_env_real(struct pipe_env *env);

/* After pipe_env_real(), for who has to say what it leaves undone: the second signal does not end
 * the process, but sets stop to STOP_NOW; the third does. */
void pipe_count_stops(void);

/* The usual main of a filter over its FILE operands ("-" or none: standard input): all must be
 * readable before the work starts (else STATUS_NOINPUT) and none may be a file that is written as
 * well (else STATUS_USAGE); each is opened when its turn comes. Runs, tells what went wrong,
 * finishes bad. Returns the exit status. */
int pipe_main(const struct stage *stage, int n_files, char *const *files, struct bad_records *bad,
              const struct pipe_env *env);

#endif
