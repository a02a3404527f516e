/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recognize.c - the clauses in their order
 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "cep/recognize_parts.h"

static const char *const clause_words[] = { "PARTITION", "ORDER", "MEASURES", "ONE",    "ALL",
	                                    "AFTER",     "PATTERN", "WITHIN", "SUBSET", "DEFINE" };
#define CLAUSE_WORDS (sizeof(clause_words) / sizeof(clause_words[0]))

/* MEASURE, PATTERNS: the clause that was meant, or NULL. */
static const char *
nearly_a_clause(struct str token)
{
	for (size_t i = 0; i < CLAUSE_WORDS; i++) {
		const struct str word = str_of(clause_words[i]);
		const size_t both = word.n < token.n ? word.n : token.n;
		if (both > 4 && word.n + token.n - 2 * both <= 2 &&
		    strncasecmp(word.p, token.p, both) == 0)
			return clause_words[i];
	}
	return NULL;
}

/* A clause that is not the one that has its turn. */
static int
expected_clause(struct scan *s, const char *what)
{
	const char *const meant = nearly_a_clause(s->token);
	char q[QUOTE_MAX];

	for (size_t i = 0; i < CLAUSE_WORDS; i++)
		if (scan_is(s, clause_words[i]))
			return scan_wrong(s, s->at,
			                  "expected %s, found '%s' (the order is PARTITION BY, "
			                  "ORDER BY, MEASURES, ONE ROW PER MATCH, AFTER MATCH, "
			                  "PATTERN, WITHIN, SUBSET, DEFINE)",
			                  what, clause_words[i]);
	if (meant != NULL)
		return scan_wrong(s, s->at, "expected %s, found %s (did you mean %s?)", what,
		                  quote(q, s->token), meant);
	return scan_expected(s, what);
}

/* ---- PARTITION BY, ORDER BY */

/* First tokens of columns that have a point behind them: none of them may be a variable, which can
 * be told only once PATTERN has been read. */
struct columns {
	const char *names[RECOGNIZE_MAX];       /* of PARTITION BY */
	struct str  pointed[2 * RECOGNIZE_MAX + 2];
	size_t      n_pointed;
};

static int
check_columns(struct scan *s, const struct columns *c)
{
	for (size_t i = 0; i < c->n_pointed; i++) {
		const struct str token = c->pointed[i];
		bool variable = pattern_number(s->p, token) >= 0;
		for (int k = 0; k < s->p->n_subsets; k++)
			variable |= str_eq(s->p->subsets[k].name, token);
		if (variable)
			return scan_wrong_at(s, token,
			                     "a column of the rows is wanted, and %.*s is a "
			                     "variable of PATTERN (leave %.*s. out; a member of "
			                     "the record that has that name stands in "
			                     "backquotes, `%.*s`.x)",
			                     STR_ARGS(token), STR_ARGS(token), STR_ARGS(token));
	}
	return 0;
}

static bool
is_value(const struct scan *s)
{
	return scan_is(s, "NULL") || scan_is(s, "TRUE") || scan_is(s, "FALSE");
}

/* a.b.c, as it stands, perhaps in parentheses. NULL with err. */
static const char *
take_path(struct scan *s, const char *what, struct columns *c)
{
	const bool bracket = scan_take(s, "(");
	const size_t from = s->at;

	if (token_is(scan_peek(s), ".") && s->token.p[0] != '`')
		c->pointed[c->n_pointed++] = s->token;
	do {
		if (!token_is_name(s->token) || is_value(s) || scan_at_clause(s)) {
			scan_expected(s, what);
			return NULL;
		}
		scan_next(s);
	} while (scan_take(s, "."));
	const char *path = scan_keep(
		s, str_slice(s->text, from,
	                     (size_t)(s->before[0].p + s->before[0].n - s->text.p)));
	if (s->token.n == 1 && strchr("(+-*/%|", s->token.p[0]) != NULL) {
		scan_wrong(s, from, "an expression cannot stand here, in Flink neither (name a "
		                    "column)");
		return NULL;
	}
	if (bracket && !scan_take(s, ")")) {
		scan_expected(s, "')'");
		return NULL;
	}
	return path;
}

static int
partition_by(struct scan *s, struct columns *c)
{
	const int got = SCAN_WORDS(s, "PARTITION", "BY");

	if (got <= 0)
		return got;
	do {
		const struct str at = s->token;
		if (s->r->n_keys == RECOGNIZE_MAX)
			return scan_wrong(s, s->at, "more than %d columns", RECOGNIZE_MAX);
		const char *path = take_path(s, "a column to partition by", c);
		if (path == NULL)
			return -1;
		const struct str last = token_is(s->before[0], ")") ? s->before[1] : s->before[0];
		const char *name = scan_name(s, last);
		for (size_t i = 0; i < s->r->n_keys; i++)
			if (strcmp(c->names[i], name) == 0)
				return scan_wrong_at(s, at, "the column '%s' is there already",
				                     name);
		c->names[s->r->n_keys] = name;
		s->r->keys[s->r->n_keys++] = path;
	} while (scan_take(s, ","));
	return 0;
}

/* What stands behind a column. */
static int
direction(struct scan *s, struct str column, bool first)
{
	if (scan_take(s, "DESC")) {
		if (first)
			return scan_wrong_at(s, column,
			                     "rows can be ordered upwards only (drop "
			                     "DESC)");
		s->r->down |= (uint64_t)1 << (s->r->n_order_by - 1);
	} else {
		scan_take(s, "ASC");
	}
	if (scan_is(s, "NULLS"))
		return scan_wrong(s, s->at, "NULLS FIRST and NULLS LAST are not supported, nor are "
		                            "they in Flink (NULL comes first, and last with DESC)");
	return 0;
}

static int
order_by(struct scan *s, const char *time, struct columns *c)
{
	struct recognize *r = s->r;
	const size_t at = s->at;
	const int got = SCAN_WORDS(s, "ORDER", "BY");

	if (got < 0)
		return -1;
	if (got == 0)
		return scan_wrong(s, at, "expected ORDER BY and the time of the rows");
	for (bool first = true; first || scan_take(s, ","); first = false) {
		const struct str column = s->token;
		const char *path = take_path(s, "a column to order by", c);
		if (path == NULL)
			return -1;
		if (first && time != NULL && strcmp(path, time) != 0) {
			char q[QUOTE_MAX];
			return scan_wrong_at(
				s, column,
				"ORDER BY must begin with the time of the rows, --time %s",
				quote(q, str_of(time)));
		}
		if (!first && r->n_order_by == RECOGNIZE_MAX)
			return scan_wrong_at(s, column, "more than %d columns", RECOGNIZE_MAX);
		if (first)
			r->time = path;
		else
			r->order_by[r->n_order_by++] = path;
		if (direction(s, column, first) < 0)
			return -1;
	}
	return 0;
}

/* ---- MEASURES */

/* "A.x a": the name without AS. */
static bool
name_without_as(const struct scan *s)
{
	static const char *const operators[] = { "AND",  "OR",      "NOT",  "IS",   "THEN",
		                                 "ELSE", "WHEN",    "LIKE", "IN",   "FROM",
		                                 "CASE", "BETWEEN", ".",    "FINAL", "," };
	static const char *const values[] = { "END", "NULL", "TRUE", "FALSE", "UNKNOWN", "SECOND",
		                              "MINUTE", "HOUR", "DAY", "WEEK" };
	const struct str name = s->before[0], other = s->before[1];

	if (!token_is_name(name) || other.n == 0 ||
	    (!token_is_name(other) && other.p[0] != ')' && other.p[0] != '\'' &&
	     (other.p[0] < '0' || other.p[0] > '9')))
		return false;
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
		if (token_is(other, operators[i]))
			return false;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (token_is(name, values[i]))
			return false;
	return true;
}

static int
measure_name(struct scan *s, const char *const columns[RECOGNIZE_MAX])
{
	struct recognize *r = s->r;

	if (!scan_take(s, "AS")) {
		char q[QUOTE_MAX];
		if (!name_without_as(s))
			return scan_expected(s, "AS and the name of the measure");
		return scan_wrong_at(s, s->before[0], "expected AS before %s",
		                     quote(q, s->before[0]));
	}
	if (!token_is_name(s->token))
		return scan_expected(s, "the name of the measure");
	const char *name = scan_name(s, s->token);
	if (strcmp(name, "_maip") == 0)
		return scan_wrong(s, s->at,
		                  "no column may be called _maip: lines that begin with it are "
		                  "control lines");
	for (size_t i = 0; i < r->n_measures; i++)
		if (strcmp(r->names[i], name) == 0)
			return scan_wrong(s, s->at, "there is a measure '%s' already (choose "
			                            "another name)", name);
	for (size_t i = 0; i < r->n_keys; i++)
		if (strcmp(columns[i], name) == 0)
			return scan_wrong(s, s->at,
			                  "'%s' is the name of a column of PARTITION BY, which "
			                  "stands in every row (choose another name)",
			                  name);
	r->names[r->n_measures++] = name;
	scan_next(s);
	return 0;
}

static int
measures(struct scan *s, const char *const columns[RECOGNIZE_MAX])
{
	if (!scan_take(s, "MEASURES"))
		return 0;
	do {
		struct recognize *r = s->r;
		if (r->n_measures == RECOGNIZE_MAX)
			return scan_wrong(s, s->at, "more than %d measures", RECOGNIZE_MAX);
		r->measures[r->n_measures] = scan_expression(s);
		if (r->measures[r->n_measures] == NULL)
			return -1;
		if (r->measures[r->n_measures][0] == '\0')
			return scan_expected(s, "an expression");
		if (measure_name(s, columns) < 0)
			return -1;
	} while (scan_take(s, ","));
	for (size_t i = 0; i < CLAUSE_WORDS; i++)
		if (scan_is(s, clause_words[i]))
			return 0;
	return nearly_a_clause(s->token) != NULL
	               ? expected_clause(s, "PATTERN")
	               : scan_expected(s, "',' and the next measure, or PATTERN");
}

/* ---- ONE ROW PER MATCH, AFTER MATCH */

static int
rows_per_match(struct scan *s)
{
	if (scan_is(s, "ALL"))
		return scan_wrong(s, s->at,
		                  "ALL ROWS PER MATCH is not supported, as in Flink (use ONE ROW "
		                  "PER MATCH)");
	return SCAN_WORDS(s, "ONE", "ROW", "PER", "MATCH") < 0 ? -1 : 0;
}

/* TO NEXT ROW, TO FIRST v, TO LAST v, TO v: behind TO. */
static int
skip_to(struct scan *s, struct str *target)
{
	struct skip *skip = &s->p->skip;

	if (scan_is(s, "NEXT") && token_is(scan_peek(s), "ROW")) {
		scan_next(s);
		scan_next(s);
		return 0;
	}
	const bool first = scan_is(s, "FIRST");
	if ((first || scan_is(s, "LAST")) && token_is_name(scan_peek(s)))
		scan_next(s);
	skip->kind = first ? SKIP_TO_FIRST : SKIP_TO_LAST;
	if (!token_is_name(s->token) || scan_at_clause(s))
		return scan_expected(s, "NEXT ROW, FIRST, LAST or a variable");
	*target = s->token;
	skip->error = true;
	scan_next(s);
	return 0;
}

static int
after_match(struct scan *s, struct str *target)
{
	const int got = SCAN_WORDS(s, "AFTER", "MATCH", "SKIP");

	s->p->skip = (struct skip){ .kind = SKIP_TO_NEXT };
	if (got <= 0)
		return got;
	const int past = SCAN_WORDS(s, "PAST", "LAST", "ROW");
	if (past != 0) {
		s->p->skip.kind = SKIP_PAST_LAST;
		return past < 0 ? -1 : 0;
	}
	return scan_take(s, "TO") ? skip_to(s, target) : scan_expected(s, "PAST LAST ROW or TO");
}

static int
skip_target(struct scan *s, struct str target)
{
	if (target.p == NULL)
		return 0;
	s->p->skip.name = str_of(scan_name(s, target));
	for (int i = 0; i < s->p->n_subsets; i++)
		if (str_eq(s->p->subsets[i].name, s->p->skip.name))
			return scan_wrong_at(s, target,
			                     "one cannot skip to a subset, in Flink neither (skip "
			                     "to one of its variables)");
	if (pattern_number(s->p, s->p->skip.name) >= 0)
		return 0;
	if (token_is(target, "NEXT"))
		return scan_wrong_at(s, target, "expected NEXT ROW: ROW is missing");
	if (token_is(target, "ROW"))
		return scan_wrong_at(s, target,
		                     "expected a variable of PATTERN, found 'ROW' (or write PAST "
		                     "LAST ROW, or TO NEXT ROW)");
	return scan_wrong_at(s, target, "the variable to skip to does not stand in PATTERN");
}

/* ---- DEFINE */

static int
definition(struct scan *s)
{
	const struct str token = s->token;

	if (!token_is_name(token))
		return scan_expected(s, "a pattern variable");
	const int number = pattern_number(s->p, str_of(scan_name(s, token)));
	if (number < 0)
		return scan_wrong(s, s->at, "the variable does not stand in PATTERN");
	struct element *e = s->p->elements[number];
	if (e->n_where > 0)
		return scan_wrong(s, s->at,
		                  "the variable is defined already (join the conditions with AND)");
	scan_next(s);
	if (!scan_take(s, "AS"))
		return scan_expected(s, "AS and a condition");
	const char *text = scan_expression(s);
	if (text == NULL)
		return -1;
	if (text[0] == '\0')
		return scan_expected(s, "a condition");
	if (scan_is(s, "AS") && token_is_name(s->before[0]))
		return scan_wrong_at(s, s->before[0], "expected ',' before the next variable");
	e->where[e->n_where++] = (struct condition){ str_of(text), false };
	return 0;
}

static int
define(struct scan *s)
{
	if (!scan_take(s, "DEFINE"))
		return expected_clause(s, "DEFINE");
	do {
		if (definition(s) < 0)
			return -1;
	} while (scan_take(s, ","));
	return 0;
}

/* ---- */

/* ") AS T;" */
static int
end_of_clause(struct scan *s)
{
	if (!scan_take(s, ")"))
		return scan_expected(s, "',' or ')'");
	const bool as = scan_take(s, "AS");
	if (token_is_name(s->token))
		scan_next(s);
	else if (as)
		return scan_expected(s, "a name for the result");
	scan_take(s, ";");
	return s->token.n > 0 ? scan_expected(s, "the end") : 0;
}

static int
clauses(struct scan *s, const char *time)
{
	struct columns c = { .n_pointed = 0 };
	struct str target = { 0 };

	if (scan_start(s) < 0)
		return -1;
	if (scan_is(s, "SELECT"))
		return scan_wrong(s, s->at,
		                  "the clause alone is wanted, from MATCH_RECOGNIZE to its closing "
		                  "')' (a row has all of its columns)");
	if (!scan_take(s, "MATCH_RECOGNIZE"))
		return scan_expected(s, "MATCH_RECOGNIZE");
	if (!scan_take(s, "("))
		return scan_expected(s, "'('");
	if (partition_by(s, &c) < 0 || order_by(s, time, &c) < 0)
		return -1;
	const size_t measures_at = s->at;
	if (measures(s, c.names) < 0 || rows_per_match(s) < 0 || after_match(s, &target) < 0)
		return -1;
	if (!scan_is(s, "PATTERN"))
		return expected_clause(s, "PATTERN");
	s->r->pattern_at = s->at;
	if (recognize_pattern(s) < 0 || recognize_within(s) < 0 || recognize_subsets(s) < 0 ||
	    check_columns(s, &c) < 0 || define(s) < 0 || skip_target(s, target) < 0 ||
	    end_of_clause(s) < 0)
		return -1;
	if (s->r->n_measures == 0)
		return scan_wrong(s, measures_at,
		                  "expected MEASURES: without any a row has no columns of the "
		                  "match, and Flink refuses it (MEASURES LAST(%.*s.x) AS x)",
		                  STR_ARGS(s->p->elements[0]->name));
	return 0;
}

int
recognize_parse(struct recognize *r, struct str clause, const char *time, struct pattern *p,
                struct err *err)
{
	struct scan s = { .r = r, .p = p, .text = clause, .err = err };

	*r = (struct recognize){ .clause = clause };
	p->sql = true;
	if (clauses(&s, time) < 0)
		return -1;
	p->time = str_of(r->time);
	return 0;
}

/* What is wrong, without "DEFINE: column 16: ", which is about the text that was cut out. */
static const char *
without_place(const char *message)
{
	const char *what = strstr(message, ": "), *column = strstr(message, ": column ");

	return what == NULL ? message : (column == what ? strstr(column + 1, ": ") : what) + 2;
}

bool
recognize_locate(const struct recognize *r, struct err *err)
{
	char message[sizeof(err->msg)];

	for (size_t i = 0; err->at != NULL && i < r->n_origins; i++) {
		const struct origin *o = &r->origins[i];
		if (err->at < o->text || err->at > o->text + o->n)
			continue;
		snprintf(message, sizeof(message), "%s", without_place(err->msg));
		scan_fail(r->clause, o->source + (size_t)(err->at - o->text), message, err);
		return true;
	}
	if (str_starts(str_of(err->msg), STR("--")))
		return false;
	snprintf(message, sizeof(message), "%s", err->msg);
	scan_fail(r->clause, r->pattern_at, message, err);
	return true;
}

void
recognize_release(struct recognize *r)
{
	free(r->origins);
	arena_release(&r->texts);
}
