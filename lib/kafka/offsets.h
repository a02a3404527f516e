/* SPDX-License-Identifier: Apache-2.0 */
/*
 * offsets.h - where to start in a partition, and where to end
 *
 *	earliest beginning start    latest end    committed stored (by a group)
 *	N           that offset
 *	-N          the last N          +N      the first N; as an end: N after the start
 *	@TIME       the first record of that time or later: RFC 3339, a date with or without a time
 *	            of day, in UTC, or a number in s, ms, us or ns
 *	-3d @-3d    so long ago
 *	A:B         from A up to, not including, B; either may be left out
 *
 * Offsets count what Kafka counts: in a compacted topic, or one with transactions, "the last N"
 * has fewer than N records.
 */
#ifndef MAIP_KAFKA_OFFSETS_H
#define MAIP_KAFKA_OFFSETS_H

#include "kafka/reader.h"

enum place_kind {
	PLACE_NONE,
	PLACE_EARLIEST,
	PLACE_LATEST,
	PLACE_COMMITTED,
	PLACE_NUMBER,
	PLACE_BEFORE_END,
	PLACE_AFTER_START,
	PLACE_TIME
};

struct place {
	enum place_kind kind;           /* NONE: not given */
	int64_t         value;          /* NUMBER, BEFORE_END, AFTER_START: >= 0; TIME: ms */
};

struct place_range {
	struct place from, to;
};

/* "A" or "A:B". now is what "so long ago" counts from. -1 with err (STATUS_USAGE). */
int place_range_parse(struct place_range *to, struct str text, int64_t now, struct err *err);

/* Does it ask what a group has committed? */
static inline bool
place_range_committed(const struct place_range *r)
{
	return r->from.kind == PLACE_COMMITTED || r->to.kind == PLACE_COMMITTED;
}

/* One place. -1 with err. */
int place_parse(struct place *to, struct str text, int64_t now, struct err *err);

/* of a partition, at one moment: offsets from first up to, not including, next */
struct extent {
	int64_t first, next;
	/* by the group, what COMMITTED means; OFFSET_NONE: nothing, and it means first */
	int64_t committed;
};

/* Where reading starts: an offset in [first, next]: 0; 1: it is a number or a committed offset that
 * the partition does not hold, and nobody moves it silently; -1 with err. */
int place_start(const struct place *p, const struct reader *reader, const struct part *part,
                const struct extent *extent, int64_t *offset, struct err *err);

/* The offset to be read next is not in a partition that holds first up to next. */
struct gone {
	struct part part;               /* its topic is borrowed */
	bool        committed;          /* the offset is what the group has committed */
	int64_t     offset, first, next;
};

/* Says so of n partitions, at least one, and how to go on without any other being touched. Returns
 * -1 with STATUS_CONFIG. */
int place_fail_gone(const struct gone *gone, size_t n, struct err *err);

/* Where it ends; at most extent->next, at least start. */
int place_end(const struct place *p, const struct reader *reader, const struct part *part,
              const struct extent *extent, int64_t start, int64_t *offset, struct err *err);

/* Does reading from start end there only because the partition does, in that extent? Not told of a
 * time, of which nobody knows whether what comes is before it. */
bool place_ends_with_log(const struct place *p, const struct extent *extent, int64_t start);

#endif
