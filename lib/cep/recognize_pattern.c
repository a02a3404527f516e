/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recognize_pattern.c - PATTERN with its quantifiers, the window behind it, and SUBSET
 */
#include <stdio.h>

#include "base/time.h"
#include "cep/recognize_parts.h"

/* ---- quantifiers */

struct quantity {
	long from, to;                  /* to -1: no limit */
	bool reluctant;
	struct str first;               /* its first token */
	struct str text;                /* all of it */
};

/* A number of a quantifier, or otherwise where there is none. */
static int
bound(struct scan *s, long otherwise, long *to)
{
	*to = otherwise;
	if (s->token.n == 0 || s->token.p[0] < '0' || s->token.p[0] > '9')
		return 0;
	*to = scan_number(s->token, PATTERN_TIMES);
	if (*to < 0)
		return scan_expected(s, "a whole number");
	if (*to > PATTERN_TIMES)
		return scan_wrong(s, s->at, "a variable can come %d times at most", PATTERN_TIMES);
	scan_next(s);
	return 0;
}

static int
exclusion(struct scan *s, struct str at)
{
	return scan_wrong_at(s, at,
	                     "exclusion {- -} is not supported, nor is it in Flink (leave the "
	                     "variable out of MEASURES, where its rows are not wanted)");
}

/* {n} {n,} {n,m}, behind the brace */
static int
braces(struct scan *s, struct quantity *q)
{
	if (scan_is(s, "-") && token_is_name(scan_peek(s)))
		return exclusion(s, q->first);
	if (bound(s, -1, &q->from) < 0)
		return -1;
	q->to = q->from;
	if (scan_take(s, ",") && bound(s, -1, &q->to) < 0)
		return -1;
	if (!scan_take(s, "}"))
		return scan_expected(s, q->from < 0 ? "a number" : "'}'");
	if (q->from < 0)
		return scan_wrong_at(
			s, q->first,
			"the lower bound is missing, which Flink refuses, too (write {0,m})");
	return 0;
}

/* * + ? {n} {n,} {n,m}, each perhaps reluctant. 1, 0 if there is none, -1. */
static int
quantifier(struct scan *s, struct quantity *q)
{
	*q = (struct quantity){ .from = 1, .to = 1, .first = s->token };
	if (scan_take(s, "*"))
		q->from = 0, q->to = -1;
	else if (scan_take(s, "+"))
		q->to = -1;
	else if (scan_take(s, "?"))
		q->from = 0;
	else if (!scan_take(s, "{"))
		return 0;
	else if (braces(s, q) < 0)
		return -1;
	q->reluctant = scan_take(s, "?");
	q->text = str_slice(s->text, (size_t)(q->first.p - s->text.p),
	                    (size_t)(s->before[0].p + s->before[0].n - s->text.p));
	return 1;
}

static int
check_quantity(struct scan *s, struct str name, const struct quantity *q)
{
	const struct element *prev = s->p->tail->prev;

	if (q->to == 0)
		return scan_wrong_at(s, q->first, "%.*s would never come (leave it out of PATTERN)",
		                     STR_ARGS(name));
	if (q->to > 0 && q->from > q->to)
		return scan_wrong_at(s, q->first,
		                     "from %ld to %ld is upside down (write {%ld,%ld})", q->from,
		                     q->to, q->to, q->from);
	if (q->reluctant && q->from == 0 && q->to == 1)
		return scan_wrong_at(
			s, q->first,
			"a reluctant optional variable is not supported, nor is it in Flink (write "
			"%.*s?, which takes a row if it can)",
			STR_ARGS(name));
	if (q->from == 0 && (q->to == 1 || q->to < 0) && prev != NULL && prev->greedy)
		return scan_wrong_at(
			s, q->first,
			"%.*s may be missing, and stands right behind %.*s, which takes all it can "
			"get: Flink refuses that, too (make %.*s reluctant by a ? behind its "
			"quantifier, or %.*s required)",
			STR_ARGS(name), STR_ARGS(prev->name), STR_ARGS(prev->name), STR_ARGS(name));
	return 0;
}

static int
apply(struct pattern *p, const struct quantity *q, struct err *err)
{
	char text[64];
	int  result;

	if (q->from == 0 && q->to == 1)
		return pattern_optional(p, err);
	if (q->to < 0 && q->from <= 1) {
		result = pattern_one_or_more(p, NULL, err);
		if (result == 0 && q->from == 0)
			result = pattern_optional(p, err);
	} else if (q->to < 0) {
		snprintf(text, sizeof(text), "%ld", q->from);
		result = pattern_times_or_more(p, text, err);
	} else {
		snprintf(text, sizeof(text), "%ld,%ld", q->from, q->to);
		result = pattern_times(p, text, err);
	}
	if (result == 0)
		result = pattern_consecutive(p, err);
	if (result == 0 && !q->reluctant && q->from != q->to)
		result = pattern_greedy(p, err);
	return result;
}

/* ---- PATTERN */

struct factor {                         /* a variable, or a sequence of them in parentheses */
	struct str at;                  /* its first token */
	int        variables;
	bool       quantified;          /* the only variable has a quantifier */
	struct quantity q;              /* of the last variable */
};

/* Does what stands behind PATTERN begin here, where its parenthesis is still open? */
static bool
at_next_clause(const struct scan *s)
{
	struct scan ahead = *s;

	scan_next(&ahead);
	if (scan_is(s, "WITHIN"))
		return scan_is(&ahead, "INTERVAL");
	if (scan_is(s, "DEFINE"))
		return scan_at_definition(&ahead);
	return scan_is(s, "SUBSET") && token_is_name(ahead.token) &&
	       token_is(scan_peek(&ahead), "=");
}

static int
variable(struct scan *s, struct factor *f)
{
	const struct str token = s->token;

	if (scan_is(s, "PERMUTE") && token_is(scan_peek(s), "("))
		return scan_wrong(s, s->at,
		                  "PERMUTE is not supported, nor is it in Flink (run a pattern for "
		                  "each order)");
	if (scan_is(s, "{") && token_is(scan_peek(s), "-"))
		return exclusion(s, token);
	if (!token_is_name(token))
		return scan_expected(s, "a pattern variable");
	if (s->p->n > 0 && at_next_clause(s))
		return scan_expected(s, "')', which ends PATTERN");
	const char *name = scan_name(s, token);
	if (pattern_number(s->p, str_of(name)) >= 0)
		return scan_wrong(s, s->at,
		                  "a variable may stand in PATTERN once only, in Flink, too (give "
		                  "this one a name of its own)");
	if (s->p->n == PATTERN_ELEMENTS)
		return scan_wrong(s, s->at, "more than %d variables", PATTERN_ELEMENTS);
	if (name[0] == '(' ||
	    (s->p->n == 0 ? pattern_begin(s->p, name, s->err)
	                  : pattern_follow(s->p, STRICT, "PATTERN", name, s->err)) < 0)
		return scan_wrong(s, s->at, "%.*s cannot be the name of a variable",
		                  STR_ARGS(token));
	f->variables = 1;
	scan_next(s);
	return 0;
}

static int
check_group(struct scan *s, const struct factor *f, const struct quantity *q)
{
	if (f->variables > 1)
		return scan_wrong_at(
			s, f->at,
			"a group of variables cannot be repeated, nor can it in Flink (write it "
			"out, or use options: --begin '(' ... ')' --times 2)");
	if (f->quantified)
		return scan_wrong_at(s, q->first, "there is a quantifier inside of the "
		                                  "parentheses already (join the two)");
	return 0;
}

static int sequence(struct scan *s, int depth, struct factor *f);

static int
factor(struct scan *s, int depth, struct factor *f)
{
	struct quantity q;

	*f = (struct factor){ .at = s->token };
	if (!scan_take(s, "(")) {
		if (variable(s, f) < 0)
			return -1;
	} else if (depth == PATTERN_DEPTH) {
		return scan_wrong_at(s, f->at, "parentheses nest deeper than %d", PATTERN_DEPTH);
	} else {
		const struct str open = f->at;
		if (sequence(s, depth + 1, f) < 0)
			return -1;
		f->at = open;
		if (!scan_take(s, ")"))
			return scan_expected(s, "')'");
	}
	const int got = quantifier(s, &q);
	if (got <= 0)
		return got;
	if (check_group(s, f, &q) < 0 || check_quantity(s, s->p->tail->name, &q) < 0)
		return -1;
	if (apply(s->p, &q, s->err) < 0)
		return scan_wrong_at(s, q.first, "%.*s is not possible here: %s", STR_ARGS(q.text),
		                     scan_keep_text(s, s->err->msg));
	f->quantified = true;
	f->q = q;
	return 0;
}

/* Factors up to the closing parenthesis: those in parentheses of their own follow each other as if
 * there were none. */
static int
sequence(struct scan *s, int depth, struct factor *all)
{
	int variables = 0;

	do {
		if (factor(s, depth, all) < 0)
			return -1;
		variables += all->variables;
		if (scan_is(s, ","))
			return scan_wrong(s, s->at, "variables stand side by side, with a blank "
			                            "between them (drop the comma)");
		if (scan_is(s, "|"))
			return scan_wrong(s, s->at,
			                  "alternatives are not supported, nor are they in Flink "
			                  "(run a pattern for each, or one variable whose "
			                  "condition has an OR)");
	} while (!scan_is(s, ")") && !scan_is(s, "$") && s->token.n > 0);
	all->variables = variables;
	return 0;
}

static int
anchor(struct scan *s)
{
	return scan_wrong(s, s->at,
	                  "the anchors ^ and $ are not supported, and Flink passes over them "
	                  "(leave it out)");
}

/* What can only be judged of all of them. */
static int
check_all(struct scan *s, struct str at, const struct factor *last)
{
	const struct pattern *p = s->p;
	bool required = false;

	for (int i = 0; i < p->n; i++)
		required |= !p->elements[i]->optional;
	if (!required)
		return scan_wrong_at(
			s, at,
			"the pattern could match nothing at all (make one variable required)");
	if (p->tail->greedy)
		return scan_wrong_at(
			s, last->q.first,
			"the last variable cannot be greedy, in Flink neither (write %.*s%.*s?, or "
			"put another variable behind it)",
			STR_ARGS(p->tail->name), STR_ARGS(last->q.text));
	return 0;
}

int
recognize_pattern(struct scan *s)
{
	struct factor last;

	if (!scan_take(s, "PATTERN"))
		return scan_expected(s, "PATTERN");
	const struct str at = s->before[0];
	if (!scan_take(s, "("))
		return scan_expected(s, "'('");
	if (scan_is(s, "^"))
		return anchor(s);
	if (sequence(s, 0, &last) < 0)
		return -1;
	if (scan_is(s, "$"))
		return anchor(s);
	if (!scan_take(s, ")"))
		return scan_expected(s, "a pattern variable or ')'");
	return check_all(s, at, &last);
}

/* ---- WITHIN */

enum field { WEEK, DAY, HOUR, MINUTE, SECOND, FIELDS };

static const struct {
	const char *word, *words;
	int64_t     ms;
	long        most;               /* behind a greater one */
} fields[FIELDS] = {
	[WEEK] = { "WEEK", "WEEKS", 7 * 86400000, 0 },
	[DAY] = { "DAY", "DAYS", 86400000, 0 },
	[HOUR] = { "HOUR", "HOURS", 3600000, 23 },
	[MINUTE] = { "MINUTE", "MINUTES", 60000, 59 },
	[SECOND] = { "SECOND", "SECONDS", 1000, 59 },
};

struct interval {
	struct str text;                /* between the quotes, without space around it */
	enum field from, to;
	long       digits;              /* of the first field */
	bool       negative;
};

#define INTERVAL_DIGITS 10

static int
take_field(struct scan *s, enum field *to)
{
	for (int i = 0; i < FIELDS; i++) {
		if (scan_take(s, fields[i].word) || scan_take(s, fields[i].words)) {
			*to = (enum field)i;
			return 0;
		}
	}
	if (scan_is(s, "MONTH") || scan_is(s, "MONTHS") || scan_is(s, "YEAR") ||
	    scan_is(s, "YEARS") || scan_is(s, "QUARTER"))
		return scan_wrong(s, s->at,
		                  "a window is a fixed length of time, in Flink, too (write it in "
		                  "days: INTERVAL '30' DAY)");
	return scan_expected(s, "SECOND, MINUTE, HOUR, DAY or WEEK");
}

/* "(3)", of a first field, or "(3, 6)", of seconds, or nothing. */
static int
take_precision(struct scan *s, struct interval *v)
{
	v->digits = 2;
	if (!scan_take(s, "("))
		return 0;
	v->digits = scan_number(s->token, INTERVAL_DIGITS);
	if (v->digits < 1 || v->digits > INTERVAL_DIGITS)
		return scan_expected(s, "how many digits there are, 1 to 10");
	scan_next(s);
	if (v->from == SECOND && scan_take(s, ",")) {
		if (scan_number(s->token, 9) < 0 || scan_number(s->token, 9) > 9)
			return scan_expected(s, "how many digits of a second there are, 0 to 9");
		scan_next(s);
	}
	return scan_take(s, ")") ? 0 : scan_expected(s, "')'");
}

static size_t
digits_of(struct str text)
{
	size_t n = 0;

	while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
		n++;
	return n;
}

/* ".5" as milliseconds; finer digits are left off, as Flink does. */
static int
take_fraction(struct str *text, int64_t *ms)
{
	int64_t unit = 100;

	if (text->n == 0)
		return 0;
	*text = str_slice(*text, 1, text->n);
	const size_t n = digits_of(*text);
	for (size_t i = 0; i < n; i++, unit /= 10)
		*ms += (text->p[i] - '0') * unit;
	*text = str_slice(*text, n, text->n);
	return n > 0 ? 0 : -1;
}

/* The fields of the text, from the first to the last. -1: it is not of that form; 1: the first has
 * too many digits. */
static int
read_fields(const struct interval *v, int64_t *ms)
{
	struct str rest = v->text;

	*ms = 0;
	for (int i = (int)v->from; i <= (int)v->to; i++) {
		const char before = i == HOUR ? ' ' : ':';
		if (i > (int)v->from && (rest.n == 0 || rest.p[0] != before))
			return -1;
		rest = str_slice(rest, i > (int)v->from, rest.n);
		const size_t n = digits_of(rest);
		const long   number = scan_number(str_slice(rest, 0, n), 9999999999);
		if (n == 0 || (i > (int)v->from && (n > 2 || number > fields[i].most)))
			return -1;
		if (i == (int)v->from && n > (size_t)v->digits)
			return 1;
		*ms += number * fields[i].ms;
		rest = str_slice(rest, n, rest.n);
		if (i == SECOND && rest.n > 0 && rest.p[0] == '.' && take_fraction(&rest, ms) < 0)
			return -1;
	}
	return rest.n > 0 ? -1 : 0;
}

static int
read_interval(struct scan *s, struct str token, struct interval *v, int64_t *ms)
{
	static const char *const forms[FIELDS][FIELDS] = {
		[DAY] = { [HOUR] = "'1 12'", [MINUTE] = "'1 12:30'", [SECOND] = "'1 12:30:00'" },
		[HOUR] = { [MINUTE] = "'1:30'", [SECOND] = "'1:30:00'" },
		[MINUTE] = { [SECOND] = "'1:30'" },
	};
	const char *form = v->from == v->to ? v->from == SECOND ? "'10' or '1.5'" : "'10'"
	                                    : forms[v->from][v->to];
	const int got = read_fields(v, ms);

	if (got > 0)
		return scan_wrong_at(s, token,
		                     "the number has more than %ld digits, which Flink refuses, "
		                     "too (write %s(%zu), or take a greater unit)",
		                     v->digits, fields[v->from].word, digits_of(v->text));
	if (got < 0)
		return scan_wrong_at(s, token, "this is no interval of %s%s%s (write %s)",
		                     fields[v->from].word, v->from != v->to ? " TO " : "",
		                     v->from != v->to ? fields[v->to].word : "", form);
	if (v->negative || *ms == 0)
		return scan_wrong_at(s, token,
		                     "a window must be longer than 0 (leave WITHIN out for no "
		                     "limit)");
	return 0;
}

/* What stands between the quotes: space, a sign, the rest. */
static void
trim(struct str token, struct interval *v)
{
	struct str text = str_slice(token, 1, token.n - 1);

	while (text.n > 0 && text.p[0] == ' ')
		text = str_slice(text, 1, text.n);
	while (text.n > 0 && text.p[text.n - 1] == ' ')
		text.n--;
	if (text.n > 0 && (text.p[0] == '-' || text.p[0] == '+')) {
		v->negative ^= text.p[0] == '-';
		text = str_slice(text, 1, text.n);
	}
	v->text = text;
}

int
recognize_within(struct scan *s)
{
	struct interval v = { 0 };
	const int got = SCAN_WORDS(s, "WITHIN", "INTERVAL");
	char    text[32];
	int64_t ms;

	if (got <= 0)
		return got;
	v.negative = scan_take(s, "-");
	if (s->token.n < 2 || s->token.p[0] != '\'')
		return scan_expected(s, "a length such as '10' MINUTE");
	const struct str token = s->token;
	trim(token, &v);
	scan_next(s);
	if (take_field(s, &v.from) < 0 || take_precision(s, &v) < 0)
		return -1;
	v.to = v.from;
	if (scan_take(s, "TO")) {
		const struct str unit = s->token;
		if (take_field(s, &v.to) < 0)
			return -1;
		if (v.from == WEEK || v.to <= v.from)
			return scan_wrong_at(s, unit, "expected a smaller unit than %s",
			                     fields[v.from].word);
	}
	if (read_interval(s, token, &v, &ms) < 0)
		return -1;
	snprintf(text, sizeof(text), "%lldms", (long long)ms);
	if (pattern_within(s->p, text, s->err) < 0)
		return scan_wrong_at(s, token, "%s", scan_keep_text(s, s->err->msg));
	return 0;
}

/* ---- SUBSET */

static int
members(struct scan *s, struct subset *set)
{
	do {
		if (!token_is_name(s->token))
			return scan_expected(s, "a variable of PATTERN");
		const int number = pattern_number(s->p, str_of(scan_name(s, s->token)));
		uint64_t  elements = number < 0 ? 0 : (uint64_t)1 << number;
		for (int i = 0; i < s->p->n_subsets && number < 0; i++)
			if (str_eq(s->p->subsets[i].name, str_of(scan_name(s, s->token))))
				elements = s->p->subsets[i].elements;
		if (elements == 0)
			return scan_wrong(s, s->at, "the variable does not stand in PATTERN");
		set->elements |= elements;
		scan_next(s);
	} while (scan_take(s, ","));
	return scan_take(s, ")") ? 0 : scan_expected(s, "',' or ')'");
}

static int
subset(struct scan *s)
{
	struct pattern *p = s->p;
	struct subset set = { 0 };

	if (!token_is_name(s->token))
		return scan_expected(s, "a name for rows of several variables");
	set.name = str_of(scan_name(s, s->token));
	bool taken = pattern_number(p, set.name) >= 0;
	for (int i = 0; i < p->n_subsets; i++)
		taken |= str_eq(p->subsets[i].name, set.name);
	if (taken)
		return scan_wrong(s, s->at, "there is a variable of that name already (choose "
		                            "another)");
	if (p->n_subsets == PATTERN_SUBSETS)
		return scan_wrong(s, s->at, "more than %d subsets", PATTERN_SUBSETS);
	scan_next(s);
	if (!scan_take(s, "="))
		return scan_expected(s, "'=' and variables in parentheses");
	if (!scan_take(s, "("))
		return scan_expected(s, "'('");
	if (members(s, &set) < 0)
		return -1;
	p->subsets[p->n_subsets++] = set;
	return 0;
}

int
recognize_subsets(struct scan *s)
{
	if (!scan_take(s, "SUBSET"))
		return 0;
	do {
		if (subset(s) < 0)
			return -1;
	} while (scan_take(s, ","));
	s->r->remark =
		"SUBSET: is done here as SQL says; Flink takes it, and gives NULL in MEASURES "
		"(there name the variables one by one)";
	return 0;
}
