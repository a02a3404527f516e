/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage.c - from lines to an engine, a batch at a time
 *
 * A batch is read to its first bad record (fields, time, key, values), then its
 * keys are looked up together, because at many keys the cache misses of a
 * lookup are the cost and 64 of them can overlap, then its records are filed one by one,
 * each under the watermark of those before it.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"
#include "stream/bad.h"
#include "stream/watermark.h"
#include "window/engine.h"
#include "window/sources.h"
#include "window/window.h"

#define STATE_VERSION 5

struct window {
	struct window_conf conf;
	struct extractor  *extractor;
	struct time_expr  *time;        /* NULL: no time is needed */
	struct expr       *where, *gap, *by;
	struct group      *group;
	struct agg_list   *aggs;
	struct rows       *rows;
	struct engine      engine;
	struct sources    *sources;     /* with conf.watermark_by */
	struct arena       scratch;     /* of a batch */
	struct field      *fields;      /* of a record */

	struct pipe_stats *stats;       /* or NULL */
	bool     stream_watermarks;
	int64_t  watermark;
	int64_t  idle_base;             /* the watermark when the input fell silent */
	int64_t  early_at;              /* the next multiple of conf.early */
	int64_t  now, last_input;       /* of the clock */
	uint64_t arrivals;
	uint64_t filtered, late, nowhere, gave_up;
	struct agg_weight weight;       /* of accumulators, when they were weighed */
	uint64_t weigh_at;              /* arrivals: do it again */

	/* The records of a batch, up to its first bad one. */
	bool             pass[BATCH_MAX];       /* where */
	struct record    record[BATCH_MAX];
	struct group_key key[BATCH_MAX];
	uint64_t         hash[BATCH_MAX];
	uint32_t         source[BATCH_MAX];
	bool             has_key[BATCH_MAX];
};

/* ---- compiling */

/* text NULL: there is none, and *to stays NULL. */
static int
compile_one(struct expr **to, const char *text, const char *what, const struct expr_scope *scope,
            struct err *err)
{
	if (text == NULL)
		return 0;
	*to = expr_new(str_of(text), what, scope, err);
	return *to == NULL ? -1 : 0;
}

static int
compile_conditions(struct window *w, struct err *err)
{
	const struct expr_scope scope = { .fields = w->extractor };
	const struct window_conf *c = &w->conf;

	if (compile_one(&w->where, c->where, "--where", &scope, err) < 0 ||
	    compile_one(&w->gap, c->gap_expr, "--session-expr", &scope, err) < 0 ||
	    compile_one(&w->by, c->watermark_by, "--watermark-by", &scope, err) < 0)
		return -1;
	return w->where == NULL ? 0 : expr_want_condition(w->where, "--where", err);
}

static int
compile_columns(struct window *w, struct err *err)
{
	const struct window_conf *c = &w->conf;

	for (size_t i = 0; i < c->n_keys; i++)
		if (group_add(w->group, str_of(c->keys[i]), w->extractor, err) < 0)
			return -1;
	for (size_t i = 0; i < c->n_aggs; i++)
		if (agg_list_add(w->aggs, str_of(c->aggs[i]), w->extractor, err) < 0)
			return -1;
	if (c->n_aggs > 0)
		return 0;
	return agg_list_add(w->aggs, STR("COUNT(*) AS count"), w->extractor, err);
}

static bool
knows_time(const struct window_conf *c)
{
	return c->kind != WINDOW_COUNT && c->kind != WINDOW_GLOBAL;
}

static int
compile(struct window *w, struct err *err)
{
	const struct expr_scope   scope = { .fields = w->extractor };
	const struct window_conf *c = &w->conf;
	const struct row_conf     rows = {
		.having = c->having, .top_by = c->top_by, .top = c->top, .timed = knows_time(c),
		.ms = c->ms,
	};

	agg_list_seed(w->aggs, c->seed);
	if (compile_conditions(w, err) < 0 || compile_columns(w, err) < 0)
		return -1;
	w->rows = rows_new(&rows, w->aggs, w->group, w->extractor, err);
	if (w->rows == NULL)
		return -1;
	if (!c->processing_time && (knows_time(c) || c->time_given || agg_needs_time(w->aggs))) {
		w->time = time_expr_new(str_of(c->time), "--time", c->time_format, &scope, err);
		if (w->time == NULL)
			return -1;
	}
	return 0;
}

static struct engine
make_engine(const struct window *w)
{
	const struct window_conf *c = &w->conf;
	const struct engine_env   env = { w->aggs, w->rows, c->seed };
	struct grid               grid = {
		GRID_SLIDING, c->size, c->slide, c->offset, c->calendar,
	};

	switch (c->kind) {
	case WINDOW_TUMBLING:
		grid.slide = c->size;
		if (c->calendar != NULL)
			grid.kind = GRID_CALENDAR;
		break;
	case WINDOW_CUMULATE:
		grid.kind = GRID_CUMULATE;
		break;
	case WINDOW_SESSION:
		return session_new(&env, c->lateness);
	case WINDOW_COUNT:
		return counted_new(&env, c->size, c->slide != 0 ? c->slide : c->size, 0);
	case WINDOW_GLOBAL:
		return counted_new(&env, 0, 0, c->every);
	default:
		break;
	}
	return timed_new(&env, &grid, c->lateness, (uint32_t)c->empty);
}

struct window *
window_new(const struct window_conf *conf, struct err *err)
{
	struct window *w = mem_zalloc(1, sizeof(*w));

	assert(conf->kind != WINDOW_NONE);
	w->conf = *conf;
	w->extractor = extract_new();
	w->group = group_new(conf->seed);
	w->aggs = agg_list_new();
	w->watermark = w->idle_base = TIME_MIN;
	w->early_at = TIME_MIN;
	if (compile(w, err) < 0) {
		window_free(w);
		return NULL;
	}
	w->fields = mem_zalloc(extract_count(w->extractor) + 1, sizeof(*w->fields));
	w->engine = make_engine(w);
	if (w->by != NULL)
		w->sources = sources_new(conf->seed);
	return w;
}

void
window_free(struct window *w)
{
	if (w == NULL)
		return;
	if (w->engine.ops != NULL)
		w->engine.ops->free(w->engine.self);
	sources_free(w->sources);
	rows_free(w->rows);
	agg_list_free(w->aggs);
	group_free(w->group);
	time_expr_free(w->time);
	expr_free(w->where);
	expr_free(w->gap);
	expr_free(w->by);
	extract_free(w->extractor);
	arena_release(&w->scratch);
	free(w->fields);
	free(w);
}

/* ---- time */

static int64_t
multiple_above(int64_t t, int64_t step)
{
	int64_t rest = t % step;

	if (t > TIME_MAX - step)
		return TIME_MAX;
	return rest < 0 ? t - rest : t - rest + step;
}

static int
fire_early(struct window *w, struct err *err)
{
	if (w->conf.early == 0 || w->watermark < w->early_at || w->watermark == TIME_MAX)
		return 0;
	if (w->early_at != TIME_MIN && w->engine.ops->early(w->engine.self, err) < 0)
		return -1;
	w->early_at = multiple_above(w->watermark, w->conf.early);
	return 0;
}

/* The watermark rises to ts. */
static int
rise(struct window *w, int64_t ts, struct err *err)
{
	if (ts <= w->watermark)
		return 0;
	w->watermark = ts;
	if (w->engine.ops->next(w->engine.self) <= ts &&
	    w->engine.ops->advance(w->engine.self, ts, err) < 0)
		return -1;
	return fire_early(w, err);
}

static bool
makes_watermarks(const struct window *w)
{
	return !w->stream_watermarks && !w->conf.processing_time &&
	       w->conf.bound != WATERMARK_NONE;
}

/* A record has been seen. */
static int
rise_by_record(struct window *w, const struct record *r, uint32_t source, struct err *err)
{
	int64_t newest = r->ts;

	if (!makes_watermarks(w))
		return 0;
	if (w->sources != NULL)
		newest = sources_see(w->sources, source, r->ts);
	return rise(w, newest - w->conf.bound - 1, err);
}

/* ---- reading records */

static int
read_gap(struct window *w, const struct expr_env *env, int64_t *gap, struct err *err)
{
	struct val v;

	*gap = w->conf.size;
	if (w->gap == NULL)
		return 0;
	expr_eval(w->gap, env, &v);
	if (v.kind == VAL_INTERVAL)
		*gap = v.ms;
	else if (v.kind != VAL_NUM || num_to_i64(&v.num, gap) < 0)
		return fail_as(
			err, STATUS_DATA,
			"the session gap is %s, not an interval or a whole number of milliseconds",
			v.kind == VAL_NUM ? "no whole number" : val_kind_name(v.kind));
	if (*gap <= 0 || *gap > DUR_MAX)
		return fail_as(err, STATUS_DATA,
		               "the session gap is %" PRId64 " ms: it has to be %s", *gap,
		               *gap <= 0 ? "positive" : "at most 2^53");
	return 0;
}

static int
read_source(struct window *w, const struct expr_env *env, uint32_t *source, struct err *err)
{
	struct val v;

	if (w->by == NULL || w->stream_watermarks)
		return 0;
	expr_eval(w->by, env, &v);
	return sources_find(w->sources, &v, source, err);
}

static int
read_time(struct window *w, const struct expr_env *env, int64_t *ts, struct err *err)
{
	*ts = w->conf.processing_time ? w->now : 0;
	if (w->time == NULL || time_expr_eval(w->time, env, ts, err) == 0)
		return 0;
	err->status = STATUS_DATA;
	return -1;
}

/* Apart, because the compiler clears what stands on the stack, and this is rare. */
static int
fail_number(struct err *err, struct str raw)
{
	char quoted[QUOTE_MAX];

	return fail_as(err, STATUS_DATA, "the number %s is too large", quote(quoted, raw));
}

/* Expressions take a number beyond a double's range for NULL; a sum that passed over it would be
 * wrong without a word. */
static int
check_numbers(const struct window *w, struct err *err)
{
	struct num n;

	for (size_t i = 0; i < extract_count(w->extractor); i++) {
		const struct str raw = w->fields[i].raw;

		if (w->fields[i].kind != JSON_NUMBER ||
		    (raw.n < 300 && memchr(raw.p, 'e', raw.n) == NULL &&
		     memchr(raw.p, 'E', raw.n) == NULL))
			continue;
		if (num_parse(&n, raw) < 0)
			return fail_number(err, raw);
	}
	return 0;
}

/* Record i of the batch. Everything that can be wrong with it is found here. */
static int
read_record(struct window *w, struct str line, size_t i, struct err *err)
{
	const struct expr_env env = {
		.fields = w->fields, .scratch = &w->scratch, .gave_up = &w->gave_up,
	};
	struct record *r = &w->record[i];

	if (extract(w->extractor, line, w->fields, err) < 0 ||
	    read_time(w, &env, &r->ts, err) < 0 ||
	    read_source(w, &env, &w->source[i], err) < 0 || check_numbers(w, err) < 0)
		return -1;
	w->pass[i] = w->where == NULL || expr_true(w->where, &env);
	w->has_key[i] = group_read(w->group, &env, &w->key[i], w->pass[i] ? err : NULL) == 0;
	if (!w->has_key[i]) {
		w->key[i] = (struct group_key){ .bytes = { "", 0 } };
		if (w->pass[i])
			return -1;
	}
	if (w->pass[i] && read_gap(w, &env, &r->gap, err) < 0)
		return -1;
	w->hash[i] = group_hash(w->group, &w->key[i]);
	group_prefetch(w->group, w->hash[i]);
	if (!w->pass[i])
		return 0;
	r->input = agg_eval(w->aggs, &env, r->ts, w->arrivals + i);
	return agg_check(w->aggs, r->input, err);
}

/* How many of the n lines are records, up to the first that is none (err says why). */
static size_t
read_records(struct window *w, const struct str *lines, size_t n, struct err *err)
{
	size_t i = 0;

	arena_reset(&w->scratch);
	while (i < n && read_record(w, lines[i], i, err) == 0)
		i++;
	return i;
}

/* ---- filing them */

/* A record that --where drops counts as an arrival of its key, if it has one. */
static void
look_up(struct window *w, size_t n)
{
	struct group_key keys[BATCH_MAX];
	uint64_t hashes[BATCH_MAX];
	uint32_t ids[BATCH_MAX];
	size_t   m = 0;

	for (size_t i = 0; i < n; i++) {
		keys[m] = w->key[i];
		hashes[m] = w->hash[i];
		m += w->has_key[i];
	}
	group_intern(w->group, m, keys, hashes, ids);
	m = 0;
	for (size_t i = 0; i < n; i++)
		if (w->has_key[i])
			w->record[i].key = ids[m++];
}

/* Where the n records will have moved the watermark to, at most. */
static int64_t
watermark_after(const struct window *w, size_t n)
{
	int64_t newest = w->watermark;

	for (size_t i = 0; makes_watermarks(w) && i < n; i++)
		if (w->record[i].ts - w->conf.bound - 1 > newest)
			newest = w->record[i].ts - w->conf.bound - 1;
	return newest;
}

static void
prefetch(struct window *w, size_t n)
{
	const struct engine *e = &w->engine;

	if (e->ops->ahead != NULL)
		e->ops->ahead(e->self, watermark_after(w, n));
	if (e->ops->prefetch == NULL)
		return;
	for (int step = 0; step < 2; step++)
		for (size_t i = 0; i < n; i++)
			if (w->pass[i])
				e->ops->prefetch(e->self, &w->record[i], step);
}

static int
file_record(struct window *w, size_t i, struct str line, struct err *err)
{
	if (!w->pass[i]) {
		w->filtered++;
		return 0;
	}
	w->record[i].watermark = w->watermark;
	switch (w->engine.ops->add(w->engine.self, &w->record[i], err)) {
	case FILED_FAILED:
		return -1;
	case FILED_IN:
		return 0;
	case FILED_NOWHERE:
		w->nowhere++;
		return 0;
	case FILED_LATE:
		break;
	}
	w->late++;
	if (w->conf.late == NULL || out_line(w->conf.late, line) == 0)
		return 0;
	return out_hand_on(w->conf.late, err);
}

static int
file_records(struct window *w, const struct str *lines, size_t n, struct err *err)
{
	look_up(w, n);
	prefetch(w, n);
	for (size_t i = 0; i < n; i++) {
		w->arrivals++;
		if (file_record(w, i, lines[i], err) < 0 ||
		    rise_by_record(w, &w->record[i], w->source[i], err) < 0)
			return -1;
	}
	return 0;
}

/* Forget keys, if there are many that nothing is kept for. */
static void
forget(struct window *w)
{
	size_t    words = group_limit(w->group) / 64 + 1;
	uint64_t *live = mem_zalloc(words, sizeof(*live));
	uint32_t *new_id;

	w->engine.ops->mark(w->engine.self, live);
	new_id = group_forget(w->group, live);
	if (new_id != NULL)
		w->engine.ops->renumber(w->engine.self, new_id, group_limit(w->group));
	free(new_id);
	free(live);
}

/* Weighing accumulators takes a look at each: so it waits until as many records have come. What a
 * row takes, or has taken, while it is made counts, too. */
static int
check_memory(struct window *w, struct err *err)
{
	size_t rows, bytes;

	if (w->conf.max_bytes == 0)
		return 0;
	if (w->arrivals >= w->weigh_at) {
		w->weight = (struct agg_weight){ 0, 0 };
		w->engine.ops->weigh(w->engine.self, &w->weight);
		w->weigh_at = w->arrivals + 4096 + w->engine.ops->open(w->engine.self);
	}
	rows = rows_bytes(w->rows);
	bytes = w->engine.ops->bytes(w->engine.self) + group_bytes(w->group) + w->weight.heap +
	        (rows > w->weight.result ? rows : w->weight.result);
	if (bytes <= w->conf.max_bytes)
		return 0;
	return fail_as(
		err, STATUS_RETRY,
		"%zu open windows of %" PRIu32
		" keys take %zu bytes, more than --state-memory allows: "
		"what they hold is lost, rows so far are right (take a shorter window, a --where "
		"filter, or more memory, and start again)",
		w->engine.ops->open(w->engine.self), group_limit(w->group), bytes);
}

static void
tell(const struct window *w)
{
	struct pipe_stats *s = w->stats;
	size_t group = group_bytes(w->group);

	if (s == NULL)
		return;
	atomic_store_explicit(&s->late, w->late, memory_order_relaxed);
	atomic_store_explicit(&s->open_windows, w->engine.ops->open(w->engine.self),
	                      memory_order_relaxed);
	atomic_store_explicit(&s->keys, group_limit(w->group), memory_order_relaxed);
	atomic_store_explicit(&s->state_bytes, w->engine.ops->bytes(w->engine.self) + group,
	                      memory_order_relaxed);
	if (!w->stream_watermarks)
		atomic_store_explicit(&s->watermark, w->watermark, memory_order_relaxed);
}

/* ---- the stage */

static int
window_begin(void *self, const struct control *hello, struct out *out, struct err *err)
{
	struct window *w = self;

	(void)out;
	(void)err;
	w->stream_watermarks = hello != NULL && hello->watermarks && !w->conf.processing_time;
	return 0;
}

static int
window_batch(void *self, const struct batch *batch, struct bad_records *bad, struct out *out,
             struct err *err)
{
	struct window *w = self;

	rows_to(w->rows, out);
	w->last_input = w->now;
	w->idle_base = w->watermark;
	for (size_t at = 0; at < batch->n;) {
		size_t     room = group_room(w->group);
		size_t     want = batch->n - at < room ? batch->n - at : room;
		struct err why;
		size_t     n = read_records(w, batch->line + at, want, &why);

		if (file_records(w, batch->line + at, n, err) < 0)
			return -1;
		at += n;
		if (n < want) {
			if (bad_record(bad, batch->number[at], batch->line[at], &why, err) < 0)
				return -1;
			at++;
		}
		if (group_room(w->group) == 0)
			forget(w);
	}
	w->idle_base = w->watermark;
	tell(w);
	return check_memory(w, err);
}

static int
window_watermark(void *self, int64_t ts, struct out *out, struct err *err)
{
	struct window *w = self;

	if (!w->stream_watermarks)
		return 0;
	rows_to(w->rows, out);
	w->last_input = w->now;
	if (rise(w, ts, err) < 0)
		return -1;
	w->idle_base = w->watermark;
	return 0;
}

static int
window_tick(void *self, int64_t now, struct out *out, struct err *err)
{
	struct window *w = self;

	rows_to(w->rows, out);
	if (now > w->now)
		w->now = now;
	if (w->conf.processing_time)
		return rise(w, w->now - 1, err);
	if (w->conf.idle_advance == 0 || w->idle_base == TIME_MIN ||
	    w->now - w->last_input < w->conf.idle_advance)
		return 0;
	return rise(w, w->idle_base + (w->now - w->last_input), err);
}

static int64_t
window_next_tick(void *self)
{
	const struct window *w = self;
	int64_t next = w->engine.ops->next(w->engine.self), at;

	if (next == TIME_MAX)
		return TIME_MAX;
	if (w->conf.processing_time)
		return next + 1;
	if (w->conf.idle_advance == 0 || w->idle_base == TIME_MIN)
		return TIME_MAX;
	at = next - w->idle_base;
	return w->last_input + (at > w->conf.idle_advance ? at : w->conf.idle_advance);
}

static int
window_finish(void *self, bool drain, struct out *out, struct err *err)
{
	struct window *w = self;

	if (!drain)
		return 0;
	rows_to(w->rows, out);
	w->watermark = TIME_MAX;
	if (w->engine.ops->finish(w->engine.self, err) < 0)
		return -1;
	tell(w);
	return 0;
}

/* ---- saved state */

static void
put_text(struct buf *to, const char *text)
{
	buf_put_u64(to, text != NULL);
	buf_put_str(to, str_of(text != NULL ? text : ""));
}

/* The periods around the middle of 2026 tell one unit, and one count of it, from another. */
static void
put_calendar(const struct window_conf *c, struct buf *to)
{
	struct span period = { 0, 0 };

	if (c->calendar != NULL)
		calendar_period(c->calendar, INT64_C(1782864000000), &period.start, &period.end);
	buf_put_i64(to, period.start);
	buf_put_i64(to, period.end);
	put_text(to, c->zone);
}

/* State may only meet the options that it was made under: all that decide which records go where,
 * and what rows come of them. */
static void
put_options(const struct window_conf *c, struct buf *to)
{
	const int64_t numbers[] = {
		STATE_VERSION,
		c->kind,
		c->size,
		c->slide,
		c->offset,
		c->lateness,
		c->early,
		c->every,
		c->empty,
		c->top,
		c->time_format,
		c->bound,
		c->processing_time,
		(int64_t)c->n_keys,
		(int64_t)c->n_aggs,
	};
	const char *const texts[] = {
		c->gap_expr, c->where, c->having, c->top_by, c->watermark_by,
		c->processing_time || (!knows_time(c) && !c->time_given) ? NULL : c->time,
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		buf_put_i64(to, numbers[i]);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		put_text(to, texts[i]);
	put_calendar(c, to);
	for (size_t i = 0; i < c->n_keys; i++)
		put_text(to, c->keys[i]);
	for (size_t i = 0; i < c->n_aggs; i++)
		put_text(to, c->aggs[i]);
}

static int
window_save(void *self, struct buf *to, struct err *err)
{
	struct window *w = self;
	struct buf     options;

	buf_init(&options, BUF_NO_MAX);
	put_options(&w->conf, &options);
	buf_put_str(to, buf_str(&options));
	buf_release(&options);
	buf_put_i64(to, w->watermark);
	buf_put_i64(to, w->early_at);
	buf_put_u64(to, w->arrivals);
	buf_put_u64(to, w->filtered);
	buf_put_u64(to, w->late);
	buf_put_u64(to, w->nowhere);
	group_save(w->group, to);
	w->engine.ops->save(w->engine.self, to);
	if (w->sources != NULL)
		sources_save(w->sources, to);
	return stage_saved(to, err);
}

static int
check_options(const struct window *w, struct str saved, struct err *err)
{
	struct buf options;
	bool       same;

	buf_init(&options, BUF_NO_MAX);
	put_options(&w->conf, &options);
	same = str_eq(buf_str(&options), saved);
	buf_release(&options);
	return same ? 0 : fail_as(err, STATUS_CONFIG,
	                          "the saved state belongs to other options (use those that "
	                          "it was saved under, or start anew)");
}

static int
window_load(void *self, struct str from, struct err *err)
{
	struct window *w = self;
	struct cursor  c = { from, true };

	if (check_options(w, cursor_str(&c), err) < 0)
		return -1;
	w->watermark = w->idle_base = cursor_i64(&c);
	w->early_at = cursor_i64(&c);
	w->arrivals = cursor_u64(&c);
	w->filtered = cursor_u64(&c);
	w->late = cursor_u64(&c);
	w->nowhere = cursor_u64(&c);
	if (group_load(w->group, &c) < 0 ||
	    w->engine.ops->load(w->engine.self, &c, group_limit(w->group)) < 0 ||
	    (w->sources != NULL && sources_load(w->sources, &c) < 0) || !c.ok || c.rest.n > 0)
		return fail_as(err, STATUS_CONFIG, "the saved state is damaged");
	return 0;
}

static const struct stage_ops window_ops = {
	.begin = window_begin, .batch = window_batch, .watermark = window_watermark,
	.tick = window_tick,
	.next_tick = window_next_tick, .finish = window_finish, .save = window_save,
	.load = window_load,
};

struct stage
window_stage(struct window *w)
{
	return (struct stage){ &window_ops, w };
}

void
window_stats(struct window *w, struct pipe_stats *stats)
{
	w->stats = stats;
}

bool
window_has_stream_watermarks(const struct window *w)
{
	return w->stream_watermarks;
}

void
window_counts(const struct window *w, struct window_counts *to)
{
	*to = (struct window_counts){
		.records = w->arrivals, .filtered = w->filtered, .late = w->late,
		.nowhere = w->nowhere,
		.fired = rows_fired(w->rows), .open = w->engine.ops->open(w->engine.self),
		.keys = group_limit(w->group),
		.bytes = w->engine.ops->bytes(w->engine.self) + group_bytes(w->group),
		.key_bytes = group_bytes(w->group), .gave_up = w->gave_up,
	};
}
