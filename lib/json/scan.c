/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan.c - checking, walking and printing JSON
 *
 * What a stage does with a value that it has already found. None of it is on the path of every
 * line: that is extract.c.
 */
#include "json/token.h"

#include "base/utf8.h"

int
json_value(struct str text, struct field *to, size_t *end, struct err *err)
{
	struct scanner s;
	enum token     t;
	const char    *from = NULL;

	token_start(&s, text);
	do {
		t = token_next(&s);
		if (t == TOKEN_FAULT)
			return token_fault(&s, err);
		if (!from)
			from = s.token;
	} while (s.depth > 0);
	*to = (struct field){ s.kind, s.escaped, { from, (size_t)(s.p - from) } };
	*end = (size_t)(s.p - text.p);
	return 0;
}

int
json_check(struct str text, struct err *err)
{
	struct scanner s;
	enum token     t;

	token_start(&s, text);
	do
		t = token_next(&s);
	while (t != TOKEN_END && t != TOKEN_FAULT);
	return t == TOKEN_END ? 0 : token_fault(&s, err);
}

static size_t
skip_blank(struct str s, size_t at)
{
	while (at < s.n &&
	       (s.p[at] == ' ' || s.p[at] == '\t' || s.p[at] == '\n' || s.p[at] == '\r'))
		at++;
	return at;
}

int
json_next(struct str container, size_t *at, struct str *raw_name, struct field *to)
{
	size_t       i = skip_blank(container, *at == 0 ? 1 : *at);
	size_t       n;
	struct field name = { .kind = JSON_MISSING };

	if (i < container.n && container.p[i] == ',')
		i = skip_blank(container, i + 1);
	if (i >= container.n || container.p[i] == '}' || container.p[i] == ']')
		return 0;
	if (container.p[0] == '{') {
		if (json_value(str_slice(container, i, container.n), &name, &n, NULL) < 0)
			return 0;
		i = skip_blank(container, i + n) + 1;   /* the colon */
	}
	if (json_value(str_slice(container, i, container.n), to, &n, NULL) < 0)
		return 0;
	*raw_name = name.raw;
	*at = i + n;
	return 1;
}

bool
utf8_valid(struct str text)
{
	const char *end = text.p + text.n;
	size_t      n;

	for (const char *p = text.p; p < end; p += n) {
		uint64_t eight;

		if (end - p >= 8) {
			memcpy(&eight, p, 8);
			n = 8;
			if ((eight & 0x8080808080808080) == 0)
				continue;
		}
		n = utf8_length(p, end);
		if (n == 0)
			return false;
	}
	return true;
}

static uint32_t
hex4(const char *p)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++) {
		uint32_t c = (unsigned char)p[i];

		v = v << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return v;
}

/* The code point of the \u escape(s) at *p, and past them. A half of a pair alone is U+FFFD. */
static uint32_t
unicode_escape(const char **p, const char *end)
{
	uint32_t high = hex4(*p + 2);
	uint32_t low;

	*p += 6;
	if (high < 0xd800 || high > 0xdfff)
		return high;
	if (high > 0xdbff || end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u')
		return 0xfffd;
	low = hex4(*p + 2);
	if (low < 0xdc00 || low > 0xdfff)
		return 0xfffd;
	*p += 6;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static char
simple_escape(char c)
{
	switch (c) {
	case 'b': return '\b';
	case 'f': return '\f';
	case 'n': return '\n';
	case 'r': return '\r';
	case 't': return '\t';
	default:  return c;
	}
}

struct str
json_text(const struct field *string, struct arena *a)
{
	const char *p = string->raw.p + 1;
	const char *end = string->raw.p + string->raw.n - 1;
	char       *text, *to;

	if (!string->escaped)
		return (struct str){ p, (size_t)(end - p) };
	/* no escape is shorter than what it stands for */
	text = to = arena_alloc(a, (size_t)(end - p));
	while (p < end) {
		if (*p != '\\') {
			*to++ = *p++;
		} else if (p[1] == 'u') {
			to += utf8_put(to, unicode_escape(&p, end));
		} else {
			*to++ = simple_escape(p[1]);
			p += 2;
		}
	}
	return (struct str){ text, (size_t)(to - text) };
}

/* Write the escape for the character at p, n bytes long, or 0 if it stands for itself. */
static size_t
escape(char to[6], const char *p, size_t n)
{
	static const char special[] = "\b\f\n\r\t\"\\";
	static const char letter[]  = "bfnrt\"\\";
	static const char hex[]     = "0123456789abcdef";
	unsigned          c = (unsigned char)p[0];
	const char       *found = memchr(special, (int)c, sizeof(special) - 1);

	if (found) {
		memcpy(to, (char[]){ '\\', letter[found - special] }, 2);
		return 2;
	}
	if (c == 0xc2 && n > 1 && (unsigned char)p[1] < 0xa0)
		c = (unsigned char)p[1];
	else if (c >= 0x20 && c != 0x7f)
		return 0;
	memcpy(to, (char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
	return 6;
}

int
json_add_string(struct buf *to, struct str text)
{
	const char *end = text.p + text.n;
	const char *plain = text.p;
	size_t      before = to->n;
	int         failed = buf_add_char(to, '"');

	for (const char *p = text.p; p < end; p++) {
		char   esc[6];
		size_t n = escape(esc, p, (size_t)(end - p));

		if (n == 0)
			continue;
		failed |= buf_add(to, plain, (size_t)(p - plain));
		failed |= buf_add(to, esc, n);
		p += (unsigned char)*p == 0xc2;
		plain = p + 1;
	}
	failed |= buf_add(to, plain, (size_t)(end - plain));
	failed |= buf_add_char(to, '"');
	if (failed)
		to->n = before;
	return failed ? -1 : 0;
}

int
json_add_compact(struct buf *to, struct str text)
{
	struct scanner s;
	size_t         before = to->n;
	int            failed = 0;
	bool           comma = false;
	enum token     t;

	token_start(&s, text);
	for (t = token_next(&s); t != TOKEN_END && t != TOKEN_FAULT; t = token_next(&s)) {
		if (comma && t != TOKEN_CLOSE)
			failed |= buf_add_char(to, ',');
		if (t == TOKEN_NAME || t == TOKEN_SCALAR)
			failed |= buf_add(to, s.token, s.length);
		else
			failed |= buf_add_char(to, *s.token);
		if (t == TOKEN_NAME)
			failed |= buf_add_char(to, ':');
		comma = t == TOKEN_SCALAR || t == TOKEN_CLOSE;
		if (s.depth == 0)
			break;
	}
	if (failed || t == TOKEN_FAULT)
		to->n = before;
	return failed || t == TOKEN_FAULT ? -1 : 0;
}
