/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eval.c - evaluate a tree on one record
 *
 * Nothing here fails: what cannot be computed is NULL. Conditions evaluate from left to
 * right and stop as soon as the answer stands.
 */
#include "sql/func.h"
#include "sql/node.h"

static void
eval_arg(const struct node *n, size_t i, const struct expr_env *env, struct val *to)
{
	n->arg[i]->eval(n->arg[i], env, to);
}

static enum tri
truth_of_value(const struct node *n, const struct expr_env *env)
{
	struct val v;

	n->eval(n, env, &v);
	return tri_of_val(&v);
}

static void
value_of_truth(const struct node *n, const struct expr_env *env, struct val *to)
{
	val_set_tri(to, n->truth(n, env));
}

/* ---- leaves */

static void
eval_const(const struct node *n, const struct expr_env *env, struct val *to)
{
	(void)env;
	*to = n->val;
}

static void
eval_field(const struct node *n, const struct expr_env *env, struct val *to)
{
	val_of_field(to, &env->fields[n->index], env->scratch);
}

static enum tri
truth_field(const struct node *n, const struct expr_env *env)
{
	enum json_kind kind = env->fields[n->index].kind;

	return kind == JSON_TRUE ? TRI_TRUE : kind == JSON_FALSE ? TRI_FALSE : TRI_NULL;
}

static void
eval_slot(const struct node *n, const struct expr_env *env, struct val *to)
{
	*to = env->slots[n->index];
}

/* ---- conditions */

static enum tri
truth_and(const struct node *n, const struct expr_env *env)
{
	enum tri all = TRI_TRUE;

	for (size_t i = 0; i < n->n; i++) {
		enum tri t = n->arg[i]->truth(n->arg[i], env);

		if (t == TRI_FALSE)
			return TRI_FALSE;
		if (t == TRI_NULL)
			all = TRI_NULL;
	}
	return all;
}

static enum tri
truth_or(const struct node *n, const struct expr_env *env)
{
	enum tri any = TRI_FALSE;

	for (size_t i = 0; i < n->n; i++) {
		enum tri t = n->arg[i]->truth(n->arg[i], env);

		if (t == TRI_TRUE)
			return TRI_TRUE;
		if (t == TRI_NULL)
			any = TRI_NULL;
	}
	return any;
}

static enum tri
truth_not(const struct node *n, const struct expr_env *env)
{
	return tri_not(n->arg[0]->truth(n->arg[0], env));
}

static enum tri
tri_of_order(enum op op, int order)
{
	bool yes = false;

	if (order == VAL_UNLIKE)
		return TRI_NULL;
	switch (op) {
	case OP_EQ: yes = order == 0; break;
	case OP_NE: yes = order != 0; break;
	case OP_LT: yes = order < 0; break;
	case OP_LE: yes = order <= 0; break;
	case OP_GT: yes = order > 0; break;
	case OP_GE: yes = order >= 0; break;
	default: break;
	}
	return yes ? TRI_TRUE : TRI_FALSE;
}

static enum tri
truth_comparison(const struct node *n, const struct expr_env *env)
{
	struct val a, b;

	eval_arg(n, 0, env, &a);
	if (a.kind == VAL_NULL)
		return TRI_NULL;
	eval_arg(n, 1, env, &b);
	return tri_of_order(n->op, val_cmp(&a, &b));
}

/* Field against text: a string without escapes is its own text. */
static enum tri
truth_field_text(const struct node *n, const struct expr_env *env)
{
	const struct field *f = &env->fields[n->fast.field];
	struct str          text;
	int                 order;

	if (f->kind != JSON_STRING)
		return TRI_NULL;
	text = f->escaped ? json_text(f, env->scratch) : str_slice(f->raw, 1, f->raw.n - 1);
	if (n->op == OP_EQ)
		return str_eq(text, n->fast.text) ? TRI_TRUE : TRI_FALSE;
	order = str_cmp(text, n->fast.text);
	return tri_of_order(n->op, (order > 0) - (order < 0));
}

static enum tri
truth_field_number(const struct node *n, const struct expr_env *env)
{
	const struct field *f = &env->fields[n->fast.field];
	struct small        a, b = n->fast.small;
	struct val          slow;
	struct num          exact;

	if (f->kind != JSON_NUMBER)
		return TRI_NULL;
	if (small_parse(&a, f->raw) && small_rescale(&a, b.scale) && small_rescale(&b, a.scale))
		return tri_of_order(n->op, (a.v > b.v) - (a.v < b.v));
	val_of_field(&slow, f, env->scratch);
	exact = small_num(n->fast.small);
	return tri_of_order(n->op, slow.kind == VAL_NUM ? num_cmp(&slow.num, &exact) : VAL_UNLIKE);
}

static enum tri
truth_distinct(const struct node *n, const struct expr_env *env)
{
	struct val a, b;
	bool       same;

	eval_arg(n, 0, env, &a);
	eval_arg(n, 1, env, &b);
	if (a.kind == VAL_NULL || a.kind == VAL_JSON)
		same = a.kind == b.kind && str_eq(a.raw, b.raw);
	else
		same = val_cmp(&a, &b) == 0;
	return same == n->negated ? TRI_TRUE : TRI_FALSE;
}

static enum tri
truth_is_null(const struct node *n, const struct expr_env *env)
{
	struct val v;

	eval_arg(n, 0, env, &v);
	return (v.kind == VAL_NULL) != n->negated ? TRI_TRUE : TRI_FALSE;
}

static enum tri
truth_is(const struct node *n, const struct expr_env *env)
{
	enum tri wanted = n->op == OP_IS_TRUE ? TRI_TRUE : TRI_FALSE;

	return (n->arg[0]->truth(n->arg[0], env) == wanted) != n->negated ? TRI_TRUE : TRI_FALSE;
}

static enum tri
truth_between(const struct node *n, const struct expr_env *env)
{
	struct val v, low, high;
	enum tri   above, below, t;

	eval_arg(n, 0, env, &v);
	eval_arg(n, 1, env, &low);
	eval_arg(n, 2, env, &high);
	above = tri_of_order(OP_GE, val_cmp(&v, &low));
	below = tri_of_order(OP_LE, val_cmp(&v, &high));
	if (above == TRI_FALSE || below == TRI_FALSE)
		t = TRI_FALSE;
	else
		t = above == TRI_TRUE && below == TRI_TRUE ? TRI_TRUE : TRI_NULL;
	return n->negated ? tri_not(t) : t;
}

static enum tri
truth_in(const struct node *n, const struct expr_env *env)
{
	enum tri   t = TRI_FALSE;
	struct val v, choice;

	eval_arg(n, 0, env, &v);
	for (size_t i = 1; i < n->n && t != TRI_TRUE; i++) {
		int order;

		eval_arg(n, i, env, &choice);
		order = val_cmp(&v, &choice);
		if (order == 0)
			t = TRI_TRUE;
		else if (order == VAL_UNLIKE)
			t = TRI_NULL;
	}
	return n->negated ? tri_not(t) : t;
}

static enum tri
truth_like(const struct node *n, const struct expr_env *env)
{
	struct val text, pattern, escape = { .kind = VAL_TEXT };
	enum tri   t;

	eval_arg(n, 0, env, &text);
	eval_arg(n, 1, env, &pattern);
	if (n->n > 2)
		eval_arg(n, 2, env, &escape);
	if (text.kind != VAL_TEXT || pattern.kind != VAL_TEXT || escape.kind != VAL_TEXT)
		return TRI_NULL;
	t = like_match(text.text, pattern.text, escape.text, env->gave_up);
	return n->negated ? tri_not(t) : t;
}

static enum tri
truth_regexp(const struct node *n, const struct expr_env *env)
{
	struct val text;

	eval_arg(n, 0, env, &text);
	return text.kind == VAL_TEXT ? regexp_match(n->regexp, text.text, env->gave_up) : TRI_NULL;
}

/* ---- arithmetic */

static bool
add_ms(int64_t *to, int64_t a, int64_t b, bool minus)
{
	return !(minus ? __builtin_sub_overflow(a, b, to) : __builtin_add_overflow(a, b, to));
}

/* TIME +- INTERVAL, INTERVAL + TIME, TIME - TIME, INTERVAL +- INTERVAL. */
static void
eval_time_sum(const struct val *a, const struct val *b, bool minus, struct val *to)
{
	bool    time_a = a->kind == VAL_TIME, time_b = b->kind == VAL_TIME;
	bool    interval = a->kind == VAL_INTERVAL || b->kind == VAL_INTERVAL;
	int64_t ms;

	if ((a->kind != VAL_TIME && a->kind != VAL_INTERVAL) ||
	    (b->kind != VAL_TIME && b->kind != VAL_INTERVAL) ||
	    (time_b && (minus ? !time_a : time_a)) || (!interval && !minus) ||
	    !add_ms(&ms, a->ms, b->ms, minus))
		val_set_null(to);
	else
		val_set_ms(to, time_a != time_b ? VAL_TIME : VAL_INTERVAL, ms);
}

static void
eval_sum(const struct node *n, const struct expr_env *env, struct val *to)
{
	struct val a, b;
	struct num sum;
	int        ok;

	eval_arg(n, 0, env, &a);
	eval_arg(n, 1, env, &b);
	if (a.kind != VAL_NUM || b.kind != VAL_NUM) {
		eval_time_sum(&a, &b, n->op == OP_SUB, to);
		return;
	}
	ok = n->op == OP_ADD ? num_add(&sum, &a.num, &b.num) : num_sub(&sum, &a.num, &b.num);
	if (ok < 0)
		val_set_null(to);
	else
		val_set_num(to, sum);
}

/* INTERVAL * number, number * INTERVAL, INTERVAL / number, INTERVAL / INTERVAL. */
static void
eval_interval_product(const struct val *a, const struct val *b, bool divide, struct val *to)
{
	struct num x = a->kind == VAL_INTERVAL ? num_of(a->ms) : a->num;
	struct num y = b->kind == VAL_INTERVAL ? num_of(b->ms) : b->num;
	bool       both = a->kind == b->kind;
	struct num result;
	int64_t    ms;

	val_set_null(to);
	if ((divide ? num_div(&result, &x, &y) : num_mul(&result, &x, &y)) < 0)
		return;
	if (both && divide)
		val_set_num(to, result);
	else if (!both && num_round(&result, &result, 0, NUM_FLOOR) == 0 &&
	         num_to_i64(&result, &ms) == 0)
		val_set_ms(to, VAL_INTERVAL, ms);
}

static void
eval_product(const struct node *n, const struct expr_env *env, struct val *to)
{
	struct val a, b;
	struct num result;
	int        ok;

	eval_arg(n, 0, env, &a);
	eval_arg(n, 1, env, &b);
	if (a.kind == VAL_NUM && b.kind == VAL_NUM) {
		ok = n->op == OP_MUL ? num_mul(&result, &a.num, &b.num)
		   : n->op == OP_DIV ? num_div(&result, &a.num, &b.num)
		   : num_mod(&result, &a.num, &b.num);
		if (ok < 0)
			val_set_null(to);
		else
			val_set_num(to, result);
	} else if (n->op != OP_MOD &&
	           (a.kind == VAL_INTERVAL || (a.kind == VAL_NUM && n->op == OP_MUL)) &&
	           (b.kind == VAL_INTERVAL || b.kind == VAL_NUM)) {
		eval_interval_product(&a, &b, n->op == OP_DIV, to);
	} else {
		val_set_null(to);
	}
}

static void
eval_neg(const struct node *n, const struct expr_env *env, struct val *to)
{
	struct val a;
	struct num negated;

	eval_arg(n, 0, env, &a);
	if (a.kind == VAL_NUM) {
		num_neg(&negated, &a.num);
		val_set_num(to, negated);
	} else if (a.kind == VAL_INTERVAL && a.ms != INT64_MIN) {
		val_set_ms(to, VAL_INTERVAL, -a.ms);
	} else {
		val_set_null(to);
	}
}

static void
eval_concat(const struct node *n, const struct expr_env *env, struct val *to)
{
	struct str *part = arena_alloc(env->scratch, n->n * sizeof(*part));
	size_t      length = 0;
	struct val  v;
	char       *text;

	for (size_t i = 0; i < n->n; i++) {
		eval_arg(n, i, env, &v);
		if (val_to_text(&part[i], &v, env->scratch) < 0 ||
		    (length += part[i].n) > TEXT_MAX) {
			val_set_null(to);
			return;
		}
	}
	text = arena_alloc(env->scratch, length);
	length = 0;
	for (size_t i = 0; i < n->n; i++) {
		if (part[i].n > 0)
			memcpy(text + length, part[i].p, part[i].n);
		length += part[i].n;
	}
	val_set_text(to, (struct str){ text, length });
}

/* ---- choices and calls */

/* arg: condition, value, condition, value, ..., [value of ELSE]. */
static void
eval_case(const struct node *n, const struct expr_env *env, struct val *to)
{
	size_t i = 0;

	for (; i + 1 < n->n; i += 2) {
		if (n->arg[i]->truth(n->arg[i], env) == TRI_TRUE) {
			eval_arg(n, i + 1, env, to);
			return;
		}
	}
	if (i < n->n)
		eval_arg(n, i, env, to);
	else
		val_set_null(to);
}

static void
eval_coalesce(const struct node *n, const struct expr_env *env, struct val *to)
{
	for (size_t i = 0; i < n->n; i++) {
		eval_arg(n, i, env, to);
		if (to->kind != VAL_NULL)
			return;
	}
}

static void
eval_cast(const struct node *n, const struct expr_env *env, struct val *to)
{
	struct val v;

	eval_arg(n, 0, env, &v);
	cast_val(to, &v, &n->cast, env->scratch);
}

/* The arguments in order; NULL at the first that is NULL or not of the kind the function wants. */
static void
eval_call(const struct node *n, const struct expr_env *env, struct val *to)
{
	const struct func *f = n->func;
	struct val        *arg = arena_alloc(env->scratch, n->n * sizeof(*arg));

	for (size_t i = 0; i < n->n; i++) {
		int wanted = func_wants(f, i);

		eval_arg(n, i, env, &arg[i]);
		if (arg[i].kind == VAL_NULL ||
		    (wanted != KIND_UNKNOWN && (int)arg[i].kind != wanted)) {
			val_set_null(to);
			return;
		}
	}
	val_set_null(to);
	f->call(n, arg, env->scratch, to);
}

struct binding {
	eval_fn  *eval;
	truth_fn *truth;
};

static const struct binding bindings[] = {
	[OP_CONST] = { eval_const, truth_of_value },
	[OP_FIELD] = { eval_field, truth_field },
	[OP_SLOT] = { eval_slot, truth_of_value },
	[OP_TAKEN] = { taken_eval, truth_of_value },
	[OP_AND] = { value_of_truth, truth_and },
	[OP_OR] = { value_of_truth, truth_or },
	[OP_NOT] = { value_of_truth, truth_not },
	[OP_EQ] = { value_of_truth, truth_comparison },
	[OP_NE] = { value_of_truth, truth_comparison },
	[OP_LT] = { value_of_truth, truth_comparison },
	[OP_LE] = { value_of_truth, truth_comparison },
	[OP_GT] = { value_of_truth, truth_comparison },
	[OP_GE] = { value_of_truth, truth_comparison },
	[OP_DISTINCT] = { value_of_truth, truth_distinct },
	[OP_IS_NULL] = { value_of_truth, truth_is_null },
	[OP_IS_TRUE] = { value_of_truth, truth_is },
	[OP_IS_FALSE] = { value_of_truth, truth_is },
	[OP_BETWEEN] = { value_of_truth, truth_between },
	[OP_IN] = { value_of_truth, truth_in },
	[OP_LIKE] = { value_of_truth, truth_like },
	[OP_REGEXP] = { value_of_truth, truth_regexp },
	[OP_ADD] = { eval_sum, truth_of_value },
	[OP_SUB] = { eval_sum, truth_of_value },
	[OP_MUL] = { eval_product, truth_of_value },
	[OP_DIV] = { eval_product, truth_of_value },
	[OP_MOD] = { eval_product, truth_of_value },
	[OP_NEG] = { eval_neg, truth_of_value },
	[OP_CONCAT] = { eval_concat, truth_of_value },
	[OP_CASE] = { eval_case, truth_of_value },
	[OP_CAST] = { eval_cast, truth_of_value },
	[OP_COALESCE] = { eval_coalesce, truth_of_value },
	[OP_CALL] = { eval_call, truth_of_value },
};

static void
bind_comparison(struct node *n)
{
	const struct node *field = n->arg[0], *constant = n->arg[1];
	struct small       small;

	if (field->op != OP_FIELD || constant->op != OP_CONST)
		return;
	if (constant->kind == VAL_TEXT) {
		n->truth = truth_field_text;
		n->fast.text = constant->val.text;
	} else if (constant->kind == VAL_NUM && small_of_num(&small, &constant->val.num)) {
		n->truth = truth_field_number;
		n->fast.small = small;
	}
	n->fast.field = field->index;
}

void
node_bind(struct node *n)
{
	n->eval = bindings[n->op].eval;
	n->truth = bindings[n->op].truth;
	if (n->op >= OP_EQ && n->op <= OP_GE)
		bind_comparison(n);
}
