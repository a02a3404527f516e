/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer_rdkafka.c - writing through librdkafka's producer: its topics, and its life
 */
#include "kafka/writer_rdkafka.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "kafka/writer_parts.h"

#define REPORTS_MS       10                /* between looks whether everything has been reported */
#define GIVE_UP_MS 5000 /* for librdkafka to hand everything back; it needs no broker for that */
#define ACK_MS        30000             /* librdkafka's default for request.timeout.ms */
#define LINGER_MS     20
#define BATCH_SIZE    1000000           /* bytes; librdkafka's default */
#define SLAB_BLOCKS 96 /* 24 MiB: the default bound of the queue, and what is pinned beside it */

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
	if (!writer_hand_on(w) || rd_kafka_outq_len(w->h.rk) > 0)
		return 0;
	w->batch_size = t->limits.bytes;
	targets_forget(&w->topics);
	handle_close(&w->h);
	return open_client(w, err) == 0 ? 1 : -1;
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

	/* before topic_of, which says of which topic those are that wait */
	if ((w->n_waiting == WRITER_GATHER ||
	     (w->n_waiting > 0 && (!plain || r->partition != w->waiting[0].partition ||
	                           !str_eq(r->topic, str_of(w->topics.list[w->last].name))))) &&
	    !writer_hand_on(w))
		return 0;
	got = topic_of(w, r->topic, &rkt, err);
	if (got <= 0)
		return got;
	if (r->key.p == NULL && w->topics.list[w->last].limits.keys)
		return writer_fail_no_key(err);
	if (plain && writer_gather(w, rkt, r, tag))
		return 1;
	if (!writer_hand_on(w))
		return 0;
	code = plain ? writer_send_plain(rkt, r, tag) : writer_send_whole(w, rkt, r, tag);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 1;
	if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && rd_kafka_outq_len(w->h.rk) > 0)
		return 0;
	return writer_refuse(w, code, r->partition, r->key.n + r->value.n, err);
}

/* With nothing under way time without a broker harms nobody; but behind an open transaction readers
 * wait. */
static bool
idles(const struct kafka_writer *w)
{
	return !w->begun && w->n_waiting == 0 && rd_kafka_outq_len(w->h.rk) == 0;
}

static int
writer_poll(void *self, int64_t wait_ms, struct err *err)
{
	struct kafka_writer *w = self;

	if (lost(w, err))
		return -1;
	writer_hand_on(w);
	if (rd_kafka_poll(w->h.rk, (int)wait_ms) > 0)
		return 0;
	if (w->h.down_since != TIME_MAX)
		handle_idle(&w->h, idles(w));
	return handle_check(&w->h, err);
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

int
writer_flush(void *self, int64_t wait_ms, struct err *err)
{
	struct kafka_writer *w = self;

	if (lost(w, err))
		return -1;
	if (!writer_hand_on(w))
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
	writer_drop_waiting(w);
	if (w->h.rk == NULL)
		return;
	rd_kafka_purge(w->h.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	while (rd_kafka_outq_len(w->h.rk) > 0 && clock_monotonic_ms() < end)
		rd_kafka_poll(w->h.rk, 50);
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

/* librdkafka refuses one that is not shorter than what a record has. */
static int64_t
linger(const struct writer_conf *conf)
{
	const bool hurried = conf->transactional_id == NULL && conf->delivery_timeout > 0 &&
	                     conf->delivery_timeout <= LINGER_MS;

	return conf->linger >= 0 ? conf->linger : hurried ? conf->delivery_timeout - 1 : LINGER_MS;
}

static void
configure(rd_kafka_conf_t *rk, const struct writer_conf *conf)
{
	static const char *const acks[] = { "all", "1", "0" };
	static const char *const defaults[][2] = {
		{ "partitioner", "murmur2_random" },
		/* what fits into caches is sent for less */
		{ "queue.buffering.max.kbytes", WRITER_QUEUE_KBYTES },
		/* whether a record is too large the broker knows better */
		{ "message.max.bytes", WRITER_MESSAGE_MOST },
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
	if (conf->linger >= 0 || kafka_conf_get(conf->kafka, "linger.ms") == NULL)
		handle_set_number(rk, "linger.ms", linger(conf));
	/* its time-out bounds the delivery */
	if (conf->transactional_id != NULL) {
		handle_set(rk, "transactional.id", conf->transactional_id);
		if (kafka_conf_get(conf->kafka, "transaction.timeout.ms") == NULL)
			handle_set_number(rk, "transaction.timeout.ms", WRITER_TRANSACTION_MS);
	} else if (conf->delivery_timeout > 0) {
		handle_set_number(rk, "delivery.timeout.ms", conf->delivery_timeout);
	}
	rd_kafka_conf_set_dr_msg_cb(rk, writer_on_delivery);
}

/* Of a record that librdkafka takes, or that the slab does: whichever is less. */
static size_t
largest(const struct kafka_conf *kafka)
{
	const int64_t most = kafka_conf_number(kafka, "message.max.bytes", SLAB_LARGEST);

	return most < SLAB_LARGEST ? (size_t)most : SLAB_LARGEST;
}

static int64_t
batch_size(const struct writer_conf *conf)
{
	return conf->batch_size > 0 ? conf->batch_size
	                            : kafka_conf_number(conf->kafka, "batch.size", BATCH_SIZE);
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

static bool
leaves(void *owner)
{
	const struct kafka_writer *w = owner;

	return w->events.leave != NULL && w->events.leave(w->events.arg);
}

/* Make the client, with batches of the size that they have by now. */
static int
open_client(struct kafka_writer *w, struct err *err)
{
	rd_kafka_conf_t *rk = handle_conf(&w->h, w->conf.kafka, &w->conf.watch);

	w->h.owner = w;
	w->h.leave = leaves;
	configure(rk, &w->conf);
	set_partitioner(w, rk);
	handle_set_number(rk, "batch.size", w->batch_size);
	if (handle_open(&w->h, RD_KAFKA_PRODUCER, rk, err) < 0)
		return -1;
	return w->conf.transactional_id != NULL ? writer_take_id(w, err) : 0;
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
