/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage.c - lines in: time, key, the conditions that look at one event alone, and whether it is late
 */
#include "cep/stage.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"
#include "cep/state.h"
#include "stream/bad.h"

/* ---- lines */

static uint64_t
truth_of_line(struct cep *c)
{
	const struct expr_env env = { .fields = c->values, .scratch = &c->scratch, .gave_up = &c->gave_up };
	uint64_t truth = 0;

	for (int i = 0; i < c->program.n_leaves; i++)
		if (!c->program.leaves[i].iterative && expr_true(c->program.leaves[i].expr, &env))
			truth |= (uint64_t)1 << i;
	return truth;
}

static int
key_of_line(struct cep *c, struct err *err)
{
	const struct expr_env env = { .fields = c->values, .scratch = &c->scratch, .gave_up = &c->gave_up };
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
		const struct expr_env env = { .fields = c->values, .scratch = &c->scratch, .gave_up = &c->gave_up };
		struct val v;
		expr_eval(c->order_by, &env, &v);
		val_save(&c->order, &v);
	}
	struct event *e = event_new(line, c->values, iterative ? extract_count(c->fields) : 0, buf_str(&c->order));
	e->ts = ts;
	e->truth = truth;
	e->arrival = c->arrivals;
	e->key = keys_intern(c->keys, buf_str(&c->key), keys_hash(c->keys, buf_str(&c->key)), &fresh);
	cep_state_of(c, e->key)->waiting++;
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
	const struct expr_env env = { .fields = c->values, .scratch = &c->scratch, .gave_up = &c->gave_up };

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
	return c->watermark.now > before ? cep_drain(c, c->watermark.now, out, err) : 0;
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
	return cep_drain(c, ts, out, err);
}

static int
stage_finish(void *self, bool fire, struct out *out, struct err *err)
{
	return fire ? cep_end(self, out, err) : 0;
}

static int
stage_save(void *self, struct buf *to, struct err *err)
{
	return cep_save(self, to, err);
}

static int
stage_load(void *self, struct str from, struct err *err)
{
	return cep_load(self, from, err);
}

const struct stage_ops cep_ops = {
	.begin = stage_begin,
	.batch = stage_batch,
	.watermark = stage_watermark,
	.finish = stage_finish,
	.save = stage_save,
	.load = stage_load,
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
	c->slicing = !conf->general && slicer_of(&c->program, &c->slicer);
	if (c->slicing && !c->slicer.strict)
		c->program.inert = c->program.where_needs_leaf;
	c->nfa = nfa_new(&c->program, conf->max_partial, conf->shed, &c->gave_up);
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
		slices_release(&c->states[i].slices);
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
	return nfa_shed(c->nfa) + c->n_shed;
}

uint64_t
cep_gave_up(const struct cep *c)
{
	return c->gave_up;
}
