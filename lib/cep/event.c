/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event.c - one allocation an event: header, fields, line, --order-by value
 */
#include "cep/event.h"

#include <stdlib.h>

#include "base/mem.h"

struct event *
event_new(struct str line, const struct field *fields, size_t n_fields, struct str order)
{
	const size_t fields_size = n_fields * sizeof(struct field);
	struct event *e = mem_alloc(sizeof(*e) + fields_size + line.n + order.n);

	*e = (struct event){ .refs = 1, .n = line.n, .n_fields = (uint32_t)n_fields, .n_order = (uint32_t)order.n };
	e->line = (char *)(e + 1) + fields_size;
	e->order = e->line + line.n;
	memcpy(e->line, line.p, line.n);
	if (order.n > 0)
		memcpy(e->order, order.p, order.n);
	if (n_fields == 0)
		return e;
	e->fields = (struct field *)(e + 1);
	memcpy(e->fields, fields, fields_size);
	for (size_t i = 0; i < n_fields; i++)
		if (e->fields[i].raw.p != NULL && e->fields[i].kind != JSON_MISSING)
			e->fields[i].raw.p = e->line + (e->fields[i].raw.p - line.p);
	return e;
}

void
event_drop(struct event *e)
{
	if (--e->refs == 0)
		free(e);
}

struct node *
node_new(struct event *event, struct node *before, int element)
{
	struct node *n = mem_alloc(sizeof(*n));

	*n = (struct node){ .event = event_keep(event), .before = node_keep(before), .refs = 1, .element = element };
	return n;
}

void
node_drop(struct node *n)
{
	while (n != NULL && --n->refs == 0) {
		struct node *before = n->before;
		event_drop(n->event);
		free(n);
		n = before;
	}
}
