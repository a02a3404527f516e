/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window_property_test.c - laws that windows keep, whatever the input
 *
 * Thousands of small random jobs, by the seed. Each is compared with a twin
 * that does what the definition says and nothing clever: it keeps every window
 * apart with the records in it. A failure prints its seed; MAIP_SEED and
 * MAIP_RUNS try others.
 */
#include "unit.h"

#include <inttypes.h>

#include "base/mem.h"
#include "base/time.h"
#include "json/line.h"
#include "stream/bad.h"
#include "stream/watermark.h"
#include "window/window.h"

enum { RECORDS = 60, KEYS = 4, WINDOWS = 6000, RUNS = 3000 };

struct event {
	int64_t ts;
	int     key, value, id, gap;
};

struct job {
	struct window_conf conf;
	struct event       event[RECORDS];
	size_t             n;
	uint64_t           seed;
};

static const char *const key_names[KEYS] = { "x", "y", "z", "w" };
static const char *const all_aggs[] = { "COUNT(*) AS n", "SUM(v) AS s", "MAX(v) AS m",
	"FIRST(v) AS f", "LAST(v) AS l" };
static const char *const by_key[] = { "k" };

static uint64_t
setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static int64_t
between(uint64_t *seed, int64_t low, int64_t high)
{
	return low + (int64_t)(next_random(seed) % (uint64_t)(high - low + 1));
}

/* ---- jobs */

static int64_t
origin(uint64_t *seed)
{
	static const int64_t origins[] = { 0, -100, 1000, 1768564800000, TIME_FIRST,
		TIME_LAST - 2000 };

	return origins[next_random(seed) % (sizeof(origins) / sizeof(origins[0]))];
}

static void
random_shape(struct window_conf *c, uint64_t *seed)
{
	static const enum window_kind kinds[] = { WINDOW_TUMBLING, WINDOW_SLIDING, WINDOW_CUMULATE,
		WINDOW_SESSION };
	int64_t period;

	c->kind = kinds[next_random(seed) % 4];
	c->size = between(seed, 1, 40);
	c->slide = c->kind == WINDOW_TUMBLING ? c->size : between(seed, 1, 30);
	if (c->kind == WINDOW_CUMULATE)
		c->size = c->slide * between(seed, 1, 6);
	period = c->kind == WINDOW_SLIDING ? c->slide : c->size;
	c->offset = c->kind == WINDOW_SESSION ? 0 : between(seed, 1 - period, period - 1);
	if (c->kind == WINDOW_SESSION && next_random(seed) % 2 == 0)
		c->gap_expr = "g";
}

static void
random_job(struct job *j, uint64_t seed)
{
	int64_t now;

	memset(j, 0, sizeof(*j));
	j->seed = seed;
	j->conf = (struct window_conf){
		.keys = by_key, .n_keys = 1, .aggs = all_aggs, .n_aggs = 5, .time = "t",
		    .time_format = TIME_FORMAT_MS, .ms = true,
	};
	random_shape(&j->conf, &seed);
	j->conf.bound = next_random(&seed) % 8 == 0 ? WATERMARK_NONE : between(&seed, 0, 20);
	j->conf.lateness = next_random(&seed) % 2 == 0 ? 0 : between(&seed, 1, 40);
	j->conf.seed = next_random(&seed);
	j->n = (size_t)between(&seed, 1, RECORDS);
	now = origin(&seed);
	for (size_t i = 0; i < j->n; i++) {
		now += between(&seed, 0, next_random(&seed) % 10 == 0 ? 60 : 6);
		j->event[i] = (struct event){ now, (int)between(&seed, 0, KEYS - 1),
			(int)between(&seed, -9, 9), (int)i,
			j->conf.gap_expr != NULL ? (int)between(&seed, 1, 40) : (int)j->conf.size };
		if (next_random(&seed) % 4 == 0 && now > TIME_FIRST + 100)
			j->event[i].ts -= between(&seed, 0, 50);
	}
}

/* ---- running one */

static int64_t
collect(void *self, const char *p, size_t n, struct err *err)
{
	(void)err;
	assert_int_equal(buf_add(self, p, n), 0);
	return (int64_t)n;
}

static void
write_line(struct buf *b, const struct event *e)
{
	buf_clear(b);
	buf_addf(b, "{\"id\":%d,\"t\":%" PRId64 ",\"k\":\"%s\",\"v\":%d,\"g\":%d}", e->id,
	         e->ts, key_names[e->key], e->value, e->gap);
	memset(buf_room(b, LINE_SLACK), 0, LINE_SLACK);
}

/* A stage that runs, and where its rows and late records go. */
struct rig {
	struct window *window;
	struct stage   stage;
	struct out     out, late;
	struct bad_records bad;
};

static void
rig_open(struct rig *r, const struct job *j, struct buf *rows, struct buf *late)
{
	struct window_conf conf = j->conf;
	struct err err;

	memset(r, 0, sizeof(*r));
	out_init(&r->out, &(struct sink){ .self = rows, .write = collect });
	out_init(&r->late, &(struct sink){ .self = late, .write = collect });
	conf.late = &r->late;
	r->window = window_new(&conf, &err);
	if (r->window == NULL)
		fail_msg("%s", err.msg);
	r->stage = window_stage(r->window);
	assert_int_equal(r->stage.ops->begin(r->stage.self, NULL, &r->out, &err), 0);
}

static void
rig_close(struct rig *r)
{
	assert_int_equal(out_flush(&r->out), 0);
	assert_int_equal(out_flush(&r->late), 0);
	out_release(&r->out);
	out_release(&r->late);
	window_free(r->window);
}

static void
rig_feed(struct rig *r, const struct event *e, size_t n, size_t batch_size)
{
	struct buf text[BATCH_MAX];
	struct err err;

	for (size_t i = 0; i < BATCH_MAX; i++)
		buf_init(&text[i], 1000);
	for (size_t at = 0; at < n; at += batch_size) {
		struct str   line[BATCH_MAX];
		uint64_t     number[BATCH_MAX];
		struct batch batch = { n - at < batch_size ? n - at : batch_size, line, number };

		for (size_t i = 0; i < batch.n; i++) {
			write_line(&text[i], &e[at + i]);
			line[i] = buf_str(&text[i]);
			number[i] = at + i + 1;
		}
		if (r->stage.ops->batch(r->stage.self, &batch, &r->bad, &r->out, &err) < 0)
			fail_msg("%s", err.msg);
	}
	for (size_t i = 0; i < BATCH_MAX; i++)
		buf_release(&text[i]);
}

static void
rig_finish(struct rig *r)
{
	struct err err;

	assert_int_equal(r->stage.ops->finish(r->stage.self, true, &r->out, &err), 0);
}

static void
run_job(const struct job *j, size_t batch_size, struct buf *rows, struct buf *late)
{
	struct rig r;

	buf_clear(rows);
	buf_clear(late);
	rig_open(&r, j, rows, late);
	rig_feed(&r, j->event, j->n, batch_size);
	rig_finish(&r);
	rig_close(&r);
}

/* ---- the twin */

struct twin_window {
	int64_t start, end;
	int     key;
	bool    fired, gone;
	bool    again;                  /* records in it have been in a row */
	bool    has[RECORDS];           /* records in it, by their place in the input */
};

struct twin {
	const struct job   *j;
	struct twin_window *w;
	size_t              n;
	int64_t             watermark;
	int                 first[KEYS];        /* arrival of a key */
	struct buf         *rows;
};

static void
twin_print(struct twin *t, const struct twin_window *w, bool update)
{
	const struct event *first = NULL, *last = NULL;
	int n = 0, sum = 0, max = -100;

	for (size_t i = 0; i < t->j->n; i++) {
		const struct event *e = &t->j->event[i];

		if (!w->has[i])
			continue;
		n++;
		sum += e->value;
		max = e->value > max ? e->value : max;
		first = first == NULL || e->ts < first->ts ? e : first;
		last = last == NULL || e->ts >= last->ts ? e : last;
	}
	buf_addf(t->rows, "{\"k\":\"%s\",", key_names[w->key]);
	if (t->j->conf.kind != WINDOW_COUNT)
		buf_addf(t->rows, "\"window_start\":%" PRId64 ",\"window_end\":%" PRId64 ",",
		         w->start, w->end);
	buf_addf(t->rows, "\"n\":%d,\"s\":%d,\"m\":%d,\"f\":%d,\"l\":%d%s}\n", n, sum, max,
	         first->value, last->value, update ? ",\"update\":true" : "");
}

static void
twin_fire(struct twin *t, struct twin_window *w)
{
	twin_print(t, w, w->again);
	w->fired = w->again = true;
}

static bool
is_gone(const struct twin *t, int64_t end)
{
	return end - 1 + t->j->conf.lateness <= t->watermark;
}

static struct twin_window *
twin_window(struct twin *t, int key, int64_t start, int64_t end)
{
	for (size_t i = 0; i < t->n; i++)
		if (!t->w[i].gone && t->w[i].key == key && t->w[i].start == start &&
		    t->w[i].end == end)
			return &t->w[i];
	assert_true(t->n < WINDOWS);
	memset(&t->w[t->n], 0, sizeof(t->w[t->n]));
	t->w[t->n].start = start;
	t->w[t->n].end = end;
	t->w[t->n].key = key;
	return &t->w[t->n++];
}

/* True: it was in time for this window. */
static bool
twin_add(struct twin *t, size_t i, int64_t start, int64_t end)
{
	struct twin_window *w;

	if (is_gone(t, end))
		return false;
	w = twin_window(t, t->j->event[i].key, start, end);
	w->has[i] = true;
	if (end - 1 <= t->watermark)
		twin_fire(t, w);
	return true;
}

static bool
twin_add_to_session(struct twin *t, size_t i)
{
	const struct event *e = &t->j->event[i];
	struct twin_window  sum = { .start = e->ts, .end = e->ts + e->gap, .key = e->key },
	    *w;
	int64_t start = sum.start, end = sum.end;

	sum.has[i] = true;
	for (size_t k = 0; k < t->n; k++) {
		w = &t->w[k];
		if (w->gone || w->key != e->key || w->start > end || w->end < start)
			continue;
		sum.start = w->start < sum.start ? w->start : sum.start;
		sum.end = w->end > sum.end ? w->end : sum.end;
		sum.again |= w->again;
		for (size_t r = 0; r < RECORDS; r++)
			sum.has[r] |= w->has[r];
	}
	if (is_gone(t, sum.end))
		return false;
	for (size_t k = 0; k < t->n; k++)
		if (t->w[k].key == e->key && t->w[k].start <= end && t->w[k].end >= start)
			t->w[k].gone = true;
	assert_true(t->n < WINDOWS);
	w = &t->w[t->n++];
	*w = sum;
	if (w->end - 1 <= t->watermark)
		twin_fire(t, w);
	return true;
}

static bool
twin_file(struct twin *t, size_t i)
{
	const struct window_conf *c = &t->j->conf;
	const int64_t ts = t->j->event[i].ts;
	const int64_t step = c->kind == WINDOW_SLIDING ? c->slide : c->size;
	const int64_t base = ts - (((ts - c->offset) % step) + step) % step;
	bool in = false;

	if (c->kind == WINDOW_SESSION)
		return twin_add_to_session(t, i);
	if (c->kind == WINDOW_CUMULATE) {
		for (int64_t end = base + c->slide; end <= base + c->size; end += c->slide)
			if (ts < end)
				in |= twin_add(t, i, base, end);
		return in;
	}
	for (int64_t start = base - (c->size / step + 1) * step; start <= base; start += step)
		if (start <= ts && ts < start + c->size)
			in |= twin_add(t, i, start, start + c->size);
	return in || (ts + c->lateness > t->watermark);         /* in a gap, but not late */
}

static void
twin_advance(struct twin *t, int64_t watermark)
{
	t->watermark = watermark;
	for (;;) {
		struct twin_window *next = NULL;

		for (size_t i = 0; i < t->n; i++) {
			struct twin_window *w = &t->w[i];

			if (w->gone || w->fired || w->end - 1 > watermark)
				continue;
			if (next == NULL || w->end < next->end ||
			    (w->end == next->end && t->first[w->key] < t->first[next->key]))
				next = w;
		}
		if (next == NULL)
			break;
		twin_fire(t, next);
	}
	for (size_t i = 0; i < t->n; i++)
		t->w[i].gone |= is_gone(t, t->w[i].end);
}

static void
run_twin(const struct job *j, struct buf *rows, struct buf *late)
{
	struct twin t = { .j = j, .w = mem_alloc(WINDOWS * sizeof(*t.w)), .watermark = TIME_MIN,
		.rows = rows };
	struct buf  line;

	buf_clear(rows);
	buf_clear(late);
	buf_init(&line, 1000);
	for (int k = 0; k < KEYS; k++)
		t.first[k] = RECORDS;
	for (size_t i = 0; i < j->n; i++) {
		const struct event *e = &j->event[i];

		if (t.first[e->key] == RECORDS)
			t.first[e->key] = (int)i;
		if (!twin_file(&t, i)) {
			write_line(&line, e);
			buf_add_str(late, buf_str(&line));
			buf_add_char(late, '\n');
		}
		if (j->conf.bound != WATERMARK_NONE && e->ts - j->conf.bound - 1 > t.watermark)
			twin_advance(&t, e->ts - j->conf.bound - 1);
	}
	twin_advance(&t, TIME_MAX);
	buf_release(&line);
	free(t.w);
}

/* ---- laws */

static struct buf rows, late, other_rows, other_late;

static void
check_same(const struct job *j, const char *what)
{
	if (str_eq(buf_str(&rows), buf_str(&other_rows)) &&
	    str_eq(buf_str(&late), buf_str(&other_late)))
		return;
	fail_msg("%s: MAIP_SEED=%" PRIu64 " kind %d size %" PRId64 " slide %" PRId64 " offset %" PRId64 " bound %" PRId64 " lateness %" PRId64
	         "\n--- expected\n%.*s--- late\n%.*s--- got\n%.*s--- late\n%.*s",
	         what, j->seed, (int)j->conf.kind, j->conf.size, j->conf.slide, j->conf.offset,
	    j->conf.bound, j->conf.lateness,
	         STR_ARGS(buf_str(&other_rows)), STR_ARGS(buf_str(&other_late)),
	    STR_ARGS(buf_str(&rows)), STR_ARGS(buf_str(&late)));
}

/* Lines in order of their bytes: for rows whose order may differ. */
static void
sort_lines(struct buf *b)
{
	struct str  line[4096], rest = buf_str(b);
	struct buf  sorted;
	size_t      n = 0;
	const char *nl;

	buf_init(&sorted, BUF_NO_MAX);
	while (rest.n > 0 && (nl = memchr(rest.p, '\n', rest.n)) != NULL) {
		assert_true(n < 4096);
		line[n++] = str_slice(rest, 0, (size_t)(nl - rest.p) + 1);
		rest = str_slice(rest, line[n - 1].n, rest.n);
	}
	if (n > 0)
		qsort(line, n, sizeof(*line), str_order);
	for (size_t i = 0; i < n; i++)
		buf_add_str(&sorted, line[i]);
	buf_release(b);
	*b = sorted;
}

typedef void law(struct job *j, uint64_t seed);

static void
for_many_jobs(law *check)
{
	uint64_t seed = setting("MAIP_SEED", 1),
	    runs = getenv("MAIP_SEED") != NULL ? setting("MAIP_RUNS", 1) : RUNS;
	static struct job j;

	buf_init(&rows, BUF_NO_MAX);
	buf_init(&late, BUF_NO_MAX);
	buf_init(&other_rows, BUF_NO_MAX);
	buf_init(&other_late, BUF_NO_MAX);
	for (; runs > 0; runs--, seed++) {
		random_job(&j, seed);
		check(&j, seed * 7919);
	}
	buf_release(&rows);
	buf_release(&late);
	buf_release(&other_rows);
	buf_release(&other_late);
}

static void
is_the_twin(struct job *j, uint64_t seed)
{
	run_job(j, (size_t)between(&seed, 1, BATCH_MAX), &rows, &late);
	run_twin(j, &other_rows, &other_late);
	check_same(j, "the twin differs");
}

static void
windows_are_what_their_definition_says(void **state)
{
	(void)state;
	for_many_jobs(is_the_twin);
}

static void
survives_a_cut(struct job *j, uint64_t seed)
{
	size_t     cut = (size_t)between(&seed, 0, (int64_t)j->n);
	struct buf saved;
	struct err err;
	struct rig r;

	run_job(j, BATCH_MAX, &other_rows, &other_late);
	buf_clear(&rows);
	buf_clear(&late);
	buf_init(&saved, BUF_NO_MAX);
	rig_open(&r, j, &rows, &late);
	rig_feed(&r, j->event, cut, BATCH_MAX);
	assert_int_equal(r.stage.ops->save(r.stage.self, &saved, &err), 0);
	rig_close(&r);
	rig_open(&r, j, &rows, &late);
	if (r.stage.ops->load(r.stage.self, buf_str(&saved), &err) < 0)
		fail_msg("MAIP_SEED=%" PRIu64 ": %s", j->seed, err.msg);
	rig_feed(&r, j->event + cut, j->n - cut, BATCH_MAX);
	rig_finish(&r);
	rig_close(&r);
	buf_release(&saved);
	check_same(j, "going on from saved state differs");
}

static void
saving_and_going_on_changes_no_byte(void **state)
{
	(void)state;
	for_many_jobs(survives_a_cut);
}

/* A stream that is in order but for the bound: nothing is late. */
static void
put_in_order(struct job *j)
{
	j->conf.n_aggs = 3;                     /* FIRST and LAST go by arrival among equal times */
	j->conf.lateness = 0;
	for (size_t i = 1; i < j->n; i++)
		for (size_t k = i; k > 0 && j->event[k].ts < j->event[k - 1].ts; k--) {
			struct event swap = j->event[k];

			j->event[k] = j->event[k - 1];
			j->event[k - 1] = swap;
		}
}

static void
survives_a_shuffle(struct job *j, uint64_t seed)
{
	int64_t key[RECORDS];

	put_in_order(j);
	run_job(j, BATCH_MAX, &other_rows, &other_late);
	for (size_t i = 0; i < j->n; i++)
		key[i] = j->event[i].ts + (j->conf.bound > 0 ? between(&seed, 0,
		                                                       j->conf.bound) : 0);
	for (size_t i = 1; i < j->n; i++)
		for (size_t k = i; k > 0 && key[k] < key[k - 1]; k--) {
			struct event swap = j->event[k];
			int64_t      swap_key = key[k];

			j->event[k] = j->event[k - 1];
			j->event[k - 1] = swap;
			key[k] = key[k - 1];
			key[k - 1] = swap_key;
		}
	run_job(j, BATCH_MAX, &rows, &late);
	sort_lines(&rows);
	sort_lines(&other_rows);
	check_same(j, "another order within the bound differs");
	assert_int_equal(late.n, 0);
}

static void
arrival_order_within_the_bound_changes_no_row(void **state)
{
	(void)state;
	for_many_jobs(survives_a_shuffle);
}

/* Rows and late records of each key alone, one after the other; with the watermarks that the
 * records of all make, or only with its own. */
static void
run_split(const struct job *j, bool own_watermarks)
{
	static const char *const wheres[KEYS] = { "k = 'x'", "k = 'y'", "k = 'z'", "k = 'w'" };
	static struct job part;
	struct buf all_rows, all_late;

	buf_init(&all_rows, BUF_NO_MAX);
	buf_init(&all_late, BUF_NO_MAX);
	for (int key = 0; key < KEYS; key++) {
		part = *j;
		part.conf.where = wheres[key];
		part.n = 0;
		for (size_t i = 0; i < j->n; i++)
			if (j->event[i].key == key || !own_watermarks)
				part.event[part.n++] = j->event[i];
		run_job(&part, BATCH_MAX, &rows, &late);
		buf_add_str(&all_rows, buf_str(&rows));
		buf_add_str(&all_late, buf_str(&late));
	}
	buf_release(&rows);
	buf_release(&late);
	rows = all_rows;
	late = all_late;
}

static void
check_split(const struct job *j, bool own_watermarks)
{
	run_job(j, BATCH_MAX, &other_rows, &other_late);
	run_split(j, own_watermarks);
	sort_lines(&rows);
	sort_lines(&late);
	sort_lines(&other_rows);
	sort_lines(&other_late);
	check_same(j, "each key alone differs");
}

/* What one key does to another is to move the watermark. In a stream that is in order that shows in
 * one place, in Flink, too: without a bound a record at the very end of a session of another key
 * ends it, before one of its own, at the same time, can prolong it. */
static void
survives_a_split(struct job *j, uint64_t seed)
{
	(void)seed;
	check_split(j, false);
	put_in_order(j);
	if (j->conf.kind != WINDOW_SESSION || j->conf.bound != 0)
		check_split(j, true);
}

static void
keys_know_nothing_of_each_other_but_the_watermark(void **state)
{
	(void)state;
	for_many_jobs(survives_a_split);
}

static void
a_record_at_the_end_of_a_session_ends_it_for_another_key(void **state)
{
	static struct job j;

	(void)state;
	j.conf = (struct window_conf){
		.kind = WINDOW_SESSION, .size = 10, .keys = by_key, .n_keys = 1, .aggs = all_aggs,
		.n_aggs = 1, .time = "t", .time_format = TIME_FORMAT_MS, .ms = true,
	};
	j.event[0] = (struct event){ .ts = 0, .key = 0 };
	j.event[1] = (struct event){ .ts = 10, .key = 1 };
	j.event[2] = (struct event){ .ts = 10, .key = 0 };
	j.n = 3;
	buf_init(&rows, BUF_NO_MAX);
	buf_init(&late, BUF_NO_MAX);
	run_job(&j, BATCH_MAX, &rows, &late);
	buf_add_char(&rows, '\0');
	assert_string_equal(rows.p,
		"{\"k\":\"x\",\"window_start\":0,\"window_end\":10,\"n\":1}\n"
		"{\"k\":\"x\",\"window_start\":10,\"window_end\":20,\"n\":1}\n"
		"{\"k\":\"y\",\"window_start\":10,\"window_end\":20,\"n\":1}\n");
	j.conf.bound = 1;
	run_job(&j, BATCH_MAX, &rows, &late);
	buf_add_char(&rows, '\0');
	assert_string_equal(rows.p,
		"{\"k\":\"x\",\"window_start\":0,\"window_end\":20,\"n\":2}\n"
		"{\"k\":\"y\",\"window_start\":10,\"window_end\":20,\"n\":1}\n");
	buf_release(&rows);
	buf_release(&late);
}

/* The definition of a sliding window, without panes, watermarks or state. */
static void
is_brute_force(struct job *j, uint64_t seed)
{
	const int64_t slide = j->conf.slide;
	int64_t first;

	(void)seed;
	if (j->conf.kind != WINDOW_SLIDING)
		return;
	put_in_order(j);
	j->conf.n_keys = 0;
	run_job(j, BATCH_MAX, &rows, &late);
	buf_clear(&other_rows);
	buf_clear(&other_late);
	first = j->event[0].ts - j->conf.size - slide;
	first -= (((first - j->conf.offset) % slide) + slide) % slide;
	for (int64_t start = first; start <= j->event[j->n - 1].ts; start += slide) {
		int n = 0, sum = 0, max = -100;

		for (size_t i = 0; i < j->n; i++) {
			if (j->event[i].ts < start || j->event[i].ts >= start + j->conf.size)
				continue;
			n++;
			sum += j->event[i].value;
			max = j->event[i].value > max ? j->event[i].value : max;
		}
		if (n > 0)
			buf_addf(&other_rows,
			         "{\"window_start\":%" PRId64 ",\"window_end\":%" PRId64 ",\"n\":%d,\"s\":%d,\"m\":%d}\n",
			         start, start + j->conf.size, n, sum, max);
	}
	check_same(j, "brute force differs");
}

static void
sliding_windows_are_all_records_between_their_bounds(void **state)
{
	(void)state;
	for_many_jobs(is_brute_force);
}

/* ---- windows that count */

/* Every slide records of a key a row of its last size ones: put together from scratch. */
static void
run_counting_twin(const struct job *j)
{
	struct twin t = { .j = j, .rows = &other_rows };
	struct twin_window w;
	int seen[KEYS] = { 0 };

	buf_clear(&other_rows);
	buf_clear(&other_late);
	for (size_t i = 0; i < j->n; i++) {
		const int key = j->event[i].key;
		int64_t   left = j->conf.size;

		if (++seen[key] % j->conf.slide != 0)
			continue;
		memset(&w, 0, sizeof(w));
		w.key = key;
		for (size_t k = i + 1; k-- > 0 && left > 0;)
			if (j->event[k].key == key) {
				w.has[k] = true;
				left--;
			}
		twin_print(&t, &w, false);
	}
}

/* Many panes a window, few, and windows with two panes a slide. */
static void
counts(struct job *j, uint64_t seed)
{
	j->conf.kind = WINDOW_COUNT;
	j->conf.size = between(&seed, 1, 20);
	j->conf.slide = next_random(&seed) % 3 == 0 ? 1 : between(&seed, 1, 6);
	j->conf.offset = j->conf.lateness = 0;
	for (size_t i = 0; i < j->n; i++)       /* two keys, so that windows move on and on */
		j->event[i].key %= 2;
	run_counting_twin(j);
	run_job(j, (size_t)between(&seed, 1, BATCH_MAX), &rows, &late);
	check_same(j, "counting anew differs");
	survives_a_cut(j, seed);
}

static void
count_windows_are_the_last_records_of_a_key(void **state)
{
	(void)state;
	for_many_jobs(counts);
}

/* ---- rows for keys that are absent */

/* The rows of a run without them, by place. */
struct row {
	int64_t    end;
	int        key;
	struct str line;
};

static size_t
read_rows(struct buf *from, struct row *to, size_t max)
{
	struct str  rest = buf_str(from);
	const char *nl, *at;
	size_t      n = 0;

	buf_add_char(from, '\0');
	rest.p = from->p;
	for (; (nl = memchr(rest.p, '\n', rest.n)) != NULL; n++) {
		assert_true(n < max);
		to[n].line = str_slice(rest, 0, (size_t)(nl - rest.p) + 1);
		to[n].key = 0;
		while (to[n].line.p[6] != key_names[to[n].key][0])
			to[n].key++;
		at = strstr(to[n].line.p, "\"window_end\":");
		assert_non_null(at);
		to[n].end = strtoll(at + 13, NULL, 10);
		rest = str_slice(rest, to[n].line.n, rest.n);
	}
	return n;
}

/* Keys by their first arrival; returns the greatest time. */
static int64_t
arrivals(const struct job *j, int order[KEYS], int *n)
{
	bool    known[KEYS] = { false };
	int64_t newest = TIME_MIN;

	*n = 0;
	for (size_t i = 0; i < j->n; i++) {
		newest = j->event[i].ts > newest ? j->event[i].ts : newest;
		if (!known[j->event[i].key])
			order[(*n)++] = j->event[i].key;
		known[j->event[i].key] = true;
	}
	return newest;
}

/* All rows of the window that ends at end: those there are, and zeros for a key that has one in the
 * empty windows before. */
static void
expect_window(const struct job *j, int64_t end, const struct row *row, size_t n, const int *order,
              int n_keys)
{
	const int64_t slide = j->conf.slide, since = end - j->conf.empty * slide;

	for (int k = 0; k < n_keys; k++) {
		bool owed = false, there = false;

		for (size_t i = 0; i < n; i++) {
			if (row[i].key != order[k])
				continue;
			owed |= row[i].end >= since && row[i].end < end;
			if (row[i].end != end)
				continue;
			there = true;
			buf_add_str(&other_rows, row[i].line);
		}
		if (owed && !there)
			buf_addf(&other_rows, "{\"k\":\"%s\",\"window_start\":%" PRId64
			         ",\"window_end\":%" PRId64 ",\"n\":0,\"s\":null,\"m\":null,"
			         "\"f\":null,\"l\":null}\n", key_names[order[k]],
			         end - j->conf.size, end);
	}
}

static void
fills_gaps(struct job *j, uint64_t seed)
{
	static struct row row[4096];
	struct buf plain;
	int64_t    newest, last;
	int        order[KEYS], n_keys;
	size_t     n;

	if (j->conf.kind != WINDOW_TUMBLING && j->conf.kind != WINDOW_SLIDING)
		return;
	j->conf.lateness = 0;
	run_job(j, BATCH_MAX, &rows, &late);
	plain = rows;
	buf_init(&rows, BUF_NO_MAX);
	n = read_rows(&plain, row, sizeof(row) / sizeof(row[0]));
	newest = arrivals(j, order, &n_keys);
	last = j->conf.bound == WATERMARK_NONE ? TIME_FIRST : newest - j->conf.bound;
	for (size_t i = 0; i < n; i++)
		last = row[i].end > last ? row[i].end : last;
	j->conf.empty = between(&seed, 1, 6);
	buf_clear(&other_rows);
	for (int64_t end = n > 0 ? row[0].end : TIME_MAX; end <= last; end += j->conf.slide)
		expect_window(j, end, row, n, order, n_keys);
	run_job(j, (size_t)between(&seed, 1, BATCH_MAX), &rows, &other_late);
	check_same(j, "rows for absent keys differ");
	survives_a_cut(j, seed);
	buf_release(&plain);
}

static void
absent_keys_have_rows_of_zeros_for_so_many_windows(void **state)
{
	(void)state;
	for_many_jobs(fills_gaps);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_are_what_their_definition_says),
		cmocka_unit_test(saving_and_going_on_changes_no_byte),
		cmocka_unit_test(arrival_order_within_the_bound_changes_no_row),
		cmocka_unit_test(keys_know_nothing_of_each_other_but_the_watermark),
		cmocka_unit_test(a_record_at_the_end_of_a_session_ends_it_for_another_key),
		cmocka_unit_test(sliding_windows_are_all_records_between_their_bounds),
		cmocka_unit_test(count_windows_are_the_last_records_of_a_key),
		cmocka_unit_test(absent_keys_have_rows_of_zeros_for_so_many_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
