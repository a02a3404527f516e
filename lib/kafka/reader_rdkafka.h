/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_rdkafka.h - a reader of a real broker
 *
 * Commits nothing by itself and resets no offset: a position that the log does not hold any more
 * is an error (STATUS_CONFIG), never a silent jump.
 *
 * Memory: together, 4 MiB are fetched ahead in all. Apart, each partition has a share of 20 MiB,
 * but not more than 1.4 MiB, nor less than 48 KiB. Beyond that there are the answers that are
 * under way, of 2 MiB (1 MiB apart) a broker, and what must come at once: a batch as it was
 * written, even if it is larger. A record takes about 400 bytes more than its own. Properties can
 * say otherwise (queued.max.messages.kbytes, fetch.max.bytes, fetch.message.max.bytes).
 */
#ifndef MAIP_KAFKA_READER_RDKAFKA_H
#define MAIP_KAFKA_READER_RDKAFKA_H

#include "kafka/conf.h"
#include "kafka/reader.h"

struct reader_conf {                    /* borrowed for the life of the reader */
	const struct kafka_conf *kafka; /* finished */
	const char              *group; /* NULL: none */
	/* a pattern that a group subscribes to does not mean topics like __consumer_offsets */
	bool                     hide_internal;
	/* as will be said to assign or subscribe: each partition fetches ahead for itself */
	bool                     apart;
	/* somebody looks at them; otherwise records come without */
	bool                     headers;
	struct kafka_watch       watch;
};

/* 0 and a reader whose broker has answered, or -1 as handle_open() says. */
int reader_rdkafka(struct reader *r, const struct reader_conf *conf, struct err *err);

#endif
