/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topic_create.c - librdkafka's admin requests for one topic
 *
 * The embedded broker knows no such request, but makes a topic when it is asked for one that is
 * not there.
 */
#include "kafka/topic_create.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "kafka/handle.h"
#include "kafka/topics.h"

#define ASK_MS     10000
#define STOP_LOOK_MS 100                /* between two looks whether a signal has come */
#define FIND_MS    500                  /* a cluster names its controller in its first answer */
#define NUMBER_MAX 1000000

static int
parse_part(struct topic_conf *conf, struct str part, bool first, struct err *err)
{
	const char *equals = memchr(part.p, '=', part.n);
	struct str  key, value;
	char        text[QUOTE_MAX];

	if (equals == NULL) {
		if (first && part.n == 0)
			return 0;
		conf->partitions = topics_number(part, NUMBER_MAX);
		if (first && conf->partitions > 0)
			return 0;
		return fail_as(err, STATUS_USAGE,
		               first ? "%s is not a number of partitions" : "%s is not KEY=VALUE",
		               quote(text, part));
	}
	key = str_slice(part, 0, (size_t)(equals - part.p));
	value = str_slice(part, key.n + 1, part.n);
	if (str_eq(key, STR("replication.factor"))) {
		conf->replicas = topics_number(value, NUMBER_MAX);
		return conf->replicas > 0
		               ? 0
		               : fail_as(err, STATUS_USAGE, "%s is not a number of replicas",
		                         quote(text, value));
	}
	conf->settings = mem_more(conf->settings, conf->n_settings, &conf->cap_settings,
	                          sizeof(*conf->settings));
	conf->settings[conf->n_settings++] = (struct topic_setting){ mem_dup(key), mem_dup(value) };
	return 0;
}

int
topic_conf_parse(struct topic_conf *conf, const char *text, struct err *err)
{
	struct str rest = str_of(text == NULL ? "" : text);

	*conf = (struct topic_conf){ .partitions = -1, .replicas = -1 };
	for (bool first = true, more = true; more; first = false) {
		const char *comma = memchr(rest.p, ',', rest.n);
		size_t      n = comma == NULL ? rest.n : (size_t)(comma - rest.p);

		if (parse_part(conf, str_slice(rest, 0, n), first, err) < 0)
			return -1;
		more = comma != NULL;
		rest = str_slice(rest, n + 1, rest.n);
	}
	return 0;
}

void
topic_conf_release(struct topic_conf *conf)
{
	for (size_t i = 0; i < conf->n_settings; i++) {
		free(conf->settings[i].key);
		free(conf->settings[i].value);
	}
	free(conf->settings);
}

int
topic_ask(struct handle *h, const char *name, struct err *err)
{
	rd_kafka_topic_t               *rkt = rd_kafka_topic_new(h->rk, name, NULL);
	const struct rd_kafka_metadata *md;
	rd_kafka_resp_err_t             code;
	int                             partitions;

	code = rkt == NULL ? rd_kafka_last_error() : handle_metadata(h, false, rkt, ASK_MS, &md);
	if (rkt != NULL)
		rd_kafka_topic_destroy(rkt);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return handle_fail(h, code, "cannot ask for the topic", err);
	partitions = md->topic_cnt == 1 ? md->topics[0].partition_cnt : 0;
	rd_kafka_metadata_destroy(md);
	return partitions;
}

/* Most refusals mean that what was asked for cannot be. */
static enum status
refusal_status(rd_kafka_resp_err_t code)
{
	switch (code) {
	case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
	case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
	case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
	case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
	case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
		return STATUS_CONFIG;
	default:
		return handle_status(code);
	}
}

/* What the broker answered about the one topic. */
static int
read_answer(rd_kafka_event_t *event, struct err *err)
{
	const rd_kafka_topic_result_t **results = NULL;
	rd_kafka_resp_err_t             code = rd_kafka_event_error(event);
	const char                     *why = rd_kafka_event_error_string(event);
	size_t                          n = 0;

	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		results = rd_kafka_CreateTopics_result_topics(
			rd_kafka_event_CreateTopics_result(event), &n);
	if (n > 0) {
		code = rd_kafka_topic_result_error(results[0]);
		why = rd_kafka_topic_result_error_string(results[0]);
	}
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
		return 0;
	if (handle_status(code) == STATUS_DENIED)
		return fail_as(err, STATUS_DENIED,
		               "not permitted (it needs CREATE on the topic, or "
		               "kafka-cluster:CreateTopic)");
	return fail_as(err, refusal_status(code), "%s", why != NULL ? why : rd_kafka_err2str(code));
}

/* NULL: none within ms, or before handle_stopped(). */
static rd_kafka_event_t *
await_answer(struct handle *h, rd_kafka_queue_t *queue, int ms)
{
	rd_kafka_event_t *event = NULL;

	for (; event == NULL && ms > 0 && !handle_stopped(h); ms -= STOP_LOOK_MS)
		event = rd_kafka_queue_poll(queue, ms < STOP_LOOK_MS ? ms : STOP_LOOK_MS);
	return event;
}

static int
create_by_request(struct handle *h, rd_kafka_NewTopic_t *topic, struct err *err)
{
	rd_kafka_queue_t        *queue = rd_kafka_queue_new(h->rk);
	rd_kafka_AdminOptions_t *options =
		rd_kafka_AdminOptions_new(h->rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	char                     why[256];
	rd_kafka_event_t        *event;
	int                      got = -1;

	rd_kafka_AdminOptions_set_operation_timeout(options, ASK_MS, why, sizeof(why));
	rd_kafka_AdminOptions_set_request_timeout(options, 2 * ASK_MS, why, sizeof(why));
	rd_kafka_CreateTopics(h->rk, &topic, 1, options, queue);
	event = await_answer(h, queue, 3 * ASK_MS);
	if (event == NULL && handle_stopped(h))
		fail_as(err, STATUS_RETRY, "stopped by a signal");
	else if (event == NULL)
		fail_as(err, STATUS_UNAVAILABLE, "no answer in time");
	else
		got = read_answer(event, err);
	if (event != NULL)
		rd_kafka_event_destroy(event);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_queue_destroy(queue);
	return got;
}

/* The embedded broker names one that is not there. */
static bool
has_controller(struct handle *h)
{
	const struct rd_kafka_metadata *md;
	int32_t                         id = rd_kafka_controllerid(h->rk, FIND_MS);
	bool                            found = false;

	if (handle_metadata(h, false, NULL, ASK_MS, &md) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return true;            /* the request will say what is wrong */
	for (int i = 0; i < md->broker_cnt; i++)
		found = found || md->brokers[i].id == id;
	rd_kafka_metadata_destroy(md);
	return found;
}

int
topic_create(struct handle *h, const char *name, const struct topic_conf *conf, struct err *err)
{
	char                 text[QUOTE_MAX], why[256];
	rd_kafka_NewTopic_t *topic =
		rd_kafka_NewTopic_new(name, conf->partitions, conf->replicas, why, sizeof(why));
	rd_kafka_resp_err_t  code = RD_KAFKA_RESP_ERR_NO_ERROR;
	int                  got;

	if (topic == NULL)
		return fail_as(err, STATUS_CONFIG, "cannot make topic %s: %s",
		               quote(text, str_of(name)), why);
	for (size_t i = 0; i < conf->n_settings && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
		code = rd_kafka_NewTopic_set_config(topic, conf->settings[i].key,
		                                    conf->settings[i].value);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		got = fail_as(err, STATUS_CONFIG, "%s", rd_kafka_err2str(code));
	else if (!has_controller(h))
		got = topic_ask(h, name, err) < 0 ? -1 : 0;
	else
		got = create_by_request(h, topic, err);
	rd_kafka_NewTopic_destroy(topic);
	return got < 0 ? fail_in(err, "cannot make topic %s", quote(text, str_of(name))) : 0;
}

/* ---- settings */

/* The value of a setting in the answer to a question for those of one topic; NULL: it is not
 * there. */
static const char *
value_in(rd_kafka_event_t *event, const char *key)
{
	const rd_kafka_ConfigResource_t **topics;
	const rd_kafka_ConfigEntry_t    **settings;
	size_t                            n = 0;

	topics = rd_kafka_DescribeConfigs_result_resources(
		rd_kafka_event_DescribeConfigs_result(event), &n);
	if (n == 0)
		return NULL;
	settings = rd_kafka_ConfigResource_configs(topics[0], &n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(rd_kafka_ConfigEntry_name(settings[i]), key) == 0)
			return rd_kafka_ConfigEntry_value(settings[i]);
	return NULL;
}

int
topic_limits(struct handle *h, int32_t broker, const char *name, int ms, struct topic_limits *to,
             struct err *err)
{
	static const char         *const keys[] = { "max.message.bytes", "cleanup.policy" };
	rd_kafka_queue_t          *queue = rd_kafka_queue_new(h->rk);
	rd_kafka_AdminOptions_t   *options =
		rd_kafka_AdminOptions_new(h->rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
	rd_kafka_ConfigResource_t *topic =
		rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
	const char                *bytes = NULL, *policy = NULL;
	char                       why[256];
	rd_kafka_event_t          *event;
	bool                       stopped;

	rd_kafka_AdminOptions_set_request_timeout(options, ms, why, sizeof(why));
	rd_kafka_AdminOptions_set_broker(options, broker, why, sizeof(why));
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		rd_kafka_ConfigResource_set_config(topic, keys[i], "");
	rd_kafka_DescribeConfigs(h->rk, &topic, 1, options, queue);
	event = await_answer(h, queue, ms);
	stopped = event == NULL && handle_stopped(h);
	if (event != NULL && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR) {
		bytes = value_in(event, keys[0]);
		policy = value_in(event, keys[1]);
	}
	if (!stopped)
		*to = (struct topic_limits){ .bytes = bytes != NULL ? strtoll(bytes, NULL, 10) : 0,
			                     .keys = policy != NULL &&
			                             strstr(policy, "compact") };
	if (event != NULL)
		rd_kafka_event_destroy(event);
	rd_kafka_ConfigResource_destroy(topic);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_queue_destroy(queue);
	return stopped ? fail_as(err, STATUS_RETRY, "stopped by a signal") : 0;
}
