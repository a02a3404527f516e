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

/* For tests: connections to a broker are refused and dropped while it is down. */
void mock_set_down(struct mock *m, int broker, bool down);

/* For tests: every answer takes so many ms. */
void mock_set_distance(struct mock *m, int ms);

/* For tests: the first broker answers the next n requests of a kind (0: Produce, 14: SyncGroup,
 * ...) with this error of Kafka's protocol (3: unknown topic, 10: message too large, 29: not
 * authorized), each so many ms late. */
void mock_fail(struct mock *m, int kind, int code, size_t n, int ms);

#endif
