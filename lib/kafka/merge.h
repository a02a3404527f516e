/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merge.h - the next of many partitions, by time
 *
 * Holds the first record's time of each partition that has one, and tells which is the earliest;
 * ties go by topic, then partition, so that the order is the same on every run. A binary heap:
 * O(log n) a record.
 */
#ifndef MAIP_KAFKA_MERGE_H
#define MAIP_KAFKA_MERGE_H

#include "kafka/reader.h"

struct merge_head {
	int64_t     time;
	struct part part;               /* topic is borrowed */
};

struct merge {                          /* starts as all zero; merge_release() frees it */
	struct merge_head *heap;
	size_t             n, cap;
};

void merge_release(struct merge *m);
/* a partition that is not in it */
void merge_put(struct merge *m, int64_t time, const struct part *part);
/* NULL: none; borrowed until the next change */
const struct merge_head *merge_first(const struct merge *m);
/* takes the first away */
void merge_pop(struct merge *m);
void merge_remove(struct merge *m, uint32_t slot);                              /* if it is in it */

#endif
