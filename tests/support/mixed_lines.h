/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mixed_lines.h - business events as real topics mix them
 *
 * About 500 bytes each: orders mostly, a tenth of other types, 5 % with their
 * members in another order, 2 % with spaces, 3 % with a note of which half have
 * escapes or are not ASCII. The same seed gives the same lines.
 */
#ifndef MAIP_TESTS_MIXED_LINES_H
#define MAIP_TESTS_MIXED_LINES_H

#include "base/buf.h"

struct mixed_lines {
	uint64_t seed;
	bool     uniform;               /* only plain orders */
	int64_t  ms;                    /* time of the next event */
};

/* Append one event, without a newline. */
void mixed_line(struct mixed_lines *m, struct buf *to);

#endif
