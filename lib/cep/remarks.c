/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remarks.c - tells what Flink takes and ignores, and what hardly means what it says
 *
 * The matches are Flink's, so an option that has no effect there has none here; but here it is
 * said, and how to write what was probably meant.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cep/program.h"

struct remarks {
	char **to;
	size_t n, max;
};

static void PRINTF_LIKE(2, 3)
say(struct remarks *r, const char *fmt, ...)
{
	char    text[600];
	va_list args;

	if (r->n == r->max)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	r->to[r->n++] = mem_dup(str_of(text));
}

static const char *
quantifier(const struct element *e)
{
	return e->times ? "--times" : e->from > 1 ? "--times-or-more" : "--one-or-more";
}

/* Flink watches a gap in all states of a quantifier but the one that has the element's bare name:
 * in that a loop goes on, or the last of a number is waited for. The first element of a pattern is
 * not waited for at all. */
static void
about_gap(struct remarks *r, const struct element *e, bool first, const char *q)
{
	const int limited = e->to - (e->times ? 1 : 0) - (first ? 1 : 0);
	const char *const advice =
		"Flink has it so (for every wait add a --where that compares with LAST of the "
		"element's times)";

	if (e->group != NULL)
		say(r,
		    "%s: the gap has no effect on a group; Flink has it so (use --within-each on "
		    "elements inside the parentheses, or --within)",
		    quantifier(e));
	else if (limited <= 0)
		say(r, "%s: the gap has no effect on %s: it does not limit the wait for %s%s; %s",
		    quantifier(e), q, e->times ? "the last one" : "those that are not required",
		    first ? ", and the first event of a match is not waited for" : "", advice);
	else if (e->times)
		say(r,
		    "%s: the gap limits the wait for each %s but the last%s; %s", quantifier(e), q,
		    first ? "" : ", for the first one, too", advice);
	else if (e->from == 1)
		say(r, "%s: the gap limits the wait for the first %s only; %s", quantifier(e), q,
		    advice);
	else
		say(r, "%s: the gap limits the wait for the first %d of %s only; %s", quantifier(e),
		    e->from, q, advice);
}

static void
about_element(struct remarks *r, const struct element *e, bool first)
{
	char q[QUOTE_MAX];

	quote(q, e->group != NULL ? STR("(group)") : e->name);
	if (e->lost_optional && !e->optional)
		say(r,
		    "--optional: has no effect on %s, whose %s comes behind it; Flink has it so "
		    "(put it behind the %s)",
		    q, quantifier(e), quantifier(e));
	if (e->gap > 0)
		about_gap(r, e, first, q);
	if (e->within_each > 0 && (e->looping || e->times || e->group != NULL))
		say(r,
		    "--within-each: has no effect on %s, which is repeated or a group; Flink has "
		    "it so (give its quantifier a gap, or use "
		    "--within)",
		    q);
	else if (e->within_each > 0 && e->prev == NULL)
		say(r,
		    "--within-each: has no effect on %s, which has no element before it (put it on "
		    "the next one)",
		    q);
	else if (e->within_each > 0 && e->optional)
		say(r,
		    "--within-each: lapses on the optional %s once an event is passed over; Flink "
		    "has it so (use --within)",
		    q);
}

/* Inside a group the window of its last element is lost, and so is a NOT that comes last. */
static void
about_group(struct remarks *r, const struct element *group)
{
	const struct element *last = group->group;
	char q[QUOTE_MAX];

	if (last->within > 0)
		say(r,
		    "--within: has no effect on %s, the last of a group; Flink has it so (put it "
		    "behind the ')', or on the whole pattern)",
		    quote(q, last->group != NULL ? STR("(group)") : last->name));
	if (last->contiguity == NOT_FOLLOWED)
		say(r,
		    "--not-followed-by: has no effect at the end of a group; Flink has it so (put "
		    "%s behind the ')')",
		    quote(q, last->name));
}

void
program_looks_taken(void *arg, struct str path, int element)
{
	struct program *g = arg;

	if (g->members[element].p == NULL)
		g->members[element] = path;
}

size_t
program_remarks(const struct program *g, char **to, size_t max)
{
	const struct pattern *p = g->pattern;
	struct remarks r = { to, 0, max };
	char q[QUOTE_MAX];

	for (int i = 0; i < p->n; i++) {
		if (g->members[i].p != NULL)
			say(&r, "%.*s is a member of the event; LAST(%.*s) is of the element %s",
			    STR_ARGS(g->members[i]), STR_ARGS(g->members[i]),
			    quote(q, p->elements[i]->name));
		about_element(&r, p->elements[i], i == 0);
		if (p->elements[i]->group != NULL)
			about_group(&r, p->elements[i]);
	}
	return r.n;
}
