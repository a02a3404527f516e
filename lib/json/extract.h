/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extract.h - the fields that a stage needs, and where they stand in a line
 *
 * The whole line is validated, whatever is asked for. A line shaped like one
 * seen before takes the template path: the bytes between values are compared,
 * the values checked as they are skipped (after Mison, VLDB 2017). Any other
 * line takes the exact path of scan.h; both give the same answer on every input.
 *
 * A name that occurs twice in one object: the last one counts, as in Jackson. A record is
 * an object; anything else is refused, and so is an object whose first member is
 * _maip, however it is spelled: that name belongs to control lines.
 */
#ifndef MAIP_JSON_EXTRACT_H
#define MAIP_JSON_EXTRACT_H

#include <stdint.h>

#include "json/scan.h"

struct extractor;                                       /* opaque; lives in extract.c */

/* One step of a path: a member's name, or an element's index (from 0) when name.p is NULL. */
struct step {
	struct str name;                /* decoded */
	uint32_t   index;
};

struct path {
	struct step *steps;
	size_t       n;
};

#define EXTRACT_FIELDS 64               /* at most so many different paths a stage */

/* Compares as many bytes at once as the processor can, or as the environment variable MAIP_SIMD
 * says (see extract_simd). */
struct extractor *extract_new(void);
void extract_free(struct extractor *x);                 /* NULL is fine */

/* Index of a field; the same path twice has one index. Before the first line only. Copies the
 * path. A path that goes on inside another one's value (a and a.b) is fine. The empty path is the
 * whole record. */
int extract_path(struct extractor *x, const struct path *path, struct err *err);

size_t extract_count(const struct extractor *x);

/* "payload.customerId", for messages. */
struct str extract_name(const struct extractor *x, size_t index);

/* Validate line and put where its fields stand into fields[0 .. extract_count). line has
 * LINE_SLACK readable bytes behind it. 0, or -1: not a record, err says why and at which column,
 * fields are undefined. The members are borrowed from line. */
int extract(struct extractor *x, struct str line, struct field *fields, struct err *err);

/* Use "scalar", "sse2" or "avx2" from now on, for tests. -1: this processor has it not. The
 * answers are the same. */
int extract_simd(struct extractor *x, const char *level);

/* The same by the exact path alone: the reference for tests. */
int extract_exact(struct extractor *x, struct str line, struct field *fields, struct err *err);

#endif
