/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nfa.c - branches, events and time
 *
 * One round: each branch is shown the event and replaced by what becomes of it. The order in
 * which branches are visited and their successors filed is that of Flink 2.3's NFA.
 */
#include "cep/nfa.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"

#define EDGES_MAX  100000               /* ways that one branch may take with one event */
#define ROUNDS_MAX 10000                /* states passed on one way, in a program that may go round: then it does */

struct way {                            /* an edge that is open, and the state it leaves */
	int                from;
	const struct edge *edge;
};

struct nfa {
	const struct program *g;
	size_t                max_live, live;
	bool                  shed;
	uint64_t              n_shed, *gave_up;
	nfa_news_fn          *tell;     /* NULL: nobody listens */
	void                 *listener;

	/* one round */
	struct event         *event;
	struct branches       next, complete;

	/* one branch of it */
	const struct branch  *branch;
	struct way           *ways;
	size_t                n_ways, cap_ways;
	int                  *stack;
	size_t                cap_stack;
	struct branch        *successors;
	size_t                n_successors, cap_successors;

	/* what the branch has taken, found out when a condition asks */
	uint64_t              known, truth;     /* iterative leaves evaluated, and their answers */
	bool                  path_known;
	const struct node   **path;             /* oldest first */
	size_t                n_path, cap_path;
	int                   self;             /* of the leaf that is being evaluated */
	int                   listed;           /* whose events stand in list; -1: nobody's */
	size_t               *list;
	size_t                n_list, cap_list;
	struct taken          taken;
	struct arena          scratch;
};

/* ---- what a branch has taken */

static void
find_path(struct nfa *f)
{
	f->n_path = 0;
	for (const struct node *n = f->branch->node; n != NULL; n = n->before) {
		f->path = mem_more(f->path, f->n_path, &f->cap_path, sizeof(*f->path));
		f->path[f->n_path++] = n;
	}
	for (size_t i = 0; i < f->n_path / 2; i++) {
		const struct node *n = f->path[i];
		f->path[i] = f->path[f->n_path - 1 - i];
		f->path[f->n_path - 1 - i] = n;
	}
	f->path_known = true;
	f->listed = -1;
}

/* Does the event that is looked at count as one of the element's? */
static bool
is_current(const struct nfa *f, int element)
{
	return f->self >= 0 && (element == f->self || element == ALL_ELEMENTS);
}

static size_t
taken_count(void *self, int element)
{
	struct nfa *f = self;

	if (!f->path_known)
		find_path(f);
	if (f->listed == element)
		return f->n_list + is_current(f, element);
	f->n_list = 0;
	for (size_t i = 0; i < f->n_path; i++) {
		if (f->path[i]->element != element && element != ALL_ELEMENTS)
			continue;
		f->list = mem_more(f->list, f->n_list, &f->cap_list, sizeof(*f->list));
		f->list[f->n_list++] = i;
	}
	f->listed = element;
	return f->n_list + is_current(f, element);
}

static const struct field *
taken_fields(void *self, int element, size_t i)
{
	struct nfa *f = self;

	taken_count(f, element);
	if (i == f->n_list)
		return f->event->fields;
	return f->path[f->list[i]]->event->fields;
}

/* ---- conditions */

static bool
leaf_holds(struct nfa *f, int leaf)
{
	const uint64_t bit = (uint64_t)1 << leaf;

	if ((f->g->iterative & bit) == 0)
		return (f->event->truth & bit) != 0;
	if ((f->known & bit) == 0) {
		const struct expr_env env = { .fields = f->event->fields, .taken = &f->taken, .scratch = &f->scratch,
			.gave_up = f->gave_up };
		f->known |= bit;
		f->self = f->g->leaves[leaf].self;
		if (expr_true(f->g->leaves[leaf].expr, &env))
			f->truth |= bit;
	}
	return (f->truth & bit) != 0;
}

static bool
holds(struct nfa *f, int cond)
{
	const struct cond *c = &f->g->conds[cond];

	switch (c->kind) {
	case COND_TRUE:
		return true;
	case COND_FALSE:
		return false;
	case COND_LEAF:
		return leaf_holds(f, c->a);
	case COND_NOT:
		return !holds(f, c->a);
	case COND_AND:
		return holds(f, c->a) && holds(f, c->b);
	case COND_OR:
		return holds(f, c->a) || holds(f, c->b);
	}
	return false;
}

/* ---- one branch */

static void
push_state(struct nfa *f, size_t *n, int state)
{
	f->stack = mem_more(f->stack, *n, &f->cap_stack, sizeof(*f->stack));
	f->stack[(*n)++] = state;
}

static int
goes_round(struct err *err)
{
	return fail_as(err, STATUS_USAGE,
	               "--one-or-more, --times-or-more: a group that is repeated has matched "
	               "nothing, and would do so for ever "
	               "(make one of its elements required: drop --optional inside, and put it on "
	               "the group)");
}

/* All edges that are open to the branch, through PROCEED as well. */
static int
find_ways(struct nfa *f, struct err *err)
{
	size_t depth = 0, passed = 0;

	f->n_ways = 0;
	push_state(f, &depth, f->branch->state);
	while (depth > 0) {
		const int from = f->stack[--depth];
		if (f->g->rounds && ++passed > ROUNDS_MAX)
			return goes_round(err);
		if (from < 0)
			return fail_as(err, STATUS_DATA,
			               "--until: ends a greedy optional loop after "
			               "--not-followed-by, and Flink fails on that "
			               "(drop --greedy)");
		const struct state *s = &f->g->states[from];
		for (int i = 0; i < s->n; i++) {
			const struct edge *e = &s->edges[i];
			if (!holds(f, e->cond))
				continue;
			if (e->kind == PROCEED) {
				push_state(f, &depth, e->target);
				continue;
			}
			if (f->n_ways == EDGES_MAX)
				return fail_as(err, STATUS_DATA,
				               "the pattern explodes: one event has more than %d "
				               "ways to go on "
				               "(use fewer --optional elements)",
				               EDGES_MAX);
			f->ways = mem_more(f->ways, f->n_ways, &f->cap_ways, sizeof(*f->ways));
			f->ways[f->n_ways++] = (struct way){ from, e };
		}
	}
	return 0;
}

/* Can a match end in this state with the current event? *to is the final state that is met first,
 * or -1. */
static int
final_behind(struct nfa *f, int state, int *to, struct err *err)
{
	size_t depth = 0, passed = 0;

	*to = -1;
	push_state(f, &depth, state);
	while (depth > 0) {
		const int from = f->stack[--depth];
		if (f->g->rounds && ++passed > ROUNDS_MAX)
			return goes_round(err);
		if (from < 0)
			continue;
		const struct state *s = &f->g->states[from];
		for (int i = 0; i < s->n; i++) {
			const struct edge *e = &s->edges[i];
			if (e->kind != PROCEED || !holds(f, e->cond))
				continue;
			if (e->target >= 0 && f->g->states[e->target].kind == STATE_FINAL) {
				*to = e->target;
				return 0;
			}
			push_state(f, &depth, e->target);
		}
	}
	return 0;
}

static void
succeed(struct nfa *f, int state, struct node *node, uint64_t start, int64_t start_ts,
        int64_t previous_ts)
{
	f->successors = mem_more(f->successors, f->n_successors, &f->cap_successors,
	                         sizeof(*f->successors));
	f->successors[f->n_successors++] =
		(struct branch){ state, node_keep(node), start, start_ts, previous_ts };
}

static int
take(struct nfa *f, const struct way *way, struct err *err)
{
	const struct branch *b = f->branch;
	const bool first = b->start == START_NEVER;
	const uint64_t start = first ? f->event->seq : b->start;
	const int64_t  start_ts = first ? f->event->ts : b->start_ts;
	struct node *node = node_new(f->event, b->node, f->g->states[way->from].element);

	succeed(f, way->edge->target, node, start, start_ts, f->event->ts);
	int final, result = final_behind(f, way->edge->target, &final, err);
	if (result == 0 && final >= 0)
		succeed(f, final, node, start, start_ts, f->event->ts);
	node_drop(node);
	return result;
}

/* What becomes of the branch, in f->successors. */
static int
step(struct nfa *f, const struct branch *b, struct err *err)
{
	f->branch = b;
	f->n_successors = 0;
	f->known = f->truth = 0;
	f->path_known = false;
	if (find_ways(f, err) < 0)
		return -1;
	const bool first = b->state == f->g->start;
	for (size_t i = 0; i < f->n_ways; i++) {
		const struct way *way = &f->ways[i];
		if (way->edge->kind == TAKE && take(f, way, err) < 0)
			return -1;
		if (way->edge->kind == IGNORE && !first)
			succeed(f, way->edge->target, b->node, b->start, b->start_ts,
			        b->previous_ts);
	}
	if (first)
		succeed(f, b->state, NULL, START_NEVER, 0, 0);
	if (f->g->iterative != 0)
		arena_reset(&f->scratch);
	return 0;
}

static void
tell(const struct nfa *f, enum nfa_news what, const struct branch *b)
{
	if (f->tell != NULL && b->start != START_NEVER)
		f->tell(f->listener, what, b, f->event);
}

static void
tell_step(const struct nfa *f, const struct branch *b)
{
	if (f->n_successors == 0)
		tell(f, NEWS_DIED, b);
	for (size_t i = 0; i < f->n_successors; i++) {
		const struct branch *to = &f->successors[i];
		if (f->g->states[to->state].kind == STATE_FINAL ||
		    f->g->states[to->state].kind == STATE_STOP)
			continue;       /* told when it is handed out, or dropped */
		tell(f,
		     b->start == START_NEVER ? NEWS_BEGAN
		     : to->node == b->node   ? NEWS_WAITS
		                             : NEWS_TOOK,
		     to);
	}
}

/* File the successors; all that would live on die when one has met a NOT. */
static void
file_successors(struct nfa *f, struct partials *p, bool first)
{
	bool stopped = false;

	for (size_t i = 0; i < f->n_successors; i++)
		stopped |= f->g->states[f->successors[i].state].kind == STATE_STOP;
	for (size_t i = 0; i < f->n_successors; i++) {
		const struct branch *b = &f->successors[i];
		p->started |= first && b->start != START_NEVER;
		if (f->g->states[b->state].kind == STATE_FINAL)
			branches_push(&f->complete, b);
		else if (!stopped)
			branches_push(&f->next, b);
		else {
			tell(f, NEWS_STOPPED, b);
			node_drop(b->node);
		}
	}
}

/* ---- skipping */

struct bound { uint64_t seq; bool inclusive, none; };

/* The first or last event that the skip target took in the match; NULL: none. */
static const struct event *
target_event(const struct skip *skip, const struct node *n)
{
	const struct event *e = NULL;

	for (; n != NULL; n = n->before) {
		if (n->element != skip->element)
			continue;
		e = n->event;
		if (skip->kind == SKIP_TO_LAST)
			break;
	}
	return e;
}

/* Which starts a match rules out. */
static int
skip_bound(const struct nfa *f, const struct branch *match, struct bound *to, struct err *err)
{
	const struct skip *skip = &f->g->pattern->skip;
	char q[QUOTE_MAX];

	*to = (struct bound){ .inclusive = true };
	switch (skip->kind) {
	case NO_SKIP:
		to->none = true;
		return 0;
	case SKIP_TO_NEXT:
		to->seq = match->start;
		return 0;
	case SKIP_PAST_LAST:
		to->seq = match->node->event->seq;
		return 0;
	default:
		break;
	}
	const struct event *e = target_event(skip, match->node);
	if (e == NULL && skip->error)
		return fail_as(err, STATUS_DATA,
		               "--after-match: cannot skip to %s: the match has no such element "
		               "(drop ',error' to go on "
		               "without skipping)",
		               quote(q, skip->name));
	if (e != NULL && e->seq == match->start && skip->error)
		return fail_as(err, STATUS_DATA,
		               "--after-match: cannot skip to %s: it is the first event of the "
		               "match, which would match "
		               "again (drop ',error' to go on without skipping)",
		               quote(q, skip->name));
	*to = (struct bound){ .seq = e == NULL ? 0 : e->seq, .none = e == NULL };
	return 0;
}

static void
tell_pruned(const struct nfa *f, const struct branches *b, const struct bound *bound)
{
	for (size_t i = 0; f->tell != NULL && i < b->n; i++)
		if (b->a[i].start < bound->seq || (bound->inclusive && b->a[i].start == bound->seq))
			tell(f, NEWS_SKIPPED, &b->a[i]);
}

/* Hand out what is complete, oldest start first. With a skip strategy a match waits while an
 * older branch lives, which could rule it out. */
static int
release_matches(struct nfa *f, struct partials *p, int64_t now, struct found_list *matches,
                struct err *err)
{
	struct bound bound;

	for (size_t i = 0; i < f->complete.n; i++)
		branches_push(&p->done, &f->complete.a[i]);
	f->complete.n = 0;
	while (p->done.n > 0) {
		if (f->g->pattern->skip.kind != NO_SKIP && f->next.n > 0 &&
		    p->done.a[0].start > f->next.a[0].start)
			break;
		const struct branch match = branches_pop(&p->done);
		if (skip_bound(f, &match, &bound, err) < 0) {
			node_drop(match.node);
			return -1;
		}
		tell(f, NEWS_MATCHED, &match);
		if (!bound.none) {
			tell_pruned(f, &f->next, &bound);
			tell_pruned(f, &p->done, &bound);
			branches_prune(&f->next, bound.seq, bound.inclusive);
			branches_prune(&p->done, bound.seq, bound.inclusive);
		}
		matches->a = mem_more(matches->a, matches->n, &matches->cap, sizeof(*matches->a));
		matches->a[matches->n++] = (struct found){ match.node, now };
	}
	return 0;
}

/* ---- rounds */

/* What f->next holds are the key's branches now. The old array is kept for the next round. */
static void
end_round(struct nfa *f, struct partials *p)
{
	const struct branches old = p->live;

	p->live = f->next;
	f->next = old;
	f->live += p->live.n;
	f->live -= old.n;
	f->next.n = 0;
}

int
nfa_too_many(size_t max_live, struct err *err)
{
	return fail_as(err, STATUS_DATA,
	               "more than %zu partial matches (--max-partial): the pattern takes more "
	               "events than it lets go (add "
	               "--within, --after-match or a stricter --where, or drop the oldest with "
	               "--on-limit oldest)",
	               max_live);
}

static int
keep_below_limit(struct nfa *f, struct partials *p, struct err *err)
{
	if (f->live <= f->max_live)
		return 0;
	if (!f->shed)
		return nfa_too_many(f->max_live, err);
	while (f->live > f->max_live && p->live.n > 0 && p->live.a[0].start != START_NEVER) {
		tell(f, NEWS_SHED, &p->live.a[0]);
		node_drop(branches_pop(&p->live).node);
		f->live--;
		f->n_shed++;
	}
	return 0;
}

int
nfa_event(struct nfa *f, struct partials *p, struct event *e, struct found_list *matches,
          struct err *err)
{
	f->event = e;
	for (size_t i = 0; i < p->live.n; i++) {
		if (step(f, &p->live.a[i], err) < 0) {
			for (size_t k = 0; k < f->n_successors; k++)
				node_drop(f->successors[k].node);
			return -1;
		}
		if (f->tell != NULL)
			tell_step(f, &p->live.a[i]);
		file_successors(f, p, p->live.a[i].state == f->g->start);
	}
	const int result = release_matches(f, p, e->ts, matches, err);
	for (size_t i = 0; i < p->live.n; i++)
		node_drop(p->live.a[i].node);
	end_round(f, p);
	return result < 0 ? -1 : keep_below_limit(f, p, err);
}

static bool
expired(int64_t now, int64_t since, int64_t limit)
{
	return limit > 0 && (now == TIME_MAX || now - since >= limit);
}

int
nfa_time(struct nfa *f, struct partials *p, int64_t now, struct found_list *matches,
         struct found_list *timeouts, struct err *err)
{
	const struct program *g = f->g;

	if (!g->gaps && (p->live.n == 0 || p->live.a[0].start == START_NEVER ||
	                 !expired(now, p->live.a[0].start_ts, g->window)))
		return 0;
	f->event = NULL;
	for (size_t i = 0; i < p->live.n; i++) {
		const struct branch *b = &p->live.a[i];
		const struct state *s = &g->states[b->state];
		const bool waits = b->start == START_NEVER;
		const bool since_previous = !waits && expired(now, b->previous_ts, s->gap);
		if (!since_previous && (waits || !expired(now, b->start_ts, g->window))) {
			branches_push(&f->next, b);
		} else if (s->kind == STATE_PENDING) {
			branches_push(&f->complete, b);
		} else {
			tell(f, NEWS_TIMED_OUT, b);
			timeouts->a = mem_more(timeouts->a, timeouts->n, &timeouts->cap,
			                       sizeof(*timeouts->a));
			timeouts->a[timeouts->n++] =
				(struct found){ b->node, since_previous ? b->previous_ts + s->gap
				                                        : b->start_ts + g->window };
		}
	}
	const int result = release_matches(f, p, now, matches, err);
	end_round(f, p);
	return result;
}

/* ---- */

void
found_clear(struct found_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		node_drop(l->a[i].node);
	l->n = 0;
}

void
found_release(struct found_list *l)
{
	found_clear(l);
	free(l->a);
	*l = (struct found_list){ 0 };
}

struct nfa *
nfa_new(const struct program *g, size_t max_live, bool shed, uint64_t *gave_up)
{
	struct nfa *f = mem_zalloc(1, sizeof(*f));

	f->g = g;
	f->max_live = max_live;
	f->shed = shed;
	f->gave_up = gave_up;
	f->taken = (struct taken){ .self = f, .count = taken_count, .fields = taken_fields };
	return f;
}

void
nfa_free(struct nfa *f)
{
	if (f == NULL)
		return;
	branches_release(&f->next);
	branches_release(&f->complete);
	free(f->ways);
	free(f->stack);
	free(f->successors);
	free(f->path);
	free(f->list);
	arena_release(&f->scratch);
	free(f);
}

void
nfa_listen(struct nfa *f, nfa_news_fn *news, void *arg)
{
	f->tell = news;
	f->listener = arg;
}

void
partials_init(struct nfa *f, struct partials *p)
{
	*p = (struct partials){ 0 };
	branches_push(&p->live, &(struct branch){ .state = f->g->start, .start = START_NEVER });
	f->live++;
}

void
nfa_adopt(struct nfa *f, const struct partials *p)
{
	f->live += p->live.n;
}

void
partials_release(struct nfa *f, struct partials *p)
{
	f->live -= p->live.n;
	branches_release(&p->live);
	branches_release(&p->done);
}

bool
partials_idle(const struct partials *p)
{
	return p->live.n == 1 && p->live.a[0].start == START_NEVER && p->done.n == 0;
}

size_t
nfa_live(const struct nfa *f)
{
	return f->live;
}

uint64_t
nfa_shed(const struct nfa *f)
{
	return f->n_shed;
}
