/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cell.c - one value kept in 16 bytes
 *
 * A number or text goes into the cell itself only if printing it gives the bytes that it came as.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "sql/cell.h"
#include "sql/small.h"

#define SHORT_MAX 14

struct blob {
	size_t n;
	char   bytes[];
};

/* Nothing that a JSON string has to escape, or that json_add_string does escape. */
static bool
is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7e || s.p[i] == '"' || s.p[i] == '\\')
			return false;
	return true;
}

static bool
fits_as_number(const struct val *v, struct small *small)
{
	return v->kind == VAL_NUM && small_of_num(small, &v->num) &&
	       !(v->raw.p != NULL && v->raw.n > 0 && v->raw.p[0] == '-' && small->v == 0);
}

static void
set_blob(struct cell *c, const struct val *v)
{
	struct buf bytes;

	buf_init(&bytes, BUF_NO_MAX);
	val_save(&bytes, v);
	c->blob = mem_alloc(sizeof(struct blob) + bytes.n);
	c->blob->n = bytes.n;
	memcpy(c->blob->bytes, bytes.p, bytes.n);
	c->tag = CELL_BLOB;
	buf_release(&bytes);
}

void
cell_set(struct cell *c, const struct val *v)
{
	struct small small;

	cell_drop(c);
	if (v->kind == VAL_NULL)
		return;
	if (fits_as_number(v, &small)) {
		c->v = small.v;
		c->n = small.scale;
		c->tag = CELL_SMALL;
	} else if (v->kind == VAL_TEXT && v->text.n <= SHORT_MAX && is_plain(v->text) &&
	           (v->raw.p == NULL || v->raw.n == v->text.n + 2)) {
		if (v->text.n > 0)
			memcpy((char *)c, v->text.p, v->text.n);
		c->n = (uint8_t)v->text.n;
		c->tag = CELL_SHORT;
	} else {
		set_blob(c, v);
	}
}

void
cell_get(const struct cell *c, struct val *to)
{
	struct cursor at;

	*to = (struct val){ .kind = VAL_NULL };
	switch ((enum cell_tag)c->tag) {
	case CELL_EMPTY:
		break;
	case CELL_SMALL:
		to->kind = VAL_NUM;
		to->num = small_num((struct small){ c->v, c->n });
		break;
	case CELL_SHORT:
		to->kind = VAL_TEXT;
		to->text = (struct str){ (const char *)c, c->n };
		break;
	case CELL_BLOB:
		at = (struct cursor){ .rest = { c->blob->bytes, c->blob->n }, .ok = true };
		val_load(to, &at);
		break;
	}
}

void
cell_drop(struct cell *c)
{
	if (c->tag == CELL_BLOB)
		free(c->blob);
	memset(c, 0, sizeof(*c));
}

size_t
cell_heap(const struct cell *c)
{
	return c->tag == CELL_BLOB ? sizeof(struct blob) + c->blob->n : 0;
}

void
cell_save(const struct cell *c, struct buf *to)
{
	struct val v;

	cell_get(c, &v);
	val_save(to, &v);
}

int
cell_load(struct cell *c, struct cursor *from)
{
	struct val v;

	if (val_load(&v, from) < 0)
		return -1;
	cell_set(c, &v);
	return 0;
}
