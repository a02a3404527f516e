/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer.h - what maip-produce needs of a broker, as a value
 *
 * Two implementations: librdkafka (writer_rdkafka.c) and, in the tests, a broker
 * in memory under a seeded scheduler.
 */
#ifndef MAIP_KAFKA_WRITER_H
#define MAIP_KAFKA_WRITER_H

#include "base/diag.h"
#include "kafka/record.h"

/* Told from inside send, poll and flush, once for every record that send took: delivered (err NULL) or given up. tag is the one of send. */
struct writer_events {
	void *arg;
	void (*report)(void *arg, uint64_t tag, int32_t partition, int64_t offset, const struct err *err);
};

struct writer {
	void *self;
	/* Take a copy of the record: 1 taken, 0 the queue is full (poll, and try the same record again), -1 refused with err. */
	int (*send)(void *self, const struct record *r, uint64_t tag, struct err *err);
	int (*poll)(void *self, int64_t wait_ms, struct err *err);              /* -1: fatal */
	/* Wait until all is reported, at most wait_ms. 1 all, 0 not yet, -1 fatal. */
	int (*flush)(void *self, int64_t wait_ms, struct err *err);
	void (*close)(void *self);              /* what was not reported is reported as failed first; frees self */
};

#endif
