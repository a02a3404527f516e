/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage.h - pattern matching as a stage of a pipe
 *
 * Lines come in any order within the watermark's bound; each waits until the watermark has
 * reached its time, then takes its turn (waiting.h). What comes later than that is late: it goes
 * to a file of its own or is counted and dropped. The result depends on the input alone.
 *
 * Memory: the lines that wait, and those that a branch has taken; a key that has neither is
 * forgotten, if not at once.
 */
#ifndef MAIP_CEP_STAGE_H
#define MAIP_CEP_STAGE_H

#include "cep/print.h"
#include "stream/stage.h"
#include "stream/stats.h"
#include "stream/watermark.h"

struct cep_conf {                       /* all borrowed; must outlive the stage */
	const struct pattern *pattern;  /* finished */
	const char *const *keys;        /* --key texts; none: one group of all */
	size_t      n_keys;
	const char *time;               /* --time; "timestamp" */
	int         time_format;
	/* records have the time at which they come; tick tells it */
	bool        processing_time;
	const char *order_by;           /* NULL: none */
	/* MATCH_RECOGNIZE: what decides where that is equal, too */
	const char *const *then_by;
	size_t      n_then_by;
	uint64_t    order_down;         /* bit i: the i-th of all these, from 0, falls */
	int64_t     bound;              /* of the stage's own watermarks */
	const char *name;
	/* in place of the events of a match: expressions over what its elements took ... */
	const char *const *columns;
	/* ... and their names; NULL: each says its own with AS */
	const char *const *column_names;
	size_t      n_columns;
	const char *columns_option;     /* for messages: "--select" */
	bool        rows;               /* print nothing but keys and columns */
	enum emit   emit;
	bool        times_as_ms;
	size_t      max_partial;        /* that have begun, at a time */
	bool        shed;               /* at that limit, drop a key's oldest instead of failing */
	/* that are printed; the moment that would bring more fails. 0: no limit */
	uint64_t    max_matches;
	/* a key whose partial matches are told about (trace.h), as tracer_init() has it; needs the
	 * general engine. NULL: none */
	const char *trace;
	/* the general engine even where another would do: for tests */
	bool        general;
	uint64_t    seed;               /* of hash tables */
};

struct cep;                                             /* opaque; lives in stage.c */

/* NULL with err (STATUS_USAGE): an expression or the pattern cannot be compiled, or two columns
 * have one name. */
struct cep *cep_new(const struct cep_conf *conf, struct err *err);

/* Where late lines, timed-out partial matches and counters go; NULL: nowhere (the default).
 * Borrowed. */
void cep_outputs(struct cep *c, struct out *late, struct out *timeouts, struct pipe_stats *stats);
/* for conf.trace; borrowed, must be set before the first record. several: there is more than one
 * input, so that a line is told with its file */
void cep_trace_to(struct cep *c, struct out *to, bool several);
/* The input is over, however it ended: tell why nothing has been told. */
void cep_trace_end(struct cep *c);
void cep_free(struct cep *c);                           /* NULL is fine */

extern const struct stage_ops cep_ops;                  /* self is the struct cep */

/* What it will do, as text: a table, or a graph for dot(1). */
int cep_explain(const struct cep *c, bool as_dot, struct buf *to);

/* What the user should know of the pattern: up to max sentences, each allocated. */
size_t cep_remarks(const struct cep *c, char **to, size_t max);

/* Can a partial match run out of time? */
bool cep_runs_out(const struct cep *c);

uint64_t cep_matches(const struct cep *c);              /* found so far */
/* A column of PARTITION BY that records have been asked for, and none has had; or NULL. */
const char *cep_absent_key(const struct cep *c);
uint64_t cep_late(const struct cep *c);                 /* late lines so far */
/* REGEXPs that ran into their match limit */
uint64_t cep_gave_up(const struct cep *c);
uint64_t cep_shed(const struct cep *c);                 /* branches dropped at the limit */

#endif
