/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line.h - lines out of a byte source, a bounded buffer at a time
 *
 * Reads up to 1 MiB at once and hands out lines that stand in the buffer: no copy. Strips "\r\n"
 * or "\n" and a byte order mark at the start of the input, unless the first line is nothing else;
 * passes over blank lines (they count for the line number). A last line without a newline is a
 * line, and marked. A line longer than the cap is reported once, as too long, and skipped to its
 * end without being stored: never split, never a crash.
 */
#ifndef MAIP_JSON_LINE_H
#define MAIP_JSON_LINE_H

#include <stdint.h>

#include "base/diag.h"
#include "base/str.h"

/* Where bytes come from. A value, so that a test can hold it: over a descriptor (source_fd), over
 * memory, or one that cuts its reads at random places. */
struct source {
	void *self;
	/* Up to n bytes into p: > 0 how many, 0 at the end, -1 with err. Blocks;
	 * SOURCE_INTERRUPTED: a signal may have set its flag. */
	int64_t (*read)(void *self, char *p, size_t n, struct err *err);
	/* Would read return at once? NULL: always. With wait_ms > 0 waits that long for it (-1:
	 * no limit). */
	bool (*ready)(void *self, int64_t wait_ms);
};

enum { SOURCE_INTERRUPTED = -2 };

struct line {
	struct str text;                /* borrowed until the next line_fill */
	uint64_t   number;              /* from 1, blank lines counted */
	bool       too_long;            /* text is its first 64 bytes; unterminated is not known */
	bool       unterminated;        /* the input ended without a newline */
};

struct line_reader;                                     /* opaque; lives in line.c */

#define LINE_MAX_DEFAULT ((size_t)16 << 20)
#define LINE_SLACK 64 /* readable bytes behind every line: kernels may over-read */

struct line_reader *line_new(size_t max_line);
void line_free(struct line_reader *r);                  /* NULL is fine */

/* Start on a source. The number starts again at 1. */
void line_open(struct line_reader *r, const struct source *from);

/* Up to max lines that stand in the buffer, without reading. 0: line_fill is needed. */
size_t line_take(struct line_reader *r, struct line *lines, size_t max);

/* Give the last n lines of the previous line_take back; the next one hands them out again. Before
 * line_fill. */
void line_untake(struct line_reader *r, size_t n);

/* One read. All lines handed out so far are gone. 1 more data, 0 the end (line_take may still
 * have a last line),
 * -1 err, SOURCE_INTERRUPTED. */
int line_fill(struct line_reader *r, struct err *err);

/* Would line_fill return at once? */
bool line_ready(struct line_reader *r, int64_t wait_ms);

/* A source over a file descriptor, not owned. Pipes are made 1 MiB where the system allows. */
struct source source_fd(int *fd);

#endif
