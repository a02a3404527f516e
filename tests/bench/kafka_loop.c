/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_loop - the least that a client of librdkafka can do: the ceiling for the tools
 *
 *	kafka_loop send BROKERS TOPIC COUNT BYTES [keyed]
 *	kafka_loop discard BROKERS TOPIC COUNT
 *
 * The first sends the same record over and over and counts the acknowledgements, the second reads
 * so many records from the beginning of all partitions.
 *
 * With the properties that the tools set, so that what differs is what the tools do.
 */
#include <librdkafka/rdkafka.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/mem.h"

#define QUIET_MS 30000                  /* nothing for so long: something is wrong */

static rd_kafka_t *
client(rd_kafka_type_t type, rd_kafka_conf_t *conf, const char *const (*set)[2],
       const char *brokers)
{
	char why[512];
	rd_kafka_t *rk;

	for (; (*set)[0] != NULL; set++)
		if (rd_kafka_conf_set(conf, (*set)[0], (*set)[1], why, sizeof(why)) !=
		    RD_KAFKA_CONF_OK)
			die(STATUS_BUG, "%s", why);
	if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof(why)) != RD_KAFKA_CONF_OK)
		die(STATUS_BUG, "%s", why);
	rk = rd_kafka_new(type, conf, why, sizeof(why));
	if (rk == NULL)
		die(STATUS_BUG, "%s", why);
	return rk;
}

/* ---- sending */

static void
on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	(void)rk;
	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		die(STATUS_BUG, "not delivered: %s", rd_kafka_err2str(m->err));
	++*(uint64_t *)opaque;
}

static void
send_constant(const char *brokers, const char *topic, uint64_t count, size_t bytes, bool keyed)
{
	static const char *const set[][2] = {
		{ "partitioner", "murmur2_random" }, { "linger.ms", "20" }, { "queue.buffering.max.kbytes", "16384" },
		{ "message.max.bytes", "33554432" }, { "acks", "all" }, { "enable.idempotence", "true" }, { NULL, NULL },
	};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	uint64_t         delivered = 0;
	char            *value = mem_zalloc(bytes, 1), key[24];
	rd_kafka_topic_t *rkt;
	rd_kafka_t       *rk;

	memset(value, 'x', bytes);
	rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	rd_kafka_conf_set_opaque(conf, &delivered);
	rk = client(RD_KAFKA_PRODUCER, conf, set, brokers);
	rkt = rd_kafka_topic_new(rk, topic, NULL);
	for (uint64_t i = 0; i < count; i++) {
		size_t n = keyed ? (size_t)snprintf(key, sizeof(key), "%d", (int)(i * 7919 % 10000))
		                 : 0;

		while (rd_kafka_produce(rkt, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value,
		                        bytes, keyed ? key : NULL, n, NULL) != 0)
			rd_kafka_poll(rk, 100);
		if (i % 512 == 0)
			rd_kafka_poll(rk, 0);
	}
	if (rd_kafka_flush(rk, QUIET_MS) != RD_KAFKA_RESP_ERR_NO_ERROR || delivered != count)
		die(STATUS_BUG, "only %llu delivered", (unsigned long long)delivered);
	rd_kafka_topic_destroy(rkt);
	rd_kafka_destroy(rk);
	free(value);
}

/* ---- reading */

static int
partitions_of(rd_kafka_t *rk, rd_kafka_topic_t *rkt)
{
	const struct rd_kafka_metadata *md;
	int n;

	if (rd_kafka_metadata(rk, 0, rkt, &md, QUIET_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
		die(STATUS_BUG, "no metadata");
	n = md->topics[0].partition_cnt;
	rd_kafka_metadata_destroy(md);
	return n;
}

static void
count_one(rd_kafka_message_t *m, void *count)
{
	*(uint64_t *)count += m->err == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* A callback takes all that is there under one lock: of what librdkafka offers the cheapest. */
static void
discard(const char *brokers, const char *topic, uint64_t count)
{
	static const char *const set[][2] = {
		{ "group.id", "kafka_loop" },
		{ "enable.auto.commit", "false" },
		{ "enable.auto.offset.store", "false" },
		{ "check.crcs", "true" },
		{ "queued.max.messages.kbytes", "4096" },
		{ "fetch.max.bytes", "2097152" },
		{ "fetch.wait.max.ms", "100" },
		{ NULL, NULL },
	};
	rd_kafka_t       *rk = client(RD_KAFKA_CONSUMER, rd_kafka_conf_new(), set, brokers);
	rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, topic, NULL);
	rd_kafka_queue_t *all = rd_kafka_queue_new(rk);
	const int         partitions = partitions_of(rk, rkt);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
	uint64_t                         n = 0;

	for (int i = 0; i < partitions; i++) {
		rd_kafka_queue_t *queue = rd_kafka_queue_get_partition(rk, topic, i);

		rd_kafka_queue_forward(queue, all);
		rd_kafka_queue_destroy(queue);
		rd_kafka_topic_partition_list_add(list, topic, i)->offset =
			RD_KAFKA_OFFSET_BEGINNING;
	}
	rd_kafka_poll_set_consumer(rk);
	rd_kafka_assign(rk, list);
	while (n < count)
		if (rd_kafka_consume_callback_queue(all, QUIET_MS, count_one, &n) <= 0)
			die(STATUS_BUG, "only %llu records came", (unsigned long long)n);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_queue_destroy(all);
	rd_kafka_topic_destroy(rkt);
	rd_kafka_consumer_close(rk);
	rd_kafka_destroy(rk);
}

int
main(int argc, char **argv)
{
	diag_name("kafka_loop");
	mem_keep_freed();
	if (argc >= 6 && strcmp(argv[1], "send") == 0)
		send_constant(argv[2], argv[3], strtoull(argv[4], NULL, 10),
		              strtoull(argv[5], NULL, 10), argc > 6);
	else if (argc == 5 && strcmp(argv[1], "discard") == 0)
		discard(argv[2], argv[3], strtoull(argv[4], NULL, 10));
	else
		die(STATUS_USAGE, "send BROKERS TOPIC COUNT BYTES [keyed], or discard BROKERS TOPIC COUNT");
	return 0;
}
