/* SPDX-License-Identifier: Apache-2.0 */
/*
 * selector.h - what maip-consume looks at in a record: is it one, is it wanted, when did it happen
 *
 * Conditions see the fields of the value by their paths, and the record's own as $key, $topic,
 * $partition, $offset, $timestamp and $headers.NAME (of several with one name, the last; what is
 * not UTF-8 is NULL), and as $key_b64 and $headers.NAME.b64 in base64, whatever it is. A condition
 * that names no field of the value is tried before the value is parsed.
 */
#ifndef MAIP_KAFKA_SELECTOR_H
#define MAIP_KAFKA_SELECTOR_H

#include "base/buf.h"
#include "kafka/record.h"

struct selector;                                        /* opaque; lives in selector.c */

struct selector_conf {
	const char *const *where;       /* conditions, all of which have to be TRUE */
	size_t             n_where;
	/* --time; NULL: the record's timestamp, and no record is bad for want of a time */
	const char        *time;
	int                time_format;
	/* the value need not be JSON (--envelope) unless a condition or the time asks for its
	 * fields */
	bool               raw;
};

struct selector *selector_new(const struct selector_conf *conf, struct err *err);
void selector_free(struct selector *s);                 /* NULL is fine */
bool selector_headers(const struct selector *s);        /* does a condition look at headers? */

enum selected {
	SELECTED_BAD = -1,              /* err says why */
	SELECTED_NO,                    /* a condition is not TRUE */
	SELECTED_TOMBSTONE,             /* no value; not in raw mode */
	SELECTED_YES
};

struct selection {                      /* of one record; initialize with selection_init */
	struct buf text;
	/* the value on one line, unless raw; borrowed from text until the next selector_look */
	struct str line;
	int64_t    time;
	bool       has_time;
};

void selection_init(struct selection *to);
void selection_release(struct selection *to);

/* max_value bounds the value of a record; a longer one is bad. */
enum selected selector_look(struct selector *s, const struct record *r, size_t max_value,
                            struct selection *to, struct err *err);

#endif
