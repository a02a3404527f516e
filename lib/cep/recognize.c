/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recognize.c - a small scanner, the clauses in their order, and expressions rewritten to ours
 *
 * Expressions are not parsed here. Their texts are copied with three changes: a variable's
 * column outside of a function, A.x, becomes LAST(A.x), and x if A is being defined; a bare
 * column inside of one is that of any row; MATCH_ROWTIME() becomes $rowtime, and FINAL, which is
 * all that MEASURES can be, is left out. Where each part came from is kept, for messages.
 */
#include "cep/recognize.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"
#include "base/time.h"

struct scan {
	struct recognize *r;
	struct pattern   *p;
	struct str        text;
	size_t            at;           /* start of the current token */
	struct str        token;        /* a word, a quoted text, or a sign; empty at the end */
	struct err       *err;
};

/* ---- tokens */

static bool
is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* Where the token at position at ends. Space and comments before it must have been passed over. */
static size_t
token_end(struct str text, size_t at)
{
	size_t end = at;

	if (at == text.n)
		return at;
	if (is_word_byte(text.p[at])) {
		while (end < text.n && is_word_byte(text.p[end]))
			end++;
		return end;
	}
	if (text.p[at] == '\'' || text.p[at] == '`') {
		for (end = at + 1; end < text.n && text.p[end] != text.p[at]; end++)
			;
		return end < text.n ? end + 1 : end;
	}
	return at + 1;
}

static size_t
skip_space(struct str text, size_t at)
{
	while (at < text.n) {
		if (strchr(" \t\r\n", text.p[at]) != NULL) {
			at++;
		} else if (text.p[at] == '-' && at + 1 < text.n && text.p[at + 1] == '-') {
			while (at < text.n && text.p[at] != '\n')
				at++;
		} else {
			break;
		}
	}
	return at;
}

static void
move_to(struct scan *s, size_t at)
{
	s->at = skip_space(s->text, at);
	s->token = str_slice(s->text, s->at, token_end(s->text, s->at));
}

static void
next(struct scan *s)
{
	move_to(s, s->at + s->token.n);
}

/* "line 3, column 7: ..."; a column is a character. */
static int
fail_in_clause(struct str clause, size_t at, const char *message, struct err *err)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < at && i < clause.n; i++) {
		const char c = clause.p[i];
		column = c == '\n' ? 1 : column + (((unsigned char)c & 0xc0) != 0x80);
		line += c == '\n';
	}
	return fail_as(err, STATUS_USAGE, "line %zu, column %zu: %s", line, column, message);
}

static int
wrong_at(struct scan *s, size_t at, const char *message)
{
	return fail_in_clause(s->text, at, message, s->err);
}

static int
expected(struct scan *s, const char *what)
{
	char q[QUOTE_MAX], message[QUOTE_MAX + 100];

	snprintf(message, sizeof(message), "expected %s, found %s", what,
	         s->token.n == 0 ? "the end" : quote(q, s->token));
	return wrong_at(s, s->at, message);
}

static bool
word_is(struct str token, const char *word)
{
	return token.n == strlen(word) && strncasecmp(token.p, word, token.n) == 0;
}

/* Take the words if the first of them is next; the others must follow. 1, 0, -1. */
static int
take_words(struct scan *s, const char *const words[])
{
	if (!word_is(s->token, words[0]))
		return 0;
	for (size_t i = 0; words[i] != NULL; i++) {
		if (!word_is(s->token, words[i]))
			return expected(s, words[i]);
		next(s);
	}
	return 1;
}
#define TAKE_WORDS(s, ...) take_words(s, (const char *const[]){ __VA_ARGS__, NULL })

static bool
take(struct scan *s, const char *word)
{
	const bool is = word_is(s->token, word);

	if (is)
		next(s);
	return is;
}

static const char *
keep(struct scan *s, struct str text)
{
	char *copy = arena_alloc(&s->r->texts, text.n + 1);

	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	return copy;
}

static void
add_origin(struct recognize *r, struct origin o)
{
	r->origins = mem_more(r->origins, r->n_origins, &r->cap_origins, sizeof(*r->origins));
	r->origins[r->n_origins++] = o;
}

static bool
is_name(struct str token)
{
	return token.n > 0 &&
	       ((is_word_byte(token.p[0]) && (token.p[0] < '0' || token.p[0] > '9')) ||
	        token.p[0] == '`');
}

/* a.b.c, as it stands. NULL with err. */
static const char *
take_path(struct scan *s, const char *what)
{
	const size_t from = s->at;
	size_t to;

	do {
		if (!is_name(s->token)) {
			expected(s, what);
			return NULL;
		}
		to = s->at + s->token.n;
		next(s);
	} while (take(s, "."));
	const char *path = keep(s, str_slice(s->text, from, to));
	add_origin(s->r, (struct origin){ path, 0, to - from + 1, from, true });
	return path;
}

/* An expression up to a comma, AS or the closing parenthesis outside of its own parentheses. */
static struct str
take_expression(struct scan *s)
{
	const size_t from = s->at;
	size_t to = from;
	int depth = 0;

	while (s->token.n > 0) {
		if (depth == 0 &&
		    (word_is(s->token, ",") || word_is(s->token, ")") || word_is(s->token, "AS")))
			break;
		depth += word_is(s->token, "(") - word_is(s->token, ")");
		to = s->at + s->token.n;
		next(s);
	}
	return str_slice(s->text, from, to);
}

/* Else the rest of the clause would be that text. */
static int
check_quotes(struct scan *s)
{
	for (size_t at = skip_space(s->text, 0), end; at < s->text.n;
	     at = skip_space(s->text, end)) {
		const char first = s->text.p[at];
		end = token_end(s->text, at);
		if (first == '\'' && (end - at == 1 || s->text.p[end - 1] != first))
			return wrong_at(s, at, "this text has no closing '");
		if (first == '`' && (end - at == 1 || s->text.p[end - 1] != first))
			return wrong_at(s, at, "this name has no closing `");
	}
	return 0;
}

/* ---- expressions */

static bool
looks_at_rows(struct str word)
{
	static const char *const functions[] = { "FIRST", "LAST", "COUNT", "SUM",
		                                 "AVG",   "MIN",  "MAX" };

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (word_is(word, functions[i]))
			return true;
	return false;
}

/* Words that are no columns. */
static bool
is_reserved(struct str word)
{
	static const char *const words[] = { "AND",      "OR",   "NOT",  "NULL",     "TRUE",
		                             "FALSE",    "IS",   "IN",   "LIKE",     "BETWEEN",
		                             "CASE",     "WHEN", "THEN", "ELSE",     "END",
		                             "DISTINCT", "FROM", "AS",   "INTERVAL", "ESCAPE",
		                             "UNKNOWN" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (word_is(word, words[i]))
			return true;
	return false;
}

struct rewrite {
	struct scan *s;
	size_t       first_origin;
	int          self;              /* the variable that is being defined; -1: none */
	/* of parentheses; where a function over rows began, or -1 */
	int          depth, rows_depth;
	struct buf   to;
};

/* Append text that stands for what is at source; if it is copied from there, byte by byte. */
static void
put(struct rewrite *w, struct str text, size_t source, bool copied)
{
	add_origin(w->s->r, (struct origin){ NULL, w->to.n, text.n, source, copied });
	buf_add_str(&w->to, text);
}

/* A part of the clause. */
static void
copy(struct rewrite *w, struct str part)
{
	put(w, part, (size_t)(part.p - w->s->text.p), true);
}

/* The whole text, which stays where it is, and its end, at which something may be missing. */
static const char *
keep_rewritten(struct rewrite *w, struct str expr)
{
	struct recognize *r = w->s->r;
	const size_t end = (size_t)(expr.p + expr.n - w->s->text.p);

	add_origin(r, (struct origin){ NULL, w->to.n, 1, end, false });
	const char *kept = keep(w->s, buf_str(&w->to));
	for (size_t i = w->first_origin; i < r->n_origins; i++)
		r->origins[i].text = kept;
	buf_release(&w->to);
	return kept;
}

/* A name: a column, a variable's column, or a function. Returns where the text goes on. */
static size_t
rewrite_name(struct rewrite *w, struct str expr, size_t at)
{
	const struct str name = str_slice(expr, at, token_end(expr, at));
	size_t end = at + name.n;
	const size_t after = skip_space(expr, end);
	const char sign = after < expr.n ? expr.p[after] : '\0';
	const int variable = pattern_number(w->s->p, name);
	const bool inside = w->rows_depth >= 0;
	const size_t source = (size_t)(name.p - w->s->text.p);

	if (sign == '(' || is_reserved(name)) {
		if (looks_at_rows(name) && !inside)
			w->rows_depth = w->depth;
		copy(w, name);
		return end;
	}
	while (end < expr.n && expr.p[end] == '.')              /* the whole path */
		end = token_end(expr, end + 1);
	const struct str path = str_slice(expr, at, end);
	if (variable >= 0 && sign == '.' && w->self == variable && !inside) {
		copy(w, str_slice(path, after + 1 - at, path.n));
	} else if (variable >= 0 && sign == '.' && !inside) {
		put(w, STR("LAST("), source, false);
		copy(w, path);
		put(w, STR(")"), source, false);
	} else {
		if (inside && variable < 0)
			put(w, STR(RECOGNIZE_ALL "."), source, false);
		copy(w, path);
	}
	return end;
}

static bool
next_looks_at_rows(struct str expr, size_t at)
{
	const size_t after = skip_space(expr, at);

	return looks_at_rows(str_slice(expr, after, token_end(expr, after)));
}

static const char *
rewrite(struct scan *s, struct str expr, int self)
{
	struct rewrite w = {
		.s = s, .first_origin = s->r->n_origins, .self = self, .rows_depth = -1
	};

	buf_init(&w.to, BUF_NO_MAX);
	for (size_t at = 0; at < expr.n;) {
		const size_t end = token_end(expr, at);
		const struct str token = str_slice(expr, at, end);
		if (word_is(token, "MATCH_ROWTIME")) {
			put(&w, STR("$rowtime"), (size_t)(token.p - s->text.p), false);
			at = skip_space(expr, end);
			while (at < expr.n && expr.p[at] != ')')
				at++;
			at++;
			continue;
		}
		if (self < 0 && word_is(token, "FINAL") && next_looks_at_rows(expr, end)) {
			at = skip_space(expr, end);
			continue;
		}
		if (is_name(token)) {
			at = rewrite_name(&w, expr, at);
			continue;
		}
		w.depth += token.p[0] == '(';
		if (token.p[0] == '*' && w.rows_depth >= 0 && w.to.p[w.to.n - 1] == '(')
			/* COUNT(*) */
			put(&w, STR(RECOGNIZE_ALL), (size_t)(token.p - s->text.p), false);
		else
			copy(&w, token);
		if (token.p[0] == ')' && --w.depth == w.rows_depth)
			w.rows_depth = -1;
		at = end;
	}
	return keep_rewritten(&w, expr);
}

/* ---- clauses */

static int
partition_by(struct scan *s)
{
	const int got = TAKE_WORDS(s, "PARTITION", "BY");

	if (got <= 0)
		return got;
	do {
		if (s->r->n_keys == RECOGNIZE_MAX)
			return wrong_at(s, s->at, "too many columns");
		const char *path = take_path(s, "a column to partition by");
		if (path == NULL)
			return -1;
		s->r->keys[s->r->n_keys++] = path;
	} while (take(s, ","));
	return 0;
}

static int
order_by(struct scan *s)
{
	const size_t at = s->at;
	const int got = TAKE_WORDS(s, "ORDER", "BY");

	if (got < 0)
		return -1;
	if (got == 0)
		return wrong_at(s, at, "expected ORDER BY and the time of the rows");
	for (int i = 0; i < 2; i++) {
		const size_t column = s->at;
		const char *path = take_path(s, "a column to order by");
		if (path == NULL)
			return -1;
		if (i == 0)
			s->r->time = path;
		else
			s->r->order_by = path;
		if (take(s, "DESC"))
			return wrong_at(s, column, "rows can be ordered upwards only (drop DESC)");
		take(s, "ASC");
		if (!take(s, ","))
			return 0;
	}
	return wrong_at(s, s->at, "more than one column behind the time");
}

/* The variables are not known yet: expressions are rewritten when they are. */
static int
measures(struct scan *s, struct str expr[RECOGNIZE_MAX])
{
	if (!take(s, "MEASURES"))
		return 0;
	do {
		struct recognize *r = s->r;
		if (r->n_measures == RECOGNIZE_MAX)
			return wrong_at(s, s->at, "too many measures");
		expr[r->n_measures] = take_expression(s);
		if (expr[r->n_measures].n == 0)
			return expected(s, "an expression");
		if (!take(s, "AS"))
			return expected(s, "AS and the name of the measure");
		if (!is_name(s->token))
			return expected(s, "the name of the measure");
		struct str name = s->token;
		if (name.p[0] == '`')
			name = str_slice(name, 1, name.n - 1);
		if (str_eq(name, STR("_maip")))
			return wrong_at(s, s->at,
			                "no column may be called _maip: lines that begin with it "
			                "are control lines");
		r->names[r->n_measures++] = keep(s, name);
		next(s);
	} while (take(s, ","));
	return 0;
}

static int
rows_per_match(struct scan *s)
{
	if (word_is(s->token, "ALL"))
		return wrong_at(
			s, s->at,
			"ALL ROWS PER MATCH is not supported, as in Flink (use ONE ROW PER MATCH)");
	return TAKE_WORDS(s, "ONE", "ROW", "PER", "MATCH") < 0 ? -1 : 0;
}

static int
after_match(struct scan *s, struct str *target)
{
	struct skip *skip = &s->p->skip;
	const int got = TAKE_WORDS(s, "AFTER", "MATCH", "SKIP");

	*skip = (struct skip){ .kind = SKIP_TO_NEXT };
	if (got <= 0)
		return got;
	const int past = TAKE_WORDS(s, "PAST", "LAST", "ROW");
	if (past != 0) {
		skip->kind = SKIP_PAST_LAST;
		return past < 0 ? -1 : 0;
	}
	if (!take(s, "TO"))
		return expected(s, "PAST LAST ROW or TO");
	if (take(s, "NEXT"))
		return take(s, "ROW") ? 0 : expected(s, "ROW");
	skip->kind = take(s, "FIRST") ? SKIP_TO_FIRST : SKIP_TO_LAST;
	take(s, "LAST");
	if (!is_name(s->token))
		return expected(s, "NEXT ROW, FIRST, LAST or a variable");
	*target = s->token;
	skip->error = true;
	next(s);
	return 0;
}

/* ---- PATTERN */

/* A number of a quantifier, or none. */
static int
bound(struct scan *s, int otherwise)
{
	if (s->token.n == 0 || s->token.p[0] < '0' || s->token.p[0] > '9')
		return otherwise;
	const int n = atoi(keep(s, s->token));
	next(s);
	return n;
}

struct quantity { int from, to; bool reluctant; };     /* to -1: no limit */

/* * + ? {n} {n,} {n,m}, each perhaps reluctant. 1, 0 if there is none, -1. */
static int
quantifier(struct scan *s, struct quantity *q)
{
	const size_t at = s->at;

	if (take(s, "*")) {
		*q = (struct quantity){ 0, -1, false };
	} else if (take(s, "+")) {
		*q = (struct quantity){ 1, -1, false };
	} else if (take(s, "?")) {
		*q = (struct quantity){ 0, 1, false };
	} else if (take(s, "{")) {
		if (word_is(s->token, "-"))
			return wrong_at(s, at, "exclusion {- -} is not supported, as in Flink");
		q->from = q->to = bound(s, -1);
		if (take(s, ","))
			q->to = bound(s, -1);
		if (q->from < 0)
			return wrong_at(
				s, at,
				"the lower bound is missing, which Flink refuses (write {0,m})");
		if (!take(s, "}"))
			return expected(s, "'}'");
	} else {
		return 0;
	}
	q->reluctant = take(s, "?");
	if (q->reluctant && q->from == 0 && q->to == 1)
		return wrong_at(s, at,
		                "a reluctant optional variable is not supported, as in Flink (drop "
		                "the second ?)");
	return 1;
}

static int
apply(struct scan *s, const struct quantity *q)
{
	struct pattern *p = s->p;
	struct err *err = s->err;
	char text[32];
	int result;

	if (q->from == 0 && q->to == 1)
		return pattern_optional(p, err);
	if (q->to < 0 && q->from <= 1) {
		result = pattern_one_or_more(p, NULL, err);
		if (result == 0 && q->from == 0)
			result = pattern_optional(p, err);
	} else if (q->to < 0) {
		snprintf(text, sizeof(text), "%d", q->from);
		result = pattern_times_or_more(p, text, err);
	} else {
		snprintf(text, sizeof(text), "%d,%d", q->from, q->to);
		result = pattern_times(p, text, err);
	}
	if (result == 0)
		result = pattern_consecutive(p, err);
	if (result == 0 && !q->reluctant && q->from != q->to)
		result = pattern_greedy(p, err);
	return result;
}

static int
variable(struct scan *s)
{
	const size_t at = s->at;
	struct quantity q = { 0 };
	int got;

	if (word_is(s->token, "("))
		return wrong_at(s, at,
		                "groups are not supported in PATTERN, as in Flink (write the "
		                "pattern with options: --begin '(' ... ')')");
	if (word_is(s->token, "PERMUTE") || word_is(s->token, "^") || word_is(s->token, "$"))
		return wrong_at(s, at, "PERMUTE and anchors are not supported, as in Flink");
	if (!is_name(s->token))
		return expected(s, "a pattern variable");
	if (pattern_number(s->p, s->token) >= 0)
		return wrong_at(s, at, "a variable may stand in PATTERN once only, as in Flink");
	const char *name = keep(s, s->token);
	if ((s->p->n == 0 ? pattern_begin(s->p, name, s->err)
	                  : pattern_follow(s->p, STRICT, "PATTERN", name, s->err)) < 0)
		return wrong_at(s, at, keep(s, str_of(s->err->msg)));
	next(s);
	got = quantifier(s, &q);
	if (got > 0 && apply(s, &q) < 0)
		return wrong_at(s, at, keep(s, str_of(s->err->msg)));
	return got < 0 ? -1 : 0;
}

static int
pattern(struct scan *s)
{
	const size_t at = s->at;
	bool required = false;

	if (!take(s, "PATTERN"))
		return expected(s, "PATTERN");
	if (!take(s, "("))
		return expected(s, "'('");
	do {
		if (variable(s) < 0)
			return -1;
		if (word_is(s->token, "|"))
			return wrong_at(
				s, s->at,
				"alternatives are not supported, as in Flink (run two patterns)");
	} while (!take(s, ")"));
	for (int i = 0; i < s->p->n; i++)
		required |= !s->p->elements[i]->optional;
	if (!required)
		return wrong_at(
			s, at,
			"the pattern could match nothing at all (make one variable required)");
	if (s->p->tail->greedy)
		return wrong_at(s, at,
		                "the last variable cannot be greedy, as in Flink (add ? to its "
		                "quantifier, or another variable behind it)");
	return 0;
}

static int
within(struct scan *s)
{
	static const struct {
		const char *word;
		char unit;
	} units[] = { { "SECOND", 's' }, { "MINUTE", 'm' }, { "HOUR", 'h' }, { "DAY", 'd' } };
	const int got = TAKE_WORDS(s, "WITHIN", "INTERVAL");
	const size_t at = s->at;
	char text[64] = "";

	if (got <= 0)
		return got;
	if (s->token.n < 3 || s->token.p[0] != '\'')
		return expected(s, "a length such as '10' MINUTE");
	const struct str number = str_slice(s->token, 1, s->token.n - 1);
	next(s);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && text[0] == '\0'; i++)
		if (word_is(s->token, units[i].word))
			snprintf(text, sizeof(text), "%.*s%c", STR_ARGS(number), units[i].unit);
	if (text[0] == '\0')
		return expected(s, "SECOND, MINUTE, HOUR or DAY");
	next(s);
	if (pattern_within(s->p, text, s->err) < 0)
		return wrong_at(s, at, keep(s, str_of(s->err->msg)));
	return 0;
}

static int
define(struct scan *s)
{
	if (word_is(s->token, "SUBSET"))
		return wrong_at(
			s, s->at,
			"SUBSET is not supported, as in Flink (name the variables one by one)");
	if (!take(s, "DEFINE"))
		return expected(s, "DEFINE");
	do {
		const size_t at = s->at;
		const int number = pattern_number(s->p, s->token);
		if (!is_name(s->token))
			return expected(s, "a pattern variable");
		if (number < 0)
			return wrong_at(s, at, "the variable does not stand in PATTERN");
		struct element *e = s->p->elements[number];
		if (e->n_where > 0)
			return wrong_at(
				s, at,
				"the variable is defined already (join the conditions with AND)");
		next(s);
		if (!take(s, "AS"))
			return expected(s, "AS and a condition");
		const struct str expr = take_expression(s);
		if (expr.n == 0)
			return expected(s, "a condition");
		e->where[e->n_where++] =
			(struct condition){ str_of(rewrite(s, expr, number)), false };
	} while (take(s, ","));
	return 0;
}

static int
skip_target(struct scan *s, struct str target)
{
	if (target.p == NULL)
		return 0;
	s->p->skip.name = str_of(keep(s, target));
	if (pattern_number(s->p, target) < 0)
		return wrong_at(s, (size_t)(target.p - s->text.p),
		                "the variable to skip to does not stand in PATTERN");
	return 0;
}

static int
clauses(struct scan *s)
{
	struct str expr[RECOGNIZE_MAX], target = { 0 };

	if (check_quotes(s) < 0)
		return -1;
	if (!take(s, "MATCH_RECOGNIZE"))
		return expected(s, "MATCH_RECOGNIZE");
	if (!take(s, "("))
		return expected(s, "'('");
	if (partition_by(s) < 0 || order_by(s) < 0 || measures(s, expr) < 0 ||
	    rows_per_match(s) < 0 || after_match(s, &target) < 0)
		return -1;
	if (pattern(s) < 0 || within(s) < 0 || define(s) < 0 || skip_target(s, target) < 0)
		return -1;
	if (!take(s, ")"))
		return expected(s, "',' or ')'");
	take(s, ";");
	if (s->token.n > 0)
		return expected(s, "the end");
	for (size_t i = 0; i < s->r->n_measures; i++)
		s->r->measures[i] = rewrite(s, expr[i], -1);
	return 0;
}

int
recognize_parse(struct recognize *r, struct str clause, struct pattern *p, struct err *err)
{
	struct scan s = { .r = r, .p = p, .text = clause, .err = err };

	*r = (struct recognize){ .clause = clause };
	p->includes_current = true;
	move_to(&s, 0);
	return clauses(&s);
}

/* What is wrong, without "DEFINE: column 16: ", which is about the rewritten text. */
static const char *
without_place(const char *message)
{
	const char *what = strstr(message, ": "), *column = strstr(message, ": column ");

	return what == NULL ? message : (column == what ? strstr(column + 1, ": ") : what) + 2;
}

void
recognize_locate(const struct recognize *r, struct err *err)
{
	char message[sizeof(err->msg)];

	for (size_t i = 0; err->at != NULL && i < r->n_origins; i++) {
		const struct origin *o = &r->origins[i];
		const char *from = o->text + o->offset;
		if (err->at < from || err->at >= from + o->n)
			continue;
		snprintf(message, sizeof(message), "%s", without_place(err->msg));
		fail_in_clause(r->clause, o->source + (o->copied ? (size_t)(err->at - from) : 0),
		               message, err);
		return;
	}
}

void
recognize_release(struct recognize *r)
{
	free(r->origins);
	arena_release(&r->texts);
}
