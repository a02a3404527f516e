/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.h - what becomes of each partial match of one key, as lines of text
 *
 *	2026-01-16T12:00:02.000Z line 7: match from line 3: takes it, goes on to b (2 taken)
 *
 * A record is known by its line, as in messages about bad ones. For people; the words may change.
 */
#ifndef MAIP_CEP_TRACE_H
#define MAIP_CEP_TRACE_H

#include "cep/nfa.h"

/* From this record on lines are counted like that: one for each run of records without a gap. */
struct trace_place {
	uint64_t    arrival, line;
	const char *source;             /* NULL: standard input */
};

struct tracer {
	const struct program *program;
	struct out           *to;
	bool                  several;  /* inputs: a line is told with its source */
	struct trace_place   *places;   /* ascending */
	size_t                n_places, cap_places;
	int64_t               now;      /* that time has been moved to */
	const char           *name;     /* the key, as it was asked for */
	/* what it may be: two of one key, because 5 is a number as well as a text */
	struct buf            keys[2];
	size_t                n_keys;
	struct buf            first;    /* the key of the first record, as JSON */
	uint64_t              records;  /* that had the key */
	bool                  told;     /* something has become of a match */
};

/* Whom to trace, among keys of n values each: a JSON array of n values, or the only value: a text,
 * or anything else as JSON has it. 0, or -1 with err (STATUS_USAGE). */
int tracer_init(struct tracer *t, const char *name, size_t n, struct err *err);
void tracer_release(struct tracer *t);

bool trace_is(const struct tracer *t, struct str key);

/* The record of that number stands on this line of source, which is kept. They come in order.
 * Records that nothing is said of, those before a state that was loaded, are told by number. */
void trace_place(struct tracer *t, uint64_t arrival, uint64_t line, const char *source);

/* An nfa_news_fn; arg is a struct tracer. A failed out is the caller's to notice. */
void trace_news(void *arg, enum nfa_news what, const struct branch *b, const struct event *e,
                int64_t at);

/* A record of the key came too late. */
void trace_late(struct tracer *t, int64_t ts, uint64_t arrival, int64_t now);

/* At the end: why nothing has been told. */
void trace_end(struct tracer *t);

#endif
