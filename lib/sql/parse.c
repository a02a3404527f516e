/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse.c - operators, loose to tight
 *
 * AND, OR and || take any number of operands in one node, so that a long list of conditions
 * is wide and not deep.
 */
#include "sql/parse.h"

int
parse_start(struct parser *p, struct str text, const char *what, const struct expr_scope *scope,
            struct expr *into, struct err *err)
{
	*p = (struct parser){ .scope = scope, .pattern = -1 };
	p->build = (struct build){ .into = into, .lex = &p->lex };
	return lex_start(&p->lex, text, what, &into->mem, err);
}

int
parse_next(struct parser *p)
{
	p->last = str_slice(p->lex.text, p->lex.now.at, p->lex.now.end);
	return lex_next(&p->lex);
}

bool
parse_at_word(const struct parser *p, const char *word)
{
	return lex_is_word(&p->lex.now, word);
}

bool
parse_at_sign(const struct parser *p, const char *sign)
{
	return lex_is_sign(&p->lex.now, sign);
}

int
parse_accept_word(struct parser *p, const char *word)
{
	if (!parse_at_word(p, word))
		return 0;
	return parse_next(p) < 0 ? -1 : 1;
}

int
parse_accept_sign(struct parser *p, const char *sign)
{
	if (!parse_at_sign(p, sign))
		return 0;
	return parse_next(p) < 0 ? -1 : 1;
}

struct node *
parse_expected(struct parser *p, const char *what)
{
	char found[QUOTE_MAX], last[QUOTE_MAX];

	lex_found(&p->lex, found);
	if (p->last.n == 0)
		lex_fail(&p->lex, p->lex.now.at, "expected %s, found %s", what, found);
	else if ((p->last.p[0] | 32) >= 'a' && (p->last.p[0] | 32) <= 'z')
		lex_fail(&p->lex, p->lex.now.at, "expected %s after %.*s, found %s", what,
		         (int)(p->last.n < 60 ? p->last.n : 60), p->last.p, found);
	else
		lex_fail(&p->lex, p->lex.now.at, "expected %s after %s, found %s", what,
		         lex_quote(last, p->last), found);
	return NULL;
}

int
parse_expect_word(struct parser *p, const char *word)
{
	int got = parse_accept_word(p, word);

	if (got == 0)
		parse_expected(p, word);
	return got == 1 ? 0 : -1;
}

int
parse_expect_sign(struct parser *p, const char *sign)
{
	int  got = parse_accept_sign(p, sign);
	char quoted[QUOTE_MAX];

	if (got == 0)
		parse_expected(p, quote(quoted, str_of(sign)));
	return got == 1 ? 0 : -1;
}

int
parse_end(struct parser *p)
{
	if (p->lex.now.kind == TOKEN_END)
		return 0;
	parse_expected(p, "an operator or the end");
	return -1;
}

/* ---- from loose to tight */

/* operand (SEPARATOR operand)*, as one node. */
static struct node *
parse_list_of(struct parser *p, struct node *(*operand)(struct parser *), const char *separator,
              enum op op)
{
	size_t       at = p->lex.now.at;
	struct nodes list = { 0 };
	int          more;

	do {
		struct node *n = operand(p);

		if (n == NULL)
			return NULL;
		nodes_add(&p->build, &list, n);
	} while ((more = parse_accept_word(p, separator)) > 0);
	if (more < 0)
		return NULL;
	return list.n == 1 ? list.p[0] : build_op(&p->build, op, &list, false, at, p->lex.now.at);
}

static bool
is_comparison(const struct token *t, enum op *op)
{
	static const struct { const char *sign; enum op op; } signs[] = {
		{ "=", OP_EQ }, { "<>", OP_NE }, { "!=", OP_NE },
		{ "<", OP_LT }, { "<=", OP_LE }, { ">", OP_GT }, { ">=", OP_GE },
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (lex_is_sign(t, signs[i].sign)) {
			*op = signs[i].op;
			return true;
		}
	}
	return false;
}

static struct node *
parse_between(struct parser *p, struct node *a, bool negated)
{
	struct nodes args = { 0 };
	struct node *low, *high;

	low = parse_sum(p);
	if (low == NULL || parse_expect_word(p, "AND") < 0)
		return NULL;
	high = parse_sum(p);
	if (high == NULL)
		return NULL;
	nodes_add(&p->build, &args, a);
	nodes_add(&p->build, &args, low);
	nodes_add(&p->build, &args, high);
	return build_op(&p->build, OP_BETWEEN, &args, negated, a->at, p->lex.now.at);
}

static struct node *
parse_in(struct parser *p, struct node *a, bool negated)
{
	struct nodes args = { 0 };
	int          more;

	if (parse_expect_sign(p, "(") < 0)
		return NULL;
	nodes_add(&p->build, &args, a);
	do {
		struct node *choice = parse_expr(p);

		if (choice == NULL)
			return NULL;
		nodes_add(&p->build, &args, choice);
	} while ((more = parse_accept_sign(p, ",")) > 0);
	if (more < 0 || parse_expect_sign(p, ")") < 0)
		return NULL;
	return build_op(&p->build, OP_IN, &args, negated, a->at, p->lex.now.at);
}

static struct node *
parse_like(struct parser *p, struct node *a, bool negated)
{
	struct nodes args = { 0 };
	struct node *pattern = parse_sum(p), *escape;
	int          has_escape;

	if (pattern == NULL || (has_escape = parse_accept_word(p, "ESCAPE")) < 0)
		return NULL;
	nodes_add(&p->build, &args, a);
	nodes_add(&p->build, &args, pattern);
	if (has_escape == 1) {
		escape = parse_sum(p);
		if (escape == NULL)
			return NULL;
		nodes_add(&p->build, &args, escape);
	}
	return build_op(&p->build, OP_LIKE, &args, negated, a->at, p->lex.now.at);
}

static struct node *
parse_is(struct parser *p, struct node *a)
{
	static const struct { const char *word; enum op op; } words[] = {
		{ "NULL", OP_IS_NULL }, { "UNKNOWN", OP_IS_NULL },
		{ "TRUE", OP_IS_TRUE }, { "FALSE", OP_IS_FALSE },
	};
	struct nodes args = { 0 };
	struct node *other;
	int          negated = parse_accept_word(p, "NOT");

	if (negated < 0)
		return NULL;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		int got = parse_accept_word(p, words[i].word);

		if (got != 0)
			return got < 0 ? NULL : build_unary(&p->build, words[i].op, a, negated == 1,
			                                    a->at, p->lex.now.at);
	}
	if (!parse_at_word(p, "DISTINCT"))
		return parse_expected(p, "NULL, TRUE, FALSE or DISTINCT FROM");
	if (parse_next(p) < 0 || parse_expect_word(p, "FROM") < 0 || (other = parse_sum(p)) == NULL)
		return NULL;
	nodes_add(&p->build, &args, a);
	nodes_add(&p->build, &args, other);
	return build_op(&p->build, OP_DISTINCT, &args, negated == 1, a->at, p->lex.now.at);
}

/* [NOT] BETWEEN | IN | LIKE: *done says whether one was there. */
static struct node *
parse_word_predicate(struct parser *p, struct node *a, bool *done)
{
	struct token next = lex_peek(&p->lex);
	bool         negated = parse_at_word(p, "NOT");
	const struct token *word = negated ? &next : &p->lex.now;
	struct node *(*rest)(struct parser *, struct node *, bool);

	*done = true;
	if (lex_is_word(word, "BETWEEN"))
		rest = parse_between;
	else if (lex_is_word(word, "IN"))
		rest = parse_in;
	else if (lex_is_word(word, "LIKE"))
		rest = parse_like;
	else if (negated)
		return parse_next(p) < 0 ? NULL : parse_expected(p, "BETWEEN, IN or LIKE");
	else {
		*done = false;
		return a;
	}
	if ((negated && parse_next(p) < 0) || parse_next(p) < 0)
		return NULL;
	return rest(p, a, negated);
}

static struct node *
parse_predicate(struct parser *p)
{
	struct node *a = parse_sum(p), *c;
	bool         done = false;
	enum op      op;
	size_t       at;
	int          is;

	if (a == NULL)
		return NULL;
	if (is_comparison(&p->lex.now, &op)) {
		at = p->lex.now.at;
		if (parse_next(p) < 0 || (c = parse_sum(p)) == NULL ||
		    (a = build_binary(&p->build, op, a, c, at, p->lex.now.at)) == NULL)
			return NULL;
		if (is_comparison(&p->lex.now, &op))
			return parse_expected(p, "AND, OR or the end");
	} else if ((a = parse_word_predicate(p, a, &done)) == NULL) {
		return NULL;
	}
	while ((is = parse_accept_word(p, "IS")) > 0)
		if ((a = parse_is(p, a)) == NULL)
			return NULL;
	return is < 0 ? NULL : a;
}

static struct node *
parse_not(struct parser *p)
{
	size_t       at = p->lex.now.at;
	unsigned     times = 0;
	struct node *a;
	int          more;

	while ((more = parse_accept_word(p, "NOT")) > 0)
		times++;
	if (more < 0 || (a = parse_predicate(p)) == NULL)
		return NULL;
	if (times == 0)
		return a;
	if (times % 2 == 0 && build_want_condition(&p->build, a, "NOT") < 0)
		return NULL;
	return times % 2 == 0 ? a : build_unary(&p->build, OP_NOT, a, false, at, p->lex.now.at);
}

static struct node *
parse_and(struct parser *p)
{
	return parse_list_of(p, parse_not, "AND", OP_AND);
}

struct node *
parse_expr(struct parser *p)
{
	struct node *n;

	if (p->depth == PARSE_DEPTH) {
		lex_fail(&p->lex, p->lex.now.at, "brackets are nested deeper than %d levels",
		         PARSE_DEPTH);
		return NULL;
	}
	p->depth++;
	n = parse_list_of(p, parse_and, "OR", OP_OR);
	p->depth--;
	return n;
}

/* A number directly after a minus is a negative constant. */
static struct node *
parse_unary(struct parser *p)
{
	size_t       at = p->lex.now.at;
	bool         negative = false, sign = false;
	struct node *a;

	while (parse_at_sign(p, "-") || parse_at_sign(p, "+")) {
		negative ^= parse_at_sign(p, "-");
		sign = true;
		if (parse_next(p) < 0)
			return NULL;
	}
	a = parse_operand(p);
	if (a == NULL || !sign)
		return a;
	a = build_unary(&p->build, OP_NEG, a, false, at, p->lex.now.at);
	if (a == NULL || negative)
		return a;
	return build_unary(&p->build, OP_NEG, a, false, at, p->lex.now.at);
}

/* a || b || c: one node. */
static struct node *
parse_concat(struct parser *p, struct node *first)
{
	struct nodes list = { 0 };
	int          more;

	nodes_add(&p->build, &list, first);
	while ((more = parse_accept_sign(p, "||")) > 0) {
		struct node *n = parse_unary(p);

		if (n == NULL)
			return NULL;
		nodes_add(&p->build, &list, n);
	}
	if (more < 0)
		return NULL;
	return build_op(&p->build, OP_CONCAT, &list, false, first->at, p->lex.now.at);
}

static struct node *
parse_product(struct parser *p)
{
	static const struct { const char *sign; enum op op; } signs[] = {
		{ "*", OP_MUL }, { "/", OP_DIV }, { "%", OP_MOD }, { "||", OP_CONCAT },
	};
	struct node *a = parse_unary(p), *c;

	for (size_t i = 0; a != NULL && i < sizeof(signs) / sizeof(signs[0]); i++) {
		size_t at = p->lex.now.at;

		if (!parse_at_sign(p, signs[i].sign))
			continue;
		if (signs[i].op == OP_CONCAT)
			a = parse_concat(p, a);
		else if (parse_next(p) < 0 || (c = parse_unary(p)) == NULL)
			return NULL;
		else
			a = build_binary(&p->build, signs[i].op, a, c, at, p->lex.now.at);
		i = (size_t)-1;
	}
	return a;
}

struct node *
parse_sum(struct parser *p)
{
	struct node *a = parse_product(p), *c;

	while (a != NULL && (parse_at_sign(p, "+") || parse_at_sign(p, "-"))) {
		enum op op = parse_at_sign(p, "+") ? OP_ADD : OP_SUB;
		size_t  at = p->lex.now.at;

		if (parse_next(p) < 0 || (c = parse_product(p)) == NULL)
			return NULL;
		a = build_binary(&p->build, op, a, c, at, p->lex.now.at);
	}
	return a;
}
