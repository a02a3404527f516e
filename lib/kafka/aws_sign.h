/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aws_sign.h - a URL that says who asks (AWS Signature Version 4, in the query)
 *
 * Only GET of "/" with the header host, which is all that the token of MSK and STS need. Source:
 * "Signature Version 4 signing process" of the AWS reference.
 */
#ifndef MAIP_KAFKA_AWS_SIGN_H
#define MAIP_KAFKA_AWS_SIGN_H

#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/str.h"

struct aws_keys {                       /* borrowed */
	struct str id, secret;
	struct str session;             /* of temporary credentials; empty: none */
};

struct aws_call {                       /* borrowed */
	const char *base;               /* "https://kafka.eu-west-1.amazonaws.com" */
	struct str  service, region;
	/* its members in the order of their names, all before "X-Amz", escaped */
	struct str  query;
	int         expires;            /* s */
};

/* Append the signed URL to to. now is in ms since 1970. -1 with err (STATUS_CONFIG): a key or the
 * region cannot be one. */
int aws_presign(struct buf *to, const struct aws_call *call, const struct aws_keys *keys,
                int64_t now, struct err *err);

/* Append s with everything but A-Z a-z 0-9 - _ . ~ as %XX. */
void aws_escape(struct buf *to, struct str s);

bool aws_is_region(struct str name);    /* could it be one? */

/* ".amazonaws.com", or ".amazonaws.com.cn" for the regions in China. */
const char *aws_domain(struct str region);

#endif
