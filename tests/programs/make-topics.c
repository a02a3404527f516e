/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make-topics.c - topics on a real broker, for tests
 *
 *	make-topics HOST:PORT NAME[:PARTITIONS]...      (4 partitions if not said)
 *
 * Ends with 0 when the broker has made all of them.
 */
#include <librdkafka/rdkafka.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/diag.h"
#include "base/mem.h"

static rd_kafka_NewTopic_t *
new_topic(const char *arg)
{
	const char *colon = strrchr(arg, ':');
	const int partitions = colon != NULL ? atoi(colon + 1) : 4;
	char *name = mem_dup(str_slice(str_of(arg), 0, colon != NULL ? (size_t)(colon - arg) : SIZE_MAX));
	char why[200];
	rd_kafka_NewTopic_t *t = rd_kafka_NewTopic_new(name, partitions, 1, why, sizeof(why));

	if (t == NULL)
		die(STATUS_USAGE, "%s: %s", arg, why);
	free(name);
	return t;
}

/* Tell each topic that was not made; how many. */
static int
tell_failures(rd_kafka_event_t *event)
{
	const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
	const rd_kafka_topic_result_t **topics;
	size_t n = 0;
	int failed = 0;

	if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
		die(STATUS_UNAVAILABLE, "%s", rd_kafka_event_error_string(event));
	topics = rd_kafka_CreateTopics_result_topics(result, &n);
	for (size_t i = 0; i < n; i++) {
		if (rd_kafka_topic_result_error(topics[i]) == RD_KAFKA_RESP_ERR_NO_ERROR)
			continue;
		warn("%s: %s", rd_kafka_topic_result_name(topics[i]), rd_kafka_topic_result_error_string(topics[i]));
		failed++;
	}
	return failed;
}

int
main(int argc, char **argv)
{
	char why[200];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	const size_t n = argc > 2 ? (size_t)argc - 2 : 0;
	rd_kafka_NewTopic_t **topics = mem_zalloc(n + 1, sizeof(rd_kafka_NewTopic_t *));
	rd_kafka_event_t *event;
	rd_kafka_queue_t *queue;
	rd_kafka_t *rk;
	int failed;

	diag_name("make-topics");
	if (n == 0)
		die(STATUS_USAGE, "usage: make-topics HOST:PORT NAME[:PARTITIONS]...");
	if (rd_kafka_conf_set(conf, "bootstrap.servers", argv[1], why, sizeof(why)) != RD_KAFKA_CONF_OK ||
	    (rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why))) == NULL)
		die(STATUS_USAGE, "%s", why);
	for (size_t i = 0; i < n; i++)
		topics[i] = new_topic(argv[2 + i]);
	queue = rd_kafka_queue_new(rk);
	rd_kafka_CreateTopics(rk, topics, n, NULL, queue);
	event = rd_kafka_queue_poll(queue, 60000);
	if (event == NULL)
		die(STATUS_UNAVAILABLE, "no answer from %s", argv[1]);
	failed = tell_failures(event);
	rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	rd_kafka_NewTopic_destroy_array(topics, n);
	free(topics);
	rd_kafka_destroy(rk);
	return failed > 0 ? STATUS_UNAVAILABLE : STATUS_OK;
}
