/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.h - what becomes of each partial match of one key, as lines of text
 *
 *	2026-01-16T12:00:02.000Z record 7: match from record 3: takes it, goes on to b (2 taken)
 *
 * A record is known by its place in the input, from 1. For people; the words may change.
 */
#ifndef MAIP_CEP_TRACE_H
#define MAIP_CEP_TRACE_H

#include "cep/nfa.h"

struct tracer {
	const struct program *program;
	struct out           *to;
	int64_t               now;      /* that time has been moved to */
};

/* An nfa_news_fn; arg is a struct tracer. A failed out is the caller's to notice. */
void trace_news(void *arg, enum nfa_news what, const struct branch *b, const struct event *e);

#endif
