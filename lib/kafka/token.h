/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.h - a bearer token, and until when it is good
 *
 * What the token command of a user prints is either the token itself, a JWT, which says by its
 * claim "exp" when it ends; or the answer of an OAuth server (RFC 6749, section 5.1): an object
 * with "access_token" and "expires_in" in seconds. In an object, "extensions" may hold the SASL
 * extensions that some brokers ask for (KIP-342), text by name. The token is not verified: that
 * is the broker's work.
 */
#ifndef MAIP_KAFKA_TOKEN_H
#define MAIP_KAFKA_TOKEN_H

#include <stdint.h>

#include "base/diag.h"
#include "base/str.h"

#define TOKEN_EXTENSIONS_MAX 16

struct token {                          /* token_release frees what it points to */
	char       *text;
	int64_t     expires;            /* ms since 1970 */
	/* name, value, name, value; all allocated */
	char       *extensions[2 * TOKEN_EXTENSIONS_MAX];
	size_t      n_extensions;       /* strings: twice their number */
};

/* Read what a command printed at the moment now. -1 with err (STATUS_CONFIG): it is no token, its
 * end is not told, or has passed. */
int token_parse(struct token *t, struct str printed, int64_t now, struct err *err);
void token_release(struct token *t);    /* wipes; t was parsed or is all zero */

#endif
