/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extract_bench - how fast three fields come out of lines that are checked to the last byte
 *
 * Usage: extract_bench [MEGABYTES [SEED]]. Lines in memory, one core; the median of nine
 * interleaved rounds, in GB a second of processor time. All ways must find the same fields before
 * any is timed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "json/extract.h"
#include "json/line.h"
#include "mixed_lines.h"

#define ROUNDS 9

typedef int extract_fn(struct extractor *, struct str, struct field *, struct err *);

struct way {
	const char       *name;
	extract_fn       *fn;
	const char       *simd;
	struct extractor *x;
	double            seconds[ROUNDS];
};

struct lines {
	struct str *line;
	size_t      n, cap, bytes;
	struct buf  text;
};

static void
generate(struct lines *l, size_t bytes, bool uniform, uint64_t seed)
{
	struct mixed_lines m = { .seed = seed, .uniform = uniform, .ms = 1768564800000 };
	size_t at = 0;

	buf_init(&l->text, BUF_NO_MAX);
	buf_room(&l->text, bytes + 4096);
	while (l->text.n < bytes) {
		mixed_line(&m, &l->text);
		buf_add_char(&l->text, '\n');
	}
	l->bytes = l->text.n;
	buf_add(&l->text, (char[LINE_SLACK]){ 0 }, LINE_SLACK);
	while (at < l->bytes) {
		const char *p = l->text.p + at;
		const char *nl = memchr(p, '\n', l->bytes - at);

		l->line = mem_more(l->line, l->n, &l->cap, sizeof(*l->line));
		l->line[l->n++] = (struct str){ p, (size_t)(nl - p) };
		at = (size_t)(nl - l->text.p) + 1;
	}
}

static void
want(struct extractor *x, const char *outer, const char *inner)
{
	struct step steps[2] = { { str_of(outer), 0 }, { str_of(inner ? inner : ""), 0 } };
	struct err  err;

	extract_path(x, &(struct path){ steps, inner ? 2 : 1 }, &err);
}

/* A sum over where everything was found, so that nothing is left out. */
static uint64_t
run(const struct way *w, const struct lines *l)
{
	struct field fields[3];
	struct err   err;
	uint64_t     sum = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (w->fn(w->x, l->line[i], fields, &err) < 0) {
			fprintf(stderr, "line %zu: %s\n", i + 1, err.msg);
			exit(1);
		}
		for (int f = 0; f < 3; f++)
			sum = sum * 31 + fields[f].raw.n +
			      (fields[f].raw.p ? (size_t)(fields[f].raw.p - l->line[i].p) : 0);
	}
	return sum;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
measure(struct way *ways, size_t n, const struct lines *l, const char *what)
{
	uint64_t sum = run(&ways[0], l);

	for (size_t i = 1; i < n; i++) {
		if (run(&ways[i], l) != sum) {
			fprintf(stderr, "%s: not the same fields as %s\n", ways[i].name, ways[0].name);
			exit(1);
		}
	}
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < n; i++) {
			double from = now();

			run(&ways[i], l);
			ways[i].seconds[round] = now() - from;
		}
	}
	for (size_t i = 0; i < n; i++) {
		qsort(ways[i].seconds, ROUNDS, sizeof(double), by_value);
		printf("%-8s %-10s %6.2f GB/s  %6.2f M lines/s  (best %.2f GB/s)\n", what,
		       ways[i].name, (double)l->bytes / ways[i].seconds[ROUNDS / 2] / 1e9,
		       (double)l->n / ways[i].seconds[ROUNDS / 2] / 1e6,
		       (double)l->bytes / ways[i].seconds[0] / 1e9);
	}
}

int
main(int argc, char **argv)
{
	struct way ways[] = {
		{ .name = "exact", .fn = extract_exact },
		{ .name = "scalar", .fn = extract, .simd = "scalar" },
		{ .name = "sse2", .fn = extract, .simd = "sse2" },
		{ .name = "avx2", .fn = extract, .simd = "avx2" },
	};
	size_t n = 0;
	size_t bytes = (argc > 1 ? strtoul(argv[1], NULL, 10) : 128) * 1000000;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct way w = ways[i];

		w.x = extract_new();
		want(w.x, "payload", "customerId");
		want(w.x, "timestamp", NULL);
		want(w.x, "payload", "totalAmount");
		if (!w.simd || extract_simd(w.x, w.simd) == 0)
			ways[n++] = w;
		else
			extract_free(w.x);
	}
	for (int uniform = 0; uniform < 2; uniform++) {
		struct lines l = { 0 };

		generate(&l, bytes, uniform, argc > 2 ? strtoull(argv[2], NULL, 10) : 1);
		measure(ways, n, &l, uniform ? "uniform" : "mixed");
		free(l.line);
		buf_release(&l.text);
	}
	for (size_t i = 0; i < n; i++)
		extract_free(ways[i].x);
	return 0;
}
