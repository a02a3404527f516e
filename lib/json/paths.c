/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paths.c - the paths an extractor looks for, as one tree
 *
 * A stage has a handful of paths, so children are short lists.
 */
#include "json/paths.h"

#include <stdlib.h>

#include "base/mem.h"

static uint16_t
add_node(struct paths *p, struct step step)
{
	p->nodes = mem_more(p->nodes, p->n, &p->cap, sizeof(*p->nodes));
	if (step.name.p)
		step.name.p = mem_dup(step.name);
	p->nodes[p->n] =
		(struct node){ step, .field = -1, .child = NODE_NONE, .sibling = NODE_NONE };
	return (uint16_t)p->n++;
}

void
paths_init(struct paths *p)
{
	memset(p, 0, sizeof(*p));
	add_node(p, (struct step){ .name = { NULL, 0 } });
}

void
paths_release(struct paths *p)
{
	for (size_t i = 0; i < p->n; i++)
		free((char *)(uintptr_t)p->nodes[i].step.name.p);
	for (size_t i = 0; i < p->n_fields; i++)
		free((char *)(uintptr_t)p->names[i].p);
	free(p->nodes);
}

static bool
same_step(const struct step *a, const struct step *b)
{
	if (!a->name.p || !b->name.p)
		return !a->name.p && !b->name.p && a->index == b->index;
	return str_eq(a->name, b->name);
}

static uint16_t
find_child(const struct paths *p, uint16_t node, const struct step *step)
{
	uint16_t c = p->nodes[node].child;

	while (c != NODE_NONE && !same_step(&p->nodes[c].step, step))
		c = p->nodes[c].sibling;
	return c;
}

static uint16_t
child_for(struct paths *p, uint16_t node, const struct step *step)
{
	uint16_t c = find_child(p, node, step);

	if (c != NODE_NONE)
		return c;
	c = add_node(p, *step);
	p->nodes[c].sibling = p->nodes[node].child;
	p->nodes[node].child = c;
	if (!step->name.p && step->index >= p->nodes[node].elements)
		p->nodes[node].elements = step->index + 1;
	return c;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
is_plain_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		bool digit = s.p[i] >= '0' && s.p[i] <= '9';

		if (!is_letter(s.p[i]) && !(digit && i > 0))
			return false;
	}
	return s.n > 0;
}

/* As it is, or within backquotes; those in the name are doubled. */
static void
add_name(struct buf *b, struct str name)
{
	if (is_plain_name(name)) {
		buf_add_str(b, name);
		return;
	}
	buf_add_char(b, '`');
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == '`')
			buf_add_char(b, '`');
		buf_add_char(b, name.p[i]);
	}
	buf_add_char(b, '`');
}

/* The path as one writes it in an expression. */
static struct str
write_path(const struct path *path)
{
	struct str s;
	struct buf b;

	buf_init(&b, BUF_NO_MAX);
	for (size_t i = 0; i < path->n; i++) {
		const struct step *step = &path->steps[i];

		if (!step->name.p) {
			buf_addf(&b, "[%u]", step->index);
			continue;
		}
		if (i > 0)
			buf_add_char(&b, '.');
		add_name(&b, step->name);
	}
	if (path->n == 0)
		buf_add_str(&b, STR("the record"));
	s = (struct str){ mem_dup(buf_str(&b)), b.n };
	buf_release(&b);
	return s;
}

int
paths_add(struct paths *p, const struct path *path, struct err *err)
{
	uint16_t node = 0;
	uint64_t bit;

	if (path->n > JSON_DEPTH)
		return fail_as(err, STATUS_USAGE, "a path has at most %d steps", JSON_DEPTH);
	for (size_t i = 0; i < path->n; i++)
		node = child_for(p, node, &path->steps[i]);
	if (p->nodes[node].field >= 0)
		return p->nodes[node].field;
	if (p->n_fields == EXTRACT_FIELDS)
		return fail_as(err, STATUS_USAGE, "more than %d different paths", EXTRACT_FIELDS);
	p->nodes[node].field = (int16_t)p->n_fields;
	bit = (uint64_t)1 << p->n_fields;
	node = 0;
	p->nodes[0].below |= bit;
	for (size_t i = 0; i < path->n; i++) {
		node = find_child(p, node, &path->steps[i]);
		p->nodes[node].below |= bit;
	}
	p->names[p->n_fields] = write_path(path);
	return (int)p->n_fields++;
}

uint16_t
paths_member(const struct paths *p, uint16_t node, struct str raw, bool escaped,
             struct arena *scratch)
{
	struct step step = { .name = { raw.p + 1, raw.n - 2 } };

	if (node == NODE_NONE || p->nodes[node].child == NODE_NONE)
		return NODE_NONE;
	if (escaped)
		step.name = json_text(&(struct field){ JSON_STRING, true, raw }, scratch);
	return find_child(p, node, &step);
}

uint16_t
paths_element(const struct paths *p, uint16_t node, uint32_t index)
{
	if (node == NODE_NONE || index >= p->nodes[node].elements)
		return NODE_NONE;
	return find_child(p, node, &(struct step){ .name = { NULL, 0 }, .index = index });
}
