/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.c - states in the order in which a match passes them: from the start, the newest last
 *
 * Flink's compiler makes states that nothing leads to; they are left out.
 */
#include "cep/explain.h"

#include <stdlib.h>

#include "base/mem.h"
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

/* ---- which states there are */

static void
visit(const struct program *g, int from, bool *seen, int *stack)
{
	size_t n = 0;

	seen[from] = true;
	stack[n++] = from;
	while (n > 0) {
		const struct state *s = &g->states[stack[--n]];
		for (int i = 0; i < s->n; i++) {
			const struct edge *e = &s->edges[i];
			if (e->target < 0 || seen[e->target] ||
			    g->conds[e->cond].kind == COND_FALSE)
				continue;
			seen[e->target] = true;
			stack[n++] = e->target;
		}
	}
}

/* By number: those that the start leads to. The caller frees it. */
static bool *
reachable(const struct program *g)
{
	bool *seen = mem_zalloc((size_t)g->n, sizeof(*seen));
	int  *stack = mem_zalloc((size_t)g->n, sizeof(*stack));

	visit(g, g->start, seen, stack);
	free(stack);
	return seen;
}

/* ---- about all of it */

static void
add_skip(const struct pattern *p, struct buf *to)
{
	static const char *const words[] = {
		[NO_SKIP] = "no-skip",
		[SKIP_TO_NEXT] = "skip-to-next",
		[SKIP_PAST_LAST] = "skip-past-last-event",
		[SKIP_TO_FIRST] = "skip-to-first=",
		[SKIP_TO_LAST] = "skip-to-last=",
	};
	static const char *const sql[] = {
		[NO_SKIP] = "",         /* is none of SQL's */
		[SKIP_TO_NEXT] = "SKIP TO NEXT ROW",
		[SKIP_PAST_LAST] = "SKIP PAST LAST ROW",
		[SKIP_TO_FIRST] = "SKIP TO FIRST ",
		[SKIP_TO_LAST] = "SKIP TO LAST ",
	};

	buf_addf(to, "after a match: %s", (p->sql ? sql : words)[p->skip.kind]);
	if (p->skip.name.p != NULL)
		buf_add_str(to, p->skip.name);
	if (p->skip.error && !p->sql)
		buf_add_str(to, STR(",error"));
}

/* A line each, the first without its beginning, the last without its end. */
static void
add_settings(const struct program *g, const struct explain_keys *keys, struct buf *to)
{
	for (size_t i = 0; i < keys->n; i++)
		buf_addf(to, "%s%s", i == 0 ? "key: " : ", ", keys->texts[i]);
	if (keys->n > 0)
		buf_add_char(to, '\n');
	if (g->window > 0) {
		add_duration(to, "window: ", g->window);
		buf_add_char(to, '\n');
	}
	add_skip(g->pattern, to);
}

/* A wait for a first event has no limit. */
static void
add_gap(const struct program *g, int s, const char *between, struct buf *to)
{
	if (s != g->start)
		add_duration(to, between, g->states[s].gap);
}

/* ---- table */

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

static void
add_state(const struct program *g, int s, struct buf *to)
{
	const struct state *state = &g->states[s];

	buf_add_char(to, '\n');
	program_state_name(g, s, to);
	buf_addf(to, "%s", state_words[state->kind]);
	add_gap(g, s, ", sooner than ", to);
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

int
explain_table(const struct program *g, const struct explain_keys *keys, bool slicing,
              struct buf *to)
{
	bool *seen = reachable(g);

	buf_addf(to, "engine: %s", slicing ? "one list of events a key" : "branches");
	if (!slicing)
		add_moves(g, to);
	buf_add_char(to, '\n');
	add_settings(g, keys, to);
	if (g->inert)
		buf_add_str(to,
		            STR("\nevents for which no condition holds are passed over at once"));
	buf_add_char(to, '\n');
	for (int s = g->n - 1; s >= 0; s--)
		if (seen[s])
			add_state(g, s, to);
	free(seen);
	return 0;
}

/* ---- graph */

/* Inside double quotes, where dot(1) reads \n as a new line and &amp; as a sign. */
static void
add_label(struct buf *to, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		const char c = text.p[i];
		if (c == '\n')
			buf_add_str(to, STR("\\n"));
		else if (c == '&')
			buf_add_str(to, STR("&amp;"));
		else if (c == '"' || c == '\\')
			buf_addf(to, "\\%c", c);
		else
			buf_add_char(to, (unsigned char)c < ' ' ? ' ' : c);
	}
}

/* text is the caller's, to work in. */
static void
add_node(const struct program *g, int s, struct buf *text, struct buf *to)
{
	static const char *const styles[] = { "solid", "dashed", "dotted" };
	const struct state *state = &g->states[s];

	buf_clear(text);
	program_state_name(g, s, text);
	buf_addf(text, "%s", state_words[state->kind]);
	add_gap(g, s, "\nsooner than ", text);
	buf_addf(to, "\ts%d [shape=%s,label=\"", s,
	         state->kind == STATE_FINAL ? "doublecircle" : "box");
	add_label(to, buf_str(text));
	buf_add_str(to, STR("\"];\n"));
	for (int i = 0; i < state->n; i++) {
		const struct edge *e = &state->edges[i];
		if (e->target < 0 || g->conds[e->cond].kind == COND_FALSE)
			continue;
		buf_clear(text);
		program_cond_text(g, e->cond, text);
		buf_addf(to, "\ts%d -> s%d [style=%s,label=\"%s: ", s, e->target,
		         styles[e->kind], edge_words[e->kind]);
		add_label(to, buf_str(text));
		buf_add_str(to, STR("\"];\n"));
	}
}

int
explain_dot(const struct program *g, const struct explain_keys *keys, struct buf *to)
{
	bool *seen = reachable(g);
	struct buf text;

	buf_init(&text, BUF_NO_MAX);
	add_settings(g, keys, &text);
	buf_add_str(to, STR("digraph pattern {\n\trankdir=LR;\n\tlabel=\""));
	add_label(to, buf_str(&text));
	buf_add_str(to, STR("\";\n"));
	for (int s = g->n - 1; s >= 0; s--)
		if (seen[s])
			add_node(g, s, &text, to);
	buf_release(&text);
	free(seen);
	return buf_add_str(to, STR("}\n"));
}
