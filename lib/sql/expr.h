/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr.h - expressions: the scalar part of Flink SQL over JSON
 *
 * Parsed once, checked once, evaluated on every record without allocation
 * (text that has to be computed goes into a scratch arena). Truth is
 * three-valued; what cannot be compared or computed is NULL, never an error, so
 * that one odd record cannot stop a job. Syntax and type errors are found when
 * the expression is compiled, and point at the column:
 *
 *	--where: column 12: expected an expression after AND, found end of text
 *
 * An expression is used by one thread at a time: REGEXP keeps its match inside.
 *
 * Names are resolved by a scope, because they mean different things in different tools: fields of
 * the current line everywhere; columns of the result in --having; patterns of maip-cep in
 * FIRST(p.x); $key and $offset in maip-consume.
 */
#ifndef MAIP_SQL_EXPR_H
#define MAIP_SQL_EXPR_H

#include "json/extract.h"
#include "sql/value.h"

struct expr;                                            /* opaque; lives in expr.c */

/* Events that a pattern has taken so far, for FIRST(p.x) and its like; implemented by lib/cep. */
struct taken {
	void   *self;
	size_t (*count)(void *self, int pattern);
	/* Fields of the i-th event (from 0) that the pattern took; i < count. Valid until the
	 * evaluation ends. */
	const struct field *(*fields)(void *self, int pattern, size_t i);
};

/* What an evaluation sees. Everything is borrowed. */
struct expr_env {
	/* of the current line, as extract() filled them; NULL if no expression reads them */
	const struct field *fields;
	/* values that the scope numbered: aggregates, columns, $names */
	const struct val   *slots;
	const struct taken *taken;      /* NULL outside of maip-cep */
	struct arena       *scratch;    /* reset by the caller, once a record or a batch */
	/* counts the REGEXPs and LIKEs that ran into their limit and gave NULL; NULL: not
	 * counted */
	uint64_t           *gave_up;
};

/* An aggregate call found while parsing: COUNT(*) FILTER (WHERE ...), see aggregate.h. */
struct agg_call;

#define EXPR_NO_SLOT (-2)

/*
 * How names are read in MATCH_RECOGNIZE, where the names of patterns are variables: p.x is x of
 * the last row that p has taken, and x of the row that is looked at where that is one of p's. A
 * bare x is a member of the line; inside of FIRST(...) and its like it is that of any row. A path
 * with points begins with a variable, unless its first name is quoted: `payload`.amount.
 */
struct expr_rows {
	int        self;                /* the variable that is being defined; -1: a measure */
	int        all;                 /* the number that stands for the rows of all of them */
	/* that of the rows, the only one that MATCH_ROWTIME takes; the time itself is in slot 0 */
	struct str time;
};

struct expr_scope {
	/* Bare paths become fields of it; NULL: bare paths are refused. Where the scope takes
	 * aggregates, they are fields only inside of the calls; outside, a name has to be a
	 * slot. */
	struct extractor *fields;

	/* A name that is not a field: the slot that holds it, or -1 to let it be a field. NULL:
	 * no such names. Called with the first step of a path ("$key", "total"), and for
	 * "$headers.NAME" with the whole path. *used is how many of the steps the slot stands
	 * for. */
	int (*slot)(void *arg, const struct path *path, size_t *used);
	/* The kind of what stands in a slot where it is not NULL (enum val_kind), or -1 where that
	 * is known only when it is read. NULL: of all slots. */
	int (*slot_kind)(void *arg, int slot);
	/* which there are, in words: slot may give EXPR_NO_SLOT for a name that can be nothing
	 * else, and the expression is refused */
	const char *slot_names;

	/* The number of the pattern that a path inside FIRST, LAST, COUNT, SUM, AVG, MIN, MAX
	 * names, or -1. NULL: no patterns. */
	int (*pattern)(void *arg, struct str name);
	/* Told of a bare path, as it is written, that reads a member of the line though it begins
	 * with the name of a pattern, not in backquotes. NULL: nobody asks. */
	void (*looks_taken)(void *arg, struct str path, int pattern);
	/* NULL: p.x stands inside of those functions only, and with a name. */
	const struct expr_rows *rows;

	/* Take an aggregate call over and give the slot where its result will stand, or -1 with
	 * err. The call is the scope's from then on (agg_call_free). NULL: aggregates are refused
	 * here. */
	int (*aggregate)(void *arg, struct agg_call *call, struct err *err);

	void *arg;
};

/* Compile text. what names the option for messages ("--where"). NULL with err. scope is not
 * kept. */
struct expr *expr_new(struct str text, const char *what, const struct expr_scope *scope,
                      struct err *err);

/* The same for "EXPR" or "EXPR AS NAME". *name: the NAME, else the last member of a plain path,
 * else the text itself; copied, the caller frees it with free(). "_maip" is refused: control
 * lines begin with it. */
struct expr *expr_new_as(struct str text, const char *what, const struct expr_scope *scope,
                         char **name, struct err *err);

/* "EXPR [AS NAME], EXPR [AS NAME], ..." : how many were appended to list, -1 with err. */
struct expr_column { struct expr *expr; char *name; };
int expr_list(struct str text, const char *what, const struct expr_scope *scope,
              struct expr_column **list, size_t *n, struct err *err);

void expr_free(struct expr *e);                         /* NULL is fine */

/* The kind it yields where that is known beforehand, or -1. */
int expr_kind(const struct expr *e);

/* Does it ask what has been taken? */
bool expr_looks_back(const struct expr *e);

/* Refuse an expression that cannot be a condition ("is a number, not a condition"). */
int expr_want_condition(const struct expr *e, const char *what, struct err *err);

void expr_eval(const struct expr *e, const struct expr_env *env, struct val *to);

/* TRUE only: NULL and FALSE are false. */
bool expr_true(const struct expr *e, const struct expr_env *env);

/* The index of the field if the expression is nothing but a path, else -1: lets a stage read the
 * raw bytes without evaluating. */
int expr_field(const struct expr *e);

/* Event time of a record by the expression of an option ("--time"): 0 and *ms, or -1: NULL, not a
 * time or out of range; err says which, with the text quoted. A plain path and a number constant
 * have a fast path. format is an enum time_format, as --time-format says; TIME_EXPR_NO_FORMAT: the
 * tool has no such option, and no message advises it; read as TIME_FORMAT_AUTO. */
#define TIME_EXPR_NO_FORMAT (-1)

struct time_expr;
struct time_expr *time_expr_new(struct str text, const char *option, int format,
                                const struct expr_scope *scope, struct err *err);
void time_expr_free(struct time_expr *t);
int time_expr_eval(const struct time_expr *t, const struct expr_env *env, int64_t *ms,
                   struct err *err);

#endif
