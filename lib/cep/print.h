/* SPDX-License-Identifier: Apache-2.0 */
/*
 * print.h - matches as lines
 *
 *	{"anomalyType":"NAME","customerId":"c-1","match_start":"...","match_end":"...",
 *	 "matches":{"first":[{...},{...}]}}
 *
 * The lines of a match stand in it as they came. Matches found at the same moment are
 * printed by oldest start, then fewest events, then arrival of the events. The start is an event,
 * of which each belongs to one key: so timeouts have one order, whatever their keys.
 */
#ifndef MAIP_CEP_PRINT_H
#define MAIP_CEP_PRINT_H

#include "base/keys.h"
#include "cep/nfa.h"

enum emit { EMIT_MATCH, EMIT_SUMMARY, EMIT_COUNT };
extern const char *const emit_words[];                  /* "match", "summary", "count", NULL */

struct print_conf {                     /* all borrowed */
	const struct pattern     *pattern;
	const char               *name;         /* --name; NULL: none */
	struct extractor         *fields;       /* to find the keys in a line */
	/* columns at the front, read from the first event */
	const struct expr_column *keys;
	size_t                    n_keys;
	/* in place of the events; of the match's last event and what its elements took */
	const struct expr_column *columns;
	size_t                    n_columns;
	bool                      rows;         /* nothing but keys and columns */
	enum emit                 emit;
	bool                      times_as_ms;
	/* the values of its keys stand in place of an event's line; nothing does, where the only
	 * one is a text that looks in JSON as its key in texts does */
	bool                      brief;
	const struct keys        *texts;
};

/* Does such an output print more of an event than its keys? */
bool print_needs_lines(enum emit emit, size_t n_columns);

/* The value of another key to those of an event: as JSON, with newlines between. */
int print_add_key(struct buf *to, bool first, const struct val *v);

/* The values of all keys, of the event whose fields env has. */
void print_add_keys(struct buf *to, const struct expr_column *keys, size_t n,
                    const struct expr_env *env);

struct printer;                                         /* opaque; lives in print.c */

struct printer *printer_new(const struct print_conf *conf);
void printer_free(struct printer *p);                   /* NULL is fine */

/* Print, in order, what was found at one moment. 0, or -1: out has failed. */
int print_found(struct printer *p, const struct found_list *found, struct out *out);

/* The same for what ran out of time, of any keys and moments, by when it did; that stands in place
 * of the end. */
int print_timeouts(struct printer *p, const struct found_list *found, struct out *out);

/* The same for matches that are slices of one list (slices.h), taken by one element: those that
 * start at the first so many of its n events; or how many there are. */
int print_slices(struct printer *p, int element, const struct stamped *events, size_t n,
                 size_t matches, struct out *out);
int print_slice_count(struct printer *p, struct event *first, int64_t last_ts, size_t matches,
                      struct out *out);
int print_slice_timeout(struct printer *p, int element, const struct stamped *events, size_t n,
                        int64_t at, struct out *out);

#endif
