/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extract.c - the fields that a stage needs, and where they stand in a line
 *
 * The exact path: every token of the line through the grammar, with the tree of
 * paths walked beside it. And the choice between it and the template path (walk.h).
 */
#include <stdlib.h>

#include "base/mem.h"
#include "json/paths.h"
#include "json/shape.h"
#include "json/token.h"
#include "json/walk.h"

/* An open container. */
struct level {
	const char *from;
	uint32_t    index;              /* of the next element */
	uint16_t    node;               /* of the container */
	uint16_t    next;               /* of the value that comes next, in an object */
	bool        object;
};

struct extractor {
	struct paths  paths;
	struct shapes shapes;
	walk_fn      *walk;
	struct arena  scratch;          /* decoded names, for one line */
	struct level  level[JSON_DEPTH + 1];
};

static bool
has_avx2(void)
{
#if defined(__x86_64__)
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
#else
	return false;
#endif
}

static walk_fn *
widest(void)
{
#if defined(__x86_64__)
	return has_avx2() ? walk_avx2 : walk_sse2;
#else
	return walk_scalar;
#endif
}

int
extract_simd(struct extractor *x, const char *level)
{
	walk_fn *walk = NULL;

	if (strcmp(level, "scalar") == 0)
		walk = walk_scalar;
#if defined(__x86_64__)
	else if (strcmp(level, "sse2") == 0)
		walk = walk_sse2;
	else if (strcmp(level, "avx2") == 0 && has_avx2())
		walk = walk_avx2;
#endif
	if (!walk)
		return -1;
	x->walk = walk;
	return 0;
}

struct extractor *
extract_new(void)
{
	struct extractor *x = mem_zalloc(1, sizeof(*x));
	const char       *level = getenv("MAIP_SIMD");

	paths_init(&x->paths);
	shapes_init(&x->shapes, &x->paths);
	if (!level || extract_simd(x, level) < 0)
		x->walk = widest();
	return x;
}

void
extract_free(struct extractor *x)
{
	if (!x)
		return;
	shapes_release(&x->shapes);
	paths_release(&x->paths);
	arena_release(&x->scratch);
	free(x);
}

int
extract_path(struct extractor *x, const struct path *path, struct err *err)
{
	return paths_add(&x->paths, path, err);
}

size_t
extract_count(const struct extractor *x)
{
	return x->paths.n_fields;
}

struct str
extract_name(const struct extractor *x, size_t index)
{
	return x->paths.names[index];
}

/* ---- the exact path */

static const char *
kind_name(enum json_kind kind)
{
	static const char *const names[] = {
		[JSON_MISSING] = "nothing",
		[JSON_NULL] = "null",
		[JSON_FALSE] = "false",
		[JSON_TRUE] = "true",
		[JSON_NUMBER] = "a number",
		[JSON_STRING] = "a string",
		[JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "an array",
	};

	return names[kind];
}

static void
forget(struct field *fields, uint64_t which)
{
	for (; which != 0; which &= which - 1)
		fields[__builtin_ctzll(which)] = (struct field){ .kind = JSON_MISSING };
}

static bool
is_control_name(struct extractor *x, const struct scanner *s)
{
	struct field name = { JSON_STRING, s->escaped, { s->token, s->length } };

	return str_eq(json_text(&name, &x->scratch), STR("_maip"));
}

static void
set_field(const struct extractor *x, uint16_t node, struct field *fields, const struct scanner *s,
          const char *from)
{
	int16_t i = node == NODE_NONE ? -1 : x->paths.nodes[node].field;
	bool    escaped = s->kind == JSON_STRING && s->escaped;

	if (i >= 0)
		fields[i] = (struct field){ s->kind, escaped, { from, (size_t)(s->p - from) } };
}

/* A value begins in the container at: the node where it stands. */
static uint16_t
begin_value(const struct extractor *x, struct level *at)
{
	return at->object ? at->next : paths_element(&x->paths, at->node, at->index++);
}

/* One token more; at is the level of the innermost open container before it. Returns that after
 * it. */
static struct level *
follow(struct extractor *x, const struct scanner *s, enum token t, struct level *at,
       struct field *fields)
{
	const struct str token = { s->token, s->length };
	uint16_t         node;

	switch (t) {
	case TOKEN_NAME:
		at->next = paths_member(&x->paths, at->node, token, s->escaped, &x->scratch);
		if (at->next != NODE_NONE)      /* the last one of a name counts */
			forget(fields, x->paths.nodes[at->next].below);
		return at;
	case TOKEN_SCALAR:
		set_field(x, begin_value(x, at), fields, s, s->token);
		return at;
	case TOKEN_OPEN:
		node = begin_value(x, at);
		*++at = (struct level){ .from = s->token,
			                .node = node,
			                .object = s->kind == JSON_OBJECT };
		return at;
	case TOKEN_CLOSE:
		set_field(x, at->node, fields, s, at->from);
		return at - 1;
	default:
		return at;
	}
}

int
extract_exact(struct extractor *x, struct str line, struct field *fields, struct err *err)
{
	struct level  *at = x->level;
	struct scanner s;
	bool           first = true;
	enum token     t;

	arena_reset(&x->scratch);
	forget(fields, x->paths.nodes[0].below);
	*at = (struct level){ .node = NODE_NONE, .next = 0, .object = true };
	token_start(&s, line);
	for (t = token_next(&s); t != TOKEN_FAULT && t != TOKEN_END; t = token_next(&s)) {
		if (at == x->level && (t == TOKEN_SCALAR || s.kind == JSON_ARRAY))
			return fail_as(err, STATUS_DATA, "a record is an object, not %s",
			               kind_name(s.kind));
		if (first && t == TOKEN_NAME && is_control_name(x, &s))
			return fail_as(err, STATUS_DATA, "a record must not begin with _maip: "
			               "that name belongs to control lines");
		first &= t == TOKEN_OPEN;
		at = follow(x, &s, t, at, fields);
	}
	return t == TOKEN_END ? 0 : token_fault(&s, err);
}

/* ---- the template path, which leaves what it does not know to the exact one */

int
extract(struct extractor *x, struct str line, struct field *fields, struct err *err)
{
	if (x->shapes.full)
		shapes_clear(&x->shapes);
	forget(fields, x->paths.nodes[0].below);
	if (x->walk(&x->shapes, line, fields))
		return 0;
	return extract_exact(x, line, fields, err);
}
