/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing.h - what topics there are, and what their partitions hold
 */
#ifndef MAIP_KAFKA_LISTING_H
#define MAIP_KAFKA_LISTING_H

#include "json/out.h"
#include "kafka/reader.h"
#include "kafka/topics.h"

/* topics NULL, or without a topic: all but Kafka's own. table: columns for a reader at a
 * terminal, else an object a line:
 * 	{"topic":"maip.orders","partitions":4}
 * 0, or -1 with err: STATUS_NOINPUT where nothing is there that was asked for. */
int list_topics(const struct reader *reader, const struct topics *topics, bool table,
                struct out *out, struct err *err);

/* One line a partition; with a group also what it has committed (null: nothing) and how far it is
 * behind:
 *
 * 	{"topic":"maip.orders","partition":0,"first":"0","next":"1042","committed":"1000",
 * 	 "lag":"42"} */
int list_offsets(const struct reader *reader, const struct topics *topics,
                 const struct partitions *partitions, bool group, bool table, struct out *out,
                 struct err *err);

#endif
