/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.c - the JSON grammar, one token at a time
 *
 * RFC 8259 as it stands. Strings are most of the bytes, so runs of plain ASCII
 * are skipped sixteen bytes at a time; everything else is branches and tables.
 */
#include "json/token.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/utf8.h"

void
token_start(struct scanner *s, struct str text)
{
	memset(s, 0, sizeof(*s));
	s->start = s->p = text.p;
	s->end = text.p + text.n;
}

/* The next byte, or -1 at the end. */
static int
peek(const struct scanner *s)
{
	return s->p < s->end ? (unsigned char)*s->p : -1;
}

static enum token
fault(struct scanner *s, const char *wanted)
{
	s->wanted = wanted;
	return TOKEN_FAULT;
}

static void
skip_space(struct scanner *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

/* ASCII that means itself within a string. */
static bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static const char *
skip_plain(const char *p, const char *end)
{
#ifdef __SSE2__
	for (; end - p >= 16; p += 16) {
		__m128i  v = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i  odd = _mm_cmpgt_epi8(_mm_set1_epi8(0x20), v);  /* signed: from 0x80, too */
		__m128i  quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
		__m128i  backslash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
		__m128i  special = _mm_or_si128(odd, _mm_or_si128(quote, backslash));
		unsigned mask = (unsigned)_mm_movemask_epi8(special);

		if (mask != 0)
			return p + __builtin_ctz(mask);
	}
#endif
	while (p < end && is_plain((unsigned char)*p))
		p++;
	return p;
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Past the escape at p; NULL with *fault. */
static const char *
skip_escape(const char *p, const char *end, const char **fault, const char **wanted)
{
	*wanted = "one of \"\\/bfnrtu after a backslash";
	*fault = ++p;
	if (p == end)
		return NULL;
	if (*p != 'u')
		return *p != '\0' && strchr("\"\\/bfnrt", *p) ? p + 1 : NULL;
	*wanted = "four hex digits after \\u";
	for (int i = 1; i <= 4; i++) {
		*fault = p + i;
		if (p + i == end || !is_hex(p[i]))
			return NULL;
	}
	return p + 5;
}

const char *
token_string(const char *p, const char *end, bool *escaped, const char **fault, const char **wanted)
{
	*escaped = false;
	for (;;) {
		p = skip_plain(p, end);
		if (p < end && *p == '"')
			return p;
		if (p < end && *p == '\\') {
			*escaped = true;
			p = skip_escape(p, end, fault, wanted);
			if (!p)
				return NULL;
			continue;
		}
		size_t n = p < end && (unsigned char)*p >= 0x80 ? utf8_length(p, end) : 0;

		if (n == 0) {
			*fault = p;
			*wanted = p == end ? "'\"' at the end of a string" :
			          (unsigned char)*p < 0x20 ? "an escape such as \\n" : "UTF-8";
			return NULL;
		}
		p += n;
	}
}

/* Past the digits at p, of which there must be one; NULL with *fault. */
static const char *
skip_digits(const char *p, const char *end, const char **fault)
{
	*fault = p;
	if (p == end || *p < '0' || *p > '9')
		return NULL;
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

const char *
token_number(const char *p, const char *end, const char **fault)
{
	if (*p == '-')
		p++;
	if (p < end && *p == '0')
		p++;
	else
		p = skip_digits(p, end, fault);
	if (p && p < end && *p == '.')
		p = skip_digits(p + 1, end, fault);
	if (p && p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		p = skip_digits(p, end, fault);
	}
	return p;
}

static bool
take_word(struct scanner *s, const char *word, size_t n)
{
	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
		return false;
	s->p += n;
	return true;
}

/* s->p stands on the opening quote. */
static bool
take_string(struct scanner *s)
{
	const char *wanted = NULL;
	const char *where = NULL;
	const char *close = token_string(s->p + 1, s->end, &s->escaped, &where, &wanted);

	s->p = close ? close + 1 : where;
	s->wanted = wanted;
	return close != NULL;
}

static enum token
open_container(struct scanner *s, bool object)
{
	uint64_t bit = (uint64_t)1 << s->depth % 64;

	if (s->depth == JSON_DEPTH)
		return fault(s, NULL);
	if (object)
		s->objects[s->depth / 64] |= bit;
	else
		s->objects[s->depth / 64] &= ~bit;
	s->depth++;
	s->p++;
	s->kind = object ? JSON_OBJECT : JSON_ARRAY;
	s->expect = object ? EXPECT_MEMBER : EXPECT_ELEMENT;
	return TOKEN_OPEN;
}

static enum token
close_container(struct scanner *s)
{
	s->kind = token_in_object(s) ? JSON_OBJECT : JSON_ARRAY;
	s->depth--;
	s->token = s->p++;
	s->expect = s->depth > 0 ? EXPECT_MORE : EXPECT_END;
	return TOKEN_CLOSE;
}

static bool
take_number(struct scanner *s)
{
	const char *where = NULL;
	const char *end = token_number(s->p, s->end, &where);

	s->kind = JSON_NUMBER;
	s->p = end ? end : where;
	s->wanted = "a digit";
	return end != NULL;
}

static enum token
value(struct scanner *s, const char *wanted)
{
	int  c = peek(s);
	bool ok = true;

	s->token = s->p;
	s->escaped = false;
	s->wanted = wanted;
	if (c == '"') {
		s->kind = JSON_STRING;
		ok = take_string(s);
	} else if (c == '{' || c == '[') {
		return open_container(s, c == '{');
	} else if (c == '-' || (c >= '0' && c <= '9')) {
		ok = take_number(s);
	} else if (take_word(s, "true", 4)) {
		s->kind = JSON_TRUE;
	} else if (take_word(s, "false", 5)) {
		s->kind = JSON_FALSE;
	} else if (take_word(s, "null", 4)) {
		s->kind = JSON_NULL;
	} else {
		ok = false;
	}
	if (!ok)
		return TOKEN_FAULT;
	s->length = (size_t)(s->p - s->token);
	s->expect = s->depth > 0 ? EXPECT_MORE : EXPECT_END;
	return TOKEN_SCALAR;
}

static enum token
name(struct scanner *s, const char *wanted)
{
	if (peek(s) != '"')
		return fault(s, wanted);
	s->token = s->p;
	if (!take_string(s))
		return TOKEN_FAULT;
	s->length = (size_t)(s->p - s->token);
	skip_space(s);
	if (peek(s) != ':')
		return fault(s, "':' after a member's name");
	s->p++;
	s->expect = EXPECT_VALUE;
	return TOKEN_NAME;
}

static enum token
after_value(struct scanner *s)
{
	bool object = token_in_object(s);
	int  c = peek(s);

	if (c == (object ? '}' : ']'))
		return close_container(s);
	if (c != ',')
		return fault(s,
		             object ? "',' or '}' after a member" : "',' or ']' after an element");
	s->p++;
	skip_space(s);
	return object ? name(s, "a member's name in double quotes") : value(s, "a value");
}

enum token
token_next(struct scanner *s)
{
	skip_space(s);
	switch (s->expect) {
	case EXPECT_MORE:
		return after_value(s);
	case EXPECT_MEMBER:
		return peek(s) == '}' ? close_container(s)
		                      : name(s, "a member's name in double quotes or '}'");
	case EXPECT_ELEMENT:
		return peek(s) == ']' ? close_container(s) : value(s, "a value or ']'");
	case EXPECT_VALUE:
		return value(s, "a value");
	case EXPECT_END:
		break;
	}
	return s->p == s->end ? TOKEN_END : fault(s, "the end of the line");
}

/* Counted in characters, as editors do; what stands before a fault is valid UTF-8. */
static size_t
column(const struct scanner *s)
{
	return 1 + utf8_count(s->start, s->p);
}

static bool
is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_';
}

/* What stands at a fault, as far as a reader can use it: a word, or one character. */
static struct str
found(const struct scanner *s)
{
	size_t left = (size_t)(s->end - s->p);
	size_t n = 0;

	while (n < left && n < 20 && is_word(s->p[n]))
		n++;
	if (n == 0)
		n = utf8_length(s->p, s->end);
	return (struct str){ s->p, n > 0 ? n : 1 };
}

int
token_fault(const struct scanner *s, struct err *err)
{
	char quoted[QUOTE_MAX];

	if (!s->wanted)
		return fail_as(err, STATUS_DATA, "column %zu: nested deeper than %d levels",
		               column(s), JSON_DEPTH);
	if (s->p == s->end)
		return fail_as(err, STATUS_DATA,
		               "column %zu: expected %s, found the end of the line", column(s),
		               s->wanted);
	return fail_as(err, STATUS_DATA, "column %zu: expected %s, found %s", column(s), s->wanted,
	               quote(quoted, found(s)));
}
