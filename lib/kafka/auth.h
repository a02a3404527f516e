/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth.h - a client's token, renewed before it ends
 *
 * Private to this folder. librdkafka asks for the first token, and for each next one when about
 * 80 % of the last one's life are over; it does so on a thread of its own, so that no call in
 * which a tool waits can starve it. A source that fails is asked again, after 0.5 s, then twice
 * as long each time, up to 10 s.
 */
#ifndef MAIP_KAFKA_AUTH_H
#define MAIP_KAFKA_AUTH_H

#include <librdkafka/rdkafka.h>

#include "kafka/conf.h"

struct auth;                            /* opaque; lives in auth.c */

/* NULL: this client uses no tokens. Of c nothing is kept: a client that could not be freed in time
 * outlives it. What watch points to is borrowed until auth_stop; watch->log is called from
 * librdkafka's thread, and must not call us. */
struct auth *auth_new(const struct kafka_conf *c, const struct kafka_watch *watch);
void auth_free(struct auth *a);         /* NULL is fine */

/* Get a token and hand it over. To be called by librdkafka's callback; returns when there is one,
 * or after auth_stop. */
void auth_refresh(struct auth *a, rd_kafka_t *rk);
/* From any thread; to be called before rd_kafka_destroy, which waits for auth_refresh. Nothing is
 * told any more when it returns. NULL is fine. */
void auth_stop(struct auth *a);

/* Is there something wrong with the source of tokens now? Then true, and why: STATUS_CONFIG when
 * asking again will not help. */
bool auth_trouble(struct auth *a, struct err *why);

#endif
