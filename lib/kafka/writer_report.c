/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer_report.c - what has become of a record, and why
 */
#include <inttypes.h>

#include "base/mem.h"
#include "base/time.h"
#include "kafka/writer_parts.h"

static bool
is_fence(rd_kafka_resp_err_t code)
{
	return handle_status(code) == STATUS_FENCED ||
	       code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

bool
writer_is_fenced(const struct kafka_writer *w, rd_kafka_resp_err_t code)
{
	return w->conf.transactional_id != NULL && w->h.rk != NULL &&
	       (is_fence(code) || is_fence(rd_kafka_fatal_error(w->h.rk, NULL, 0)));
}

int
writer_fail_fenced(const struct kafka_writer *w, const char *what, struct err *err)
{
	return fail_as(err, STATUS_FENCED,
	               "%s: another producer has taken over the transactional id '%s', or the "
	               "transaction took longer than transaction.timeout.ms",
	               what, w->conf.transactional_id);
}

/* What was sent once may wait in a queue again, to be sent anew: the code does not tell. */
void
writer_explain(struct kafka_writer *w, rd_kafka_resp_err_t code, bool sent, struct err *err)
{
	const char *reason = w->h.reason[0] != '\0' ? w->h.reason : "no acknowledgement in time";

	if (writer_is_fenced(w, code)) {
		writer_fail_fenced(w, "not delivered", err);
		return;
	}
	switch (code) {
	case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
		if (sent)
			fail_as(err, STATUS_UNAVAILABLE,
			        "sent, but not acknowledged within the delivery time-out: %s",
			        reason);
		else
			fail_as(err, STATUS_IO, "not sent within the delivery time-out: %s",
			        reason);
		break;
	case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
	case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
		fail_as(err, sent ? STATUS_UNAVAILABLE : STATUS_IO, "%s: %s",
		        sent ? "sent, but not acknowledged" : "not sent",
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
			fail_as(err, sent ? STATUS_UNAVAILABLE : STATUS_IO, "%s%s",
			        sent ? "sent, but not acknowledged: " : "",
			        rd_kafka_err2str(code));
	}
}

int
writer_fail_no_key(struct err *err)
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
		writer_fail_no_key(&err);
	else if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
		fail_as(&err, STATUS_UNAVAILABLE,
		        "sent, but not acknowledged: only a later record of partition %" PRId32
		        " was",
		        m->partition);
	else
		writer_explain(w, m->err,
		               m->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT ||
		                       rd_kafka_message_status(m) !=
		                               RD_KAFKA_MSG_STATUS_NOT_PERSISTED,
		               &err);
	w->events.report(w->events.arg, (uintptr_t)m->_private, &r, &err);
}

/* Does only a later record of its partition say that this one is there? To librdkafka that is an
 * acknowledgement, since the numbers that it gives to records leave no gap. But to a broker that
 * has nothing of this client in the partition any number is the first: it may have refused this
 * record for a moment, as one does that has just become the leader, and taken those that were under
 * way behind it. (librdkafka then does not send it again.)
 *
 * Such a record has neither offset nor broker (rd_kafka_dr_implicit_ack()). Two others without an
 * offset have a broker: one of acks=0, which nobody answers, and one of which the broker says that
 * it has had it before (DUPLICATE_SEQUENCE_NUMBER); that is acknowledged. */
static bool
only_implied(const struct kafka_writer *w, const rd_kafka_message_t *m)
{
	return w->conf.acks == ACKS_ALL && m->offset < 0 && rd_kafka_message_broker_id(m) < 0;
}

/* The offset that a broker has told of it; -1: none has. librdkafka counts on from the first of a
 * batch, from -1001 or -1 where none was told: of that batch all that follows is made up, too.
 * (What was told is larger: all of the batch stand before it.) */
static int64_t
told_offset(struct kafka_writer *w, const rd_kafka_message_t *m)
{
	if (w->conf.acks == ACKS_NONE)
		return -1;
	if (m->offset >= 0 && (m->rkt != w->untold.rkt || m->partition != w->untold.partition ||
	                       m->offset != w->untold.next)) {
		w->untold.rkt = NULL;
		return m->offset;
	}
	w->untold.rkt = m->rkt;
	w->untold.partition = m->partition;
	w->untold.next = m->offset + 1;
	return -1;
}

static void
report_place(struct kafka_writer *w, const rd_kafka_message_t *m)
{
	const struct record r = {
		.topic = str_of(rd_kafka_topic_name(m->rkt)),
		.partition = m->partition,
		.offset = told_offset(w, m),
		.timestamp = rd_kafka_message_timestamp(m, NULL),
		.timestamp_type = TS_CREATE,
	};

	w->events.report(w->events.arg, (uintptr_t)m->_private, &r, NULL);
}

void
writer_on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct handle       *h = opaque;
	struct kafka_writer *w = h->owner;

	(void)rk;
	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR || only_implied(w, m)) {
		report_given_up(w, m);
	} else {
		handle_heard_record(h);
		if (w->events.places)
			report_place(w, m);
		else
			w->events.report(w->events.arg, (uintptr_t)m->_private, NULL, NULL);
	}
	if (slab_owns(w->slab, m->payload))
		slab_give(w->slab, m->payload);
}
