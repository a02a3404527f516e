/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value.h - what an expression yields
 *
 * NULL, truth, exact numbers, text, moments, intervals, and JSON containers that are only passed
 * on. A value that was read from a field unchanged remembers its raw bytes, so
 * that it is printed as it came ("1234.50", "caf\u00e9").
 */
#ifndef MAIP_SQL_VALUE_H
#define MAIP_SQL_VALUE_H

#include "base/num.h"
#include "base/str.h"
#include "json/out.h"
#include "json/scan.h"

enum val_kind { VAL_NULL, VAL_BOOL, VAL_NUM, VAL_TEXT, VAL_TIME, VAL_INTERVAL, VAL_JSON };

struct val {
	enum val_kind kind;
	/* as it stood in the input; raw.p NULL: computed. Borrowed from the line */
	struct str    raw;
	union {
		bool       truth;
		struct num num;
		/* decoded UTF-8; borrowed from the line or the scratch arena */
		struct str text;
		int64_t    ms;          /* TIME: moment; INTERVAL: length */
	};
};

/* From a field of a line. Missing and null are NULL. Text with escapes is decoded into scratch. A
 * number beyond a double's range is NULL. */
void val_of_field(struct val *to, const struct field *f, struct arena *scratch);

/* -1, 0, 1, or VAL_UNLIKE when either is NULL or the kinds do not compare. Text compares by bytes
 * (= by code point). */
#define VAL_UNLIKE 2
int val_cmp(const struct val *a, const struct val *b);

/* The same for sorting: any two values have an order. NULL, then conditions, numbers, text,
 * moments, intervals, JSON. */
int val_order(const struct val *a, const struct val *b);

/* One byte string for each distinct value: equal keys, equal bytes (5.10 and 5.1; "a" and
 * "\u0061"), and NULL has one, too. For text and for raw strings without escapes this costs a
 * copy of the bytes. Appends. */
int val_key(struct buf *to, const struct val *v);

/* The same for one of several values that are a key together: followed by its length, so that no
 * two lists of them have the same bytes. several: false if it is the only one. */
int val_key_part(struct buf *to, const struct val *v, bool several);

/* The value that val_key made the bytes of, without its raw bytes; text is borrowed from key. -1:
 * no such bytes. */
int val_of_key(struct val *to, struct str key);

/* As JSON: raw if it has it, else computed; moments as RFC 3339 text, intervals as milliseconds. */
int val_print(struct out *o, const struct val *v);
int val_add_json(struct buf *to, const struct val *v);

/* A copy that owns its bytes in a caller-owned buf (cleared first); for state that outlives the
 * line. */
void val_keep(struct val *to, struct buf *bytes, const struct val *from);

/* Saved and loaded with the state of a stage. Loaded text is borrowed from the cursor's bytes. */
void val_save(struct buf *to, const struct val *v);
int  val_load(struct val *to, struct cursor *from);

const char *val_kind_name(enum val_kind kind);          /* "a number", "text", for messages */

#endif
