/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target.h - the topics that a writer sends to
 *
 * A topic is asked for before its first record: librdkafka 2.0.2 waits up to a second for what it
 * does not know, half a minute for what is not there, and has a broker that makes topics on
 * demand make the misspelt one. All topics are asked for at once, so it is one question for many;
 * then one for the settings of each that is used.
 */
#ifndef MAIP_KAFKA_TARGET_H
#define MAIP_KAFKA_TARGET_H

#include "kafka/handle.h"
#include "kafka/topic_create.h"

struct target {
	char             *name;
	int               partitions;   /* 0: was not there */
	int64_t           asked;        /* monotonic ms; TIME_MIN: not by its name */
	struct topic_limits limits;     /* bytes < 0: not asked */
	rd_kafka_topic_t *rkt;          /* the owner's; NULL until the first record */
};

struct targets {
	struct handle           *h;
	const struct topic_conf *create;        /* make those that are not there; NULL: do not */
	struct target           *list;          /* sorted by name */
	size_t                   n, cap;
	int32_t                  broker;        /* one that has answered */
	/* of the last question that failed: why, when (TIME_MIN: none did), and of which topic
	 * (NULL: of all) */
	struct err               why;
	int64_t                  failed;
	const char              *whose;
};

/* h need not be open yet; both are borrowed. */
void targets_init(struct targets *t, struct handle *h, const struct topic_conf *create);
void targets_release(struct targets *t);
/* The client is closed: let go of every rkt. */
void targets_forget(struct targets *t);

/* The index of the topic in list, until the next call; -1 with err (STATUS_USAGE: no topic can have
 * that name, told without asking, STATUS_NOINPUT: there is no such topic, STATUS_DENIED,
 * STATUS_UNAVAILABLE, STATUS_RETRY: handle_stopped()). Waits for a broker as handle_metadata()
 * does; a failure stands for 2 s, so that many records do not each wait. */
int64_t targets_find(struct targets *t, struct str name, struct err *err);

/* limits.bytes of a topic, 0 if nothing is known of it. */
int64_t targets_batch_max(const struct targets *t, struct str name);

#endif
