/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aggregate.h - accumulators: COUNT, SUM, AVG, MIN, MAX, FIRST, LAST and others
 *
 * An aggregate call is compiled once; its accumulator is a fixed number of bytes that the caller
 * places (in a window's slot, in a pane, in a session that merges), so that a million keys cost
 * no allocation each. What does not fit a fixed size (distinct values, texts) hangs off the
 * accumulator and is freed by agg_drop. All-zero bytes are a fresh accumulator.
 *
 * NULL is passed over, as in SQL; nothing left gives NULL, and 0 for COUNT.
 * SUM, AVG, MIN and MAX are exact as num.h is.
 */
#ifndef MAIP_SQL_AGGREGATE_H
#define MAIP_SQL_AGGREGATE_H

#include "sql/expr.h"

struct agg_call;                                        /* opaque; lives in aggregate.c */

/* An --agg option: an expression over aggregate calls with an optional name. */
/* the calls of a stage, their layout, and the columns made of them */
struct agg_list;

#define AGG_CALLS_MAX 256               /* different calls in a list */

struct agg_list *agg_list_new(void);
void agg_list_free(struct agg_list *l);                 /* NULL is fine */

/* The random seed of the tables behind DISTINCT, BY and TOP. Results do not depend on it. Before
 * the first record. */
void agg_list_seed(struct agg_list *l, uint64_t seed);

/* Compile "COUNT(*) FILTER (WHERE x > 1) AS big" or "SUM(a) / COUNT(*) AS mean" and append its
 * column. Arguments and filters read fields of x. A call that is there already is shared. */
int agg_list_add(struct agg_list *l, struct str text, struct extractor *x, struct err *err);

/* Take a call that the aggregate hook of a scope was handed (--having "SUM(a) > 10") and append a
 * hidden column for its result: the column's index is returned, and its name is NULL. -1 with
 * err; the call is freed then. */
int agg_list_call(struct agg_list *l, struct agg_call *call, struct err *err);
void agg_call_free(struct agg_call *call);

/* Columns in order of appending. The name of a hidden one has p NULL: it is computed, not
 * printed. */
size_t     agg_columns(const struct agg_list *l);
struct str agg_column_name(const struct agg_list *l, size_t column);
/* As expr_kind(), of a column with a name. */
int        agg_column_kind(const struct agg_list *l, size_t column);

/* Bytes of all accumulators of one window and key, a multiple of 8; they are to be aligned so. */
size_t agg_size(const struct agg_list *l);

/* Does any call need to know the event time (FIRST, LAST)? */
bool agg_needs_time(const struct agg_list *l);

/* Does any accumulator grow with the values that it takes in (DISTINCT, BY, TOP, COLLECT,
 * quantiles)? */
bool agg_grows(const struct agg_list *l);

/* A record: evaluate the arguments once ... */
/* values of one record; lives in scratch until it is reset */
struct agg_input;
const struct agg_input *agg_eval(const struct agg_list *l, const struct expr_env *env, int64_t ts,
                                 uint64_t arrival);

/* ... see that what calculates has numbers, for a sum that passed over anything else would be wrong
 * without a word: 0, or -1 with err (STATUS_DATA) ... */
int agg_check(const struct agg_list *l, const struct agg_input *in, struct err *err);

/* ... and add it to as many accumulators as it belongs to. What did not pass is passed over. */
void agg_add(const struct agg_list *l, void *acc, const struct agg_input *in);

/* into := into + from, as if every record of from had been added to into, too; from stays as it
 * is (panes of sliding windows). */
void agg_merge(const struct agg_list *l, void *into, const void *from);

/* Results of all columns, in order, into to[0 .. agg_columns). Text is borrowed from acc or
 * scratch. */
void agg_result(const struct agg_list *l, const void *acc, struct val *to, struct arena *scratch);

/* Free what hangs off acc; then its bytes are zero again. */
void agg_drop(const struct agg_list *l, void *acc);

/* For memory caps: what accumulators hold besides their own bytes. */
struct agg_weight {
	size_t heap;                    /* hangs off them, all together */
	size_t result;                  /* for as long as it lasts, at most: one agg_result() */
};

/* Add those of acc. */
void agg_weigh(const struct agg_list *l, const void *acc, struct agg_weight *to);

void agg_save(const struct agg_list *l, const void *acc, struct buf *to);
/* Into zero bytes. -1: the bytes are not what agg_save of a list of the same calls wrote; acc is
 * zero again. */
int  agg_load(const struct agg_list *l, void *acc, struct cursor *from);

#endif
