/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_poll.c - records as they come, and the errors that come in their place
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <syslog.h>

#include "base/mem.h"
#include "base/time.h"
#include "kafka/reader_parts.h"

#define HEADERS_MAX  10000              /* of one record; a record may have 1 MB of them */
#define CACHE_LINE   64                 /* bytes */
#define AHEAD_MOST   1024               /* of a record; what follows the processor foresees */

static void
put_headers(struct feed *f, const rd_kafka_message_t *m)
{
	rd_kafka_headers_t *list;
	const char *name;
	const void *value;
	size_t n;

	f->n_headers = 0;
	if (rd_kafka_message_headers(m, &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	while (f->n_headers < HEADERS_MAX &&
	       rd_kafka_header_get_all(list, f->n_headers, &name, &value, &n) ==
	               RD_KAFKA_RESP_ERR_NO_ERROR) {
		f->headers =
			mem_more(f->headers, f->n_headers, &f->cap_headers, sizeof(*f->headers));
		f->headers[f->n_headers++] = (struct header){ str_of(name), { value, n } };
	}
}

static const char *
credential(const struct kafka_reader *k, const char *key)
{
	const char *value = kafka_conf_get(k->conf.kafka, key);

	return value != NULL ? value : "";
}

/* When its queue is full, librdkafka before 2.2 looks again only after a second, unless its threads
 * for the brokers are woken by something else. To say the credentials again, be it that there are
 * none, does that to all of them and asks no broker. */
static void
nudge(struct kafka_reader *k)
{
	rd_kafka_error_t *error;

	k->nudges++;
	error = rd_kafka_sasl_set_credentials(k->h.rk, credential(k, "sasl.username"),
	                                      credential(k, "sasl.password"));
	if (error != NULL)
		rd_kafka_error_destroy(error);
}

/* Of a queue that was full, is so little left that more may come? How much librdkafka does not
 * tell, but how many; the records that went are a measure. An empty one was not full, but slow. */
static void
look_at_rest(struct kafka_reader *k, struct feed *f)
{
	const size_t n = rd_kafka_queue_length(f->queue);

	f->full = n * (f->drained / f->n_drained) > 4 * k->nudge_bytes;
	f->drained = f->n_drained = 0;
	if (n > 0 && !f->full)
		nudge(k);
}

/* Wherever a nudge came from, all have been looked at again. */
static void
drain(struct kafka_reader *k, struct feed *f, size_t bytes)
{
	if (f->nudges != k->nudges)
		f->drained = f->n_drained = 0;
	f->nudges = k->nudges;
	f->drained += bytes;
	f->n_drained++;
	if (k->nudge_bytes > 0 && f->drained >= k->nudge_bytes)
		look_at_rest(k, f);
}

static void
hand_out(struct kafka_reader *k, struct feed *f, rd_kafka_message_t *m, struct record *r)
{
	const char *name = rd_kafka_topic_name(m->rkt);
	rd_kafka_timestamp_type_t type;

	f->message = m;
	if (f->topic.p == NULL || strcmp(f->topic.p, name) != 0)
		f->topic = reader_intern(k, str_of(name));
	*r = (struct record){
		.topic = f->topic,
		.partition = m->partition,
		.offset = m->offset,
		.key = { m->key, m->key_len },
		.value = { m->payload, m->len },
	};
	r->timestamp = rd_kafka_message_timestamp(m, &type);
	r->timestamp_type = type == RD_KAFKA_TIMESTAMP_CREATE_TIME       ? TS_CREATE
	                    : type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? TS_APPEND
	                                                                 : TS_NONE;
	if (k->conf.headers) {
		put_headers(f, m);
		r->headers = f->headers;
		r->n_headers = f->n_headers;
	}
	drain(k, f, m->len + m->key_len);
	handle_heard_record(&k->h);
}

/* ---- errors */

/* Errors that come where records come. 0: nothing to stop for. */
static int
consumer_error(struct kafka_reader *k, rd_kafka_message_t *m, struct err *err)
{
	char what[400] = "cannot read";
	int rc = 0;

	if (m->rkt != NULL)
		snprintf(what, sizeof(what), "cannot read %.300s[%" PRId32 "]",
		         rd_kafka_topic_name(m->rkt), m->partition);
	switch (m->err) {
	case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
		if (k->conf.group == NULL)
			break;
		rc = fail_as(err, STATUS_DENIED,
		             "not permitted to read as group '%s' (it needs %s)", k->conf.group,
		             handle_missing(&k->h, m->err));
		break;
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
		if (m->rkt != NULL && rd_kafka_topic_name(m->rkt)[0] == '^')
			break;  /* a pattern that matches nothing yet */
		rc = m->rkt != NULL
		             ? reader_fail_gone(str_of(rd_kafka_topic_name(m->rkt)), err)
		             : handle_fail(&k->h, m->err, what, err);
		break;
	case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
		if (k->h.watch.log != NULL)
			k->h.watch.log(k->h.watch.log_arg, LOG_WARNING,
			               "the group takes our partitions away until we go on: for "
			               "max.poll.interval.ms we have not asked for records (-X "
			               "max.poll.interval.ms=...)");
		break;
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
	case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
	case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
	case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
	case RD_KAFKA_RESP_ERR__BAD_MSG:
	case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
		rc = handle_fail(&k->h, m->err, what, err);
		break;
	default:        /* librdkafka tries again; handle_check() knows when it is enough */
		break;
	}
	rd_kafka_message_destroy(m);
	return rc;
}

/* Whoever made a topic of the same name meanwhile made other records: ours end here. */
void
reader_gone(void *owner, struct str topic, int32_t partition)
{
	struct kafka_reader *k = owner;
	struct err err;

	for (size_t i = 0; k->apart && i < k->n_feeds; i++) {
		const struct feed *f = k->feeds[i];

		if (f->dropped && f->partition == partition && str_eq(f->topic, topic))
			return;
	}
	(void)reader_fail_gone(topic, &err);
	reader_keep_error(k, &err);
}

/* ---- waiting */

void
reader_keep_error(struct kafka_reader *k, const struct err *err)
{
	if (!k->failed)
		k->err = *err;
	k->failed = true;
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

/* What was handed out last is not looked at any more. */
static void
take_back(struct kafka_reader *k, struct feed *f)
{
	reader_release_parted(k);
	if (f->message != NULL)
		rd_kafka_message_destroy(f->message);
	f->message = NULL;
}

/* The consumer's own queue brings the events: rebalances, errors, logs; records never, for they are
 * led elsewhere before their partition is assigned. */
static int
serve_events(struct kafka_reader *k, int64_t wait_ms, struct err *err)
{
	rd_kafka_message_t *m = rd_kafka_consumer_poll(k->h.rk, (int)wait_ms);

	assert(m == NULL || m->err != RD_KAFKA_RESP_ERR_NO_ERROR);
	return m != NULL ? consumer_error(k, m, err) : 0;
}

/* Taking many records at once spares a lock, and looks at the clock, for each. What was gathered
 * is outside of librdkafka's limits of memory: so where those before were large it is few. */
static size_t
most(const struct kafka_reader *k, const struct feed *f)
{
	const size_t fit = f->largest > 0 ? k->gather_bytes / f->largest : 1;

	return fit > FEED_MOST ? FEED_MOST : fit > 0 ? fit : 1;
}

static void
gather(struct kafka_reader *k, struct feed *f, int64_t wait_ms)
{
	const ssize_t n = rd_kafka_consume_batch_queue(f->queue, 0, f->gathered,
	                                                most(k, f));

	f->at = 0;
	f->n = n > 0 ? (size_t)n : 0;
	if (f->n == 0 && wait_ms > 0) {
		if (f->full)
			nudge(k);       /* the measure was a poor one */
		f->full = false;
		f->gathered[0] = rd_kafka_consume_queue(f->queue, (int)wait_ms);
		f->n = f->gathered[0] != NULL;
	}
	if (f->n > 0)
		f->largest = 1;
	for (size_t i = 0; i < f->n; i++)
		if (f->gathered[i]->len > f->largest)
			f->largest = f->gathered[i]->len;
}

/* Nothing that was gathered is left: more, and the events in between, which may take the partition
 * away. */
static int
refill(struct kafka_reader *k, struct feed *f, int64_t wait_ms, struct err *err)
{
	gather(k, f, wait_ms);
	if (f->n > 0 && k->apart)       /* there poll() serves the events */
		return 0;
	if (serve_events(k, 0, err) < 0)
		return -1;
	return f->at == f->n || k->failed ? nothing(k, err) : 0;
}

/* librdkafka's thread has written it: let it come over from that core's cache while the record
 * before is dealt with. */
static void
fetch_ahead(const rd_kafka_message_t *m)
{
	const size_t n = m->len < AHEAD_MOST ? m->len : AHEAD_MOST;

	for (size_t i = 0; i < n; i += CACHE_LINE)
		__builtin_prefetch((const char *)m->payload + i);
}

static int
next(struct kafka_reader *k, struct feed *f, int64_t wait_ms, struct record *r, struct err *err)
{
	rd_kafka_message_t *m;

	take_back(k, f);
	if (f->at == f->n && refill(k, f, wait_ms, err) < 0)
		return -1;
	if (f->at == f->n)
		return 0;
	m = f->gathered[f->at++];
	if (f->at < f->n)
		fetch_ahead(f->gathered[f->at]);
	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return consumer_error(k, m, err);
	hand_out(k, f, m, r);
	return 1;
}

int
reader_poll(void *self, int64_t wait_ms, struct record *r, struct err *err)
{
	struct kafka_reader *k = self;

	if (k->joined)
		return next(k, &k->together, wait_ms, r, err);
	if (serve_events(k, wait_ms, err) < 0)
		return -1;
	return nothing(k, err);
}

int
reader_take(void *self, uint32_t slot, int64_t wait_ms, struct record *r, struct err *err)
{
	struct kafka_reader *k = self;

	return next(k, k->feeds[slot], wait_ms, r, err);
}

int
reader_serve(void *self, struct err *err)
{
	struct kafka_reader *k = self;

	if (k->rebalancing)
		return 0;
	if (serve_events(k, 0, err) < 0) {
		reader_keep_error(k, err);
		return -1;
	}
	return nothing(k, err);
}
