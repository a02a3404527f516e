/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recognize_scan.c - tokens of a clause, and where they stand
 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/utf8.h"
#include "cep/recognize_parts.h"

static bool
is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* 'text' or `name`, in which the sign doubled stands for itself. */
static size_t
quoted_end(struct str text, size_t at)
{
	for (size_t end = at + 1; end < text.n; end++) {
		if (text.p[end] != text.p[at])
			continue;
		if (end + 1 == text.n || text.p[end + 1] != text.p[at])
			return end + 1;
		end++;
	}
	return 0;
}

/* Where the token at position at ends; 0: nowhere. Space and comments before it must have been
 * passed over. */
static size_t
token_end(struct str text, size_t at)
{
	size_t end = at;

	if (at == text.n)
		return at;
	if (is_word_byte(text.p[at])) {
		while (end < text.n && is_word_byte(text.p[end]))
			end++;
		return end;
	}
	if (text.p[at] == '\'' || text.p[at] == '`')
		return quoted_end(text, at);
	return at + 1;
}

static bool
begins(struct str text, size_t at, const char *with)
{
	return str_starts(str_slice(text, at, text.n), str_of(with));
}

/* Stops at a comment that has no end. */
static size_t
skip_space(struct str text, size_t at)
{
	size_t end;

	while (at < text.n) {
		if (strchr(" \t\r\n\f\v", text.p[at]) != NULL) {
			at++;
		} else if (begins(text, at, "--")) {
			while (at < text.n && text.p[at] != '\n')
				at++;
		} else if (begins(text, at, "/*")) {
			for (end = at + 2; end < text.n && !begins(text, end, "*/"); end++)
				;
			if (end == text.n)
				break;
			at = end + 2;
		} else {
			break;
		}
	}
	return at;
}

static void
move_to(struct scan *s, size_t at)
{
	s->at = skip_space(s->text, at);
	s->token = str_slice(s->text, s->at, token_end(s->text, s->at));
}

void
scan_next(struct scan *s)
{
	s->before[1] = s->before[0];
	s->before[0] = s->token;
	move_to(s, s->at + s->token.n);
}

struct str
scan_peek(const struct scan *s)
{
	const size_t at = skip_space(s->text, s->at + s->token.n);

	return str_slice(s->text, at, token_end(s->text, at));
}

static int
check_characters(struct scan *s)
{
	const char *const end = s->text.p + s->text.n;

	for (size_t at = 0, n; at < s->text.n; at += n) {
		n = utf8_length(s->text.p + at, end);
		if (n == 0 || s->text.p[at] == '\0')
			return scan_wrong(s, at, "this byte is not of a text in UTF-8");
	}
	return 0;
}

int
scan_start(struct scan *s)
{
	if (check_characters(s) < 0)
		return -1;
	for (size_t at = skip_space(s->text, 0), end; at < s->text.n;
	     at = skip_space(s->text, end)) {
		end = token_end(s->text, at);
		if (end == 0)
			return scan_wrong(s, at, s->text.p[at] == '\''
			                                 ? "this text has no closing '"
			                                 : "this name has no closing `");
		if (begins(s->text, at, "/*"))
			return scan_wrong(s, at, "this comment has no closing */");
	}
	move_to(s, 0);
	return 0;
}

/* ---- messages */

/* A column is a character. */
int
scan_fail(struct str clause, size_t at, const char *message, struct err *err)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < at && i < clause.n; i++) {
		const char c = clause.p[i];
		column = c == '\n' ? 1 : column + utf8_starts(c);
		line += c == '\n';
	}
	return fail_as(err, STATUS_USAGE, "line %zu, column %zu: %s", line, column, message);
}

static int PRINTF_LIKE(3, 0)
wrong(struct scan *s, size_t at, const char *fmt, va_list args)
{
	char message[sizeof(s->err->msg)];

	vsnprintf(message, sizeof(message), fmt, args);
	return scan_fail(s->text, at, message, s->err);
}

int
scan_wrong(struct scan *s, size_t at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	wrong(s, at, fmt, args);
	va_end(args);
	return -1;
}

int
scan_wrong_at(struct scan *s, struct str token, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	wrong(s, (size_t)(token.p - s->text.p), fmt, args);
	va_end(args);
	return -1;
}

int
scan_expected(struct scan *s, const char *what)
{
	char q[QUOTE_MAX];

	return scan_wrong(s, s->at, "expected %s, found %s", what,
	                  s->token.n == 0 ? "the end" : quote(q, s->token));
}

/* ---- words, names and numbers */

bool
token_is(struct str token, const char *word)
{
	return token.n == strlen(word) && strncasecmp(token.p, word, token.n) == 0;
}

bool
scan_is(const struct scan *s, const char *word)
{
	return token_is(s->token, word);
}

bool
scan_take(struct scan *s, const char *word)
{
	const bool is = scan_is(s, word);

	if (is)
		scan_next(s);
	return is;
}

int
scan_words(struct scan *s, const char *const words[])
{
	if (!scan_is(s, words[0]))
		return 0;
	for (size_t i = 0; words[i] != NULL; i++)
		if (!scan_take(s, words[i]))
			return scan_expected(s, words[i]);
	return 1;
}

bool
token_is_name(struct str token)
{
	return token.n > 0 &&
	       ((is_word_byte(token.p[0]) && (token.p[0] < '0' || token.p[0] > '9')) ||
	        token.p[0] == '`');
}

const char *
scan_name(struct scan *s, struct str token)
{
	char  *name = arena_alloc(&s->r->texts, token.n + 1);
	size_t n = 0;

	if (token.p[0] == '`')
		token = str_slice(token, 1, token.n - 1);
	for (size_t i = 0; i < token.n; i++) {
		name[n++] = token.p[i];
		i += token.p[i] == '`';         /* the second of two */
	}
	name[n] = '\0';
	return name;
}

long
scan_number(struct str token, long max)
{
	long n = 0;

	for (size_t i = 0; i < token.n; i++) {
		if (token.p[i] < '0' || token.p[i] > '9')
			return -1;
		n = n > max ? n : n * 10 + (token.p[i] - '0');
	}
	return token.n == 0 ? -1 : n > max ? max + 1 : n;
}

/* ---- parts that are kept */

const char *
scan_keep_text(struct scan *s, const char *text)
{
	const size_t n = strlen(text) + 1;

	return memcpy(arena_alloc(&s->r->texts, n), text, n);
}

const char *
scan_keep(struct scan *s, struct str part)
{
	struct recognize *r = s->r;
	char *copy = arena_alloc(&r->texts, part.n + 1);

	memcpy(copy, part.p, part.n);
	copy[part.n] = '\0';
	r->origins = mem_more(r->origins, r->n_origins, &r->cap_origins, sizeof(*r->origins));
	r->origins[r->n_origins++] =
		(struct origin){ copy, part.n, (size_t)(part.p - s->text.p) };
	return copy;
}

bool
scan_at_clause(const struct scan *s)
{
	static const char *const clauses[][2] = {
		{ "ONE", "ROW" },   { "ALL", "ROWS" },   { "AFTER", "MATCH" },
		{ "PATTERN", "(" }, { "ORDER", "BY" },   { "PARTITION", "BY" },
		{ "WITHIN", "INTERVAL" },
	};
	const struct str next = scan_peek(s);

	if (scan_is(s, "MEASURES") && !token_is(next, ".") && !token_is(next, ","))
		return true;
	for (size_t i = 0; i < sizeof(clauses) / sizeof(clauses[0]); i++)
		if (scan_is(s, clauses[i][0]) && token_is(next, clauses[i][1]))
			return true;
	return false;
}

bool
scan_at_definition(const struct scan *s)
{
	return token_is_name(s->token) && token_is(scan_peek(s), "AS");
}

#define OPEN_MAX 64                     /* parentheses whose places are remembered */

const char *
scan_expression(struct scan *s)
{
	const size_t from = s->at;
	size_t to = from, open[OPEN_MAX] = { 0 };
	int depth = 0;

	while (s->token.n > 0) {
		const bool clause = scan_at_clause(s);
		if (depth == 0 &&
		    (clause || scan_is(s, ",") || scan_is(s, ")") || scan_is(s, "AS")))
			break;
		if ((clause && !scan_is(s, "MEASURES")) ||
		    (token_is(s->before[0], ",") && depth > 0 && scan_at_definition(s)))
			break;
		if (scan_is(s, "(") && depth < OPEN_MAX)
			open[depth] = s->at;
		depth += scan_is(s, "(") - scan_is(s, ")");
		to = s->at + s->token.n;
		scan_next(s);
	}
	if (depth > 0) {
		scan_wrong(s, open[depth <= OPEN_MAX ? depth - 1 : OPEN_MAX - 1],
		           "this '(' is not closed");
		return NULL;
	}
	return scan_keep(s, str_slice(s->text, from, to));
}
