/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recognize_parts.h - the clause as tokens: shared by the files of recognize.h, and nobody else
 *
 *	recognize.c          the clauses in their order
 *	recognize_pattern.c  PATTERN, WITHIN and SUBSET
 *	recognize_scan.c     tokens and messages
 */
#ifndef MAIP_CEP_RECOGNIZE_PARTS_H
#define MAIP_CEP_RECOGNIZE_PARTS_H

#include "cep/recognize.h"

struct scan {
	struct recognize *r;
	struct pattern   *p;
	struct str        text;
	size_t            at;           /* start of the current token */
	struct str        token;        /* a word, a quoted text, or a sign; empty at the end */
	/* the two before it, the nearer first */
	struct str        before[2];
	struct err       *err;
};

/* On the first token. -1 with err: a text, a name or a comment is not closed. */
int scan_start(struct scan *s);
void scan_next(struct scan *s);
struct str scan_peek(const struct scan *s);             /* the token after the current one */

/* Is it that word, in any case, or that sign? */
bool scan_is(const struct scan *s, const char *word);
bool scan_take(struct scan *s, const char *word);       /* then on to the next */
/* Take the words if the first of them is next; the others must follow. 1, 0, -1. */
int scan_words(struct scan *s, const char *const words[]);
#define SCAN_WORDS(s, ...) scan_words(s, (const char *const[]){ __VA_ARGS__, NULL })

bool token_is(struct str token, const char *word);
bool token_is_name(struct str token);                   /* a word or `a name` */
/* A name without its backquotes; kept. */
const char *scan_name(struct scan *s, struct str token);
/* A number of at most max; -1: it is none, max + 1: it is greater. */
long scan_number(struct str token, long max);

/* "B AS": does a definition or its like begin with the current token? */
bool scan_at_definition(const struct scan *s);
/* Does it go on with a clause here? A column may be called ONE or AFTER, but not behind such. */
bool scan_at_clause(const struct scan *s);
/* An expression up to a comma, AS, a closing parenthesis or a clause outside of its own
 * parentheses; empty: there is none. Kept. NULL with err: a parenthesis is not closed before the
 * next of a list, the next clause, or the end. */
const char *scan_expression(struct scan *s);

/* A copy that remembers where it comes from, and one of a text that comes from nowhere. */
const char *scan_keep(struct scan *s, struct str part);
const char *scan_keep_text(struct scan *s, const char *text);

/* All return -1, with "line 3, column 7: ..." in err. */
int scan_wrong(struct scan *s, size_t at, const char *fmt, ...) PRINTF_LIKE(3, 4);
int scan_wrong_at(struct scan *s, struct str token, const char *fmt, ...) PRINTF_LIKE(3, 4);
int scan_expected(struct scan *s, const char *what);
int scan_fail(struct str clause, size_t at, const char *message, struct err *err);

/* PATTERN (...), WITHIN INTERVAL ..., SUBSET ...: 0, or -1 with err. */
int recognize_pattern(struct scan *s);
int recognize_within(struct scan *s);
int recognize_subsets(struct scan *s);

#endif
