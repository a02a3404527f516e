/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources.h - the newest time of each source that records name
 *
 * With --watermark-by a stream is a mixture of sources, partitions say, each in
 * its own order: time is where the slowest of them is. A source counts from its
 * first record on. What it takes to bring in an older one late is in the hands
 * of the user: the watermark never falls.
 *
 * Cost: a record that moves the slowest source looks at all of them; any other at none.
 */
#ifndef MAIP_WINDOW_SOURCES_H
#define MAIP_WINDOW_SOURCES_H

#include "sql/value.h"

#define SOURCES_MAX 65536

struct sources;                                         /* opaque; lives in sources.c */

struct sources *sources_new(uint64_t seed);
void sources_free(struct sources *s);                   /* NULL is fine */

/* The number of the source that v names. -1 with err: it is NULL, or there are more than
 * SOURCES_MAX. */
int sources_find(struct sources *s, const struct val *v, uint32_t *number, struct err *err);

/* A record of that source. Returns the newest time of the slowest source. */
int64_t sources_see(struct sources *s, uint32_t number, int64_t ts);

void sources_save(const struct sources *s, struct buf *to);
int  sources_load(struct sources *s, struct cursor *from);

#endif
