/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer_rdkafka.c - writing through librdkafka's producer
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
#include "kafka/handle.h"
#include "kafka/slab.h"
#include "kafka/sticky.h"
#include "kafka/target.h"
#include "kafka/writer_rdkafka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/time.h"
#include "stream/pipe.h"

#define CALL_MS 1000 /* one step of a transaction call, between looks at the stop flag */
#define REPORTS_MS       10                /* between looks whether everything has been reported */
#define GIVE_UP_MS 5000 /* for librdkafka to hand everything back; it needs no broker for that */
#define ACK_MS        30000             /* librdkafka's default for request.timeout.ms */
#define BATCH_SIZE    1000000           /* bytes; librdkafka's default */
#define QUEUE_KBYTES  "16384"
#define MESSAGE_MOST  "33554432"        /* bytes */
#define GATHER        64                /* records in one call of librdkafka */
#define SLAB_BLOCKS 96 /* 24 MiB: the default bound of the queue, and what is pinned beside it */

struct kafka_writer {
	struct handle        h;
	struct writer_conf   conf;
	struct writer_events events;
	struct targets       topics;
	size_t               last;      /* the topic of the last record */
	int64_t              batch_size;        /* bytes; that of the client */
	bool                 begun;     /* a transaction, be it over by now: the client stays */
	struct header       *headers;   /* of a record that is handed back */
	size_t               cap_headers;
	uint64_t             given_up;  /* in this transaction */
	struct err           why;       /* why give_up was called; msg empty: nobody said */
	rd_kafka_vu_t        args[10];
	struct slab         *slab;
	size_t               largest;   /* bytes of a record that may wait */
	/* taken, and not yet handed to librdkafka; all of one topic and partition. Those before
	 * sent were */
	rd_kafka_message_t   waiting[GATHER];
	size_t               n_waiting, sent;
	bool                 keyed;     /* one of those has a key */
	bool                 picks;     /* the partitioner is ours */
	struct sticky       *sticky;
};

/* ---- reports */

static bool
is_fence(rd_kafka_resp_err_t code)
{
	return handle_status(code) == STATUS_FENCED ||
	       code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

/* The fence is met by whatever is asked for first: a record, or a step of the transaction. */
static bool
is_fenced(const struct kafka_writer *w, rd_kafka_resp_err_t code)
{
	return w->conf.transactional_id != NULL && w->h.rk != NULL &&
	       (is_fence(code) || is_fence(rd_kafka_fatal_error(w->h.rk, NULL, 0)));
}

/* Always -1. */
static int
fail_fenced(const struct kafka_writer *w, const char *what, struct err *err)
{
	return fail_as(err, STATUS_FENCED,
	               "%s: another producer has taken over the transactional id '%s', or the "
	               "transaction took longer than transaction.timeout.ms",
	               what, w->conf.transactional_id);
}

/* Why a record was given up, in words that say what to do. */
static void
explain(struct kafka_writer *w, rd_kafka_resp_err_t code, struct err *err)
{
	const char *reason = w->h.reason[0] != '\0' ? w->h.reason : "no acknowledgement in time";

	if (is_fenced(w, code)) {
		fail_fenced(w, "not delivered", err);
		return;
	}
	switch (code) {
	case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
		fail_as(err, STATUS_IO, "not acknowledged within the delivery time-out: %s",
		        reason);
		break;
	case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
		fail_as(err, STATUS_IO, "not sent: %s",
		        w->why.msg[0] != '\0' ? w->why.msg : "given up");
		break;
	case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
		fail_as(err, STATUS_IO, "sent, but not acknowledged: %s",
		        w->why.msg[0] != '\0' ? w->why.msg : "given up");
		break;
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
		fail_as(err, STATUS_IO, "too large for the topic (its max.message.bytes)");
		break;
	case RD_KAFKA_RESP_ERR__DESTROY:        /* of its partition, while it waited */
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
		fail_as(err, STATUS_IO,
		        "there is no such topic or partition any more: it was deleted meanwhile");
		break;
	case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
		fail_as(err, STATUS_IO,
		        "its time, or one in its batch, is not what the topic takes "
		        "(message.timestamp.before.max.ms and message.timestamp.after.max.ms)");
		break;
	case RD_KAFKA_RESP_ERR_INVALID_RECORD:
		fail_as(err, STATUS_IO,
		        "in a batch of which the broker refuses a record (one without a key, if "
		        "the topic is compacted)");
		break;
	default:
		if (handle_missing(&w->h, code) != NULL)
			fail_as(err, STATUS_IO, "not permitted: it needs %s",
			        handle_missing(&w->h, code));
		else
			fail_as(err, STATUS_IO, "%s", rd_kafka_err2str(code));
	}
}

/* Always -1. */
static int
fail_no_key(struct err *err)
{
	return fail_as(err, STATUS_IO,
	               "it has no key, which a compacted topic needs: --key EXPR gives it one");
}

static void
fill_headers(struct kafka_writer *w, const rd_kafka_message_t *m, struct record *r)
{
	rd_kafka_headers_t *list;
	const char         *name;
	const void         *value;
	size_t              n;

	if (rd_kafka_message_headers(m, &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	while (rd_kafka_header_get_all(list, r->n_headers, &name, &value, &n) ==
	       RD_KAFKA_RESP_ERR_NO_ERROR) {
		if (r->n_headers == w->cap_headers)
			w->headers = mem_more(w->headers, r->n_headers, &w->cap_headers,
			                      sizeof(*w->headers));
		w->headers[r->n_headers++] =
			(struct header){ str_of(name), { value, value == NULL ? 0 : n } };
	}
	r->headers = w->headers;
}

/* Is it certain that a record that is too large was in no batch with others? fit_in() sees to
 * that, as far as the broker tells what a topic takes. */
static bool
alone(const struct kafka_writer *w, struct str topic)
{
	return targets_batch_max(&w->topics, topic) >= w->batch_size;
}

/* Out of the way of the good ones: a record and a message are large to clear. */
__attribute__((noinline)) static void
report_given_up(struct kafka_writer *w, const rd_kafka_message_t *m)
{
	struct err    err;
	struct record r = {
		.topic = str_of(rd_kafka_topic_name(m->rkt)),
		.partition = m->partition,
		.offset = m->offset,
		.timestamp = rd_kafka_message_timestamp(m, NULL),
		.timestamp_type = TS_CREATE,
		.key = { m->key, m->key_len },
		.value = { m->payload, m->len },
	};

	w->given_up++;
	fill_headers(w, m, &r);
	if (m->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE && !alone(w, r.topic))
		fail_as(&err, STATUS_IO,
		        "too large for the topic (its max.message.bytes), or its batch was "
		        "(--batch-size)");
	else if (m->err == RD_KAFKA_RESP_ERR_INVALID_RECORD && m->key == NULL)
		fail_no_key(&err);
	else
		explain(w, m->err, &err);
	w->events.report(w->events.arg, (uintptr_t)m->_private, &r, &err);
}

static void
report_place(struct kafka_writer *w, const rd_kafka_message_t *m)
{
	const struct record r = {
		.topic = str_of(rd_kafka_topic_name(m->rkt)),
		.partition = m->partition,
		.offset = m->offset,
		.timestamp = rd_kafka_message_timestamp(m, NULL),
		.timestamp_type = TS_CREATE,
	};

	w->events.report(w->events.arg, (uintptr_t)m->_private, &r, NULL);
}

static void
on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct handle       *h = opaque;
	struct kafka_writer *w = h->owner;

	(void)rk;
	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
		report_given_up(w, m);
	} else {
		if (!h->answered || h->down_since != TIME_MAX)
			handle_heard(h);
		if (w->events.places)
			report_place(w, m);
		else
			w->events.report(w->events.arg, (uintptr_t)m->_private, NULL, NULL);
	}
	if (slab_owns(w->slab, m->payload))
		slab_give(w->slab, m->payload);
}

/* ---- sending */

static rd_kafka_headers_t *
copy_headers(const struct record *r)
{
	rd_kafka_headers_t *list = rd_kafka_headers_new(r->n_headers);

	for (size_t i = 0; i < r->n_headers; i++)
		rd_kafka_header_add(list, r->headers[i].name.p, (ssize_t)r->headers[i].name.n,
		                    r->headers[i].value.p, (ssize_t)r->headers[i].value.n);
	return list;
}

/* With a time of its own, or headers. */
static rd_kafka_resp_err_t
send_whole(struct kafka_writer *w, rd_kafka_topic_t *rkt, const struct record *r, uint64_t tag)
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

static rd_kafka_resp_err_t
send_plain(rd_kafka_topic_t *rkt, const struct record *r, uint64_t tag)
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

/* Why librdkafka does not take a record. Always -1. */
static int
refuse(struct kafka_writer *w, rd_kafka_resp_err_t code, int32_t partition, size_t bytes,
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
		               in_force(w, "message.max.bytes", MESSAGE_MOST));
	case RD_KAFKA_RESP_ERR__QUEUE_FULL:
		return fail_as(err, STATUS_IO,
		               "%zu bytes are more than queue.buffering.max.kbytes=%s lets wait "
		               "(-X raises it)",
		               bytes, in_force(w, "queue.buffering.max.kbytes", QUEUE_KBYTES));
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
		refuse(w, m->err, m->partition, m->key_len + m->len, &err);
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

/* Hand on what waits, as far as the queue has room: true if nothing waits any more. */
static bool
hand_on(struct kafka_writer *w)
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

/* What waits is not wanted any more. */
static void
drop_waiting(struct kafka_writer *w)
{
	struct err err;

	explain(w, RD_KAFKA_RESP_ERR__PURGE_QUEUE, &err);
	for (; w->sent < w->n_waiting; w->sent++)
		report_refused(w, &w->waiting[w->sent], &err);
	w->sent = w->n_waiting = 0;
	w->keyed = false;
}

/* Keep a copy until there are enough. false: there is no room for it, or librdkafka will refuse it,
 * which the caller is told at once. */
static bool
gather(struct kafka_writer *w, rd_kafka_topic_t *rkt, const struct record *r, uint64_t tag)
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

/* ---- topics */

static int open_client(struct kafka_writer *w, struct err *err);        /* below, with its like */

/* No batch may be larger than its topic takes, for a broker refuses it as a whole. (A record that
 * is larger than the batches of librdkafka travels alone, so then it alone is refused.) Their size
 * is fixed when a client is made: hence a new one before the first record leaves for a topic that
 * takes less. In a transaction it is too late for that. 1: they are small enough; 0: they will be
 * when what is in flight has been reported. */
static int
fit_in(struct kafka_writer *w, const struct target *t, struct err *err)
{
	if (t->limits.bytes <= 0 || t->limits.bytes >= w->batch_size || w->begun)
		return 1;
	rd_kafka_poll(w->h.rk, 0);      /* what librdkafka has to say counts as in flight, too */
	if (!hand_on(w) || rd_kafka_outq_len(w->h.rk) > 0)
		return 0;
	w->batch_size = t->limits.bytes;
	targets_forget(&w->topics);
	handle_close(&w->h);
	if (open_client(w, err) == 0)
		return 1;
	if (err->status == STATUS_OK)           /* of handle_open(), where it is no failure */
		fail_as(err, STATUS_RETRY, "not sent: stopped by a signal");
	return -1;
}

/* The client could not be made anew. */
static bool
lost(const struct kafka_writer *w, struct err *err)
{
	if (w->h.rk == NULL)
		fail_as(err, STATUS_UNAVAILABLE, "librdkafka has no resources for another client");
	return w->h.rk == NULL;
}

/* 1; 0: try again when what is in flight has been reported; -1. */
static int
topic_of(struct kafka_writer *w, struct str name, rd_kafka_topic_t **rkt, struct err *err)
{
	struct target *t;
	int64_t        at;
	int            got;

	if (lost(w, err))
		return -1;
	if (w->last >= w->topics.n || !str_eq(str_of(w->topics.list[w->last].name), name)) {
		at = targets_find(&w->topics, name, err);
		got = at < 0 ? -1 : fit_in(w, &w->topics.list[at], err);
		if (got <= 0)
			return got;
		w->last = (size_t)at;
	}
	t = &w->topics.list[w->last];
	if (t->rkt == NULL)
		t->rkt = rd_kafka_topic_new(w->h.rk, t->name, NULL);
	if (t->rkt == NULL)
		return fail_as(err, STATUS_IO, "cannot write to topic '%s': %s", t->name,
		               rd_kafka_err2str(rd_kafka_last_error()));
	*rkt = t->rkt;
	return 1;
}

static int
writer_send(void *self, const struct record *r, uint64_t tag, struct err *err)
{
	struct kafka_writer *w = self;
	const bool           plain = r->timestamp < 0 && r->n_headers == 0;
	rd_kafka_topic_t    *rkt;
	rd_kafka_resp_err_t  code;
	int                  got;

	if (r->timestamp == 0)
		return fail_as(err, STATUS_IO,
		               "a record of 1970-01-01T00:00:00.000Z cannot be sent: librdkafka "
		               "takes the time 0 "
		               "for none");
	/* before topic_of, which says of which topic those are that wait */
	if ((w->n_waiting == GATHER ||
	     (w->n_waiting > 0 && (!plain || r->partition != w->waiting[0].partition ||
	                           !str_eq(r->topic, str_of(w->topics.list[w->last].name))))) &&
	    !hand_on(w))
		return 0;
	got = topic_of(w, r->topic, &rkt, err);
	if (got <= 0)
		return got;
	if (r->key.p == NULL && w->topics.list[w->last].limits.keys)
		return fail_no_key(err);
	if (plain && gather(w, rkt, r, tag))
		return 1;
	if (!hand_on(w))
		return 0;
	code = plain ? send_plain(rkt, r, tag) : send_whole(w, rkt, r, tag);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 1;
	if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && rd_kafka_outq_len(w->h.rk) > 0)
		return 0;
	return refuse(w, code, r->partition, r->key.n + r->value.n, err);
}

static int
writer_poll(void *self, int64_t wait_ms, struct err *err)
{
	struct kafka_writer *w = self;

	if (lost(w, err))
		return -1;
	hand_on(w);
	return rd_kafka_poll(w->h.rk, (int)wait_ms) > 0 ? 0 : handle_check(&w->h, err);
}

static int
writer_partitions(void *self, struct str name, struct err *err)
{
	struct kafka_writer *w = self;
	const int64_t        at = targets_find(&w->topics, name, err);
	int                  got;

	if (at < 0)
		return -1;
	while ((got = fit_in(w, &w->topics.list[at], err)) == 0)
		if (writer_poll(w, REPORTS_MS, err) < 0)
			return -1;
	if (got < 0)
		return -1;
	return w->topics.list[at].partitions;
}

static int
writer_flush(void *self, int64_t wait_ms, struct err *err)
{
	struct kafka_writer *w = self;

	if (lost(w, err))
		return -1;
	if (!hand_on(w))
		rd_kafka_poll(w->h.rk, (int)wait_ms);
	else if (rd_kafka_flush(w->h.rk, (int)wait_ms) == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 1;
	return handle_check(&w->h, err);
}

static void
writer_give_up(void *self, const struct err *why)
{
	struct kafka_writer *w = self;
	int64_t              end = clock_monotonic_ms() + GIVE_UP_MS;

	w->why = *why;
	drop_waiting(w);
	if (w->h.rk == NULL)
		return;
	rd_kafka_purge(w->h.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	while (rd_kafka_outq_len(w->h.rk) > 0 && clock_monotonic_ms() < end)
		rd_kafka_poll(w->h.rk, 50);
}

/* ---- transactions */

static int
fail_transaction(struct kafka_writer *w, rd_kafka_error_t *error, const char *what, struct err *err)
{
	rd_kafka_resp_err_t code = rd_kafka_error_code(error);

	if (is_fenced(w, code))
		fail_fenced(w, what, err);
	else if (code == RD_KAFKA_RESP_ERR__TIMED_OUT || rd_kafka_error_txn_requires_abort(error))
		fail_as(err, STATUS_RETRY, "%s: %s", what, rd_kafka_error_string(error));
	else
		handle_fail(&w->h, code, what, err);
	rd_kafka_error_destroy(error);
	return -1;
}

/* Before anything was read a signal leaves at once; in a transaction the second one does. */
static bool
stopped(const struct kafka_writer *w, enum pipe_stop how)
{
	return w->conf.watch.stop != NULL && *w->conf.watch.stop >= (int)how;
}

/* A broker may be there, and no coordinator of transactions: where __transaction_state cannot be
 * made there will never be one. */
static int
take_id(struct kafka_writer *w, struct err *err)
{
	static const char what[] = "cannot take the transactional id";
	const int64_t     end = clock_monotonic_ms() + kafka_conf_patience(w->conf.kafka, true);
	rd_kafka_error_t *error;

	while ((error = rd_kafka_init_transactions(w->h.rk, CALL_MS)) != NULL) {
		if (!rd_kafka_error_is_retriable(error))
			return fail_transaction(w, error, what, err);
		rd_kafka_error_destroy(error);
		rd_kafka_poll(w->h.rk, 0);
		if (handle_check(&w->h, err) < 0)
			return -1;
		if (stopped(w, STOP_SOON))
			return fail_as(err, STATUS_RETRY, "%s: stopped by a signal", what);
		if (clock_monotonic_ms() >= end)
			return fail_as(err, STATUS_UNAVAILABLE,
			               "%s: no broker coordinates transactions (has the topic "
			               "__transaction_state as many replicas as "
			               "transaction.state.log.replication.factor asks for?)",
			               what);
	}
	return 0;
}

/* Call until it is done: a call that may be tried again is. Bounded by librdkafka (the
 * transaction's time-out) and by handle_check. */
static int
insist(struct kafka_writer *w, rd_kafka_error_t *(*call)(rd_kafka_t *rk, int wait_ms),
       const char *what, struct err *err)
{
	rd_kafka_error_t *error;

	while ((error = call(w->h.rk, CALL_MS)) != NULL) {
		if (!rd_kafka_error_is_retriable(error))
			return fail_transaction(w, error, what, err);
		rd_kafka_error_destroy(error);
		rd_kafka_poll(w->h.rk, 0);
		if (handle_check(&w->h, err) < 0)
			return -1;
		if (stopped(w, STOP_NOW))
			return fail_as(err, STATUS_RETRY, "%s: stopped by a second signal", what);
	}
	return 0;
}

static int
writer_begin(void *self, struct err *err)
{
	struct kafka_writer *w = self;
	rd_kafka_error_t    *error = rd_kafka_begin_transaction(w->h.rk);

	w->given_up = 0;
	w->begun = error == NULL;
	return error == NULL ? 0 : fail_transaction(w, error, "cannot begin a transaction", err);
}

static int
writer_commit(void *self, struct err *err)
{
	static const char    what[] = "cannot commit the transaction";
	struct kafka_writer *w = self;
	int                  done;

	while ((done = writer_flush(w, CALL_MS, err)) == 0)
		if (stopped(w, STOP_NOW))
			return fail_as(err, STATUS_RETRY, "%s: stopped by a second signal", what);
	if (done < 0)
		return -1;
	if (w->given_up > 0 && is_fenced(w, RD_KAFKA_RESP_ERR_NO_ERROR))
		return fail_fenced(w, what, err);
	if (w->given_up > 0)
		return fail_as(err, STATUS_IO, "%s: %" PRIu64 " of its records were not delivered",
		               what, w->given_up);
	return insist(w, rd_kafka_commit_transaction, what, err);
}

static int
writer_abort(void *self, struct err *err)
{
	drop_waiting(self);
	return insist(self, rd_kafka_abort_transaction, "cannot abort the transaction", err);
}

/* ---- open and close */

static void
writer_close(void *self)
{
	struct kafka_writer *w = self;

	if (w->h.rk != NULL && w->n_waiting + (size_t)rd_kafka_outq_len(w->h.rk) > 0)
		writer_give_up(w, &(struct err){ .msg = "the producer was closed" });
	targets_release(&w->topics);
	free(w->headers);
	handle_close(&w->h);
	slab_free(w->slab);     /* after librdkafka, which may still hold some of it */
	sticky_free(w->sticky);
	free(w);
}

static bool
is_one_of(const char *value, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(value, *words) == 0)
			return true;
	return false;
}

/* A property file must not be able to turn off what the tool promises. */
static int
refuse_loss(const struct writer_conf *conf, struct err *err)
{
	static const char *const all[] = { "all", "-1", NULL },
	                         *const yes[] = { "true", "t", "1", NULL },
	                         *const no[] = { "false", "f", "0", NULL },
	                         *const never[] = { NULL };
	static const struct {
		const char *key;
		const char *const *safe;
		const char *instead;
	} rules[] = {
		{ "acks", all, "use --acks" },
		{ "enable.idempotence", yes, "use --acks" },
		{ "transactional.id", never, "use --transactional-id" },
		{ "delivery.report.only.error", no, "every record must be accounted for" },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		const char *value = kafka_conf_get(conf->kafka, rules[i].key);

		if (value != NULL && !is_one_of(value, rules[i].safe))
			return fail_as(err, STATUS_CONFIG, "property %s=%s is refused: %s",
			               rules[i].key, value, rules[i].instead);
	}
	return 0;
}

static void
configure(rd_kafka_conf_t *rk, const struct writer_conf *conf)
{
	static const char *const acks[] = { "all", "1", "0" };
	static const char *const defaults[][2] = {
		{ "partitioner", "murmur2_random" },
		{ "linger.ms", "20" },
		/* what fits into caches is sent for less */
		{ "queue.buffering.max.kbytes", QUEUE_KBYTES },
		/* whether a record is too large the broker knows better */
		{ "message.max.bytes", MESSAGE_MOST },
	};
	const int64_t patience = kafka_conf_patience(conf->kafka, true);

	for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++)
		handle_default(rk, conf->kafka, defaults[i][0], defaults[i][1]);
	if (patience / 2 < ACK_MS && kafka_conf_get(conf->kafka, "request.timeout.ms") == NULL)
		handle_set_number(rk, "request.timeout.ms",
		                  patience / 2 > 1000 ? patience / 2 : 1000);
	handle_set(rk, "acks", acks[conf->acks]);
	handle_set(rk, "enable.idempotence", conf->acks == ACKS_ALL ? "true" : "false");
	if (conf->compression != NULL)
		handle_set(rk, "compression.codec", conf->compression);
	if (conf->linger >= 0)
		handle_set_number(rk, "linger.ms", conf->linger);
	/* its time-out bounds the delivery; as long as brokers allow */
	if (conf->transactional_id != NULL) {
		handle_set(rk, "transactional.id", conf->transactional_id);
		handle_default(rk, conf->kafka, "transaction.timeout.ms", "900000");
	} else if (conf->delivery_timeout > 0) {
		handle_set_number(rk, "delivery.timeout.ms", conf->delivery_timeout);
	}
	rd_kafka_conf_set_dr_msg_cb(rk, on_delivery);
}

/* Of a record that librdkafka takes, or that the slab does: whichever is less. */
static size_t
largest(const struct kafka_conf *kafka)
{
	const char *text = kafka_conf_get(kafka, "message.max.bytes");
	const long  most = text == NULL ? SLAB_LARGEST : strtol(text, NULL, 10);

	return most < SLAB_LARGEST ? (size_t)most : SLAB_LARGEST;
}

static int64_t
batch_size(const struct writer_conf *conf)
{
	const char *text = kafka_conf_get(conf->kafka, "batch.size");

	return conf->batch_size > 0 ? conf->batch_size
	       : text != NULL       ? strtoll(text, NULL, 10)
	                            : BATCH_SIZE;
}

/* Ours, unless a property says which, or for how long it stays. */
static void
set_partitioner(struct kafka_writer *w, rd_kafka_conf_t *rk)
{
	w->picks = kafka_conf_get(w->conf.kafka, "partitioner") == NULL &&
	           kafka_conf_get(w->conf.kafka, "sticky.partitioning.linger.ms") == NULL;
	if (w->picks)
		sticky_install(w->sticky, rk);
}

/* Make the client, with batches of the size that they have by now. */
static int
open_client(struct kafka_writer *w, struct err *err)
{
	rd_kafka_conf_t *rk = handle_conf(&w->h, w->conf.kafka, &w->conf.watch);

	w->h.owner = w;
	configure(rk, &w->conf);
	set_partitioner(w, rk);
	handle_set_number(rk, "batch.size", w->batch_size);
	if (handle_open(&w->h, RD_KAFKA_PRODUCER, rk, err) < 0)
		return -1;
	return w->conf.transactional_id != NULL ? take_id(w, err) : 0;
}

int
writer_rdkafka(struct writer *to, const struct writer_conf *conf,
               const struct writer_events *events, struct err *err)
{
	struct kafka_writer *w;

	if (refuse_loss(conf, err) < 0)
		return -1;
	w = mem_zalloc(1, sizeof(*w));
	w->conf = *conf;
	w->events = *events;
	w->slab = slab_new(SLAB_BLOCKS);
	w->sticky = sticky_new();
	w->largest = largest(conf->kafka);
	w->batch_size = batch_size(conf);
	targets_init(&w->topics, &w->h, conf->create);
	if (open_client(w, err) < 0) {
		writer_close(w);
		return -1;
	}
	*to = (struct writer){
		.self = w,
		.partitions = writer_partitions,
		.send = writer_send,
		.poll = writer_poll,
		.flush = writer_flush,
		.give_up = writer_give_up,
		.close = writer_close,
	};
	if (conf->transactional_id != NULL) {
		to->begin = writer_begin;
		to->commit = writer_commit;
		to->abort = writer_abort;
	}
	return 0;
}
