/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lex.h - tokens of an expression
 *
 * Words keep their spelling: whether "end" is a keyword or a member's name is for the
 * parser to say, which knows where it stands. The text is limited to
 * EXPR_TEXT_MAX bytes of valid UTF-8.
 */
#ifndef MAIP_SQL_LEX_H
#define MAIP_SQL_LEX_H

#include "base/diag.h"
#include "base/mem.h"
#include "base/str.h"

#define EXPR_TEXT_MAX ((size_t)64 << 10)

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,                     /* payload, AND, $key */
	TOKEN_NAME,                     /* `odd name`: never a keyword */
	TOKEN_TEXT,                     /* 'it''s' */
	TOKEN_NUMBER,                   /* 12, 0.50, 1e3 */
	TOKEN_SIGN                      /* an operator, a bracket, a comma or a point */
};

struct token {
	enum token_kind kind;
	struct str      text;           /* WORD, NUMBER, SIGN: as written; NAME, TEXT: decoded */
	size_t          at, end;        /* where it stands */
};

struct lexer {
	struct str    text;
	size_t        at;
	struct arena *mem;              /* for decoded texts */
	struct token  now;              /* the current token */
	const char   *what;             /* for messages */
	struct err   *err;
};

/* Start on text, on its first token. 0, or -1 with err. */
int lex_start(struct lexer *l, struct str text, const char *what, struct arena *mem,
              struct err *err);

/* On to the next token. */
int lex_next(struct lexer *l);

/* The token after the current one; errors are those of lex_next, later. */
struct token lex_peek(const struct lexer *l);

/* "--where: column 12: ...": at is a byte, a column is a character from 1. Returns -1. */
int lex_fail(const struct lexer *l, size_t at, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The current token for messages: "end of text", "'x'". Returns to. */
const char *lex_found(const struct lexer *l, char to[QUOTE_MAX]);

/* A token as it is written, quoted once: 'x' and not ''x''. Returns to. */
const char *lex_quote(char to[QUOTE_MAX], struct str token);

bool lex_is_word(const struct token *t, const char *upper_case_word);
bool lex_is_sign(const struct token *t, const char *sign);

#endif
