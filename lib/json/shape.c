/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shape.c - what lines look like between their values, learned
 *
 * Why a run can be trusted: it begins right behind a value, where the state of the
 * grammar is its stack, and that is the context's; and it ends right before a scalar
 * or with the line. No run is the beginning of another one in its context with a scalar
 * behind both, because where the shorter one ends the longer one has a bracket or space.
 * So at most one matches.
 *
 * Arenas hand out 16-byte aligned memory; nothing here needs more.
 */
#include "json/shape.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "json/token.h"

#define MAX_RUNS     2048
#define MAX_CONTEXTS 1024
#define MAX_BYTES    ((size_t)256 << 10)
#define MAX_KEPT     1024               /* bytes of a run */
#define MAX_TRIES    16                 /* runs compared in one lookup */
#define KEY_SIZE     64                 /* a name is looked for within so many bytes */

const unsigned char scalar_kinds[256] = {
	['"'] = JSON_STRING, ['-'] = JSON_NUMBER,
	['0'] = JSON_NUMBER, ['1'] = JSON_NUMBER, ['2'] = JSON_NUMBER, ['3'] = JSON_NUMBER,
	['4'] = JSON_NUMBER, ['5'] = JSON_NUMBER, ['6'] = JSON_NUMBER, ['7'] = JSON_NUMBER,
	['8'] = JSON_NUMBER, ['9'] = JSON_NUMBER,
	['t'] = JSON_TRUE, ['f'] = JSON_FALSE, ['n'] = JSON_NULL,
};

static struct context *
new_context(struct shapes *s, const struct context *like)
{
	struct context *c = arena_alloc(&s->memory, sizeof(*c));

	*c = *like;
	c->id = (uint32_t)s->n_contexts++;
	return c;
}

void
shapes_clear(struct shapes *s)
{
	arena_reset(&s->memory);
	memset(s->bucket, 0, sizeof(s->bucket));
	s->n_runs = s->n_contexts = s->n_bytes = 0;
	s->full = false;
	s->start.next = s->start.earlier = NULL;
	s->start.to = new_context(s, &(struct context){ .node = NODE_NONE });
}

void
shapes_init(struct shapes *s, const struct paths *paths)
{
	memset(s, 0, sizeof(*s));
	s->paths = paths;
	shapes_clear(s);
}

void
shapes_release(struct shapes *s)
{
	arena_release(&s->memory);
	arena_release(&s->scratch);
	free(s->actions);
}

/* ---- looking up */

/* How long the key of what stands at p is: to its second quote. 0: there is no name. */
static size_t
key_length(const char *p, size_t n)
{
	const char *open = memchr(p, '"', n < KEY_SIZE ? n : KEY_SIZE);
	const char *close;

	if (!open)
		return n < KEY_SIZE ? 0 : KEY_SIZE;
	n -= (size_t)(open + 1 - p);
	close = memchr(open + 1, '"', n < KEY_SIZE ? n : KEY_SIZE);
	if (!close)
		return n < KEY_SIZE ? 0 : (size_t)(open + 1 - p);
	return (size_t)(close + 1 - p);
}

static uint64_t
load(const char *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

/* Lookups are short whatever collides, so the hash need not be seeded. */
static size_t
bucket_of(const struct context *c, const char *p, size_t n)
{
	const uint64_t prime = 0x9e3779b97f4a7c15;
	uint64_t       h = (c->id + n * 4096) * prime;

	for (; n >= 8; p += 8, n -= 8)
		h = ((h ^ load(p, 8)) * prime) ^ h >> 29;
	h = (h ^ load(p, n)) * prime;
	return h >> 54;
}

static_assert(SHAPE_BUCKETS == 1 << 10, "bucket_of makes ten bits");

static bool
run_matches(const struct run *r, const char *p, const char *end)
{
	size_t      head = r->length < RUN_HEAD ? r->length : RUN_HEAD;
	const char *next = p + r->length;

	if (r->length > (size_t)(end - p) || memcmp(r->head, p, head) != 0)
		return false;
	if (r->length > RUN_HEAD && memcmp(r->rest, p + RUN_HEAD, r->length - RUN_HEAD) != 0)
		return false;
	if (r->last)
		return next == end;
	return next < end && scalar_kinds[(unsigned char)*next] != JSON_MISSING;
}

static struct run *
search(struct run *r, const struct context *c, const char *p, const char *end)
{
	for (int tries = 0; r && tries < MAX_TRIES; r = r->chain, tries++) {
		if (r->from == c && run_matches(r, p, end))
			return r;
	}
	return NULL;
}

/* ---- learning */

static uint32_t
after_element(const struct shapes *s, const struct context *c)
{
	uint32_t wanted = c->node == NODE_NONE ? 0 : s->paths->nodes[c->node].elements;

	return c->index < wanted ? c->index + 1 : wanted;
}

/* The context like this one; NULL when there are too many. */
static struct context *
context_like(struct shapes *s, const struct context *like)
{
	struct context *c = like->parent->child;

	while (c && (c->object != like->object || c->node != like->node || c->index != like->index))
		c = c->sibling;
	if (c)
		return c;
	if (s->n_contexts == MAX_CONTEXTS) {
		s->full = true;
		return NULL;
	}
	c = new_context(s, like);
	c->sibling = c->parent->child;
	c->parent->child = c;
	return c;
}

/* A value has begun in *c: the node where it stands. Moves *c on to the place behind it. */
static uint16_t
begin_value(struct shapes *s, struct context **c, uint16_t named)
{
	struct context next = **c;
	uint16_t       node = named;

	if (!next.parent)
		return 0;
	if (!next.object) {
		node = paths_element(s->paths, next.node, next.index);
		next.index = after_element(s, *c);
		next.child = NULL;
		next.nameless = NULL;
		*c = context_like(s, &next);
	}
	return node;
}

static void
add_action(struct shapes *s, struct action a)
{
	s->actions = mem_more(s->actions, s->n_actions, &s->cap_actions, sizeof(a));
	s->actions[s->n_actions++] = a;
}

static int16_t
field_at(const struct shapes *s, uint16_t node)
{
	return node == NODE_NONE ? -1 : s->paths->nodes[node].field;
}

/* Open a container: the context within it. */
static struct context *
open_context(struct shapes *s, struct context *c, const struct scanner *t, uint16_t node,
             size_t offset)
{
	struct context inner = {
		.parent = c,
		.node = node,
		.depth = (uint16_t)t->depth,
		.object = t->kind == JSON_OBJECT,
	};
	int16_t        field = field_at(s, node);

	if (field >= 0)
		add_action(s, (struct action){ ACTION_BEGIN, field, t->kind, offset, 0 });
	return context_like(s, &inner);
}

static void
close_context(struct shapes *s, const struct context *c, size_t offset)
{
	int16_t field = field_at(s, c->node);

	if (field >= 0)
		add_action(s,
		           (struct action){ .kind = ACTION_END, .field = field, .offset = offset });
}

static bool
is_control(struct shapes *s, const struct scanner *t)
{
	struct field name = { JSON_STRING, t->escaped, { t->token, t->length } };

	return str_eq(json_text(&name, &s->scratch), STR("_maip"));
}

static uint16_t
follow_name(struct shapes *s, const struct context *c, const struct scanner *t)
{
	struct str name = { t->token, t->length };
	uint16_t node = paths_member(s->paths, c->node, name, t->escaped, &s->scratch);
	uint64_t below = node == NODE_NONE ? 0 : s->paths->nodes[node].below;
	int16_t  own = field_at(s, node);

	if (own >= 0)
		below &= ~((uint64_t)1 << own);         /* what comes overwrites it */
	if (below != 0)
		add_action(s, (struct action){ .kind = ACTION_FORGET, .fields = below });
	return node;
}

/* Put the scanner behind a value in c. */
static void
resume(struct scanner *t, const struct context *c, const char *p, const char *end)
{
	token_start(t, (struct str){ p, (size_t)(end - p) });
	t->depth = c->depth;
	t->expect = c->parent ? EXPECT_MORE : EXPECT_VALUE;
	for (; c->parent; c = c->parent)
		t->objects[(c->depth - 1) / 64] |= (uint64_t)c->object << ((c->depth - 1) % 64);
}

/* Scan the run at p from context c and tell what it does in *r (all but its bytes) and s->actions.
 * 0, or -1: not a run that can be used. */
static int
study(struct shapes *s, struct context *c, const char *p, const char *end, struct run *r)
{
	struct scanner t;
	bool           first = c->parent == NULL;
	uint16_t       node = NODE_NONE;
	enum token     token;

	*r = (struct run){ .from = c, .field = -1 };
	s->n_actions = 0;
	arena_reset(&s->scratch);
	resume(&t, c, p, end);
	while (c) {
		token = token_next(&t);
		switch (token) {
		case TOKEN_FAULT:
			return -1;
		case TOKEN_NAME:
			if (first && is_control(s, &t))
				return -1;
			first = false;
			node = follow_name(s, c, &t);
			break;
		case TOKEN_OPEN:
			if (!c->parent && t.kind != JSON_OBJECT)
				return -1;
			node = begin_value(s, &c, node);
			c = c ? open_context(s, c, &t, node, (size_t)(t.token - p)) : NULL;
			break;
		case TOKEN_CLOSE:
			close_context(s, c, (size_t)(t.token - p));
			c = c->parent;
			break;
		case TOKEN_SCALAR:
			if (!c->parent)
				return -1;
			r->field = field_at(s, begin_value(s, &c, node));
			r->to = c;
			r->length = (uint32_t)(t.token - p);
			return c ? 0 : -1;
		case TOKEN_END:
			r->last = true;
			r->to = c;
			r->length = (uint32_t)(end - p);
			return 0;
		}
	}
	return -1;
}

static void *
keep(struct shapes *s, const void *p, size_t n)
{
	void *kept = arena_alloc(&s->memory, n);

	if (n > 0)
		memcpy(kept, p, n);
	s->n_bytes += n;
	return kept;
}

/* Keep a run that has been studied, for the next time. */
static struct run *
keep_run(struct shapes *s, const struct run *studied, const char *p)
{
	struct run *r = keep(s, studied, sizeof(*r));
	size_t      head = r->length < RUN_HEAD ? r->length : RUN_HEAD;
	size_t      key = key_length(p, r->length);
	struct run **list = key > 0 ? &s->bucket[bucket_of(r->from, p, key)] : &r->from->nameless;

	memcpy(r->head, p, head);
	r->mask = (uint32_t)(((uint64_t)1 << head) - 1);
	if (r->length > RUN_HEAD)
		r->rest = keep(s, p + RUN_HEAD, r->length - RUN_HEAD);
	r->actions = keep(s, s->actions, s->n_actions * sizeof(*s->actions));
	r->chain = *list;
	*list = r;
	s->n_runs++;
	return r;
}

static struct run *
learn(struct shapes *s, struct context *c, const char *p, const char *end)
{
	struct run *r = &s->once;

	if (s->n_runs == MAX_RUNS || s->n_bytes > MAX_BYTES)
		s->full = true;
	if (s->full || end - p > UINT32_MAX || study(s, c, p, end, r) < 0)
		return NULL;
	if (s->n_actions > UINT16_MAX)
		return NULL;
	r->n_actions = (uint16_t)s->n_actions;
	r->actions = s->actions;
	return r->length <= MAX_KEPT ? keep_run(s, r, p) : r;
}

struct run *
shapes_find(struct shapes *s, struct run *prev, const char *p, const char *end)
{
	struct context *c = prev->to;
	struct run     *r = prev->earlier;
	size_t          key;

	if (p >= end)
		return NULL;
	if (!r || !run_matches(r, p, end)) {
		key = key_length(p, (size_t)(end - p));
		r = search(key > 0 ? s->bucket[bucket_of(c, p, key)] : NULL, c, p, end);
		if (!r)
			r = search(c->nameless, c, p, end);
		if (!r)
			r = learn(s, c, p, end);
	}
	if (r && r != &s->once) {
		prev->earlier = prev->next;
		prev->next = r;
	}
	return r;
}
