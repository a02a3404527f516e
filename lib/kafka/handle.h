/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handle.h - one librdkafka client, made and watched the same way at both ends
 *
 * Private to this folder, as all headers that name librdkafka's types. librdkafka reports most
 * trouble not where it happens but through callbacks; handle keeps the last of it, so that a
 * failing call can say why ("Connection refused", not "Local: Timed out"). Nothing of librdkafka
 * reaches stderr by itself: its logs come through the queue that the owner polls, and go to the
 * watch as information, whatever librdkafka thinks of them.
 */
#ifndef MAIP_KAFKA_HANDLE_H
#define MAIP_KAFKA_HANDLE_H

#include <stdatomic.h>

#include <librdkafka/rdkafka.h>

#include "base/time.h"
#include "kafka/conf.h"

struct auth;

struct handle {
	rd_kafka_t              *rk;
	const struct kafka_conf *conf;
	struct kafka_watch       watch;
	struct auth             *auth;  /* where tokens come from; NULL: none are used */
	/* for the owner's own callbacks: ((struct handle *)opaque)->owner */
	void                    *owner;
	bool                     consumer;      /* polled with rd_kafka_consumer_poll */
	/* NULL: nobody cares. A partition that is read is not there any more; from inside a poll */
	void                   (*gone)(void *owner, struct str topic, int32_t partition);
	bool                     answered;      /* a broker has answered once */
	/* monotonic ms; TIME_MAX: as far as we know, brokers answer */
	int64_t                  down_since;
	int64_t                  next_probe;
	/* monotonic ms; TIME_MIN: always. Before that nobody wanted anything of a broker */
	int64_t                  wanted_since;
	int                      probe_wait;    /* ms; for its answer */
	/* Is what a call waits for to be left undone? NULL: yes, once a signal has come */
	bool                   (*leave)(void *owner);
	bool                     lost;  /* a connection, since the owner last set it to false */
	/* a connection has failed, and nobody has asked yet whether there is another; producers */
	bool                     doubt;
	bool                     idle;  /* nothing is wanted of a broker just now */
	/* the user knows that no broker answers, and that this will end the run */
	bool                     told, told_wanted;
	/* why the last certificate was not accepted, X509_V_ERR_*; 0: it was. Set by librdkafka's
	 * threads */
	atomic_int               certificate;
	/* of the last trouble that was reported; NO_ERROR: none */
	rd_kafka_resp_err_t      code;
	char                     reason[300];   /* "Connection refused" */
	bool                     mute;  /* the reason is that a connected broker does not answer */
};

/* librdkafka's configuration with every property of c and our callbacks; its opaque is h. The
 * owner adds its own properties and callbacks, and hands it to handle_open. c is borrowed for the
 * life of h; it was finished. */
rd_kafka_conf_t *handle_conf(struct handle *h, const struct kafka_conf *c,
                             const struct kafka_watch *watch);

/* Set a property that the tool itself depends on; asserts that librdkafka knows it. */
void handle_set(rd_kafka_conf_t *conf, const char *key, const char *value);
void handle_set_number(rd_kafka_conf_t *conf, const char *key, int64_t value);
/* The same for a default of the tool, where neither an option nor a property says otherwise. */
void handle_default(rd_kafka_conf_t *conf, const struct kafka_conf *given, const char *key,
                    const char *value);

/* Make the client and wait until a broker answers. Takes conf over. 0, or -1 with err:
 * STATUS_UNAVAILABLE "cannot reach Kafka at localhost:9092: Connection refused (set
 * MAIP_KAFKA_BROKERS or -b)", STATUS_DENIED, STATUS_CONFIG, or STATUS_RETRY when stop was set
 * meanwhile. A consumer's events come out of rd_kafka_consumer_poll from then on. */
int handle_open(struct handle *h, rd_kafka_type_t type, rd_kafka_conf_t *conf, struct err *err);
/* frees the client; a consumer was closed before. h was opened or is all zero */
void handle_close(struct handle *h);

/* To be called when a poll has brought nothing. 0, or -1: no broker has answered for too long,
 * the credentials were refused, or the client is beyond repair. */
int handle_check(struct handle *h, struct err *err);
/* Is nothing wanted of a broker just now? Then patience begins anew. */
void handle_idle(struct handle *h, bool idle);
/* A broker has answered: a record or a delivery report came. What was said of trouble is forgotten,
 * lest it explain one of hours later. */
void handle_heard(struct handle *h);

static inline void
handle_heard_record(struct handle *h)   /* the same; a few comparisons while all is well */
{
	if (!h->answered || h->down_since != TIME_MAX || h->code != RD_KAFKA_RESP_ERR_NO_ERROR)
		handle_heard(h);
}

/* Is what a call waits for to be left undone: as leave says, or because a signal has come? */
bool handle_stopped(const struct handle *h);
bool handle_hurried(const struct handle *h); /* a second signal has come: nothing is waited for */

/* Ask for the topics: all, or the one of rkt, or none but the brokers. Like rd_kafka_metadata(),
 * but in waits that grow from 0.5 to 5 s, unless no broker is connected, and after each
 * handle_stopped() ends it with RD_KAFKA_RESP_ERR__INTR. A producer's callbacks are served
 * meanwhile. */
rd_kafka_resp_err_t handle_metadata(struct handle *h, bool all, rd_kafka_topic_t *rkt,
                                    int64_t wait_ms, const struct rd_kafka_metadata **md);

/* Turn a failed call into a message and a status. what says what was tried ("cannot read
 * maip.orders[3]"); where the broker cannot be reached the message is that of handle_open, and
 * after a signal the status STATUS_RETRY. Returns -1. */
int handle_fail(struct handle *h, rd_kafka_resp_err_t code, const char *what, struct err *err);

/* What is missing when a broker says that we are not permitted to: "READ on the topic", or in the
 * words of IAM, where that is asked; NULL: the code says something else. */
const char *handle_missing(const struct handle *h, rd_kafka_resp_err_t code);

/* The exit status that fits a code. */
enum status handle_status(rd_kafka_resp_err_t code);

#endif
