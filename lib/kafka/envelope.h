/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope.h - a Kafka record as one JSON line, and back, without loss
 *
 *	{"topic":"t","partition":0,"offset":"42","timestamp":1767225600000,"timestampType":"create",
 *	 "key":"c-1","headers":[["name","value"],["name",null]],"value":{...}}
 *
 * Key, header names and header values are text: a JSON string if they are UTF-8, else base64
 * under key_b64, or as {"b64":"..."} in a header. null is null; empty is "".
 *
 * The value stands as it is, byte for byte, if it is one JSON value that can stand inside a line.
 * Otherwise it is a string under value_text if it is UTF-8 (text; JSON with a line break, with
 * space around it, or nested so deep that the line would be too deep; the four bytes null), else
 * base64 under value_b64. So value null is a record without a value, a tombstone.
 *
 * What a record does not have is null: a partition that nobody chose (-1), an offset or a
 * timestamp that nobody gave (< 0).
 */
#ifndef MAIP_KAFKA_ENVELOPE_H
#define MAIP_KAFKA_ENVELOPE_H

#include "base/diag.h"
#include "json/out.h"
#include "kafka/record.h"

int envelope_print(struct out *o, const struct record *r);

/* An envelope of one member: {"key":"c-1"}, {"value":{...}} or {"headers":[...]}, spelled the
 * same way. */
enum envelope_part { ENVELOPE_NO_PART, ENVELOPE_KEY, ENVELOPE_VALUE, ENVELOPE_HEADERS };
int envelope_print_part(struct out *o, const struct record *r, enum envelope_part part);

/* The same with a last member "error": why the record could not be delivered. envelope_parse
 * passes over it. */
int envelope_print_failed(struct out *o, const struct record *r, const struct err *why);

/* Owns what a parsed envelope points at; reused from line to line. */
struct envelope_parser;

struct envelope_parser *envelope_parser_new(void);
void envelope_parser_free(struct envelope_parser *p);   /* NULL is fine */

/* Read a line back. The members may come in any order; unknown ones, and one that is there twice,
 * are refused, because a misspelt "value" would be a tombstone. All but the value may be left
 * out: topic.p is NULL then, partition and timestamp -1. The members of *to are borrowed from
 * line and parser until the next call. 0, or -1 with err (STATUS_DATA). */
int envelope_parse(struct envelope_parser *p, struct str line, struct record *to, struct err *err);

/* Would a checked JSON value be nested deeper than JSON_DEPTH inside one more container? Cheap
 * for what is shallow. */
bool json_too_deep(struct str value);

#endif
