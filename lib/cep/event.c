/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event.c - one piece of memory an event: header, line, --order-by value, fields
 */
#include "cep/event.h"

#include <stdlib.h>

#include "base/mem.h"

#define BLOCK ((size_t)2 << 20)         /* where mem_big aligns: an address tells its block */
#define SPARE_MAX   4

struct block {
	struct event_pool *pool;
	struct block      *next;        /* of the spare ones */
	size_t             size;        /* BLOCK, or more for an event that does not fit into one */
	size_t             refs;        /* events, and one while it is open */
};

/* ---- blocks */

static struct block *
block_new(struct event_pool *p, size_t size)
{
	struct block *b = p->spare;

	if (size > BLOCK || b == NULL) {
		b = mem_big(size);
	} else {
		p->spare = b->next;
		p->n_spare--;
	}
	*b = (struct block){ .pool = p, .size = size, .refs = 1 };
	return b;
}

static void
block_drop(struct block *b)
{
	struct event_pool *p = b->pool;

	if (--b->refs > 0)
		return;
	if (b->size > BLOCK || p->n_spare == SPARE_MAX) {
		mem_big_free(b, b->size);
		return;
	}
	b->next = p->spare;
	p->spare = b;
	p->n_spare++;
}

static void *
pool_alloc(struct event_pool *p, size_t n)
{
	const size_t size = (n + 15) / 16 * 16;
	void *room;

	if (p->open == NULL || p->used + size > p->open->size) {
		const size_t least = sizeof(struct block) + size;
		if (p->open != NULL)
			block_drop(p->open);
		p->open = block_new(p, least > BLOCK ? least : BLOCK);
		p->used = sizeof(struct block);
	}
	room = (char *)p->open + p->used;
	p->used += size;
	p->open->refs++;
	return room;
}

static void
release_pool(struct event_pool *p)
{
	if (p->open != NULL)
		block_drop(p->open);
	while (p->spare != NULL) {
		struct block *next = p->spare->next;
		mem_big_free(p->spare, p->spare->size);
		p->spare = next;
	}
	*p = (struct event_pool){ 0 };
}

void
event_store_release(struct event_store *s)
{
	release_pool(&s->pool);
	cells_release(&s->cells);
}

/* ---- events */

/* The fields that stand in the old line stand in the new one. */
static void
move_fields(struct event *e, const struct field *fields, size_t n, const char *line)
{
	struct field *to = (struct field *)(uintptr_t)event_fields(e);

	for (size_t i = 0; i < n; i++) {
		to[i] = fields[i];
		if (to[i].raw.p != NULL && to[i].kind != JSON_MISSING)
			to[i].raw.p = event_line(e).p + (to[i].raw.p - line);
	}
}

static size_t
event_size(const struct event_store *s, size_t n_text)
{
	if (n_text == 0 && s->n_fields == 0)
		return sizeof(struct event);
	return sizeof(struct event) + 2 * sizeof(uint32_t) + (n_text + 7) / 8 * 8 +
	       s->n_fields * sizeof(struct field);
}

struct event *
event_new(struct event_store *s, struct str line, const struct field *fields, struct str order)
{
	const size_t size = event_size(s, line.n + order.n);
	struct event *e = s->in_order ? pool_alloc(&s->pool, size) : cells_alloc(&s->cells, size);

	*e = (struct event){ .refs = 1, .has_text = size > sizeof(*e) };
	if (!e->has_text)
		return e;
	e->n[0] = (uint32_t)line.n;
	e->n[1] = (uint32_t)order.n;
	if (line.n > 0)
		memcpy(e->n + 2, line.p, line.n);
	if (order.n > 0)
		memcpy((char *)(e->n + 2) + line.n, order.p, order.n);
	move_fields(e, fields, s->n_fields, line.p);
	return e;
}

void
event_drop_pooled(const struct event *e)
{
	block_drop((struct block *)((uintptr_t)e & ~(BLOCK - 1)));
}

void
event_drop(struct event_store *s, struct event *e)
{
	if (s->leaving && !s->in_order)
		return;
	if (--e->refs > 0)
		return;
	if (s->in_order)
		event_drop_pooled(e);
	else
		cells_free(&s->cells, e, event_size(s, event_line(e).n + event_order(e).n));
}

struct event *
event_move(struct event_store *s, struct event *e)
{
	struct event *copy = event_new(s, event_line(e), e->has_text ? event_fields(e) : NULL,
	                               event_order(e));

	copy->ts = e->ts;
	copy->arrival = e->arrival;
	copy->seq = e->seq;
	copy->key = e->key;
	event_drop(s, e);
	return copy;
}

/* ---- nodes */

struct node *
node_new(struct event_store *s, struct event *event, struct node *before, int element)
{
	struct node *n = cells_alloc(&s->cells, sizeof(*n));

	*n = (struct node){ .event = event_keep(event),
		            .before = node_keep(before),
		            .refs = 1,
		            .element = element };
	return n;
}

void
node_drop(struct event_store *s, struct node *n)
{
	while (n != NULL && !s->leaving && --n->refs == 0) {
		struct node *before = n->before;
		event_drop(s, n->event);
		cells_free(&s->cells, n, sizeof(*n));
		n = before;
	}
}
