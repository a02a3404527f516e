/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expr_fuzz [SEED [COUNT]] - random tokens never crash the parser; random expressions over
 * random lines never crash the evaluation, and are never of another kind than the compiler
 * said. Aggregates ride along.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "dice.h"
#include "json/line.h"
#include "sql/aggregate.h"

static uint64_t state;

static const char *const soup[] = {
	"a", "b.c", "items[0]", "`odd`", "$key", "'text'", "''", "'it''s'", "'ü%_'", "0", "1",
	"1.50", "1e300", "99999999999999999999",
	"NULL", "TRUE", "FALSE", "=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "||",
	"(", ")", ",", ".", "[", "]",
	"AND", "OR", "NOT", "IS", "IN", "LIKE", "ESCAPE", "BETWEEN", "DISTINCT", "FROM", "CASE",
	"WHEN", "THEN", "ELSE", "END",
	"CAST", "TRY_CAST", "AS", "INT", "DECIMAL", "STRING", "TIMESTAMP", "INTERVAL", "DAY",
	"MINUTE", "EXTRACT", "FLOOR", "TO",
	"SUBSTRING", "FOR", "TRIM", "POSITION", "COALESCE", "NULLIF", "REGEXP", "COUNT", "SUM",
	"FILTER", "WHERE", "BY", "TOP",
	"QUANTILE", "'2026-01-16'", "--", "\"", "`", "'", "\xff", "~", "ü",
};

/* Expressions that nearly always parse: %E an expression, %T a literal or a path. */
static const char *const shapes[] = {
	"%E = %E", "%E <> %E", "%E < %E", "%E >= %E", "%E AND %E", "%E OR %E", "NOT %E", "%E + %E",
	"%E - %E", "%E * %E",
	"%E / %E", "%E % %E", "- %E", "%E || %E", "%E IS NULL", "%E IS NOT TRUE",
	"%E IS DISTINCT FROM %E", "%E BETWEEN %E AND %E",
	"%E NOT IN ( %E , %E )", "%E LIKE %E", "%E LIKE %E ESCAPE '!'",
	"CASE WHEN %E THEN %E ELSE %E END", "CASE %E WHEN %E THEN %E END",
	"CAST( %E AS INT)", "TRY_CAST( %E AS DECIMAL(10, 2))", "TRY_CAST( %E AS STRING)",
	"TRY_CAST( %E AS TIMESTAMP)",
	"CAST( %E AS BOOLEAN)", "CAST( %E AS DOUBLE)", "COALESCE( %E , %E )", "NULLIF( %E , %E )",
	"ABS( %E )", "FLOOR( %E )",
	"CEIL( %E )", "ROUND( %E , %E )", "TRUNCATE( %E , %E )", "MOD( %E , %E )",
	"POWER( %E , %E )", "SQRT( %E )", "SIGN( %E )",
	"GREATEST( %E , %E )", "LEAST( %E , %E , %E )", "LOWER( %E )", "UPPER( %E )", "TRIM( %E )",
	"TRIM(BOTH %E FROM %E )",
	"SUBSTRING( %E , %E , %E )", "POSITION( %T IN %E )", "CHAR_LENGTH( %E )",
	"CONCAT( %E , %E )", "REPLACE( %E , %E , %E )",
	"SPLIT_INDEX( %E , %E , %E )", "REGEXP( %E , '^a+(b|c)*$')", "TO_TIMESTAMP( %E )",
	"EXTRACT(WEEK FROM %E )",
	"EXTRACT(DOY FROM %E )", "FLOOR( %E TO MONTH)", "CEIL( %E TO WEEK)",
	"TIMESTAMP '1969-12-31' + %E", "INTERVAL '1' DAY * %E",
};

static const char *const terms[] = {
	"a", "b", "c", "d.e", "f[1]", "missing", "0", "1", "-1", "2.50", "1e10", "1e-300",
	"123456789012345678901234567890", "'a'", "''",
	"'%a_'", "'üx'", "'2026-01-16T12:00:00Z'", "TRUE", "FALSE", "NULL", "INTERVAL '5' MINUTE",
	"TIMESTAMP '2026-01-16 12:00:00'",
};

static const char *const values[] = {
	"null", "true", "false", "0", "-0", "1", "-1.50", "1e400", "1e308", "-1e-308",
	"9223372036854775807", "99999999999999999999999999999999999999",
	"0.00000000000000000000000000000000000001", "\"\"", "\"a\"", "\"\\u00fc\\ud83d\\ude00\"",
	"\"\\ud800\"", "\"12.5\"", "\"2026-01-16T12:00:00Z\"",
	"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"", "{\"e\":1}", "[1,\"x\"]", "[]", "{}",
};

#define PICK(table) ((table)[roll(&state, (uint32_t)(sizeof(table) / sizeof((table)[0])))])

static void
add_word(struct buf *b, const char *word)
{
	buf_add_str(b, str_of(word));
	buf_add_char(b, ' ');
}

static void
random_expr(struct buf *b, int depth)
{
	const char *shape;

	if (depth == 0 || roll(&state, 4) == 0) {
		add_word(b, PICK(terms));
		return;
	}
	shape = PICK(shapes);
	buf_add_char(b, '(');
	for (; *shape != '\0'; shape++) {
		if (shape[0] == '%' && shape[1] == 'E')
			random_expr(b, depth - 1);
		else if (shape[0] == '%' && shape[1] == 'T')
			add_word(b, PICK(terms));
		else {
			buf_add_char(b, *shape);
			continue;
		}
		shape++;
	}
	buf_add_char(b, ')');
}

static void
random_soup(struct buf *b)
{
	for (uint64_t n = roll(&state, 30); n > 0; n--)
		add_word(b, PICK(soup));
}

static void
random_line(struct buf *b)
{
	buf_clear(b);
	buf_addf(b, "{\"a\":%s,", PICK(values));
	buf_addf(b, "\"b\":%s,", PICK(values));
	buf_addf(b, "\"c\":%s,", PICK(values));
	buf_addf(b, "\"d\":%s,", PICK(values));
	buf_addf(b, "\"f\":[%s,", PICK(values));
	buf_addf(b, "%s]}", PICK(values));
	memset(buf_room(b, LINE_SLACK), 0, LINE_SLACK);
}

static void
check_value(const struct expr *e, const struct val *v, struct buf *json)
{
	struct err err;

	buf_clear(json);
	val_add_json(json, v);
	if (json_check(buf_str(json), &err) < 0 ||
	    (expr_kind(e) >= 0 && v->kind != VAL_NULL && expr_kind(e) != (int)v->kind)) {
		printf("# %s: %.*s\n", err.msg, STR_ARGS(buf_str(json)));
		abort();
	}
}

static void
try_expr(struct str text, struct buf *line, struct buf *json)
{
	struct extractor *x = extract_new();
	struct expr_scope scope = { .fields = x };
	struct field      fields[EXTRACT_FIELDS];
	struct arena      scratch = { 0 };
	struct expr_env   env = { .fields = fields, .scratch = &scratch };
	struct err        err;
	struct expr      *e = expr_new(text, "fuzz", &scope, &err);
	struct val        v;

	for (int i = 0; e != NULL && i < 3; i++) {
		random_line(line);
		if (extract(x, buf_str(line), fields, &err) < 0)
			abort();
		expr_eval(e, &env, &v);
		check_value(e, &v, json);
		if (expr_true(e, &env) != (v.kind == VAL_BOOL && v.truth))
			abort();
		arena_reset(&scratch);
	}
	expr_free(e);
	extract_free(x);
	arena_release(&scratch);
}

static void
try_aggregate(struct str expr, struct buf *line, struct buf *json)
{
	static const char *const calls[] = {
		"COUNT", "SUM", "AVG", "MIN", "MAX", "FIRST", "LAST", "STDDEV", "MEDIAN",
		"APPROX_COUNT_DISTINCT", "COLLECT",
		"COUNT(DISTINCT", "SUM(DISTINCT", "TOP(2,",
	};
	const char       *call = PICK(calls);
	struct agg_list  *l = agg_list_new();
	struct extractor *x = extract_new();
	struct field      fields[EXTRACT_FIELDS];
	struct arena      scratch = { 0 };
	struct expr_env   env = { .fields = fields, .scratch = &scratch };
	uint64_t          acc[8] = { 0 };
	struct buf        text;
	struct err        err;
	struct val        v;

	buf_init(&text, BUF_NO_MAX);
	buf_addf(&text, strchr(call, '(') != NULL ? "%s %.*s)" : "%s(%.*s)", call, STR_ARGS(expr));
	if (agg_list_add(l, buf_str(&text), x, &err) == 0) {
		for (uint64_t i = 0; i < 5; i++) {
			random_line(line);
			if (extract(x, buf_str(line), fields, &err) < 0)
				abort();
			agg_add(l, acc, agg_eval(l, &env, (int64_t)roll(&state, 3), i));
		}
		agg_result(l, acc, &v, &scratch);
		buf_clear(json);
		val_add_json(json, &v);
		if (json_check(buf_str(json), &err) < 0)
			abort();
		agg_drop(l, acc);
	}
	buf_release(&text);
	agg_list_free(l);
	extract_free(x);
	arena_release(&scratch);
}

int
main(int argc, char **argv)
{
	uint64_t   seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t   count = argc > 2 ? strtoull(argv[2], NULL, 10) : 30000;
	struct buf text, line, json;

	buf_init(&text, BUF_NO_MAX);
	buf_init(&line, BUF_NO_MAX);
	buf_init(&json, BUF_NO_MAX);
	printf("1..1\n# seed %" PRIu64 ", %" PRIu64 " cases\n", seed, count);
	fflush(stdout);
	for (uint64_t i = 0; i < count; i++) {
		state = case_state(seed, i);
		buf_clear(&text);
		if (i % 3 == 0)
			random_soup(&text);
		else
			random_expr(&text, (int)(i % 5));
		try_expr(buf_str(&text), &line, &json);
		if (i % 2 == 0)
			try_aggregate(buf_str(&text), &line, &json);
	}
	printf("ok 1 - expressions never crash\n");
	buf_release(&text);
	buf_release(&line);
	buf_release(&json);
	return 0;
}
