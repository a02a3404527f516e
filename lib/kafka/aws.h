/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aws.h - credentials of AWS, from where AWS's own tools take them
 *
 * The first that there is: the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
 * AWS_SESSION_TOKEN); the profile AWS_PROFILE or "default" of ~/.aws/credentials and
 * ~/.aws/config (AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE), which may hold keys, name a
 * command (credential_process), or name a role to assume; a web identity
 * (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN) that STS is asked to exchange; a container's
 * endpoint (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI); EC2's metadata service, version
 * 2.
 *
 * Nothing is kept: whoever needs credentials again asks again, and so gets those of a file or a
 * role that has changed.
 */
#ifndef MAIP_KAFKA_AWS_H
#define MAIP_KAFKA_AWS_H

#include <stdatomic.h>
#include <stdint.h>

#include "kafka/aws_sign.h"

struct aws_creds {                      /* aws_creds_release frees what it points to */
	char   *id, *secret;
	char   *session;                /* NULL: the keys are not temporary */
	int64_t expires;                /* ms since 1970; TIME_MAX: they say of no end */
};

struct aws_ask {
	struct str         region;      /* whose STS is asked */
	int64_t            now;         /* ms since 1970 */
	/* another thread may set it, to end all waiting; NULL: never */
	const atomic_bool *stop;
};

/* Go through the chain; may take seconds. 0, or -1 with err: STATUS_CONFIG for a profile that
 * cannot be used, else STATUS_DENIED; when there are none at all the message says where they were
 * looked for. */
int aws_creds_find(struct aws_creds *to, const struct aws_ask *ask, struct err *err);
void aws_creds_release(struct aws_creds *c);            /* wipes; c was found or is all zero */

struct aws_keys aws_creds_keys(const struct aws_creds *c);      /* borrowed from c */

/* AWS_REGION, AWS_DEFAULT_REGION, or the "region" of the profile. The caller frees it. NULL:
 * none, or a profile that cannot be read. */
char *aws_region_find(void);

#endif
