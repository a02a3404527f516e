/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.h - the JSON grammar, one token at a time
 *
 * The one place where the grammar stands; scan.c and extract.c are built on it. A pull
 * scanner without recursion: its stack is a bit a level. It reads no byte past
 * the end of the text, allocates nothing, and says of a fault only where it is and what
 * was expected; token_fault() makes the sentence when somebody wants it.
 */
#ifndef MAIP_JSON_TOKEN_H
#define MAIP_JSON_TOKEN_H

#include <stdint.h>

#include "json/scan.h"

enum token {
	TOKEN_FAULT,
	TOKEN_NAME,                     /* a member's name, its colon taken as well */
	TOKEN_SCALAR,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_END                       /* of the text, after one value */
};

enum expect {
	EXPECT_VALUE,
	EXPECT_ELEMENT,                 /* after '[': a value or ']' */
	EXPECT_MEMBER,                  /* after '{': a name or '}' */
	EXPECT_MORE,                    /* after a value within a container: ',' or its end */
	EXPECT_END
};

struct scanner {
	const char    *start, *p, *end;
	const char    *token;           /* where the last token begins */
	size_t         length;          /* of a name or a scalar, quotes and all */
	enum json_kind kind;            /* of the last scalar or container */
	bool           escaped;         /* the last name or string has a backslash in it */
	enum expect    expect;
	unsigned       depth;
	const char    *wanted;          /* of a fault at p; NULL: too deep */
	/* bit i: level i is an object, not an array */
	uint64_t       objects[JSON_DEPTH / 64];
};

/* Start on text, which is to hold one value. */
void token_start(struct scanner *s, struct str text);

enum token token_next(struct scanner *s);

/* After TOKEN_FAULT: "column 17: expected ',' or '}' after a member, found 'x'". Returns -1. */
int token_fault(const struct scanner *s, struct err *err);

/* Is the innermost open container an object? depth > 0. */
static inline bool
token_in_object(const struct scanner *s)
{
	return s->objects[(s->depth - 1) / 64] >> ((s->depth - 1) % 64) & 1;
}

/* The closing quote of the string whose first byte after the opening quote is p. NULL with *fault
 * and *wanted. */
const char *token_string(const char *p, const char *end, bool *escaped, const char **fault,
                         const char **wanted);

/* The end of the number that begins at p; NULL with *fault where a digit was expected. */
const char *token_number(const char *p, const char *end, const char **fault);

#endif
