/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern.c - builds a pattern and refuses what cannot be one
 *
 * The order of the checks in each call is Flink's, so that of several faults the same one is told.
 */
#include "cep/pattern.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"
#include "json/scan.h"

#define USAGE(err, ...) fail_as(err, STATUS_USAGE, __VA_ARGS__)

void
pattern_init(struct pattern *p)
{
	memset(p, 0, sizeof(*p));
}

void
pattern_release(struct pattern *p)
{
	for (int i = 0; i < p->n; i++)
		free(p->elements[i]);
	pattern_init(p);
}

static bool
is_not(const struct element *e)
{
	return e->contiguity == NOT_NEXT || e->contiguity == NOT_FOLLOWED;
}

bool
pattern_is_name(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f)
			return false;
	return utf8_valid(text);
}

static int
add(struct pattern *p, struct element *prev, enum contiguity c, const char *what, const char *name,
    struct err *err)
{
	const bool group = strcmp(name, "(") == 0;

	if (p->n == PATTERN_ELEMENTS)
		return USAGE(err, "more than %d elements", PATTERN_ELEMENTS);
	if (group && (c == NOT_NEXT || c == NOT_FOLLOWED))
		return USAGE(err, "a group cannot be negated (negate one element: %s NAME)", what);
	if (group && p->depth == PATTERN_DEPTH)
		return USAGE(err, "groups nest deeper than %d", PATTERN_DEPTH);
	if (name[0] == '\0' || !pattern_is_name(str_of(name)) || strcmp(name, ")") == 0 ||
	    strchr(name, ':') != NULL) {
		char q[QUOTE_MAX];
		return USAGE(err, "%s is not a name (any text but ')', without ':' and control "
		                  "characters)",
		             quote(q, str_of(name)));
	}
	if (strcmp(name, "$endState$") == 0)
		return USAGE(
			err,
			"'$endState$' is the name of the end of every pattern (choose another)");

	struct element *e = mem_zalloc(1, sizeof(*e));
	e->name = group ? STR("") : str_of(name);
	e->option = what;
	e->number = p->n;
	e->contiguity = c;
	e->inner = RELAXED;
	e->prev = prev;
	p->elements[p->n++] = e;
	p->tail = e;
	if (group) {
		p->open[p->depth++] = e;
		p->tail = NULL;
	}
	return 0;
}

int
pattern_begin(struct pattern *p, const char *name, struct err *err)
{
	if (p->tail != NULL)
		return USAGE(err, "the pattern has begun already (go on with --next, --followed-by "
		                  "or --followed-by-any)");
	return add(p, NULL, STRICT, "--begin", name, err);
}

/* The element that an option speaks about. */
static struct element *
subject(struct pattern *p, struct err *err)
{
	if (p->tail == NULL)
		USAGE(err, "comes after an element (start with --begin NAME)");
	return p->tail;
}

int
pattern_follow(struct pattern *p, enum contiguity c, const char *what, const char *name,
               struct err *err)
{
	struct element *prev = subject(p, err);

	if (prev == NULL)
		return -1;
	if ((c == NOT_NEXT || c == NOT_FOLLOWED) && prev->optional)
		return USAGE(err, "cannot come right after an --optional element (run two "
		                  "patterns, one with the element and one "
		                  "without it)");
	return add(p, prev, c, what, name, err);
}

int
pattern_close(struct pattern *p, struct err *err)
{
	if (p->depth == 0)
		return USAGE(err, "')' closes no group (open one with --begin '(', --next '(', "
		                  "--followed-by '(' or --followed-by-any '(')");
	if (p->tail == NULL)
		return USAGE(err, "the group before ')' is empty (write --begin NAME in it)");
	struct element *group = p->open[--p->depth];
	group->group = p->tail;
	p->tail = group;
	return 0;
}

static int
condition(struct pattern *p, const char *text, bool is_or, struct err *err)
{
	struct element *e = subject(p, err);

	if (e == NULL)
		return -1;
	if (e->group != NULL)
		return USAGE(err, "a group has no condition of its own (put it on an element "
		                  "inside the parentheses)");
	if (e->n_where == PATTERN_CONDITIONS)
		return USAGE(err, "more than %d conditions on one element (join them with AND)",
		             PATTERN_CONDITIONS);
	e->where[e->n_where++] = (struct condition){ str_of(text), is_or };
	return 0;
}

int
pattern_where(struct pattern *p, const char *text, struct err *err)
{
	return condition(p, text, false, err);
}

int
pattern_or(struct pattern *p, const char *text, struct err *err)
{
	return condition(p, text, true, err);
}

int
pattern_until(struct pattern *p, const char *text, struct err *err)
{
	struct element *e = subject(p, err);

	if (e == NULL)
		return -1;
	if (e->until.p != NULL)
		return USAGE(err, "there is one already (join the conditions with OR)");
	if (!e->looping)
		return USAGE(err, "ends a loop (put --one-or-more or --times-or-more before it)");
	e->until = str_of(text);
	return 0;
}

/* ---- quantifiers */

static struct element *
quantified(struct pattern *p, const char *what, struct err *err)
{
	struct element *e = subject(p, err);

	if (e == NULL)
		return NULL;
	if (is_not(e)) {
		USAGE(err,
		      "an element that must not come cannot be repeated (leave %s out after "
		      "--not-next or --not-followed-by)",
		      what);
		return NULL;
	}
	if (e->looping || e->times) {
		USAGE(err, "the element has a quantifier already (one of --times, --times-or-more "
		           "and --one-or-more; a range is "
		           "--times 2,4)");
		return NULL;
	}
	/* what Flink's quantifiers replace, and forget */
	e->lost_optional = e->optional;
	e->optional = false;
	return e;
}

/* A count from the start of *text; moves *text behind it. */
static int
count(struct str *text, int *to, struct err *err)
{
	char *end;
	char  q[QUOTE_MAX], digits[16];
	size_t n = 0;

	while (n < text->n && n < sizeof(digits) - 1 &&
	       (text->p[n] == '-' || (text->p[n] >= '0' && text->p[n] <= '9')))
		n++;
	memcpy(digits, text->p, n);
	digits[n] = '\0';
	const long v = strtol(digits, &end, 10);
	if (n == 0 || *end != '\0')
		return USAGE(err, "%s is not a count (try 3)", quote(q, *text));
	if (v < 0 || v > PATTERN_TIMES)
		return USAGE(err, "a count is a number from 1 to %d, not %ld", PATTERN_TIMES, v);
	*to = (int)v;
	*text = str_slice(*text, n, text->n);
	return 0;
}

/* A duration that means something as a window. */
static int
window(struct str text, int64_t *to, struct err *err)
{
	if (dur_parse(to, text, true, err) < 0)
		return -1;
	if (*to <= 0)
		return USAGE(err,
		             "must be longer than 0 (nothing fits into %.*s; try 1ms, or leave it "
		             "out for no limit)",
		             STR_ARGS(text));
	return 0;
}

/* ":GAP", or nothing. */
static int
gap(struct str text, int64_t *to, struct err *err)
{
	char q[QUOTE_MAX];

	if (text.n == 0)
		return 0;
	if (text.p[0] != ':')
		return USAGE(err, "%s is left over after the count (a gap is written 3:10s)",
		             quote(q, text));
	return window(str_slice(text, 1, text.n), to, err);
}

int
pattern_times(struct pattern *p, const char *value, struct err *err)
{
	struct element *e = quantified(p, "--times", err);
	struct str text = str_of(value);
	bool range = false;

	if (e == NULL || count(&text, &e->from, err) < 0)
		return -1;
	e->to = e->from;
	if (text.n > 0 && text.p[0] == ',') {
		range = true;
		text = str_slice(text, 1, text.n);
		if (count(&text, &e->to, err) < 0)
			return -1;
	}
	if (e->to == 0)
		return USAGE(err, "must be 1 or more (0,N is 1,N and --optional)");
	if (e->from > e->to)
		return USAGE(err, "from %d to %d is upside down (try --times %d,%d)", e->from,
		             e->to, e->to, e->from);
	e->times = true;
	if (range && e->from == 0) {
		e->optional = true;
		e->from = 1;
	}
	return gap(text, &e->gap, err);
}

int
pattern_times_or_more(struct pattern *p, const char *value, struct err *err)
{
	struct element *e = quantified(p, "--times-or-more", err);
	struct str text = str_of(value);

	if (e == NULL || count(&text, &e->from, err) < 0)
		return -1;
	if (e->from == 0)
		return USAGE(err, "must be 1 or more (0 or more is --one-or-more --optional)");
	e->to = e->from;
	e->looping = true;
	return gap(text, &e->gap, err);
}

int
pattern_one_or_more(struct pattern *p, const char *value, struct err *err)
{
	struct element *e = quantified(p, "--one-or-more", err);

	if (e == NULL)
		return -1;
	e->from = e->to = 1;
	e->looping = true;
	return value == NULL ? 0 : window(str_of(value), &e->gap, err);
}

int
pattern_optional(struct pattern *p, struct err *err)
{
	struct element *e = subject(p, err);

	if (e == NULL)
		return -1;
	if (e->prev != NULL && e->prev->greedy)
		return USAGE(err, "cannot come right after a --greedy element (drop --greedy "
		                  "there, or --optional here)");
	if (e->optional)
		return USAGE(
			err,
			"the element is optional already (say it once; --times 0,N says it, too)");
	if (is_not(e))
		return USAGE(err,
		             "an element that must not come cannot be optional (drop --optional)");
	e->optional = true;
	return 0;
}

int
pattern_greedy(struct pattern *p, struct err *err)
{
	struct element *e = subject(p, err);

	if (e == NULL)
		return -1;
	if (is_not(e))
		return USAGE(err, "an element that must not come takes nothing (drop --greedy)");
	if (e->group != NULL)
		return USAGE(err,
		             "a group cannot be greedy (put it on a loop inside the parentheses)");
	if (e->inner == ANY)
		return USAGE(err,
		             "cannot be combined with --allow-combinations (drop one of the two)");
	if (!e->looping && !e->times)
		return USAGE(err, "takes as many as there are, so it needs a loop (put "
		                  "--one-or-more, --times-or-more or "
		                  "--times before it)");
	if (e->greedy)
		return USAGE(err, "the element is greedy already (say it once)");
	e->greedy = true;
	return 0;
}

static int
inner_contiguity(struct pattern *p, enum contiguity inner, struct err *err)
{
	struct element *e = subject(p, err);

	if (e == NULL)
		return -1;
	if (!e->looping && !e->times)
		return USAGE(err, "is about the repeats of a loop (put --one-or-more, "
		                  "--times-or-more or --times before it)");
	if (e->inner == inner)
		return USAGE(err, "the element has it already (say it once)");
	if (e->inner != RELAXED)
		return USAGE(err, "either --consecutive or --allow-combinations, not both (drop "
		                  "one of the two)");
	e->inner = inner;
	return 0;
}

int
pattern_consecutive(struct pattern *p, struct err *err)
{
	return inner_contiguity(p, STRICT, err);
}

int
pattern_allow_combinations(struct pattern *p, struct err *err)
{
	return inner_contiguity(p, ANY, err);
}

/* ---- time and skipping */

int
pattern_within(struct pattern *p, const char *duration, struct err *err)
{
	struct element *e = subject(p, err);

	if (e != NULL && e->within != 0)
		return USAGE(err, "there is one already (say it once)");
	return e == NULL ? -1 : window(str_of(duration), &e->within, err);
}

int
pattern_within_each(struct pattern *p, const char *duration, struct err *err)
{
	struct element *e = subject(p, err);

	if (e != NULL && e->within_each != 0)
		return USAGE(err, "there is one already (say it once)");
	return e == NULL ? -1 : window(str_of(duration), &e->within_each, err);
}

int
pattern_after_match(struct pattern *p, const char *value, struct err *err)
{
	static const struct { const char *word; enum skip_kind kind; bool name; } words[] = {
		{ "no-skip", NO_SKIP, false },
		{ "skip-to-next", SKIP_TO_NEXT, false },
		{ "skip-past-last-event", SKIP_PAST_LAST, false },
		{ "skip-to-first", SKIP_TO_FIRST, true },
		{ "skip-to-last", SKIP_TO_LAST, true },
	};
	const char *equals = strchr(value, '=');
	const size_t n = equals == NULL ? strlen(value) : (size_t)(equals - value);
	char q[QUOTE_MAX];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].word) != n || memcmp(words[i].word, value, n) != 0 ||
		    words[i].name != (equals != NULL))
			continue;
		p->skip = (struct skip){ .kind = words[i].kind };
		if (equals == NULL)
			return 0;
		struct str name = str_of(equals + 1);
		const struct str error = STR(",error");
		if (name.n >= error.n && str_eq(str_slice(name, name.n - error.n, name.n), error)) {
			p->skip.error = true;
			name.n -= error.n;
		}
		if (name.n == 0)
			break;
		p->skip.name = name;
		return 0;
	}
	return USAGE(err,
	             "%s is not a strategy (no-skip, skip-to-next, skip-past-last-event, "
	             "skip-to-first=NAME[,error] "
	             "or skip-to-last=NAME[,error])",
	             quote(q, str_of(value)));
}

/* ---- what can be judged at the end only */

static int
check_names(const struct pattern *p, struct err *err)
{
	char q[QUOTE_MAX];

	for (int i = 0; i < p->n; i++)
		for (int j = 0; j < i && p->elements[i]->name.n > 0; j++)
			if (str_eq(p->elements[i]->name, p->elements[j]->name))
				return USAGE(err,
				             "%s: there is an element %s already (names must be "
				             "different, in groups, too)",
				             p->elements[i]->option,
				             quote(q, p->elements[i]->name));
	return 0;
}

/* The target must stand in the top sequence; the first element is found whatever its kind. */
static int
check_skip(struct pattern *p, struct err *err)
{
	char q[QUOTE_MAX];

	if (p->skip.name.p == NULL)
		return 0;
	p->skip.element = pattern_number(p, p->skip.name);
	for (const struct element *e = p->last; e != NULL; e = e->prev)
		if (e->group == NULL && e->number == p->skip.element)
			return 0;
	if (p->skip.element < 0)
		return USAGE(
			err,
			"--after-match: no element has the name %s (name one of the pattern's own)",
			quote(q, p->skip.name));
	return USAGE(
		err,
		"--after-match: %s stands inside a group (name an element outside of parentheses)",
		quote(q, p->skip.name));
}

int
pattern_finish(struct pattern *p, struct err *err)
{
	if (p->depth > 0)
		return USAGE(err, "a group is still open at the end (close it with ')')");
	if (p->tail == NULL)
		return USAGE(err, "there is no pattern (start with --begin NAME)");
	p->last = p->tail;
	return check_names(p, err) < 0 || check_skip(p, err) < 0 ? -1 : 0;
}

int
pattern_number(const struct pattern *p, struct str name)
{
	for (int i = 0; i < p->n; i++)
		if (p->elements[i]->group == NULL && str_eq(p->elements[i]->name, name))
			return i;
	return -1;
}
