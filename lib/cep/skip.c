/* SPDX-License-Identifier: Apache-2.0 */
/*
 * skip.c - the first event that a match leaves for others
 */
#include "cep/skip.h"

#include "base/diag.h"

/* The first or last event that the skip target took in the match; NULL: none. */
static const struct event *
target_event(const struct skip *skip, const struct node *n)
{
	const struct event *e = NULL;

	for (; n != NULL; n = n->before) {
		if (n->element != skip->element)
			continue;
		e = n->event;
		if (skip->kind == SKIP_TO_LAST)
			break;
	}
	return e;
}

int
skip_find(const struct pattern *p, const struct branch *match, struct skip_bound *to,
          struct err *err)
{
	const struct skip *skip = &p->skip;
	char q[QUOTE_MAX];

	*to = (struct skip_bound){ .inclusive = true };
	switch (skip->kind) {
	case NO_SKIP:
		to->none = true;
		return 0;
	case SKIP_TO_NEXT:
		to->seq = match->start;
		return 0;
	case SKIP_PAST_LAST:
		to->seq = match->node->event->seq;
		return 0;
	default:
		break;
	}
	const struct event *e = target_event(skip, match->node);
	if (e == NULL && skip->error)
		return fail_as(err, STATUS_DATA,
		               p->sql ? "AFTER MATCH SKIP TO %s: a match has no row of it (make "
		                        "the variable required, or skip PAST LAST ROW or TO NEXT "
		                        "ROW)"
		                      : "--after-match: cannot skip to %s: the match has no such "
		                        "element (drop ',error' to go on without skipping)",
		               quote(q, skip->name));
	if (e != NULL && e->seq == match->start && skip->error)
		return fail_as(err, STATUS_DATA,
		               p->sql ? "AFTER MATCH SKIP TO %s: it is the first row of a match, "
		                        "which would be found again and again (skip PAST LAST "
		                        "ROW or TO NEXT ROW)"
		                      : "--after-match: cannot skip to %s: it is the first event "
		                        "of the match, which would match again (drop ',error' to "
		                        "go on without skipping)",
		               quote(q, skip->name));
	*to = (struct skip_bound){ .seq = e == NULL ? 0 : e->seq, .none = e == NULL };
	return 0;
}
