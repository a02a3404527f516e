/* SPDX-License-Identifier: Apache-2.0 */
/*
 * out.h - a checked, buffered writer of lines
 *
 * Everything a stage says goes through here. Bytes collect until the buffer is
 * full (256 KiB) or out_flush is called: whoever reads the input does that
 * before it would block, which gives full speed under load and no delay when
 * quiet. The first error sticks: later calls do nothing and return -1, so that a caller
 * may check once a batch. A reader that has gone away (EPIPE) is marked, not
 * told: tools end quietly then. A write that waits for a reader is only ended by
 * give_up; that is marked, too.
 */
#ifndef MAIP_JSON_OUT_H
#define MAIP_JSON_OUT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/num.h"

struct stat;

enum { SINK_INTERRUPTED = -2, SINK_READER_GONE = -3 };

/* Where bytes go. write: how many were taken (may be fewer than n), -1 with err, or one of the
 * above. */
struct sink {
	void *self;
	int64_t (*write)(void *self, const char *p, size_t n, struct err *err);
	int (*close)(void *self, struct err *err);      /* NULL: nothing to close */
	/* would a write find no reader any more? NULL: nobody knows */
	bool (*gone)(void *self);
	/* does it write to the file that is open, or to be opened, as this? NULL: never */
	bool (*is)(void *self, const struct stat *file);
};

struct out {
	struct buf  buf;
	struct sink to;
	bool        failed;
	bool        reader_gone;
	/* give_up said so: what had collected has not left, or only in part */
	bool        gave_up;
	struct err  err;                /* why it failed */
	bool        told;               /* out_hand_on has given that to somebody who tells it */
	/* that have left; a newline that did not come through out_end_line ends no line */
	uint64_t    lines, bytes;
	uint64_t    unsent_lines;       /* in buf */
	/* told before and after a write that may block: the back-pressure clock */
	void       *wait_arg;
	void      (*wait)(void *wait_arg, bool blocked);
	/* asked when a signal interrupts a write; NULL: never */
	bool      (*give_up)(void *wait_arg);
};

void out_init(struct out *o, const struct sink *to);
void out_release(struct out *o);

int out_bytes(struct out *o, const void *p, size_t n);
int out_str(struct out *o, struct str s);
int out_char(struct out *o, char c);
int out_line(struct out *o, struct str line);           /* the bytes and a newline */
int out_end_line(struct out *o);                        /* the newline; counts the line */
int out_i64(struct out *o, int64_t v);
int out_num(struct out *o, const struct num *n);
/* quoted and escaped; text is valid UTF-8 */
int out_json_string(struct out *o, struct str text);

/* Write what has collected. 0, or -1 (see err, reader_gone, gave_up). */
int out_flush(struct out *o);

/* Does o write to this regular file? What reads it as well would never come to its end. */
bool out_is(const struct out *o, const struct stat *file);

/* Has the reader gone away, though nothing was written to notice? Marks o as a failed write
 * would. For whoever waits for input that may not come for hours. */
bool out_left(struct out *o);

/* A side output failed: hand its error on to whoever ends the run and tells it. Returns -1. */
int out_hand_on(struct out *o, struct err *err);

/* Flush and close; the last chance to learn that a disk was full. The status a tool should end
 * with: so_far, or STATUS_IO after an error (told with warn, unless it was handed on); a gone
 * reader or giving up leaves so_far and says nothing. */
enum status out_finish(struct out *o, enum status so_far);

/* A sink over a file descriptor; closing it sets *fd to -1. */
struct sink sink_fd(int *fd);

/* A side output such as --late FILE or a dead-letter file: created or appended to, line buffered
 * by batch. err: which path, why. Appending keeps what earlier runs wrote; a line that one of them
 * left without its end stays a line of its own. "-" is refused (STATUS_USAGE): standard output has
 * the results, and a file of that name is never meant. */
int out_open_file(struct out *o, const char *path, struct err *err);

#endif
