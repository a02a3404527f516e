/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reason.h - why a broker cannot be used, in words that help
 *
 * Private to this folder. librdkafka says what its libraries say ("error:0A000126:SSL
 * routines::unexpected eof while reading"); what that means, and which property to look at, is
 * known here.
 */
#ifndef MAIP_KAFKA_REASON_H
#define MAIP_KAFKA_REASON_H

#include "kafka/conf.h"

struct reason {
	const struct kafka_conf *conf;
	const char              *words; /* librdkafka's, "Connection refused" */
	bool                     mute;  /* a broker is connected, or seems to be */
	bool                     login; /* the broker was reached, and refused to let us in */
	/* why its certificate was not accepted: OpenSSL's X509_V_ERR_*; 0: it was */
	int                      certificate;
};

/* What messages call the brokers: "localhost:9092", as they were named. c was finished. */
const char *reason_brokers(const struct kafka_conf *c);

/* The message and the status: STATUS_DENIED where we are refused, else STATUS_UNAVAILABLE.
 * Returns -1. */
int reason_fail(const struct reason *r, struct err *err);

/* librdkafka would not make a client, and says why. STATUS_CONFIG. Returns -1. */
int reason_refused(const char *words, struct err *err);

#endif
