/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_ask.c - what is asked of a broker about topics and partitions, and its answers
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/time.h"
#include "kafka/reader_parts.h"
#include "kafka/reason.h"

#define LEADER_MS 100                   /* between two questions to a partition without a leader */
#define GROUP_MS  2000                  /* until it is looked whether the group is refused */

struct str
reader_intern(struct kafka_reader *k, struct str name)
{
	for (size_t i = 0; i < k->n_topics; i++)
		if (str_eq(k->topics[i], name))
			return k->topics[i];
	k->topics = mem_more(k->topics, k->n_topics, &k->cap_topics, sizeof(*k->topics));
	k->topics[k->n_topics] = (struct str){ mem_dup(name), name.n };
	return k->topics[k->n_topics++];
}

int
reader_fail_part(struct kafka_reader *k, rd_kafka_resp_err_t code, const char *doing,
                 const struct part *p, struct err *err)
{
	char what[400];

	snprintf(what, sizeof(what), "cannot %s %.*s[%" PRId32 "]", doing, STR_ARGS(p->topic),
	         p->partition);
	return handle_fail(&k->h, code, what, err);
}

rd_kafka_resp_err_t
reader_asked(const struct kafka_reader *k, rd_kafka_resp_err_t code)
{
	return handle_stopped(&k->h) && handle_status(code) == STATUS_UNAVAILABLE
	               ? RD_KAFKA_RESP_ERR__INTR
	               : code;
}

static int
metadata(struct kafka_reader *k, const char *topic, const struct rd_kafka_metadata **md,
         struct err *err)
{
	rd_kafka_resp_err_t code;
	rd_kafka_topic_t *handle = NULL;

	if (k->reading && k->h.down_since != TIME_MAX)
		return handle_fail(&k->h, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
		                   "cannot list the topics", err);
	if (topic != NULL)
		handle = rd_kafka_topic_new(k->h.rk, topic, NULL);
	/* Between records a question may neither hold up a signal nor the records: whoever asks
	 * then asks again later. Before the first there is time to be patient. */
	code = k->reading ? rd_kafka_metadata(k->h.rk, topic == NULL, handle, md, LOOK_MS)
	                  : handle_metadata(&k->h, topic == NULL, handle, ASK_MS, md);
	if (handle != NULL)
		rd_kafka_topic_destroy(handle);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR
	               ? 0
	               : handle_fail(&k->h, reader_asked(k, code), "cannot list the topics",
	                             err);
}

int
reader_topics(void *self, struct str **names, size_t *n, struct err *err)
{
	struct kafka_reader *k = self;
	const struct rd_kafka_metadata *md;

	if (metadata(k, NULL, &md, err) < 0)
		return -1;
	k->n_listed = 0;
	for (int i = 0; i < md->topic_cnt; i++) {
		if (reader_hides(k, str_of(md->topics[i].topic)))
			continue;
		k->listed = mem_more(k->listed, k->n_listed, &k->cap_listed, sizeof(*k->listed));
		k->listed[k->n_listed++] = reader_intern(k, str_of(md->topics[i].topic));
	}
	rd_kafka_metadata_destroy(md);
	if (k->n_listed > 1)
		qsort(k->listed, k->n_listed, sizeof(*k->listed), str_order);
	*names = k->listed;
	*n = k->n_listed;
	return 0;
}

int
reader_partitions(void *self, struct str topic, struct err *err)
{
	struct kafka_reader *k = self;
	const struct rd_kafka_metadata *md;
	const struct str name = reader_intern(k, topic);
	char what[QUOTE_MAX + 32], q[QUOTE_MAX];
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	int n = 0;

	if (reader_hides(k, name))
		return reader_fail_hidden(k, name, err);
	if (metadata(k, name.p, &md, err) < 0)
		return -1;
	if (md->topic_cnt == 1) {
		code = md->topics[0].err;
		n = md->topics[0].partition_cnt;
	}
	rd_kafka_metadata_destroy(md);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR && n > 0)
		return n;
	quote(q, topic);
	if (handle_status(code) == STATUS_NOINPUT)
		return fail_as(err, STATUS_NOINPUT,
		               "no topic %s on Kafka at %s (maip-consume --list-topics shows those "
		               "there are)",
		               q, reason_brokers(k->conf.kafka));
	snprintf(what, sizeof(what), "cannot read topic %s", q);
	return handle_fail(&k->h, code, what, err);
}

/* A partition whose leader changes has another in a moment: wait for it, before the same question
 * is asked again, but not beyond end, nor after a signal. */
static bool
leader_may_come(const struct kafka_reader *k, rd_kafka_resp_err_t code, int64_t end)
{
	switch (code) {
	case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
	case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
	case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
	case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
	case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
		break;
	default:
		return false;
	}
	if (clock_monotonic_ms() >= end || handle_stopped(&k->h))
		return false;
	nanosleep(&(struct timespec){ .tv_nsec = LEADER_MS * 1000000L }, NULL);
	return true;
}

static int64_t
patience_ends(const struct kafka_reader *k)
{
	return clock_monotonic_ms() + kafka_conf_patience(k->h.conf, true);
}

int
reader_ends(void *self, const struct part *p, int64_t *first, int64_t *next, struct err *err)
{
	struct kafka_reader *k = self;
	const int64_t end = patience_ends(k);
	rd_kafka_resp_err_t code;

	do
		code = rd_kafka_query_watermark_offsets(k->h.rk, reader_intern(k, p->topic).p,
		                                        p->partition, first, next, ASK_MS);
	while (leader_may_come(k, code, end));
	return code == RD_KAFKA_RESP_ERR_NO_ERROR
	               ? 0
	               : reader_fail_part(k, reader_asked(k, code), "ask for the ends of", p,
	                                  err);
}

rd_kafka_topic_partition_list_t *
reader_one(struct kafka_reader *k, const struct part *p, int64_t offset)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

	rd_kafka_topic_partition_list_add(list, reader_intern(k, p->topic).p, p->partition)
		->offset = offset;
	return list;
}

/* The error of a call, or else that of the one partition of its list. */
static rd_kafka_resp_err_t
of_one(rd_kafka_resp_err_t code, const rd_kafka_topic_partition_list_t *list)
{
	return code != RD_KAFKA_RESP_ERR_NO_ERROR ? code : list->elems[0].err;
}

int
reader_answer(struct kafka_reader *k, rd_kafka_topic_partition_list_t *list,
              rd_kafka_resp_err_t code, const char *doing, const struct part *p, int64_t *offset,
              struct err *err)
{
	*offset = list->elems[0].offset;
	code = of_one(code, list);
	rd_kafka_topic_partition_list_destroy(list);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : reader_fail_part(k, code, doing, p, err);
}

int
reader_offset_at(void *self, const struct part *p, int64_t ts, int64_t *offset, struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_topic_partition_list_t *list = reader_one(k, p, ts < 0 ? 0 : ts);
	const int64_t end = patience_ends(k);
	rd_kafka_resp_err_t code;
	int64_t first;

	do {
		list->elems[0].offset = ts < 0 ? 0 : ts;
		code = of_one(rd_kafka_offsets_for_times(k->h.rk, list, ASK_MS), list);
	} while (leader_may_come(k, code, end));
	code = reader_asked(k, code);
	if (reader_answer(k, list, code, "find a time in", p, offset, err) < 0)
		return -1;
	return *offset >= 0 ? 0 : reader_ends(k, p, &first, offset, err);
}

int
reader_committed(void *self, const struct part *p, int64_t *offset, struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_topic_partition_list_t *list = reader_one(k, p, RD_KAFKA_OFFSET_INVALID);
	rd_kafka_resp_err_t code = rd_kafka_committed(k->h.rk, list, GROUP_MS);

	/* that the group is refused comes as an event */
	if (code == RD_KAFKA_RESP_ERR__TIMED_OUT && !handle_stopped(&k->h)) {
		if (reader_serve(k, err) < 0) {
			rd_kafka_topic_partition_list_destroy(list);
			return -1;
		}
		code = rd_kafka_committed(k->h.rk, list, ASK_MS - GROUP_MS);
	}
	code = reader_asked(k, of_one(code, list));
	return reader_answer(k, list, code, "ask for the group's offset of", p, offset, err);
}

int
reader_position(void *self, const struct part *p, int64_t *offset, struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_topic_partition_list_t *list;

	*offset = reader_gathered(k, p);        /* for librdkafka these have been passed */
	if (*offset != OFFSET_NONE)
		return 0;
	list = reader_one(k, p, RD_KAFKA_OFFSET_INVALID);
	return reader_answer(k, list, rd_kafka_position(k->h.rk, list), "tell the position in", p,
	                     offset, err);
}

int64_t
reader_heard_end(void *self, const struct part *p)
{
	struct kafka_reader *k = self;
	int64_t first, next;

	if (rd_kafka_get_watermark_offsets(k->h.rk, reader_intern(k, p->topic).p, p->partition,
	                                   &first, &next) != RD_KAFKA_RESP_ERR_NO_ERROR ||
	    next < 0)
		return OFFSET_NONE;
	return next;
}
