/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf.c - bytes that grow, up to a maximum
 */
#define _DEFAULT_SOURCE                 /* explicit_bzero */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

enum { FIRST_CAP = 256, I64_TEXT = 20 };

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_release(struct buf *b)
{
	free(b->p);
	buf_init(b, b->max);
}

void
buf_wipe(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->cap);
	buf_release(b);
}

char *
buf_room(struct buf *b, size_t n)
{
	size_t cap = b->cap;

	if (n <= b->cap - b->n && b->p != NULL)
		return b->p + b->n;
	if (n > b->max - b->n) {
		b->refused = true;
		return NULL;
	}
	if (cap < FIRST_CAP)
		cap = FIRST_CAP;
	while (cap < b->n + n)
		cap *= 2;
	/* A whole doubling is never refused for the sake of its unused half. */
	b->cap = cap < b->max ? cap : b->max;
	b->p = mem_resize(b->p, b->cap, 1);
	return b->p + b->n;
}

int
buf_add(struct buf *b, const void *p, size_t n)
{
	char *to = n < b->cap - b->n ? b->p + b->n : buf_room(b, n);

	if (to == NULL)
		return -1;
	if (n > 0)
		memcpy(to, p, n);
	b->n += n;
	return 0;
}

/* Decimal digits of v, ending before end. Returns where they start. */
static char *
digits(char *end, uint64_t v)
{
	do {
		*--end = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	return end;
}

int
buf_add_u64(struct buf *b, uint64_t v)
{
	char  text[I64_TEXT];
	char *end = text + sizeof(text), *p = digits(end, v);

	return buf_add(b, p, (size_t)(end - p));
}

int
buf_add_i64(struct buf *b, int64_t v)
{
	char  text[I64_TEXT + 1];
	char *end = text + sizeof(text), *p = digits(end, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);

	if (v < 0)
		*--p = '-';
	return buf_add(b, p, (size_t)(end - p));
}

int
buf_addf(struct buf *b, const char *fmt, ...)
{
	char    small[512], *text = small;
	va_list ap;
	int     n, status;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n > b->max - b->n) {
		b->refused = true;
		return -1;
	}
	if ((size_t)n >= sizeof(small)) {
		text = mem_alloc((size_t)n + 1);
		va_start(ap, fmt);
		vsnprintf(text, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	status = buf_add(b, text, (size_t)n);
	if (text != small)
		free(text);
	return status;
}

int
buf_put_u64(struct buf *b, uint64_t v)
{
	unsigned char bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(v >> (8 * i));
	return buf_add(b, bytes, sizeof(bytes));
}

int
buf_put_i64(struct buf *b, int64_t v)
{
	return buf_put_u64(b, (uint64_t)v);
}

int
buf_put_str(struct buf *b, struct str s)
{
	if (s.n > b->max - b->n || b->max - b->n - s.n < 8) {
		b->refused = true;
		return -1;
	}
	buf_put_u64(b, s.n);
	return buf_add_str(b, s);
}

static struct str
cursor_take(struct cursor *c, uint64_t n)
{
	struct str taken = { NULL, 0 };

	if (!c->ok || n > c->rest.n) {
		c->ok = false;
		return taken;
	}
	taken = str_slice(c->rest, 0, (size_t)n);
	c->rest = str_slice(c->rest, (size_t)n, c->rest.n);
	return taken;
}

uint64_t
cursor_u64(struct cursor *c)
{
	struct str bytes = cursor_take(c, 8);
	uint64_t   v = 0;

	for (size_t i = bytes.n; i-- > 0;)
		v = v << 8 | (unsigned char)bytes.p[i];
	return v;
}

int64_t
cursor_i64(struct cursor *c)
{
	return (int64_t)cursor_u64(c);
}

struct str
cursor_str(struct cursor *c)
{
	return cursor_take(c, cursor_u64(c));
}
