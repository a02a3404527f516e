/* SPDX-License-Identifier: Apache-2.0 */
/*
 * save.c - the stage's state to bytes and back
 *
 * Shared things are written once and referred to by number: keys, events, nodes (each after the
 * one before it), then what stands on them. The heaps keep their inner order, which is part of
 * the answer. A description of the program goes in front, because state of another pattern means
 * nothing here.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "cep/state.h"
#include "json/line.h"

#define END_MARK 0x6d6169702d636570     /* "maip-cep" */

/* What is met more than once, events and nodes, has its number in place of something else until
 * the end of the save. */
struct lent {
	uint64_t *place, value;
};
#define NUMBERED ((uint64_t)1 << 63)    /* no arrival and no address has this bit */

struct saver {
	struct cep *c;
	struct buf  about, events, nodes, keys, waiting;
	uint32_t   *number;                     /* of a key, counted over those that are saved */
	uint64_t    n_events, n_nodes;
	struct node **chain;
	size_t      n_chain, cap_chain;
	struct lent *lent;
	size_t      n_lent, cap_lent;
};

/* ---- saving */

static void
describe(const struct cep *c, struct buf *to)
{
	const struct program *g = &c->program;

	buf_addf(to, "cep4 %d %d %d ", (int)c->slicing, (int)g->pattern->skip.kind,
	         g->pattern->skip.element);
	buf_addf(to, "%lld %d %d", (long long)g->window, g->start, (int)g->pattern->sql);
	for (int i = 0; i < g->pattern->n_subsets; i++)
		buf_addf(to, "\nsubset %.*s %llx", STR_ARGS(g->pattern->subsets[i].name),
		         (unsigned long long)g->pattern->subsets[i].elements);
	for (int s = 0; s < g->n; s++) {
		buf_add_char(to, '\n');
		program_state_name(g, s, to);
		buf_addf(to, " %lld", (long long)g->states[s].gap);
		for (int i = 0; i < g->states[s].n; i++) {
			const struct edge *e = &g->states[s].edges[i];
			buf_addf(to, " %d>%d:", (int)e->kind, e->target);
			program_cond_text(g, e->cond, to);
		}
	}
	for (size_t i = 0; i < c->n_key_columns; i++)
		buf_addf(to, "\nkey %s", c->conf.keys[i]);
	buf_addf(to, "\ntime %s %d", c->conf.processing_time ? "(processing)" : c->conf.time,
	         c->conf.time_format);
	for (size_t i = 0; i < c->n_order_by; i++)
		buf_addf(to, "\norder %s%s",
		         i == 0 ? c->conf.order_by : c->conf.then_by[i - 1],
		         (c->conf.order_down >> i & 1) != 0 ? " DESC" : "");
}

static void
lend(struct saver *s, uint64_t *place, uint64_t number)
{
	s->lent = mem_more(s->lent, s->n_lent, &s->cap_lent, sizeof(*s->lent));
	s->lent[s->n_lent++] = (struct lent){ place, *place };
	*place = NUMBERED | number;
}

static void
give_back(const struct saver *s)
{
	for (size_t i = 0; i < s->n_lent; i++)
		*s->lent[i].place = s->lent[i].value;
}

static uint64_t
write_event(struct saver *s, const struct event *e, uint64_t seq, uint64_t truth)
{
	buf_put_i64(&s->events, e->ts);
	buf_put_u64(&s->events, e->arrival);
	buf_put_u64(&s->events, seq);
	buf_put_u64(&s->events, truth);
	buf_put_u64(&s->events, s->number[e->key]);
	buf_put_str(&s->events, event_line(e));
	buf_put_str(&s->events, event_order(e));
	return ++s->n_events;
}

/* Number from 1 of an event that has been processed, written when it is met first. */
static uint64_t
save_event(struct saver *s, struct event *e)
{
	if ((e->arrival & NUMBERED) != 0)
		return e->arrival & ~NUMBERED;
	const uint64_t number = write_event(s, e, e->seq, 0);
	if (e->refs > 1)
		lend(s, &e->arrival, number);
	return number;
}

/* The same for a node, behind those before it. 0: none. */
static uint64_t
save_node(struct saver *s, struct node *node)
{
	uint64_t number = 0;

	s->n_chain = 0;
	for (; node != NULL && (node->number & NUMBERED) == 0; node = node->before) {
		s->chain = mem_more(s->chain, s->n_chain, &s->cap_chain, sizeof(*s->chain));
		s->chain[s->n_chain++] = node;
	}
	if (node != NULL)
		number = node->number & ~NUMBERED;
	while (s->n_chain > 0) {
		struct node *n = s->chain[--s->n_chain];
		buf_put_u64(&s->nodes, number);
		buf_put_u64(&s->nodes, save_event(s, n->event));
		buf_put_u64(&s->nodes, (uint64_t)n->element);
		number = ++s->n_nodes;
		if (n->refs > 1)
			lend(s, &n->number, number);
	}
	return number;
}

static void
save_branch(struct saver *s, const struct branch *b, uint64_t node)
{
	buf_put_u64(&s->keys, (uint64_t)b->state);
	buf_put_u64(&s->keys, node);
	buf_put_u64(&s->keys, b->start);
	buf_put_i64(&s->keys, b->start_ts);
}

static void
save_branches(struct saver *s, const struct branch *b, size_t n)
{
	buf_put_u64(&s->keys, n);
	for (size_t i = 0; i < n; i++)
		save_branch(s, &b[i], save_node(s, b[i].node));
}

/* A bare branch, with the node that it has not got yet, and the wait. */
static void
save_bare(struct saver *s, const struct partials *p, struct branch pair[2])
{
	buf_put_u64(&s->nodes, 0);
	buf_put_u64(&s->nodes, save_event(s, p->first));
	buf_put_u64(&s->nodes, p->element);
	pair[0].start = p->first->seq;
	buf_put_u64(&s->keys, 2);
	save_branch(s, &pair[0], ++s->n_nodes);
	save_branch(s, &pair[1], 0);
}

/* Number the keys and write their texts. */
static void
save_texts(struct saver *s, struct buf *to)
{
	const struct cep *c = s->c;
	uint32_t n = 0;

	s->number = mem_zalloc(c->cap_keys + 1, sizeof(*s->number));
	for (uint32_t key = 0; key < c->cap_keys; key++)
		if (!cep_key_is_idle(c, key))
			s->number[key] = n++;
	buf_put_u64(to, n);
	for (uint32_t key = 0; key < c->cap_keys; key++)
		if (!cep_key_is_idle(c, key))
			buf_put_str(to, keys_text(c->keys, key));
}

static void
save_keys(struct saver *s)
{
	for (uint32_t key = 0; key < s->c->cap_keys && !s->c->slicing; key++) {
		const struct partials *p = &s->c->branches[key].partials;
		struct branch pair[2];
		const struct branch *live;
		if (cep_key_is_idle(s->c, key))
			continue;
		const uint32_t n = partials_live(p, s->c->program.start, pair, &live);
		if (p->is_bare)
			save_bare(s, p, pair);
		else
			save_branches(s, live, n);
		if (p->is_bare || p->done == NULL)
			save_branches(s, NULL, 0);
		else
			save_branches(s, p->done->a, p->done->n);
	}
}

/* The events of all lists, in the order of the log. */
static void
save_slices(struct saver *s)
{
	const struct slicer *slicer = &s->c->slicer;

	buf_put_u64(&s->keys, slicer->live);
	for (uint32_t i = 0; i < slicer->n; i++) {
		const uint32_t position = slicer->first + i;
		const struct logged *l = slicer_at(slicer, position);
		if (slices_have(&s->c->slices[l->key].slices, position))
			buf_put_u64(&s->keys, save_event(s, l->event));
	}
}

static void
save_waiting(void *arg, struct event *e)
{
	struct saver *s = arg;

	buf_put_u64(&s->waiting, write_event(s, e, 0, e->truth));
}

static void
save_timers(const struct saver *s, struct buf *to)
{
	const struct cep *c = s->c;

	buf_put_u64(to, c->timers.n);
	for (size_t i = 0; i < c->timers.n; i++) {
		const struct timer *t = cep_timer(c, i);
		buf_put_i64(to, t->ts);
		buf_put_u64(to, s->number[t->key]);
	}
}

static void
save_counters(const struct cep *c, struct buf *to)
{
	buf_put_i64(to, c->watermark.now);
	buf_put_u64(to, c->arrivals);
	buf_put_u64(to, c->seq);
	buf_put_u64(to, c->matches);
	buf_put_u64(to, c->late);
	buf_put_u64(to, c->brief);
}

static void
saver_init(struct saver *s)
{
	buf_init(&s->about, BUF_NO_MAX);
	buf_init(&s->waiting, BUF_NO_MAX);
	buf_init(&s->events, BUF_NO_MAX);
	buf_init(&s->nodes, BUF_NO_MAX);
	buf_init(&s->keys, BUF_NO_MAX);
}

static void
saver_release(struct saver *s)
{
	buf_release(&s->about);
	buf_release(&s->waiting);
	buf_release(&s->events);
	buf_release(&s->nodes);
	buf_release(&s->keys);
	free(s->number);
	free(s->chain);
	free(s->lent);
}

int
cep_save(struct cep *c, struct buf *to, struct err *err)
{
	struct saver s = { .c = c };

	saver_init(&s);
	describe(c, &s.about);
	buf_put_str(to, buf_str(&s.about));
	save_counters(c, to);
	save_texts(&s, to);
	buf_put_u64(&s.waiting, waiting_count(&c->waiting));
	waiting_each(&c->waiting, save_waiting, &s);
	save_keys(&s);
	save_slices(&s);
	give_back(&s);

	buf_put_u64(to, s.n_events);
	buf_add_str(to, buf_str(&s.events));
	buf_put_u64(to, s.n_nodes);
	buf_add_str(to, buf_str(&s.nodes));
	buf_add_str(to, buf_str(&s.keys));
	buf_add_str(to, buf_str(&s.waiting));
	save_timers(&s, to);
	saver_release(&s);
	buf_put_u64(to, END_MARK);              /* to tell a state that was cut off */
	return stage_saved(to, err);
}

/* ---- loading */

struct loader {
	struct cep    *c;
	bool           brief;           /* events were saved without their lines */
	struct cursor  from;
	uint32_t      *keys;            /* by their number in the state */
	uint64_t       n_keys;
	struct event **events;
	uint64_t       n_events;
	struct node  **nodes;
	uint64_t       n_nodes;
};

/* A number below a limit; anything else spoils the state. */
static uint64_t
number(struct loader *l, uint64_t below)
{
	const uint64_t n = cursor_u64(&l->from);

	if (l->from.ok && n < below)
		return n;
	l->from.ok = false;
	return 0;
}

/* How many follow, each of at least one byte. */
static uint64_t
how_many(struct loader *l)
{
	return number(l, (uint64_t)l->from.rest.n + 1);
}

static void
load_texts(struct loader *l)
{
	const uint64_t n = how_many(l);

	l->keys = mem_zalloc(n + 1, sizeof(*l->keys));
	while (l->from.ok && l->n_keys < n) {
		const struct str text = cursor_str(&l->from);
		l->keys[l->n_keys++] =
			keys_intern(l->c->keys, text, keys_hash(l->c->keys, text), NULL);
		cep_make_room(l->c, l->keys[l->n_keys - 1]);
	}
}

/* What an event's line has to say, if it is not kept: in place of it, in the buffer. */
static void
make_brief(struct cep *c, struct buf *line)
{
	const struct expr_env env = { .fields = c->values, .scratch = &c->scratch };

	buf_clear(&c->brief_keys);
	arena_reset(&c->scratch);
	print_add_keys(&c->brief_keys, c->key_columns, c->n_key_columns, &env);
	buf_clear(line);
	buf_add_str(line, buf_str(&c->brief_keys));
	buf_clear(&c->brief_keys);
}

/* The event again, its fields found once more in its line. */
static struct event *
load_event(struct loader *l, struct buf *line)
{
	struct cep *c = l->c;
	const bool fields = c->keeps_fields, shorten = c->brief && !l->brief;
	const int64_t  ts = cursor_i64(&l->from);
	const uint64_t arrival = cursor_u64(&l->from), seq = cursor_u64(&l->from),
		       truth = cursor_u64(&l->from);
	const uint64_t key = number(l, l->n_keys);
	const struct str text = cursor_str(&l->from), order = cursor_str(&l->from);

	buf_clear(line);
	if (!l->from.ok || arrival >= NUMBERED || text.n > UINT32_MAX || order.n > UINT32_MAX ||
	    buf_room(line, text.n + LINE_SLACK) == NULL)
		return NULL;
	buf_add_str(line, text);
	memset(line->p + text.n, 0, LINE_SLACK);
	if ((fields || shorten) && extract(c->fields, buf_str(line), c->values, NULL) < 0)
		return NULL;
	if (shorten)
		make_brief(c, line);
	struct event *e = event_new(&c->store, buf_str(line), c->values, order);
	e->ts = ts;
	e->arrival = arrival;
	if (seq == 0)
		e->truth = truth;
	else
		e->seq = seq;
	e->key = l->keys[key];
	return e;
}

static void
load_events(struct loader *l)
{
	const uint64_t n = how_many(l);
	struct buf line;

	buf_init(&line, BUF_NO_MAX);
	l->events = mem_zalloc(n + 1, sizeof(struct event *));
	while (l->from.ok && l->n_events < n) {
		struct event *e = load_event(l, &line);
		if (e == NULL)
			l->from.ok = false;
		else
			l->events[l->n_events++] = e;
	}
	buf_release(&line);
}

/* The event with a number from 1; NULL spoils the state. */
static struct event *
event_of(struct loader *l)
{
	const uint64_t n = number(l, l->n_events + 1);

	l->from.ok &= n > 0;
	return l->from.ok ? l->events[n - 1] : NULL;
}

/* 0 is no node. */
static struct node *
node_of(struct loader *l)
{
	const uint64_t n = number(l, l->n_nodes + 1);

	return l->from.ok && n > 0 ? l->nodes[n - 1] : NULL;
}

static void
load_nodes(struct loader *l)
{
	const uint64_t n = how_many(l);

	l->nodes = mem_zalloc(n + 1, sizeof(struct node *));
	while (l->from.ok && l->n_nodes < n) {
		struct node  *before = node_of(l);
		struct event *event = event_of(l);
		const int element = (int)number(l, (uint64_t)l->c->program.pattern->n);
		if (l->from.ok)
			l->nodes[l->n_nodes++] = node_new(&l->c->store, event, before, element);
	}
}

static void
load_branches(struct loader *l, struct branches *to)
{
	for (uint64_t n = how_many(l); n > 0 && l->from.ok; n--) {
		struct branch b = { .state = (int)number(l, (uint64_t)l->c->program.n) };
		b.node = node_of(l);
		b.start = cursor_u64(&l->from);
		b.start_ts = cursor_i64(&l->from);
		l->from.ok &= (b.node == NULL) == (b.start == START_NEVER);
		if (!l->from.ok)
			return;
		node_keep(b.node);
		branches_append(&l->c->store, to, &b);
	}
}

static void
load_key(struct loader *l, struct partials *p)
{
	struct branches live = { .a = NULL }, done = { .a = NULL };

	load_branches(l, &live);
	load_branches(l, &done);
	l->from.ok &= live.n != 1;      /* the wait alone is not saved */
	for (uint32_t i = 0; i < done.n; i++)
		l->from.ok &= done.a[i].node != NULL;
	nfa_adopt(l->c->nfa, p, &live, &done);
}

static void
load_slices(struct loader *l)
{
	for (uint64_t n = how_many(l); n > 0 && l->from.ok; n--) {
		struct event *e = event_of(l);
		l->from.ok &= l->c->slicing;
		if (l->from.ok)
			slices_push(&l->c->slicer, &l->c->slices[e->key].slices, event_keep(e));
	}
}

static void
load_waiting(struct loader *l)
{
	for (uint64_t n = how_many(l); n > 0 && l->from.ok; n--) {
		struct event *e = event_of(l);
		if (e == NULL)
			return;
		waiting_add(&l->c->waiting, event_keep(e));
		cep_refs(l->c, e->key)->waiting++;
	}
}

static void
load_timers(struct loader *l)
{
	for (uint64_t n = how_many(l); n > 0 && l->from.ok; n--) {
		const int64_t ts = cursor_i64(&l->from);
		const uint64_t key = number(l, l->n_keys);
		if (l->from.ok)
			cep_add_timer(l->c, l->keys[key], ts);
	}
}

static void
load_counters(struct loader *l)
{
	l->c->watermark.now = cursor_i64(&l->from);
	l->c->arrivals = cursor_u64(&l->from);
	l->c->seq = cursor_u64(&l->from);
	l->c->matches = cursor_u64(&l->from);
	l->c->late = cursor_u64(&l->from);
	l->brief = number(l, 2) == 1;
}

static void
load_all(struct loader *l)
{
	load_texts(l);
	load_events(l);
	load_nodes(l);
	for (uint64_t i = 0; i < l->n_keys && l->from.ok && !l->c->slicing; i++)
		load_key(l, &l->c->branches[l->keys[i]].partials);
	load_slices(l);
	load_waiting(l);
	load_timers(l);
	for (uint64_t i = 0; i < l->n_nodes; i++)
		node_drop(&l->c->store, l->nodes[i]);
	for (uint64_t i = 0; i < l->n_events; i++)
		event_drop(&l->c->store, l->events[i]);
	free(l->nodes);
	free(l->events);
	free(l->keys);
}

int
cep_load(struct cep *c, struct str from, struct err *err)
{
	struct loader l = { .c = c, .from = { from, true } };
	struct buf about;

	buf_init(&about, BUF_NO_MAX);
	describe(c, &about);
	const bool same = str_eq(cursor_str(&l.from), buf_str(&about));
	buf_release(&about);
	if (!l.from.ok)
		return fail_as(err, STATUS_CONFIG, "the saved state is damaged (start without it)");
	if (!same)
		return fail_as(err, STATUS_CONFIG,
		               "the saved state is that of another pattern or key (start without "
		               "it, or use the same options)");
	load_counters(&l);
	if (l.from.ok && l.brief && !c->brief)
		return fail_as(err, STATUS_CONFIG,
		               "the saved state has no lines: it was saved with --emit summary "
		               "or --emit count (use one of them, or start without it)");
	load_all(&l);
	if (cursor_u64(&l.from) != END_MARK || !l.from.ok || l.from.rest.n > 0)
		return fail_as(err, STATUS_CONFIG, "the saved state is damaged (start without it)");
	return 0;
}
