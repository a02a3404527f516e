/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sticky.h - the partition that records without a key go to
 *
 * librdkafka's partitioner murmur2_random: a key decides as in the Java client, and without one a
 * random partition that has a leader is kept for 10 ms, so that batches are large. What this adds
 * is that the partition can be asked for.
 */
#ifndef MAIP_KAFKA_STICKY_H
#define MAIP_KAFKA_STICKY_H

#include <librdkafka/rdkafka.h>

struct sticky;                                          /* opaque; lives in sticky.c */

struct sticky *sticky_new(void);
void sticky_free(struct sticky *s);                     /* NULL is fine; after the client */

/* Make it the partitioner of the client, for which a property of topics (such as partitioner) was
 * set before. */
void sticky_install(struct sticky *s, rd_kafka_conf_t *conf);

/* Where the last record without a key went that was sent to this topic;
 * RD_KAFKA_PARTITION_UA: not known, for it was another topic's, or had to wait for this one. */
int32_t sticky_partition(struct sticky *s, const rd_kafka_topic_t *topic);

#endif
