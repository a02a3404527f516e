/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer_send.c - records on their way into librdkafka
 *
 * Plain records (no time of their own, no headers) are copied into a slab, gathered, and handed to
 * librdkafka together: a call for each would read two clocks and take a lock each time. They leave
 * with the next poll at the latest, so nothing waits for company. All others, and those for which
 * the slab has no room, are copied by librdkafka at once. Each is handed back in its delivery
 * report. librdkafka stops at the first of a batch that finds its queue full; so order stays.
 *
 * Records without a key stay with a partition for a while (sticky.h), so all that were gathered can
 * go where the first of them has been sent: to a partition that is said, which spares librdkafka
 * two looks at the clock, and some at the topic, for each.
 */
#include <inttypes.h>

#include "kafka/writer_parts.h"

static rd_kafka_headers_t *
copy_headers(const struct record *r)
{
	rd_kafka_headers_t *list = rd_kafka_headers_new(r->n_headers);

	for (size_t i = 0; i < r->n_headers; i++)
		rd_kafka_header_add(list, r->headers[i].name.p, (ssize_t)r->headers[i].name.n,
		                    r->headers[i].value.p, (ssize_t)r->headers[i].value.n);
	return list;
}

rd_kafka_resp_err_t
writer_send_whole(struct kafka_writer *w, rd_kafka_topic_t *rkt, const struct record *r,
                  uint64_t tag)
{
	rd_kafka_vu_t      *a = w->args;
	rd_kafka_headers_t *headers = NULL;
	rd_kafka_error_t   *error;
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

	*a = (rd_kafka_vu_t){ .vtype = RD_KAFKA_VTYPE_RKT };
	a++->u.rkt = rkt;
	*a = (rd_kafka_vu_t){ .vtype = RD_KAFKA_VTYPE_PARTITION };
	a++->u.i32 = r->partition;
	*a = (rd_kafka_vu_t){ .vtype = RD_KAFKA_VTYPE_MSGFLAGS };
	a++->u.i = RD_KAFKA_MSG_F_COPY;
	*a = (rd_kafka_vu_t){ .vtype = RD_KAFKA_VTYPE_KEY };
	a->u.mem.ptr = (void *)(uintptr_t)r->key.p;
	a++->u.mem.size = r->key.n;
	*a = (rd_kafka_vu_t){ .vtype = RD_KAFKA_VTYPE_VALUE };
	a->u.mem.ptr = (void *)(uintptr_t)r->value.p;
	a++->u.mem.size = r->value.n;
	*a = (rd_kafka_vu_t){ .vtype = RD_KAFKA_VTYPE_OPAQUE };
	a++->u.ptr = (void *)(uintptr_t)tag;
	if (r->timestamp >= 0) {
		*a = (rd_kafka_vu_t){ .vtype = RD_KAFKA_VTYPE_TIMESTAMP };
		a++->u.i64 = r->timestamp;
	}
	if (r->n_headers > 0) {
		headers = copy_headers(r);
		*a = (rd_kafka_vu_t){ .vtype = RD_KAFKA_VTYPE_HEADERS };
		a++->u.headers = headers;
	}
	error = rd_kafka_produceva(w->h.rk, w->args, (size_t)(a - w->args));
	if (error != NULL) {
		code = rd_kafka_error_code(error);
		rd_kafka_error_destroy(error);
		if (headers != NULL)
			rd_kafka_headers_destroy(headers);
	}
	return code;
}

rd_kafka_resp_err_t
writer_send_plain(rd_kafka_topic_t *rkt, const struct record *r, uint64_t tag)
{
	if (rd_kafka_produce(rkt, r->partition, RD_KAFKA_MSG_F_COPY, (void *)(uintptr_t)r->value.p,
	                     r->value.n, r->key.p, r->key.n, (void *)(uintptr_t)tag) == 0)
		return RD_KAFKA_RESP_ERR_NO_ERROR;
	return rd_kafka_last_error();
}

static const char *
in_force(const struct kafka_writer *w, const char *key, const char *otherwise)
{
	const char *value = kafka_conf_get(w->conf.kafka, key);

	return value != NULL ? value : otherwise;
}

int
writer_refuse(struct kafka_writer *w, rd_kafka_resp_err_t code, int32_t partition, size_t bytes,
              struct err *err)
{
	switch (code) {
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
		return fail_as(err, STATUS_IO,
		               "there is no partition %" PRId32 ": the topic has %d", partition,
		               w->topics.list[w->last].partitions);
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
		return fail_as(err, STATUS_IO,
		               "%zu bytes are more than message.max.bytes=%s (-X raises it)", bytes,
		               in_force(w, "message.max.bytes", WRITER_MESSAGE_MOST));
	case RD_KAFKA_RESP_ERR__QUEUE_FULL:
		return fail_as(err, STATUS_IO,
		               "%zu bytes are more than queue.buffering.max.kbytes=%s lets wait "
		               "(-X raises it)",
		               bytes,
		               in_force(w, "queue.buffering.max.kbytes", WRITER_QUEUE_KBYTES));
	default:
		return fail_as(err, STATUS_IO, "%s", rd_kafka_err2str(code));
	}
}

/* A record that was taken, and never reached librdkafka. */
__attribute__((noinline)) static void
report_refused(struct kafka_writer *w, const rd_kafka_message_t *m, const struct err *why)
{
	const struct record r = {
		.topic = str_of(rd_kafka_topic_name(m->rkt)),
		.partition = m->partition,
		.offset = -1,
		.timestamp = -1,
		.key = { m->key, m->key_len },
		.value = { m->payload, m->len },
	};

	w->given_up++;
	w->events.report(w->events.arg, (uintptr_t)m->_private, &r, why);
	slab_give(w->slab, m->payload);
}

/* Go past those that were taken or refused, up to the first that found the queue full. false: there
 * will be room for it. */
static bool
settle(struct kafka_writer *w)
{
	struct err err;

	while (w->sent < w->n_waiting) {
		const rd_kafka_message_t *m = &w->waiting[w->sent];
		const bool                full = m->err == RD_KAFKA_RESP_ERR__QUEUE_FULL;

		if (full && rd_kafka_outq_len(w->h.rk) > 0)
			return false;
		w->sent++;
		if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
			continue;
		writer_refuse(w, m->err, m->partition, m->key_len + m->len, &err);
		report_refused(w, m, &err);
		if (full)
			break;
	}
	return true;
}

/* How many of them librdkafka has taken; each m->err says of the others why not. */
static int
produce(struct kafka_writer *w, rd_kafka_message_t *m, int n)
{
	rd_kafka_topic_t *rkt = (rd_kafka_topic_t *)m->rkt;
	int32_t           partition = m->partition;
	int               taken = 0;

	if (partition == RD_KAFKA_PARTITION_UA && w->picks && !w->keyed && n > 1) {
		taken = rd_kafka_produce_batch(rkt, partition, 0, m, 1);
		if (m->err == RD_KAFKA_RESP_ERR__QUEUE_FULL)
			return 0;
		partition = sticky_partition(w->sticky, rkt);
		m++;
		n--;
	}
	return taken + rd_kafka_produce_batch(rkt, partition, 0, m, n);
}

bool
writer_hand_on(struct kafka_writer *w)
{
	while (w->sent < w->n_waiting) {
		rd_kafka_message_t *m = &w->waiting[w->sent];
		const int           n = (int)(w->n_waiting - w->sent);

		if (produce(w, m, n) == n)
			break;
		if (!settle(w))
			return false;
	}
	w->sent = w->n_waiting = 0;
	w->keyed = false;
	return true;
}

void
writer_drop_waiting(struct kafka_writer *w)
{
	struct err err;

	writer_explain(w, RD_KAFKA_RESP_ERR__PURGE_QUEUE, false, &err);
	for (; w->sent < w->n_waiting; w->sent++)
		report_refused(w, &w->waiting[w->sent], &err);
	w->sent = w->n_waiting = 0;
	w->keyed = false;
}

bool
writer_gather(struct kafka_writer *w, rd_kafka_topic_t *rkt, const struct record *r,
              uint64_t tag)
{
	rd_kafka_message_t *m = &w->waiting[w->n_waiting];
	char               *p;

	if (r->value.p == NULL || r->value.n + r->key.n > w->largest ||
	    r->partition >= w->topics.list[w->last].partitions)
		return false;
	p = slab_take(w->slab, r->value.n + r->key.n);
	if (p == NULL)
		return false;
	memcpy(p, r->value.p, r->value.n);
	m->err = RD_KAFKA_RESP_ERR_NO_ERROR;
	m->rkt = rkt;
	m->partition = r->partition;
	m->payload = p;
	m->len = r->value.n;
	m->key = NULL;
	m->key_len = r->key.n;
	if (r->key.p != NULL) {
		w->keyed = true;
		m->key = p + r->value.n;
		memcpy(m->key, r->key.p, r->key.n);
	}
	m->_private = (void *)(uintptr_t)tag;
	w->n_waiting++;
	return true;
}
