/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window_state.c - whatever stands in saved state, it is refused, or the stage runs on from it
 *
 *	window_state [SEED [COUNT]]
 *
 * State of every kind of window is saved in the middle of a stream, damaged in a few bytes or in
 * its length, and loaded; where that succeeds the stream goes on to its end.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "dice.h"
#include "window_job.h"

enum { RECORDS = 40 };

static void
damage(struct buf *b, size_t from, uint64_t *seed)
{
	static const unsigned char bytes[] = { 0, 1, 0x7f, 0x80, 0xff };

	if (b->n <= from)
		return;
	if (next_random(seed) % 8 == 0) {
		b->n = from + next_random(seed) % (b->n - from);
		return;
	}
	for (uint32_t n = 1 + next_random(seed) % 4; n > 0; n--) {
		size_t at = from + next_random(seed) % (b->n - from);

		b->p[at] =
			(char)(next_random(seed) % 2 == 0 ? bytes[next_random(seed) % sizeof(bytes)]
		                                          : next_random(seed));
	}
}

/* The options stand in front, as bytes with their length: behind them damage goes further. */
static size_t
options_end(const struct buf *b)
{
	struct cursor c = { buf_str(b), true };

	cursor_str(&c);
	return b->n - c.rest.n;
}

static void
run_on(const struct stage *stage, struct out *out, uint64_t *seed)
{
	struct err err;

	if (window_job_feed(stage, out, RECORDS, RECORDS, seed) == 0)
		stage->ops->finish(stage->self, true, out, &err);
}

static bool
run(uint64_t seed)
{
	struct buf         rows, saved;
	struct sink        sink = window_job_sink(&rows);
	struct window_conf conf;
	struct out         out;
	struct err         err;
	bool               loaded = true;

	buf_init(&rows, BUF_NO_MAX);
	buf_init(&saved, BUF_NO_MAX);
	out_init(&out, &sink);
	window_job_conf(&conf, (int)(seed % WINDOW_JOB_KINDS), &seed);
	for (int life = 0; life < 2 && loaded; life++) {
		struct window *w = window_new(&conf, &err);
		struct stage   stage = window_stage(w);

		stage.ops->begin(stage.self, NULL, &out, &err);
		if (life == 0) {
			window_job_feed(&stage, &out, 0, RECORDS, &seed);
			stage.ops->save(stage.self, &saved, &err);
			damage(&saved, next_random(&seed) % 16 == 0 ? 0 : options_end(&saved),
			       &seed);
		} else {
			loaded = stage.ops->load(stage.self, buf_str(&saved), &err) == 0;
			if (loaded)
				run_on(&stage, &out, &seed);
		}
		window_free(w);
	}
	calendar_free((struct calendar *)(uintptr_t)conf.calendar);
	out_flush(&out);
	out_release(&out);
	buf_release(&rows);
	buf_release(&saved);
	return loaded;
}

int
main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1,
		 n = argc > 2 ? strtoull(argv[2], NULL, 10) : 5000;
	uint64_t loaded = 0;

	for (uint64_t i = 0; i < n; i++) {
		if (n == 1 || getenv("MAIP_FUZZ_VERBOSE") != NULL)
			fprintf(stderr, "# seed %" PRIu64 "\n", seed + i);
		loaded += run(seed + i);
	}
	printf("1..1\n%s 1 - %" PRIu64 " damaged states are refused or run on (%" PRIu64 " did)\n",
	       n == 1 || (loaded > 0 && loaded < n) ? "ok" : "not ok", n, loaded);
	return n == 1 || (loaded > 0 && loaded < n) ? 0 : 1;
}
