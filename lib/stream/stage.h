/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage.h - what a filter does with what comes down the pipe
 *
 * A stage is a value, not a process: it has no clock, no descriptor and no
 * randomness of its own. pipe_run() feeds it; a test can feed it as well, five
 * of them in one process. Its state can be saved and loaded at any point
 * between two calls, and the answer does not change.
 */
#ifndef MAIP_STREAM_STAGE_H
#define MAIP_STREAM_STAGE_H

#include "json/out.h"
#include "stream/control.h"

#define BATCH_MAX 64

struct bad_records;                                     /* bad.h */

/* data lines that arrived together; no control line between them */
struct batch {
	size_t            n;            /* 1 .. BATCH_MAX */
	/* without the newline; borrowed until the call returns; LINE_SLACK readable bytes behind */
	const struct str *line;
	const uint64_t   *number;       /* line numbers, for messages */
};

/* all return 0, or -1 with err; out is where results go; NULL: not needed */
struct stage_ops {
	/* The first line of the stream, or NULL when the input has no hello (a file, jq, cat):
	 * then the stage makes its own watermarks, and the end of the input is the end. Called
	 * once, before anything else. */
	int (*begin)(void *self, const struct control *hello, struct out *out, struct err *err);

	/* A line that is no record goes to bad_record(bad, ...), which says whether to go on. */
	int (*batch)(void *self, const struct batch *batch, struct bad_records *bad,
	             struct out *out, struct err *err);

	/* No later record has time <= ts. Only when hello promised watermarks; never falls. The
	 * stage does not forward it: the loop does. */
	int (*watermark)(void *self, int64_t ts, struct out *out, struct err *err);
	/* The wall clock, for processing time: before every batch, and when the time that
	 * next_tick told has come. */
	int (*tick)(void *self, int64_t now_ms, struct out *out, struct err *err);
	/* when tick is wanted next; TIME_MAX: never */
	int64_t (*next_tick)(void *self);

	/* The input is over. drain: fire everything; otherwise keep state, fire nothing. */
	int (*finish)(void *self, bool drain, struct out *out, struct err *err);

	/* to: empty. -1: its maximum is too small, and what is in it is no state. */
	int (*save)(void *self, struct buf *to, struct err *err);
	int (*load)(void *self, struct str from, struct err *err);
};

/* The end of save: did all of it fit into to? */
static inline int
stage_saved(const struct buf *to, struct err *err)
{
	if (!to->refused)
		return 0;
	return fail_as(err, STATUS_CONFIG, "the state is too large to be saved in one piece "
	               "(more than %zu bytes)", to->max);
}

struct stage {
	const struct stage_ops *ops;
	void *self;
};

#endif
