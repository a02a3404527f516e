/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mock.h - a broker inside this process, for demos, tests and learning
 *
 * librdkafka's mock cluster: real TCP listeners on free ports of 127.0.0.1, so that any tool on
 * this machine can use it. It keeps records in memory only, the newest 5 MiB or 100,000 batches
 * of each partition. A client that asks for a topic that is not there makes it, with 4
 * partitions: a reader cannot forbid that, as it can with Kafka. It knows no transactions, no
 * time-stamped look-ups, no TLS, no logins and no admin requests. For anything that matters, use
 * a real Kafka.
 */
#ifndef MAIP_KAFKA_MOCK_H
#define MAIP_KAFKA_MOCK_H

#include "base/diag.h"
#include "base/str.h"

#define MOCK_PARTITIONS     4           /* of a topic that does not say how many */
#define MOCK_PARTITIONS_MAX 1000

struct mock;                                            /* opaque; lives in mock.c */

/* So many brokers, numbered from 1. NULL with err. They listen when this returns. */
struct mock *mock_start(int brokers, struct err *err);
void mock_stop(struct mock *m);                         /* NULL is fine; the records are gone */

/* "127.0.0.1:41234", or several with commas: what -b wants. Lives as long as m. */
const char *mock_brokers(const struct mock *m);

/* Make a topic: "NAME" or "NAME:PARTITIONS", which the brokers lead in turn. 0, or -1 with err
 * (STATUS_USAGE). */
int mock_topic(struct mock *m, struct str spec, struct err *err);

/* librdkafka's own handle of it, for tests that make it fail. Borrowed from m. */
struct rd_kafka_mock_cluster_s *mock_cluster(const struct mock *m);

#endif
