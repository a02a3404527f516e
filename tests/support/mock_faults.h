/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mock_faults.h - the embedded broker as brokers are on a bad day
 */
#ifndef MAIP_TESTS_MOCK_FAULTS_H
#define MAIP_TESTS_MOCK_FAULTS_H

#include "kafka/mock.h"

/* Connections to a broker, numbered from 1, are refused and dropped while it is down. */
void mock_set_down(struct mock *m, int broker, bool down);

/* Every answer takes so many ms. */
void mock_set_distance(struct mock *m, int ms);

/* The first broker answers the next n requests of a kind (0: Produce, 14: SyncGroup, ...) with this
 * error of Kafka's protocol (3: unknown topic, 10: message too large, 29: not authorized), each so
 * many ms late. */
void mock_fail(struct mock *m, int kind, int code, size_t n, int ms);

#endif
