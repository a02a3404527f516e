/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf.h - where the broker is, and every other property of the client
 *
 * Sources, the later wins: the toolkit's defaults; the profile of --env NAME or MAIP_ENV
 * (NAME.conf in $XDG_CONFIG_HOME/maip, ~/.config/maip, /etc/maip: the first that exists; "local"
 * needs no file and means localhost:9092); -F FILE; -X key=value; MAIP_KAFKA_BROKERS; -b. Files
 * hold "key=value" lines, # comments. Properties that run code (plugin.library.paths,
 * sasl.kerberos.kinit.cmd, ssl.engine.location, ssl.providers) are refused, and so are values that
 * a shell would obey where librdkafka asks one (sasl.kerberos.principal and .keytab), and those
 * with which a tool keeps its promises (enable.auto.commit and its like). Secrets (sasl.password,
 * ssl.key.password, ...) are refused with -X, because a command line can be read by everyone, and
 * in a file that its group or others can read. Where there are secrets the process leaves no core
 * file.
 */
#ifndef MAIP_KAFKA_CONF_H
#define MAIP_KAFKA_CONF_H

#include "base/opt.h"

struct kafka_conf;                                      /* opaque; lives in conf.c */

struct kafka_conf *kafka_conf_new(void);
void kafka_conf_free(struct kafka_conf *c);             /* wipes secrets; NULL is fine */

/* opt_fns; arg is the address of a pointer to the kafka_conf, so that a table of options can be
 * static. */
int kafka_conf_brokers(void *arg, const char *value, struct err *err);          /* -b */
int kafka_conf_env(void *arg, const char *value, struct err *err);              /* --env */
int kafka_conf_file(void *arg, const char *value, struct err *err);             /* -F */
int kafka_conf_set(void *arg, const char *value, struct err *err);              /* -X key=value */
/* --broker-timeout */
int kafka_conf_timeout(void *arg, const char *value, struct err *err);
/* --oauth-token-command */
int kafka_conf_token_command(void *arg, const char *value, struct err *err);
/* --aws-msk-iam[=REGION] */
int kafka_conf_msk(void *arg, const char *value, struct err *err);
/* --allow-cleartext-login */
int kafka_conf_cleartext(void *arg, const char *value, struct err *err);

/* "librdkafka 2.0.2, built with 2.0.2": the one that runs, and the one whose header we saw. */
const char *kafka_conf_library(char to[OPT_LIBRARY_MAX]);

/* Options of kcat's; of those that a tool has not got it tells where to look (struct tool). */
#define KCAT_LETTERS "PCGLQMtpbzoeEDKkHOdqvFXcTufZlVsrJm"

/* The rows that every tool which talks to Kafka has in its option table; conf is the address of a
 * pointer. */
#define KAFKA_CONF_OPTS(conf)                                                                      \
	{ .kind = OPT_KIND_CALL,                                                                   \
	  .ch = 'b',                                                                               \
	  .name = "brokers",                                                                       \
	  .alias = "kafka.bootstrap",                                                              \
	  .arg = "HOST:PORT[,...]",                                                                \
	  .fn = kafka_conf_brokers,                                                                \
	  .fn_arg = conf,                                                                          \
	  .help = "Kafka brokers to start from (default MAIP_KAFKA_BROKERS)" },                    \
		{ .kind = OPT_KIND_CALL,                                                           \
		  .name = "env",                                                                   \
		  .arg = "NAME",                                                                   \
		  .fn = kafka_conf_env,                                                            \
		  .fn_arg = conf,                                                                  \
		  .help = "read the profile NAME.conf of the configuration directory (default "    \
		          "MAIP_ENV)" },                                                           \
		{ .kind = OPT_KIND_CALL,                                                           \
		  .ch = 'F',                                                                       \
		  .name = "config",                                                                \
		  .arg = "FILE",                                                                   \
		  .fn = kafka_conf_file,                                                           \
		  .fn_arg = conf,                                                                  \
		  .help = "read librdkafka properties from FILE, key=value a line" },              \
		{ .kind = OPT_KIND_CALL,                                                           \
		  .ch = 'X',                                                                       \
		  .name = "property",                                                              \
		  .arg = "KEY=VALUE",                                                              \
		  .fn = kafka_conf_set,                                                            \
		  .fn_arg = conf,                                                                  \
		  .help = "set one librdkafka property" },                                         \
		{ .kind = OPT_KIND_CALL,                                                           \
		  .name = "broker-timeout",                                                        \
		  .arg = "DURATION",                                                               \
		  .fn = kafka_conf_timeout,                                                        \
		  .fn_arg = conf,                                                                  \
		  .help = "give up when no broker has answered for so long (default 5s at the "    \
		          "start, 1m afterwards)" },                                               \
		{ .kind = OPT_KIND_CALL,                                                           \
		  .name = "oauth-token-command",                                                   \
		  .arg = "CMD",                                                                    \
		  .fn = kafka_conf_token_command,                                                  \
		  .fn_arg = conf,                                                                  \
		  .help = "log in with the token that this shell command prints (SASL "            \
		          "OAUTHBEARER)" },                                                        \
		{ .kind = OPT_KIND_CALL,                                                           \
		  .name = "aws-msk-iam",                                                           \
		  .arg = "[=REGION]",                                                              \
		  .fn = kafka_conf_msk,                                                            \
		  .fn_arg = conf,                                                                  \
		  .help = "log in to Amazon MSK with AWS credentials (default region: that in "    \
		          "the broker's name)" },                                                  \
	{                                                                                          \
		.kind = OPT_KIND_CALL, .name = "allow-cleartext-login",                            \
		.fn = kafka_conf_cleartext, .fn_arg = conf,                                        \
		.help = "yes, send a password or token to another machine unencrypted"             \
	}

/* Put all sources together. -1 with err (STATUS_CONFIG, STATUS_NOINPUT, STATUS_USAGE). After the
 * options were parsed. */
int kafka_conf_finish(struct kafka_conf *c, struct err *err);

/* After kafka_conf_finish. */
const char *kafka_conf_get(const struct kafka_conf *c, const char *key);        /* NULL: not set */
/* Of a property that is a number; librdkafka has the last word on whether it is one. */
int64_t kafka_conf_number(const struct kafka_conf *c, const char *key, int64_t otherwise);
bool kafka_conf_cooperative(const struct kafka_conf *c);       /* may a group rebalance so? */
bool kafka_conf_is_secret(const char *key);             /* never to be shown */

/* One row a property that was set, secrets as "***"; for -v. */
void kafka_conf_show(const struct kafka_conf *c,
                     void (*row)(void *arg, const char *key, const char *value, const char *from),
                     void *arg);

/* level as in syslog(3): 3 an error, 4 a warning, 6 information, 7 debugging. text is borrowed
 * and has no newline. */
typedef void kafka_log_fn(void *arg, int level, const char *text);

struct kafka_watch {                    /* what the owner wants to be told, and asked */
	/* NULL: nothing. Trouble with tokens is told from another thread */
	kafka_log_fn       *log;
	void               *log_arg;
	const volatile int *stop;       /* enum pipe_stop: ends the waits; NULL: never */
};

/* How long no broker may answer, in ms: before the first answer, and afterwards. */
int64_t kafka_conf_patience(const struct kafka_conf *c, bool answered);

#endif
