/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer_rdkafka.h - a writer to a real broker
 *
 * Idempotent and acknowledged by all replicas in sync, unless the caller says otherwise: no
 * record is lost, none doubled by a retry, and the order within a partition stays. Keys land
 * where the Java client puts them (murmur2). No batch is larger than its topic takes, as far as the
 * broker tells and no transaction has begun: so a record that is too large is refused alone.
 *
 * Memory: records that wait for their acknowledgement, at most 100,000 or 16 MiB of them; up to
 * 24 MiB of address space hold them (slab.h), of which what was never used is not resident.
 */
#ifndef MAIP_KAFKA_WRITER_RDKAFKA_H
#define MAIP_KAFKA_WRITER_RDKAFKA_H

#include "kafka/conf.h"
#include "kafka/topic_create.h"
#include "kafka/writer.h"

enum writer_acks { ACKS_ALL, ACKS_ONE, ACKS_NONE };

/* borrowed for the life of the writer; what is 0 or NULL is left to properties and defaults */
struct writer_conf {
	const struct kafka_conf *kafka; /* finished */
	const char              *compression;
	const char              *transactional_id;
	int64_t                  delivery_timeout;      /* ms */
	int64_t                  linger;                /* ms; < 0: default */
	int64_t                  batch_size;            /* bytes */
	enum writer_acks         acks;
	/* make topics that are not there, like this; NULL: do not */
	const struct topic_conf *create;
	struct kafka_watch       watch;
};

/* 0 and a writer whose broker has answered, or -1 as handle_open() says; STATUS_CONFIG for a
 * property that would lose records. With a transactional id: older producers of that id are
 * fenced off, their transactions ended. */
int writer_rdkafka(struct writer *w, const struct writer_conf *conf,
                   const struct writer_events *events, struct err *err);

#endif
