/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cep_case.c - dice for patterns, and a stage without a pipe around it
 */
#include "cep_case.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dice.h"
#include "json/line.h"
#include "stream/bad.h"

/* ---- dice */

static int
pick(uint64_t *d, int n)
{
	return (int)roll(d, (uint32_t)n);
}

static bool
chance(uint64_t *d, int percent)
{
	return pick(d, 100) < percent;
}

static void
arg(struct cep_case *c, const char *option, const char *fmt, int a, int b)
{
	if (c->n_args + 2 > CASE_ARGS)
		return;
	snprintf(c->args[c->n_args++], sizeof(c->args[0]), "%s", option);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(c->args[c->n_args++], sizeof(c->args[0]), fmt, a, b);
#pragma GCC diagnostic pop
}

static void
condition(struct cep_case *c, uint64_t *d, enum cep_shape shape, int self)
{
	static const char *const plain[] = { "e = 'a'", "e = 'b'", "e = 'c'", "e <> 'a'", "v > 2" };
	static const char *const iterative[] = { "v > LAST(p%d.v)", "COUNT(p%d) < 2", "COUNT(p%d) = 0 OR v > LAST(p%d.v)",
	                                         "SUM(p%d.v) < 9", "v >= MIN(p%d.v)" };

	if (chance(d, 90))
		arg(c, "--where", plain[pick(d, 5)], 0, 0);
	if (shape == SHAPE_ANY && chance(d, 15))
		arg(c, "--where", iterative[pick(d, 5)], self, self);
	if (shape != SHAPE_PLAIN && chance(d, 10))
		arg(c, "--or", plain[pick(d, 5)], 0, 0);
}

static void
modifiers(struct cep_case *c, uint64_t *d, enum cep_shape shape, bool loops, bool ends)
{
	if (loops && chance(d, 50))
		arg(c, chance(d, 50) ? "--consecutive" : "--allow-combinations", "", 0, 0);
	if (shape == SHAPE_PLAIN)
		return;
	if (loops && chance(d, 20))
		arg(c, "--greedy", "", 0, 0);
	if (ends && chance(d, 20))
		arg(c, "--until", shape == SHAPE_ANY && chance(d, 30) ? "v = LAST(p0.v)" : "e = 'c'", 0, 0);
	if (chance(d, 15))
		arg(c, "--optional", "", 0, 0);
}

static void
quantifier(struct cep_case *c, uint64_t *d, enum cep_shape shape)
{
	const int kind = pick(d, shape == SHAPE_ONE ? 4 : 8);
	const int n = 1 + pick(d, 3);

	if (shape == SHAPE_ANY && kind < 4 && chance(d, 10))
		arg(c, kind < 2 ? "--times" : "--times-or-more", "%d:%dms", n, 1 + pick(d, 6));
	else if (kind == 0)
		arg(c, "--times", "%d", n, 0);
	else if (kind == 1)
		arg(c, "--times", "%d,%d", n, n + pick(d, 3));
	else if (kind == 2)
		arg(c, "--one-or-more", "", 0, 0);
	else if (kind == 3)
		arg(c, "--times-or-more", "%d", n, 0);
	modifiers(c, d, shape, kind < 4, kind == 2 || kind == 3);
}

static void
element(struct cep_case *c, uint64_t *d, enum cep_shape shape, int i, int *number)
{
	static const char *const follow[] = { "--next", "--followed-by", "--followed-by-any", "--not-followed-by", "--not-next" };
	const int how = pick(d, shape == SHAPE_PLAIN ? 3 : 5);
	const char *option = i == 0 ? "--begin" : follow[how];
	const bool not = i > 0 && how >= 3;

	if (shape == SHAPE_ANY && !not && chance(d, 12)) {
		arg(c, option, "(", 0, 0);
		for (int k = 0, n = 1 + pick(d, 2); k < n; k++)
			element(c, d, SHAPE_PLAIN, k, number);
		arg(c, ")", "", 0, 0);
		quantifier(c, d, shape);
		return;
	}
	arg(c, option, "p%d", *number, 0);
	condition(c, d, shape, (*number)++);
	if (!not)
		quantifier(c, d, shape);
	if (shape == SHAPE_ANY && chance(d, 5))
		arg(c, "--within-each", "%dms", 1 + pick(d, 6), 0);
}

static void
strategy(struct cep_case *c, uint64_t *d)
{
	static const char *const words[] = { "no-skip", "skip-to-next", "skip-past-last-event", "skip-to-first=p%d", "skip-to-last=p%d",
	                                     "skip-to-last=p%d,error" };

	arg(c, "--after-match", words[pick(d, 6)], 0, 0);
}

static void
lines(struct cep_case *c, uint64_t *d, enum cep_shape shape)
{
	int64_t t = shape == SHAPE_PLAIN ? 100 : 100 - 60 * pick(d, 3);
	const int disorder = shape != SHAPE_PLAIN && chance(d, 40) ? 1 + pick(d, 8) : 0;

	c->n_lines = 1 + pick(d, shape == SHAPE_ONE ? CASE_LINES : 14);
	c->bound = disorder > 0 ? pick(d, 9) : 0;
	for (int i = 0; i < c->n_lines; i++) {
		t += pick(d, 3);
		c->lines[i] =
			(struct cep_line){ t - (disorder > 0 ? pick(d, disorder + 1) : 0),
			                   shape == SHAPE_PLAIN ? 'x' : (char)('x' + pick(d, 2)),
			                   (char)('a' + pick(d, 4) % 3), pick(d, 6) };
	}
}

void
cep_case_random(struct cep_case *c, enum cep_shape shape, uint64_t seed)
{
	uint64_t d = case_state(0, seed);
	int number = 0;

	memset(c, 0, sizeof(*c));
	for (int i = 0, n = shape == SHAPE_ONE ? 1 : 1 + pick(&d, 3); i < n; i++)
		element(c, &d, shape, i, &number);
	if (chance(&d, 60))
		arg(c, "--within", "%dms", 1 + pick(&d, 20), 0);
	if (shape != SHAPE_PLAIN && chance(&d, 60))
		strategy(c, &d);
	lines(c, &d, shape);
}

/* ---- running */

static int
apply(struct pattern *p, const char *option, const char *value, struct err *err)
{
	static const struct { const char *option; enum contiguity how; } follow[] = {
		{ "--next", STRICT }, { "--followed-by", RELAXED }, { "--followed-by-any", ANY }, { "--not-next", NOT_NEXT },
		{ "--not-followed-by", NOT_FOLLOWED } };
	static const struct {
		const char *option;
		int (*fn)(struct pattern *, const char *, struct err *);
	} with_value[] = { { "--begin", pattern_begin },
		           { "--where", pattern_where },
		           { "--or", pattern_or },
		           { "--until", pattern_until },
		           { "--times", pattern_times },
		           { "--times-or-more", pattern_times_or_more },
		           { "--within", pattern_within },
		           { "--within-each", pattern_within_each },
		           { "--after-match", pattern_after_match } };
	static const struct {
		const char *option;
		int (*fn)(struct pattern *, struct err *);
	} bare[] = { { "--optional", pattern_optional },
		     { "--greedy", pattern_greedy },
		     { "--consecutive", pattern_consecutive },
		     { "--allow-combinations", pattern_allow_combinations },
		     { ")", pattern_close } };

	for (size_t i = 0; i < sizeof(follow) / sizeof(follow[0]); i++)
		if (strcmp(option, follow[i].option) == 0)
			return pattern_follow(p, follow[i].how, option, value, err);
	for (size_t i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++)
		if (strcmp(option, with_value[i].option) == 0)
			return with_value[i].fn(p, value, err);
	for (size_t i = 0; i < sizeof(bare) / sizeof(bare[0]); i++)
		if (strcmp(option, bare[i].option) == 0)
			return bare[i].fn(p, err);
	return strcmp(option, "--one-or-more") == 0 ? pattern_one_or_more(p, NULL, err) : fail(err, "no option %s", option);
}

static int64_t
collect(void *self, const char *p, size_t n, struct err *err)
{
	(void)err;
	return buf_add(self, p, n) < 0 ? -1 : (int64_t)n;
}

size_t
cep_line_text(char to[96], const struct cep_line *line, int id)
{
	return (size_t)snprintf(to, 96, "{\"t\":%" PRId64 ",\"k\":\"%c\",\"e\":\"%c\",\"v\":%d,\"id\":%d}", line->t, line->k, line->e, line->v, id);
}

struct sinks {
	struct buf matches, timeouts, late;
	struct out out, out_timeouts, out_late;
};

static void
sinks_init(struct sinks *s)
{
	struct buf *bufs[] = { &s->matches, &s->timeouts, &s->late };
	struct out *outs[] = { &s->out, &s->out_timeouts, &s->out_late };

	for (int i = 0; i < 3; i++) {
		buf_init(bufs[i], BUF_NO_MAX);
		out_init(outs[i], &(struct sink){ .self = bufs[i], .write = collect });
	}
}

static void
sinks_join(struct sinks *s, struct buf *to)
{
	out_flush(&s->out);
	out_flush(&s->out_timeouts);
	out_flush(&s->out_late);
	buf_add_str(to, buf_str(&s->matches));
	buf_add_str(to, STR("-- timeouts\n"));
	buf_add_str(to, buf_str(&s->timeouts));
	buf_add_str(to, STR("-- late\n"));
	buf_add_str(to, buf_str(&s->late));
	out_release(&s->out);
	out_release(&s->out_timeouts);
	out_release(&s->out_late);
	buf_release(&s->matches);
	buf_release(&s->timeouts);
	buf_release(&s->late);
}

/* A new stage with the state of the old one, which is gone. */
static struct cep *
again(struct cep *old, const struct cep_conf *conf, struct sinks *s)
{
	struct err err;
	struct buf state;
	struct cep *c = cep_new(conf, &err);

	buf_init(&state, BUF_NO_MAX);
	cep_outputs(c, &s->out_late, &s->out_timeouts, NULL);
	cep_ops.begin(c, NULL, &s->out, &err);
	if (cep_ops.save(old, &state, &err) < 0 || cep_ops.load(c, buf_str(&state), &err) < 0) {
		fprintf(stderr, "save and load: %s\n", err.msg);
		abort();
	}
	cep_free(old);
	buf_release(&state);
	return c;
}

static int
feed(const struct cep_case *c, const struct cep_run *how, const struct cep_conf *conf,
     struct sinks *s)
{
	uint64_t cuts = how->cuts;
	struct bad_records bad = { .policy = ON_ERROR_STOP };
	struct pipe_stats stats = { 0 };
	struct err err;
	struct cep *cep = cep_new(conf, &err);
	int result = 0;

	if (cep == NULL)
		return 1;
	cep_outputs(cep, &s->out_late, &s->out_timeouts, &stats);
	cep_ops.begin(cep, NULL, &s->out, &err);
	for (int i = 0; i < c->n_lines && result == 0; i++) {
		char text[96 + LINE_SLACK] = { 0 };
		const struct str line = { text, cep_line_text(text, &c->lines[i], i) };
		const uint64_t number = (uint64_t)i + 1;
		result = cep_ops.batch(cep, &(struct batch){ 1, &line, &number }, &bad, &s->out,
		                       &err);
		if (how->most_partial != NULL &&
		    atomic_load(&stats.partial_matches) > *how->most_partial)
			*how->most_partial = atomic_load(&stats.partial_matches);
		if (result == 0 && how->cuts != 0 && chance(&cuts, 30))
			cep = again(cep, conf, s);
	}
	if (result == 0)
		result = cep_ops.finish(cep, true, &s->out, &err);
	cep_free(cep);
	return result;
}

int
cep_case_run(const struct cep_case *c, const struct cep_run *how, struct buf *to)
{
	static const char *const keys[] = { "k" };
	struct pattern pattern;
	struct sinks sinks;
	struct err err;
	int result = 0;

	pattern_init(&pattern);
	for (int i = 0; i < c->n_args && result == 0; i += 2)
		result = apply(&pattern, c->args[i], c->args[i + 1], &err);
	if (result == 0)
		result = pattern_finish(&pattern, &err);
	if (result == 0) {
		const struct cep_conf conf = { .pattern = &pattern,
			                       .keys = keys,
			                       .n_keys = 1,
			                       .time = "t",
			                       .time_format = TIME_FORMAT_MS,
			                       .bound = c->bound,
			                       .times_as_ms = true,
			                       .max_partial = how->max_partial > 0
			                                            ? how->max_partial
			                                            : 20000,
			                       .shed = how->shed,
			                       .max_matches = how->max_matches,
			                       .general = how->general,
			                       .trace = how->traced ? "x" : NULL,
			                       .emit = how->emit,
			                       .seed = 7 };
		sinks_init(&sinks);
		result = feed(c, how, &conf, &sinks);
		sinks_join(&sinks, to);
	} else {
		result = 1;
	}
	pattern_release(&pattern);
	return result;
}

/* ---- telling */

void
cep_case_print(const struct cep_case *c, struct buf *to)
{
	buf_addf(to, "maip-cep --key k --time t --time-format ms --time-style ms --watermark %" PRId64 "ms", c->bound);
	for (int i = 0; i < c->n_args; i += 2) {
		buf_addf(to, strcmp(c->args[i], ")") == 0 ? " '%s'" : " %s", c->args[i]);
		if (c->args[i + 1][0] != '\0')
			buf_addf(to, " \"%s\"", c->args[i + 1]);
	}
	buf_add_char(to, '\n');
	for (int i = 0; i < c->n_lines; i++) {
		char text[96];
		buf_add(to, text, cep_line_text(text, &c->lines[i], i));
		buf_add_char(to, '\n');
	}
}

void
cep_case_shrink(struct cep_case *c, bool (*differs)(const struct cep_case *c, void *arg),
                void *differs_arg)
{
	bool smaller = true;

	while (smaller) {
		smaller = false;
		for (int i = 0; i < c->n_lines; i++) {
			struct cep_case less = *c;
			memmove(&less.lines[i], &less.lines[i + 1],
			        (size_t)(less.n_lines - i - 1) * sizeof(less.lines[0]));
			less.n_lines--;
			if (differs(&less, differs_arg)) {
				*c = less;
				smaller = true;
			}
		}
		for (int i = 0; i < c->n_args; i += 2) {
			struct cep_case less = *c;
			memmove(less.args[i], less.args[i + 2],
			        (size_t)(less.n_args - i - 2) * sizeof(less.args[0]));
			less.n_args -= 2;
			if (differs(&less, differs_arg)) {
				*c = less;
				smaller = true;
			}
		}
	}
}
