/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_rdkafka.c - reading through librdkafka's balanced consumer
 *
 * Read apart, each partition keeps librdkafka's own queue: it prefetches and throttles each by itself, so
 * a merge neither copies records nor pauses partitions (pausing throws the prefetched away). The queues have to be
 * split off before rd_kafka_assign(), which otherwise forwards them to the consumer's one queue.
 *
 * Without a group librdkafka still wants a group.id; what the coordinator thinks of it is nobody's concern then.
 */
#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "base/time.h"
#include "kafka/handle.h"
#include "kafka/reader_rdkafka.h"

#define ASK_MS          10000           /* one question to a broker */
#define CLOSE_S         10
#define NUDGE_MS        100
#define HEADERS_MAX     10000           /* of one record; a record may have 1 MB of them */

struct lane {                           /* one partition that is read apart */
	rd_kafka_queue_t   *queue;      /* NULL: not in use */
	rd_kafka_message_t *message;    /* handed out */
	struct str          topic;
	int32_t             partition;
	struct header      *headers;
	size_t              n_headers, cap_headers;
	size_t              drained;    /* bytes handed out since the last nudge */
};

struct kafka_reader {
	struct handle           h;
	struct reader_conf      conf;
	struct reader_events    events;
	struct str             *topics;         /* every topic seen, each at its one address */
	size_t                  n_topics, cap_topics;
	struct str             *listed;         /* the last answer of topics() */
	size_t                  n_listed, cap_listed;
	struct lane            *lanes;          /* by slot */
	size_t                  n_lanes, cap_lanes;
	struct lane             together;       /* the message that poll() handed out */
	struct lane            *parted;         /* were taken away; what they handed out lives until the next poll or take */
	size_t                  n_parted, cap_parted;
	rd_kafka_message_t     *early;          /* came while on hold */
	bool                    apart, held, closing;
	bool                    rebalancing;    /* inside the callback: librdkafka is not to be polled */
	size_t                  nudge_bytes;    /* nudge whenever so much was handed out; 0: never */
	bool                    failed;         /* a callback failed: err is for the next poll */
	struct err              err;
};

/* ---- names */

static struct str
intern(struct kafka_reader *k, const char *name)
{
	for (size_t i = 0; i < k->n_topics; i++)
		if (strcmp(k->topics[i].p, name) == 0)
			return k->topics[i];
	k->topics = mem_more(k->topics, k->n_topics, &k->cap_topics, sizeof(*k->topics));
	k->topics[k->n_topics++] = str_of(mem_dup(str_of(name)));
	return k->topics[k->n_topics - 1];
}

/* A part's topic as librdkafka wants it. */
static const char *
topic_name(struct kafka_reader *k, struct str topic)
{
	for (size_t i = 0; i < k->n_topics; i++)
		if (str_eq(k->topics[i], topic))
			return k->topics[i].p;
	k->topics = mem_more(k->topics, k->n_topics, &k->cap_topics, sizeof(*k->topics));
	k->topics[k->n_topics] = (struct str){ mem_dup(topic), topic.n };
	return k->topics[k->n_topics++].p;
}

static int
fail_part(struct kafka_reader *k, rd_kafka_resp_err_t code, const char *doing, const struct part *p, struct err *err)
{
	char what[400];

	snprintf(what, sizeof(what), "cannot %s %.*s[%" PRId32 "]", doing, STR_ARGS(p->topic), p->partition);
	return handle_fail(&k->h, code, what, err);
}

/* ---- questions */

static int
metadata(struct kafka_reader *k, const char *topic, const struct rd_kafka_metadata **md, struct err *err)
{
	rd_kafka_resp_err_t code;
	rd_kafka_topic_t *handle = NULL;

	if (topic != NULL)
		handle = rd_kafka_topic_new(k->h.rk, topic, NULL);
	code = rd_kafka_metadata(k->h.rk, topic == NULL, handle, md, ASK_MS);
	if (handle != NULL)
		rd_kafka_topic_destroy(handle);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : handle_fail(&k->h, code, "cannot list the topics", err);
}

static int
by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static int
reader_topics(void *self, struct str **names, size_t *n, struct err *err)
{
	struct kafka_reader *k = self;
	const struct rd_kafka_metadata *md;

	if (metadata(k, NULL, &md, err) < 0)
		return -1;
	k->n_listed = 0;
	for (int i = 0; i < md->topic_cnt; i++) {
		k->listed = mem_more(k->listed, k->n_listed, &k->cap_listed, sizeof(*k->listed));
		k->listed[k->n_listed++] = intern(k, md->topics[i].topic);
	}
	rd_kafka_metadata_destroy(md);
	if (k->n_listed > 1)
		qsort(k->listed, k->n_listed, sizeof(*k->listed), by_name);
	*names = k->listed;
	*n = k->n_listed;
	return 0;
}

static int
reader_partitions(void *self, struct str topic, struct err *err)
{
	struct kafka_reader *k = self;
	const struct rd_kafka_metadata *md;
	const char *name = topic_name(k, topic);
	char what[QUOTE_MAX + 32], q[QUOTE_MAX];
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	int n = 0;

	if (metadata(k, name, &md, err) < 0)
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
		return fail_as(err, STATUS_NOINPUT, "no topic %s on Kafka at %s (maip-consume --list-topics shows those there are)",
		               q, kafka_conf_get(k->conf.kafka, "bootstrap.servers"));
	snprintf(what, sizeof(what), "cannot read topic %s", q);
	return handle_fail(&k->h, code, what, err);
}

static int
reader_ends(void *self, const struct part *p, int64_t *first, int64_t *next, struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(k->h.rk, topic_name(k, p->topic), p->partition, first, next,
	                                                            ASK_MS);

	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : fail_part(k, code, "ask for the ends of", p, err);
}

static rd_kafka_topic_partition_list_t *
one(struct kafka_reader *k, const struct part *p, int64_t offset)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

	rd_kafka_topic_partition_list_add(list, topic_name(k, p->topic), p->partition)->offset = offset;
	return list;
}

/* The offset that a question about one partition brought; frees the list. */
static int
answer(struct kafka_reader *k, rd_kafka_topic_partition_list_t *list, rd_kafka_resp_err_t code, const char *doing,
       const struct part *p, int64_t *offset, struct err *err)
{
	*offset = list->elems[0].offset;
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		code = list->elems[0].err;
	rd_kafka_topic_partition_list_destroy(list);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : fail_part(k, code, doing, p, err);
}

static int
reader_offset_at(void *self, const struct part *p, int64_t ts, int64_t *offset, struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_topic_partition_list_t *list = one(k, p, ts < 0 ? 0 : ts);
	int64_t first;

	if (answer(k, list, rd_kafka_offsets_for_times(k->h.rk, list, ASK_MS), "find a time in", p, offset, err) < 0)
		return -1;
	return *offset >= 0 ? 0 : reader_ends(k, p, &first, offset, err);
}

static int
reader_committed(void *self, const struct part *p, int64_t *offset, struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_topic_partition_list_t *list = one(k, p, RD_KAFKA_OFFSET_INVALID);

	return answer(k, list, rd_kafka_committed(k->h.rk, list, ASK_MS), "ask for the group's offset of", p, offset, err);
}

static int
reader_position(void *self, const struct part *p, int64_t *offset, struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_topic_partition_list_t *list = one(k, p, RD_KAFKA_OFFSET_INVALID);

	return answer(k, list, rd_kafka_position(k->h.rk, list), "tell the position in", p, offset, err);
}

/* ---- assignment */

static void
lane_release(struct lane *l)
{
	if (l->message != NULL)
		rd_kafka_message_destroy(l->message);
	if (l->queue != NULL)
		rd_kafka_queue_destroy(l->queue);
	free(l->headers);
	*l = (struct lane){ 0 };
}

/* Before rd_kafka_assign(): keep the partition's queue for itself. */
static void
split(struct kafka_reader *k, const struct part *p)
{
	struct lane *l;

	while (k->n_lanes <= p->slot) {
		k->lanes = mem_more(k->lanes, k->n_lanes, &k->cap_lanes, sizeof(*k->lanes));
		k->lanes[k->n_lanes++] = (struct lane){ 0 };
	}
	l = &k->lanes[p->slot];
	lane_release(l);
	l->topic = intern(k, topic_name(k, p->topic));
	l->partition = p->partition;
	l->queue = rd_kafka_queue_get_partition(k->h.rk, l->topic.p, p->partition);
	rd_kafka_queue_forward(l->queue, NULL);
}

/* The owner may be in the middle of writing its last record. */
static void
part_with(struct kafka_reader *k, const struct part *p)
{
	for (size_t i = 0; i < k->n_lanes; i++) {
		struct lane *l = &k->lanes[i];

		if (l->queue == NULL || l->partition != p->partition || !str_eq(l->topic, p->topic))
			continue;
		rd_kafka_queue_destroy(l->queue);
		l->queue = NULL;
		k->parted = mem_more(k->parted, k->n_parted, &k->cap_parted, sizeof(*k->parted));
		k->parted[k->n_parted++] = *l;
		*l = (struct lane){ 0 };
	}
}

static void
release_parted(struct kafka_reader *k)
{
	while (k->n_parted > 0)
		lane_release(&k->parted[--k->n_parted]);
}

/* What came while on hold from a partition that is taken away comes again to whoever gets it. */
static void
drop_early(struct kafka_reader *k, const struct part *p)
{
	const rd_kafka_message_t *m = k->early;

	if (m == NULL || m->rkt == NULL || m->partition != p->partition || !str_eq(str_of(rd_kafka_topic_name(m->rkt)), p->topic))
		return;
	rd_kafka_message_destroy(k->early);
	k->early = NULL;
}

static int
reader_assign(void *self, const struct part *parts, const int64_t *offsets, size_t n, bool apart, struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
	rd_kafka_resp_err_t code;

	k->apart = apart;
	for (size_t i = 0; i < n; i++) {
		rd_kafka_topic_partition_list_add(list, topic_name(k, parts[i].topic), parts[i].partition)->offset = offsets[i];
		if (apart)
			split(k, &parts[i]);
	}
	code = rd_kafka_assign(k->h.rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : handle_fail(&k->h, code, "cannot start to read", err);
}

static int
reader_subscribe(void *self, const struct str *names, size_t n, bool apart, const struct reader_events *events, struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
	rd_kafka_resp_err_t code;

	k->apart = apart;
	k->events = *events;
	for (size_t i = 0; i < n; i++)
		rd_kafka_topic_partition_list_add(list, topic_name(k, names[i]), RD_KAFKA_PARTITION_UA);
	code = rd_kafka_subscribe(k->h.rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : handle_fail(&k->h, code, "cannot subscribe", err);
}

static struct part *
parts_of(struct kafka_reader *k, const rd_kafka_topic_partition_list_t *list)
{
	struct part *parts = mem_zalloc((size_t)list->cnt, sizeof(*parts));

	for (int i = 0; i < list->cnt; i++)
		parts[i] = (struct part){ intern(k, list->elems[i].topic), list->elems[i].partition, 0 };
	return parts;
}

static bool
cooperative(rd_kafka_t *rk)
{
	return strcmp(rd_kafka_rebalance_protocol(rk), "COOPERATIVE") == 0;
}

static void
keep_error(struct kafka_reader *k, const struct err *err)
{
	if (!k->failed)
		k->err = *err;
	k->failed = true;
}

/* Ask where the group left off, let the owner decide where to start, and take the partitions. */
static int
take_over(struct kafka_reader *k, rd_kafka_topic_partition_list_t *list, struct err *err)
{
	struct part *parts = parts_of(k, list);
	int64_t *start = mem_zalloc((size_t)list->cnt, sizeof(*start));
	rd_kafka_resp_err_t code;
	int rc = 0;

	code = list->cnt > 0 ? rd_kafka_committed(k->h.rk, list, ASK_MS) : RD_KAFKA_RESP_ERR_NO_ERROR;
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		rc = handle_fail(&k->h, code, "cannot ask for the group's offsets", err);
	for (int i = 0; rc == 0 && i < list->cnt; i++) {
		start[i] = list->elems[i].offset;
		if (list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
			rc = fail_part(k, list->elems[i].err, "ask for the group's offset of", &parts[i], err);
	}
	if (rc == 0)
		rc = k->events.assigned(k->events.arg, parts, start, (size_t)list->cnt, err);
	for (int i = 0; rc == 0 && i < list->cnt; i++) {
		list->elems[i].offset = start[i];
		if (k->apart)
			split(k, &parts[i]);
	}
	free(start);
	free(parts);
	return rc;
}

static void
on_assign(struct kafka_reader *k, rd_kafka_topic_partition_list_t *list)
{
	struct err err;
	rd_kafka_error_t *error;

	if (k->closing || take_over(k, list, &err) < 0) {
		if (!k->closing)
			keep_error(k, &err);
		list->cnt = 0;          /* the protocol wants an answer */
	}
	if (cooperative(k->h.rk)) {
		error = rd_kafka_incremental_assign(k->h.rk, list);
		if (error != NULL)
			rd_kafka_error_destroy(error);
	} else {
		rd_kafka_assign(k->h.rk, list);
	}
	if (k->held && !k->apart && list->cnt > 0)
		rd_kafka_pause_partitions(k->h.rk, list);
}

static void
on_revoke(struct kafka_reader *k, rd_kafka_topic_partition_list_t *list)
{
	struct part *parts = parts_of(k, list);
	struct err err;
	rd_kafka_error_t *error;

	if (!k->closing && k->events.revoked(k->events.arg, parts, (size_t)list->cnt, rd_kafka_assignment_lost(k->h.rk) != 0, &err) < 0)
		keep_error(k, &err);
	for (int i = 0; i < list->cnt; i++) {
		part_with(k, &parts[i]);
		drop_early(k, &parts[i]);
	}
	free(parts);
	if (cooperative(k->h.rk)) {
		error = rd_kafka_incremental_unassign(k->h.rk, list);
		if (error != NULL)
			rd_kafka_error_destroy(error);
	} else {
		rd_kafka_assign(k->h.rk, NULL);
	}
}

static void
on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list, void *opaque)
{
	struct kafka_reader *k = ((struct handle *)opaque)->owner;

	k->rebalancing = true;
	if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
		on_assign(k, list);
	else if (code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
		on_revoke(k, list);
	else
		rd_kafka_assign(rk, NULL);
	k->rebalancing = false;
}

/* ---- records */

static void
put_headers(struct lane *l, const rd_kafka_message_t *m)
{
	rd_kafka_headers_t *list;
	const char *name;
	const void *value;
	size_t n;

	l->n_headers = 0;
	if (rd_kafka_message_headers(m, &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	while (l->n_headers < HEADERS_MAX && rd_kafka_header_get_all(list, l->n_headers, &name, &value, &n) == RD_KAFKA_RESP_ERR_NO_ERROR) {
		l->headers = mem_more(l->headers, l->n_headers, &l->cap_headers, sizeof(*l->headers));
		l->headers[l->n_headers++] = (struct header){ str_of(name), { value, n } };
	}
}

/* When its queue is full, librdkafka before 2.2 looks again only after a second, unless its thread for the broker is
 * woken by something else: a question to the broker. Costs one round trip for half a queue of records. */
static void
nudge(struct kafka_reader *k, struct lane *l, const rd_kafka_message_t *m)
{
	const struct part p = { l->topic, m->partition, 0 };
	rd_kafka_topic_partition_list_t *list;

	l->drained = 0;
	if (rd_kafka_queue_length(l->queue) == 0)       /* not full, but slow */
		return;
	list = one(k, &p, 0);
	(void)rd_kafka_offsets_for_times(k->h.rk, list, NUDGE_MS);
	rd_kafka_topic_partition_list_destroy(list);
}

static void
hand_out(struct kafka_reader *k, struct lane *l, rd_kafka_message_t *m, struct record *r)
{
	const char *name = rd_kafka_topic_name(m->rkt);
	rd_kafka_timestamp_type_t type;

	l->message = m;
	if (l->topic.p == NULL || strcmp(l->topic.p, name) != 0)
		l->topic = intern(k, name);
	*r = (struct record){
		.topic = l->topic, .partition = m->partition, .offset = m->offset,
		.key = { m->key, m->key_len }, .value = { m->payload, m->len },
	};
	r->timestamp = rd_kafka_message_timestamp(m, &type);
	r->timestamp_type = type == RD_KAFKA_TIMESTAMP_CREATE_TIME ? TS_CREATE :
	                    type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? TS_APPEND : TS_NONE;
	if (k->conf.headers) {
		put_headers(l, m);
		r->headers = l->headers;
		r->n_headers = l->n_headers;
	}
	l->drained += m->len + m->key_len;
	if (k->nudge_bytes > 0 && l->drained >= k->nudge_bytes)
		nudge(k, l, m);
	if (k->h.down_since != TIME_MAX || k->h.code != RD_KAFKA_RESP_ERR_NO_ERROR)
		handle_heard(&k->h);
}

static int
out_of_range(struct kafka_reader *k, const rd_kafka_message_t *m, struct err *err)
{
	struct part p = { str_of(rd_kafka_topic_name(m->rkt)), m->partition, 0 };
	int64_t first, next;

	if (reader_ends(k, &p, &first, &next, err) < 0)
		return -1;
	return fail_as(err, STATUS_CONFIG, "%.*s[%" PRId32 "] does not hold offset %" PRId64 " any more: it has %" PRId64 " to %" PRId64
	               " (go on behind the gap with -o %" PRId64 " or -o earliest, or from now on with -o latest)",
	               STR_ARGS(p.topic), p.partition, m->offset, first, next, first);
}

static int
topic_gone(const rd_kafka_message_t *m, struct err *err)
{
	char q[QUOTE_MAX];

	return fail_as(err, STATUS_NOINPUT, "topic %s is not there any more: it was deleted while it was read",
	               quote(q, str_of(rd_kafka_topic_name(m->rkt))));
}

/* Errors that come where records come. 0: nothing to stop for. */
static int
consumer_error(struct kafka_reader *k, rd_kafka_message_t *m, struct err *err)
{
	char what[400] = "cannot read";
	int rc = 0;

	if (m->rkt != NULL)
		snprintf(what, sizeof(what), "cannot read %.300s[%" PRId32 "]", rd_kafka_topic_name(m->rkt), m->partition);
	switch (m->err) {
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
	case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
		rc = m->rkt != NULL ? out_of_range(k, m, err) : handle_fail(&k->h, m->err, what, err);
		break;
	case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
		if (k->conf.group == NULL)
			break;
		rc = fail_as(err, STATUS_DENIED, "not permitted to read as group '%s' (it needs READ on the group)", k->conf.group);
		break;
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
		if (m->rkt != NULL && rd_kafka_topic_name(m->rkt)[0] == '^')
			break;          /* a pattern that matches nothing yet */
		rc = m->rkt != NULL ? topic_gone(m, err) : handle_fail(&k->h, m->err, what, err);
		break;
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
	case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
	case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
	case RD_KAFKA_RESP_ERR__BAD_MSG:
	case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
		rc = handle_fail(&k->h, m->err, what, err);
		break;
	default:                        /* librdkafka tries again; handle_check() knows when it is enough */
		break;
	}
	rd_kafka_message_destroy(m);
	return rc;
}

/* What every wait for a record ends with when none came. */
static int
nothing(struct kafka_reader *k, struct err *err)
{
	if (k->failed) {
		*err = k->err;
		return -1;
	}
	return handle_check(&k->h, err);
}

static int
reader_poll(void *self, int64_t wait_ms, struct record *r, struct err *err)
{
	struct kafka_reader *k = self;
	struct lane *l = &k->together;
	rd_kafka_message_t *m = k->early;

	release_parted(k);
	if (l->message != NULL) {
		rd_kafka_message_destroy(l->message);
		l->message = NULL;
	}
	k->early = NULL;
	if (m == NULL)
		m = rd_kafka_consumer_poll(k->h.rk, (int)wait_ms);
	if (k->failed && m != NULL) {
		rd_kafka_message_destroy(m);
		m = NULL;
	}
	if (m == NULL)
		return nothing(k, err);
	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return consumer_error(k, m, err);
	hand_out(k, l, m, r);
	return 1;
}

/* In between, the consumer's own queue brings the events: rebalances, errors, logs. */
static int
serve_events(struct kafka_reader *k, struct err *err)
{
	rd_kafka_message_t *m = rd_kafka_consumer_poll(k->h.rk, 0);

	if (m != NULL && consumer_error(k, m, err) < 0)
		return -1;
	return nothing(k, err);
}

static int
reader_take(void *self, uint32_t slot, int64_t wait_ms, struct record *r, struct err *err)
{
	struct kafka_reader *k = self;
	struct lane *l = &k->lanes[slot];
	rd_kafka_message_t *m;

	release_parted(k);
	if (l->message != NULL) {
		rd_kafka_message_destroy(l->message);
		l->message = NULL;
	}
	m = rd_kafka_consume_queue(l->queue, (int)wait_ms);
	if (m == NULL)
		return serve_events(k, err);
	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return consumer_error(k, m, err);
	hand_out(k, l, m, r);
	return 1;
}

static int
reader_drop(void *self, const struct part *p, struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_topic_partition_list_t *list = one(k, p, RD_KAFKA_OFFSET_INVALID);

	(void)err;
	rd_kafka_pause_partitions(k->h.rk, list);       /* an optimization: failing is no harm */
	rd_kafka_topic_partition_list_destroy(list);
	return 0;
}

static int
reader_add(void *self, const struct part *p, int64_t offset, struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_topic_partition_list_t *list = one(k, p, offset);
	rd_kafka_error_t *error = rd_kafka_incremental_assign(k->h.rk, list);
	int rc = 0;

	rd_kafka_topic_partition_list_destroy(list);
	if (error != NULL) {
		rc = fail_part(k, rd_kafka_error_code(error), "start to read", p, err);
		rd_kafka_error_destroy(error);
	}
	return rc;
}

static int64_t
reader_heard_end(void *self, const struct part *p)
{
	struct kafka_reader *k = self;
	int64_t first, next;

	if (rd_kafka_get_watermark_offsets(k->h.rk, topic_name(k, p->topic), p->partition, &first, &next) !=
	    RD_KAFKA_RESP_ERR_NO_ERROR || next < 0)
		return OFFSET_NONE;
	return next;
}

/* Pausing has to be paired strictly: 2.0.2 fetches again from an old position when what was not paused is resumed. */
static void
pause_all(struct kafka_reader *k, bool on)
{
	rd_kafka_topic_partition_list_t *list;

	if (k->apart || k->held == on || rd_kafka_assignment(k->h.rk, &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	if (on)
		rd_kafka_pause_partitions(k->h.rk, list);
	else
		rd_kafka_resume_partitions(k->h.rk, list);
	rd_kafka_topic_partition_list_destroy(list);
}

static int
reader_hold(void *self, bool on, struct err *err)
{
	struct kafka_reader *k = self;

	if (k->rebalancing)
		return 0;
	pause_all(k, on);
	k->held = on;
	if (!on)
		return 0;
	if (k->apart)
		return serve_events(k, err);
	if (k->early == NULL)
		k->early = rd_kafka_consumer_poll(k->h.rk, 0);
	return nothing(k, err);
}

/* ---- offsets */

static int
reader_store(void *self, const struct part *p, int64_t offset, struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_topic_partition_list_t *list = one(k, p, offset);
	int64_t same;

	return answer(k, list, rd_kafka_offsets_store(k->h.rk, list), "store the offset of", p, &same, err);
}

static int
reader_commit(void *self, bool wait, struct err *err)
{
	struct kafka_reader *k = self;
	rd_kafka_resp_err_t code = rd_kafka_commit(k->h.rk, NULL, !wait);

	switch (code) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
	case RD_KAFKA_RESP_ERR__NO_OFFSET:              /* nothing stored since the last time */
		return 0;
	case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
	case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
	case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
		return 0;               /* the partitions are another's by now, and will be read again there */
	default:
		return handle_fail(&k->h, code, "cannot commit the group's offsets", err);
	}
}

/* ---- beginning and end */

/* rd_kafka_consumer_close() can wait for a broker that never answers (librdkafka issues 4041, 4884), so it is given a thread
 * of its own and a deadline. Behind the deadline the client is left to the end of the process. */
struct farewell {
	rd_kafka_t     *rk;
	pthread_mutex_t lock;
	pthread_cond_t  done_signal;
	bool            done, abandoned;
};

static void *
say_farewell(void *arg)
{
	struct farewell *f = arg;
	bool abandoned;

	rd_kafka_consumer_close(f->rk);
	pthread_mutex_lock(&f->lock);
	f->done = true;
	abandoned = f->abandoned;
	pthread_cond_signal(&f->done_signal);
	pthread_mutex_unlock(&f->lock);
	if (abandoned)
		free(f);
	return NULL;
}

/* Leave the group, if there is one. False: the client still hangs on to us. */
static bool
leave_group(struct kafka_reader *k)
{
	struct farewell *f = mem_zalloc(1, sizeof(*f));
	pthread_condattr_t clock;
	struct timespec end;
	pthread_t thread;
	bool done;

	f->rk = k->h.rk;
	pthread_mutex_init(&f->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&f->done_signal, &clock);
	pthread_condattr_destroy(&clock);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += CLOSE_S;
	if (pthread_create(&thread, NULL, say_farewell, f) != 0) {
		free(f);
		return false;
	}
	pthread_mutex_lock(&f->lock);
	while (!f->done && pthread_cond_timedwait(&f->done_signal, &f->lock, &end) == 0)
		;
	done = f->done;
	f->abandoned = !done;
	pthread_mutex_unlock(&f->lock);
	if (!done) {
		pthread_detach(thread);
		return false;
	}
	pthread_join(thread, NULL);
	free(f);
	return true;
}

static void
reader_close(void *self)
{
	struct kafka_reader *k = self;

	k->closing = true;
	for (size_t i = 0; i < k->n_lanes; i++)
		lane_release(&k->lanes[i]);
	release_parted(k);
	lane_release(&k->together);
	if (k->early != NULL)
		rd_kafka_message_destroy(k->early);
	if (k->h.consumer && !leave_group(k)) {
		k->h.watch = (struct kafka_watch){ 0 };
		return;
	}
	handle_close(&k->h);
	for (size_t i = 0; i < k->n_topics; i++)
		free((char *)k->topics[i].p);
	free(k->topics);
	free(k->listed);
	free(k->lanes);
	free(k->parted);
	free(k);
}

static const struct reader functions = {
	.topics = reader_topics, .partitions = reader_partitions, .ends = reader_ends, .offset_at = reader_offset_at,
	.committed = reader_committed, .assign = reader_assign, .subscribe = reader_subscribe, .poll = reader_poll,
	.take = reader_take, .add = reader_add, .heard_end = reader_heard_end, .drop = reader_drop, .position = reader_position, .hold = reader_hold, .store = reader_store,
	.commit = reader_commit, .close = reader_close,
};

static void
set_default(rd_kafka_conf_t *conf, const struct kafka_conf *given, const char *key, const char *value)
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
		handle_set(rk_conf, "queued.max.messages.kbytes", given = k->conf.apart ? "4096" : "16384");
	if (rd_kafka_conf_set(rk_conf, "fetch.queue.backoff.ms", "10", ignored, sizeof(ignored)) != RD_KAFKA_CONF_OK)
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
	rd_kafka_conf_set_rebalance_cb(rk_conf, on_rebalance);
	if (handle_open(&k->h, RD_KAFKA_CONSUMER, rk_conf, err) < 0) {
		reader_close(k);
		return -1;
	}
	k->together.queue = rd_kafka_queue_get_consumer(k->h.rk);
	*r = functions;
	r->self = k;
	return 0;
}
