/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan.h - the exact JSON grammar over one line
 *
 * The reference for everything else in this folder: RFC 8259, UTF-8 without
 * overlong forms and surrogates, depth at most JSON_DEPTH, no recursion. Unpaired
 * \ud800 escapes are accepted as grammar allows them and read as U+FFFD.
 */
#ifndef MAIP_JSON_SCAN_H
#define MAIP_JSON_SCAN_H

#include "base/buf.h"
#include "base/diag.h"
#include "base/mem.h"
#include "base/str.h"

#define JSON_DEPTH 256

enum json_kind {
	JSON_MISSING,                   /* no such member */
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_OBJECT,
	JSON_ARRAY
};

/* A value where it stands. raw is borrowed and has its quotes, if a string. */
struct field {
	enum json_kind kind;
	bool           escaped;         /* a string with a backslash in it: not its own text */
	struct str     raw;
};

/* Is text exactly one JSON value, space around it allowed? err names the column (characters, from
 * 1) and what was expected. */
int json_check(struct str text, struct err *err);

/* The value at the start of text, space before it allowed; *end is where the rest starts. -1 with
 * err. */
int json_value(struct str text, struct field *to, size_t *end, struct err *err);

/* Walk the members of a checked object, or the elements of a checked array (name is empty then):
 * 1 and the next one, or 0. *at starts as 0. */
int json_next(struct str container, size_t *at, struct str *raw_name, struct field *value);

/* The text of a checked string, quotes off, escapes decoded: borrowed from raw where there are
 * none, else in a. */
struct str json_text(const struct field *string, struct arena *a);

/* Append text as a JSON string. C0, quote, backslash, DEL and C1 are escaped; text is valid
 * UTF-8. */
int json_add_string(struct buf *to, struct str text);

/* Append a checked value without the space between its tokens: one line, whatever it looked
 * like. */
int json_add_compact(struct buf *to, struct str value);

bool utf8_valid(struct str text);

#endif
