/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage.c - keys, time and turns
 *
 * Flink gives each key its own timers; here one queue of events and one of timers serve all keys, since both only ever move
 * forward: a timer is set to the time of an event plus the window, and events are processed in order of time.
 */
#include "cep/stage.h"

#include <stdlib.h>

#include "base/keys.h"
#include "base/mem.h"
#include "base/time.h"
#include "cep/waiting.h"
#include "stream/bad.h"

struct key_state {
	struct partials *partials;      /* NULL: nothing but the wait for a first event */
	uint32_t waiting, timers;       /* events and timers that refer to the key */
	uint64_t pass;                  /* in which it was touched last */
	int64_t  now;                   /* the time it was moved to in that pass */
};

struct timer {
	int64_t  ts;
	uint32_t key;
};

struct cep {
	struct cep_conf     conf;
	struct out         *late_out, *timeouts;
	struct pipe_stats  *stats;
	struct program      program;
	struct nfa         *nfa;
	struct printer     *printer;
	struct extractor   *fields;
	struct time_expr   *time;
	struct expr        *order_by;
	struct expr_column *key_columns;
	size_t              n_key_columns;

	bool             own_watermarks;
	struct watermark watermark;
	uint64_t         arrivals, seq, pass, matches, late;
	struct waiting   waiting;
	struct timer    *timers;        /* a ring, cap is a power of two */
	size_t           first_timer, n_timers, cap_timers;

	struct keys      *keys;
	struct key_state *states;       /* by key */
	size_t            cap_states;
	uint32_t         *touched;      /* keys, in this pass */
	size_t            n_touched, cap_touched;

	struct field     *values;       /* of the current line */
	struct arena      scratch;
	struct buf        key, order;
	struct found_list found, timed_out;
};

/* ---- keys */

static struct key_state *
state_of(struct cep *c, uint32_t key)
{
	if (key >= c->cap_states) {
		const size_t cap = key < 512 ? 1024 : (size_t)key * 2;
		c->states = mem_resize(c->states, cap, sizeof(*c->states));
		memset(c->states + c->cap_states, 0, (cap - c->cap_states) * sizeof(*c->states));
		c->cap_states = cap;
	}
	return &c->states[key];
}

static void
release_if_idle(struct cep *c, uint32_t key)
{
	struct key_state *s = &c->states[key];

	if (s->partials != NULL && partials_idle(s->partials)) {
		partials_release(c->nfa, s->partials);
		free(s->partials);
		s->partials = NULL;
	}
	if (s->partials != NULL || s->waiting > 0 || s->timers > 0)
		return;
	memset(s, 0, sizeof(*s));
	keys_forget(c->keys, key);
}

/* ---- timers */

static void
add_timer(struct cep *c, uint32_t key, int64_t ts)
{
	if (c->n_timers == c->cap_timers) {
		const size_t cap = c->cap_timers == 0 ? 64 : c->cap_timers * 2;
		struct timer *timers = mem_zalloc(cap, sizeof(*timers));
		for (size_t i = 0; i < c->n_timers; i++)
			timers[i] = c->timers[(c->first_timer + i) & (c->cap_timers - 1)];
		free(c->timers);
		c->timers = timers;
		c->cap_timers = cap;
		c->first_timer = 0;
	}
	c->timers[(c->first_timer + c->n_timers++) & (c->cap_timers - 1)] = (struct timer){ ts, key };
	c->states[key].timers++;
}

/* ---- turns */

static int
hand_out(struct cep *c, struct out *out, struct err *err)
{
	c->matches += c->found.n;
	int result = print_found(c->printer, &c->found, false, out);

	if (result == 0 && c->timeouts != NULL)
		result = print_found(c->printer, &c->timed_out, true, c->timeouts);
	found_clear(&c->found);
	found_clear(&c->timed_out);
	if (result < 0 && c->timeouts != NULL && c->timeouts->failed)
		*err = c->timeouts->err;
	else if (result < 0)
		*err = out->err;
	return result;
}

/* Move a key's time, once a pass and moment. */
static int
move_key(struct cep *c, uint32_t key, int64_t now, struct out *out, struct err *err)
{
	struct key_state *s = &c->states[key];

	if (s->pass != c->pass) {
		s->pass = c->pass;
		s->now = TIME_MIN;
		c->touched = mem_more(c->touched, c->n_touched, &c->cap_touched, sizeof(*c->touched));
		c->touched[c->n_touched++] = key;
	}
	if (s->now == now && now != TIME_MIN)
		return 0;
	s->now = now;
	if (s->partials == NULL)
		return 0;
	if (nfa_time(c->nfa, s->partials, now, &c->found, &c->timed_out, err) < 0)
		return -1;
	return hand_out(c, out, err);
}

static int
process(struct cep *c, struct event *e, struct out *out, struct err *err)
{
	struct key_state *s = &c->states[e->key];

	s->waiting--;
	if (move_key(c, e->key, e->ts, out, err) < 0)
		return -1;
	e->seq = ++c->seq;
	if (s->partials == NULL) {
		s->partials = mem_alloc(sizeof(*s->partials));
		partials_init(c->nfa, s->partials);
	}
	if (nfa_event(c->nfa, s->partials, e, &c->found, err) < 0)
		return -1;
	/* the mark stays until the end of the pass, as Flink's does: events after a start set timers, too */
	if (s->partials->started && c->program.window > 0)
		add_timer(c, e->key, e->ts + c->program.window);
	return hand_out(c, out, err);
}

/* Everything up to the watermark: events in their turn, then time for all keys that had one or whose timer has come. */
static int
drain(struct cep *c, int64_t until, struct out *out, struct err *err)
{
	struct event *e;
	int result = 0;

	c->pass++;
	c->n_touched = 0;
	while (result == 0 && (e = waiting_take(&c->waiting, until)) != NULL) {
		result = process(c, e, out, err);
		event_drop(e);
	}
	while (result == 0 && c->n_timers > 0 && c->timers[c->first_timer].ts <= until) {
		const uint32_t key = c->timers[c->first_timer].key;
		c->first_timer = (c->first_timer + 1) & (c->cap_timers - 1);
		c->n_timers--;
		c->states[key].timers--;
		result = move_key(c, key, until, out, err);
	}
	for (size_t i = 0; i < c->n_touched && result == 0; i++) {
		const uint32_t key = c->touched[i];
		result = move_key(c, key, until, out, err);
		if (c->states[key].partials != NULL)
			c->states[key].partials->started = false;
		release_if_idle(c, key);
	}
	if (c->stats != NULL) {
		atomic_store_explicit(&c->stats->partial_matches, nfa_live(c->nfa), memory_order_relaxed);
		atomic_store_explicit(&c->stats->keys, keys_count(c->keys), memory_order_relaxed);
	}
	return result;
}

/* ---- lines */

static uint64_t
truth_of_line(struct cep *c)
{
	const struct expr_env env = { .fields = c->values, .scratch = &c->scratch };
	uint64_t truth = 0;

	for (int i = 0; i < c->program.n_leaves; i++)
		if (!c->program.leaves[i].iterative && expr_true(c->program.leaves[i].expr, &env))
			truth |= (uint64_t)1 << i;
	return truth;
}

static int
key_of_line(struct cep *c, struct err *err)
{
	const struct expr_env env = { .fields = c->values, .scratch = &c->scratch };
	char q[QUOTE_MAX];

	buf_clear(&c->key);
	for (size_t i = 0; i < c->n_key_columns; i++) {
		struct val v;
		expr_eval(c->key_columns[i].expr, &env, &v);
		if (v.kind == VAL_NULL)
			return fail_as(err, STATUS_DATA, "no key: %s is missing or null", quote(q, str_of(c->conf.keys[i])));
		val_key(&c->key, &v);
	}
	return 0;
}

static void
keep_line(struct cep *c, struct str line, int64_t ts, uint64_t truth)
{
	const bool iterative = c->program.iterative != 0;
	bool fresh;

	buf_clear(&c->order);
	if (c->order_by != NULL) {
		const struct expr_env env = { .fields = c->values, .scratch = &c->scratch };
		struct val v;
		expr_eval(c->order_by, &env, &v);
		val_save(&c->order, &v);
	}
	struct event *e = event_new(line, c->values, iterative ? extract_count(c->fields) : 0, buf_str(&c->order));
	e->ts = ts;
	e->truth = truth;
	e->arrival = c->arrivals;
	e->key = keys_intern(c->keys, buf_str(&c->key), keys_hash(c->keys, buf_str(&c->key)), &fresh);
	state_of(c, e->key)->waiting++;
	waiting_add(&c->waiting, e);
}

static int
late_line(struct cep *c, struct str line, struct err *err)
{
	c->late++;
	if (c->stats != NULL)
		atomic_store_explicit(&c->stats->late, c->late, memory_order_relaxed);
	if (c->late_out != NULL && out_line(c->late_out, line) < 0) {
		*err = c->late_out->err;
		return -1;
	}
	return 0;
}

/* -1 with reason: the line is no record. */
static int
read_line(struct cep *c, struct str line, int64_t *ts, struct err *reason)
{
	const struct expr_env env = { .fields = c->values, .scratch = &c->scratch };

	arena_reset(&c->scratch);
	if (extract(c->fields, line, c->values, reason) < 0)
		return -1;
	return time_expr_eval(c->time, &env, ts, reason) < 0 || key_of_line(c, reason) < 0 ? -1 : 0;
}

static int
take_line(struct cep *c, struct str line, int64_t ts, struct out *out, struct err *err)
{
	c->arrivals++;
	if (ts <= c->watermark.now)
		return late_line(c, line, err);
	const uint64_t truth = truth_of_line(c);
	if (truth != 0 || !c->program.inert)
		keep_line(c, line, ts, truth);
	if (!c->own_watermarks)
		return 0;
	const int64_t before = c->watermark.now;
	watermark_see(&c->watermark, ts);
	return c->watermark.now > before ? drain(c, c->watermark.now, out, err) : 0;
}

/* ---- the stage */

static int
stage_begin(void *self, const struct control *hello, struct out *out, struct err *err)
{
	struct cep *c = self;

	(void)out;
	(void)err;
	c->own_watermarks = hello == NULL || !hello->watermarks;
	return 0;
}

static int
stage_batch(void *self, const struct batch *batch, struct bad_records *bad, struct out *out, struct err *err)
{
	struct cep *c = self;
	struct err reason;
	int64_t ts;

	for (size_t i = 0; i < batch->n; i++) {
		const int got = read_line(c, batch->line[i], &ts, &reason);
		if (got < 0 && bad_record(bad, batch->number[i], batch->line[i], &reason, err) < 0)
			return -1;
		if (got == 0 && take_line(c, batch->line[i], ts, out, err) < 0)
			return -1;
	}
	if (c->own_watermarks && c->stats != NULL)
		atomic_store_explicit(&c->stats->watermark, c->watermark.now, memory_order_relaxed);
	return 0;
}

static int
stage_watermark(void *self, int64_t ts, struct out *out, struct err *err)
{
	struct cep *c = self;

	if (ts <= c->watermark.now)
		return 0;
	c->watermark.now = ts;
	return drain(c, ts, out, err);
}

/* At the end time has run out for every key, also where Flink looks at a gap only when something happens to the key. */
static int
stage_finish(void *self, bool fire, struct out *out, struct err *err)
{
	struct cep *c = self;

	if (!fire)
		return 0;
	c->watermark.now = TIME_MAX;
	if (drain(c, TIME_MAX, out, err) < 0)
		return -1;
	c->pass++;
	c->n_touched = 0;
	for (uint32_t key = 0; key < keys_limit(c->keys); key++)
		if (key < c->cap_states && c->states[key].partials != NULL && move_key(c, key, TIME_MAX, out, err) < 0)
			return -1;
	return 0;
}

const struct stage_ops cep_ops = {
	.begin = stage_begin,
	.batch = stage_batch,
	.watermark = stage_watermark,
	.finish = stage_finish,
};

/* ---- */

static int
compile_expressions(struct cep *c, struct err *err)
{
	const struct expr_scope scope = { .fields = c->fields };

	c->time = time_expr_new(str_of(c->conf.time), c->conf.time_format, &scope, err);
	if (c->time == NULL)
		return -1;
	if (c->conf.order_by != NULL) {
		c->order_by = expr_new(str_of(c->conf.order_by), "--order-by", &scope, err);
		if (c->order_by == NULL)
			return -1;
	}
	for (size_t i = 0; i < c->conf.n_keys; i++) {
		struct expr_column column;
		column.expr = expr_new_as(str_of(c->conf.keys[i]), "--key", &scope, &column.name, err);
		if (column.expr == NULL)
			return -1;
		c->key_columns[c->n_key_columns++] = column;
	}
	return 0;
}

struct cep *
cep_new(const struct cep_conf *conf, struct err *err)
{
	struct cep *c = mem_zalloc(1, sizeof(*c));

	c->conf = *conf;
	c->watermark = (struct watermark){ conf->bound, TIME_MIN };
	c->fields = extract_new();
	c->keys = keys_new(conf->seed);
	c->key_columns = mem_zalloc(conf->n_keys + 1, sizeof(*c->key_columns));
	c->waiting.by_value = conf->order_by != NULL;
	buf_init(&c->key, BUF_NO_MAX);
	buf_init(&c->order, BUF_NO_MAX);
	if (compile_expressions(c, err) < 0 || program_compile(&c->program, conf->pattern, c->fields, err) < 0) {
		err->status = STATUS_USAGE;
		cep_free(c);
		return NULL;
	}
	c->values = mem_zalloc(EXTRACT_FIELDS, sizeof(*c->values));
	c->nfa = nfa_new(&c->program, conf->max_partial, conf->shed);
	c->printer = printer_new(&(struct print_conf){ .pattern = conf->pattern, .name = conf->name, .fields = c->fields,
		.keys = c->key_columns, .n_keys = c->n_key_columns, .emit = conf->emit, .times_as_ms = conf->times_as_ms });
	return c;
}

void
cep_outputs(struct cep *c, struct out *late, struct out *timeouts, struct pipe_stats *stats)
{
	c->late_out = late;
	c->stats = stats;
	c->timeouts = timeouts;
}

void
cep_free(struct cep *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->cap_states; i++) {
		if (c->states[i].partials == NULL)
			continue;
		partials_release(c->nfa, c->states[i].partials);
		free(c->states[i].partials);
	}
	for (size_t i = 0; i < c->n_key_columns; i++) {
		expr_free(c->key_columns[i].expr);
		free(c->key_columns[i].name);
	}
	free(c->key_columns);
	found_release(&c->found);
	found_release(&c->timed_out);
	waiting_release(&c->waiting);
	nfa_free(c->nfa);
	printer_free(c->printer);
	program_release(&c->program);
	expr_free(c->order_by);
	time_expr_free(c->time);
	extract_free(c->fields);
	keys_free(c->keys);
	free(c->timers);
	free(c->states);
	free(c->touched);
	free(c->values);
	arena_release(&c->scratch);
	buf_release(&c->key);
	buf_release(&c->order);
	free(c);
}

uint64_t
cep_matches(const struct cep *c)
{
	return c->matches;
}

uint64_t
cep_late(const struct cep *c)
{
	return c->late;
}

uint64_t
cep_shed(const struct cep *c)
{
	return nfa_shed(c->nfa);
}
