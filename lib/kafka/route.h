/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route.h - which record a line becomes
 *
 * The line itself is the value, byte for byte; or it is an envelope that says everything; or it
 * becomes the payload of a MAIP event. Expressions over the line say topic, partition, key, time
 * and headers, and win over what an envelope says. No clock, no broker: the same lines give the
 * same records.
 *
 * The id of an event is a UUID of version 5 made of type, topic and line, so that a replay
 * publishes the same ids. The second, third, ... line with the same bytes gets an id of its own:
 * "\n1", "\n2", ... is added to the name. What has been seen is remembered for the last 262,144
 * to 524,288 different lines, in about 30 MB; equal lines further apart share an id.
 */
#ifndef MAIP_KAFKA_ROUTE_H
#define MAIP_KAFKA_ROUTE_H

#include "base/diag.h"
#include "kafka/record.h"

enum route_form {
	ROUTE_JSON,                     /* the line is one JSON object, and the value */
	/* the line is the value, whatever it is; no expressions over it */
	ROUTE_TEXT,
	ROUTE_ENVELOPE,                 /* the line says what the record is, see envelope.h */
	/* the line is a JSON object, and the payload of the event that is the value */
	ROUTE_EVENT
};

struct route_header { struct str name; const char *value; };    /* value: an expression */

/* all borrowed until route_new returns, topic for the route's life; expressions may be NULL */
struct route_conf {
	enum route_form form;
	const char *topic;              /* NULL: topic_expr or the envelope says it */
	const char *topic_expr, *partition, *key, *timestamp, *tombstone_when;
	const struct route_header *headers;
	size_t      n_headers;
	/* told of each of the headers that is a field which the first record lacks; may be NULL */
	void      (*lacks)(size_t header);
	const char *event_type, *source;        /* EVENT */
	uint64_t    seed;               /* any random number: for the hash tables */
};

struct route;                                           /* opaque; lives in route.c */

/* NULL with err: an expression that is wrong, named by its option. */
struct route *route_new(const struct route_conf *conf, struct err *err);
void route_free(struct route *r);                       /* NULL is fine */

/* Make the record of a line that has LINE_SLACK readable bytes behind it. now is the time of an
 * event that no expression gives one. *to is borrowed from line and route until the next call.
 * -1: not a record, err says why. */
int route_line(struct route *r, struct str line, int64_t now, struct record *to, struct err *err);

#endif
