/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build.h - nodes, checked as they are made
 *
 * Internal to lib/sql: what the parser calls. Every function returns NULL with a message that
 * points at the column when the operands do not go together. What is constant is computed here,
 * once, so that a wrong constant is found before the first record.
 */
#ifndef MAIP_SQL_BUILD_H
#define MAIP_SQL_BUILD_H

#include <locale.h>

#include "sql/lex.h"
#include "sql/node.h"

struct expr {
	struct arena    mem;            /* nodes and constants */
	struct node    *root;
	struct regexp **regexps;        /* to be freed with it */
	size_t          n_regexps, cap_regexps;
	locale_t        locale;         /* for UPPER and LOWER; (locale_t)0: not needed */
	bool            looks_back;     /* asks what has been taken */
};

struct nodes {                          /* a list that grows in the arena of an expression */
	struct node **p;
	size_t        n, cap;
};

struct build {
	struct expr  *into;
	struct lexer *lex;              /* for messages */
};

void nodes_add(struct build *b, struct nodes *list, struct node *n);

struct node *build_const(struct build *b, const struct val *v, size_t at, size_t end);

/* A leaf that reads a field, a slot or a pattern; the caller fills in what is special. */
struct node *build_leaf(struct build *b, enum op op, int kind, size_t at, size_t end);

/* An operator over args; at is where the operator stands. */
struct node *build_op(struct build *b, enum op op, const struct nodes *args, bool negated,
                      size_t at, size_t end);
struct node *build_unary(struct build *b, enum op op, struct node *a, bool negated, size_t at,
                         size_t end);
struct node *build_binary(struct build *b, enum op op, struct node *a, struct node *c, size_t at,
                          size_t end);

struct node *build_cast(struct build *b, struct node *a, const struct cast_type *type, bool try,
                        size_t at, size_t end);
struct node *build_call(struct build *b, const struct func *f, const struct nodes *args,
                        enum unit unit, size_t at, size_t end);

/* REGEXP(text, constant pattern). */
struct node *build_regexp(struct build *b, const struct nodes *args, size_t at, size_t end);

/* The expression must be able to be a condition; text for the message. */
int build_want_condition(struct build *b, const struct node *n, const char *where);

#endif
