/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regexp.c - REGEXP(text, pattern), by PCRE2's just-in-time compiler
 *
 * A pattern may be written so that some text takes for ever; a match that runs into the
 * limit gives NULL and is counted, so that one record cannot stop a job.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sql/node.h"

#define MATCH_LIMIT     1000000         /* steps; some 10 ms */
#define HEAP_LIMIT_KIB  16384
#define JIT_STACK_START ((size_t)32 << 10)
#define JIT_STACK_MAX   ((size_t)1 << 20)

struct regexp {
	pcre2_code          *code;
	pcre2_match_data    *match;
	pcre2_match_context *limits;
	pcre2_jit_stack     *stack;     /* NULL: no just-in-time compiler on this machine */
};

static int
compile(struct regexp *r, struct str pattern, struct err *err)
{
	int           error;
	PCRE2_SIZE    at;
	unsigned char why[200];

	r->code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n,
	                        PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &error, &at, NULL);
	if (r->code != NULL)
		return 0;
	if (pcre2_get_error_message(error, why, sizeof(why)) < 0)
		why[0] = '\0';
	return fail_as(err, STATUS_USAGE, "the pattern is wrong at its character %zu: %s", at + 1,
	               (const char *)why);
}

struct regexp *
regexp_new(struct str pattern, struct err *err)
{
	struct regexp *r = mem_zalloc(1, sizeof(*r));

	if (compile(r, pattern, err) < 0) {
		regexp_free(r);
		return NULL;
	}
	r->match = pcre2_match_data_create(1, NULL);
	r->limits = pcre2_match_context_create(NULL);
	if (r->match == NULL || r->limits == NULL) {
		regexp_free(r);
		fail(err, "no memory for the pattern");
		return NULL;
	}
	pcre2_set_match_limit(r->limits, MATCH_LIMIT);
	pcre2_set_heap_limit(r->limits, HEAP_LIMIT_KIB);
	if (pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE) == 0)
		r->stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX, NULL);
	if (r->stack != NULL)
		pcre2_jit_stack_assign(r->limits, NULL, r->stack);
	return r;
}

void
regexp_free(struct regexp *r)
{
	if (r == NULL)
		return;
	pcre2_jit_stack_free(r->stack);
	pcre2_match_context_free(r->limits);
	pcre2_match_data_free(r->match);
	pcre2_code_free(r->code);
	free(r);
}

enum tri
regexp_match(struct regexp *r, struct str text, uint64_t *gave_up)
{
	PCRE2_SPTR subject = text.p != NULL ? (PCRE2_SPTR)text.p : (PCRE2_SPTR)"";
	int        got = pcre2_match(r->code, subject, text.n, 0, PCRE2_NO_UTF_CHECK, r->match,
	                             r->limits);

	if (got >= 0)
		return TRI_TRUE;
	if (got == PCRE2_ERROR_NOMATCH)
		return TRI_FALSE;
	if (gave_up != NULL)
		(*gave_up)++;
	return TRI_NULL;
}
