/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.c - from elements to states
 *
 * Walks the pattern from its end to its beginning, so that every state knows what
 * comes after it. The construction is that of Flink 2.3's NFACompiler, its
 * surprises included; what each step stands for is said at the step.
 */
#include "cep/program.h"

#include <stdlib.h>

#include "base/mem.h"

#define USAGE(err, ...) fail_as(err, STATUS_USAGE, __VA_ARGS__)

enum { C_TRUE, C_FALSE };               /* the first two conditions of every program */

/* ---- conditions */

static int
cond_add(struct program *g, enum cond_kind kind, int a, int b)
{
	g->conds = mem_more(g->conds, g->n_conds, &g->cap_conds, sizeof(*g->conds));
	g->conds[g->n_conds] = (struct cond){ kind, a, b };
	return (int)g->n_conds++;
}

static int
cond_not(struct program *g, int a)
{
	if (a == C_TRUE || a == C_FALSE)
		return a == C_TRUE ? C_FALSE : C_TRUE;
	if (g->conds[a].kind == COND_NOT)
		return g->conds[a].a;
	return cond_add(g, COND_NOT, a, 0);
}

static int
cond_and(struct program *g, int a, int b)
{
	if (a == C_FALSE || b == C_FALSE)
		return C_FALSE;
	if (a == C_TRUE || a == b)
		return b;
	return b == C_TRUE ? a : cond_add(g, COND_AND, a, b);
}

static int
cond_or(struct program *g, int a, int b)
{
	if (a == C_TRUE || b == C_TRUE)
		return C_TRUE;
	if (a == C_FALSE || a == b)
		return b;
	return b == C_FALSE ? a : cond_add(g, COND_OR, a, b);
}

int
program_number(const struct pattern *p, struct str name)
{
	for (int i = 0; i < p->n_subsets; i++)
		if (str_eq(p->subsets[i].name, name))
			return FIRST_SUBSET + i;
	return pattern_number(p, name);
}

uint64_t
program_elements(const struct pattern *p, int number)
{
	if (number == ALL_ELEMENTS)
		return UINT64_MAX;
	return number > ALL_ELEMENTS ? p->subsets[number - FIRST_SUBSET].elements
	                             : (uint64_t)1 << number;
}

const struct expr_rows *
program_rows(const struct pattern *p, int self, struct expr_rows *rows)
{
	*rows = (struct expr_rows){ .self = self, .all = ALL_ELEMENTS, .time = p->time };
	return p->sql ? rows : NULL;
}

int
program_named(void *arg, struct str name)
{
	const struct program *g = arg;

	return program_number(g->pattern, name);
}

/* The condition that a text is; the same text twice is one leaf. */
static int
cond_text(struct program *g, const char *what, struct str text, int self, struct extractor *x,
          struct err *err)
{
	struct expr_rows rows;
	const struct expr_scope scope = {
		.fields = x, .pattern = program_named, .looks_taken = program_looks_taken,
		.arg = g, .rows = program_rows(g->pattern, self, &rows),
	};

	for (int i = 0; i < (int)g->n_conds; i++)
		if (g->conds[i].kind == COND_LEAF && g->leaves[g->conds[i].a].self == self &&
		    str_eq(g->leaves[g->conds[i].a].text, text))
			return i;
	if (g->n_leaves == PROGRAM_LEAVES)
		return USAGE(err,
		             "%s: more than %d different conditions (join some with AND or OR)",
		             what, PROGRAM_LEAVES);
	struct expr *e = expr_new(text, what, &scope, err);
	if (e == NULL || expr_want_condition(e, what, err) < 0) {
		if (e != NULL)
			err->at = text.p;
		expr_free(e);
		if (err->status == STATUS_BUG)
			err->status = STATUS_USAGE;
		return -1;
	}
	const bool iterative = expr_looks_back(e);
	g->leaves[g->n_leaves] = (struct leaf){ text, e, iterative, self };
	if (iterative)
		g->iterative |= (uint64_t)1 << g->n_leaves;
	return cond_add(g, COND_LEAF, g->n_leaves++, 0);
}

/* ---- states */

struct compiler {
	struct program       *g;
	const struct element *current, *following;      /* being converted, and the one after it */
	const struct element *group;                    /* that current stands in */
	/* conditions by element; until: -1 none */
	int      where[PATTERN_ELEMENTS], until[PATTERN_ELEMENTS];
	int      stop[PATTERN_ELEMENTS];                /* stop state of a NOT, or -1 */
	/* states so far, by element; groups share one, the end has one */
	int      ordinals[PATTERN_ELEMENTS + 2];
	/* a group is being converted as other than the first of its loop */
	bool     later_round[PATTERN_ELEMENTS];
	/* by state: its copy for the way out through --until; 0: none */
	int     *original;
	size_t   n_original;
	int      depth;                                 /* of the recursion over copies */
	bool     too_large;
	const struct element *lost;             /* Flink fails on it, see note_lost() */
};

static int
state_add(struct compiler *c, int element, enum state_kind kind)
{
	struct program *g = c->g;
	const bool group = element >= 0 && g->pattern->elements[element]->group != NULL;
	int *ordinal = &c->ordinals[element < 0 ? PATTERN_ELEMENTS + 1
	                            : group     ? PATTERN_ELEMENTS
	                                        : element];

	if (g->n == PROGRAM_STATES) {
		c->too_large = true;
		return 0;
	}
	g->states = mem_more(g->states, (size_t)g->n, &g->cap, sizeof(*g->states));
	g->states[g->n] =
		(struct state){ .kind = kind, .element = element, .ordinal = (*ordinal)++ };
	return g->n++;
}

/* A state of the current element that may be waited in: this is where gaps are watched.
 * --within-each counts where there is no quantifier; the gap of a quantifier everywhere but in
 * the state that got the element's bare name. */
static int
state_of_current(struct compiler *c, enum state_kind kind, bool takes)
{
	const struct element *e = c->current;
	const int state = state_add(c, e->number, kind);
	struct state *s = &c->g->states[state];

	if (!takes)
		return state;
	if (!e->looping && !e->times)
		s->gap = e->within_each;
	else if (s->ordinal > 0)
		s->gap = e->gap;
	c->g->gaps |= s->gap > 0;
	return state;
}

static void
edge_add(struct compiler *c, int from, enum edge_kind kind, int target, int cond)
{
	struct state *s = &c->g->states[from];

	s->edges = mem_more(s->edges, (size_t)s->n, &s->cap, sizeof(*s->edges));
	s->edges[s->n++] = (struct edge){ kind, target, cond };
}

/* ---- conditions of the current element; inside a group with --until, nothing goes on once that
 * holds */

static int
group_until(const struct compiler *c)
{
	return c->group == NULL ? -1 : c->until[c->group->number];
}

/* cond, and not until; ignoring that is impossible anyway stays impossible. */
static int
without(struct compiler *c, int cond, int until)
{
	return until < 0 || cond < 0 ? cond : cond_and(c->g, cond_not(c->g, until), cond);
}

static int
take_condition(struct compiler *c, const struct element *e)
{
	return without(c, c->where[e->number], group_until(c));
}

static int
proceed_condition(struct compiler *c)
{
	return without(c, C_TRUE, group_until(c));
}

static bool
head_of_group(const struct compiler *c, const struct element *e)
{
	return c->group != NULL && e->prev == NULL;
}

/* When an event may be passed over; -1: never. */
static int
ignore_by(struct compiler *c, const struct element *e, enum contiguity how)
{
	int cond = -1;

	if (how == RELAXED)
		cond = cond_not(c->g, c->where[e->number]);
	else if (how == ANY)
		cond = C_TRUE;
	return without(c, cond, group_until(c));
}

/* The first element of a group follows as the group follows; in later rounds of the group's loop,
 * as rounds follow each other. */
static int
ignore_condition(struct compiler *c, const struct element *e)
{
	enum contiguity how = e->contiguity;

	if (head_of_group(c, e))
		how = c->later_round[c->group->number] ? c->group->inner : c->group->contiguity;
	return ignore_by(c, e, how);
}

static int
inner_ignore_condition(struct compiler *c, const struct element *e)
{
	return ignore_by(c, e, head_of_group(c, e) ? c->group->inner : e->inner);
}

static bool
head_of_optional_group(const struct compiler *c, const struct element *e)
{
	return head_of_group(c, e) && !c->later_round[c->group->number] && c->group->optional;
}

/* ---- NOT: a state that reaches the stop state of a NOT kills its branch */

static int
stop_state(struct compiler *c, const struct element *not, int cond)
{
	int *stop = &c->stop[not->number];

	if (*stop < 0) {
		*stop = state_add(c, not->number, STATE_STOP);
		edge_add(c, *stop, TAKE, *stop, cond);
	}
	return *stop;
}

/* The NOTs that hold while the current element is waited for: those right before it, optional
 * elements between passed over. Fills to; returns how many. */
static int
nots_before(const struct compiler *c, const struct element *to[PATTERN_ELEMENTS])
{
	int n = 0;

	for (const struct element *e = c->current->prev;
	     e != NULL && (e->optional || e->contiguity == NOT_FOLLOWED); e = e->prev)
		if (e->contiguity == NOT_FOLLOWED)
			to[n++] = e;
	return n;
}

static void
add_stops(struct compiler *c, int state)
{
	const struct element *nots[PATTERN_ELEMENTS];
	const int n = nots_before(c, nots);

	for (int i = 0; i < n; i++) {
		const int cond = take_condition(c, nots[i]);
		edge_add(c, state, PROCEED, stop_state(c, nots[i], cond), cond);
	}
}

/* A loop is left by a NOT that follows it. */
static void
add_stop_to_loop(struct compiler *c, int state)
{
	if (c->following != NULL && c->following->contiguity == NOT_FOLLOWED) {
		const int cond = take_condition(c, c->following);
		edge_add(c, state, PROCEED, stop_state(c, c->following, cond), cond);
	}
}

/* Flink's compiler fails where it copies an edge that leads nowhere. */
static void
note_lost(struct compiler *c, int state, const struct edge *edge)
{
	if (edge->target == EDGE_NOWHERE)
		c->lost = c->g->pattern->elements[c->g->states[state].element];
}

/* Once an optional element has taken an event, the NOTs before it no longer hold: what follows is
 * copied without them. */
static int
copy_without_nots(struct compiler *c, int sink)
{
	const struct element *nots[PATTERN_ELEMENTS];
	const int n = nots_before(c, nots);

	if (n == 0 || !c->current->optional)
		return sink;
	if (c->depth > PATTERN_TIMES || c->too_large) {
		c->too_large = true;
		return sink;
	}
	c->depth++;
	const int copy = state_add(c, c->g->states[sink].element, c->g->states[sink].kind);
	for (int i = 0; !c->too_large && i < c->g->states[sink].n; i++) {
		const struct edge edge = c->g->states[sink].edges[i];
		int target = edge.target;
		bool drop = false;
		note_lost(c, sink, &edge);
		if (edge.kind != PROCEED) {
			target = target == sink ? copy : target;
		} else if (target >= 0 && c->g->states[target].kind == STATE_STOP) {
			/* only a stop state that got the NOT's bare name is recognized */
			for (int j = 0; j < n; j++)
				drop |= c->g->states[target].element == nots[j]->number &&
				        c->g->states[target].ordinal == 0;
		} else if (target >= 0) {
			target = copy_without_nots(c, target);
		}
		if (!drop)
			edge_add(c, copy, edge.kind, target, edge.cond);
	}
	c->depth--;
	return copy;
}

/* ---- greedy */

static int
copy_state(struct compiler *c, int state)
{
	const int copy = state_add(c, c->g->states[state].element, c->g->states[state].kind);

	for (int i = 0; !c->too_large && i < c->g->states[state].n; i++) {
		const struct edge edge = c->g->states[state].edges[i];
		note_lost(c, state, &edge);
		edge_add(c, copy, edge.kind, edge.target == state ? copy : edge.target, edge.cond);
	}
	return copy;
}

/* What follows a greedy loop gets only what the loop does not want. */
static void
leave_to_loop(struct compiler *c, int state, int take)
{
	for (int i = 0; i < c->g->states[state].n; i++) {
		const int cond =
			cond_and(c->g, c->g->states[state].edges[i].cond, cond_not(c->g, take));
		c->g->states[state].edges[i].cond = cond;
	}
}

/* With --until a greedy loop is left when that holds, and what follows then is not narrowed: it
 * is copied before. */
static void
remember_original(struct compiler *c, int state, int copy)
{
	if ((size_t)state >= c->n_original) {
		const size_t n = (size_t)state + 64;
		c->original = mem_resize(c->original, n, sizeof(*c->original));
		memset(c->original + c->n_original, 0, (n - c->n_original) * sizeof(*c->original));
		c->n_original = n;
	}
	c->original[state] = copy;
}

static int
original(const struct compiler *c, int state)
{
	return (size_t)state < c->n_original && c->original[state] != 0 ? c->original[state]
	                                                                : EDGE_NOWHERE;
}

/* ---- elements */

static int convert(struct compiler *c, int sink);
static int convert_sequence(struct compiler *c, int sink);

struct place {                          /* in the walk, to come back to after a group */
	const struct element *current, *following, *group;
};

static struct place
enter_group(struct compiler *c)
{
	const struct place outside = { c->current, c->following, c->group };

	c->group = c->current;
	c->current = c->current->group;
	return outside;
}

static void
leave_group(struct compiler *c, struct place outside)
{
	c->current = outside.current;
	c->following = outside.following;
	c->group = outside.group;
}

static int
convert_group(struct compiler *c, int sink, int proceed, bool optional)
{
	const int cond = proceed_condition(c);
	const struct place outside = enter_group(c);
	const int head = convert(c, convert_sequence(c, sink));

	if (optional)
		edge_add(c, head, PROCEED, proceed, cond);
	leave_group(c, outside);
	return head;
}

/* The group's end leads back to its head, and the head out of it. */
static int
convert_looping_group(struct compiler *c, int sink)
{
	const int cond = proceed_condition(c);
	const int end = state_of_current(c, STATE_NORMAL, true);
	const struct place outside = enter_group(c);
	const int head = convert(c, convert_sequence(c, end));

	edge_add(c, head, PROCEED, sink, cond);
	edge_add(c, end, PROCEED, head, cond);
	leave_group(c, outside);
	return head;
}

/* How an optional element is passed by. */
static void
add_bypass(struct compiler *c, int state, int proceed)
{
	const int until = c->current->greedy ? c->until[c->current->number] : -1;
	const int cond = proceed_condition(c);

	if (until >= 0)
		edge_add(c, state, PROCEED, original(c, proceed), cond_and(c->g, cond, until));
	edge_add(c, state, PROCEED, proceed,
	         until >= 0 ? cond_and(c->g, cond, cond_not(c->g, until)) : cond);
}

static int
convert_one(struct compiler *c, int sink, int proceed, int take, int ignore, bool optional)
{
	const struct element *e = c->current;

	if (e->group != NULL)
		return convert_group(c, sink, proceed, optional);
	const int state = state_of_current(c, STATE_NORMAL, true);
	sink = copy_without_nots(c, sink);
	edge_add(c, state, TAKE, sink, take);
	if (optional)
		add_bypass(c, state, proceed);
	if (ignore < 0)
		return state;
	int waiting = state;
	if (optional || head_of_optional_group(c, e)) {
		/* having passed over an event, an optional element can no longer be passed by
		 * with the next */
		waiting = state_of_current(c, STATE_NORMAL, false);
		edge_add(c, waiting, TAKE, sink, take);
		edge_add(c, waiting, IGNORE, waiting, ignore);
		add_stops(c, waiting);
	}
	edge_add(c, state, IGNORE, waiting, ignore);
	return state;
}

/* The state that takes again and again, behind the counted ones. */
static int
convert_loop(struct compiler *c, int sink)
{
	const struct element *e = c->current;

	if (e->group != NULL)
		return convert_looping_group(c, sink);
	const int until = c->until[e->number];
	const int ignore = without(c, inner_ignore_condition(c, e), until);
	const int take = without(c, take_condition(c, e), until);
	const int cond = proceed_condition(c);
	const int loop = state_of_current(c, STATE_NORMAL, true);

	if (e->greedy && until >= 0) {
		const int copy = copy_state(c, sink);
		edge_add(c, loop, PROCEED, copy, cond_and(c->g, cond, until));
		remember_original(c, sink, copy);
	}
	edge_add(c, loop, PROCEED, sink,
	         e->greedy && until >= 0 ? cond_and(c->g, cond, cond_not(c->g, until)) : cond);
	if (e->greedy)
		leave_to_loop(c, sink, take_condition(c, e));
	edge_add(c, loop, TAKE, loop, take);
	add_stop_to_loop(c, loop);
	if (ignore >= 0) {
		const int waiting = state_of_current(c, STATE_NORMAL, false);
		edge_add(c, waiting, TAKE, loop, take);
		edge_add(c, waiting, IGNORE, waiting, ignore);
		edge_add(c, loop, IGNORE, waiting, ignore);
		add_stop_to_loop(c, waiting);
	}
	return loop;
}

static void
set_later_round(struct compiler *c, bool later)
{
	if (c->current->group != NULL)
		c->later_round[c->current->number] = later;
}

/* A chain for the counted repeats: optional ones up to the largest count, then the required ones,
 * then the first. */
static int
convert_times(struct compiler *c, int sink, int proceed)
{
	const struct element *e = c->current;
	const int until = c->until[e->number];

	set_later_round(c, true);
	const int inner = without(c, inner_ignore_condition(c, e), until);
	const int take = without(c, take_condition(c, e), until);
	if (e->greedy && e->from != e->to)
		leave_to_loop(c, sink, take);
	int next = sink;
	for (int i = e->from; i < e->to && !c->too_large; i++) {
		next = convert_one(c, next, proceed, take, inner, true);
		add_stop_to_loop(c, next);
	}
	for (int i = 1; i < e->from && !c->too_large; i++) {
		next = convert_one(c, next, EDGE_NOWHERE, take, inner, false);
		add_stop_to_loop(c, next);
	}
	set_later_round(c, false);
	return convert_one(c, next, proceed, take, ignore_condition(c, e), e->optional);
}

static int
convert(struct compiler *c, int sink)
{
	const struct element *e = c->current;
	int state;

	if (e->looping) {
		set_later_round(c, true);
		const int loop = convert_loop(c, copy_without_nots(c, sink));
		set_later_round(c, false);
		state = convert_times(c, loop, sink);
	} else if (e->times) {
		state = convert_times(c, sink, sink);
	} else {
		state = convert_one(c, sink, sink, take_condition(c, e), ignore_condition(c, e),
		                    e->optional);
	}
	add_stops(c, state);
	return state;
}

/* --not-followed-by in the middle is a matter of its neighbours' edges. At the end it is a state
 * that waits for the window to end. */
static int
convert_not_followed(struct compiler *c, int sink)
{
	if ((c->current->within_each == 0 && c->g->window == 0) ||
	    c->g->states[sink].kind != STATE_FINAL)
		return sink;
	const int pending = state_of_current(c, STATE_PENDING, true);
	const int cond = take_condition(c, c->current);
	edge_add(c, pending, PROCEED, stop_state(c, c->current, cond), cond);
	edge_add(c, pending, IGNORE, pending, cond_not(c->g, cond));
	return pending;
}

static int
convert_not_next(struct compiler *c, int sink)
{
	const int state = state_of_current(c, STATE_NORMAL, true);
	const int cond = take_condition(c, c->current);
	const int stop = stop_state(c, c->current, cond);

	/* at the end it needs an event that is something else */
	edge_add(c, state, c->g->states[sink].kind == STATE_FINAL ? IGNORE : PROCEED, sink,
	         cond_not(c->g, cond));
	edge_add(c, state, PROCEED, stop, cond);
	return state;
}

/* All of the current sequence but its first element, which stays current. The window is the
 * smallest of all that are met. */
static int
convert_sequence(struct compiler *c, int sink)
{
	while (c->current->prev != NULL && !c->too_large) {
		if (c->current->contiguity == NOT_FOLLOWED)
			sink = convert_not_followed(c, sink);
		else if (c->current->contiguity == NOT_NEXT)
			sink = convert_not_next(c, sink);
		else
			sink = convert(c, sink);
		c->following = c->current;
		c->current = c->current->prev;
		if (c->current->within > 0 &&
		    (c->g->window == 0 || c->current->within < c->g->window))
			c->g->window = c->current->within;
	}
	return sink;
}

/* ---- checks of the whole */

static int
check_last(const struct compiler *c, const struct element *last, struct err *err)
{
	const struct program *g = c->g;

	if (last->contiguity != NOT_FOLLOWED || g->window > 0 || last->within_each > 0)
		return 0;
	return USAGE(err, "--not-followed-by: as the last element it holds until a window ends, "
	                  "and there is none (add --within DURATION)");
}

static int
check_gaps(const struct program *g, struct err *err)
{
	for (int i = 0; i < g->n; i++)
		if (g->window > 0 && g->states[i].gap > g->window)
			return USAGE(err,
			             "%s: a gap longer than --within can never be used up (make it "
			             "at most the window, or leave it out)",
			             g->pattern->elements[g->states[i].element]->gap > 0
			                     ? "--times, --times-or-more or --one-or-more"
			                     : "--within-each");
	return 0;
}

/* Can a branch go round through PROCEED edges alone, from the states first .. last? Depth first,
 * with an explicit stack; colour 1 is on the path, 2 done. */
static bool
goes_round(const struct program *g, int first, int last)
{
	char *colour = mem_zalloc((size_t)g->n, 1);
	int *stack = mem_zalloc((size_t)g->n + 1, sizeof(*stack)),
	    *edge = mem_zalloc((size_t)g->n, sizeof(*edge));
	bool  found = false;

	for (int root = first; root <= last && !found; root++) {
		int depth = 0;
		if (colour[root] != 0)
			continue;
		stack[depth++] = root;
		colour[root] = 1;
		while (depth > 0 && !found) {
			const int s = stack[depth - 1];
			if (edge[s] == g->states[s].n) {
				colour[s] = 2;
				depth--;
				continue;
			}
			const struct edge *e = &g->states[s].edges[edge[s]++];
			if (e->kind != PROCEED || e->target < 0 || e->cond == C_FALSE)
				continue;
			found = colour[e->target] == 1;
			if (colour[e->target] == 0) {
				colour[e->target] = 1;
				stack[depth++] = e->target;
			}
		}
	}
	free(colour);
	free(stack);
	free(edge);
	return found;
}

/* ---- inertness */

enum maybe { NO, YES, MAYBE };

/* The condition when no leaf holds that looks at the event alone. */
static enum maybe
cond_of_nothing(const struct program *g, int cond)
{
	const struct cond *c = &g->conds[cond];
	enum maybe a, b;

	switch (c->kind) {
	case COND_TRUE:
		return YES;
	case COND_FALSE:
		return NO;
	case COND_LEAF:
		return g->leaves[c->a].iterative ? MAYBE : NO;
	case COND_NOT:
		a = cond_of_nothing(g, c->a);
		return a == MAYBE ? MAYBE : a == YES ? NO : YES;
	case COND_AND:
		a = cond_of_nothing(g, c->a);
		b = cond_of_nothing(g, c->b);
		return a == NO || b == NO ? NO : a == YES && b == YES ? YES : MAYBE;
	case COND_OR:
		a = cond_of_nothing(g, c->a);
		b = cond_of_nothing(g, c->b);
		return a == YES || b == YES ? YES : a == NO && b == NO ? NO : MAYBE;
	}
	return MAYBE;
}

/* Does such an event leave a branch in this state just as it is? */
static bool
state_ignores_nothing(const struct program *g, int s)
{
	int waits = 0;

	for (int i = 0; i < g->states[s].n; i++) {
		const struct edge *e = &g->states[s].edges[i];
		const enum maybe holds = cond_of_nothing(g, e->cond);
		if (holds == NO)
			continue;
		if (s == g->start && e->kind == IGNORE)
			continue;
		if (holds == MAYBE || e->kind != IGNORE || e->target != s)
			return false;
		waits++;
	}
	return s == g->start || waits == 1;
}

/* Gaps are noticed whenever a key has something to do, so that with gaps no event is without
 * effect. */
static bool
is_inert(const struct program *g)
{
	bool inert = !g->gaps;

	for (int s = 0; s < g->n && inert; s++)
		if (g->states[s].kind != STATE_FINAL && g->states[s].kind != STATE_STOP)
			inert = state_ignores_nothing(g, s);
	return inert;
}

/* ---- */

static int
compile_conditions(struct compiler *c, struct extractor *x, struct err *err)
{
	const struct pattern *p = c->g->pattern;

	for (int i = 0; i < p->n; i++) {
		const struct element *e = p->elements[i];
		int all = C_TRUE;
		for (int j = 0; j < e->n_where; j++) {
			const struct condition *w = &e->where[j];
			const char *what = p->sql     ? "DEFINE"
			                   : w->is_or ? "--or"
			                              : "--where";
			const int cond =
				cond_text(c->g, what, w->text, p->sql ? i : -1, x, err);
			if (cond < 0)
				return -1;
			all = j == 0     ? cond
			      : w->is_or ? cond_or(c->g, all, cond)
			                 : cond_and(c->g, all, cond);
		}
		c->where[i] = all;
		c->until[i] =
			e->until.p == NULL ? -1 : cond_text(c->g, "--until", e->until, -1, x, err);
		if (e->until.p != NULL && c->until[i] < 0)
			return -1;
		c->stop[i] = -1;
	}
	return 0;
}

static int
fail_lost(const struct element *e, struct err *err)
{
	char q[QUOTE_MAX];

	return USAGE(err,
	             "--until: Flink fails on %s, an optional greedy loop with --until behind a "
	             "--not-followed-by, because of what comes before (drop --until, --greedy or "
	             "--optional of it)",
	             quote(q, e->name));
}

int
program_compile(struct program *g, const struct pattern *p, struct extractor *x, struct err *err)
{
	struct compiler c = { .g = g, .current = p->last };

	*g = (struct program){ .pattern = p };
	cond_add(g, COND_TRUE, 0, 0);
	cond_add(g, COND_FALSE, 0, 0);
	if (compile_conditions(&c, x, err) < 0)
		return -1;
	g->window = p->last->within;
	const int end = state_add(&c, -1, STATE_FINAL);
	g->start = convert(&c, convert_sequence(&c, end));
	g->states[g->start].kind = STATE_START;
	free(c.original);
	if (c.too_large)
		return USAGE(err, "the pattern needs more than %d states (use smaller counts)",
		             PROGRAM_STATES);
	if (c.lost != NULL)
		return fail_lost(c.lost, err);
	if (check_gaps(g, err) < 0 || check_last(&c, p->last, err) < 0)
		return -1;
	g->rounds = goes_round(g, 0, g->n - 1);
	if (g->rounds && goes_round(g, g->start, g->start))
		return USAGE(err, "--one-or-more, --times-or-more: loops over a group that can "
		                  "match nothing (make one of its elements required: "
		                  "drop --optional inside, and put it on the group)");
	g->inert = is_inert(g);
	g->where = c.where[p->last->number];
	g->where_needs_leaf = cond_of_nothing(g, g->where) == NO;
	return 0;
}

void
program_release(struct program *g)
{
	for (int i = 0; i < g->n; i++)
		free(g->states[i].edges);
	for (int i = 0; i < g->n_leaves; i++)
		expr_free(g->leaves[i].expr);
	free(g->states);
	free(g->conds);
	*g = (struct program){ 0 };
}

bool
program_holds(const struct program *g, int cond, uint64_t truth)
{
	const struct cond *c = &g->conds[cond];

	switch (c->kind) {
	case COND_TRUE:
		return true;
	case COND_FALSE:
		return false;
	case COND_LEAF:
		return (truth >> c->a & 1) != 0;
	case COND_NOT:
		return !program_holds(g, c->a, truth);
	case COND_AND:
		return program_holds(g, c->a, truth) && program_holds(g, c->b, truth);
	case COND_OR:
		return program_holds(g, c->a, truth) || program_holds(g, c->b, truth);
	}
	return false;
}
