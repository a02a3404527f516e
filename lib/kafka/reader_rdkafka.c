/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_rdkafka.c - reading through librdkafka's balanced consumer
 *
 * Without a group librdkafka still wants a group.id; what the coordinator thinks of it is nobody's
 * concern then.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "kafka/reader_parts.h"
#include "kafka/reader_rdkafka.h"

/* What is fetched ahead, in KiB. In memory it is more than twice as much: librdkafka needs 400
 * bytes for a record. Small is fast as well: what stays in the caches of the processor is read for
 * less. So an answer brings little, and the next is asked for before the last has been taken. */
#define TOGETHER_KIB    4096
#define TOGETHER_ANSWER 2048            /* in one answer of a broker, of all partitions */
#define APART_ANSWER    1024
#define APART_ALL_KIB   20480           /* in all, in equal shares ... */
#define APART_FEW       8               /* ... but of no fewer partitions than these */
#define APART_LEAST_KIB 48              /* of each: with less, one that is read alone is slow */
/* Of a share, the part that is left when more is asked for; an answer brings the rest. Many small
 * answers cost more than a few large ones. */
#define APART_LOW       6
#define MESSAGE_DEFAULT 1000000         /* librdkafka's for message.max.bytes, and its least */
#define MESSAGE_LEAST   1000
#define GATHER_MOST     ((size_t)256 << 10)     /* bytes of a feed that are gathered at once */
/* ms for which a broker may hold a fetch that finds nothing; apart that holds up the next one */
#define WAIT_TOGETHER   100
#define WAIT_APART      10
/* ms from the start in which a topic may seem not to be there, for it may be new. Later it has been
 * deleted; that must be heard before one of the same name is made, of which the first records would
 * be passed over. librdkafka would take 30 s. */
#define NEW_TOPIC       "3000"

static void
reader_close(void *self)
{
	struct kafka_reader *k = self;

	k->closing = true;
	for (size_t i = 0; i < k->n_feeds; i++) {
		feed_release(k->feeds[i]);
		free(k->feeds[i]);
	}
	k->n_feeds = 0;
	reader_release_parted(k);
	reader_trust_all(k);
	feed_release(&k->together);
	k->h.watch.log = NULL;          /* what is said from now on is for nobody */
	if (!reader_leave(k))
		return;
	for (size_t i = 0; i < k->n_topics; i++)
		free((char *)k->topics[i].p);
	free(k->topics);
	free(k->listed);
	free(k->feeds);
	free(k->parted);
	reader_hide_release(k);
	free(k);
}

static const struct reader functions = {
	.topics = reader_topics, .partitions = reader_partitions, .ends = reader_ends,
	.offset_at = reader_offset_at, .committed = reader_committed, .position = reader_position,
	.heard_end = reader_heard_end, .ends_at = reader_ends_at, .in_touch = reader_in_touch,
	.assign = reader_assign, .add = reader_add, .drop = reader_drop,
	.subscribe = reader_subscribe,
	.poll = reader_poll, .take = reader_take, .serve = reader_serve,
	.store = reader_store, .commit = reader_commit, .close = reader_close,
};

static size_t
larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* One answer may be as large as the largest message, or librdkafka will not have it. */
static void
set_answer(struct kafka_reader *k, rd_kafka_conf_t *conf, size_t kib)
{
	const size_t message =
		(size_t)kafka_conf_number(k->conf.kafka, "message.max.bytes", 0);

	if (kafka_conf_get(k->conf.kafka, "fetch.max.bytes") == NULL)
		handle_set_number(conf, "fetch.max.bytes",
		                  (int64_t)larger(kib * 1024, message));
}

/* Each partition is fetched ahead for itself: more of it when less than this is left, in KiB. */
static size_t
set_share(struct kafka_reader *k, rd_kafka_conf_t *conf, size_t partitions)
{
	const size_t share = larger(APART_ALL_KIB / larger(partitions, APART_FEW), APART_LEAST_KIB),
	             low = share / APART_LOW;

	k->fits = larger(partitions, APART_FEW);
	if (kafka_conf_get(k->conf.kafka, "fetch.message.max.bytes") == NULL)
		handle_set_number(conf, "fetch.message.max.bytes",
		                  (int64_t)smaller(share - low, APART_ANSWER) * 1024);
	return low;
}

/* How much may be fetched ahead of what was taken. Read together it is the sum of all, read apart
 * that of each partition. Whoever says how much it is gets answers that bring as much. */
static void
set_ahead(struct kafka_reader *k, rd_kafka_conf_t *conf, size_t partitions)
{
	const char *given = kafka_conf_get(k->conf.kafka, "queued.max.messages.kbytes");
	size_t kib = TOGETHER_KIB;

	k->fits = SIZE_MAX;
	if (given != NULL) {
		kib = (size_t)strtoul(given, NULL, 10);
	} else {
		if (k->conf.apart)
			kib = set_share(k, conf, partitions);
		handle_set_number(conf, "queued.max.messages.kbytes", (int64_t)kib);
		set_answer(k, conf, k->conf.apart ? APART_ANSWER : TOGETHER_ANSWER);
	}
	k->gather_bytes = smaller(kib * 1024 / 4, GATHER_MOST);
	if (rd_kafka_conf_set(conf, "fetch.queue.backoff.ms", "10", NULL, 0) != RD_KAFKA_CONF_OK)
		k->nudge_bytes = kib * 1024 / 2;
}

/* Who sends nothing has no largest message, but librdkafka refuses answers that are smaller than
 * its default. The properties of a file may be about a producer, too: what they say stays. */
static void
allow_small_answers(struct kafka_reader *k, rd_kafka_conf_t *conf)
{
	const int64_t answer =
		kafka_conf_number(k->conf.kafka, "fetch.max.bytes", MESSAGE_DEFAULT);

	if (answer >= MESSAGE_LEAST && answer < MESSAGE_DEFAULT &&
	    kafka_conf_get(k->conf.kafka, "message.max.bytes") == NULL)
		handle_set_number(conf, "message.max.bytes", answer);
}

/* Make the client, for so many partitions that are read apart. */
static int
open_client(struct kafka_reader *k, size_t partitions, struct err *err)
{
	rd_kafka_conf_t *conf = handle_conf(&k->h, k->conf.kafka, &k->conf.watch);

	k->h.owner = k;
	k->h.gone = reader_gone;
	handle_set(conf, "group.id", k->conf.group != NULL ? k->conf.group : "maip-consume");
	handle_set(conf, "enable.auto.commit", "false");
	handle_set(conf, "enable.auto.offset.store", "false");
	handle_set(conf, "enable.partition.eof", "false");
	handle_set(conf, "auto.offset.reset", "error");
	handle_set(conf, "allow.auto.create.topics", "false");
	if (k->conf.hide_internal)
		reader_hide_internal(k, conf);
	set_ahead(k, conf, partitions);
	allow_small_answers(k, conf);
	k->fetch_wait_ms = kafka_conf_number(k->conf.kafka, "fetch.wait.max.ms",
	                                     k->conf.apart ? WAIT_APART : WAIT_TOGETHER);
	handle_set_number(conf, "fetch.wait.max.ms", k->fetch_wait_ms);
	handle_default(conf, k->conf.kafka, "topic.metadata.propagation.max.ms", NEW_TOPIC);
	rd_kafka_conf_set_rebalance_cb(conf, reader_rebalance);
	if (handle_open(&k->h, RD_KAFKA_CONSUMER, conf, err) < 0)
		return -1;
	k->together.queue = rd_kafka_queue_new(k->h.rk);
	return 0;
}

int
reader_fit(struct kafka_reader *k, size_t partitions, struct err *err)
{
	if (partitions <= k->fits)
		return 0;
	feed_release(&k->together);
	handle_close(&k->h);
	return open_client(k, partitions, err);
}

int
reader_rdkafka(struct reader *r, const struct reader_conf *conf, struct err *err)
{
	struct kafka_reader *k = mem_zalloc(1, sizeof(*k));

	k->conf = *conf;
	reader_hide(k);
	if (open_client(k, APART_FEW, err) < 0) {
		reader_close(k);
		return -1;
	}
	*r = functions;
	r->self = k;
	return 0;
}
