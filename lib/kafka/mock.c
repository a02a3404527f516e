/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mock.c - librdkafka's mock cluster, owned by a client that does nothing else
 */
#include "kafka/mock.h"

#include <stdio.h>
#include <stdlib.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/mem.h"
#include "kafka/topics.h"

struct mock {
	rd_kafka_t              *rk;
	rd_kafka_mock_cluster_t *cluster;
	int                      brokers;       /* numbered from 1 */
};

struct mock *
mock_start(int brokers, struct err *err)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	struct mock     *m = mem_zalloc(1, sizeof(*m));
	char             why[256];

	m->brokers = brokers;
	rd_kafka_conf_set_log_cb(conf, NULL);
	m->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (m->rk == NULL) {
		rd_kafka_conf_destroy(conf);
		fail_as(err, STATUS_UNAVAILABLE, "cannot start the embedded broker: %s", why);
	} else {
		m->cluster = rd_kafka_mock_cluster_new(m->rk, brokers);
		if (m->cluster == NULL)
			fail_as(err, STATUS_UNAVAILABLE,
			        "cannot start the embedded broker: no port to listen on");
	}
	if (m->cluster == NULL) {
		mock_stop(m);
		return NULL;
	}
	return m;
}

void
mock_stop(struct mock *m)
{
	if (m == NULL)
		return;
	if (m->cluster != NULL)
		rd_kafka_mock_cluster_destroy(m->cluster);
	if (m->rk != NULL)
		rd_kafka_destroy(m->rk);
	free(m);
}

const char *
mock_brokers(const struct mock *m)
{
	return rd_kafka_mock_cluster_bootstraps(m->cluster);
}

int
mock_topic(struct mock *m, struct str spec, struct err *err)
{
	const char         *colon = memchr(spec.p, ':', spec.n);
	struct str name = colon == NULL ? spec : str_slice(spec, 0, (size_t)(colon - spec.p));
	int partitions = colon == NULL ? MOCK_PARTITIONS
	                               : topics_number(str_slice(spec, name.n + 1, spec.n),
	                                               MOCK_PARTITIONS_MAX);
	char                text[QUOTE_MAX], topic[TOPIC_NAME_MAX + 1];
	rd_kafka_resp_err_t code;

	if (topics_check_name(name, err) < 0)
		return -1;
	if (partitions == 0)
		return fail_as(err, STATUS_USAGE,
		               "%s: the number of partitions is not from 1 to %d",
		               quote(text, spec), MOCK_PARTITIONS_MAX);
	snprintf(topic, sizeof(topic), "%.*s", STR_ARGS(name));
	code = rd_kafka_mock_topic_create(m->cluster, topic, partitions, 1);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return fail_as(err, STATUS_USAGE, "%s: %s", quote(text, name),
		               code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS
		                       ? "the topic is there already"
		                       : rd_kafka_err2str(code));
	for (int32_t p = 0; p < partitions; p++)
		rd_kafka_mock_partition_set_leader(m->cluster, topic, p, 1 + p % m->brokers);
	return 0;
}

struct rd_kafka_mock_cluster_s *
mock_cluster(const struct mock *m)
{
	return m->cluster;
}
