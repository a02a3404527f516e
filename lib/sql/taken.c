/* SPDX-License-Identifier: Apache-2.0 */
/*
 * taken.c - FIRST, LAST, COUNT, SUM and others over the events that a pattern has taken
 *
 * The argument is evaluated on each of these events in turn, as if it were the current one.
 * NULLs are passed over as by any aggregate, except by FIRST and LAST, which look at one
 * event and take what it has.
 */
#include "sql/agg.h"
#include "sql/parse.h"

static void
eval_on(const struct node *n, const struct expr_env *env, size_t i, struct val *to)
{
	struct expr_env there = *env;

	there.fields = env->taken->fields(env->taken->self, n->taken.pattern, i);
	n->arg[0]->eval(n->arg[0], &there, to);
}

static size_t
count_values(const struct node *n, const struct expr_env *env, size_t events)
{
	struct val v;
	size_t     count = 0;

	for (size_t i = 0; i < events; i++) {
		eval_on(n, env, i, &v);
		count += v.kind != VAL_NULL;
	}
	return count;
}

static void
sum(const struct node *n, const struct expr_env *env, size_t events, struct val *to)
{
	struct num total = num_of(0), count = num_of(0);
	struct val v;

	for (size_t i = 0; i < events; i++) {
		eval_on(n, env, i, &v);
		if (v.kind != VAL_NUM)
			continue;
		if (num_add(&total, &total, &v.num) < 0)
			return;
		count.v++;
	}
	if (count.v > 0 && (n->taken.fn == TAKEN_SUM || num_div(&total, &total, &count) == 0))
		val_set_num(to, total);
}

static void
extreme(const struct node *n, const struct expr_env *env, size_t events, struct val *to)
{
	int        wanted = n->taken.fn == TAKEN_MIN ? -1 : 1;
	struct val v;

	for (size_t i = 0; i < events; i++) {
		eval_on(n, env, i, &v);
		if (v.kind != VAL_NULL && (to->kind == VAL_NULL || val_cmp(&v, to) == wanted))
			*to = v;
	}
}

static void
value_from(const struct node *n, const struct expr_env *env, size_t events, bool last,
           struct val *to)
{
	for (size_t i = 0; i < events && to->kind == VAL_NULL; i++)
		eval_on(n, env, last ? events - 1 - i : i, to);
}

static void
spread(const struct node *n, const struct expr_env *env, size_t events, struct val *to)
{
	const struct agg_kind *kind = n->taken.kind;
	const struct agg_call call = { .kind = kind };
	void *acc = memset(arena_alloc(env->scratch, kind->size), 0, kind->size);
	struct val v;

	for (size_t i = 0; i < events; i++) {
		eval_on(n, env, i, &v);
		if (v.kind == VAL_NUM)
			kind->add(&call, acc, &(struct agg_value){ .val = &v, .state = AGG_VAL },
			          NULL);
	}
	kind->result_of(&call, acc, to, env->scratch);
	if (kind->drop != NULL)
		kind->drop(acc);
}

void
taken_eval(const struct node *n, const struct expr_env *env, struct val *to)
{
	const struct taken *taken = env->taken;
	size_t events = taken == NULL ? 0 : taken->count(taken->self, n->taken.pattern);
	size_t offset = n->taken.offset;

	val_set_null(to);
	switch (n->taken.fn) {
	case TAKEN_FIRST:
	case TAKEN_LAST:
		if (offset < events)
			eval_on(n, env, n->taken.fn == TAKEN_FIRST ? offset : events - 1 - offset,
			        to);
		break;
	case TAKEN_COUNT:
		if (n->n > 0)
			events = count_values(n, env, events);
		val_set_num(to, num_of((int64_t)events));
		break;
	case TAKEN_SUM:
	case TAKEN_AVG:
		sum(n, env, events, to);
		break;
	case TAKEN_MIN:
	case TAKEN_MAX:
		extreme(n, env, events, to);
		break;
	case TAKEN_FIRST_VALUE:
	case TAKEN_LAST_VALUE:
		value_from(n, env, events, n->taken.fn == TAKEN_LAST_VALUE, to);
		break;
	case TAKEN_SPREAD:
		spread(n, env, events, to);
		break;
	}
}

/* ---- grammar */

static int
find_taken(const struct token *name)
{
	static const char *const words[] = { "FIRST", "LAST", "COUNT", "SUM", "AVG",
		                             "MIN",   "MAX",  "FIRST_VALUE", "LAST_VALUE" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (lex_is_word(name, words[i]))
			return (int)i;
	return parse_spread(name) != NULL ? TAKEN_SPREAD : -1;
}

bool
parse_is_taken(const struct token *name)
{
	const int fn = find_taken(name);

	return fn == TAKEN_FIRST_VALUE || fn == TAKEN_LAST_VALUE;
}

/* COUNT(p): the name of a pattern alone. 1 if it was that, 0 if not, -1 with err. */
static int
parse_whole_pattern(struct parser *p)
{
	struct token next = lex_peek(&p->lex);
	bool         name = p->lex.now.kind == TOKEN_WORD || p->lex.now.kind == TOKEN_NAME;
	int          pattern;

	if (!name || !lex_is_sign(&next, ")") ||
	    (pattern = p->scope->pattern(p->scope->arg, p->lex.now.text)) < 0)
		return 0;
	p->pattern = pattern;
	return parse_next(p) < 0 ? -1 : 1;
}

/* COUNT(*): all rows. 1 if it was that, 0 if not, -1 with err. */
static int
parse_all_rows(struct parser *p)
{
	const int got = parse_accept_sign(p, "*");

	if (got > 0)
		p->pattern = p->scope->rows->all;
	return got;
}

static int
parse_taken_args(struct parser *p, struct node *n, struct nodes *args)
{
	const bool rows = p->scope->rows != NULL, count = n->taken.fn == TAKEN_COUNT;
	int whole = !count ? 0 : rows ? parse_all_rows(p) : parse_whole_pattern(p);
	int more = 0;

	if (whole < 0 || (whole == 0 && rows && rows_quantifier(p) < 0))
		return -1;
	if (whole == 0) {
		struct node *arg = parse_expr(p);

		if (arg == NULL)
			return -1;
		nodes_add(&p->build, args, arg);
	}
	if (p->pattern < 0 && rows)
		return lex_fail(&p->lex, args->p[0]->at,
		                "expected a column, SUM(A.x) or SUM(x) (rows are counted by "
		                "COUNT(*))");
	if (p->pattern < 0)
		return lex_fail(
			&p->lex, args->p[0]->at,
			"expected the name of a pattern and a path, FIRST(p.x) for example");
	if ((n->taken.fn == TAKEN_FIRST || n->taken.fn == TAKEN_LAST) &&
	    (more = parse_accept_sign(p, ",")) > 0 &&
	    parse_count(p, UINT32_MAX, &n->taken.offset) < 0)
		return -1;
	return more < 0 ? -1 : parse_expect_sign(p, ")");
}

/* Of pattern, over these arguments. */
static void
look_back(struct parser *p, struct node *n, int pattern, const struct nodes *args)
{
	p->build.into->looks_back = true;
	n->taken.pattern = pattern;
	n->n = args->n;
	n->arg = args->p;
	n->depth = (uint16_t)(args->n > 0 ? args->p[0]->depth + 1 : 1);
}

struct node *
parse_taken(struct parser *p)
{
	struct nodes args = { 0 };
	struct node *n = build_leaf(&p->build, OP_TAKEN, KIND_UNKNOWN, p->lex.now.at,
	                            p->lex.now.end);
	int          fn = find_taken(&p->lex.now);
	int          got;

	if (fn < 0) {
		lex_fail(&p->lex, n->at,
		         "%.*s cannot be used on a pattern (FIRST, LAST, COUNT, SUM, AVG, MIN, "
		         "MAX, STDDEV and VARIANCE can)",
		         STR_ARGS(p->lex.now.text));
		return NULL;
	}
	n->taken.fn = (enum taken_fn)fn;
	n->taken.kind = parse_spread(&p->lex.now);
	if (parse_next(p) < 0 || parse_expect_sign(p, "(") < 0)
		return NULL;
	p->in_taken = true;
	p->pattern = -1;
	got = parse_taken_args(p, n, &args);
	p->in_taken = false;
	if (got < 0)
		return NULL;
	look_back(p, n, p->pattern, &args);
	if (fn == TAKEN_COUNT || fn == TAKEN_SUM || fn == TAKEN_AVG || fn == TAKEN_SPREAD)
		n->kind = VAL_NUM;
	else if (args.n > 0)
		n->kind = args.p[0]->kind;
	n->end = p->lex.now.at;
	return n;
}

struct node *
taken_last(struct parser *p, int variable, struct node *leaf, size_t at)
{
	struct nodes args = { 0 };
	struct node *n = build_leaf(&p->build, OP_TAKEN, leaf->kind, at, p->lex.now.at);

	nodes_add(&p->build, &args, leaf);
	n->taken.fn = TAKEN_LAST;
	look_back(p, n, variable, &args);
	return n;
}
