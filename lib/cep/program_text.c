/* SPDX-License-Identifier: Apache-2.0 */
/* program_text.c - a program's states and conditions, for people and for saved state */
#include "cep/program.h"

int
program_state_name(const struct program *g, int state, struct buf *to)
{
	const struct state *s = &g->states[state];
	const struct str name =
		s->element < 0 ? STR("(match)") : g->pattern->elements[s->element]->name;

	if (buf_add_str(to, name.n == 0 ? STR("(group)") : name) < 0)
		return -1;
	return s->ordinal == 0 ? 0 : buf_addf(to, ":%d", s->ordinal - 1);
}

int
program_cond_text(const struct program *g, int cond, struct buf *to)
{
	const struct cond *c = &g->conds[cond];

	switch (c->kind) {
	case COND_TRUE:
		return buf_add_str(to, STR("TRUE"));
	case COND_FALSE:
		return buf_add_str(to, STR("FALSE"));
	case COND_LEAF:
		return buf_add_str(to, g->leaves[c->a].text);
	case COND_NOT:
		buf_add_str(to, STR("NOT ("));
		program_cond_text(g, c->a, to);
		return buf_add_str(to, STR(")"));
	default:
		buf_add_str(to, STR("("));
		program_cond_text(g, c->a, to);
		buf_add_str(to, c->kind == COND_AND ? STR(") AND (") : STR(") OR ("));
		program_cond_text(g, c->b, to);
		return buf_add_str(to, STR(")"));
	}
}
