/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows.c - the names and words of MATCH_RECOGNIZE in expressions
 *
 * They are read as Flink SQL reads them. What SQL knows and Flink refuses is refused by name, with
 * what to write in its place.
 */
#include "sql/parse.h"

static int
fail_at_variable(struct parser *p, const struct token *t)
{
	char q[QUOTE_MAX];

	return lex_fail(&p->lex, t->at,
	                "%s is a variable, and no column (write %.*s.x for column x of its rows, "
	                "COUNT(%.*s.x) to count those that have it: COUNT(*) is about the rows of "
	                "all variables; a column of that name stands in backquotes)",
	                quote(q, t->text), STR_ARGS(t->text), STR_ARGS(t->text));
}

static int
fail_at_stranger(struct parser *p, const struct token *t)
{
	char q[QUOTE_MAX];

	return lex_fail(&p->lex, t->at,
	                "there is no variable %s in PATTERN (a member of the record is written "
	                "behind a variable, A.%.*s.x, or with its first name in backquotes, "
	                "`%.*s`.x)",
	                quote(q, t->text), STR_ARGS(t->text), STR_ARGS(t->text));
}

int
rows_resolve(struct parser *p, struct path *path, const struct token *first, int *number)
{
	const struct expr_rows *rows = p->scope->rows;
	const bool quoted = first->kind == TOKEN_NAME;
	const bool point = path->n > 1 && path->steps[1].name.p != NULL;
	int variable = p->scope->pattern(p->scope->arg, path->steps[0].name);

	if (variable >= 0 && !point && !quoted)
		return fail_at_variable(p, first);
	if (variable < 0 && point && !quoted)
		return fail_at_stranger(p, first);
	if (variable >= 0 && point) {
		path->steps++;
		path->n--;
	} else {
		variable = -1;
	}
	if (!p->in_taken) {
		*number = variable == rows->self ? -1 : variable;
		return 0;
	}
	if (variable < 0)
		variable = rows->all;
	if (p->pattern >= 0 && p->pattern != variable)
		return lex_fail(&p->lex, first->at,
		                "this column is not of the same variable as the one before it (a "
		                "function looks at the rows of one variable, or at all rows)");
	p->pattern = variable;
	return 0;
}

int
rows_quantifier(struct parser *p)
{
	const struct token next = lex_peek(&p->lex);
	const bool argument = next.kind == TOKEN_WORD || next.kind == TOKEN_NAME;

	if (argument && parse_at_word(p, "DISTINCT"))
		return lex_fail(&p->lex, p->lex.now.at,
		                "DISTINCT is not supported here, nor is it in Flink (leave it out, "
		                "or print the rows and count them with maip-window)");
	return argument && parse_at_word(p, "ALL") ? parse_next(p) : 0;
}

/* MATCH_ROWTIME() or MATCH_ROWTIME(t) */
static struct node *
parse_rowtime(struct parser *p)
{
	const struct str time = p->scope->rows->time;
	const size_t at = p->lex.now.at;
	struct node *leaf;

	if (parse_next(p) < 0 || parse_expect_sign(p, "(") < 0)
		return NULL;
	const size_t from = p->lex.now.at;
	while (!parse_at_sign(p, ")") && p->lex.now.kind != TOKEN_END)
		if (parse_next(p) < 0)
			return NULL;
	const size_t to = (size_t)(p->last.p + p->last.n - p->lex.text.p);
	if (p->lex.now.at > from && !str_eq(str_slice(p->lex.text, from, to), time)) {
		lex_fail(&p->lex, from,
		         "MATCH_ROWTIME takes the column of ORDER BY, %.*s, or nothing",
		         STR_ARGS(time));
		return NULL;
	}
	if (parse_expect_sign(p, ")") < 0)
		return NULL;
	leaf = build_leaf(&p->build, OP_SLOT, VAL_TIME, at, p->lex.now.at);
	leaf->index = 0;
	return leaf;
}

/* Can an operand begin with it? What stands before one is a word of SQL, and else a column. */
static bool
begins_operand(const struct token *t)
{
	static const char *const between[] = { "ESCAPE", "FOR", "FROM", "TO" };

	if (t->kind == TOKEN_SIGN)
		return lex_is_sign(t, "(");
	if (t->kind != TOKEN_WORD || lex_is_word(t, "CASE"))
		return t->kind != TOKEN_END;
	for (size_t i = 0; i < sizeof(between) / sizeof(between[0]); i++)
		if (lex_is_word(t, between[i]))
			return false;
	return !parse_is_reserved(t);
}

/* 1: at FINAL or RUNNING about what follows; 0: at a column of that name, or at another word. */
static int
at_modifier(struct parser *p, const char *word)
{
	const struct token next = lex_peek(&p->lex);

	if (!parse_at_word(p, word))
		return 0;
	if (lex_is_sign(&next, "+") || lex_is_sign(&next, "-"))
		return lex_fail(&p->lex, next.at,
		                "behind %s this is a sign to Flink, and not a sum (a column of "
		                "that name stands in backquotes, `%.*s`)",
		                word, STR_ARGS(p->lex.now.text));
	return begins_operand(&next);
}

/* FINAL A.x: measures are. */
static int
parse_final(struct parser *p, struct node **to)
{
	int got = at_modifier(p, "FINAL");

	if (got <= 0)
		return got;
	if (p->scope->rows->self >= 0)
		return lex_fail(&p->lex, p->lex.now.at,
		                "FINAL cannot stand in DEFINE: the match is not yet complete there "
		                "(leave it out; a column of that name stands in backquotes)");
	do {
		if (parse_next(p) < 0)
			return -1;
	} while ((got = at_modifier(p, "FINAL")) > 0);
	if (got < 0 || (*to = parse_operand(p)) == NULL)
		return -1;
	return 1;
}

static int
refuse_running(struct parser *p)
{
	const int got = at_modifier(p, "RUNNING");

	if (got <= 0)
		return got;
	return lex_fail(&p->lex, p->lex.now.at,
	                "RUNNING is not supported, nor is it in Flink (leave it out: measures look "
	                "at the whole match; a column of that name stands in backquotes)");
}

int
rows_call(struct parser *p, struct node **to)
{
	static const struct { const char *word, *instead; } missing[] = {
		{ "PREV", "LAST(A.x, 1) is the row of A before its last one; for the row before A "
		          "put a variable in front of it in PATTERN" },
		{ "NEXT", "put a variable behind this one in PATTERN, and ask there" },
		{ "CLASSIFIER", "COUNT(A.x) tells how many rows variable A has taken" },
		{ "MATCH_NUMBER", "number the lines of the output" },
		{ "MATCH_PROCTIME", "MATCH_ROWTIME() is the time of the last row" },
	};
	const struct token next = lex_peek(&p->lex);
	const bool call = lex_is_sign(&next, "(");
	int        got;

	if (call && parse_at_word(p, "MATCH_ROWTIME")) {
		*to = parse_rowtime(p);
		return *to == NULL ? -1 : 1;
	}
	if ((got = parse_final(p, to)) != 0 || (got = refuse_running(p)) != 0)
		return got;
	for (size_t i = 0; call && i < sizeof(missing) / sizeof(missing[0]); i++)
		if (parse_at_word(p, missing[i].word))
			return lex_fail(&p->lex, p->lex.now.at, "there is no %s here (%s)",
			                missing[i].word, missing[i].instead);
	return 0;
}
