/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login.h - how the client shows who it is
 *
 * Private to this folder. Passwords and certificates are librdkafka's own properties; tokens are
 * made by us, from a command or from AWS credentials. login_finish() fills in what follows from
 * the choice, and refuses what would send a secret in the clear, or would leave it unused without
 * a word.
 */
#ifndef MAIP_KAFKA_LOGIN_H
#define MAIP_KAFKA_LOGIN_H

#include "kafka/conf.h"

struct login {
	char *token_command;            /* --oauth-token-command; NULL: none */
	/* --aws-msk-iam, or sasl.mechanism=AWS_MSK_IAM as the Java client calls it */
	bool  msk;
	char *region;                   /* of MSK; NULL until login_finish() has found it */
	bool  cleartext;                /* --allow-cleartext-login */
};

/* After all sources were put together, before librdkafka judges them. -1 with err: STATUS_USAGE
 * or STATUS_CONFIG; STATUS_NOINPUT or STATUS_DENIED where a file of TLS cannot be read. */
int login_finish(struct login *l, struct kafka_conf *c, struct err *err);
void login_release(struct login *l);

/* In conf.c. */
const struct login *kafka_conf_login(const struct kafka_conf *c);
void kafka_conf_put(struct kafka_conf *c, const char *key, const char *value, const char *from);
void kafka_conf_drop(struct kafka_conf *c, const char *key);
/* its place, "-X" or "prod.conf:3"; NULL: not set */
const char *kafka_conf_from(const struct kafka_conf *c, const char *key);

#endif
