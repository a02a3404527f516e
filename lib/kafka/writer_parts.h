/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer_parts.h - what the files of the writer share; for writer_*.c alone
 */
#ifndef MAIP_KAFKA_WRITER_PARTS_H
#define MAIP_KAFKA_WRITER_PARTS_H

#include "kafka/handle.h"
#include "kafka/slab.h"
#include "kafka/sticky.h"
#include "kafka/target.h"
#include "kafka/writer_rdkafka.h"

#define WRITER_QUEUE_KBYTES "16384"
#define WRITER_MESSAGE_MOST "33554432"  /* bytes */
#define WRITER_GATHER       64          /* records in one call of librdkafka */
#define WRITER_TRANSACTION_MS 900000    /* transaction.timeout.ms; as long as brokers allow */

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
	rd_kafka_message_t   waiting[WRITER_GATHER];
	size_t               n_waiting, sent;
	bool                 keyed;     /* one of those has a key */
	bool                 picks;     /* the partitioner is ours */
	struct sticky       *sticky;
	/* the last record that was delivered without an offset: the next of its batch, which has
	 * none either, is said to have this one; rkt NULL: it had one */
	struct { const rd_kafka_topic_t *rkt; int32_t partition; int64_t next; } untold;
};

/* ---- writer_report.c */

/* Is that, or what was fatal before, another producer with our transactional id? The fence is met
 * by whatever is asked for first: a record, or a step of the transaction. */
bool writer_is_fenced(const struct kafka_writer *w, rd_kafka_resp_err_t code);
int  writer_fail_fenced(const struct kafka_writer *w, const char *what, struct err *err); /* -1 */

/* Why a record was given up, in words that say what to do; sent: and it may have arrived. */
void writer_explain(struct kafka_writer *w, rd_kafka_resp_err_t code, bool sent, struct err *err);
int  writer_fail_no_key(struct err *err);               /* always -1 */

/* The callback for delivery reports. */
void writer_on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque);

/* ---- writer_send.c */

/* Keep a copy until there are enough. false: there is no room for it, or librdkafka will refuse it,
 * which the caller is told at once. */
bool writer_gather(struct kafka_writer *w, rd_kafka_topic_t *rkt, const struct record *r,
                   uint64_t tag);

/* Hand on what was gathered, as far as the queue has room: true if nothing waits any more; or drop
 * it, because it is not wanted any more. Each is reported in both cases. */
bool writer_hand_on(struct kafka_writer *w);
void writer_drop_waiting(struct kafka_writer *w);

/* Send a record at once: a plain one, and one with a time of its own, or headers. */
rd_kafka_resp_err_t writer_send_plain(rd_kafka_topic_t *rkt, const struct record *r, uint64_t tag);
rd_kafka_resp_err_t writer_send_whole(struct kafka_writer *w, rd_kafka_topic_t *rkt,
                                      const struct record *r, uint64_t tag);

/* Why librdkafka does not take a record of so many bytes. Always -1. */
int writer_refuse(struct kafka_writer *w, rd_kafka_resp_err_t code, int32_t partition,
                  size_t bytes, struct err *err);

/* ---- writer_transaction.c */

/* Make the client the one with its transactional id, once its broker has answered. */
int writer_take_id(struct kafka_writer *w, struct err *err);

/* The functions of struct writer. */
int writer_begin(void *self, struct err *err);
enum writer_commit writer_commit(void *self, struct err *err);
int writer_abort(void *self, struct err *err);

/* ---- writer_rdkafka.c */

int writer_flush(void *self, int64_t wait_ms, struct err *err);         /* of struct writer */

#endif
