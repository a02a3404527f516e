/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build.c - the type rules, and constants folded
 *
 * A field may hold anything, so its kind is unknown until a record is there; everything
 * else has a kind. Rules refuse what can never give anything but NULL, and
 * leave the rest to the evaluation.
 */
#include <stdio.h>

#include "base/time.h"
#include "sql/build.h"
#include "sql/func.h"

#define BIT(kind) (1U << (kind))
#define ANY_KIND  (~0U)

static const struct cast_type moment_of_text = { .to = CAST_TIME };

void
nodes_add(struct build *b, struct nodes *list, struct node *n)
{
	if (list->n == list->cap) {
		size_t        cap = list->cap == 0 ? 4 : list->cap * 2;
		struct node **p = arena_alloc(&b->into->mem, cap * sizeof(struct node *));

		if (list->n > 0)
			memcpy(p, list->p, list->n * sizeof(struct node *));
		list->p = p;
		list->cap = cap;
	}
	list->p[list->n++] = n;
}

struct node *
build_leaf(struct build *b, enum op op, int kind, size_t at, size_t end)
{
	struct node *n = arena_alloc(&b->into->mem, sizeof(*n));

	memset(n, 0, sizeof(*n));
	n->op = op;
	n->kind = kind;
	n->at = at;
	n->end = end;
	n->depth = 1;
	node_bind(n);
	return n;
}

/* Copies text: its token may stand in the arena of an outer expression. */
struct node *
build_const(struct build *b, const struct val *v, size_t at, size_t end)
{
	struct node *n = build_leaf(b, OP_CONST, (int)v->kind, at, end);

	n->val = *v;
	n->val.raw = (struct str){ NULL, 0 };
	if (v->kind == VAL_TEXT)
		n->val.text = arena_dup(&b->into->mem, v->text);
	return n;
}

/* Can the operand be of one of the kinds? */
static int
want(struct build *b, const struct node *n, unsigned kinds, const char *who, const char *wants)
{
	if (n->kind == KIND_UNKNOWN || n->kind == VAL_NULL || (BIT(n->kind) & kinds) != 0)
		return 0;
	return lex_fail(b->lex, n->at, "%s takes %s, and this is %s", who, wants,
	                val_kind_name((enum val_kind)n->kind));
}

int
build_want_condition(struct build *b, const struct node *n, const char *where)
{
	if (n->kind == KIND_UNKNOWN || n->kind == VAL_NULL || n->kind == VAL_BOOL)
		return 0;
	return lex_fail(b->lex, n->at, "%s takes a condition, and this is %s", where,
	                val_kind_name((enum val_kind)n->kind));
}

/* ---- finishing a node */

static bool
all_constant(const struct node *n)
{
	for (size_t i = 0; i < n->n; i++)
		if (n->arg[i]->op != OP_CONST)
			return false;
	return n->n > 0;
}

static bool
any_null(const struct node *n)
{
	for (size_t i = 0; i < n->n; i++)
		if (n->arg[i]->kind == VAL_NULL)
			return true;
	return false;
}

/* Constants that can only be a mistake: 9e307 * 10, CAST('x' AS INT). */
static int
refuse_null(struct build *b, const struct node *n, bool may_fail)
{
	if (may_fail || any_null(n))
		return 0;
	if (n->op >= OP_ADD && n->op <= OP_NEG)
		return lex_fail(b->lex, n->at, "the result is beyond any number");
	if (n->op == OP_CAST)
		return lex_fail(
			b->lex, n->arg[0]->at,
			"this cannot be cast, it would always be NULL (TRY_CAST allows it)");
	return 0;
}

static bool
divides(const struct node *n)
{
	return n->op == OP_DIV || n->op == OP_MOD ||
	       (n->op == OP_CALL && n->func->call == func_mod);
}

/* Whatever is divided: it would be NULL for every record. */
static int
refuse_zero(struct build *b, const struct node *n)
{
	const struct num zero = num_of(0);

	if (!divides(n) || n->arg[1]->op != OP_CONST || n->arg[1]->kind != VAL_NUM ||
	    num_cmp(&n->arg[1]->val.num, &zero) != 0)
		return 0;
	return lex_fail(b->lex, n->at, "this divides by zero");
}

static struct node *
finish(struct build *b, struct node *n, bool may_fail)
{
	const struct expr_env env = { .scratch = &b->into->mem };
	struct val            v;

	if (refuse_zero(b, n) < 0)
		return NULL;
	n->depth = 1;
	for (size_t i = 0; i < n->n; i++)
		if (n->arg[i]->depth >= n->depth)
			n->depth = (uint16_t)(n->arg[i]->depth + 1);
	if (n->depth > NODE_DEPTH) {
		lex_fail(b->lex, n->at, "the expression is nested deeper than %d levels",
		         NODE_DEPTH);
		return NULL;
	}
	if (n->op != OP_CALL && n->op != OP_CAST && n->op != OP_REGEXP)
		node_bind(n);
	if (!all_constant(n))
		return n;
	n->eval(n, &env, &v);
	if (v.kind == VAL_NULL && refuse_null(b, n, may_fail) < 0)
		return NULL;
	return build_const(b, &v, n->at, n->end);
}

static struct node *
new_node(struct build *b, enum op op, const struct nodes *args, size_t at, size_t end)
{
	struct node *n = build_leaf(b, OP_CONST, KIND_UNKNOWN, at, end);

	n->op = op;
	n->n = args->n;
	n->arg = args->p;
	if (n->n > 0 && n->arg[0]->at < at)
		n->at = n->arg[0]->at;
	return n;
}

/* ---- moments and texts */

/* Where a moment is wanted, text from a field is read as one. */
static struct node *
as_moment(struct build *b, struct node *n)
{
	struct nodes args = { 0 };
	struct node *cast;

	if (n->kind != KIND_UNKNOWN)
		return n;
	nodes_add(b, &args, n);
	cast = new_node(b, OP_CAST, &args, n->at, n->end);
	cast->cast = moment_of_text;
	cast->cast.only_text = true;
	cast->depth = (uint16_t)(n->depth + 1);
	node_bind(cast);
	return cast;
}

/* A constant text beside a moment must be one. */
static int
text_as_moment(struct build *b, struct node **n)
{
	struct val v;
	int64_t    ms;

	if ((*n)->op != OP_CONST || (*n)->kind != VAL_TEXT) {
		*n = as_moment(b, *n);
		return 0;
	}
	if (text_to_time(&ms, (*n)->val.text) < 0)
		return lex_fail(b->lex, (*n)->at, "compared with a moment, this has to be one "
		                "('2026-01-16T12:00:00Z', '2026-01-16 12:00:00', '2026-01-16')");
	val_set_ms(&v, VAL_TIME, ms);
	*n = build_const(b, &v, (*n)->at, (*n)->end);
	return 0;
}

/* ---- rules: each checks n->arg and sets n->kind */

typedef int rule_fn(struct build *b, struct node *n);

static int
rule_logic(struct build *b, struct node *n)
{
	const char *who = n->op == OP_AND ? "AND" : n->op == OP_OR ? "OR"
	                : n->op == OP_NOT ? "NOT" : "IS TRUE or FALSE";

	n->kind = VAL_BOOL;
	for (size_t i = 0; i < n->n; i++)
		if (want(b, n->arg[i], BIT(VAL_BOOL), who, "conditions") < 0)
			return -1;
	return 0;
}

/* What to do about two kinds that cannot be compared. */
static const char *
way_out(int a, int c)
{
	const int other = a == VAL_NUM ? c : c == VAL_NUM ? a : VAL_NULL;

	return other == VAL_TIME   ? "write the moment as text: '2026-01-16T12:00:00Z'"
	       : other == VAL_TEXT ? "write both as text or both as numbers, or CAST one of them"
	                           : "compare like with like";
}

/* All operands are compared with the first one. */
static int
rule_comparison(struct build *b, struct node *n)
{
	bool moments = false;

	n->kind = VAL_BOOL;
	for (size_t i = 0; i < n->n; i++)
		moments |= n->arg[i]->kind == VAL_TIME;
	for (size_t i = 0; i < n->n && moments; i++)
		if (text_as_moment(b, &n->arg[i]) < 0)
			return -1;
	for (size_t i = 1; i < n->n; i++) {
		int a = n->arg[0]->kind, c = n->arg[i]->kind;

		if (a > VAL_NULL && c > VAL_NULL && a != c)
			return lex_fail(b->lex, n->arg[i]->at,
			                "%s cannot be compared with %s (%s)",
			                val_kind_name((enum val_kind)a),
			                val_kind_name((enum val_kind)c), way_out(a, c));
		if ((a == VAL_JSON || c == VAL_JSON) && n->op != OP_DISTINCT)
			return lex_fail(b->lex, n->arg[i]->at, "%s cannot be compared",
			                val_kind_name(VAL_JSON));
	}
	return 0;
}

static int
rule_is_null(struct build *b, struct node *n)
{
	(void)b;
	n->kind = VAL_BOOL;
	return 0;
}

static int
rule_like(struct build *b, struct node *n)
{
	const struct node *escape = n->n > 2 ? n->arg[2] : NULL;

	n->kind = VAL_BOOL;
	for (size_t i = 0; i < n->n; i++)
		if (want(b, n->arg[i], BIT(VAL_TEXT), "LIKE", "text") < 0)
			return -1;
	if (escape != NULL && (escape->op != OP_CONST || escape->kind != VAL_TEXT ||
	                       text_length(escape->val.text) != 1))
		return lex_fail(b->lex, escape->at, "ESCAPE takes a text of one character");
	return 0;
}

static const char *
sign_of(enum op op)
{
	static const char *const signs[] = {
		[OP_ADD] = "+", [OP_SUB] = "-", [OP_MUL] = "*", [OP_DIV] = "/", [OP_MOD] = "%",
		[OP_NEG] = "-",
	};

	return signs[op];
}

static int
rule_sum(struct build *b, struct node *n)
{
	int  x, y;
	bool minus = n->op == OP_SUB;

	for (size_t i = 0; i < 2; i++) {
		if (n->arg[i]->kind == VAL_TEXT)
			return lex_fail(b->lex, n->arg[i]->at,
			                "%s takes numbers, and this is text%s", sign_of(n->op),
			                minus ? "" : " (|| joins texts)");
		if (want(b, n->arg[i], BIT(VAL_NUM) | BIT(VAL_TIME) | BIT(VAL_INTERVAL),
		         sign_of(n->op), "numbers") < 0)
			return -1;
	}
	x = n->arg[0]->kind;
	y = n->arg[1]->kind;
	if (x == VAL_TIME || y == VAL_TIME || x == VAL_INTERVAL || y == VAL_INTERVAL) {
		n->arg[0] = as_moment(b, n->arg[0]);
		n->arg[1] = as_moment(b, n->arg[1]);
	}
	if (x == VAL_NULL || y == VAL_NULL)
		return 0;
	if (x != y && (x == VAL_NUM || y == VAL_NUM) && x != KIND_UNKNOWN && y != KIND_UNKNOWN)
		return lex_fail(
			b->lex, n->arg[1]->at,
			"%s does not go between %s and %s (INTERVAL '5' MINUTE is an interval)",
			sign_of(n->op), val_kind_name((enum val_kind)x),
			val_kind_name((enum val_kind)y));
	if (x == VAL_TIME && y == VAL_TIME && !minus)
		return lex_fail(b->lex, n->arg[1]->at, "moments cannot be added");
	if (x == VAL_INTERVAL && y == VAL_TIME && minus)
		return lex_fail(b->lex, n->arg[1]->at, "a moment cannot be taken from an interval");
	if (x == VAL_NUM || y == VAL_NUM)
		n->kind = VAL_NUM;
	else if (x != KIND_UNKNOWN && y != KIND_UNKNOWN)
		n->kind = x == y ? VAL_INTERVAL : VAL_TIME;
	return 0;
}

static int
rule_product(struct build *b, struct node *n)
{
	unsigned kinds = BIT(VAL_NUM) | (n->op == OP_MOD ? 0 : BIT(VAL_INTERVAL));
	int      x = n->arg[0]->kind, y = n->arg[1]->kind;

	for (size_t i = 0; i < 2; i++)
		if (want(b, n->arg[i], kinds, sign_of(n->op), "numbers") < 0)
			return -1;
	if (x == VAL_INTERVAL && y == VAL_INTERVAL && n->op == OP_MUL)
		return lex_fail(b->lex, n->arg[1]->at, "intervals cannot be multiplied");
	if (x == VAL_NUM && y == VAL_INTERVAL && n->op == OP_DIV)
		return lex_fail(b->lex, n->arg[1]->at, "a number cannot be divided by an interval");
	if (n->op == OP_MOD || (x == VAL_NUM && y == VAL_NUM))
		n->kind = VAL_NUM;
	else if (n->op == OP_DIV && x != KIND_UNKNOWN && y != KIND_UNKNOWN)
		n->kind = x == y ? VAL_NUM : VAL_INTERVAL;
	return 0;
}

static int
rule_neg(struct build *b, struct node *n)
{
	n->kind = n->arg[0]->kind;
	return want(b, n->arg[0], BIT(VAL_NUM) | BIT(VAL_INTERVAL), "-", "a number");
}

static int
rule_concat(struct build *b, struct node *n)
{
	(void)b;
	n->kind = VAL_TEXT;
	return 0;
}

/* The kind that all values share, if they do. */
static void
share_kind(struct node *n, const struct node *value)
{
	if (value->kind == VAL_NULL)
		return;
	if (n->kind == VAL_NULL)
		n->kind = value->kind;
	else if (n->kind != value->kind)
		n->kind = KIND_UNKNOWN;
}

static int
rule_case(struct build *b, struct node *n)
{
	size_t i = 0;

	n->kind = VAL_NULL;
	for (; i + 1 < n->n; i += 2) {
		if (build_want_condition(b, n->arg[i], "WHEN") < 0)
			return -1;
		share_kind(n, n->arg[i + 1]);
	}
	if (i < n->n)
		share_kind(n, n->arg[i]);
	return 0;
}

static int
rule_coalesce(struct build *b, struct node *n)
{
	(void)b;
	n->kind = VAL_NULL;
	for (size_t i = 0; i < n->n; i++)
		share_kind(n, n->arg[i]);
	return 0;
}

static rule_fn *const rules[] = {
	[OP_AND] = rule_logic, [OP_OR] = rule_logic, [OP_NOT] = rule_logic,
	[OP_EQ] = rule_comparison, [OP_NE] = rule_comparison, [OP_LT] = rule_comparison,
	[OP_LE] = rule_comparison, [OP_GT] = rule_comparison, [OP_GE] = rule_comparison,
	[OP_DISTINCT] = rule_comparison, [OP_BETWEEN] = rule_comparison, [OP_IN] = rule_comparison,
	[OP_IS_NULL] = rule_is_null, [OP_IS_TRUE] = rule_logic, [OP_IS_FALSE] = rule_logic,
	[OP_LIKE] = rule_like,
	[OP_ADD] = rule_sum, [OP_SUB] = rule_sum,
	[OP_MUL] = rule_product, [OP_DIV] = rule_product, [OP_MOD] = rule_product,
	[OP_NEG] = rule_neg, [OP_CONCAT] = rule_concat, [OP_CASE] = rule_case,
	[OP_COALESCE] = rule_coalesce,
};

/* 5 < x reads as x > 5, so that the fast comparisons see the field first. */
static void
put_field_first(struct node *n)
{
	static const enum op mirrored[] = {
		[OP_EQ] = OP_EQ, [OP_NE] = OP_NE, [OP_LT] = OP_GT, [OP_LE] = OP_GE, [OP_GT] = OP_LT,
		[OP_GE] = OP_LE,
	};
	struct node *constant = n->arg[0];

	if (constant->op != OP_CONST || n->arg[1]->op != OP_FIELD)
		return;
	n->arg[0] = n->arg[1];
	n->arg[1] = constant;
	n->op = mirrored[n->op];
}

struct node *
build_op(struct build *b, enum op op, const struct nodes *args, bool negated, size_t at, size_t end)
{
	struct node *n = new_node(b, op, args, at, end);

	n->negated = negated;
	if (rules[op](b, n) < 0)
		return NULL;
	if (op >= OP_EQ && op <= OP_GE)
		put_field_first(n);
	return finish(b, n, op == OP_CASE || op == OP_COALESCE);
}

struct node *
build_unary(struct build *b, enum op op, struct node *a, bool negated, size_t at, size_t end)
{
	struct nodes args = { 0 };

	nodes_add(b, &args, a);
	return build_op(b, op, &args, negated, at, end);
}

struct node *
build_binary(struct build *b, enum op op, struct node *a, struct node *c, size_t at, size_t end)
{
	struct nodes args = { 0 };

	nodes_add(b, &args, a);
	nodes_add(b, &args, c);
	return build_op(b, op, &args, false, at, end);
}

static int
kind_of_cast(const struct cast_type *type)
{
	static const int kinds[] = {
		[CAST_BOOL] = VAL_BOOL, [CAST_INT] = VAL_NUM, [CAST_DECIMAL] = VAL_NUM,
		[CAST_DOUBLE] = VAL_NUM,
		[CAST_TEXT] = VAL_TEXT, [CAST_TIME] = VAL_TIME,
	};

	return kinds[type->to];
}

struct node *
build_cast(struct build *b, struct node *a, const struct cast_type *type, bool try, size_t at,
           size_t end)
{
	struct nodes args = { 0 };
	struct node *n;

	nodes_add(b, &args, a);
	n = new_node(b, OP_CAST, &args, at, end);
	n->cast = *type;
	n->kind = kind_of_cast(type);
	node_bind(n);
	return finish(b, n, try);
}

static int
check_call(struct build *b, const struct func *f, const struct nodes *args, size_t at)
{
	static const char *const wants[] = {
		[VAL_BOOL] = "a condition", [VAL_NUM] = "a number", [VAL_TEXT] = "text",
		[VAL_TIME] = "a moment",
	};

	if (args->n < f->min || (f->max != 0 && args->n > f->max)) {
		if (f->min == f->max)
			return lex_fail(b->lex, at, "%s takes %d argument%s, not %zu", f->name,
			                f->min,
			                f->min == 1 ? "" : "s", args->n);
		if (f->max == 0)
			return lex_fail(b->lex, at, "%s takes at least %d argument%s, not %zu",
			                f->name, f->min,
			                f->min == 1 ? "" : "s", args->n);
		return lex_fail(b->lex, at, "%s takes %d to %d arguments, not %zu", f->name, f->min,
		                f->max, args->n);
	}
	for (size_t i = 0; i < args->n; i++) {
		int kind = func_wants(f, i);

		if (kind == VAL_TIME && text_as_moment(b, &args->p[i]) < 0)
			return -1;
		if (kind != KIND_UNKNOWN &&
		    want(b, args->p[i], BIT(kind), f->name, wants[kind]) < 0)
			return -1;
	}
	return 0;
}

struct node *
build_call(struct build *b, const struct func *f, const struct nodes *args, enum unit unit,
           size_t at, size_t end)
{
	struct node *n;

	if (check_call(b, f, args, at) < 0)
		return NULL;
	n = new_node(b, OP_CALL, args, at, end);
	n->kind = f->kind;
	n->func = f;
	n->unit = unit;
	if (f->call == func_lower || f->call == func_upper) {
		if (b->into->locale == (locale_t)0)
			b->into->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
		n->locale = b->into->locale;
	}
	node_bind(n);
	return finish(b, n, false);
}

struct node *
build_regexp(struct build *b, const struct nodes *args, size_t at, size_t end)
{
	struct err   why;
	struct expr *e = b->into;
	struct node *n, *pattern;

	if (check_call(b, func_find(STR("REGEXP")), args, at) < 0)
		return NULL;
	pattern = args->p[1];
	if (pattern->op != OP_CONST || pattern->kind != VAL_TEXT) {
		lex_fail(b->lex, pattern->at, "the pattern of REGEXP has to be a constant text");
		return NULL;
	}
	if (pattern->val.text.n == 0) {
		lex_fail(b->lex, pattern->at, "the pattern of REGEXP is empty: in Flink it matches "
		                              "nothing, elsewhere everything");
		return NULL;
	}
	n = new_node(b, OP_REGEXP, args, at, end);
	n->regexp = regexp_new(pattern->val.text, &why);
	if (n->regexp == NULL) {
		lex_fail(b->lex, pattern->at, "%s", why.msg);
		return NULL;
	}
	e->regexps = mem_more(e->regexps, e->n_regexps, &e->cap_regexps, sizeof(struct regexp *));
	e->regexps[e->n_regexps++] = n->regexp;
	n->kind = VAL_BOOL;
	node_bind(n);
	return finish(b, n, true);
}
