/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topic_create.h - make a topic that is not there, and ask about one that is
 */
#ifndef MAIP_KAFKA_TOPIC_CREATE_H
#define MAIP_KAFKA_TOPIC_CREATE_H

#include <stdint.h>

#include "base/diag.h"

struct handle;

struct topic_setting { char *key, *value; };            /* "cleanup.policy", "compact" */

struct topic_conf {
	int                   partitions;       /* -1: as the broker makes them */
	int                   replicas;         /* -1: as the broker makes them */
	struct topic_setting *settings;
	size_t                n_settings, cap_settings;
};

/* Read "[PARTITIONS][,replication.factor=N][,KEY=VALUE]...", or NULL. -1 with err
 * (STATUS_USAGE). */
int topic_conf_parse(struct topic_conf *conf, const char *text, struct err *err);
void topic_conf_release(struct topic_conf *conf);

/* Ask for one topic by name, by which a broker that makes topics on first use begins to make it.
 * How many partitions it has, 0: it is not there (yet); -1 with err. */
int topic_ask(struct handle *h, const char *name, struct err *err);

struct topic_limits {                   /* what a topic takes */
	int64_t bytes;                  /* in a batch: its max.message.bytes; 0: not known */
	bool    keys;                   /* it is compacted: only records with a key */
};

/* What the settings of the topic, defaults included, say of that, asked from this broker. Nothing
 * if they could not be had within ms, be it that we may not ask (DESCRIBE_CONFIGS) or that the
 * broker does not know such questions. 0, or -1 with err: stopped by a signal (STATUS_RETRY). */
int topic_limits(struct handle *h, int32_t broker, const char *name, int ms,
                 struct topic_limits *to, struct err *err);

/* 0: it is there now, or somebody else was quicker; it may take the brokers a moment to tell of
 * it. -1 with err. */
int topic_create(struct handle *h, const char *name, const struct topic_conf *conf,
                 struct err *err);

#endif
