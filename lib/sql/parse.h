/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse.h - the grammar
 *
 * Internal to lib/sql. Recursive descent, at most PARSE_DEPTH levels of brackets; from loose to
 * tight:
 *
 *	OR   AND   NOT   = <> < IN LIKE BETWEEN IS   + -   * / % ||   unary -   operand
 *
 * parse.c has the operators, operand.c what stands between them, call.c the functions with a
 * grammar of their own, agg_parse.c the aggregates, taken.c and rows.c what looks at events taken.
 */
#ifndef MAIP_SQL_PARSE_H
#define MAIP_SQL_PARSE_H

#include "sql/build.h"
#include "sql/expr.h"
#include "sql/func.h"

#define PARSE_DEPTH 256

struct parser {
	struct lexer             lex;
	struct build             build;
	const struct expr_scope *scope;
	/* the token before the current one, for "expected ... after" */
	struct str               last;
	int                      depth;
	bool                     in_aggregate;  /* inside of COUNT(...) over records */
	bool                     in_taken;      /* inside of FIRST(p.x) ... */
	int                      pattern;       /* ... and which p; -1: not yet known */
};

/* Start on text; nodes go into into. */
int parse_start(struct parser *p, struct str text, const char *what, const struct expr_scope *scope,
                struct expr *into, struct err *err);

/* The next expression; NULL with err. */
struct node *parse_expr(struct parser *p);

/* The text is over, or the next thing is not one of "expected". */
int parse_end(struct parser *p);

int parse_next(struct parser *p);                       /* on to the next token */
bool parse_at_word(const struct parser *p, const char *word);
bool parse_at_sign(const struct parser *p, const char *sign);
/* 1: it was there; 0; -1 with err */
int parse_accept_word(struct parser *p, const char *word);
int parse_accept_sign(struct parser *p, const char *sign);
int parse_expect_word(struct parser *p, const char *word);      /* 0, or -1 with err */
int parse_expect_sign(struct parser *p, const char *sign);

/* "expected WHAT after LAST, found NOW" at the current token. Returns NULL. */
struct node *parse_expected(struct parser *p, const char *what);

/* Is it a word that may end or split an expression (AND, IS, CASE), and so is nobody's name? */
bool parse_is_reserved(const struct token *t);

/* The levels that other files need. */
struct node *parse_sum(struct parser *p);
struct node *parse_operand(struct parser *p);
/* at the name of a function, before its bracket */
struct node *parse_call(struct parser *p);
struct node *parse_case(struct parser *p);
struct node *parse_cast(struct parser *p, bool try);
struct node *parse_taken(struct parser *p);

/* MATCH_RECOGNIZE (rows.c). A path that has been read, whose first name is the token first: what
 * it means. Outside of FIRST(p.x) and its like *number is the variable whose last row has it, or
 * -1: the line has it. 0, or -1 with err. */
int rows_resolve(struct parser *p, struct path *path, const struct token *first, int *number);
/* at the name of a function that only MATCH_RECOGNIZE has, or at FINAL before an operand: 1 and the
 * node, 0 if it is none, -1 with err */
int rows_call(struct parser *p, struct node **to);
/* At DISTINCT or ALL before an argument: the one is refused, the other passed over. 0, -1. */
int rows_quantifier(struct parser *p);

/* LAST(path of variable). */
struct node *taken_last(struct parser *p, int variable, struct node *leaf, size_t at);

/* Is the name one of an aggregate? */
bool parse_is_aggregate(struct str name);
/* The aggregate of a measure of spread, NULL if the name is none. */
const struct agg_kind *parse_spread(const struct token *name);
/* Is it a name that only what looks at events taken has? */
bool parse_is_taken(const struct token *name);
struct node *parse_aggregate(struct parser *p);

/* A new expression for a part of the text that may outlive the rest (an aggregate's argument).
 * NULL with err. */
struct expr *parse_own_expr(struct parser *p, bool condition, const char *who);

/* Is it a word that is the time of day in Flink? There is none here: NULL with err. */
bool         parse_is_clock(const struct token *t);
struct node *parse_fail_clock(struct parser *p);

/* A whole number literal in [0, max]. */
int parse_count(struct parser *p, size_t max, size_t *to);

#endif
