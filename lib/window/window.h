/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.h - aggregate records over windows: the stage of maip-window
 *
 * Flink's window operator, to the record: which windows a record belongs to,
 * when they fire, what is late. What differs on purpose: sums are exact
 * decimals, and rows that fire together come by the end of their window, then by
 * the first arrival of their key. Neither clock nor I/O: the same calls give the same rows.
 *
 *	A record is late for a window if end - 1 + lateness <= watermark.
 *	It meets the watermark that the records before it have made, and moves it afterwards.
 *	A record that --where drops moves the watermark, too, and is never late.
 *
 * Cost: one accumulator and 4 to 15 bytes an open (key, window); 24 to 27 a session and 4 to 13 a
 * key that has any; the keys (group.h). max_bytes bounds it.
 */
#ifndef MAIP_WINDOW_WINDOW_H
#define MAIP_WINDOW_WINDOW_H

#include "stream/stage.h"
#include "stream/stats.h"
#include "window/calendar.h"

enum window_kind {
	WINDOW_NONE,
	WINDOW_TUMBLING,                /* size */
	WINDOW_SLIDING,                 /* size, slide */
	WINDOW_CUMULATE,                /* size, slide: the step; size is a multiple of it */
	WINDOW_SESSION,                 /* size: the gap; or gap_expr */
	WINDOW_COUNT,                   /* size records; slide records apart, 0: size */
	WINDOW_GLOBAL                   /* one window that the end of the input fires */
};

/* What the stage does. Everything is borrowed until window_free(). Texts are expressions as the
 * user wrote them. */
struct window_conf {
	enum window_kind kind;
	int64_t size, slide;            /* ms, or records; > 0 */
	int64_t offset;                 /* |offset| < size, or slide for SLIDING */
	/* TUMBLING: its periods instead of size and offset; NULL: none */
	const struct calendar *calendar;
	const char *zone;               /* of the calendar, for saved state to tell; NULL: none */
	/* SESSION: the gap of each record, an interval or a number of ms; NULL: size */
	const char *gap_expr;

	const char *const *keys;        /* "EXPR [AS NAME]" */
	size_t n_keys;
	const char *const *aggs;        /* "F(...) [AS NAME]"; none: COUNT(*) AS count */
	size_t n_aggs;
	const char *where, *having;     /* NULL: all */
	const char *top_by;             /* NULL: all rows of a window */
	int64_t     top;                /* 1 .. 10,000 */

	const char *time;               /* "timestamp" */
	int         time_format;        /* enum time_format */
	/* by the user: COUNT and GLOBAL read no time unless it is, or FIRST or LAST need it */
	bool        time_given;
	bool        processing_time;    /* the clock of tick() instead; no watermarks */
	/* of the watermark that every record makes; WATERMARK_NONE */
	int64_t     bound;
	/* the source of a record: each has a watermark, the least counts; NULL: one source */
	const char *watermark_by;
	int64_t     lateness;           /* >= 0 */
	/* ms of silence after which the clock moves the watermark on; 0: never */
	int64_t     idle_advance;
	/* early rows whenever the watermark passes a multiple of it; 0: none */
	int64_t     early;
	/* TUMBLING, SLIDING, no lateness: a key has rows for so many windows after its last one;
	 * 0 .. EMPTY_MAX */
	int64_t     empty;
	/* GLOBAL: early rows every so many records of a key; 0: none */
	int64_t     every;

	bool        ms;                 /* print times as epoch milliseconds */
	/* records that are late, as they came; NULL: only counted */
	struct out *late;
	size_t      max_bytes;          /* of state; 0: no cap */
	uint64_t    seed;               /* random; results do not depend on it */
};

#define EMPTY_MAX 1000000

struct window_counts {
	uint64_t records;               /* that were records */
	uint64_t filtered;              /* dropped by where */
	uint64_t late;                  /* in no window: too late */
	uint64_t nowhere;               /* in no window: between two of them */
	uint64_t fired;                 /* rows before having and top */
	uint64_t open;                  /* pairs of a key and a window that are held */
	uint64_t keys;
	uint64_t bytes;                 /* of state */
	uint64_t key_bytes;             /* of those, of the keys */
	uint64_t gave_up;               /* REGEXPs that ran into their match limit */
};

struct window;                                          /* opaque; lives in stage.c */

/* NULL with err (STATUS_USAGE: an expression, with the column). */
struct window *window_new(const struct window_conf *conf, struct err *err);
void window_free(struct window *w);                     /* NULL is fine */

struct stage window_stage(struct window *w);            /* borrowed from w */

/* Tell counts there from now on. NULL: not wanted, as at first. */
void window_stats(struct window *w, struct pipe_stats *stats);

/* The stream brings watermarks, so that conf.bound is not used. Known after begin. */
bool window_has_stream_watermarks(const struct window *w);

void window_counts(const struct window *w, struct window_counts *to);

#endif
