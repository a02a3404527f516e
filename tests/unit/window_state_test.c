/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window_state_test.c - saved state of all kinds of windows, and whose it is
 */
#include "unit.h"

#include <inttypes.h>

#include "base/time.h"
#include "stream/watermark.h"
#include "window_job.h"

enum { RUNS = 4000, RECORDS = 60 };

struct rig {
	struct window *window;
	struct stage   stage;
	struct out     out;
};

static void
rig_open(struct rig *r, const struct window_conf *conf, struct buf *rows)
{
	struct sink sink = window_job_sink(rows);
	struct err  err;

	out_init(&r->out, &sink);
	r->window = window_new(conf, &err);
	if (r->window == NULL)
		fail_msg("%s", err.msg);
	r->stage = window_stage(r->window);
	assert_int_equal(r->stage.ops->begin(r->stage.self, NULL, &r->out, &err), 0);
}

static void
rig_close(struct rig *r)
{
	assert_int_equal(out_flush(&r->out), 0);
	out_release(&r->out);
	window_free(r->window);
}

/* All records, cut after so many (RECORDS: not at all). */
static void
run(const struct window_conf *conf, int cut, uint64_t seed, struct buf *rows)
{
	struct buf saved;
	struct err err;
	struct rig r;

	buf_init(&saved, BUF_NO_MAX);
	rig_open(&r, conf, rows);
	assert_int_equal(window_job_feed(&r.stage, &r.out, 0, cut, &seed), 0);
	if (cut < RECORDS) {
		assert_int_equal(r.stage.ops->save(r.stage.self, &saved, &err), 0);
		rig_close(&r);
		rig_open(&r, conf, rows);
		if (r.stage.ops->load(r.stage.self, buf_str(&saved), &err) < 0)
			fail_msg("%s", err.msg);
		assert_int_equal(window_job_feed(&r.stage, &r.out, cut, RECORDS - cut, &seed), 0);
	}
	assert_int_equal(r.stage.ops->finish(r.stage.self, true, &r.out, &err), 0);
	rig_close(&r);
	buf_release(&saved);
}

static void
every_kind_goes_on_from_saved_state_without_a_changed_byte(void **state)
{
	struct buf whole, cut;

	(void)state;
	buf_init(&whole, BUF_NO_MAX);
	buf_init(&cut, BUF_NO_MAX);
	for (uint64_t seed = 1; seed <= RUNS; seed++) {
		uint64_t           draw = seed;
		struct window_conf conf;
		int                at;

		window_job_conf(&conf, (int)(seed % WINDOW_JOB_KINDS), &draw);
		at = (int)(next_random(&draw) % RECORDS);
		buf_clear(&whole);
		buf_clear(&cut);
		run(&conf, RECORDS, seed, &whole);
		run(&conf, at, seed, &cut);
		if (!str_eq(buf_str(&whole), buf_str(&cut)))
			fail_msg("seed %" PRIu64 " kind %d cut %d\n--- whole\n%.*s--- cut\n%.*s", seed, (int)(seed % WINDOW_JOB_KINDS),
			         at, STR_ARGS(buf_str(&whole)), STR_ARGS(buf_str(&cut)));
		calendar_free((struct calendar *)(uintptr_t)conf.calendar);
	}
	buf_release(&whole);
	buf_release(&cut);
}

static void
a_buffer_that_is_too_small_by_any_number_of_bytes_is_told(void **state)
{
	struct buf rows, saved;
	struct err err;

	(void)state;
	buf_init(&rows, BUF_NO_MAX);
	for (uint64_t seed = 1; seed <= 5 * WINDOW_JOB_KINDS; seed++) {
		uint64_t           draw = seed;
		struct window_conf conf;
		struct rig         r;
		size_t             all;

		window_job_conf(&conf, (int)(seed % WINDOW_JOB_KINDS), &draw);
		rig_open(&r, &conf, &rows);
		assert_int_equal(window_job_feed(&r.stage, &r.out, 0, 20, &draw), 0);
		buf_init(&saved, BUF_NO_MAX);
		assert_int_equal(r.stage.ops->save(r.stage.self, &saved, &err), 0);
		all = saved.n;
		buf_release(&saved);
		for (size_t max = 0; max <= all; max++) {
			buf_init(&saved, max);
			if (r.stage.ops->save(r.stage.self, &saved, &err) != (max < all ? -1 : 0))
				fail_msg("seed %" PRIu64 ": %zu bytes of %zu", seed, max, all);
			if (max < all)
				assert_int_equal(err.status, STATUS_CONFIG);
			buf_release(&saved);
		}
		rig_close(&r);
		calendar_free((struct calendar *)(uintptr_t)conf.calendar);
	}
	buf_release(&rows);
}

static const char *const keys[] = { "k" }, *const other_keys[] = { "k2" };
static const char *const aggs[] = { "SUM(v)" }, *const other_aggs[] = { "SUM(v) AS s" };
static const struct window_conf plain = {
	.kind = WINDOW_TUMBLING,
	.size = 10,
	.slide = 10,
	.keys = keys,
	.n_keys = 1,
	.aggs = aggs,
	.n_aggs = 1,
	.time = "t",
	.time_format = TIME_FORMAT_MS,
	.where = "v > 0",
};

/* A table of confs that differ from plain in one thing each. */
static size_t
others(struct window_conf *to)
{
	size_t n = 0;

	for (int i = 0; i < 20; i++)
		to[i] = plain;
	to[n++].kind = WINDOW_SLIDING;
	to[n++].size = 20;
	to[n++].slide = 5;
	to[n++].offset = 3;
	to[n++].keys = other_keys;
	to[n++].n_keys = 0;
	to[n++].aggs = other_aggs;
	to[n++].n_aggs = 0;
	to[n++].where = "v > 1";
	to[n++].where = NULL;
	to[n++].having = "COUNT(*) > 1";
	to[n++].time = "v";
	to[n++].time_format = TIME_FORMAT_S;
	to[n++].bound = 5;
	to[n++].bound = WATERMARK_NONE;
	to[n++].watermark_by = "src";
	to[n++].lateness = 5;
	to[n++].early = 5;
	to[n++].empty = 5;
	to[n++].zone = "Europe/Berlin";
	return n;
}

static void
state_is_refused_under_any_other_option(void **state)
{
	struct window_conf other[32];
	const size_t       n = others(other);
	struct buf         saved, rows;
	struct err         err;
	struct rig         r;

	(void)state;
	buf_init(&saved, BUF_NO_MAX);
	buf_init(&rows, BUF_NO_MAX);
	rig_open(&r, &plain, &rows);
	assert_int_equal(r.stage.ops->save(r.stage.self, &saved, &err), 0);
	rig_close(&r);
	for (size_t i = 0; i < n; i++) {
		rig_open(&r, &other[i], &rows);
		if (r.stage.ops->load(r.stage.self, buf_str(&saved), &err) == 0)
			fail_msg("conf %zu takes state that is not its own", i);
		assert_int_equal(err.status, STATUS_CONFIG);
		assert_string_equal(err.msg, "the saved state belongs to other options (use those that it was saved under, or start anew)");
		rig_close(&r);
	}
	rig_open(&r, &plain, &rows);
	assert_int_equal(r.stage.ops->load(r.stage.self, buf_str(&saved), &err), 0);
	rig_close(&r);
	buf_release(&saved);
	buf_release(&rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_goes_on_from_saved_state_without_a_changed_byte),
		cmocka_unit_test(a_buffer_that_is_too_small_by_any_number_of_bytes_is_told),
		cmocka_unit_test(state_is_refused_under_any_other_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
