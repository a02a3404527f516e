/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extract_fuzz - the template path gives the exact path's answer
 *
 * Usage: extract_fuzz [SEED [CASES]]. Lines of recurring shapes, with values that differ, some of
 * them damaged, go through extract() at every width of vectors and through extract_exact(): result,
 * fields and message must be the same. What stands behind a line is chosen to tempt kernels that
 * look too far; the line's memory ends with the slack, so that ASan sees the rest.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "json/extract.h"
#include "json/line.h"
#include "mixed_lines.h"
#include "dice.h"

#define MAX_FIELDS 8

static const char *const levels[] = { "scalar", "sse2", "avx2" };
enum { N_LEVELS = sizeof(levels) / sizeof(levels[0]) };

/* Paths: names by letter, elements by digit. */
static const char *const path_sets[][MAX_FIELDS + 1] = {
	{ "a", "b", "c", NULL },
	{ "a", "ab", "abc", "b0", "b1a", "", "q", NULL },
	{ "a0", "a1", "a00", "a2b", "b", "ba", "bab", NULL },
	{ "c", NULL },
	{ NULL },
};
enum { N_SETS = sizeof(path_sets) / sizeof(path_sets[0]) };

/* Some letters are spelled in more than one way, and q stands for a name with a quote in it. */
static const char *const spellings[][4] = {
	{ "a", "a", "\\u0061", "a" }, { "b", "b", "b", "\\u0062" }, { "c", "c", "c", "c" }, { "q\\\"", "q\\\"", "q\\u0022", "q\\\"" },
	{ "d", "dd", "d\xc3\xa9", "a long name that does not fit into one vector" }, { "e", "", "A", "aa" },
};

static void
add(struct buf *b, const char *text)
{
	buf_add_str(b, str_of(text));
}

static void
add_space(struct buf *b, uint64_t *shape)
{
	static const char *const spaces[] = { " ", "  ", "\t", " \r ", "                                        " };

	if (roll(shape, 24) == 0)
		add(b, spaces[roll(shape, 5)]);
}

static void
add_string(struct buf *b, uint64_t *value)
{
	static const char *const pieces[] = {
		"x", "0123456789", "the quick brown fox", "\\n", "\\\"", "\\\\", "\\u00e9", "\\ud83d\\ude00", "\\ud800", "\xc3\xa9",
		"\xe2\x82\xac", "\xf0\x9f\x98\x80", "}", "]", ",", ":", " ", "\x7f", "\\/", "-",
	};
	uint32_t n = roll(value, 4) ? roll(value, 4) : roll(value, 12);

	add(b, "\"");
	for (uint32_t i = 0; i < n; i++)
		add(b, pieces[roll(value, roll(value, 2) ? 3 : 20)]);
	add(b, "\"");
}

static void
add_number(struct buf *b, uint64_t *value)
{
	static const char *const odd[] = {
		"-0", "0", "0.0", "1e5", "-1E+10", "12345678901234567890", "0.1234567890123456789", "-12.50", "1.5e-3", "1234567890123456",
		"123456789012345.1", "00", "01", "1.", "-", ".5", "1e", "+1",
	};

	if (roll(value, 4) == 0)
		add(b, odd[roll(value, roll(value, 40) ? 11 : 18)]);
	else
		buf_addf(b, roll(value, 2) ? "%u" : "%u.25", roll(value, 100000));
}

static void add_value(struct buf *b, uint64_t *shape, uint64_t *value, int depth);

static void
add_container(struct buf *b, uint64_t *shape, uint64_t *value, int depth, bool object)
{
	uint32_t n = depth == 0 ? 1 + roll(shape, 6) : roll(shape, 4);

	add(b, object ? "{" : "[");
	add_space(b, shape);
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0)
			add(b, ",");
		add_space(b, shape);
		if (object) {
			add(b, "\"");
			add(b, spellings[roll(shape, roll(shape, 3) ? 3 : 6)][roll(shape, 4)]);
			add(b, "\"");
			add_space(b, shape);
			add(b, ":");
			add_space(b, shape);
		}
		add_value(b, shape, value, depth + 1);
		add_space(b, shape);
	}
	add(b, object ? "}" : "]");
}

static void
add_value(struct buf *b, uint64_t *shape, uint64_t *value, int depth)
{
	static const char *const words[] = { "true", "false", "null" };

	if (depth < 5 && roll(shape, 3) == 0)
		add_container(b, shape, value, depth, roll(shape, 2));
	else if (roll(value, 3) == 0)
		add(b, words[roll(value, 3)]);
	else if (roll(value, 2))
		add_string(b, value);
	else
		add_number(b, value);
}

static void
damage(struct buf *b, uint64_t *r)
{
	static const char alphabet[] = "{}[]:,\"\\ \t\n\r0123456789-+.eEtfnu/ab_\x01\x1f\x7f\x80\xbf\xc2\xed\xf4\xff";
	size_t at = roll(r, (uint32_t)b->n);
	char   c = alphabet[roll(r, sizeof(alphabet))];        /* its NUL, too */

	switch (roll(r, 4)) {
	case 0:
		b->p[at] = c;
		break;
	case 1:
		b->n = at;
		break;
	case 2:
		memmove(b->p + at, b->p + at + 1, b->n - at - 1);
		b->n--;
		break;
	default:
		buf_add_char(b, c);
		memmove(b->p + at + 1, b->p + at, b->n - at - 1);
		b->p[at] = c;
		break;
	}
}

/* One line: of one of a few shapes, most often. */
static void
make_line(struct buf *b, uint64_t *r, struct mixed_lines *mixed)
{
	uint64_t shape = roll(r, 8) ? roll(r, 24) : roll(r, UINT32_MAX);

	buf_clear(b);
	if (roll(r, 8) == 0)
		mixed_line(mixed, b);
	else if (roll(r, 200) == 0)
		add_value(b, &shape, r, 0);
	else if (roll(r, 200) == 0)
		buf_addf(b, "{\"%s\":1}", roll(r, 2) ? "_maip" : "_m\\u0061ip");
	else
		add_container(b, &shape, r, 0, true);
	for (uint32_t n = roll(r, 3) ? 0 : 1 + roll(r, 2); n > 0 && b->n > 0; n--)
		damage(b, r);
}

static void
add_paths(struct extractor *x, const char *const *paths)
{
	struct err err;

	for (; *paths; paths++) {
		struct step steps[8];
		size_t      n = strlen(*paths);

		for (size_t i = 0; i < n; i++) {
			const char *c = *paths + i;

			steps[i] = *c >= '0' && *c <= '9'
			                 ? (struct step){ { NULL, 0 }, (uint32_t)(*c - '0') }
			                 : (struct step){ *c == 'q' ? STR("q\"")
				                                    : (struct str){ c, 1 },
				                          0 };
		}
		extract_path(x, &(struct path){ steps, n }, &err);
	}
}

static bool
same(const struct field *a, const struct field *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (a[i].kind != b[i].kind ||
		    (a[i].kind != JSON_MISSING &&
		     (a[i].escaped != b[i].escaped || a[i].raw.p != b[i].raw.p ||
		      a[i].raw.n != b[i].raw.n)))
			return false;
	}
	return true;
}

/* Does x answer as the exact path does? Tells if not. Counts what both accept. */
static bool
agrees(struct extractor *x, struct extractor *exact, struct str line, const char *level,
       uint64_t *accepted)
{
	struct field fast[EXTRACT_FIELDS], slow[EXTRACT_FIELDS];
	struct err   fast_err = { .msg = "" }, slow_err = { .msg = "" };
	int          got = extract(x, line, fast, &fast_err);
	int          want = extract_exact(exact, line, slow, &slow_err);
	char         quoted[QUOTE_MAX];

	*accepted += want == 0;
	if (got == want && (got < 0 ? strcmp(fast_err.msg, slow_err.msg) == 0
	                            : same(fast, slow, extract_count(x))))
		return true;
	printf("# %s: %d (%s), but exactly %d (%s): %s\n", level, got, fast_err.msg, want, slow_err.msg, quote(quoted, line));
	return false;
}

int
main(int argc, char **argv)
{
	const uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	const uint64_t cases = argc > 2 ? strtoull(argv[2], NULL, 10) : 200000;
	struct extractor *x[N_SETS][N_LEVELS + 1] = { 0 };
	struct mixed_lines mixed = { .seed = seed, .ms = 1768564800000 };
	uint64_t    r = seed;
	struct buf  b;
	uint64_t    i, accepted = 0, checked = 0;
	bool        ok = true;

	buf_init(&b, BUF_NO_MAX);
	for (size_t s = 0; s < N_SETS; s++) {
		for (size_t l = 0; l <= N_LEVELS; l++) {
			x[s][l] = extract_new();
			add_paths(x[s][l], path_sets[s]);
			if (l < N_LEVELS && extract_simd(x[s][l], levels[l]) < 0) {
				extract_free(x[s][l]);
				x[s][l] = NULL;
			}
		}
	}
	for (i = 0; ok && i < cases; i++) {
		size_t s = roll(&r, N_SETS);
		char  *text;

		make_line(&b, &r, &mixed);
		text = mem_alloc(b.n + LINE_SLACK);
		memcpy(text, b.p, b.n);
		memset(text + b.n, "}\"0x ]1,\n\\"[roll(&r, 10)], LINE_SLACK);
		for (size_t l = 0; l < N_LEVELS; l++) {
			if (x[s][l]) {
				ok &= agrees(x[s][l], x[s][N_LEVELS], (struct str){ text, b.n },
				             levels[l], &accepted);
				checked++;
			}
		}
		free(text);
	}
	printf("%s 1 - extract_fuzz: %" PRIu64 " lines, %" PRIu64 " %% of them records, seed %" PRIu64 "\n1..1\n",
	       ok ? "ok" : "not ok", i, checked ? accepted * 100 / checked : 0, seed);
	for (size_t s = 0; s < N_SETS; s++)
		for (size_t l = 0; l <= N_LEVELS; l++)
			extract_free(x[s][l]);
	buf_release(&b);
	return !ok;
}
