/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recognize.h - Flink SQL's MATCH_RECOGNIZE (...) in place of options
 *
 * Reads the clause and builds the same pattern that Flink's planner builds: what stands side by
 * side follows directly, loops are consecutive, and greedy unless marked reluctant. It takes what
 * Flink takes, and refuses what Flink refuses, with line and column.
 *
 * In DEFINE the row that is looked at counts as the last one of the variable that is being defined.
 */
#ifndef MAIP_CEP_RECOGNIZE_H
#define MAIP_CEP_RECOGNIZE_H

#include "base/mem.h"
#include "cep/pattern.h"

#define RECOGNIZE_MAX 64                /* columns of each kind */

struct origin {                         /* of a part of a rewritten expression */
	const char *text;               /* the expression */
	size_t      offset, n, source;  /* where the part is in it; where in the clause */
	bool        copied;             /* byte by byte, or in place of what stands there */
};

struct recognize {
	struct str  clause;                     /* borrowed */
	const char *keys[RECOGNIZE_MAX];        /* PARTITION BY */
	size_t      n_keys;
	const char *time, *order_by;            /* ORDER BY; order_by NULL: time alone */
	/* MEASURES, ready for expr.h, and the columns' names */
	const char *measures[RECOGNIZE_MAX], *names[RECOGNIZE_MAX];
	size_t      n_measures;
	struct arena texts;                     /* all of the above */
	struct origin *origins;
	size_t      n_origins, cap_origins;
};

/* Fill r and p (initialized, empty) from the clause. 0, or -1 with err (STATUS_USAGE): "line 3,
 * column 7: expected ...". All three must outlive what is made of them; release r after p. */
int recognize_parse(struct recognize *r, struct str clause, struct pattern *p, struct err *err);
/* Where compiling an expression failed, tell the place in the clause instead of that in the
 * rewritten text. */
void recognize_locate(const struct recognize *r, struct err *err);
void recognize_release(struct recognize *r);

/* The name of the variable that stands for all rows of the match in rewritten expressions. */
#define RECOGNIZE_ALL "$rows"

#endif
