/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sticky.c - the partition that records without a key go to
 *
 * Under a lock: what came before librdkafka knew the topic is partitioned by a thread of its own.
 */
#include "kafka/sticky.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "kafka/handle.h"
#include "kafka/topics.h"

#define STAY_MS 10 /* librdkafka's default for sticky.partitioning.linger.ms */

struct sticky {
	pthread_mutex_t lock;
	char            topic[TOPIC_NAME_MAX + 1];      /* empty: none yet */
	int32_t         partition;
	int64_t         until;          /* monotonic ms */
};

struct sticky *
sticky_new(void)
{
	struct sticky *s = mem_zalloc(1, sizeof(*s));

	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void
sticky_free(struct sticky *s)
{
	if (s == NULL)
		return;
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static bool
is_of(const struct sticky *s, const rd_kafka_topic_t *topic)
{
	return strcmp(s->topic, rd_kafka_topic_name(topic)) == 0;
}

static int32_t
keep_or_move(struct sticky *s, const rd_kafka_topic_t *topic, int32_t partitions)
{
	const int64_t now = clock_monotonic_ms();

	if (now < s->until && is_of(s, topic) && s->partition < partitions &&
	    rd_kafka_topic_partition_available(topic, s->partition))
		return s->partition;
	snprintf(s->topic, sizeof(s->topic), "%s", rd_kafka_topic_name(topic));
	s->partition = rd_kafka_msg_partitioner_random(topic, NULL, 0, partitions, NULL, NULL);
	s->until = now + STAY_MS;
	return s->partition;
}

static int32_t
partition_of(const rd_kafka_topic_t *topic, const void *key, size_t n, int32_t partitions,
             void *opaque, void *tag)
{
	struct sticky *s = opaque;
	int32_t        partition;

	if (key != NULL)
		return rd_kafka_msg_partitioner_murmur2_random(topic, key, n, partitions, opaque,
		                                               tag);
	pthread_mutex_lock(&s->lock);
	partition = keep_or_move(s, topic, partitions);
	pthread_mutex_unlock(&s->lock);
	return partition;
}

void
sticky_install(struct sticky *s, rd_kafka_conf_t *conf)
{
	rd_kafka_topic_conf_t *topics = rd_kafka_conf_get_default_topic_conf(conf);

	handle_set(conf, "sticky.partitioning.linger.ms", "0");         /* or it is not asked */
	rd_kafka_topic_conf_set_partitioner_cb(topics, partition_of);
	rd_kafka_topic_conf_set_opaque(topics, s);
}

int32_t
sticky_partition(struct sticky *s, const rd_kafka_topic_t *topic)
{
	int32_t partition = RD_KAFKA_PARTITION_UA;

	pthread_mutex_lock(&s->lock);
	if (is_of(s, topic))
		partition = s->partition;
	pthread_mutex_unlock(&s->lock);
	return partition;
}
