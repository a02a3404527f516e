/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope.h - a Kafka record as one JSON line, and back, without loss
 *
 *	{"topic":"t","partition":0,"offset":"42","timestamp":1767225600000,"timestampType":"create",
 *	 "key":"c-1","headers":[["name","value"],["name",null]],"value":{...}}
 *
 * A key, header value or value is JSON text under its name when it is valid UTF-8 text; a value that is itself
 * one JSON value stands as JSON; null is null; bytes that are not UTF-8 stand as base64 under key_b64, value_b64,
 * and [name, {"b64": "..."}] in headers. A value that is UTF-8 but not JSON, or JSON that would not survive being put on a line (it has line breaks), stands
 * under value_text as a string. The exact rules are in maip-stream(5); the round trip gives every byte back.
 */
#ifndef MAIP_KAFKA_ENVELOPE_H
#define MAIP_KAFKA_ENVELOPE_H

#include "base/diag.h"
#include "json/out.h"
#include "kafka/record.h"

int envelope_print(struct out *o, const struct record *r);

/* Owns what a parsed envelope points at; reused from line to line. */
struct envelope_parser;

struct envelope_parser *envelope_parser_new(void);
void envelope_parser_free(struct envelope_parser *p);

/* line is a data line. Members that are not there keep the defaults of a new record (partition -1, timestamp -1). -1 with err. */
int envelope_parse(struct envelope_parser *p, struct str line, struct record *to, struct err *err);

#endif
