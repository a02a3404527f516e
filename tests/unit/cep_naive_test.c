/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An independent matcher for a subset of patterns: sequences of --next, --followed-by and
 * --followed-by-any with counts and their contiguity, one key, events in order, no skipping. It
 * tries every choice of events and keeps those that fit the definition:
 *
 *	each element takes from..to events that satisfy it (all its --where), in order, one
 *	element after the other;
 *	between an event and the one before it: nothing may lie (next, consecutive), nothing that
 *	satisfies the element
 *	(followed-by, the default inside a loop), or anything (followed-by-any, allow-combinations);
 *	the last event comes sooner after the first than the window is long.
 *
 * Exponential, and without states, edges or branches.
 */
#include "cep_case.h"
#include "unit.h"

#include <inttypes.h>

enum between { NOTHING, NOTHING_LIKE_IT, ANYTHING };

struct part {
	enum between first, later;      /* before its first event, and before a repeat */
	int name;                       /* p0, p1, ... */
	int from, to;                   /* to: CASE_LINES for no limit */
	const char *where[4];
	int n_where;
};

struct naive {
	const struct cep_case *c;
	struct part part[8];
	int n_parts;
	int64_t window;                 /* 0: none */
	int event[CASE_LINES], owner[CASE_LINES], n;
	struct choice { int event[CASE_LINES], owner[CASE_LINES], n; } *found;
	size_t n_found, cap_found;
};

static bool
condition_holds(const char *text, const struct cep_line *l)
{
	if (strcmp(text, "v > 2") == 0)
		return l->v > 2;
	if (strcmp(text, "e <> 'a'") == 0)
		return l->e != 'a';
	return l->e == text[5];         /* e = 'b' */
}

static bool
satisfies(const struct naive *m, int part, int event)
{
	bool all = true;

	for (int i = 0; i < m->part[part].n_where; i++)
		all &= condition_holds(m->part[part].where[i], &m->c->lines[event]);
	return all;
}

static bool
may_come(const struct naive *m, int part, enum between how, int before, int event)
{
	if (!satisfies(m, part, event))
		return false;
	for (int i = before + 1; i < event; i++)
		if (how == NOTHING || (how == NOTHING_LIKE_IT && satisfies(m, part, i)))
			return false;
	return true;
}

static bool
in_window(const struct naive *m, int event)
{
	return m->window == 0 || m->c->lines[event].t - m->c->lines[m->event[0]].t < m->window;
}

static void
keep(struct naive *m)
{
	struct choice *f;

	if (m->n_found == m->cap_found) {
		m->cap_found = m->cap_found * 2 + 64;
		m->found = realloc(m->found, m->cap_found * sizeof(*m->found));
	}
	f = &m->found[m->n_found++];
	memcpy(f->event, m->event, sizeof(f->event));
	memcpy(f->owner, m->owner, sizeof(f->owner));
	f->n = m->n;
}

static void try_part(struct naive *m, int part, int taken);

static void
try_event(struct naive *m, int part, int taken, enum between how)
{
	const int before = m->n == 0 ? -1 : m->event[m->n - 1];

	for (int e = before + 1; e < m->c->n_lines; e++) {
		/* a match may begin anywhere */
		if (m->n == 0 ? !satisfies(m, part, e)
		              : !may_come(m, part, how, before, e) || !in_window(m, e))
			continue;
		m->event[m->n] = e;
		m->owner[m->n++] = part;
		try_part(m, part, taken + 1);
		m->n--;
	}
}

/* The part has taken so many: stop here, or take one more. */
static void
try_part(struct naive *m, int part, int taken)
{
	const struct part *p = &m->part[part];

	if (taken >= p->from && part + 1 == m->n_parts)
		keep(m);
	else if (taken >= p->from)
		try_event(m, part + 1, 0, m->part[part + 1].first);
	if (taken < p->to)
		try_event(m, part, taken, p->later);
}

/* ---- reading the options */

static void
read_options(struct naive *m)
{
	struct part *p = NULL;

	for (int i = 0; i < m->c->n_args; i += 2) {
		const char *option = m->c->args[i], *value = m->c->args[i + 1];
		if (strcmp(option, "--begin") == 0 || strcmp(option, "--next") == 0 || strncmp(option, "--followed-by", 13) == 0) {
			p = &m->part[m->n_parts++];
			*p = (struct part){ .name = atoi(value + 1),
				            .from = 1,
				            .to = 1,
				            .later = NOTHING_LIKE_IT };
			p->first = strcmp(option, "--followed-by") == 0 ? NOTHING_LIKE_IT
			         : option[2] == 'f'                     ? ANYTHING
			                                                : NOTHING;
		} else if (strcmp(option, "--where") == 0) {
			p->where[p->n_where++] = value;
		} else if (strcmp(option, "--times") == 0) {
			p->from = p->to = atoi(value);
			if (strchr(value, ',') != NULL)
				p->to = atoi(strchr(value, ',') + 1);
		} else if (strcmp(option, "--times-or-more") == 0 || strcmp(option, "--one-or-more") == 0) {
			p->from = value[0] == '\0' ? 1 : atoi(value);
			p->to = CASE_LINES;
		} else if (strcmp(option, "--consecutive") == 0) {
			p->later = NOTHING;
		} else if (strcmp(option, "--allow-combinations") == 0) {
			p->later = ANYTHING;
		} else if (strcmp(option, "--within") == 0) {
			m->window = atoi(value);
		} else {
			fail_msg("the naive matcher does not know %s", option);
		}
	}
}

/* ---- the stated order, and the lines */

/* By completing event, then oldest start, then fewest events, then the events. */
static int
compare_choices(const void *pa, const void *pb)
{
	const struct choice *a = pa, *b = pb;
	int d = a->event[a->n - 1] - b->event[b->n - 1];

	if (d == 0)
		d = a->event[0] - b->event[0];
	if (d == 0)
		d = a->n - b->n;
	for (int i = 0; d == 0 && i < a->n; i++)
		d = a->event[i] - b->event[i];
	/* the same events: the element that took more first */
	for (int i = 0; d == 0 && i < a->n; i++)
		d = a->owner[i] - b->owner[i];
	return d;
}

static void
print_choice(const struct naive *m, const struct choice *f, struct buf *to)
{
	const struct cep_line *first = &m->c->lines[f->event[0]],
			      *last = &m->c->lines[f->event[f->n - 1]];
	char text[96];

	buf_addf(to, "{\"k\":\"%c\",\"match_start\":%" PRId64 ",\"match_end\":%" PRId64 ",\"matches\":{", first->k, first->t, last->t);
	for (int i = 0; i < f->n; i++) {
		if (i == 0 || f->owner[i] != f->owner[i - 1])
			buf_addf(to, "%s\"p%d\":[", i == 0 ? "" : "],", m->part[f->owner[i]].name);
		else
			buf_add_char(to, ',');
		buf_add(to, text, cep_line_text(text, &m->c->lines[f->event[i]], f->event[i]));
	}
	buf_add_str(to, STR("]}}\n"));
}

static void
match_naively(const struct cep_case *c, struct buf *to)
{
	struct naive m = { .c = c };

	read_options(&m);
	try_event(&m, 0, 0, NOTHING);
	if (m.n_found > 0)
		qsort(m.found, m.n_found, sizeof(*m.found), compare_choices);
	for (size_t i = 0; i < m.n_found; i++)
		print_choice(&m, &m.found[i], to);
	free(m.found);
}

/* ---- */

static bool
differs(const struct cep_case *c, void *arg)
{
	const struct cep_run how = { 0 };
	struct buf naive, stage;
	bool same = true;

	(void)arg;
	buf_init(&naive, BUF_NO_MAX);
	buf_init(&stage, BUF_NO_MAX);
	if (cep_case_run(c, &how, &stage) == 0) {
		match_naively(c, &naive);
		same = stage.n > naive.n &&
		       memcmp(stage.p, naive.n == 0 ? "" : naive.p, naive.n) == 0 &&
		       stage.p[naive.n] == '-';
	}
	buf_release(&naive);
	buf_release(&stage);
	return !same;
}

static void
the_naive_matcher_finds_the_same_matches_in_the_same_order(void **state)
{
	const char *cases = getenv("CASES");    /* 100000, for a night */
	struct cep_case c;

	(void)state;
	for (uint64_t seed = 1; seed <= (cases == NULL ? 20000u : (uint64_t)atoi(cases)); seed++) {
		struct buf text;
		const struct cep_run how = { 0 };
		cep_case_random(&c, SHAPE_PLAIN, seed);
		if (!differs(&c, NULL))
			continue;
		cep_case_shrink(&c, differs, NULL);
		buf_init(&text, BUF_NO_MAX);
		cep_case_print(&c, &text);
		buf_add_str(&text, STR("---- naive\n"));
		match_naively(&c, &text);
		buf_add_str(&text, STR("---- stage\n"));
		cep_case_run(&c, &how, &text);
		buf_add_char(&text, '\0');
		fail_msg("seed %" PRIu64 ":\n%s", seed, text.p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_naive_matcher_finds_the_same_matches_in_the_same_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
