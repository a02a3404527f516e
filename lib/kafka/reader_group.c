/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_group.c - partitions that a group gives and takes away
 */
#include <stdlib.h>

#include "base/mem.h"
#include "kafka/reader_parts.h"

#define PATTERN_PARTITIONS 64           /* taken to match a pattern */

/* A group may give us all partitions of the topics; how many topics match a pattern changes. */
static int
fit(struct kafka_reader *k, const struct str *names, size_t n, struct err *err)
{
	size_t partitions = 0;

	for (size_t i = 0; i < n; i++) {
		int of_topic = PATTERN_PARTITIONS;

		if (names[i].p[0] != '^')
			of_topic = reader_partitions(k, names[i], err);
		if (of_topic < 0)
			return -1;
		partitions += (size_t)of_topic;
	}
	return reader_fit(k, partitions, err);
}

static int
subscribe(struct kafka_reader *k, const struct str *names, size_t n, struct err *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
	rd_kafka_resp_err_t code;

	for (size_t i = 0; i < n; i++)
		rd_kafka_topic_partition_list_add(list, reader_intern(k, names[i]).p,
		                                  RD_KAFKA_PARTITION_UA);
	code = rd_kafka_subscribe(k->h.rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR
	               ? 0
	               : handle_fail(&k->h, code, "cannot subscribe", err);
}

int
reader_subscribe(void *self, const struct str *names, size_t n, bool apart,
                 const struct reader_events *events, struct err *err)
{
	struct kafka_reader *k = self;

	k->apart = apart;
	k->events = *events;
	k->cooperative = kafka_conf_cooperative(k->h.conf);
	if (apart && fit(k, names, n, err) < 0)
		return -1;
	k->reading = true;
	return subscribe(k, names, n, err);
}

static struct part *
parts_of(struct kafka_reader *k, const rd_kafka_topic_partition_list_t *list)
{
	struct part *parts = mem_zalloc((size_t)list->cnt, sizeof(*parts));

	for (int i = 0; i < list->cnt; i++)
		parts[i] = (struct part){ reader_intern(k, str_of(list->elems[i].topic)),
			                  list->elems[i].partition, 0 };
	return parts;
}

/* Ask where the group left off, let the owner decide where to start, and take the partitions. */
static int
take_over(struct kafka_reader *k, rd_kafka_topic_partition_list_t *list, struct err *err)
{
	struct part *parts = parts_of(k, list);
	int64_t *start = mem_zalloc((size_t)list->cnt, sizeof(*start));
	rd_kafka_resp_err_t code;
	int rc = 0;

	code = list->cnt > 0 ? rd_kafka_committed(k->h.rk, list, ASK_MS)
	                     : RD_KAFKA_RESP_ERR_NO_ERROR;
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		rc = handle_fail(&k->h, reader_asked(k, code),
		                 "cannot ask for the group's offsets", err);
	for (int i = 0; rc == 0 && i < list->cnt; i++) {
		start[i] = list->elems[i].offset;
		if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
			rc = reader_fail_part(k, reader_asked(k, list->elems[i].err),
			                      "ask for the group's offset of", &parts[i], err);
	}
	if (rc == 0)
		rc = k->events.assigned(k->events.arg, parts, start, (size_t)list->cnt, err);
	for (int i = 0; rc == 0 && i < list->cnt; i++) {
		list->elems[i].offset = start[i];
		reader_lead(k, &parts[i]);
	}
	free(start);
	free(parts);
	return rc;
}

static void
assign(struct kafka_reader *k, const rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_error_t *error;

	if (k->cooperative) {
		error = rd_kafka_incremental_assign(k->h.rk, list);
		if (error != NULL)
			rd_kafka_error_destroy(error);
	} else {
		rd_kafka_assign(k->h.rk, list);
	}
}

/* The protocol wants an answer, be it that we take nothing. */
static void
on_assign(struct kafka_reader *k, rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_topic_partition_list_t *nothing;
	struct err err;

	/* what was dropped is paused, and for librdkafka that outlives a rebalance */
	rd_kafka_resume_partitions(k->h.rk, list);
	if (!k->closing && take_over(k, list, &err) == 0) {
		assign(k, list);
		return;
	}
	if (!k->closing)
		reader_keep_error(k, &err);
	nothing = rd_kafka_topic_partition_list_new(0);
	assign(k, nothing);
	rd_kafka_topic_partition_list_destroy(nothing);
}

static void
on_revoke(struct kafka_reader *k, rd_kafka_topic_partition_list_t *list)
{
	struct part *parts = parts_of(k, list);
	struct err err;
	rd_kafka_error_t *error;

	if (!k->closing && k->events.revoked(k->events.arg, parts, (size_t)list->cnt,
	                                     rd_kafka_assignment_lost(k->h.rk) != 0, &err) < 0)
		reader_keep_error(k, &err);
	for (int i = 0; i < list->cnt; i++)
		reader_part_with(k, &parts[i]);
	free(parts);
	if (k->cooperative) {
		error = rd_kafka_incremental_unassign(k->h.rk, list);
		if (error != NULL)
			rd_kafka_error_destroy(error);
	} else {
		rd_kafka_assign(k->h.rk, NULL);
	}
}

void
reader_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list,
                 void *opaque)
{
	struct kafka_reader *k = ((struct handle *)opaque)->owner;

	k->rebalancing = k->assigned = true;
	if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
		on_assign(k, list);
	else if (code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
		on_revoke(k, list);
	else
		rd_kafka_assign(rk, NULL);
	k->rebalancing = false;
}
