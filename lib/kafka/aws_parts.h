/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aws_parts.h - the links of the chain of AWS credentials
 *
 * Private to aws*.c. Every aws_from_* returns 1 when it has found credentials, 0 when there are
 * none of its kind, and -1 with err when there should be but they cannot be had: the chain ends
 * there, so that nobody works under another name than was meant.
 */
#ifndef MAIP_KAFKA_AWS_PARTS_H
#define MAIP_KAFKA_AWS_PARTS_H

#include "base/buf.h"
#include "kafka/aws.h"

/* ---- profiles: aws_profile.c */

struct aws_profiles;

/* Read both files; one that is not there is empty. NULL with err: a file cannot be read, or holds
 * keys and others than its owner can read it. */
struct aws_profiles *aws_profiles_read(struct err *err);
void aws_profiles_free(struct aws_profiles *p);         /* wipes; NULL is fine */

/* AWS_PROFILE, AWS_DEFAULT_PROFILE, or "default" */
const char *aws_profile_name(void);
bool aws_profile_known(const struct aws_profiles *p, const char *profile);

/* A value, that of the credentials file first; NULL: not set. Borrowed. */
const char *aws_profile_get(const struct aws_profiles *p, const char *profile, const char *key);

int aws_from_profile(struct aws_creds *to, const struct aws_ask *ask, struct err *err);

/* ---- the other sources */

const char *aws_env(const char *name);                  /* a variable; NULL: not set, or empty */
/* Add what is in a file, at most so many bytes, without the white space behind it. It goes nowhere
 * else, so a wipe of to leaves nothing. 0, or -1 with err (STATUS_CONFIG). */
int aws_read_secret(struct buf *to, size_t most, const char *path, struct err *err);
/* 1 */
int aws_creds_set(struct aws_creds *to, const char *id, const char *secret, const char *session,
                  int64_t expires);

int aws_from_environment(struct aws_creds *to, struct err *err);
int aws_from_web_identity(struct aws_creds *to, const struct aws_ask *ask, struct err *err);
int aws_from_container(struct aws_creds *to, const struct aws_ask *ask, struct err *err);
/* 0 also when it does not answer; err says why */
int aws_from_ec2(struct aws_creds *to, const struct aws_ask *ask, struct err *err);

/* What a command or an endpoint answers: an object with AccessKeyId, SecretAccessKey, Token or
 * SessionToken, Expiration. 1, or -1. */
int aws_creds_parse(struct aws_creds *to, struct str json, struct err *err);

/* ---- STS: aws_sts.c */

struct aws_role {
	const char *arn;
	const char *session;            /* the name under which AWS logs it; NULL: "maip" */
	const char *external_id;        /* NULL: none */
};

/* Both return 1 or -1. */
int aws_sts_web_identity(struct aws_creds *to, const struct aws_role *role, const char *token_file,
                         const struct aws_ask *ask, struct err *err);
int aws_sts_assume(struct aws_creds *to, const struct aws_role *role, const struct aws_keys *as,
                   const struct aws_ask *ask, struct err *err);

#endif
