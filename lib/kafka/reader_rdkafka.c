/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_rdkafka.c - reading through librdkafka's balanced consumer
 *
 * Without a group librdkafka still wants a group.id; what the coordinator thinks of it is nobody's
 * concern then.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "kafka/reader_parts.h"
#include "kafka/reader_rdkafka.h"

static void
reader_close(void *self)
{
	struct kafka_reader *k = self;

	k->closing = true;
	for (size_t i = 0; i < k->n_feeds; i++)
		feed_release(&k->feeds[i]);
	reader_release_parted(k);
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
	free(k);
}

static const struct reader functions = {
	.topics = reader_topics, .partitions = reader_partitions, .ends = reader_ends,
	.offset_at = reader_offset_at, .committed = reader_committed, .position = reader_position,
	.heard_end = reader_heard_end,
	.assign = reader_assign, .add = reader_add, .drop = reader_drop,
	.subscribe = reader_subscribe,
	.poll = reader_poll, .take = reader_take, .serve = reader_serve,
	.store = reader_store, .commit = reader_commit, .close = reader_close,
};

static void
set_default(rd_kafka_conf_t *conf, const struct kafka_conf *given, const char *key,
            const char *value)
{
	if (kafka_conf_get(given, key) == NULL)
		handle_set(conf, key, value);
}

/* How much librdkafka may fetch ahead, and how it goes on when that has been taken. */
static void
set_queue(struct kafka_reader *k, rd_kafka_conf_t *rk_conf)
{
	const char *given = kafka_conf_get(k->conf.kafka, "queued.max.messages.kbytes");
	char ignored[200];

	if (given == NULL)
		handle_set(rk_conf, "queued.max.messages.kbytes",
		           given = k->conf.apart ? "4096" : "16384");
	if (rd_kafka_conf_set(rk_conf, "fetch.queue.backoff.ms", "10", ignored, sizeof(ignored)) !=
	    RD_KAFKA_CONF_OK)
		k->nudge_bytes = (size_t)strtoul(given, NULL, 10) * 1024 / 2;
}

int
reader_rdkafka(struct reader *r, const struct reader_conf *conf, struct err *err)
{
	struct kafka_reader *k = mem_zalloc(1, sizeof(*k));
	rd_kafka_conf_t *rk_conf = handle_conf(&k->h, conf->kafka, &conf->watch);

	k->conf = *conf;
	k->h.owner = k;
	handle_set(rk_conf, "group.id", conf->group != NULL ? conf->group : "maip-consume");
	handle_set(rk_conf, "enable.auto.commit", "false");
	handle_set(rk_conf, "enable.auto.offset.store", "false");
	handle_set(rk_conf, "enable.partition.eof", "false");
	handle_set(rk_conf, "auto.offset.reset", "error");
	handle_set(rk_conf, "allow.auto.create.topics", "false");
	if (conf->hide_internal)
		handle_set(rk_conf, "topic.blacklist", "^__");
	set_queue(k, rk_conf);
	set_default(rk_conf, conf->kafka, "fetch.wait.max.ms", "100");
	rd_kafka_conf_set_rebalance_cb(rk_conf, reader_rebalance);
	if (handle_open(&k->h, RD_KAFKA_CONSUMER, rk_conf, err) < 0) {
		reader_close(k);
		return -1;
	}
	k->together.queue = rd_kafka_queue_new(k->h.rk);
	*r = functions;
	r->self = k;
	return 0;
}
