/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr.c - expressions as the rest of the toolkit sees them
 */
#include <stdlib.h>

#include "sql/parse.h"

static struct expr *
new_expr(void)
{
	return mem_zalloc(1, sizeof(struct expr));
}

void
expr_free(struct expr *e)
{
	if (e == NULL)
		return;
	for (size_t i = 0; i < e->n_regexps; i++)
		regexp_free(e->regexps[i]);
	free(e->regexps);
	if (e->locale != (locale_t)0)
		freelocale(e->locale);
	arena_release(&e->mem);
	free(e);
}

struct expr *
parse_own_expr(struct parser *p, bool condition, const char *who)
{
	struct expr *outer = p->build.into, *own = new_expr();

	p->build.into = own;
	p->lex.mem = &own->mem;
	own->root = parse_expr(p);
	p->build.into = outer;
	p->lex.mem = &outer->mem;
	if (own->root == NULL ||
	    (condition && build_want_condition(&p->build, own->root, who) < 0)) {
		expr_free(own);
		return NULL;
	}
	return own;
}

struct expr *
expr_new(struct str text, const char *what, const struct expr_scope *scope, struct err *err)
{
	struct expr  *e = new_expr();
	struct parser p;

	if (parse_start(&p, text, what, scope, e, err) < 0 || (e->root = parse_expr(&p)) == NULL ||
	    parse_end(&p) < 0) {
		expr_free(e);
		return NULL;
	}
	return e;
}

/* Not a path, though its result stands in a slot. */
static bool
is_call(struct str text)
{
	bool quoted = false;

	for (size_t i = 0; i < text.n; i++) {
		quoted ^= text.p[i] == '`';
		if (text.p[i] == '(' && !quoted)
			return true;
	}
	return false;
}

/* The last member of a plain path, else the text. */
static struct str
default_name(struct parser *p, const struct node *n)
{
	struct str text = str_slice(p->lex.text, n->at, n->end);
	size_t     at = text.n;

	while (text.n > 0 && text.p[text.n - 1] == ' ')
		text.n--;
	if ((n->op != OP_FIELD && n->op != OP_SLOT) || is_call(text))
		return text;
	if (text.n > 2 && text.p[text.n - 1] == '`') {
		for (at = text.n - 1; at > 0 && text.p[at - 1] != '`'; )
			at--;
		return str_slice(text, at, text.n - 1);
	}
	for (at = text.n; at > 0 && text.p[at - 1] != '.'; )
		at--;
	return str_slice(text, at, text.n);
}

static int
keep_name(struct parser *p, struct str text, size_t at, char **name)
{
	if (str_eq(text, STR("_maip")))
		return lex_fail(&p->lex, at, "no column may be called _maip: lines that begin "
		                "with it are control lines (choose another NAME)");
	*name = mem_dup(text);
	return 0;
}

/* AS NAME, or nothing. *name is a copy. */
static int
parse_name(struct parser *p, const struct node *n, char **name)
{
	int got = parse_accept_word(p, "AS");

	if (got < 0)
		return -1;
	if (got == 0)
		return keep_name(p, default_name(p, n), n->at, name);
	if (p->lex.now.kind != TOKEN_WORD && p->lex.now.kind != TOKEN_NAME) {
		parse_expected(p, "a name");
		return -1;
	}
	if (keep_name(p, p->lex.now.text, p->lex.now.at, name) < 0)
		return -1;
	if (parse_next(p) < 0) {
		free(*name);
		*name = NULL;
		return -1;
	}
	return 0;
}

struct expr *
expr_new_as(struct str text, const char *what, const struct expr_scope *scope, char **name,
            struct err *err)
{
	struct expr  *e = new_expr();
	struct parser p;

	*name = NULL;
	if (parse_start(&p, text, what, scope, e, err) < 0 || (e->root = parse_expr(&p)) == NULL ||
	    parse_name(&p, e->root, name) < 0 || parse_end(&p) < 0) {
		free(*name);
		*name = NULL;
		expr_free(e);
		return NULL;
	}
	return e;
}

static int
parse_column(struct parser *p, struct expr_column *column)
{
	*column = (struct expr_column){ .expr = parse_own_expr(p, false, "") };
	if (column->expr == NULL)
		return -1;
	if (parse_name(p, column->expr->root, &column->name) == 0)
		return 0;
	expr_free(column->expr);
	return -1;
}

int
expr_list(struct str text, const char *what, const struct expr_scope *scope,
          struct expr_column **list, size_t *n, struct err *err)
{
	struct expr  *tokens = new_expr();      /* owns the tokens between the columns */
	size_t        before = *n;
	struct parser p;
	int           more = 1;

	if (parse_start(&p, text, what, scope, tokens, err) < 0)
		more = -1;
	while (more > 0) {
		*list = mem_resize(*list, *n + 1, sizeof(struct expr_column));
		if (parse_column(&p, &(*list)[*n]) < 0) {
			more = -1;
			break;
		}
		(*n)++;
		more = parse_accept_sign(&p, ",");
	}
	if (more == 0)
		more = parse_end(&p);
	expr_free(tokens);
	while (more < 0 && *n > before) {
		expr_free((*list)[--*n].expr);
		free((*list)[*n].name);
	}
	return more < 0 ? -1 : (int)(*n - before);
}

int
expr_kind(const struct expr *e)
{
	return e->root->kind;
}

bool
expr_looks_back(const struct expr *e)
{
	return e->looks_back;
}

int
expr_want_condition(const struct expr *e, const char *what, struct err *err)
{
	int kind = e->root->kind;

	if (kind == KIND_UNKNOWN || kind == VAL_NULL || kind == VAL_BOOL)
		return 0;
	return fail_as(err, STATUS_USAGE, "%s: this is %s, not a condition", what,
	               val_kind_name((enum val_kind)kind));
}

void
expr_eval(const struct expr *e, const struct expr_env *env, struct val *to)
{
	e->root->eval(e->root, env, to);
}

bool
expr_true(const struct expr *e, const struct expr_env *env)
{
	return e->root->truth(e->root, env) == TRI_TRUE;
}

int
expr_field(const struct expr *e)
{
	return e->root->op == OP_FIELD ? e->root->index : -1;
}
