/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operand.c - what stands between operators: literals, paths, brackets
 *
 * Only words that could end or split an expression are reserved. A member called
 * timestamp, key, count or first needs no quotes: a function is a name with a bracket behind it.
 */
#include "base/time.h"
#include "sql/parse.h"

static const char *const reserved[] = {
	"AND", "OR", "NOT", "IS", "IN", "LIKE", "BETWEEN", "CASE", "WHEN", "THEN", "ELSE", "END",
	"AS",
};

bool
parse_is_reserved(const struct token *t)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (lex_is_word(t, reserved[i]))
			return true;
	return false;
}

static struct node *
literal(struct parser *p, const struct val *v)
{
	struct token t = p->lex.now;

	if (parse_next(p) < 0)
		return NULL;
	return build_const(&p->build, v, t.at, t.end);
}

static struct node *
parse_number(struct parser *p)
{
	struct val v = { .kind = VAL_NUM };

	if (num_parse(&v.num, p->lex.now.text) < 0) {
		lex_fail(&p->lex, p->lex.now.at, "this number is beyond any number (1.8e308)");
		return NULL;
	}
	return literal(p, &v);
}

int
parse_count(struct parser *p, size_t max, size_t *to)
{
	struct num n;
	int64_t    i;

	if (p->lex.now.kind != TOKEN_NUMBER || num_parse(&n, p->lex.now.text) < 0 ||
	    num_to_i64(&n, &i) < 0 ||
	    (uint64_t)i > max) {
		char found[QUOTE_MAX];

		return lex_fail(&p->lex, p->lex.now.at,
		                "expected a whole number up to %zu, found %s", max,
		                lex_found(&p->lex, found));
	}
	*to = (size_t)i;
	return parse_next(p);
}

/* INTERVAL '5' MINUTE: the word is the current token. */
static struct node *
parse_interval(struct parser *p)
{
	size_t     at = p->lex.now.at, end;
	struct val v;
	struct num n, length;
	int64_t    ms;
	int        unit;

	if (parse_next(p) < 0)
		return NULL;
	if (text_to_num(&n, p->lex.now.text, p->lex.mem) < 0) {
		lex_fail(&p->lex, p->lex.now.at,
		         "an interval is a number in a text and a unit, INTERVAL '5' MINUTE");
		return NULL;
	}
	if (parse_next(p) < 0)
		return NULL;
	unit = p->lex.now.kind == TOKEN_WORD ? unit_find(p->lex.now.text) : -1;
	if (unit < 0 || unit_ms((enum unit)unit) == 0)
		return parse_expected(p, "MILLISECOND, SECOND, MINUTE, HOUR, DAY or WEEK");
	end = p->lex.now.end;
	length = num_of(unit_ms((enum unit)unit));
	if (num_mul(&n, &n, &length) < 0 || num_to_i64(&n, &ms) < 0 || ms > DUR_MAX ||
	    ms < -DUR_MAX) {
		lex_fail(&p->lex, at,
		         "the interval is not a whole number of milliseconds, or longer than any");
		return NULL;
	}
	val_set_ms(&v, VAL_INTERVAL, ms);
	return parse_next(p) < 0 ? NULL : build_const(&p->build, &v, at, end);
}

/* TIMESTAMP '2026-01-16 12:00:00': the word is the current token. */
static struct node *
parse_timestamp(struct parser *p)
{
	size_t     at = p->lex.now.at, end;
	struct val v;
	int64_t    ms;

	if (parse_next(p) < 0)
		return NULL;
	end = p->lex.now.end;
	if (text_to_time(&ms, p->lex.now.text) < 0) {
		lex_fail(&p->lex, p->lex.now.at, "this is not a moment "
		         "('2026-01-16T12:00:00Z', '2026-01-16 12:00:00', '2026-01-16')");
		return NULL;
	}
	val_set_ms(&v, VAL_TIME, ms);
	return parse_next(p) < 0 ? NULL : build_const(&p->build, &v, at, end);
}

/* ---- paths */

#define PATH_STEPS 64

static int
add_step(struct parser *p, struct path *path, struct step step)
{
	if (path->n == PATH_STEPS)
		return lex_fail(&p->lex, p->lex.now.at, "a path has at most %d steps", PATH_STEPS);
	path->steps[path->n++] = step;
	return parse_next(p);
}

static int
parse_steps(struct parser *p, struct path *path)
{
	struct str name = p->lex.now.text;

	if (add_step(p, path, (struct step){ .name = name.p != NULL ? name : STR("") }) < 0)
		return -1;
	while (parse_at_sign(p, ".") || parse_at_sign(p, "[")) {
		bool   element = parse_at_sign(p, "[");
		size_t index;

		if (parse_next(p) < 0)
			return -1;
		if (element) {
			if (parse_count(p, UINT32_MAX, &index) < 0)
				return -1;
			if (!parse_at_sign(p, "]"))
				return parse_expect_sign(p, "]");
			if (add_step(p, path, (struct step){ .index = (uint32_t)index }) < 0)
				return -1;
		} else if (p->lex.now.kind != TOKEN_WORD && p->lex.now.kind != TOKEN_NAME) {
			parse_expected(p, "the name of a member");
			return -1;
		} else if (add_step(p, path, (struct step){ .name = p->lex.now.text }) < 0) {
			return -1;
		}
	}
	return 0;
}

/* The pattern that the path begins with, which is taken off it. */
static int
resolve_pattern(struct parser *p, struct path *path, size_t at)
{
	char q[QUOTE_MAX];
	int  pattern = p->scope->pattern(p->scope->arg, path->steps[0].name);

	if (pattern < 0)
		return lex_fail(&p->lex, at, "%s is not the name of a pattern",
		                quote(q, path->steps[0].name));
	if (p->pattern >= 0 && p->pattern != pattern)
		return lex_fail(&p->lex, at, "the paths inside belong to different patterns");
	p->pattern = pattern;
	path->steps++;
	path->n--;
	return 0;
}

/* 1 and a leaf if the scope has a slot of that name, 0 if not, -1 with err. */
static int
resolve_slot(struct parser *p, const struct path *path, size_t at, struct node **leaf)
{
	char   q[QUOTE_MAX];
	size_t used = 0;
	int    slot = -1;

	if (p->scope->slot != NULL && !p->in_aggregate)
		slot = p->scope->slot(p->scope->arg, path, &used);
	if (slot == EXPR_NO_SLOT)
		return lex_fail(&p->lex, at, "there is no %s; there are %s",
		                quote(q, path->steps[0].name), p->scope->slot_names);
	if (slot < 0)
		return 0;
	if (used < path->n)
		return lex_fail(&p->lex, at, "%s has no members", quote(q, path->steps[0].name));
	*leaf = build_leaf(&p->build, OP_SLOT,
	                   p->scope->slot_kind != NULL ? p->scope->slot_kind(p->scope->arg, slot)
	                                               : KIND_UNKNOWN,
	                   at, p->lex.now.at);
	(*leaf)->index = slot;
	return 1;
}

/* "a.v", where a is a pattern: legal, and hardly what was meant. */
static void
tell_of_member(struct parser *p, const struct path *path, const struct token *first)
{
	size_t end = p->lex.now.at;
	int    pattern;

	if (p->scope->looks_taken == NULL || path->n < 2 || first->kind != TOKEN_WORD ||
	    (pattern = p->scope->pattern(p->scope->arg, path->steps[0].name)) < 0)
		return;
	while (end > first->at && p->lex.text.p[end - 1] == ' ')
		end--;
	p->scope->looks_taken(p->scope->arg, str_slice(p->lex.text, first->at, end), pattern);
}

static struct node *
parse_path(struct parser *p)
{
	struct step  steps[PATH_STEPS];
	struct path  path = { .steps = steps };
	struct token first = p->lex.now;
	size_t       at = first.at;
	struct node *leaf;
	struct err   why;
	char         q[QUOTE_MAX];
	int          got, variable = -1;

	if (parse_steps(p, &path) < 0)
		return NULL;
	if (p->scope->rows != NULL) {
		if (rows_resolve(p, &path, &first, &variable) < 0)
			return NULL;
	} else if (p->in_taken) {
		if (resolve_pattern(p, &path, at) < 0)
			return NULL;
	} else if ((got = resolve_slot(p, &path, at, &leaf)) != 0) {
		return got < 0 ? NULL : leaf;
	} else {
		tell_of_member(p, &path, &first);
	}
	if (p->scope->fields == NULL || (p->scope->aggregate != NULL && !p->in_aggregate)) {
		lex_fail(&p->lex, at,
		         p->scope->aggregate != NULL
		                 ? "%s stands outside of an aggregate such as SUM(...)"
		                 : "there is no %s here",
		         quote(q, steps[0].name));
		return NULL;
	}
	leaf = build_leaf(&p->build, OP_FIELD, KIND_UNKNOWN, at, p->lex.now.at);
	leaf->index = extract_path(p->scope->fields, &path, &why);
	if (leaf->index < 0) {
		lex_fail(&p->lex, at, "%s", why.msg);
		return NULL;
	}
	return variable < 0 ? leaf : taken_last(p, variable, leaf, at);
}

/* ---- operands */

static struct node *
parse_bracket(struct parser *p)
{
	struct node *n;

	if (parse_next(p) < 0 || (n = parse_expr(p)) == NULL || parse_expect_sign(p, ")") < 0)
		return NULL;
	return n;
}

/* At a reserved word where an operand belongs: a sign behind it shows that a name was meant. */
static struct node *
fail_reserved(struct parser *p, const struct token *next)
{
	const struct str word = p->lex.now.text;
	char q[QUOTE_MAX];

	if (next->kind != TOKEN_SIGN || lex_is_sign(next, "("))
		return parse_expected(p, "an expression");
	lex_fail(&p->lex, p->lex.now.at,
	         "%s is a word of expressions (as a name it stands in backquotes, `%.*s`)",
	         quote(q, word), STR_ARGS(word));
	return NULL;
}

/* Words that are the time of day in Flink. A member of that name would be read without a sign. */
bool
parse_is_clock(const struct token *t)
{
	static const char *const clocks[] = { "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME",
		                              "LOCALTIMESTAMP", "LOCALTIME" };

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++)
		if (lex_is_word(t, clocks[i]))
			return true;
	return false;
}

struct node *
parse_fail_clock(struct parser *p)
{
	lex_fail(&p->lex, p->lex.now.at,
	         "there is no clock in an expression, so that the same input gives the same "
	         "output (write the moment, '2026-01-16T12:00:00Z'; a member of this name stands "
	         "in backquotes)");
	return NULL;
}

static struct node *
parse_word(struct parser *p)
{
	struct token next = lex_peek(&p->lex);
	struct val   v = { .kind = VAL_NULL };
	struct node *n;

	if (p->scope->rows != NULL) {
		const int got = rows_call(p, &n);
		if (got != 0)
			return got < 0 ? NULL : n;
	}
	if (lex_is_sign(&next, "(") && !parse_is_reserved(&p->lex.now))
		return parse_call(p);
	if (parse_at_word(p, "CASE"))
		return parse_case(p);
	if (parse_is_reserved(&p->lex.now))
		return fail_reserved(p, &next);
	if (parse_at_word(p, "NULL"))
		return literal(p, &v);
	if (parse_at_word(p, "TRUE") || parse_at_word(p, "FALSE")) {
		val_set_tri(&v, parse_at_word(p, "TRUE") ? TRI_TRUE : TRI_FALSE);
		return literal(p, &v);
	}
	if (parse_is_clock(&p->lex.now))
		return parse_fail_clock(p);
	if (next.kind == TOKEN_TEXT && parse_at_word(p, "INTERVAL"))
		return parse_interval(p);
	if (next.kind == TOKEN_TEXT && parse_at_word(p, "TIMESTAMP"))
		return parse_timestamp(p);
	return parse_path(p);
}

struct node *
parse_operand(struct parser *p)
{
	struct val v = { .kind = VAL_TEXT };

	switch (p->lex.now.kind) {
	case TOKEN_TEXT:
		v.text = p->lex.now.text;
		return literal(p, &v);
	case TOKEN_NUMBER:
		return parse_number(p);
	case TOKEN_NAME:
		return parse_path(p);
	case TOKEN_WORD:
		return parse_word(p);
	case TOKEN_SIGN:
		if (parse_at_sign(p, "("))
			return parse_bracket(p);
		break;
	case TOKEN_END:
		break;
	}
	return parse_expected(p, "an expression");
}
