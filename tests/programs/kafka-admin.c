/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka-admin.c - what happens to topics on a real broker, for tests
 *
 *	kafka-admin HOST:PORT create-topics TOPIC[:PARTITIONS]...       4 partitions if not said
 *	kafka-admin HOST:PORT delete-topic TOPIC
 *	kafka-admin HOST:PORT delete-records TOPIC {PARTITION OFFSET}...        those before OFFSET
 *	kafka-admin HOST:PORT create-partitions TOPIC TOTAL
 *	kafka-admin HOST:PORT allow USER topic|group NAME OPERATION...  WRITE, Describe_Configs, ...
 *	kafka-admin HOST:PORT transaction TOPIC PARTITION VALUE...
 *
 * All but the last end with 0 when the broker has done it. A transaction is left open when its
 * records are in the log: it prints "open", waits for the end of standard input, and aborts.
 */
#include <librdkafka/rdkafka.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/diag.h"
#include "base/mem.h"

#define WAIT_MS 60000

static void
set(rd_kafka_conf_t *conf, const char *key, const char *value)
{
	char why[200];

	if (rd_kafka_conf_set(conf, key, value, why, sizeof(why)) != RD_KAFKA_CONF_OK)
		die(STATUS_USAGE, "%s", why);
}

static void
must(rd_kafka_error_t *error)
{
	if (error != NULL)
		die(STATUS_UNAVAILABLE, "%s", rd_kafka_error_string(error));
}

/* Tell each topic for which it failed. */
static void
must_topics(const rd_kafka_topic_result_t **results, size_t n)
{
	size_t failed = 0;

	for (size_t i = 0; i < n; i++) {
		if (rd_kafka_topic_result_error(results[i]) == RD_KAFKA_RESP_ERR_NO_ERROR)
			continue;
		warn("%s: %s", rd_kafka_topic_result_name(results[i]),
		     rd_kafka_topic_result_error_string(results[i]));
		failed++;
	}
	if (n == 0 || failed > 0)
		die(STATUS_UNAVAILABLE, "%zu of %zu topics failed", failed, n);
}

static void
must_acls(const rd_kafka_acl_result_t **results, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (rd_kafka_acl_result_error(results[i]) != NULL)
			die(STATUS_UNAVAILABLE, "%s",
			    rd_kafka_error_string(rd_kafka_acl_result_error(results[i])));
}

static void
check(rd_kafka_event_t *event)
{
	const rd_kafka_DeleteRecords_result_t *deleted;
	const rd_kafka_topic_result_t **topics;
	const rd_kafka_acl_result_t **acls;
	size_t n = 0;

	if (event == NULL)
		die(STATUS_UNAVAILABLE, "no answer");
	if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
		die(STATUS_UNAVAILABLE, "%s", rd_kafka_event_error_string(event));
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
		topics = rd_kafka_CreateTopics_result_topics(
			rd_kafka_event_CreateTopics_result(event), &n);
		must_topics(topics, n);
		break;
	case RD_KAFKA_EVENT_DELETETOPICS_RESULT:
		topics = rd_kafka_DeleteTopics_result_topics(
			rd_kafka_event_DeleteTopics_result(event), &n);
		must_topics(topics, n);
		break;
	case RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT:
		topics = rd_kafka_CreatePartitions_result_topics(
			rd_kafka_event_CreatePartitions_result(event), &n);
		must_topics(topics, n);
		break;
	case RD_KAFKA_EVENT_CREATEACLS_RESULT:
		acls = rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event), &n);
		must_acls(acls, n);
		break;
	default:
		deleted = rd_kafka_event_DeleteRecords_result(event);
		if (rd_kafka_DeleteRecords_result_offsets(deleted)->elems[0].err !=
		    RD_KAFKA_RESP_ERR_NO_ERROR)
			die(STATUS_UNAVAILABLE, "the records are not deleted");
	}
	rd_kafka_event_destroy(event);
}

static rd_kafka_NewTopic_t *
new_topic(const char *arg)
{
	const char *colon = strrchr(arg, ':');
	const int partitions = colon != NULL ? atoi(colon + 1) : 4;
	char *name = mem_dup(str_slice(str_of(arg), 0,
	                               colon != NULL ? (size_t)(colon - arg) : SIZE_MAX));
	char why[200];
	rd_kafka_NewTopic_t *t = rd_kafka_NewTopic_new(name, partitions, 1, why, sizeof(why));

	if (t == NULL)
		die(STATUS_USAGE, "%s: %s", arg, why);
	free(name);
	return t;
}

/* argv ends with NULL */
static void
create_topics(rd_kafka_t *rk, rd_kafka_queue_t *queue, char **argv)
{
	rd_kafka_NewTopic_t **topics = NULL;
	size_t n = 0, cap = 0;

	for (; argv[n] != NULL; n++) {
		topics = mem_more(topics, n, &cap, sizeof(rd_kafka_NewTopic_t *));
		topics[n] = new_topic(argv[n]);
	}
	rd_kafka_CreateTopics(rk, topics, n, NULL, queue);
	rd_kafka_NewTopic_destroy_array(topics, n);
	free(topics);
}

static void
delete_topic(rd_kafka_t *rk, rd_kafka_queue_t *queue, char **argv)
{
	rd_kafka_DeleteTopic_t *one = rd_kafka_DeleteTopic_new(argv[0]);

	rd_kafka_DeleteTopics(rk, &one, 1, NULL, queue);
	rd_kafka_DeleteTopic_destroy(one);
}

static void
delete_records(rd_kafka_t *rk, rd_kafka_queue_t *queue, char **argv)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_DeleteRecords_t *one;

	for (size_t i = 1; argv[i] != NULL && argv[i + 1] != NULL; i += 2)
		rd_kafka_topic_partition_list_add(list, argv[0], atoi(argv[i]))->offset =
			atoll(argv[i + 1]);
	one = rd_kafka_DeleteRecords_new(list);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_DeleteRecords(rk, &one, 1, NULL, queue);
	rd_kafka_DeleteRecords_destroy(one);
}

static void
create_partitions(rd_kafka_t *rk, rd_kafka_queue_t *queue, char **argv)
{
	char why[200];
	rd_kafka_NewPartitions_t *one =
		rd_kafka_NewPartitions_new(argv[0], (size_t)atoi(argv[1]), why, sizeof(why));

	if (one == NULL)
		die(STATUS_USAGE, "%s", why);
	rd_kafka_CreatePartitions(rk, &one, 1, NULL, queue);
	rd_kafka_NewPartitions_destroy(one);
}

static rd_kafka_AclOperation_t
operation(const char *name)
{
	for (rd_kafka_AclOperation_t i = RD_KAFKA_ACL_OPERATION_ALL;
	     i < RD_KAFKA_ACL_OPERATION__CNT; i++)
		if (strcasecmp(name, rd_kafka_AclOperation_name(i)) == 0)
			return i;
	die(STATUS_USAGE, "%s is no operation", name);
}

static void
allow(rd_kafka_t *rk, rd_kafka_queue_t *queue, char **argv)
{
	const rd_kafka_ResourceType_t type = strcmp(argv[1], "group") == 0
	                                             ? RD_KAFKA_RESOURCE_GROUP
	                                             : RD_KAFKA_RESOURCE_TOPIC;
	rd_kafka_AclBinding_t *list[16];
	char user[100], why[200];
	size_t n = 0;

	snprintf(user, sizeof(user), "User:%s", argv[0]);
	for (; argv[3 + n] != NULL && n < sizeof(list) / sizeof(*list); n++) {
		list[n] = rd_kafka_AclBinding_new(type, argv[2],
		                                  RD_KAFKA_RESOURCE_PATTERN_LITERAL, user, "*",
		                                  operation(argv[3 + n]),
		                                  RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, why,
		                                  sizeof(why));
		if (list[n] == NULL)
			die(STATUS_USAGE, "%s", why);
	}
	rd_kafka_CreateAcls(rk, list, n, NULL, queue);
	rd_kafka_AclBinding_destroy_array(list, n);
}

static void
leave_open(rd_kafka_t *rk, int argc, char **argv)
{
	must(rd_kafka_init_transactions(rk, WAIT_MS));
	must(rd_kafka_begin_transaction(rk));
	for (int i = 2; i < argc; i++)
		if (rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(argv[0]),
		                      RD_KAFKA_V_PARTITION(atoi(argv[1])),
		                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		                      RD_KAFKA_V_VALUE(argv[i], strlen(argv[i])),
		                      RD_KAFKA_V_END) != RD_KAFKA_RESP_ERR_NO_ERROR)
			die(STATUS_UNAVAILABLE, "cannot send");
	if (rd_kafka_flush(rk, WAIT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
		die(STATUS_UNAVAILABLE, "not delivered");
	if (puts("open") < 0 || fflush(stdout) != 0)
		die(STATUS_IO, "cannot write");
	while (getchar() != EOF)
		;
	must(rd_kafka_abort_transaction(rk, WAIT_MS));
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int operands;
		void (*ask)(rd_kafka_t *rk, rd_kafka_queue_t *queue, char **argv);
	} commands[] = {
		{ "create-topics", 1, create_topics }, { "delete-topic", 1, delete_topic },
		{ "delete-records", 3, delete_records },
		{ "create-partitions", 2, create_partitions }, { "allow", 4, allow },
		{ "transaction", 3, NULL },
	};
	enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };
	char why[200];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_queue_t *queue;
	rd_kafka_t *rk;
	size_t i = 0;

	diag_name("kafka-admin");
	while (argc > 2 && i < COMMANDS && strcmp(argv[2], commands[i].name) != 0)
		i++;
	if (argc <= 2 || i == COMMANDS || argc - 3 < commands[i].operands)
		die(STATUS_USAGE, "usage: kafka-admin HOST:PORT COMMAND OPERAND...");
	set(conf, "bootstrap.servers", argv[1]);
	if (commands[i].ask == NULL)
		set(conf, "transactional.id", argv[3]);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (rk == NULL)
		die(STATUS_USAGE, "%s", why);
	queue = rd_kafka_queue_new(rk);
	if (commands[i].ask == NULL) {
		leave_open(rk, argc - 3, argv + 3);
	} else {
		commands[i].ask(rk, queue, argv + 3);
		check(rd_kafka_queue_poll(queue, WAIT_MS));
	}
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(rk);
	return STATUS_OK;
}
