/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope.c - random records become lines and records again; random lines never break the parser
 *
 *	envelope [SEED [COUNT]]
 *
 * Bytes are drawn from pieces that decide how a value is spelled: JSON, broken JSON, breaks, bytes
 * that are no UTF-8.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dice.h"
#include "json/line.h"
#include "kafka/envelope.h"

static uint64_t state;

static void
draw_bytes(struct buf *to)
{
	static const struct str pieces[] = {
		STR("{"), STR("}"), STR("["), STR("]"), STR("\""), STR(","), STR(":"), STR("\\"), STR("null"), STR("1.5e3"),
		STR(" "), STR("\t"), STR("\n"), STR("\r"), STR("{\"a\":[1,{\"b\":null}]}"), STR("\"x\""), STR("true"),
		STR("\x00"), STR("\x7f"), STR("\xc2\x85"), STR("\xe2\x80\xae"), STR("\xff"), STR("\xed\xa0\x80"),
		STR("\xf0\x9f\x98\x80"), STR("\xc3"), STR("text"), STR("_maip"), STR("\\u0000"), STR("\\ud800"),
	};
	uint32_t n = roll(&state, 4) == 0 ? roll(&state, 40) : roll(&state, 4);

	buf_clear(to);
	buf_room(to, 1);                /* empty is not null */
	while (n-- > 0) {
		char c = (char)roll(&state, 256);

		if (roll(&state, 4) == 0)
			buf_add_char(to, c);
		else
			buf_add_str(to, pieces[roll(&state, sizeof(pieces) / sizeof(*pieces))]);
	}
}

static struct str
draw_str(struct buf *to, bool nullable)
{
	draw_bytes(to);
	return nullable && roll(&state, 8) == 0 ? (struct str){ NULL, 0 } : buf_str(to);
}

static bool
same(struct str a, struct str b)
{
	return (a.p == NULL) == (b.p == NULL) && str_eq(a, b);
}

static bool
same_record(const struct record *a, const struct record *b)
{
	if (!str_eq(a->topic, b->topic) || a->partition != b->partition || a->offset != b->offset ||
	    a->timestamp != b->timestamp || a->timestamp_type != b->timestamp_type ||
	    !same(a->key, b->key) || !same(a->value, b->value) || a->n_headers != b->n_headers)
		return false;
	for (size_t i = 0; i < a->n_headers; i++)
		if (!same(a->headers[i].name, b->headers[i].name) ||
		    !same(a->headers[i].value, b->headers[i].value))
			return false;
	return true;
}

static int64_t
append(void *self, const char *p, size_t n, struct err *err)
{
	(void)err;
	buf_add(self, p, n);
	return (int64_t)n;
}

enum { HEADERS = 4, BUFS = 2 + 2 * HEADERS };

struct fuzz {
	struct buf              bytes[BUFS], line, bad;
	struct out              out;
	struct envelope_parser *parser;
};

static bool
round_trip(struct fuzz *f)
{
	static const char slack[LINE_SLACK];
	struct header     headers[HEADERS];
	struct record     back, r = {
		.topic = STR("t"),
		.partition = (int32_t)roll(&state, 9) - 1,
		.offset = (int64_t)roll(&state, 99) - 1,
		.timestamp = (int64_t)roll(&state, 9999) - 1,
		.timestamp_type = (enum ts_type)roll(&state, 3),
		.key = draw_str(&f->bytes[0], true), .value = draw_str(&f->bytes[1], true),
		.headers = headers, .n_headers = roll(&state, HEADERS + 1),
	};
	struct err err;
	size_t     n;

	for (size_t i = 0; i < r.n_headers; i++)
		headers[i] = (struct header){ draw_str(&f->bytes[2 + 2 * i], false),
			                      draw_str(&f->bytes[3 + 2 * i], true) };
	buf_clear(&f->line);
	if (envelope_print(&f->out, &r) < 0 || out_flush(&f->out) < 0 || f->line.n == 0)
		return false;
	n = f->line.n - 1;
	if (memchr(f->line.p, '\n', f->line.n) != f->line.p + n)
		return false;
	buf_add(&f->line, slack, sizeof(slack));
	if (envelope_parse(f->parser, (struct str){ f->line.p, n }, &back, &err) < 0) {
		fprintf(stderr, "%.*s: %s\n", (int)n, f->line.p, err.msg);
		return false;
	}
	f->line.n = n;
	return same_record(&r, &back);
}

/* Damage the last line; whatever it is now, reading it ends. */
static void
survives_damage(struct fuzz *f)
{
	static const char slack[LINE_SLACK];
	struct record     back;
	size_t            n = f->line.n;

	buf_clear(&f->bad);
	buf_add_str(&f->bad, (struct str){ f->line.p, n });
	for (uint32_t i = roll(&state, 4); i > 0; i--)
		f->bad.p[roll(&state, (uint32_t)n)] = (char)roll(&state, 256);
	n -= roll(&state, 2) * roll(&state, (uint32_t)n);
	f->bad.n = n;
	buf_add(&f->bad, slack, sizeof(slack));
	envelope_parse(f->parser, (struct str){ f->bad.p, n }, &back, NULL);
}

int
main(int argc, char **argv)
{
	uint64_t    seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	long        count = argc > 2 ? strtol(argv[2], NULL, 0) : 20000;
	struct fuzz f = { .parser = envelope_parser_new() };

	for (int i = 0; i < BUFS; i++)
		buf_init(&f.bytes[i], BUF_NO_MAX);
	buf_init(&f.line, BUF_NO_MAX);
	buf_init(&f.bad, BUF_NO_MAX);
	out_init(&f.out, &(struct sink){ .self = &f.line, .write = append });
	puts("1..1");
	for (long i = 0; i < count; i++) {
		state = case_state(seed, (uint64_t)i);
		if (!round_trip(&f)) {
			printf("not ok 1 - a record comes back from its line # seed %llu, case %ld: %.*s\n",
			       (unsigned long long)seed, i, (int)f.line.n, f.line.p);
			return 1;
		}
		survives_damage(&f);
	}
	puts("ok 1 - a record comes back from its line");
	for (int i = 0; i < BUFS; i++)
		buf_release(&f.bytes[i]);
	buf_release(&f.line);
	buf_release(&f.bad);
	out_release(&f.out);
	envelope_parser_free(f.parser);
	return 0;
}
