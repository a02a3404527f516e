/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topics.h - which topics and partitions are meant
 *
 * A topic is named ("maip.order.created"), globbed ("maip.order.*") or matched by a POSIX
 * extended regular expression that starts with ^ ("^maip\.(order|customer)\."). Patterns pass
 * over Kafka's own topics, whose names start with __, unless they start so themselves.
 */
#ifndef MAIP_KAFKA_TOPICS_H
#define MAIP_KAFKA_TOPICS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/str.h"

#define TOPIC_NAME_MAX 249              /* bytes; Kafka's limit */

/* Can a topic have that name? 0, or -1 with err: STATUS_USAGE, and what names are made of. */
int topics_check_name(struct str name, struct err *err);

/* How many partitions or replicas a topic is to have: 1 to most; 0: the text is no such number. */
int topics_number(struct str text, int most);

struct topics;                                          /* opaque; lives in topics.c */

struct topics *topics_new(void);
void topics_free(struct topics *t);                     /* NULL is fine */

/* -t NAME|GLOB|^REGEX; an opt_fn, arg is the struct topics. */
int topics_option(void *arg, const char *value, struct err *err);

size_t topics_count(const struct topics *t);
bool   topics_patterns(const struct topics *t);         /* is any of them a pattern? */
bool   topics_internal(const struct topics *t);         /* does any of them start with __? */
bool   topics_match(const struct topics *t, struct str name);

/* The i-th as a group subscribes to it: a name, or a regular expression that starts with ^.
 * Borrowed from t. */
struct str topics_subscription(const struct topics *t, size_t i);

/* The names and those of all (in byte order, no two alike) that patterns match, sorted and
 * without doubles; names are taken as they are, whether they exist or not. Fills *list (free()
 * it; the names are borrowed from t and all). Returns how many. */
size_t topics_select(const struct topics *t, const struct str *all, size_t n_all,
                     struct str **list);

/* Append the patterns, as they were given, that match none of all: "'a*', '^b'". Returns how
 * many. */
size_t topics_unmatched(const struct topics *t, const struct str *all, size_t n_all,
                        struct buf *to);
/* "no topic matches" them, STATUS_NOINPUT. Returns -1. */
int topics_fail(struct str unmatched, struct err *err);

/* A set of partition numbers: "0", "0,3,7-9". Empty: all. */
struct number_range {
	int32_t from, to;               /* both included */
};

struct partitions {
	struct number_range list[64];
	size_t              n;
};

/* an opt_fn; arg is the struct partitions */
int  partitions_option(void *arg, const char *value, struct err *err);
bool partitions_has(const struct partitions *p, int32_t number);
/* Are all that are listed among the n of this topic? Otherwise -1 with err, STATUS_NOINPUT. */
int  partitions_check(const struct partitions *p, struct str topic, int n, struct err *err);

#endif
