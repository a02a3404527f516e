/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.c - states in the order in which a match passes them: from the start, the newest last
 */
#include "cep/explain.h"

#include "base/time.h"
#include "cep/nfa.h"

static const char *const edge_words[] = { "take", "ignore", "proceed" };
static const char *const state_words[] = { "", " (start)", " (end)",
	                                   " (waits for the window to end)",
	                                   " (kills the branch)" };

static void
add_duration(struct buf *to, const char *what, int64_t ms)
{
	char text[DUR_TEXT_MAX];

	if (ms > 0) {
		buf_addf(to, "%s", what);
		buf_add(to, text, dur_print(text, ms));
	}
}

/* How the general engine finds what becomes of a branch (nfa.h). */
static void
add_moves(const struct program *g, struct buf *to)
{
	if (g->n > NFA_STATES_MAX)
		buf_addf(to, "\nmoves: worked out for each event (more than %d states)",
		         NFA_STATES_MAX);
	else if (g->iterative != 0)
		buf_add_str(to, STR("\nmoves: remembered by the conditions that hold, but for "
		                    "those that ask what has been taken"));
	else
		buf_add_str(to, STR("\nmoves: remembered by the conditions that hold"));
}

int
explain_table(const struct program *g, bool slicing, struct buf *to)
{
	buf_addf(to, "engine: %s", slicing ? "one list of events a key" : "branches");
	if (!slicing)
		add_moves(g, to);
	add_duration(to, "\nwindow: ", g->window);
	if (g->inert)
		buf_add_str(to,
		            STR("\nevents for which no condition holds are passed over at once"));
	buf_add_char(to, '\n');
	for (int s = g->n - 1; s >= 0; s--) {
		const struct state *state = &g->states[s];
		buf_add_char(to, '\n');
		program_state_name(g, s, to);
		buf_addf(to, "%s", state_words[state->kind]);
		add_duration(to, ", sooner than ", state->gap);
		buf_add_char(to, '\n');
		for (int i = 0; i < state->n; i++) {
			const struct edge *e = &state->edges[i];
			if (g->conds[e->cond].kind == COND_FALSE)
				continue;
			buf_addf(to, "  %-8s", edge_words[e->kind]);
			if (e->target >= 0)
				program_state_name(g, e->target, to);
			buf_add_str(to, STR("  if "));
			program_cond_text(g, e->cond, to);
			buf_add_char(to, '\n');
		}
	}
	return 0;
}

/* Inside double quotes. */
static void
add_label(struct buf *to, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			buf_add_char(to, '\\');
		buf_add_char(to, text.p[i]);
	}
}

int
explain_dot(const struct program *g, struct buf *to)
{
	static const char *const styles[] = { "solid", "dashed", "dotted" };
	struct buf text;

	buf_init(&text, BUF_NO_MAX);
	buf_add_str(to, STR("digraph pattern {\n\trankdir=LR;\n"));
	for (int s = g->n - 1; s >= 0; s--) {
		buf_clear(&text);
		program_state_name(g, s, &text);
		buf_addf(to, "\ts%d [shape=%s,label=\"", s,
		         g->states[s].kind == STATE_FINAL ? "doublecircle" : "box");
		add_label(to, buf_str(&text));
		buf_addf(to, "%s\"];\n", state_words[g->states[s].kind]);
		for (int i = 0; i < g->states[s].n; i++) {
			const struct edge *e = &g->states[s].edges[i];
			if (e->target < 0 || g->conds[e->cond].kind == COND_FALSE)
				continue;
			buf_clear(&text);
			program_cond_text(g, e->cond, &text);
			buf_addf(to, "\ts%d -> s%d [style=%s,label=\"%s: ", s, e->target,
			         styles[e->kind], edge_words[e->kind]);
			add_label(to, buf_str(&text));
			buf_add_str(to, STR("\"];\n"));
		}
	}
	buf_release(&text);
	return buf_add_str(to, STR("}\n"));
}
