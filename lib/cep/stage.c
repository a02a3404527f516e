/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage.c - lines in: time, key, the conditions that look at one event alone, and whether it is
 * late
 */
#include "cep/stage.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"
#include "cep/explain.h"
#include "cep/state.h"
#include "stream/bad.h"

/* What is known of a line once it has been read. */
struct record {
	int64_t  ts;
	uint64_t truth;
	bool     inert;                 /* of no consequence: only its time counts */
	size_t   key_at, key_n;         /* in c->key */
	size_t   brief_at, brief_n;     /* the values of its keys, in c->brief_keys */
	uint32_t key;
};

static struct expr_env
line_env(struct cep *c)
{
	return (struct expr_env){ .fields = c->values,
		                  .scratch = &c->scratch,
		                  .gave_up = &c->gave_up };
}

/* ---- lines */

static uint64_t
truth_of_line(struct cep *c, int64_t ts)
{
	const struct val time = { .kind = VAL_TIME, .ms = ts };
	struct expr_env env = line_env(c);
	uint64_t truth = 0;

	env.slots = &time;
	for (int i = 0; i < c->program.n_leaves; i++)
		if (!c->program.leaves[i].iterative)
			truth |= (uint64_t)expr_true(c->program.leaves[i].expr, &env) << i;
	return truth;
}

/* Apart, because the compiler clears what stands on the stack, and this is rare. */
static int
no_key(const char *name, enum val_kind kind, struct err *err)
{
	char q[QUOTE_MAX];

	if (kind == VAL_JSON)
		return fail_as(err, STATUS_DATA, "%s cannot be a key: it is an object or an array",
		               quote(q, str_of(name)));
	return fail_as(err, STATUS_DATA, "no key: %s is missing or null", quote(q, str_of(name)));
}

/* The only key is a path to a text without escapes: its bytes tell the value as it came, too. */
static bool
plain_key(struct cep *c, struct record *r)
{
	const struct field *f = c->key_field >= 0 ? &c->values[c->key_field] : NULL;

	if (f == NULL || f->kind != JSON_STRING || f->escaped)
		return false;
	val_key(&c->key, &(struct val){ .kind = VAL_TEXT,
	                                .text = str_slice(f->raw, 1, f->raw.n - 1) });
	r->key_n = c->key.n - r->key_at;
	r->brief_n = 0;
	c->keys_seen = 1;
	return true;
}

/* The key of the line, behind those of the lines before it. */
static int
key_of_line(struct cep *c, struct record *r, struct err *err)
{
	const struct expr_env env = line_env(c);
	const bool brief = c->brief && !r->inert;

	r->key_at = c->key.n;
	r->brief_at = c->brief_keys.n;
	if (plain_key(c, r))
		return 0;
	for (size_t i = 0; i < c->n_key_columns; i++) {
		struct val v;
		expr_eval(c->key_columns[i].expr, &env, &v);
		/* in SQL NULL is one, too */
		if (v.kind == VAL_JSON || (v.kind == VAL_NULL && !c->conf.rows))
			return no_key(c->conf.keys[i], v.kind, err);
		*(v.kind == VAL_NULL ? &c->keys_missed : &c->keys_seen) |= (uint64_t)1 << i;
		val_key_part(&c->key, &v, c->n_key_columns > 1);
		if (brief)
			print_add_key(&c->brief_keys, i == 0, &v);
	}
	r->key_n = c->key.n - r->key_at;
	r->brief_n = c->brief_keys.n - r->brief_at;
	return 0;
}

static struct str
key_of(const struct cep *c, const struct record *r)
{
	return str_slice(buf_str(&c->key), r->key_at, r->key_at + r->key_n);
}

/* The key of the first record is remembered, to show what keys look like. */
static void
trace_record(struct cep *c, const struct record *r)
{
	const struct expr_env env = line_env(c);
	struct buf *first = &c->tracer.first;

	c->tracer.records += trace_is(&c->tracer, key_of(c, r));
	for (size_t i = first->n > 0 ? c->n_key_columns : 0; i < c->n_key_columns; i++) {
		struct val v;
		expr_eval(c->key_columns[i].expr, &env, &v);
		if (c->n_key_columns > 1)
			buf_add_char(first, i == 0 ? '[' : ',');
		val_add_json(first, &v);
		if (c->n_key_columns > 1 && i + 1 == c->n_key_columns)
			buf_add_char(first, ']');
	}
}

/* -1 with reason: the line is no record. */
static int
read_line(struct cep *c, struct str line, struct record *r, struct err *reason)
{
	const struct expr_env env = line_env(c);

	arena_reset(&c->scratch);
	if (extract(c->fields, line, c->values, reason) < 0)
		return -1;
	r->ts = c->now;
	if (c->time != NULL && time_expr_eval(c->time, &env, &r->ts, reason) < 0)
		return -1;
	r->truth = truth_of_line(c, r->ts);
	r->inert = r->truth == 0 && c->program.inert;
	if (key_of_line(c, r, reason) < 0)
		return -1;
	if (c->tracer.to != NULL)
		trace_record(c, r);
	return 0;
}

static void
keep_line(struct cep *c, struct str line, const struct record *r)
{
	buf_clear(&c->order);
	for (size_t i = 0; i < c->n_order_by; i++) {
		const struct expr_env env = line_env(c);
		struct val v;
		expr_eval(c->order_by[i], &env, &v);
		if (c->conf.order_down >> i & 1)
			buf_add_char(&c->order, (char)WAITING_DOWN);
		val_save(&c->order, &v);
	}
	if (c->brief)
		line = str_slice(buf_str(&c->brief_keys), r->brief_at, r->brief_at + r->brief_n);
	struct event *e = event_new(&c->store, line, c->values, buf_str(&c->order));
	e->ts = r->ts;
	e->truth = r->truth;
	e->arrival = c->arrivals;
	e->key = r->key;
	cep_refs(c, r->key)->waiting++;
	waiting_add(&c->waiting, e);
}

static int
late_line(struct cep *c, struct str line, const struct record *r, struct err *err)
{
	c->late++;
	if (c->tracer.to != NULL && trace_is(&c->tracer, key_of(c, r)))
		trace_late(&c->tracer, r->ts, c->arrivals, c->watermark.now);
	if (c->stats != NULL)
		atomic_store_explicit(&c->stats->late, c->late, memory_order_relaxed);
	if (c->late_out != NULL && out_line(c->late_out, line) < 0)
		return out_hand_on(c->late_out, err);
	return 0;
}

static int
take_line(struct cep *c, struct str line, const struct record *r, struct out *out, struct err *err)
{
	c->arrivals++;
	if (r->ts <= c->watermark.now)
		return late_line(c, line, r, err);
	if (!r->inert)
		keep_line(c, line, r);
	if (c->conf.processing_time)
		return cep_drain(c, r->ts, out, err);
	if (!c->own_watermarks)
		return 0;
	const int64_t before = c->watermark.now;
	watermark_see(&c->watermark, r->ts);
	return c->watermark.now > before ? cep_drain(c, c->watermark.now, out, err) : 0;
}

/* The keys of all lines at once, so that the misses of the table overlap, and those of what
 * stands behind a key. */
static void
intern_keys(struct cep *c, struct record *records, size_t n)
{
	struct str key[BATCH_MAX];
	uint64_t   hash[BATCH_MAX];
	uint32_t   id[BATCH_MAX];
	size_t     kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (records[i].inert)
			continue;
		key[kept] = key_of(c, &records[i]);
		hash[kept] = keys_hash(c->keys, key[kept]);
		kept++;
	}
	keys_intern_batch(c->keys, kept, key, hash, id, NULL);
	for (size_t i = 0; i < kept; i++) {
		cep_make_room(c, id[i]);
		__builtin_prefetch(cep_refs(c, id[i]));
	}
	kept = 0;
	for (size_t i = 0; i < n; i++) {
		if (records[i].inert)
			continue;
		records[i].key = id[kept++];
		/* nobody forgets the key before the line has had its turn */
		cep_refs(c, records[i].key)->waiting++;
	}
}

/* n lines of the batch, from this one on. */
static int
take_lines(struct cep *c, const struct batch *batch, size_t from, const struct bad_records *bad,
           struct record *records, size_t n, struct out *out, struct err *err)
{
	const struct str *const lines = batch->line + from;

	intern_keys(c, records, n);
	for (size_t i = 0; i < n; i++) {
		if (i + 4 < n && !records[i + 4].inert)
			cep_prefetch_key(c, records[i + 4].key);
		if (c->tracer.to != NULL)
			trace_place(&c->tracer, c->arrivals + 1, batch->number[from + i],
			            bad->source);
		if (take_line(c, lines[i], &records[i], out, err) < 0)
			return -1;
		if (records[i].inert)
			continue;
		cep_refs(c, records[i].key)->waiting--;
		cep_release_if_idle(c, records[i].key);
	}
	buf_clear(&c->key);
	buf_clear(&c->brief_keys);
	return 0;
}

/* ---- the stage */

static int
stage_begin(void *self, const struct control *hello, struct out *out, struct err *err)
{
	struct cep *c = self;

	(void)out;
	(void)err;
	c->own_watermarks = !c->conf.processing_time && (hello == NULL || !hello->watermarks);
	return 0;
}

/* Lines are read ahead and then taken together; where what is read is needed again (order,
 * iterative conditions), one by one. */
static int
stage_batch(void *self, const struct batch *batch, struct bad_records *bad, struct out *out,
            struct err *err)
{
	struct cep *c = self;
	const size_t most = c->n_order_by > 0 || c->keeps_fields ? 1 : BATCH_MAX;
	struct record records[BATCH_MAX];
	struct err reason;
	size_t taken = 0;

	for (size_t i = 0; i < batch->n; i++) {
		const size_t key_at = c->key.n;
		const int got = read_line(c, batch->line[i], &records[i - taken], &reason);
		if (got == 0 && i + 1 - taken < most && i + 1 < batch->n)
			continue;
		if (got < 0)
			c->key.n = key_at;
		if (take_lines(c, batch, taken, bad, records, i - taken + (got == 0), out, err) <
		    0)
			return -1;
		if (got < 0 && bad_record(bad, batch->number[i], batch->line[i], &reason, err) < 0)
			return -1;
		taken = i + 1;
	}
	if (c->own_watermarks && c->stats != NULL)
		atomic_store_explicit(&c->stats->watermark, c->watermark.now, memory_order_relaxed);
	return 0;
}

/* The wall clock, which may step back, though time may not. */
static int
stage_tick(void *self, int64_t now, struct out *out, struct err *err)
{
	struct cep *c = self;

	if (!c->conf.processing_time || now <= c->now)
		return 0;
	c->now = now;
	return cep_next_moment(c) <= now ? cep_drain(c, now, out, err) : 0;
}

static int64_t
stage_next_tick(void *self)
{
	const struct cep *c = self;

	return c->conf.processing_time ? cep_next_moment(c) : TIME_MAX;
}

static int
stage_watermark(void *self, int64_t ts, struct out *out, struct err *err)
{
	struct cep *c = self;

	if (c->conf.processing_time || ts <= c->watermark.now)
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
	.tick = stage_tick,
	.next_tick = stage_next_tick,
	.finish = stage_finish,
	.save = stage_save,
	.load = stage_load,
};

/* ---- */

static int
compile_order(struct cep *c, const struct expr_scope *scope, struct err *err)
{
	const size_t n = c->conf.order_by == NULL ? 0 : 1 + c->conf.n_then_by;

	c->order_by = mem_zalloc(n + 1, sizeof(*c->order_by));
	for (; c->n_order_by < n; c->n_order_by++) {
		const size_t i = c->n_order_by;
		const char *text = i == 0 ? c->conf.order_by : c->conf.then_by[i - 1];
		c->order_by[i] = expr_new(str_of(text), "--order-by", scope, err);
		if (c->order_by[i] == NULL)
			return -1;
	}
	return 0;
}

static int
compile_expressions(struct cep *c, struct err *err)
{
	const struct expr_scope scope = { .fields = c->fields };

	if (!c->conf.processing_time) {
		c->time = time_expr_new(str_of(c->conf.time), "--time", c->conf.time_format,
		                        &scope, err);
		if (c->time == NULL)
			return -1;
	}
	if (compile_order(c, &scope, err) < 0)
		return -1;
	for (size_t i = 0; i < c->conf.n_keys; i++) {
		struct expr_column column;
		column.expr =
			expr_new_as(str_of(c->conf.keys[i]), "--key", &scope, &column.name, err);
		if (column.expr == NULL)
			return -1;
		c->key_columns[c->n_key_columns++] = column;
	}
	c->key_field = c->n_key_columns == 1 ? expr_field(c->key_columns[0].expr) : -1;
	return 0;
}

static int
compile_columns(struct cep *c, struct err *err)
{
	struct expr_rows rows;
	const struct expr_scope scope = {
		.fields = c->fields, .pattern = program_named, .looks_taken = program_looks_taken,
		.arg = &c->program,
		.rows = program_rows(c->conf.pattern, -1, &rows),
	};

	for (size_t i = 0; i < c->conf.n_columns; i++) {
		const struct str text = str_of(c->conf.columns[i]);
		if (c->conf.column_names == NULL) {
			if (expr_list(text, c->conf.columns_option, &scope, &c->columns,
			              &c->n_columns, err) < 0)
				return -1;
			continue;
		}
		struct expr *e = expr_new(text, c->conf.columns_option, &scope, err);
		if (e == NULL)
			return -1;
		c->columns = mem_resize(c->columns, c->n_columns + 1, sizeof(*c->columns));
		c->columns[c->n_columns++] =
			(struct expr_column){ e, mem_dup(str_of(c->conf.column_names[i])) };
	}
	return 0;
}

/* Has a line a member of that name already, the first n_keys and n_columns among them? */
static bool
is_taken(const struct cep *c, const char *name, size_t n_keys, size_t n_columns)
{
	/* by enum emit */
	static const char *const contents[] = { "matches", "events", "count" };
	const char *const members[] = { "match_start", "match_end", "timeout",
		                        contents[c->conf.emit],
		                        c->conf.name != NULL ? "anomalyType" : "match_start" };

	for (size_t i = 0; !c->conf.rows && i < sizeof(members) / sizeof(members[0]); i++)
		if (strcmp(name, members[i]) == 0)
			return true;
	for (size_t i = 0; i < n_keys; i++)
		if (strcmp(name, c->key_columns[i].name) == 0)
			return true;
	for (size_t i = 0; i < n_columns; i++)
		if (strcmp(name, c->columns[i].name) == 0)
			return true;
	return false;
}

static int
fail_taken(const char *option, const char *name, struct err *err)
{
	char q[QUOTE_MAX];

	return fail_as(err, STATUS_USAGE,
	               "%s: the column %s is there already (name this one with AS)", option,
	               quote(q, str_of(name)));
}

static int
check_names(const struct cep *c, struct err *err)
{
	for (size_t i = 0; i < c->n_key_columns; i++)
		if (is_taken(c, c->key_columns[i].name, i, 0))
			return fail_taken("--key", c->key_columns[i].name, err);
	for (size_t i = 0; i < c->n_columns; i++)
		if (is_taken(c, c->columns[i].name, c->n_key_columns, i))
			return fail_taken(c->conf.columns_option, c->columns[i].name, err);
	return 0;
}

/* Which engine, and what it has to mind. */
static void
choose_engine(struct cep *c)
{
	const bool sliceable = slicer_of(&c->program, &c->slicer);

	c->slicing = sliceable && !c->conf.general && c->conf.trace == NULL;
	if (c->slicing && !c->slicer.strict)
		c->program.inert = c->program.where_needs_leaf;
	c->slicer.store = &c->store;
	c->quiet = sliceable || (!c->program.gaps && c->conf.pattern->skip.kind == NO_SKIP);
	for (int i = 0; i < c->program.n; i++)
		c->quiet &= c->program.states[i].kind != STATE_PENDING;
}

struct cep *
cep_new(const struct cep_conf *conf, struct err *err)
{
	struct cep *c = mem_zalloc(1, sizeof(*c));

	c->conf = *conf;
	c->watermark = (struct watermark){ conf->bound, TIME_MIN };
	c->now = TIME_MIN;
	c->fields = extract_new();
	c->keys = keys_new(conf->seed);
	c->key_columns = mem_zalloc(conf->n_keys + 1, sizeof(*c->key_columns));
	c->waiting.by_value = conf->order_by != NULL;
	c->waiting.soon = cep_expect;
	c->waiting.soon_arg = c;
	buf_init(&c->key, BUF_NO_MAX);
	buf_init(&c->brief_keys, BUF_NO_MAX);
	buf_init(&c->order, BUF_NO_MAX);
	if (compile_expressions(c, err) < 0 ||
	    program_compile(&c->program, conf->pattern, c->fields, err) < 0 ||
	    compile_columns(c, err) < 0 || check_names(c, err) < 0 ||
	    (conf->trace != NULL &&
	     tracer_init(&c->tracer, conf->trace, conf->n_keys, err) < 0)) {
		err->status = STATUS_USAGE;
		cep_free(c);
		return NULL;
	}
	c->keeps_fields = c->program.iterative != 0 || c->n_columns > 0;
	c->brief = !c->keeps_fields && !print_needs_lines(conf->emit, conf->n_columns);
	c->values = mem_zalloc(EXTRACT_FIELDS, sizeof(*c->values));
	choose_engine(c);
	c->store.in_order = c->slicing;
	c->store.n_fields = c->keeps_fields ? extract_count(c->fields) : 0;
	c->nfa = nfa_new(&(struct nfa_conf){ .program = &c->program,
	                                     .max_live = conf->max_partial,
	                                     .shed = conf->shed,
	                                     .forgets = conf->general,
	                                     .store = &c->store,
	                                     .gave_up = &c->gave_up,
	                                     .seq = &c->seq });
	c->printer = printer_new(&(struct print_conf){ .pattern = conf->pattern,
	                                               .name = conf->name,
	                                               .fields = c->fields,
	                                               .texts = c->keys,
	                                               .keys = c->key_columns,
	                                               .n_keys = c->n_key_columns,
	                                               .columns = c->columns,
	                                               .n_columns = c->n_columns,
	                                               .rows = conf->rows,
	                                               .emit = conf->emit,
	                                               .times_as_ms = conf->times_as_ms,
	                                               .brief = c->brief });
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
cep_trace_to(struct cep *c, struct out *to, bool several)
{
	c->tracer.several = several;
	c->tracer.program = &c->program;
	c->tracer.to = to;
}

void
cep_trace_end(struct cep *c)
{
	trace_end(&c->tracer);
}

void
cep_free(struct cep *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n_key_columns; i++) {
		expr_free(c->key_columns[i].expr);
		free(c->key_columns[i].name);
	}
	free(c->key_columns);
	for (size_t i = 0; i < c->n_columns; i++) {
		expr_free(c->columns[i].expr);
		free(c->columns[i].name);
	}
	free(c->columns);
	found_release(&c->store, &c->found);
	found_release(&c->store, &c->timed_out);
	waiting_release(&c->waiting, &c->store);
	slicer_release(&c->slicer);
	nfa_free(c->nfa);
	event_store_release(&c->store);
	printer_free(c->printer);
	program_release(&c->program);
	for (size_t i = 0; i < c->n_order_by; i++)
		expr_free(c->order_by[i]);
	free(c->order_by);
	time_expr_free(c->time);
	extract_free(c->fields);
	keys_free(c->keys);
	ring_release(&c->timers, sizeof(struct timer));
	mem_big_free(c->slices, c->slices != NULL ? c->cap_keys * sizeof(*c->slices) : 0);
	mem_big_free(c->branches, c->branches != NULL ? c->cap_keys * sizeof(*c->branches) : 0);
	ring_release(&c->idle, sizeof(uint32_t));
	free(c->listed);
	free(c->touched);
	free(c->values);
	arena_release(&c->scratch);
	buf_release(&c->key);
	buf_release(&c->brief_keys);
	buf_release(&c->order);
	tracer_release(&c->tracer);
	free(c);
}

int
cep_explain(const struct cep *c, bool as_dot, struct buf *to)
{
	const struct explain_keys keys = { c->conf.keys, c->conf.n_keys };

	return as_dot ? explain_dot(&c->program, &keys, to)
	              : explain_table(&c->program, &keys, c->slicing, to);
}

size_t
cep_remarks(const struct cep *c, char **to, size_t max)
{
	return program_remarks(&c->program, to, max);
}

bool
cep_runs_out(const struct cep *c)
{
	return c->program.window > 0 || c->program.gaps;
}

uint64_t
cep_matches(const struct cep *c)
{
	return c->matches;
}

const char *
cep_absent_key(const struct cep *c)
{
	for (size_t i = 0; i < c->n_key_columns; i++)
		if (((c->keys_missed & ~c->keys_seen) >> i & 1) != 0)
			return c->conf.keys[i];
	return NULL;
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
