/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker_list.h - is this a list of brokers?
 *
 * librdkafka takes what it can read of "host:port,[::1]:port", logs the rest, and looks for brokers
 * of odd names for ever; a URL or a slip of the finger is better refused at once. The protocol may
 * stand before a host ("SASL_SSL://"), as librdkafka has it: but there can be only the one of
 * security.protocol.
 */
#ifndef MAIP_KAFKA_BROKER_LIST_H
#define MAIP_KAFKA_BROKER_LIST_H

#include "base/diag.h"

/* The first broker of the list, from which it is taken, as it stands there; n is 0 when there is
 * none any more. Brokers are parted by commas and spaces. */
struct str broker_list_next(struct str *list);

/* protocol is that of the client, NULL: plaintext. 0, or -1 with err (STATUS_USAGE): "'http://x' is
 * not HOST:PORT". */
int broker_list_check(struct str list, const char *protocol, struct err *err);

#endif
