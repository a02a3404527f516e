/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf.h - where the broker is, and every other property of the client
 *
 * Sources, the later wins: the toolkit's defaults; the profile of --env NAME or MAIP_ENV (NAME.conf in
 * $XDG_CONFIG_HOME/maip, ~/.config/maip, /etc/maip: the first that exists); -F FILE; -X key=value; MAIP_KAFKA_BROKERS; -b.
 * Files hold "key=value" lines, # comments. Properties that run code
 * (plugin.library.paths, sasl.kerberos.kinit.cmd, ssl.engine.location, ssl.providers) are refused. Secrets
 * (sasl.password, ssl.key.password, ...) are refused with -X, because a command line can be read by everyone, and in a file that its group or others can read.
 */
#ifndef MAIP_KAFKA_CONF_H
#define MAIP_KAFKA_CONF_H

#include "base/opt.h"

struct kafka_conf;                                      /* opaque; lives in conf.c */

struct kafka_conf *kafka_conf_new(void);
void kafka_conf_free(struct kafka_conf *c);             /* wipes secrets; NULL is fine */

/* opt_fns; arg is the kafka_conf. */
int kafka_conf_brokers(void *arg, const char *value, struct err *err);          /* -b */
int kafka_conf_env(void *arg, const char *value, struct err *err);              /* --env */
int kafka_conf_file(void *arg, const char *value, struct err *err);             /* -F */
int kafka_conf_set(void *arg, const char *value, struct err *err);              /* -X key=value */

/* The rows that every tool which talks to Kafka has in its option table. */
#define KAFKA_CONF_OPTS(conf) \
	{ .kind = OPT_KIND_CALL, .ch = 'b', .name = "brokers", .alias = "kafka.bootstrap", .arg = "HOST:PORT[,...]", \
	  .fn = kafka_conf_brokers, .fn_arg = conf, .help = "Kafka brokers to start from (default MAIP_KAFKA_BROKERS)" }, \
	{ .kind = OPT_KIND_CALL, .name = "env", .arg = "NAME", \
	  .fn = kafka_conf_env, .fn_arg = conf, .help = "read the profile NAME.conf of the configuration directory (default MAIP_ENV)" }, \
	{ .kind = OPT_KIND_CALL, .ch = 'F', .name = "config", .arg = "FILE", \
	  .fn = kafka_conf_file, .fn_arg = conf, .help = "read librdkafka properties from FILE, key=value a line" }, \
	{ .kind = OPT_KIND_CALL, .ch = 'X', .name = "property", .arg = "KEY=VALUE", \
	  .fn = kafka_conf_set, .fn_arg = conf, .help = "set one librdkafka property" }

/* Put all sources together. -1 with err (STATUS_CONFIG, STATUS_NOINPUT, STATUS_USAGE). After the options were parsed. */
int kafka_conf_finish(struct kafka_conf *c, struct err *err);

const char *kafka_conf_get(const struct kafka_conf *c, const char *key);        /* NULL: not set */

#endif
