/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recognize.h - Flink SQL's MATCH_RECOGNIZE (...) in place of options
 *
 * Reads the clause and builds the same pattern that Flink's planner builds: what stands side by
 * side follows directly, loops are consecutive, and greedy unless marked reluctant. It takes what
 * Flink takes, and refuses what Flink refuses, with line and column; maip-cep(1) tells the few
 * differences.
 *
 * Expressions are only cut out here. Conditions and columns are compiled by those who have the
 * fields, as expr_rows says; recognize_locate() tells where in the clause they are wrong.
 */
#ifndef MAIP_CEP_RECOGNIZE_H
#define MAIP_CEP_RECOGNIZE_H

#include "base/mem.h"
#include "cep/pattern.h"

#define RECOGNIZE_MAX 64                /* columns of each kind */

struct origin {                         /* of a text that was cut out of the clause */
	const char *text;
	size_t      n, source;          /* its length; where it stood */
};

struct recognize {
	struct str  clause;                     /* borrowed */
	const char *keys[RECOGNIZE_MAX];        /* PARTITION BY */
	size_t      n_keys;
	/* ORDER BY: the time, and what decides where that is equal; bit i of down: it falls */
	const char *time, *order_by[RECOGNIZE_MAX];
	size_t      n_order_by;
	uint64_t    down;
	/* MEASURES, and the columns' names */
	const char *measures[RECOGNIZE_MAX], *names[RECOGNIZE_MAX];
	size_t      n_measures;
	const char *remark;             /* a sentence for the user; NULL: none */
	size_t      pattern_at;         /* where PATTERN stands */
	struct arena texts;                     /* all of the above */
	struct origin *origins;
	size_t      n_origins, cap_origins;
};

/* Fill r and p (initialized, empty) from the clause. time: what ORDER BY has to begin with, or
 * NULL. 0, or -1 with err (STATUS_USAGE): "line 3, column 7: expected ...". All three must outlive
 * what is made of them; release r after p. */
int recognize_parse(struct recognize *r, struct str clause, const char *time, struct pattern *p,
                    struct err *err);
/* Where compiling failed, tell the place in the clause instead of that in the text that was cut
 * out; of what is wrong with the pattern as a whole, that of PATTERN. false: err is about an
 * option, "--trace: ...". */
bool recognize_locate(const struct recognize *r, struct err *err);
void recognize_release(struct recognize *r);

#endif
