/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bad.h - what happens to a record that is none
 *
 * --on-error stop|skip|dead-letter=FILE and --ok-errors N, the same in every
 * tool. Every bad record is counted. stop: the first one ends the run with its
 * position and reason, after what was good before it has been delivered. Otherwise
 * the run goes on and the exit status is 65 at the end unless no more than
 * ok_errors were bad.
 *
 * A dead-letter line: {"reason":"...","position":"line 12","input":"..."}; input_b64 in place of
 * input when the bytes are not UTF-8. An input over 1 MiB is cut and "cut":true added.
 */
#ifndef MAIP_STREAM_BAD_H
#define MAIP_STREAM_BAD_H

#include "base/opt.h"
#include "json/out.h"

enum on_error { ON_ERROR_STOP, ON_ERROR_SKIP, ON_ERROR_DEAD_LETTER };

struct bad_records {
	enum on_error policy;
	int64_t       ok_errors;
	uint64_t      count;
	struct out    letters;          /* open since bad_open when policy is DEAD_LETTER */
	/* the current input for messages, "orders.ndjson"; NULL: standard input */
	const char   *source;
	const char   *letter_path;
	struct err    first;            /* the first one's message, told at the end when skipping */
};

/* The argument of --on-error: "stop", "skip" or "dead-letter=FILE". An opt_fn; arg is the
 * struct. */
int bad_option(void *arg, const char *value, struct err *err);          /* value is kept */

/* When all options were judged, and before the first record: creates the file of the letters.
 * -1 with err, which names the option; STATUS_USAGE, if one has no effect beside another. */
int bad_open(struct bad_records *bad, struct err *err);

/* What every tool's option table says of it. what: "line" or "value"; max_line is the variable of
 * the limit, a literal default for its help. */
#define BAD_OPTIONS(bad, max_line, what) \
	OPT_CALL(0, "on-error", bad_option, bad, "stop|skip|dead-letter=FILE", \
	         "what to do with a " what " that is no record (default stop)"), \
	OPT_INT(0, "ok-errors", &(bad)->ok_errors, 0, INT64_MAX, "N", \
	        "with skip or dead-letter: end with 0 if no more than N were bad (default 0)"), \
	OPT_SIZE(0, "max-line", max_line, 1, 1 << 30, "SIZE", \
	         "longest " what " that is accepted (default 16MiB)")

/* 0: go on, the record is dealt with; -1: stop, and err (STATUS_DATA) reads "line 12: reason". */
int bad_record(struct bad_records *bad, uint64_t line_number, struct str line,
               const struct err *reason, struct err *err);

/* The same for input that is not a line: position is "maip.orders[3]@1042". */
int bad_record_at(struct bad_records *bad, const char *position, struct str bytes,
                  const struct err *reason, struct err *err);

/* The same for a line past the cap, of which only the start is known. */
int bad_long_line(struct bad_records *bad, uint64_t line_number, struct str start, size_t max_line,
                  struct err *err);

/* "line 12", or "orders.ndjson: line 12" while an input with a name is read: what messages and
 * letters begin with. Returns to. */
#define BAD_POSITION_MAX 1024
const char *bad_position(const struct bad_records *bad, uint64_t line_number,
                         char to[BAD_POSITION_MAX]);

/* Let go of the letters. 0, or -1 with err. */
int bad_flush(struct bad_records *bad, struct err *err);

/* Flush and close the letters, which is told if it fails and was not yet; the status to end with:
 * so_far if that is not OK, 65 if too many were bad (one line on stderr says how many, and the
 * first reason), else OK. */
enum status bad_finish(struct bad_records *bad, enum status so_far);

#endif
