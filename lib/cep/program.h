/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.h - a pattern compiled to states and edges
 *
 * A state waits for an event. Its edges are tried in order: TAKE the event and
 * go on, IGNORE it and wait, or PROCEED without it to a state that is asked about
 * the same event. The shape is that of Flink's NFACompiler, edge for edge, because
 * the order of branches decides which match survives a skip strategy.
 *
 * Conditions are trees over leaves, the expressions of the options. A leaf that looks at the
 * current event alone is evaluated once an event, into one bit of a mask; one that asks what has
 * been taken, once a branch.
 */
#ifndef MAIP_CEP_PROGRAM_H
#define MAIP_CEP_PROGRAM_H

#include "cep/pattern.h"
#include "json/out.h"
#include "sql/expr.h"

enum edge_kind { TAKE, IGNORE, PROCEED };
enum state_kind { STATE_NORMAL, STATE_START, STATE_FINAL, STATE_PENDING, STATE_STOP };

struct edge {
	enum edge_kind kind;
	/* a state; EDGE_NOWHERE: Flink's compiler loses the way here */
	int            target;
	int            cond;
};
#define EDGE_NOWHERE (-1)

struct state {
	enum state_kind kind;
	int             element;        /* whose events it takes; -1: the end */
	int             ordinal;        /* which state of the element, from 0 */
	int64_t         gap;            /* longest time since the event before; 0: no limit */
	struct edge    *edges;
	int             n;
	size_t          cap;
};

enum cond_kind { COND_TRUE, COND_FALSE, COND_LEAF, COND_NOT, COND_AND, COND_OR };

struct cond {
	enum cond_kind kind;
	int            a, b;            /* conditions; LEAF: a is the number of the leaf */
};

#define PROGRAM_LEAVES 64               /* different conditions: bits of a mask */
/* numbers in expressions: of the events of all elements; of those of the first subset */
#define ALL_ELEMENTS PATTERN_ELEMENTS
#define FIRST_SUBSET (PATTERN_ELEMENTS + 1)
#define PROGRAM_STATES 100000

struct leaf {
	struct str   text;
	struct expr *expr;
	bool         iterative;         /* asks what has been taken */
	/* the element whose last event is the current one; -1: none */
	int          self;
};

struct program {
	const struct pattern *pattern;
	struct state *states;
	int           n;
	size_t        cap;
	int           start;
	struct cond  *conds;
	size_t        n_conds, cap_conds;
	struct leaf   leaves[PROGRAM_LEAVES];
	int           n_leaves;
	uint64_t      iterative;        /* mask of the leaves that are */
	/* a path that begins with the name of an element and is none of it, by element: the first
	 * that came; borrowed */
	struct str    members[PATTERN_ELEMENTS];
	int64_t       window;           /* first to last event; 0: no limit */
	bool          gaps;             /* some state has one */
	int           where;            /* the condition of the last element */
	bool          where_needs_leaf; /* it does not hold for an event for which no leaf does */
	/* a branch may go round without an event, in a loop over a group that can match nothing */
	bool          rounds;
	/* an event for which no leaf holds changes nothing: it need not be kept */
	bool          inert;
};

/* Compile a finished pattern, which must outlive the program. Conditions read fields of x.
 * 0, or -1 with err (STATUS_USAGE). */
int program_compile(struct program *g, const struct pattern *p, struct extractor *x,
                    struct err *err);
void program_release(struct program *g);

/* Does a condition without iterative leaves hold, given the mask of those that do? */
bool program_holds(const struct program *g, int cond, uint64_t truth);

/* The number that a name means in expressions: an element's, a subset's, or -1; and the elements
 * that such a number stands for, bit by bit. */
int program_number(const struct pattern *p, struct str name);
uint64_t program_elements(const struct pattern *p, int number);

/* How names are read in the expressions of p, the condition of element self or (-1) a column, put
 * into *rows, or NULL. */
const struct expr_rows *program_rows(const struct pattern *p, int self, struct expr_rows *rows);

/* For the scope of expressions over the pattern: what a name means, and its looks_taken; arg is the
 * program, compiled or not. */
int  program_named(void *arg, struct str name);
void program_looks_taken(void *arg, struct str path, int element);

/* What Flink takes and ignores, and expressions that hardly mean what they say: up to max sentences
 * for the user, each allocated. */
size_t program_remarks(const struct program *g, char **to, size_t max);

/* Name of a state: "first", "first:1". */
int program_state_name(const struct program *g, int state, struct buf *to);

/* A condition as text. */
int program_cond_text(const struct program *g, int cond, struct buf *to);

#endif
