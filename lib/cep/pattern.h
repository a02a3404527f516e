/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern.h - a pattern as data, one call an option
 *
 * The calls are those of Flink's Pattern API, in the same order, and refuse what
 * it refuses: the message names the options at fault and a legal alternative.
 * Conditions are texts here; compile.h gives them a meaning once all names are known.
 *
 * A sequence is a chain of elements through prev, as in Flink, because the
 * compiler walks it from its end. An element is a name or a group, which has a
 * sequence of its own.
 */
#ifndef MAIP_CEP_PATTERN_H
#define MAIP_CEP_PATTERN_H

#include <stdint.h>

#include "base/diag.h"
#include "base/str.h"

#define PATTERN_ELEMENTS 64             /* names and groups */
#define PATTERN_DEPTH    16             /* of groups */
#define PATTERN_TIMES    10000          /* the largest count */

/* How an element follows the one before it; inside a loop, how its repeats follow each other. */
enum contiguity { STRICT, RELAXED, ANY, NOT_NEXT, NOT_FOLLOWED };

struct condition {                      /* --where, --or: joined from left to right */
	struct str text;                /* borrowed from argv */
	bool       is_or;
};

#define PATTERN_CONDITIONS 32           /* an element */

struct element {
	struct str       name;          /* "" for a group */
	const char      *option;        /* that it came with, "--next" */
	/* in order of appearance; what expressions and matches call it */
	int              number;
	enum contiguity  contiguity, inner;
	struct element  *prev;          /* in its sequence; NULL: the first */
	/* the last element of its own sequence; NULL: not a group */
	struct element  *group;
	bool             looping, times, optional, greedy;
	bool             lost_optional; /* a quantifier came behind it, and took it away */
	int              from, to;      /* repeats, when looping (from or more) or times */
	int64_t          gap;           /* of the repeats; 0: none */
	int64_t          within, within_each;   /* 0: none */
	struct condition where[PATTERN_CONDITIONS];
	int              n_where;
	struct str       until;         /* p is NULL: none */
};

enum skip_kind { NO_SKIP, SKIP_TO_NEXT, SKIP_PAST_LAST, SKIP_TO_FIRST, SKIP_TO_LAST };

struct skip {
	enum skip_kind kind;
	struct str     name;            /* SKIP_TO_FIRST, SKIP_TO_LAST */
	int            element;         /* its number, once the pattern is checked */
	bool           error;           /* fail on a match without it */
};

/* A name for the rows of several elements: SUBSET. */
struct subset {
	struct str name;
	uint64_t   elements;            /* by number */
};

#define PATTERN_SUBSETS 16

struct pattern {
	struct element *elements[PATTERN_ELEMENTS];
	int             n;
	struct element *last;           /* of the top sequence */
	struct skip     skip;
	/* MATCH_RECOGNIZE: conditions and columns are read as expr_rows says, and in a condition
	 * the event that is looked at counts as the element's last */
	bool            sql;
	struct str      time;           /* its column of the time */
	struct subset   subsets[PATTERN_SUBSETS];
	int             n_subsets;

	/* While it is being built: the open groups, and the end of the sequence before each. */
	struct element *open[PATTERN_DEPTH];
	int             depth;
	struct element *tail;           /* of the sequence that is being written */
};

void pattern_init(struct pattern *p);
void pattern_release(struct pattern *p);

/* Can it be a name: is it UTF-8 without control characters? */
bool pattern_is_name(struct str text);

/* An element follows. what is the option's name ("--next") for messages; name is kept and must
 * outlive p. A name "(" opens a group (not after a NOT), pattern_close ends it. All return 0, or
 * -1 with err (STATUS_USAGE), which does not repeat the option's name. */
int pattern_begin(struct pattern *p, const char *name, struct err *err);
int pattern_follow(struct pattern *p, enum contiguity c, const char *what, const char *name,
                   struct err *err);
int pattern_close(struct pattern *p, struct err *err);

int pattern_where(struct pattern *p, const char *text, struct err *err);
int pattern_or(struct pattern *p, const char *text, struct err *err);
int pattern_until(struct pattern *p, const char *text, struct err *err);
/* N[,M][:GAP] */
int pattern_times(struct pattern *p, const char *value, struct err *err);
/* N[:GAP] */
int pattern_times_or_more(struct pattern *p, const char *value, struct err *err);
/* NULL: no gap */
int pattern_one_or_more(struct pattern *p, const char *gap, struct err *err);
int pattern_optional(struct pattern *p, struct err *err);
int pattern_greedy(struct pattern *p, struct err *err);
int pattern_consecutive(struct pattern *p, struct err *err);
int pattern_allow_combinations(struct pattern *p, struct err *err);
int pattern_within(struct pattern *p, const char *duration, struct err *err);
int pattern_within_each(struct pattern *p, const char *duration, struct err *err);
int pattern_after_match(struct pattern *p, const char *value, struct err *err);

/* Everything has been said: what can only be judged now (open groups, equal names, the skip
 * target). */
int pattern_finish(struct pattern *p, struct err *err);

/* The number of the element with that name, or -1. */
int pattern_number(const struct pattern *p, struct str name);

#endif
