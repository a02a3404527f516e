/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every example of maip-expr(7): a line "EXPR => RESULT" is evaluated over the event, or
 * over the records, that the page shows. A result that ends in "..." is a beginning. Every
 * function has to have an example.
 */
#define _GNU_SOURCE                     /* memmem */
#include "unit.h"

#include "json/line.h"
#include "sql/aggregate.h"
#include "sql/func.h"

#define PAGE "man/maip-expr.7"

struct page {
	struct buf    text;
	struct buf    event;            /* one line */
	struct buf    records;          /* lines */
	struct buf    examples;         /* the expressions, for the last test */
	struct arena  scratch;
	int           checked, wrong;
};

static struct str
trimmed(struct str s)
{
	while (s.n > 0 && s.p[0] == ' ')
		s = str_slice(s, 1, s.n);
	while (s.n > 0 && s.p[s.n - 1] == ' ')
		s.n--;
	return s;
}

static void
add_slack(struct buf *b)
{
	memset(buf_room(b, LINE_SLACK), 0, LINE_SLACK);
}

static void
compare(struct page *p, struct str expr, struct str expected, const struct buf *got)
{
	bool beginning = expected.n > 3 && memcmp(expected.p + expected.n - 3, "...", 3) == 0;
	struct str wanted = beginning ? trimmed(str_slice(expected, 0, expected.n - 3)) : expected;

	p->checked++;
	buf_add_str(&p->examples, expr);
	buf_add_char(&p->examples, '\n');
	if (beginning ? str_starts(buf_str(got), wanted) : str_eq(buf_str(got), wanted))
		return;
	p->wrong++;
	print_error("%.*s\n  the page says %.*s\n  it is         %.*s\n", STR_ARGS(expr),
	            STR_ARGS(expected), STR_ARGS(buf_str(got)));
}

static void
check_expr(struct page *p, struct str text, struct str expected)
{
	struct extractor *x = extract_new();
	struct field      fields[EXTRACT_FIELDS];
	struct expr_scope scope = { .fields = x };
	struct expr_env   env = { .fields = fields, .scratch = &p->scratch };
	struct err        err;
	struct expr      *e = expr_new(text, "example", &scope, &err);
	struct buf        got;
	struct val        v;

	buf_init(&got, BUF_NO_MAX);
	if (e == NULL) {
		buf_add_str(&got, str_of(err.msg));
	} else {
		add_slack(&p->event);
		assert_int_equal(extract(x, buf_str(&p->event), fields, &err), 0);
		expr_eval(e, &env, &v);
		val_add_json(&got, &v);
	}
	compare(p, text, expected, &got);
	expr_free(e);
	buf_release(&got);
	extract_free(x);
}

static void
feed_records(struct page *p, struct agg_list *l, struct extractor *x, void *acc)
{
	struct path     t = { .steps = &(struct step){ .name = STR("t") }, .n = 1 };
	struct field    fields[EXTRACT_FIELDS];
	struct expr_env env = { .fields = fields, .scratch = &p->scratch };
	struct str      rest = buf_str(&p->records);
	struct err      err;
	int             time = extract_path(x, &t, &err);

	add_slack(&p->records);
	for (uint64_t arrival = 0; rest.n > 0; arrival++) {
		size_t end = (size_t)((const char *)memchr(rest.p, '\n', rest.n) - rest.p);

		assert_int_equal(extract(x, str_slice(rest, 0, end), fields, &err), 0);
		agg_add(l, acc, agg_eval(l, &env, strtol(fields[time].raw.p, NULL, 10), arrival));
		rest = str_slice(rest, end + 1, rest.n);
	}
}

static void
check_aggregate(struct page *p, struct str text, struct str expected)
{
	struct extractor *x = extract_new();
	struct agg_list  *l = agg_list_new();
	uint64_t          acc[32] = { 0 };
	struct err        err;
	struct buf        got;
	struct val        v;

	buf_init(&got, BUF_NO_MAX);
	if (agg_list_add(l, text, x, &err) < 0) {
		buf_add_str(&got, str_of(err.msg));
	} else {
		feed_records(p, l, x, acc);
		agg_result(l, acc, &v, &p->scratch);
		val_add_json(&got, &v);
		agg_drop(l, acc);
	}
	compare(p, text, expected, &got);
	agg_list_free(l);
	buf_release(&got);
	extract_free(x);
}

/* One line of a display; roff has nothing escaped there. */
static void
display_line(struct page *p, struct str section, struct str line)
{
	const char *arrow = memmem(line.p, line.n, " => ", 4);
	struct str  left, right;

	if (str_eq(section, STR("event")) && arrow == NULL) {
		buf_add_str(&p->event, trimmed(line));
		return;
	}
	if (str_eq(section, STR("records")) && arrow == NULL) {
		buf_add_str(&p->records, line);
		buf_add_char(&p->records, '\n');
		return;
	}
	if (arrow == NULL)
		return;
	left = trimmed((struct str){ line.p, (size_t)(arrow - line.p) });
	right = trimmed((struct str){ arrow + 4, line.n - (size_t)(arrow - line.p) - 4 });
	if (str_eq(section, STR("aggregates")))
		check_aggregate(p, left, right);
	else
		check_expr(p, left, right);
}

static void
read_page(struct page *p)
{
	FILE *f = fopen(PAGE, "r");
	char  chunk[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&p->text, chunk, n);
	fclose(f);
}

static void
the_examples_of_the_page_are_true_and_every_function_has_one(void **state)
{
	struct page p = { 0 };
	struct str  rest, section = { NULL, 0 };
	bool        display = false;

	(void)state;
	for (struct buf *b = &p.text; b <= &p.examples; b++)
		buf_init(b, BUF_NO_MAX);
	read_page(&p);
	for (rest = buf_str(&p.text); rest.n > 0; ) {
		size_t     end = (size_t)((const char *)memchr(rest.p, '\n', rest.n) - rest.p);
		struct str line = str_slice(rest, 0, end);

		rest = str_slice(rest, end + 1, rest.n);
		if (str_starts(line, STR(".\\\" test: ")))
			section = str_slice(line, sizeof(".\\\" test: ") - 1, line.n);
		else if (str_starts(line, STR(".Bd")) || str_starts(line, STR(".Ed")))
			display = str_starts(line, STR(".Bd"));
		else if (display)
			display_line(&p, section, line);
		if (str_starts(line, STR(".Ed")) && !str_eq(section, STR("aggregates")))
			section = (struct str){ NULL, 0 };
	}
	assert_true(p.checked > 100);
	buf_add_char(&p.examples, '\0');
	for (size_t i = 0; func_name(i) != NULL; i++) {
		char call[FUNC_NAME_MAX + 2];

		snprintf(call, sizeof(call), "%s(", func_name(i));
		if (strstr(p.examples.p, call) == NULL) {
			print_error("%s has no example in %s\n", func_name(i), PAGE);
			p.wrong++;
		}
	}
	for (struct buf *b = &p.text; b <= &p.examples; b++)
		buf_release(b);
	arena_release(&p.scratch);
	assert_int_equal(p.wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_the_page_are_true_and_every_function_has_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
