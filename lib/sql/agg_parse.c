/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agg_parse.c - aggregate calls: F([DISTINCT] x) [FILTER (WHERE c)], COUNT(*) BY x
 *
 * The argument, the filter and BY's expression are expressions of their own, because the
 * call outlives the text it stood in: it belongs to the scope.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sql/agg.h"
#include "sql/parse.h"

#define TOP_MAX 1000

enum form { FORM_PLAIN, FORM_COUNT, FORM_QUANTILE, FORM_TOP };

static const struct {
	const char            *word;
	const struct agg_kind *kind;
	enum form              form;
	bool                   distinct;        /* may be DISTINCT */
} words[] = {
	{ "COUNT", &agg_count, FORM_COUNT, true },
	{ "SUM", &agg_sum, FORM_PLAIN, true },
	{ "AVG", &agg_avg, FORM_PLAIN, true },
	{ "MIN", &agg_min, FORM_PLAIN, true },
	{ "MAX", &agg_max, FORM_PLAIN, true },
	{ "FIRST", &agg_first, FORM_PLAIN, false },
	{ "LAST", &agg_last, FORM_PLAIN, false },
	{ "STDDEV", &agg_stddev_samp, FORM_PLAIN, true },
	{ "STDDEV_POP", &agg_stddev_pop, FORM_PLAIN, true },
	{ "STDDEV_SAMP", &agg_stddev_samp, FORM_PLAIN, true },
	{ "VARIANCE", &agg_var_samp, FORM_PLAIN, true },
	{ "VAR_POP", &agg_var_pop, FORM_PLAIN, true },
	{ "VAR_SAMP", &agg_var_samp, FORM_PLAIN, true },
	{ "MEDIAN", &agg_median, FORM_PLAIN, true },
	{ "QUANTILE", &agg_quantile, FORM_QUANTILE, true },
	{ "APPROX_COUNT_DISTINCT", &agg_approx_count_distinct, FORM_PLAIN, false },
	{ "TOP", &agg_top, FORM_TOP, false },
	{ "COLLECT", &agg_collect, FORM_PLAIN, true },
};

#define WORDS (sizeof(words) / sizeof(words[0]))

static size_t
find_word(const struct token *t)
{
	size_t i = 0;

	while (i < WORDS && !lex_is_word(t, words[i].word))
		i++;
	return i;
}

bool
parse_is_aggregate(struct str name)
{
	struct token t = { .kind = TOKEN_WORD, .text = name };

	return find_word(&t) < WORDS;
}

const struct agg_kind *
parse_spread(const struct token *name)
{
	static const struct agg_kind *const spreads[] = { &agg_stddev_pop, &agg_stddev_samp,
		                                          &agg_var_pop, &agg_var_samp };
	const size_t word = find_word(name);

	for (size_t i = 0; word < WORDS && i < sizeof(spreads) / sizeof(spreads[0]); i++)
		if (words[word].kind == spreads[i])
			return spreads[i];
	return NULL;
}

void
agg_call_free(struct agg_call *call)
{
	if (call == NULL)
		return;
	expr_free(call->arg);
	expr_free(call->filter);
	free(call->signature);
	free(call);
}

static struct expr *
parse_inside(struct parser *p, bool condition, const char *who)
{
	struct expr *e;

	p->in_aggregate = true;
	e = parse_own_expr(p, condition, who);
	p->in_aggregate = false;
	return e;
}

static int
parse_distinct(struct parser *p, struct agg_call *call, size_t word)
{
	size_t at = p->lex.now.at;
	struct token next = lex_peek(&p->lex);

	/* A member may be called distinct. */
	if (!parse_at_word(p, "DISTINCT") || lex_is_sign(&next, ")") || lex_is_sign(&next, ".") ||
	    lex_is_sign(&next, ","))
		return 0;
	if (!words[word].distinct)
		return lex_fail(&p->lex, at, "%s does not take DISTINCT", words[word].word);
	if (call->kind == &agg_count)
		call->kind = &agg_count_distinct;
	else if (call->kind != &agg_min && call->kind != &agg_max) {
		call->inner = call->kind;
		call->kind = &agg_distinct;
	}
	return parse_next(p);
}

/* The q of QUANTILE(x, q), behind the comma. */
static int
parse_fraction(struct parser *p, struct num *to)
{
	struct num zero = num_of(0), one = num_of(1);

	if (p->lex.now.kind != TOKEN_NUMBER || num_parse(to, p->lex.now.text) < 0 ||
	    num_cmp(to, &zero) < 0 ||
	    num_cmp(to, &one) > 0) {
		parse_expected(p, "a number from 0 to 1");
		return -1;
	}
	return parse_next(p);
}

static int
parse_args(struct parser *p, struct agg_call *call, size_t word)
{
	const struct agg_kind *kind = call->kind;
	size_t                 at;
	int                    kind_of_arg;

	if (words[word].form == FORM_COUNT && parse_at_sign(p, "*"))
		return parse_next(p) < 0 ? -1 : parse_expect_sign(p, ")");
	if (words[word].form == FORM_TOP &&
	    (parse_count(p, TOP_MAX, &call->top) < 0 || parse_expect_sign(p, ",") < 0))
		return -1;
	if (parse_distinct(p, call, word) < 0)
		return -1;
	at = p->lex.now.at;
	call->arg = parse_inside(p, false, "");
	if (call->arg == NULL)
		return -1;
	kind_of_arg = expr_kind(call->arg);
	if (kind->numbers && kind_of_arg != KIND_UNKNOWN && kind_of_arg != VAL_NUM &&
	    kind_of_arg != VAL_NULL)
		return lex_fail(&p->lex, at, "%s takes numbers, and this is %s", words[word].word,
		                val_kind_name((enum val_kind)kind_of_arg));
	if (words[word].form == FORM_QUANTILE &&
	    (parse_expect_sign(p, ",") < 0 || parse_fraction(p, &call->fraction) < 0))
		return -1;
	return parse_expect_sign(p, ")");
}

/* FILTER (WHERE c): the word is the current token. */
static int
parse_filter(struct parser *p, struct agg_call *call)
{
	if (call->filter != NULL)
		return lex_fail(&p->lex, p->lex.now.at,
		                "a call has one FILTER (AND joins conditions)");
	if (parse_next(p) < 0 || parse_expect_sign(p, "(") < 0 || parse_expect_word(p, "WHERE") < 0)
		return -1;
	call->filter = parse_inside(p, true, "FILTER");
	return call->filter == NULL ? -1 : parse_expect_sign(p, ")");
}

/* COUNT(*) BY x: the word is the current token. */
static int
parse_by(struct parser *p, struct agg_call *call)
{
	struct expr *outer = p->build.into, *own;

	if (call->kind != &agg_count || call->arg != NULL)
		return lex_fail(&p->lex, p->lex.now.at, "BY goes with COUNT(*)");
	if (parse_next(p) < 0)
		return -1;
	own = mem_zalloc(1, sizeof(*own));
	p->build.into = own;
	p->lex.mem = &own->mem;
	p->in_aggregate = true;
	own->root = parse_sum(p);
	p->in_aggregate = false;
	p->build.into = outer;
	p->lex.mem = &outer->mem;
	call->arg = own;
	call->kind = &agg_by;
	return own->root == NULL ? -1 : 0;
}

static int
parse_tail(struct parser *p, struct agg_call *call)
{
	for (;;) {
		if (parse_at_word(p, "FILTER")) {
			if (parse_filter(p, call) < 0)
				return -1;
		} else if (parse_at_word(p, "BY")) {
			if (parse_by(p, call) < 0)
				return -1;
		} else {
			return 0;
		}
	}
}

/* The name as the table has it, and the rest as it is written: a word in another case or a
 * space makes it another call, which costs memory and is right. */
static char *
signature_of(const struct parser *p, const char *word, size_t from, size_t to)
{
	size_t length = strlen(word) + 1 + (to - from);
	char  *s = mem_alloc(length + 1);

	snprintf(s, length + 1, "%s %.*s", word, (int)(to - from), p->lex.text.p + from);
	while (length > 0 && s[length - 1] == ' ')
		s[--length] = '\0';
	return s;
}

static int
result_kind(const struct agg_call *call)
{
	const struct agg_kind *kind = call->kind == &agg_distinct ? call->inner : call->kind;

	if (kind->result == KIND_UNKNOWN && call->arg != NULL)
		return expr_kind(call->arg);
	return kind->result;
}

static void
choose_how(struct agg_call *call)
{
	call->field = call->arg != NULL ? expr_field(call->arg) : -1;
	if (call->arg == NULL)
		call->how = AGG_EACH;
	else if (call->kind == &agg_by)
		call->how = AGG_BY;
	else if (call->field < 0)
		call->how = AGG_EXPR;
	else
		call->how = call->kind == &agg_count ? AGG_THERE : AGG_FIELD;
}

struct node *
parse_aggregate(struct parser *p)
{
	size_t           word = find_word(&p->lex.now), at = p->lex.now.at, from = p->lex.now.end;
	struct agg_call *call = mem_zalloc(1, sizeof(*call));
	struct node     *n;
	int              kind, slot = -1;

	call->kind = words[word].kind;
	if (parse_next(p) < 0 || parse_expect_sign(p, "(") < 0 || parse_args(p, call, word) < 0 ||
	    parse_tail(p, call) < 0) {
		agg_call_free(call);
		return NULL;
	}
	choose_how(call);
	call->signature = signature_of(p, words[word].word, from, p->lex.now.at);
	kind = result_kind(call);
	slot = p->scope->aggregate(p->scope->arg, call, p->lex.err);
	if (slot < 0)
		return NULL;
	n = build_leaf(&p->build, OP_SLOT, kind, at, p->lex.now.at);
	n->index = slot;
	return n;
}
