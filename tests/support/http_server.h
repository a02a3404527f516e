/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_server.h - a server on the loopback whose answers a test gives
 *
 * One request a connection, one connection at a time, in a thread of its own.
 */
#ifndef MAIP_TESTS_HTTP_SERVER_H
#define MAIP_TESTS_HTTP_SERVER_H

#include "base/buf.h"

/* Called for each request, all of it as it came and ended by NUL; appends the body of the answer.
 * Returns the status; 0: close the connection without an answer. */
typedef int http_server_fn(void *arg, const char *request, struct buf *body);

struct http_server;

struct http_server *http_server_start(http_server_fn *answer, void *arg);
const char *http_server_url(const struct http_server *s);       /* "http://127.0.0.1:PORT" */
void http_server_stop(struct http_server *s);

#endif
