/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row.h - a fired window as a line of output
 *
 *	{"customerId":"c-1","window_start":"...","window_end":"...","count":42,
 *	 "total":1234.50,"update":true}
 *
 * Constant parts are put together once, the window's bounds once a window.
 */
#ifndef MAIP_WINDOW_ROW_H
#define MAIP_WINDOW_ROW_H

#include "json/out.h"
#include "sql/aggregate.h"
#include "window/grid.h"
#include "window/group.h"

enum row_mark { ROW_FIRST, ROW_UPDATE, ROW_EARLY };

struct rows;                                            /* opaque; lives in row.c */

struct row_conf {
	const char *having;             /* NULL: all */
	/* NULL: all rows of a window, in its order; else the best, by this expression */
	const char *top_by;
	int64_t     top;                /* so many */
	bool        timed;              /* there are bounds to print */
	bool        ms;                 /* as epoch milliseconds */
};

/* extractor: where aggregates in having and top_by read their arguments from; before the first
 * record. NULL with err. aggs may get hidden columns here. All borrowed. */
struct rows *rows_new(const struct row_conf *conf, struct agg_list *aggs, struct group *group,
                      struct extractor *extractor, struct err *err);
void rows_free(struct rows *r);                         /* NULL is fine */

/* Where rows go from now on. */
void rows_to(struct rows *r, struct out *out);

/* All rows until rows_end() are of this window. */
void rows_begin(struct rows *r, const struct span *window);
int  row_add(struct rows *r, uint32_t key, const void *acc, enum row_mark mark);
int  rows_end(struct rows *r);

/* One row of a window of its own. */
int  row_alone(struct rows *r, const struct span *window, uint32_t key, const void *acc,
               enum row_mark mark);

/* Read ahead what a row of this key will need; steps 0 and 1. */
void row_prefetch(const struct rows *r, uint32_t key, int step);

uint64_t rows_fired(const struct rows *r);              /* before having and top */
size_t   rows_bytes(const struct rows *r);              /* that making rows holds on to */

#endif
