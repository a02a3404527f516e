/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eval-sql FILE - what expressions and aggregates yield, for comparison with a database
 *
 * FILE holds records. A line of stdin is "row EXPR" or "all AGGREGATE"; a line of stdout
 * the values over each record, or over all of them, as a JSON array, or the message of a
 * refusal as a JSON string.
 */
#include <stdio.h>
#include <stdlib.h>

#include "json/line.h"
#include "sql/aggregate.h"

#define TEXT_LIMIT 65536

struct records {
	struct buf bytes;               /* LINE_SLACK behind the last line */
	size_t     n;                   /* without the slack */
};

static int
read_records(struct records *r, const char *path)
{
	FILE  *f = fopen(path, "r");
	char   chunk[4096];
	size_t n;

	if (f == NULL)
		return -1;
	buf_init(&r->bytes, BUF_NO_MAX);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&r->bytes, chunk, n);
	fclose(f);
	r->n = r->bytes.n;
	memset(buf_room(&r->bytes, LINE_SLACK), 0, LINE_SLACK);
	return 0;
}

/* The next record from *at on. */
static bool
next_record(const struct records *r, size_t *at, struct str *line)
{
	const char *p = r->bytes.p + *at, *end;

	if (*at >= r->n || (end = memchr(p, '\n', r->n - *at)) == NULL)
		return false;
	*line = (struct str){ p, (size_t)(end - p) };
	*at += line->n + 1;
	return true;
}

static void
each_row(const struct records *r, struct str text, struct buf *to)
{
	struct extractor *x = extract_new();
	struct expr_scope scope = { .fields = x };
	struct field      fields[EXTRACT_FIELDS];
	struct arena      scratch = { 0 };
	struct expr_env   env = { .fields = fields, .scratch = &scratch };
	struct str        line;
	struct val        v;
	struct err        err;
	struct expr      *e = expr_new(text, "eval", &scope, &err);

	if (e == NULL)
		json_add_string(to, str_of(err.msg));
	for (size_t at = 0; e != NULL && next_record(r, &at, &line); ) {
		buf_add_char(to, to->n == 0 ? '[' : ',');
		if (extract(x, line, fields, &err) < 0)
			exit(1);
		expr_eval(e, &env, &v);
		val_add_json(to, &v);
		arena_reset(&scratch);
	}
	if (e != NULL)
		buf_add_char(to, ']');
	expr_free(e);
	extract_free(x);
	arena_release(&scratch);
}

static void
all_rows(const struct records *r, struct str text, struct buf *to)
{
	struct agg_list  *l = agg_list_new();
	struct extractor *x = extract_new();
	struct field      fields[EXTRACT_FIELDS];
	struct arena      scratch = { 0 };
	struct expr_env   env = { .fields = fields, .scratch = &scratch };
	uint64_t          acc[64] = { 0 };
	struct str        line;
	struct val        v;
	struct err        err;

	if (agg_list_add(l, text, x, &err) < 0 || agg_size(l) > sizeof(acc)) {
		json_add_string(to, str_of(err.msg));
	} else {
		for (size_t at = 0; next_record(r, &at, &line); ) {
			if (extract(x, line, fields, &err) < 0)
				exit(1);
			agg_add(l, acc, agg_eval(l, &env, 0, at));
		}
		agg_result(l, acc, &v, &scratch);
		buf_add_char(to, '[');
		val_add_json(to, &v);
		buf_add_char(to, ']');
		agg_drop(l, acc);
	}
	agg_list_free(l);
	extract_free(x);
	arena_release(&scratch);
}

int
main(int argc, char **argv)
{
	static char    text[TEXT_LIMIT];
	struct records records;
	struct buf     result;

	if (argc != 2 || read_records(&records, argv[1]) < 0)
		return 64;
	buf_init(&result, BUF_NO_MAX);
	while (fgets(text, sizeof(text), stdin) != NULL) {
		struct str line = { text, strcspn(text, "\n") };

		buf_clear(&result);
		if (str_starts(line, STR("row ")))
			each_row(&records, str_slice(line, 4, line.n), &result);
		else
			all_rows(&records, str_slice(line, 4, line.n), &result);
		printf("%.*s\n", STR_ARGS(buf_str(&result)));
	}
	buf_release(&result);
	buf_release(&records.bytes);
	return 0;
}
