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
#include "cep/skip.h"

#define COLUMNS    256                  /* sets of conditions about which something is remembered */
#define EDGES_MAX  100000               /* ways that one branch may take with one event */
/* states passed on one way, in a program that may go round: then it does */
#define ROUNDS_MAX 10000

struct way {                            /* an edge that is open, and the state it leaves */
	int                from;
	const struct edge *edge;
};

struct move { /* a successor: TAKE goes on to target, and to final if that is >= 0 */
	int element;                    /* that takes the event; -1: it is ignored */
	int target, final;
};

enum fate {
	FATE_UNKNOWN,
	FATE_STAYS,                     /* just as it is */
	FATE_MOVES,                     /* or dies, when there are no moves */
	FATE_OPEN                       /* depends on what has been taken */
};

struct moves {                          /* of branches in one state */
	enum fate fate;
	/* of the wait for a first event: the only one is to take it, and no match ends there */
	bool      begins;
	uint32_t  first, n;             /* in the column's list */
};

/* What is remembered about events for which the same leaves hold. */
struct column {
	uint64_t      truth;
	struct moves *moves;            /* by state; NULL: not in use */
	struct move  *list;
	size_t        n, cap;
};

struct nfa {
	const struct program *g;
	struct event_store   *store;
	size_t                max_live, live;
	bool                  shed, remembers;
	uint64_t              n_shed, *gave_up, *seq;
	nfa_news_fn          *tell;     /* NULL: nobody listens */
	void                 *listener;

	struct column         columns[COLUMNS];         /* by a hash of truth */
	struct column         open;     /* moves of one branch that are not remembered */
	bool                  asked;    /* a condition has asked what has been taken */

	/* one round */
	struct event         *event;    /* NULL: time alone has moved on, to now */
	int64_t               now;
	uint64_t              leaves;   /* that hold for it, of those that look at it alone */
	struct column        *column;   /* NULL: nothing is remembered */
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
	return f->self >= 0 &&
	       (program_elements(f->g->pattern, element) >> f->self & 1) != 0;
}

static size_t
taken_count(void *self, int element)
{
	struct nfa *f = self;

	if (!f->path_known)
		find_path(f);
	if (f->listed == element)
		return f->n_list + is_current(f, element);
	const uint64_t elements = program_elements(f->g->pattern, element);
	f->n_list = 0;
	for (size_t i = 0; i < f->n_path; i++) {
		if ((elements >> f->path[i]->element & 1) == 0)
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
		return event_fields(f->event);
	return event_fields(f->path[f->list[i]]->event);
}

/* ---- conditions */

static bool
leaf_holds(struct nfa *f, int leaf)
{
	const uint64_t bit = (uint64_t)1 << leaf;

	if ((f->g->iterative & bit) == 0)
		return (f->leaves & bit) != 0;
	f->asked = true;
	if ((f->known & bit) == 0) {
		const struct val time = { .kind = VAL_TIME, .ms = f->event->ts };
		const struct expr_env env = { .fields = event_fields(f->event), .slots = &time,
			                      .taken = &f->taken, .scratch = &f->scratch,
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

/* Flink's compiler leaves such an edge without a target. */
static int
goes_nowhere(struct err *err)
{
	return fail_as(err, STATUS_DATA,
	               "--until: ends a greedy optional loop after --not-followed-by, and Flink "
	               "fails on that (drop --greedy)");
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
			return goes_nowhere(err);
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
		const struct state *s = &f->g->states[from];
		for (int i = 0; i < s->n; i++) {
			const struct edge *e = &s->edges[i];
			if (e->kind != PROCEED || !holds(f, e->cond))
				continue;
			if (e->target < 0)
				return goes_nowhere(err);
			if (f->g->states[e->target].kind == STATE_FINAL) {
				*to = e->target;
				return 0;
			}
			push_state(f, &depth, e->target);
		}
	}
	return 0;
}

/* The moves that are open to the branch, in the order in which Flink files what becomes of it, on
 * the column's list, which may be that of nobody. */
static int
find_moves(struct nfa *f, const struct branch *b, struct column *to, struct moves *moves,
           struct err *err)
{
	f->branch = b;
	f->known = f->truth = 0;
	f->path_known = f->asked = false;
	if (find_ways(f, err) < 0)
		return -1;
	*moves = (struct moves){ FATE_MOVES, false, (uint32_t)to->n, 0 };
	for (size_t i = 0; i < f->n_ways; i++) {
		const struct way *way = &f->ways[i];
		struct move move = { -1, way->edge->target, -1 };
		if (way->edge->kind == TAKE) {
			move.element = f->g->states[way->from].element;
			if (final_behind(f, move.target, &move.final, err) < 0)
				return -1;
		} else if (b->state == f->g->start) {
			continue;       /* it waits on, whatever comes */
		}
		to->list = mem_more(to->list, to->n, &to->cap, sizeof(*to->list));
		to->list[to->n++] = move;
		moves->n++;
	}
	if (f->g->iterative != 0)
		arena_reset(&f->scratch);
	return 0;
}

static enum fate
fate_of(const struct nfa *f, const struct branch *b, const struct column *column,
        const struct moves *moves)
{
	const struct move *only = &column->list[moves->first];

	if (f->asked)
		return FATE_OPEN;
	if (b->state == f->g->start)
		return moves->n == 0 ? FATE_STAYS : FATE_MOVES;
	return moves->n == 1 && only->element < 0 && only->target == b->state ? FATE_STAYS
	                                                                      : FATE_MOVES;
}

static bool
begins(const struct nfa *f, const struct move *move)
{
	const enum state_kind to = f->g->states[move->target].kind;

	return move->final < 0 && to != STATE_FINAL && to != STATE_STOP;
}

/* What is remembered about the state of b, found out first if need be. NULL: -1. */
static const struct moves *
remembered(struct nfa *f, const struct branch *b, struct err *err)
{
	struct moves *moves = &f->column->moves[b->state];
	struct moves fresh;

	if (moves->fate != FATE_UNKNOWN)
		return moves;
	if (find_moves(f, b, f->column, &fresh, err) < 0)
		return NULL;
	fresh.fate = fate_of(f, b, f->column, &fresh);
	if (fresh.fate == FATE_OPEN)
		f->column->n = fresh.first;
	fresh.begins = fresh.fate == FATE_MOVES && b->state == f->g->start && fresh.n == 1 &&
	               begins(f, &f->column->list[fresh.first]);
	*moves = fresh;
	return moves;
}

static size_t
column_number(uint64_t truth)
{
	return (truth * 0x9e3779b97f4a7c15u) >> 56;
}

/* Where what is known about events like this one stands; something else may have stood there. */
static struct column *
column_of(struct nfa *f, uint64_t truth)
{
	struct column *c = &f->columns[column_number(truth)];
	const size_t n = (size_t)f->g->n;

	if (!f->remembers)
		return NULL;
	if (c->moves == NULL) {
		c->moves = mem_zalloc(n, sizeof(*c->moves));
	} else if (c->truth != truth) {
		memset(c->moves, 0, n * sizeof(*c->moves));
		c->n = 0;
	}
	c->truth = truth;
	return c;
}

static void
succeed(struct nfa *f, int state, struct node *node, uint64_t start, int64_t start_ts)
{
	f->successors = mem_more(f->successors, f->n_successors, &f->cap_successors,
	                         sizeof(*f->successors));
	f->successors[f->n_successors++] =
		(struct branch){ node_keep(node), start, start_ts, state };
}

static void
take(struct nfa *f, const struct branch *b, const struct move *move)
{
	const bool first = b->start == START_NEVER;
	const uint64_t start = first ? f->event->seq : b->start;
	const int64_t  start_ts = first ? f->event->ts : b->start_ts;
	struct node *node = node_new(f->store, f->event, b->node, move->element);

	succeed(f, move->target, node, start, start_ts);
	if (move->final >= 0)
		succeed(f, move->final, node, start, start_ts);
	node_drop(f->store, node);
}

/* What becomes of the branch, in f->successors. */
static int
step(struct nfa *f, const struct branch *b, struct err *err)
{
	const struct column *column = f->column;
	const struct moves *moves = NULL;
	struct moves found;

	f->n_successors = 0;
	if (column != NULL && (moves = remembered(f, b, err)) == NULL)
		return -1;
	if (moves == NULL || moves->fate == FATE_OPEN) {
		f->open.n = 0;
		if (find_moves(f, b, &f->open, &found, err) < 0)
			return -1;
		column = &f->open;
		moves = &found;
	}
	for (uint32_t i = 0; i < moves->n; i++) {
		const struct move *move = &column->list[moves->first + i];
		if (move->element >= 0)
			take(f, b, move);
		else
			succeed(f, move->target, b->node, b->start, b->start_ts);
	}
	if (b->state == f->g->start)
		succeed(f, b->state, NULL, START_NEVER, 0);
	return 0;
}

static void
tell_at(const struct nfa *f, enum nfa_news what, const struct branch *b, int64_t at)
{
	if (f->tell != NULL && b->start != START_NEVER)
		f->tell(f->listener, what, b, f->event, at);
}

/* A match that only waited for the end of the window is complete at that. */
static void
tell(const struct nfa *f, enum nfa_news what, const struct branch *b)
{
	const bool pending = f->g->states[b->state].kind == STATE_PENDING;

	tell_at(f, what, b,
	        f->event != NULL                        ? f->event->ts
	        : pending && what == NEWS_MATCHED       ? b->start_ts + f->g->window
	                                                : f->now);
}

/* The first successor that has met a NOT, which ends all that would live on; or NULL. */
static const struct branch *
stopped(const struct nfa *f)
{
	for (size_t i = 0; i < f->n_successors; i++)
		if (f->g->states[f->successors[i].state].kind == STATE_STOP)
			return &f->successors[i];
	return NULL;
}

static void
tell_step(const struct nfa *f, const struct branch *b)
{
	const struct branch *stop = stopped(f);

	if (stop != NULL) {
		struct branch as_it_was = *b;
		as_it_was.state = stop->state;
		tell(f, NEWS_STOPPED, &as_it_was);
		return;
	}
	if (f->n_successors == 0)
		tell(f, NEWS_DIED, b);
	for (size_t i = 0; i < f->n_successors; i++) {
		const struct branch *to = &f->successors[i];
		if (f->g->states[to->state].kind == STATE_FINAL)
			continue;       /* told when it is handed out */
		tell(f,
		     b->start == START_NEVER ? NEWS_BEGAN
		     : to->node == b->node   ? NEWS_WAITS
		                             : NEWS_TOOK,
		     to);
	}
}

/* From the wait for a first event, through a group that matches nothing. Flink lets go of what is
 * not there. */
static int
fail_stopped_wait(const struct nfa *f, const struct branch *stop, struct err *err)
{
	const struct element *not = f->g->pattern->elements[f->g->states[stop->state].element];
	char q[QUOTE_MAX];

	return fail_as(err, STATUS_DATA,
	               "an event that is %s, which must not come, has come before any was taken: "
	               "the group before it may match nothing, and Flink fails on that (make one "
	               "of its elements required)",
	               quote(q, not->name));
}

/* File the successors; all that would live on die when one has met a NOT. */
static void
file_successors(struct nfa *f, struct partials *p, bool first, bool stops)
{
	for (size_t i = 0; i < f->n_successors; i++) {
		const struct branch *b = &f->successors[i];
		p->started |= first && b->start != START_NEVER;
		if (f->g->states[b->state].kind == STATE_FINAL)
			branches_push(f->store, &f->complete, b);
		else if (!stops)
			branches_push(f->store, &f->next, b);
		else
			node_drop(f->store, b->node);
	}
}

/* ---- skipping */

static void
tell_pruned(const struct nfa *f, const struct branches *b, const struct skip_bound *bound)
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
	struct branches done;
	struct skip_bound bound;
	int result = 0;

	if (f->complete.n == 0 && p->done == NULL)
		return 0;
	done = partials_take_done(f->store, p);
	for (size_t i = 0; i < f->complete.n; i++)
		branches_push(f->store, &done, &f->complete.a[i]);
	f->complete.n = 0;
	while (done.n > 0) {
		if (f->g->pattern->skip.kind != NO_SKIP && f->next.n > 0 &&
		    done.a[0].start > f->next.a[0].start)
			break;
		const struct branch match = branches_pop(&done);
		result = skip_find(f->g->pattern, &match, &bound, err);
		if (result < 0) {
			node_drop(f->store, match.node);
			break;
		}
		tell(f, NEWS_MATCHED, &match);
		if (!bound.none) {
			tell_pruned(f, &f->next, &bound);
			tell_pruned(f, &done, &bound);
			branches_prune(f->store, &f->next, bound.seq, bound.inclusive);
			branches_prune(f->store, &done, bound.seq, bound.inclusive);
		}
		matches->a = mem_more(matches->a, matches->n, &matches->cap, sizeof(*matches->a));
		matches->a[matches->n++] = (struct found){ match.node, now };
	}
	partials_put_done(f->store, p, &done);
	return result;
}

/* ---- rounds */

/* What f->next holds are the key's branches now; the wait for a first event goes without saying. */
static void
end_round(struct nfa *f, struct partials *p)
{
	if (f->next.n == 1 && f->next.a[0].start == START_NEVER)
		f->next.n = 0;
	f->live -= partials_count(p);
	partials_become(f->store, p, &f->next);
	f->live += partials_count(p);
}

int
nfa_too_many(size_t max_live, struct err *err)
{
	return fail_as(err, STATUS_DATA,
	               "more than %zu partial match%s (--max-partial): the pattern takes more "
	               "events than it lets go (add "
	               "--within, --after-match or a stricter --where, or drop the oldest with "
	               "--on-limit oldest)",
	               max_live, max_live == 1 ? "" : "es");
}

/* Does the event leave all branches as they are? Then their heap would be built again entry by
 * entry as it is. */
static bool
all_stay(struct nfa *f, const struct branch *live, size_t n, struct err *err)
{
	if (f->column == NULL || f->tell != NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct moves *moves = remembered(f, &live[i], err);
		if (moves == NULL || moves->fate != FATE_STAYS)
			return false;   /* a failure is met again */
	}
	return true;
}

/* Does the event begin the only branch of its key? Most that begin one do. */
static bool
begins_alone(struct nfa *f, const struct partials *p, const struct branch *wait, struct err *err)
{
	if (!partials_idle(p) || f->column == NULL || f->tell != NULL)
		return false;
	const struct moves *moves = remembered(f, wait, err);
	return moves != NULL && moves->begins;  /* a failure is met again */
}

/* Then this is what the round would come to. */
static void
begin_alone(struct nfa *f, struct partials *p)
{
	const struct moves *moves = &f->column->moves[f->g->start];
	const struct move *move = &f->column->list[moves->first];

	partials_begin(p, f->event, move->element, move->target);
	if (f->g->iterative != 0)       /* conditions go by its node */
		partials_dress(f->store, p);
	p->started = true;
	f->live++;
}

static int
event_for_each(struct nfa *f, struct partials *p, const struct branch *live, size_t n,
               struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (f->next.n > NFA_BRANCHES_MAX)
			return nfa_too_many(NFA_BRANCHES_MAX, err);
		const bool first = live[i].state == f->g->start;
		const bool failed = step(f, &live[i], err) < 0;
		const struct branch *const stop = failed ? NULL : stopped(f);
		if (failed || (first && stop != NULL && fail_stopped_wait(f, stop, err) < 0)) {
			for (size_t k = 0; k < f->n_successors; k++)
				node_drop(f->store, f->successors[k].node);
			return -1;
		}
		if (f->tell != NULL)
			tell_step(f, &live[i]);
		file_successors(f, p, first, stop != NULL);
	}
	return 0;
}

int
nfa_event(struct nfa *f, struct partials *p, struct event *e, struct found_list *matches,
          struct err *err)
{
	struct branch pair[2];
	const struct branch *live;
	uint32_t n = partials_live(p, f->g->start, pair, &live);

	f->event = e;
	f->leaves = e->truth;
	f->column = column_of(f, f->leaves);
	e->seq = ++*f->seq;
	if (n == 0) {
		pair[0] = branch_wait(f->g->start);
		live = pair;
		n = 1;
	}
	if (begins_alone(f, p, live, err)) {
		begin_alone(f, p);
		return 0;
	}
	if (all_stay(f, live, n, err))
		return 0;
	if (p->is_bare) {
		partials_dress(f->store, p);
		pair[0] = p->live[0];
	}
	if (event_for_each(f, p, live, n, err) < 0)
		return -1;
	const int result = release_matches(f, p, e->ts, matches, err);
	for (size_t i = 0; i < n; i++)
		node_drop(f->store, live[i].node);
	end_round(f, p);
	return result;
}

int
nfa_keep_below_limit(struct nfa *f, struct partials *p, struct err *err)
{
	if (f->live <= f->max_live)
		return 0;
	if (!f->shed)
		return nfa_too_many(f->max_live, err);
	partials_take_out(f->store, p, f->g->start, &f->next);
	while (f->live > f->max_live && f->next.n > 0 && f->next.a[0].start != START_NEVER) {
		tell(f, NEWS_SHED, &f->next.a[0]);
		node_drop(f->store, branches_pop(&f->next).node);
		f->live--;
		f->n_shed++;
	}
	if (f->next.n == 1)             /* the wait, which goes without saying */
		f->next.n = 0;
	partials_become(f->store, p, &f->next);
	return 0;
}

bool
nfa_passes_by(const struct nfa *f, const struct event *e)
{
	const struct column *c = &f->columns[column_number(e->truth)];

	return c->moves != NULL && c->truth == e->truth &&
	       c->moves[f->g->start].fate == FATE_STAYS && f->tell == NULL;
}

static bool
expired(int64_t now, int64_t since, int64_t limit)
{
	return limit > 0 && (now == TIME_MAX || now - since >= limit);
}

/* Where nobody wants to know, and a branch that is all its key has runs out of time. */
static bool
ends_alone(const struct nfa *f, const struct partials *p, const struct branch *b)
{
	return p->is_bare && f->tell == NULL && !f->g->gaps &&
	       f->g->states[b->state].kind != STATE_PENDING;
}

static void
time_out(struct nfa *f, const struct branch *b, int64_t at, struct found_list *timeouts)
{
	tell_at(f, NEWS_TIMED_OUT, b, at);
	if (timeouts == NULL) {
		node_drop(f->store, b->node);
		return;
	}
	timeouts->a = mem_more(timeouts->a, timeouts->n, &timeouts->cap, sizeof(*timeouts->a));
	timeouts->a[timeouts->n++] = (struct found){ b->node, at };
}

int
nfa_time(struct nfa *f, struct partials *p, int64_t now, struct found_list *matches,
         struct found_list *timeouts, struct err *err)
{
	const struct program *g = f->g;
	struct branch pair[2];
	const struct branch *live;

	if (partials_count(p) == 0 ||
	    (!g->gaps && !expired(now, partials_oldest(p), g->window)))
		return 0;
	const uint32_t n = partials_live(p, f->g->start, pair, &live);
	if (timeouts == NULL && ends_alone(f, p, live)) {
		partials_end_bare(f->store, p);
		f->live--;
		return 0;
	}
	if (p->is_bare) {
		partials_dress(f->store, p);
		pair[0] = p->live[0];
	}
	f->event = NULL;
	f->now = now;
	for (size_t i = 0; i < n; i++) {
		const struct branch *b = &live[i];
		const struct state *s = &g->states[b->state];
		const bool waits = b->start == START_NEVER;
		const bool since_previous =
			!waits && s->gap > 0 && expired(now, b->node->event->ts, s->gap);
		if (!since_previous && (waits || !expired(now, b->start_ts, g->window))) {
			branches_push(f->store, &f->next, b);
		} else if (s->kind == STATE_PENDING) {
			branches_push(f->store, &f->complete, b);
		} else {
			time_out(f, b,
			         since_previous ? b->node->event->ts + s->gap
			                        : b->start_ts + g->window,
			         timeouts);
		}
	}
	const int result = release_matches(f, p, now, matches, err);
	end_round(f, p);
	return result;
}

/* ---- */

void
found_clear(struct event_store *s, struct found_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		node_drop(s, l->a[i].node);
	l->n = 0;
}

void
found_release(struct event_store *s, struct found_list *l)
{
	found_clear(s, l);
	free(l->a);
	*l = (struct found_list){ 0 };
}

struct nfa *
nfa_new(const struct nfa_conf *conf)
{
	struct nfa *f = mem_zalloc(1, sizeof(*f));

	f->g = conf->program;
	f->store = conf->store;
	f->max_live = conf->max_live;
	f->shed = conf->shed;
	f->remembers = !conf->forgets && conf->program->n <= NFA_STATES_MAX;
	f->gave_up = conf->gave_up;
	f->seq = conf->seq;
	f->taken = (struct taken){ .self = f, .count = taken_count, .fields = taken_fields };
	return f;
}

void
nfa_free(struct nfa *f)
{
	if (f == NULL)
		return;
	branches_release(f->store, &f->next);
	branches_release(f->store, &f->complete);
	for (size_t i = 0; i < COLUMNS; i++) {
		free(f->columns[i].moves);
		free(f->columns[i].list);
	}
	free(f->open.list);
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
nfa_adopt(struct nfa *f, struct partials *p, struct branches *live, struct branches *done)
{
	partials_become(f->store, p, live);
	f->live += partials_count(p);
	partials_put_done(f->store, p, done);
	branches_release(f->store, live);
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
