/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.h - one question to an HTTP server that hands out credentials
 *
 * The only place of this folder that sees HTTP. Redirects are not followed; answers are bounded;
 * certificates are verified.
 */
#ifndef MAIP_KAFKA_HTTP_H
#define MAIP_KAFKA_HTTP_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"

#define HTTP_ANSWER_MAX 262144          /* bytes */

struct http_question {
	const char        *method;      /* "GET", "PUT", "POST" */
	const char        *url;         /* http or https */
	const char *const *headers;     /* "Name: value", NULL at the end; NULL: none */
	struct str         form;        /* of a POST, urlencoded; empty: none */
	bool               link_local;  /* never through a proxy */
	/* ms, for all of it; a connection gets half of it at most */
	int64_t            timeout;
	/* another thread may set it: then it ends within a second; NULL: never */
	const atomic_bool *stop;
};

/* To be called once, by one thread, before the first question. */
void http_start(void);

/* May a question to this URL hold a secret? If it goes over https, or to one of these hosts
 * ("[::1]" has its brackets; upper case is as lower; NULL at the end). Not where libcurl would not
 * ask, nor where the URL names a user: that is easily taken for the host. */
bool http_keeps_secret(const char *url, const char *const *hosts);

/* Ask, and append the body to answer (which may hold a secret). Returns the status, 200 say, or
 * -1 with err when there is no answer: "cannot ask 169.254.169.254: Connection timed out". */
int http_ask(const struct http_question *q, struct buf *answer, struct err *err);

#endif
