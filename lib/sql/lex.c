/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lex.c - cut the text of an expression into tokens
 *
 * Signs are matched longest first from a table. Bytes above 0x7f are letters, so names
 * need no quotes in any language.
 */
#include <stdio.h>

#include "base/utf8.h"
#include "json/scan.h"
#include "sql/lex.h"

static const char *const signs[] = {
	"<>", "!=", "<=", ">=", "||", "=", "<", ">", "+", "-", "*", "/", "%", "(", ")", "[", "]",
	",", ".",
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
	       (unsigned char)c >= 0x80;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static char
byte_at(const struct lexer *l, size_t i)
{
	return i < l->text.n ? l->text.p[i] : '\0';
}

int
lex_fail(const struct lexer *l, size_t at, const char *fmt, ...)
{
	const struct str before = str_slice(l->text, 0, at);
	const size_t     column = 1 + utf8_count(before.p, before.p + before.n);
	char             msg[sizeof(l->err->msg)];
	va_list          ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return fail_at(l->err, STATUS_USAGE, l->text.p + at, "%s: column %zu: %s", l->what, column,
	               msg);
}

const char *
lex_quote(char to[QUOTE_MAX], struct str token)
{
	bool text = token.n >= 2 && token.p[0] == '\'';

	return quote(to, text ? str_slice(token, 1, token.n - 1) : token);
}

const char *
lex_found(const struct lexer *l, char to[QUOTE_MAX])
{
	const struct token *t = &l->now;

	if (t->kind == TOKEN_END)
		return strcpy(to, "end of text");
	return lex_quote(to, str_slice(l->text, t->at, t->end));
}

bool
lex_is_word(const struct token *t, const char *word)
{
	if (t->kind != TOKEN_WORD)
		return false;
	for (size_t i = 0; i < t->text.n; i++) {
		char c = t->text.p[i];

		if ((c >= 'a' && c <= 'z' ? (char)(c - 32) : c) != word[i] || word[i] == '\0')
			return false;
	}
	return word[t->text.n] == '\0';
}

bool
lex_is_sign(const struct token *t, const char *sign)
{
	return t->kind == TOKEN_SIGN && str_eq(t->text, str_of(sign));
}

/* Of what begins at at with a slash and a star; 0: it has none. */
static size_t
comment_end(struct str text, size_t at)
{
	for (at += 2; at + 1 < text.n; at++)
		if (text.p[at] == '*' && text.p[at + 1] == '/')
			return at + 2;
	return 0;
}

static size_t
past_space_and_comments(const struct lexer *l, size_t at)
{
	for (;;) {
		while (is_space(byte_at(l, at)))
			at++;
		if (byte_at(l, at) == '/' && byte_at(l, at + 1) == '*') {
			const size_t end = comment_end(l->text, at);
			if (end == 0)
				return at;
			at = end;
			continue;
		}
		if (byte_at(l, at) != '-' || byte_at(l, at + 1) != '-')
			return at;
		while (at < l->text.n && l->text.p[at] != '\n')
			at++;
	}
}

/* 'text' or `name`; the delimiter doubled stands for itself. */
static int
read_quoted(struct lexer *l, struct token *t)
{
	char   delimiter = l->text.p[t->at];
	char  *to = arena_alloc(l->mem, l->text.n - t->at);
	size_t n = 0, i = t->at + 1;

	for (; i < l->text.n; i++) {
		if (l->text.p[i] == delimiter && byte_at(l, ++i) != delimiter) {
			t->kind = delimiter == '\'' ? TOKEN_TEXT : TOKEN_NAME;
			t->text = (struct str){ to, n };
			t->end = i;
			return 0;
		}
		to[n++] = l->text.p[i];
	}
	return lex_fail(l, t->at, "this %s has no closing %c", delimiter == '\'' ? "text" : "name",
	                delimiter);
}

static int
read_number(struct lexer *l, struct token *t)
{
	size_t i = t->at, start = i;

	while (is_digit(byte_at(l, i)))
		i++;
	if (byte_at(l, i) == '.' && is_digit(byte_at(l, i + 1)))
		for (i++; is_digit(byte_at(l, i)); )
			i++;
	if (byte_at(l, i) == 'e' || byte_at(l, i) == 'E') {
		size_t j = i + 1 + (byte_at(l, i + 1) == '+' || byte_at(l, i + 1) == '-');

		for (i = is_digit(byte_at(l, j)) ? j : i; is_digit(byte_at(l, i)); )
			i++;
	}
	if (is_letter(byte_at(l, i)))
		return lex_fail(l, i, "expected an operator after the number");
	while (byte_at(l, start) == '0' && is_digit(byte_at(l, start + 1)))
		start++;                        /* 007: JSON would not have it */
	t->kind = TOKEN_NUMBER;
	t->text = str_slice(l->text, start, i);
	t->end = i;
	return 0;
}

static void
read_word(struct lexer *l, struct token *t)
{
	size_t i = t->at;

	while (is_letter(byte_at(l, i)) || is_digit(byte_at(l, i)))
		i++;
	t->kind = TOKEN_WORD;
	t->text = str_slice(l->text, t->at, i);
	t->end = i;
}

static int
read_sign(struct lexer *l, struct token *t)
{
	char q[QUOTE_MAX];

	if (str_starts(str_slice(l->text, t->at, l->text.n), STR("/*")))
		return lex_fail(l, t->at, "this comment has no closing */");
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		struct str sign = str_of(signs[i]);

		if (str_starts(str_slice(l->text, t->at, l->text.n), sign)) {
			t->kind = TOKEN_SIGN;
			t->text = sign;
			t->end = t->at + sign.n;
			return 0;
		}
	}
	if (l->text.p[t->at] == '"')
		return lex_fail(
			l, t->at,
			"text stands in single quotes ('...'), an odd name in backquotes (`...`)");
	return lex_fail(l, t->at, "%s means nothing here",
	                quote(q, str_slice(l->text, t->at, t->at + 1)));
}

static int
read_token(struct lexer *l, struct token *t)
{
	char c;

	t->at = past_space_and_comments(l, l->at);
	c = byte_at(l, t->at);
	if (t->at == l->text.n) {
		*t = (struct token){ .kind = TOKEN_END, .at = t->at, .end = t->at };
		return 0;
	}
	if (c == '\'' || c == '`')
		return read_quoted(l, t);
	if (is_digit(c))
		return read_number(l, t);
	if (is_letter(c)) {
		read_word(l, t);
		return 0;
	}
	return read_sign(l, t);
}

int
lex_next(struct lexer *l)
{
	struct token t = { .kind = TOKEN_END };

	if (read_token(l, &t) < 0)
		return -1;
	l->now = t;
	l->at = t.end;
	return 0;
}

struct token
lex_peek(const struct lexer *l)
{
	struct lexer ahead = *l;
	struct err   ignored;

	ahead.err = &ignored;
	return lex_next(&ahead) < 0 ? (struct token){ .kind = TOKEN_END } : ahead.now;
}

int
lex_start(struct lexer *l, struct str text, const char *what, struct arena *mem, struct err *err)
{
	*l = (struct lexer){ .text = text, .what = what, .mem = mem, .err = err };
	if (text.n > EXPR_TEXT_MAX)
		return fail_as(err, STATUS_USAGE, "%s: the text is longer than %zu bytes", what,
		               EXPR_TEXT_MAX);
	if (!utf8_valid(text))
		return fail_as(err, STATUS_USAGE, "%s: the text is not UTF-8", what);
	return lex_next(l);
}
