/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recognize_fuzz [SEED [COUNT]] - a clause with words lost, doubled or in each other's place never
 * crashes the reader, and what is wrong with it is told by line and column; what it makes of one
 * that it takes runs over some records.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cep/recognize.h"
#include "cep/stage.h"
#include "dice.h"
#include "json/line.h"
#include "stream/bad.h"

static uint64_t state;

static const char *const clause[] = {
	"MATCH_RECOGNIZE", "(", "PARTITION", "BY", "k", ",", "`j`", "ORDER", "BY", "t", "ASC", ",",
	"v", "DESC", "MEASURES", "A.v", "AS", "a", ",", "SUM(", "B.v", "+ 1", ")", "AS", "b", ",",
	"FINAL", "LAST(", "U", ".", "v", ", 1 )", "AS", "`u`", ",", "COUNT(", "*", ")", "AS", "n",
	"ONE", "ROW", "PER", "MATCH", "AFTER", "MATCH", "SKIP", "TO", "LAST", "B", "PATTERN", "(",
	"A", "+", "?", "(", "B", "{", "1", ",", "2", "}", "C", ")", ")", "WITHIN", "INTERVAL",
	"'1:30'", "MINUTE", "TO", "SECOND", "SUBSET", "U", "=", "(", "A", ",", "B", ")", "DEFINE",
	"A", "AS", "A.v", "<", "5", "OR", "LAST(", "A.v", ", 1)", "IS", "NULL", ",", "B", "AS",
	"MATCH_ROWTIME()", "IS", "NOT", "NULL", "AND", "v", ">", "FIRST(", "v", ")", ")",
};

static const char *const others[] = {
	"'", "`", "''", "'it''s'", "`a``b`", "/*", "*/", "--", "\n", "{-", "|", "^", "$", "?", "??",
	"{0}", "{,", "99999999999999999999", "\xff", "ü", ".", ";", "PREV(", "NEXT(", "DISTINCT",
	"PERMUTE", "RUNNING", "ALL", "NULLS", "-", "`(`", "`x:y`", "''''", "DAY(3)", "_maip", "C.x.y",
	"CASE", "WHEN", "END", "CAST(", "INTERVAL", "'1' DAY", "[0]", "%", "MATCH_ROWTIME(t)",
};

enum { WORDS = sizeof(clause) / sizeof(clause[0]), OTHERS = sizeof(others) / sizeof(others[0]) };

static void
random_clause(struct buf *to)
{
	const uint64_t faults = roll(&state, 4);
	size_t at[3] = { WORDS, WORDS, WORDS };

	for (uint64_t i = 0; i < faults; i++)
		at[i] = (size_t)roll(&state, WORDS);
	buf_clear(to);
	for (size_t i = 0; i < WORDS; i++) {
		const bool fault = i == at[0] || i == at[1] || i == at[2];
		const uint64_t kind = fault ? roll(&state, 4) : 4;
		if (kind == 0)
			continue;
		if (kind == 1)
			buf_add_str(to, str_of(others[roll(&state, OTHERS)]));
		else if (kind == 2)
			buf_add_str(to, str_of(clause[roll(&state, WORDS)]));
		else
			buf_add_str(to, str_of(clause[i]));
		buf_add_char(to, roll(&state, 9) == 0 ? '\n' : ' ');
		if (kind == 3)
			i--, at[0] = at[1] = at[2] = WORDS;
	}
}

static int64_t
throw_away(void *self, const char *p, size_t n, struct err *err)
{
	(void)self;
	(void)p;
	(void)err;
	return (int64_t)n;
}

static void
run(struct cep *cep)
{
	struct bad_records bad = { .policy = ON_ERROR_SKIP };
	struct out out;
	struct err err;

	out_init(&out, &(struct sink){ .write = throw_away });
	cep_ops.begin(cep, NULL, &out, &err);
	for (uint64_t i = 1; i < 12; i++) {
		char text[64 + LINE_SLACK] = { 0 };
		const int n = snprintf(text, 64, "{\"t\":%d,\"k\":1,\"v\":%d}",
		                       (int)(i / 2), (int)roll(&state, 9));
		const struct str line = { text, (size_t)n };
		if (cep_ops.batch(cep, &(struct batch){ 1, &line, &i }, &bad, &out, &err) < 0)
			break;
	}
	out_release(&out);
}

static bool
try_clause(struct str text)
{
	struct pattern   pattern;
	struct recognize r;
	struct err       err = { 0 };
	struct cep      *cep = NULL;

	pattern_init(&pattern);
	if (recognize_parse(&r, text, NULL, &pattern, &err) == 0 &&
	    pattern_finish(&pattern, &err) == 0) {
		const struct cep_conf conf = {
			.pattern = &pattern,
			.keys = r.keys,
			.n_keys = r.n_keys,
			.time = r.time,
			.order_by = r.order_by[0],
			.then_by = r.order_by + 1,
			.n_then_by = r.n_order_by > 0 ? r.n_order_by - 1 : 0,
			.order_down = r.down,
			.columns = r.measures,
			.column_names = r.names,
			.n_columns = r.n_measures,
			.columns_option = "MEASURES",
			.rows = true,
			.max_partial = 1000,
		};
		cep = cep_new(&conf, &err);
		if (cep == NULL)
			(void)recognize_locate(&r, &err);
	}
	const bool taken = cep != NULL;
	if (taken)
		run(cep);
	else if (strncmp(err.msg, "line ", 5) != 0) {
		printf("# no place: %s\n# %.*s\n", err.msg, STR_ARGS(text));
		abort();
	}
	cep_free(cep);
	pattern_release(&pattern);
	recognize_release(&r);
	return taken;
}

int
main(int argc, char **argv)
{
	uint64_t   seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t   count = argc > 2 ? strtoull(argv[2], NULL, 10) : 30000;
	uint64_t   taken = 0;
	struct buf text;

	buf_init(&text, BUF_NO_MAX);
	printf("1..1\n# seed %" PRIu64 ", %" PRIu64 " cases\n", seed, count);
	fflush(stdout);
	for (uint64_t i = 0; i < count; i++) {
		state = case_state(seed, i);
		random_clause(&text);
		taken += try_clause(buf_str(&text));
	}
	buf_release(&text);
	printf("%s 1 - clauses never crash, and mistakes have a place\n",
	       taken > count / 10 && taken < count ? "ok" : "not ok");
	return 0;
}
