/* SPDX-License-Identifier: Apache-2.0 */
/* --max-partial, --on-limit and --max-matches over random patterns, in each engine and with each
 * kind of output. */
#define _GNU_SOURCE                     /* memmem */
#include "cep_case.h"
#include "unit.h"

#include <inttypes.h>

#define CASES 1000

static const struct { const char *name; enum cep_shape shape; struct cep_run how; } forms[] = {
	{ "slices", SHAPE_ONE, { .emit = EMIT_MATCH } },
	{ "slices, counted", SHAPE_ONE, { .emit = EMIT_COUNT } },
	{ "slices without lines", SHAPE_ONE, { .emit = EMIT_SUMMARY } },
	{ "the general engine for one element", SHAPE_ONE, { .general = true } },
	{ "the general engine", SHAPE_ANY, { .emit = EMIT_MATCH } },
	{ "the general engine, counted", SHAPE_ANY, { .emit = EMIT_COUNT } },
	{ "the general engine, working all out", SHAPE_ANY, { .general = true } },
};
enum { N_FORMS = sizeof(forms) / sizeof(forms[0]) };

static const char separator[] = "-- timeouts\n";

struct answer {
	struct buf text;
	struct str matches;             /* its lines */
	int        result;
};

static void
ask(const struct cep_case *c, const struct cep_run *how, struct answer *a)
{
	buf_init(&a->text, BUF_NO_MAX);
	a->result = cep_case_run(c, how, &a->text);
	buf_add_char(&a->text, '\0');
	const char *end = strstr(a->text.p, separator);
	a->matches = (struct str){ a->text.p, end == NULL ? 0 : (size_t)(end - a->text.p) };
}

static bool
same_answer(const struct answer *a, const struct answer *b)
{
	return a->result == b->result && str_eq(buf_str(&a->text), buf_str(&b->text));
}

static bool
begins_with(struct str all, struct str part)
{
	return part.n <= all.n && memcmp(all.p, part.p, part.n) == 0;
}

/* How many matches the lines tell of. */
static uint64_t
count(struct str lines, enum emit emit)
{
	uint64_t n = 0;

	for (const char *p = lines.p, *end = p + lines.n; p < end;
	     p = (const char *)memchr(p, '\n', (size_t)(end - p)) + 1)
		n += emit == EMIT_COUNT ? strtoull(strstr(p, "\"count\":") + 8, NULL, 10) : 1;
	return n;
}

static bool
has_line(struct str lines, struct str line)
{
	return lines.n >= line.n && memmem(lines.p, lines.n, line.p, line.n) != NULL;
}

static void
explain(const struct cep_case *c, int form, const char *what)
{
	struct buf text;

	buf_init(&text, BUF_NO_MAX);
	cep_case_print(c, &text);
	buf_add_char(&text, '\0');
	fail_msg("%s: %s\n%s", forms[form].name, what, text.p);
}

static bool
no_strategy(const struct cep_case *c)
{
	for (int i = 0; i < c->n_args; i += 2)
		if (strcmp(c->args[i], "--after-match") == 0)
			return strcmp(c->args[i + 1], "no-skip") == 0;
	return true;
}

/* With so few partial matches allowed: stopped, or as if there were no limit. Returns whether it
 * stopped. */
static bool
check_stop(const struct cep_case *c, int form, const struct answer *all, size_t max)
{
	struct cep_run how = forms[form].how;
	struct answer few;

	how.max_partial = max;
	ask(c, &how, &few);
	if (few.result == 0 ? !same_answer(&few, all)
	                    : few.result != -1 || !begins_with(all->matches, few.matches))
		explain(c, form, "--max-partial with stop");
	const bool stopped = few.result != 0;
	buf_release(&few.text);
	return stopped;
}

/* The oldest dropped: never a failure; and what is found without a strategy, would have been found
 * anyway. */
static void
check_oldest(const struct cep_case *c, int form, const struct answer *all, size_t max, bool stops)
{
	struct cep_run how = forms[form].how;
	struct answer few;
	uint64_t most = 0;

	how.max_partial = max;
	how.shed = true;
	how.most_partial = &most;
	ask(c, &how, &few);
	if (few.result != 0 || (!stops && !same_answer(&few, all)))
		explain(c, form, "--max-partial with oldest");
	if (most > max)
		explain(c, form, "more partial matches than --max-partial");
	for (struct str rest = few.matches;
	     rest.n > 0 && no_strategy(c) && how.emit != EMIT_COUNT;) {
		const struct str line = str_slice(
			rest, 0, (size_t)((const char *)memchr(rest.p, '\n', rest.n) - rest.p) + 1);
		if (!has_line(all->matches, line))
			explain(c, form, "a match that is none");
		rest = str_slice(rest, line.n, rest.n);
	}
	buf_release(&few.text);
}

static void
max_partial_stops_or_drops_the_oldest_in_every_engine(void **state)
{
	struct cep_case c;

	(void)state;
	for (int form = 0; form < N_FORMS; form++) {
		int stopped = 0;
		for (uint64_t seed = 1; seed <= CASES; seed++) {
			struct answer all;
			cep_case_random(&c, forms[form].shape, seed);
			ask(&c, &forms[form].how, &all);
			for (size_t max = 1; max <= 9 && all.result == 0; max += 4) {
				const bool stops = check_stop(&c, form, &all, max);
				check_oldest(&c, form, &all, max, stops);
				stopped += stops;
			}
			buf_release(&all.text);
		}
		assert_true(stopped > CASES / 10);
	}
}

/* What is counted does not depend on the engine, nor what is dropped. */
static void
a_limit_means_the_same_in_each_engine(void **state)
{
	struct cep_case c;
	int limited = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= CASES; seed++) {
		struct cep_run how = { .max_partial = 1 + seed % 5, .shed = seed % 3 != 0 };
		struct answer special, general, traced, all;

		cep_case_random(&c, SHAPE_ONE, seed);
		ask(&c, &(struct cep_run){ 0 }, &all);
		ask(&c, &how, &special);
		how.general = true;
		ask(&c, &how, &general);
		how.general = false;
		how.traced = true;
		ask(&c, &how, &traced);
		limited += !same_answer(&all, &special);
		if (!same_answer(&special, &general) || !same_answer(&special, &traced))
			explain(&c, 0, "--max-partial is another number in the general engine");
		buf_release(&all.text);
		buf_release(&special.text);
		buf_release(&general.text);
		buf_release(&traced.text);
	}
	assert_true(limited > CASES / 10);
}

static void
max_matches_prints_whole_moments_up_to_the_limit_in_every_engine(void **state)
{
	struct cep_case c;

	(void)state;
	for (int form = 0; form < N_FORMS; form++) {
		int stopped = 0;
		for (uint64_t seed = 1; seed <= CASES; seed++) {
			struct cep_run how = forms[form].how;
			struct answer all, few;
			cep_case_random(&c, forms[form].shape, seed);
			ask(&c, &how, &all);
			const uint64_t n = count(all.matches, how.emit);
			how.max_matches = 1 + seed % 7;
			ask(&c, &how, &few);
			if (n <= how.max_matches
			            ? !same_answer(&few, &all)
			            : few.result != -1 || !begins_with(all.matches, few.matches) ||
			                      count(few.matches, how.emit) > how.max_matches)
				explain(&c, form, "--max-matches");
			stopped += n > how.max_matches;
			buf_release(&all.text);
			buf_release(&few.text);
		}
		assert_true(stopped > CASES / 10);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(max_partial_stops_or_drops_the_oldest_in_every_engine),
		cmocka_unit_test(a_limit_means_the_same_in_each_engine),
		cmocka_unit_test(max_matches_prints_whole_moments_up_to_the_limit_in_every_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
