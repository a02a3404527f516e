/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aggregate.c - the calls of a stage, laid out side by side
 *
 * Columns are expressions whose slots are the results of the calls. COUNT(*), COUNT(path) and
 * SUM(path) are done in line here, because a record costs little more than them.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "sql/agg.h"
#include "sql/build.h"

struct column {
	struct expr *expr;              /* over all results; NULL: the result of call */
	char        *name;              /* NULL: hidden */
	int          kind;              /* as expr_kind(); of a hidden one not told */
	size_t       call;
};

struct agg_list {
	struct agg_call **call;
	size_t            n, cap;
	struct column    *column;
	size_t            columns, columns_cap;
	size_t            size;         /* of all accumulators */
	uint64_t          seed;
	bool              timed;
};

struct agg_list *
agg_list_new(void)
{
	return mem_zalloc(1, sizeof(struct agg_list));
}

void
agg_list_free(struct agg_list *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->columns; i++) {
		expr_free(l->column[i].expr);
		free(l->column[i].name);
	}
	for (size_t i = 0; i < l->n; i++)
		agg_call_free(l->call[i]);
	free(l->column);
	free(l->call);
	free(l);
}

void
agg_list_seed(struct agg_list *l, uint64_t seed)
{
	l->seed = seed;
	for (size_t i = 0; i < l->n; i++)
		l->call[i]->seed = seed;
}

static bool
is_timed(const struct agg_call *call)
{
	return call->kind->timed || (call->inner != NULL && call->inner->timed);
}

/* A COUNT goes where a SUM has room for one. */
static void
lay_out(struct agg_list *l)
{
	size_t host = 0;

	l->size = 0;
	for (size_t i = 0; i < l->n; i++) {
		if (l->call[i]->kind == &agg_count)
			continue;
		l->call[i]->offset = l->size;
		l->size += (l->call[i]->kind->size + 7) & ~(size_t)7;
	}
	for (size_t i = 0; i < l->n; i++) {
		if (l->call[i]->kind != &agg_count)
			continue;
		while (host < l->n && l->call[host]->kind != &agg_sum)
			host++;
		if (host < l->n) {
			l->call[i]->offset = l->call[host++]->offset + offsetof(struct sum, n);
		} else {
			l->call[i]->offset = l->size;
			l->size += (sizeof(struct count) + 7) & ~(size_t)7;
		}
	}
}

/* The hook of the scope: a call that is there already is shared. */
static int
take_call(void *arg, struct agg_call *call, struct err *err)
{
	struct agg_list *l = arg;

	for (size_t i = 0; i < l->n; i++) {
		if (str_eq(str_of(l->call[i]->signature), str_of(call->signature))) {
			agg_call_free(call);
			return (int)i;
		}
	}
	if (l->n == AGG_CALLS_MAX) {
		agg_call_free(call);
		return fail_as(err, STATUS_USAGE, "more than %d different aggregates",
		               AGG_CALLS_MAX);
	}
	call->seed = l->seed;
	l->timed |= is_timed(call);
	l->call = mem_more(l->call, l->n, &l->cap, sizeof(struct agg_call *));
	l->call[l->n++] = call;
	lay_out(l);
	return (int)(l->n - 1);
}

static struct column *
new_column(struct agg_list *l)
{
	l->column = mem_more(l->column, l->columns, &l->columns_cap, sizeof(*l->column));
	l->column[l->columns] = (struct column){ 0 };
	return &l->column[l->columns++];
}

/* COUNT(*) without a name is "count", as --agg's default is; anything else is called what
 * it says. */
static void
name_column(struct column *c, struct str text)
{
	if (str_eq(str_of(c->name), STR("COUNT(*)")) && text.n == sizeof("COUNT(*)") - 1) {
		free(c->name);
		c->name = mem_dup(STR("count"));
	}
}

int
agg_list_add(struct agg_list *l, struct str text, struct extractor *x, struct err *err)
{
	const struct expr_scope scope = { .fields = x, .aggregate = take_call, .arg = l };
	char                   *name;
	struct expr            *e = expr_new_as(text, "--agg", &scope, &name, err);
	struct column          *c;

	if (e == NULL)
		return -1;
	c = new_column(l);
	*c = (struct column){ .expr = e, .name = name, .kind = expr_kind(e) };
	name_column(c, text);
	if (e->root->op == OP_SLOT) {
		c->call = (size_t)e->root->index;
		expr_free(e);
		c->expr = NULL;
	}
	return 0;
}

int
agg_list_call(struct agg_list *l, struct agg_call *call, struct err *err)
{
	int i = take_call(l, call, err);

	if (i < 0)
		return -1;
	new_column(l)->call = (size_t)i;
	return (int)(l->columns - 1);
}

size_t
agg_columns(const struct agg_list *l)
{
	return l->columns;
}

struct str
agg_column_name(const struct agg_list *l, size_t column)
{
	const char *name = l->column[column].name;

	return name != NULL ? str_of(name) : (struct str){ NULL, 0 };
}

int
agg_column_kind(const struct agg_list *l, size_t column)
{
	return l->column[column].kind;
}

size_t
agg_size(const struct agg_list *l)
{
	return l->size;
}

bool
agg_needs_time(const struct agg_list *l)
{
	return l->timed;
}

bool
agg_grows(const struct agg_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->call[i]->kind->grows)
			return true;
	return false;
}

/* ---- a record */

static void
eval_expr(const struct agg_call *call, const struct expr_env *env, struct agg_value *to)
{
	struct val *v = arena_alloc(env->scratch, sizeof(*v));

	expr_eval(call->arg, env, v);
	to->val = v;
	to->state = v->kind == VAL_NULL ? AGG_NOTHING : AGG_VAL;
}

static inline void
eval_field(const struct agg_call *call, const struct expr_env *env, struct agg_value *to)
{
	const struct field *f = &env->fields[call->field];

	/* -0 keeps its sign only as a val. */
	if (f->kind == JSON_NUMBER && small_parse(&to->small, f->raw) &&
	    (to->small.v != 0 || f->raw.p[0] != '-'))
		to->state = AGG_SMALL;
	else if (f->kind == JSON_MISSING || f->kind == JSON_NULL)
		to->state = AGG_NOTHING;
	else
		eval_expr(call, env, to);
}

/* BY counts NULL, too. */
static void
eval_by(const struct agg_call *call, const struct expr_env *env, struct agg_value *to)
{
	struct val *v = arena_alloc(env->scratch, sizeof(*v));
	struct str  text = STR("null");

	expr_eval(call->arg, env, v);
	val_to_text(&text, v, env->scratch);
	val_set_text(v, text);
	to->val = v;
	to->state = AGG_VAL;
}

static inline void
eval_call(const struct agg_call *call, const struct expr_env *env, struct agg_value *to)
{
	switch (call->how) {
	case AGG_EACH:
		to->state = AGG_SMALL;
		break;
	case AGG_THERE:
		to->state = env->fields[call->field].kind > JSON_NULL ? AGG_SMALL : AGG_NOTHING;
		break;
	case AGG_FIELD:
		eval_field(call, env, to);
		break;
	case AGG_EXPR:
		eval_expr(call, env, to);
		break;
	case AGG_BY:
		eval_by(call, env, to);
		break;
	}
}

static bool
takes_numbers(const struct agg_call *call)
{
	return call->kind->numbers || (call->inner != NULL && call->inner->numbers);
}

const struct agg_input *
agg_eval(const struct agg_list *l, const struct expr_env *env, int64_t ts, uint64_t arrival)
{
	struct agg_input *in = arena_alloc(env->scratch, sizeof(*in) + l->n * sizeof(in->value[0]));

	in->ts = ts;
	in->arrival = arrival;
	in->misfit = NULL;
	for (size_t i = 0; i < l->n; i++) {
		const struct agg_call *call = l->call[i];

		if (call->filter != NULL && !expr_true(call->filter, env))
			in->value[i].state = AGG_NOTHING;
		else
			eval_call(call, env, &in->value[i]);
		if (in->value[i].state == AGG_VAL && in->value[i].val->kind != VAL_NUM &&
		    takes_numbers(call))
			in->misfit = call;
	}
	return in;
}

/* Apart, because the compiler clears what stands on the stack, and this is rare. */
static int
fail_misfit(const struct agg_list *l, const struct agg_input *in, struct err *err)
{
	const struct agg_call *call = in->misfit;
	const struct val *v;
	const char *inside = strchr(call->signature, '(');
	char        text[QUOTE_MAX], quoted[QUOTE_MAX];
	size_t      i = 0;

	while (l->call[i] != call)
		i++;
	v = in->value[i].val;
	snprintf(text, sizeof(text), "%.*s%s", (int)strcspn(call->signature, " ("),
	         call->signature, inside != NULL ? inside : "");
	return fail_as(err, STATUS_DATA,
	               "%s takes numbers, and this is %s (TRY_CAST makes one of it, or NULL)",
	               quote(quoted, str_of(text)),
	               v->kind != VAL_BOOL ? val_kind_name(v->kind)
	               : v->truth          ? "true"
	                                   : "false");
}

int
agg_check(const struct agg_list *l, const struct agg_input *in, struct err *err)
{
	return in->misfit == NULL ? 0 : fail_misfit(l, in, err);
}

void
agg_add(const struct agg_list *l, void *acc, const struct agg_input *in)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct agg_call  *call = l->call[i];
		const struct agg_value *v = &in->value[i];
		void                   *at = (char *)acc + call->offset;

		if (v->state == AGG_NOTHING)
			continue;
		if (call->kind == &agg_count)
			count_one(at);
		else if (call->kind == &agg_sum && v->state == AGG_SMALL)
			sum_add_small(at, v->small);
		else
			call->kind->add(call, at, v, in);
	}
}

void
agg_merge(const struct agg_list *l, void *into, const void *from)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct agg_call *call = l->call[i];

		call->kind->merge(call, (char *)into + call->offset,
		                  (const char *)from + call->offset);
	}
}

void
agg_result(const struct agg_list *l, const void *acc, struct val *to, struct arena *scratch)
{
	struct val           *results = arena_alloc(scratch, l->n * sizeof(*results));
	const struct expr_env env = { .slots = results, .scratch = scratch };

	for (size_t i = 0; i < l->n; i++)
		l->call[i]->kind->result_of(l->call[i], (const char *)acc + l->call[i]->offset,
		                            &results[i], scratch);
	for (size_t i = 0; i < l->columns; i++) {
		if (l->column[i].expr != NULL)
			expr_eval(l->column[i].expr, &env, &to[i]);
		else
			to[i] = results[l->column[i].call];
	}
}

void
agg_drop(const struct agg_list *l, void *acc)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->call[i]->kind->drop != NULL)
			l->call[i]->kind->drop((char *)acc + l->call[i]->offset);
	memset(acc, 0, l->size);
}

void
agg_weigh(const struct agg_list *l, const void *acc, struct agg_weight *to)
{
	size_t result = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct agg_kind *kind = l->call[i]->kind;
		const void            *at = (const char *)acc + l->call[i]->offset;

		if (kind->heap != NULL)
			to->heap += kind->heap(at);
		if (kind->takes != NULL)
			result += kind->takes(at);
	}
	if (result > to->result)
		to->result = result;
}

void
agg_save(const struct agg_list *l, const void *acc, struct buf *to)
{
	buf_put_u64(to, l->n);
	for (size_t i = 0; i < l->n; i++)
		l->call[i]->kind->save((const char *)acc + l->call[i]->offset, to);
}

int
agg_load(const struct agg_list *l, void *acc, struct cursor *from)
{
	memset(acc, 0, l->size);
	if (cursor_u64(from) != l->n)
		from->ok = false;
	for (size_t i = 0; i < l->n && from->ok; i++)
		if (l->call[i]->kind->load(l->call[i], (char *)acc + l->call[i]->offset, from) < 0)
			from->ok = false;
	if (from->ok)
		return 0;
	agg_drop(l, acc);
	return -1;
}
