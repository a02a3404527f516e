/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call.c - functions, those with a grammar of their own first
 *
 * CASE, CAST(x AS type), EXTRACT(unit FROM t), FLOOR(t TO unit), POSITION(a IN b),
 * SUBSTRING(s FROM i FOR n), TRIM(BOTH c FROM s); and NULLIF, which is a CASE.
 */
#include "sql/parse.h"

struct call {                           /* of a function, while its arguments are read */
	struct nodes args;
	size_t       at;                /* of its name */
};

static int
arg_add(struct parser *p, struct call *c, struct node *n)
{
	if (n == NULL)
		return -1;
	nodes_add(&p->build, &c->args, n);
	return 0;
}

/* "expr, expr)" from the current token on; the bracket may come at once. */
static int
parse_rest_of_args(struct parser *p, struct call *c)
{
	int more = 1;

	if (c->args.n == 0 && parse_at_sign(p, ")"))
		return parse_next(p);
	if (c->args.n > 0 && (more = parse_accept_sign(p, ",")) == 0)
		return parse_expect_sign(p, ")");
	while (more > 0) {
		if (arg_add(p, c, parse_expr(p)) < 0)
			return -1;
		more = parse_accept_sign(p, ",");
	}
	return more < 0 ? -1 : parse_expect_sign(p, ")");
}

static struct node *
finish_call(struct parser *p, const struct func *f, struct call *c, enum unit unit)
{
	return build_call(&p->build, f, &c->args, unit, c->at, p->lex.now.at);
}

struct node *
parse_case(struct parser *p)
{
	size_t       at = p->lex.now.at;
	struct nodes args = { 0 };
	struct node *subject = NULL, *n;
	int          more;

	if (parse_next(p) < 0)
		return NULL;
	if (!parse_at_word(p, "WHEN") && (subject = parse_expr(p)) == NULL)
		return NULL;
	if (!parse_at_word(p, "WHEN"))
		return parse_expected(p, "WHEN");
	while ((more = parse_accept_word(p, "WHEN")) > 0) {
		size_t when = p->lex.now.at;

		n = parse_expr(p);
		if (n != NULL && subject != NULL)
			n = build_binary(&p->build, OP_EQ, subject, n, when, p->lex.now.at);
		if (n == NULL || parse_expect_word(p, "THEN") < 0)
			return NULL;
		nodes_add(&p->build, &args, n);
		if ((n = parse_expr(p)) == NULL)
			return NULL;
		nodes_add(&p->build, &args, n);
	}
	if (more < 0 || (more = parse_accept_word(p, "ELSE")) < 0)
		return NULL;
	if (more == 1) {
		if ((n = parse_expr(p)) == NULL)
			return NULL;
		nodes_add(&p->build, &args, n);
	}
	if (parse_expect_word(p, "END") < 0)
		return NULL;
	return build_op(&p->build, OP_CASE, &args, false, at, p->lex.now.at);
}

/* ---- CAST */

static const struct { const char *word; struct cast_type type; } types[] = {
	{ "BOOLEAN", { .to = CAST_BOOL } },
	{ "TINYINT", { .to = CAST_INT, .min = INT8_MIN, .max = INT8_MAX } },
	{ "SMALLINT", { .to = CAST_INT, .min = INT16_MIN, .max = INT16_MAX } },
	{ "INT", { .to = CAST_INT, .min = INT32_MIN, .max = INT32_MAX } },
	{ "INTEGER", { .to = CAST_INT, .min = INT32_MIN, .max = INT32_MAX } },
	{ "BIGINT", { .to = CAST_INT, .min = INT64_MIN, .max = INT64_MAX } },
	{ "DECIMAL", { .to = CAST_DECIMAL, .digits = 10 } },
	{ "NUMERIC", { .to = CAST_DECIMAL, .digits = 10 } },
	{ "DOUBLE", { .to = CAST_DOUBLE } },
	{ "FLOAT", { .to = CAST_DOUBLE } },
	{ "STRING", { .to = CAST_TEXT } },
	{ "VARCHAR", { .to = CAST_TEXT, .length = 1 } },
	{ "CHAR", { .to = CAST_TEXT, .length = 1 } },
	{ "TIMESTAMP", { .to = CAST_TIME } },
};

/* "(10, 2)", "(20)" or nothing. */
static int
parse_type_size(struct parser *p, struct cast_type *type)
{
	bool   decimal = type->to == CAST_DECIMAL;
	size_t first, second = 0;
	int    more = 0;

	if (!parse_at_sign(p, "(") || (!decimal && type->length == 0))
		return 0;
	if (parse_next(p) < 0 || parse_count(p, decimal ? NUM_DIGITS : EXPR_TEXT_MAX, &first) < 0)
		return -1;
	if (decimal && (more = parse_accept_sign(p, ",")) > 0 && parse_count(p, first, &second) < 0)
		return -1;
	if (decimal)
		type->digits = (int)first, type->scale = (int)second;
	else
		type->length = first;
	return more < 0 ? -1 : parse_expect_sign(p, ")");
}

static int
parse_type(struct parser *p, struct cast_type *type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!parse_at_word(p, types[i].word))
			continue;
		*type = types[i].type;
		if (parse_next(p) < 0)
			return -1;
		if (type->to == CAST_DOUBLE && parse_accept_word(p, "PRECISION") < 0)
			return -1;
		return parse_type_size(p, type);
	}
	parse_expected(p,
	               "a type (BOOLEAN, INT, BIGINT, DECIMAL(p, s), DOUBLE, STRING, TIMESTAMP)");
	return -1;
}

struct node *
parse_cast(struct parser *p, bool try)
{
	struct cast_type type;
	size_t           at = p->lex.now.at;
	struct node     *a;

	if (parse_next(p) < 0 || parse_expect_sign(p, "(") < 0 || (a = parse_expr(p)) == NULL ||
	    parse_expect_word(p, "AS") < 0 || parse_type(p, &type) < 0 ||
	    parse_expect_sign(p, ")") < 0)
		return NULL;
	return build_cast(&p->build, a, &type, try, at, p->lex.now.at);
}

/* ---- each starts behind its opening bracket */

static int
parse_unit(struct parser *p, enum unit *unit)
{
	int found = p->lex.now.kind == TOKEN_WORD ? unit_find(p->lex.now.text) : -1;

	if (found < 0) {
		parse_expected(p, "a unit (YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND, "
		                  "MILLISECOND)");
		return -1;
	}
	*unit = (enum unit)found;
	return parse_next(p);
}

static struct node *
parse_extract(struct parser *p, struct call *c)
{
	enum unit unit;

	if (parse_unit(p, &unit) < 0 || parse_expect_word(p, "FROM") < 0 ||
	    arg_add(p, c, parse_expr(p)) < 0 ||
	    parse_expect_sign(p, ")") < 0)
		return NULL;
	return finish_call(p, &func_extract, c, unit);
}

/* FLOOR(x), FLOOR(t TO unit) */
static struct node *
parse_floor(struct parser *p, struct call *c, const struct func *number, const struct func *moment)
{
	enum unit unit = UNIT_DAY;
	size_t    at;
	int       to;

	if (arg_add(p, c, parse_expr(p)) < 0 || (to = parse_accept_word(p, "TO")) < 0)
		return NULL;
	if (to == 0)
		return parse_rest_of_args(p, c) < 0 ? NULL : finish_call(p, number, c, unit);
	at = p->lex.now.at;
	if (parse_unit(p, &unit) < 0)
		return NULL;
	if (unit > UNIT_YEAR) {
		lex_fail(&p->lex, at,
		         "%s takes YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND or "
		         "MILLISECOND",
		         number->name);
		return NULL;
	}
	return parse_expect_sign(p, ")") < 0 ? NULL : finish_call(p, moment, c, unit);
}

/* POSITION(a IN b): a binds tighter than IN, or it would be a condition. */
static struct node *
parse_position(struct parser *p, struct call *c)
{
	if (arg_add(p, c, parse_sum(p)) < 0 || parse_expect_word(p, "IN") < 0 ||
	    arg_add(p, c, parse_expr(p)) < 0 ||
	    parse_expect_sign(p, ")") < 0)
		return NULL;
	return finish_call(p, func_find(STR("POSITION")), c, UNIT_DAY);
}

/* SUBSTRING(s FROM i FOR n), SUBSTRING(s, i, n) */
static struct node *
parse_substring(struct parser *p, struct call *c)
{
	int more;

	if (arg_add(p, c, parse_expr(p)) < 0 || (more = parse_accept_word(p, "FROM")) < 0)
		return NULL;
	if (more == 0)
		return parse_rest_of_args(p, c) < 0
		       ? NULL : finish_call(p, func_find(STR("SUBSTRING")), c, UNIT_DAY);
	if (arg_add(p, c, parse_expr(p)) < 0 || (more = parse_accept_word(p, "FOR")) < 0 ||
	    (more == 1 && arg_add(p, c, parse_expr(p)) < 0) || parse_expect_sign(p, ")") < 0)
		return NULL;
	return finish_call(p, func_find(STR("SUBSTRING")), c, UNIT_DAY);
}

/* TRIM(s), TRIM([LEADING | TRAILING | BOTH] [characters] FROM s): arguments are s, then the
 * characters. */
static struct node *
parse_trim(struct parser *p, struct call *c)
{
	static const struct { const char *word; const struct func *func; } sides[] = {
		{ "BOTH", &func_trim }, { "LEADING", &func_ltrim }, { "TRAILING", &func_rtrim },
	};
	const struct func *f = NULL;
	struct node       *first = NULL, *text;
	int                got = 0;

	for (size_t i = 0; i < 3 && got == 0; i++)
		if ((got = parse_accept_word(p, sides[i].word)) != 0)
			f = sides[i].func;
	if (got < 0 || ((f == NULL || !parse_at_word(p, "FROM")) &&
	                (first = parse_expr(p)) == NULL) ||
	    (got = parse_accept_word(p, "FROM")) < 0)
		return NULL;
	if (got == 0 && f != NULL)
		return parse_expected(p, "FROM");
	text = got == 0 ? first : parse_expr(p);
	if (arg_add(p, c, text) < 0 || (got == 1 && first != NULL && arg_add(p, c, first) < 0) ||
	    parse_expect_sign(p, ")") < 0)
		return NULL;
	return finish_call(p, f != NULL ? f : &func_trim, c, UNIT_DAY);
}

/* NULLIF(a, b) = CASE WHEN a = b THEN NULL ELSE a END. */
static struct node *
parse_nullif(struct parser *p, struct call *c)
{
	struct val    null = { .kind = VAL_NULL };
	struct build *b = &p->build;
	struct nodes  cases = { 0 };
	struct node  *same;

	if (parse_rest_of_args(p, c) < 0)
		return NULL;
	if (c->args.n != 2) {
		lex_fail(&p->lex, c->at, "NULLIF takes 2 arguments, not %zu", c->args.n);
		return NULL;
	}
	same = build_binary(b, OP_EQ, c->args.p[0], c->args.p[1], c->at, p->lex.now.at);
	if (same == NULL)
		return NULL;
	nodes_add(b, &cases, same);
	nodes_add(b, &cases, build_const(b, &null, c->at, c->at));
	nodes_add(b, &cases, c->args.p[0]);
	return build_op(b, OP_CASE, &cases, false, c->at, p->lex.now.at);
}

static struct node *
parse_plain_call(struct parser *p, struct call *c, const struct func *f)
{
	if (parse_rest_of_args(p, c) < 0)
		return NULL;
	if (str_eq(str_of(f->name), STR("REGEXP")))
		return build_regexp(&p->build, &c->args, c->at, p->lex.now.at);
	if (f->call != NULL)
		return finish_call(p, f, c, UNIT_DAY);
	if (c->args.n == 0) {
		lex_fail(&p->lex, c->at, "%s takes at least 1 argument, not 0", f->name);
		return NULL;
	}
	return build_op(&p->build, str_eq(str_of(f->name), STR("CONCAT")) ? OP_CONCAT : OP_COALESCE,
	                &c->args, false,
	                c->at, p->lex.now.at);
}

static struct node *
unknown_function(struct parser *p)
{
	const struct token *t = &p->lex.now;
	const char         *nearest = func_nearest(t->text);
	char                q[QUOTE_MAX];

	if (parse_is_clock(t) || lex_is_word(t, "NOW") || lex_is_word(t, "PROCTIME") ||
	    lex_is_word(t, "CURRENT_ROW_TIMESTAMP") || lex_is_word(t, "UNIX_TIMESTAMP"))
		return parse_fail_clock(p);
	if (nearest != NULL)
		lex_fail(&p->lex, t->at, "there is no function %s; did you mean %s?",
		         quote(q, t->text), nearest);
	else
		lex_fail(&p->lex, t->at, "there is no function %s; see maip-expr(7)",
		         quote(q, t->text));
	return NULL;
}

static struct node *
parse_function(struct parser *p)
{
	struct token       name = p->lex.now;
	const struct func *f = func_find(name.text);
	struct call        c = { .at = name.at };

	if (f == NULL)
		return unknown_function(p);
	if (parse_next(p) < 0 || parse_expect_sign(p, "(") < 0)
		return NULL;
	if (lex_is_word(&name, "EXTRACT"))
		return parse_extract(p, &c);
	if (f->call == func_floor)
		return parse_floor(p, &c, f, &func_floor_time);
	if (f->call == func_ceil)
		return parse_floor(p, &c, f, &func_ceil_time);
	if (f->call == func_position)
		return parse_position(p, &c);
	if (f->call == func_substring)
		return parse_substring(p, &c);
	if (lex_is_word(&name, "TRIM"))
		return parse_trim(p, &c);
	if (lex_is_word(&name, "NULLIF"))
		return parse_nullif(p, &c);
	return parse_plain_call(p, &c, f);
}

struct node *
parse_call(struct parser *p)
{
	struct token name = p->lex.now;

	if (lex_is_word(&name, "CAST") || lex_is_word(&name, "TRY_CAST"))
		return parse_cast(p, lex_is_word(&name, "TRY_CAST"));
	if (!parse_is_aggregate(name.text) &&
	    (p->scope->pattern == NULL || !parse_is_taken(&name)))
		return parse_function(p);
	if (p->in_aggregate || p->in_taken) {
		lex_fail(&p->lex, name.at, "an aggregate cannot stand inside of another one");
		return NULL;
	}
	if (p->scope->aggregate != NULL)
		return parse_aggregate(p);
	if (p->scope->pattern != NULL)
		return parse_taken(p);
	lex_fail(&p->lex, name.at, "%.*s is an aggregate, and cannot be used here",
	         STR_ARGS(name.text));
	return NULL;
}
