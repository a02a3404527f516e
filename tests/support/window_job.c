/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window_job.c - all kinds of window stages
 */
#include "window_job.h"

#include <assert.h>
#include <string.h>

#include "dice.h"
#include "json/line.h"
#include "base/time.h"
#include "stream/bad.h"
#include "stream/watermark.h"

static const char *const aggs[] = { "COUNT(*) AS n", "SUM(v) AS s", "COUNT(DISTINCT v) AS d", "FIRST(v) AS f",
	"AVG(v) AS a", "COLLECT(v) AS c", "COUNT(*) BY k AS b", "QUANTILE(v, 0.5) AS q" };
static const char *const keys[] = { "k", "k2" };

static int64_t
between(uint64_t *seed, int64_t low, int64_t high)
{
	return low + (int64_t)(next_random(seed) % (uint64_t)(high - low + 1));
}

/* Days of Central European time, from a TZif file that has nothing but the rule. */
static const struct calendar *
days(uint64_t *seed)
{
	static const char type[6] = { 0, 0, 0x0e, 0x10, 0, 0 };
	struct calendar  *c;
	struct buf        file;
	struct err        err;

	buf_init(&file, BUF_NO_MAX);
	for (int block = 0; block < 2; block++) {
		buf_add(&file, "TZif2", 5);
		memset(buf_room(&file, 39), 0, 39);
		file.n += 39;
		file.p[file.n - 5] = 1;         /* types */
		file.p[file.n - 1] = 4;         /* bytes of names */
		buf_add(&file, type, sizeof(type));
		buf_add(&file, "CET\0", 4);
	}
	buf_addf(&file, "\nCET-1CEST,M3.5.0,M10.5.0/3\n");
	c = calendar_new(buf_str(&file), CALENDAR_DAY, between(seed, 1, 3), &err);
	assert(c != NULL);
	buf_release(&file);
	return c;
}

static void
set_shape(struct window_conf *c, int kind, uint64_t *seed)
{
	static const enum window_kind kinds[WINDOW_JOB_KINDS] = {
		WINDOW_TUMBLING, WINDOW_SLIDING, WINDOW_CUMULATE, WINDOW_SESSION, WINDOW_SESSION,
		WINDOW_COUNT,    WINDOW_GLOBAL,  WINDOW_TUMBLING, WINDOW_TUMBLING
	};

	c->kind = kinds[kind];
	c->slide = between(seed, 1, 9);
	c->size =
		c->kind == WINDOW_CUMULATE ? c->slide * between(seed, 1, 4) : between(seed, 1, 20);
	if (kind == 4)
		c->gap_expr = "gap";
	if (c->kind == WINDOW_GLOBAL)
		c->every = between(seed, 0, 5);
	if (kind == 7)
		c->calendar = days(seed);
	if (kind == 8)
		c->empty = between(seed, 1, 5);
}

void
window_job_conf(struct window_conf *c, int kind, uint64_t *seed)
{
	const bool timed = kind != 5 && kind != 6;

	*c = (struct window_conf){ .keys = keys,
		                   .n_keys = (size_t)between(seed, 0, 2),
		                   .aggs = aggs,
		                   .n_aggs =
		                           (size_t)between(seed, 1, sizeof(aggs) / sizeof(aggs[0])),
		                   .time = "t",
		                   .time_format = TIME_FORMAT_MS,
		                   .ms = true,
		                   .seed = next_random(seed) };
	set_shape(c, kind, seed);
	c->bound = between(seed, 0, 5) == 0 ? WATERMARK_NONE : between(seed, 0, 20);
	if (timed && c->empty == 0)
		c->lateness = between(seed, 0, 1) * between(seed, 1, 30);
	if (timed && between(seed, 0, 2) == 0)
		c->early = between(seed, 1, 30);
	if (c->bound != WATERMARK_NONE && between(seed, 0, 2) == 0)
		c->watermark_by = "src";
}

void
window_job_line(struct buf *to, int i, uint64_t *seed)
{
	static const char *const names[] = { "\"x\"", "\"caf\\u00e9\"", "5.0", "7", "true", "1e0" };
	const uint32_t draw = next_random(seed);

	buf_clear(to);
	buf_addf(to, "{\"t\":%d,\"k\":%s,\"k2\":%s,\"v\":%d.%02d,\"gap\":%d,\"src\":%d}",
	         1000 + 3 * i - (int)(draw % 25), names[draw / 32 % 6], names[draw / 256 % 6],
	         (int)(draw / 2048 % 9) - 4, (int)(draw / 4096 % 100), 1 + (int)(draw / 8192 % 20),
	         (int)(draw / 65536 % 3));
	memset(buf_room(to, LINE_SLACK), 0, LINE_SLACK);
}

int
window_job_feed(const struct stage *stage, struct out *out, int from, int n, uint64_t *seed)
{
	struct bad_records bad = { .ok_errors = 0 };
	struct buf         text;
	struct err         err;
	int                result = 0;

	buf_init(&text, BUF_NO_MAX);
	for (int i = from; i < from + n && result == 0; i++) {
		uint64_t     number = (uint64_t)i + 1;
		struct str   line;
		struct batch batch = { 1, &line, &number };

		window_job_line(&text, i, seed);
		line = buf_str(&text);
		result = stage->ops->batch(stage->self, &batch, &bad, out, &err);
	}
	buf_release(&text);
	return result;
}

static int64_t
collect(void *self, const char *p, size_t n, struct err *err)
{
	(void)err;
	buf_add(self, p, n);
	return (int64_t)n;
}

struct sink
window_job_sink(struct buf *rows)
{
	return (struct sink){ .self = rows, .write = collect };
}
