/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row.c - a fired window as a line of output
 *
 * A row is put together in one buffer and handed on as a line. --having and
 * --top see it as values first, in slots: the window's bounds, the keys, then the
 * columns of the aggregates.
 */
#include "window/row.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"

enum { SLOT_START, SLOT_END, SLOT_KEYS };

#define SCRATCH_KEEP ((size_t)1 << 20)

struct ranked {
	struct val rank;
	struct buf bytes;               /* that rank owns */
	struct buf line;
};

struct rows {
	struct out      *out;
	struct agg_list *aggs;
	struct group    *group;
	struct row_conf  conf;
	struct expr     *having, *top_by;
	bool             reads_keys;    /* having or top_by does */
	size_t           n_columns;     /* hidden ones included */
	struct buf      *labels;        /* ',"total":' by column; empty: hidden */
	struct val      *slots;
	struct arena     scratch;
	struct span      window;
	struct buf       bounds;        /* '"window_start":"...","window_end":"...",' */
	struct buf       line;
	struct ranked   *best;          /* conf.top of them, the best first */
	size_t           n_best;
	uint64_t         fired;
};

/* ---- names */

static int
slot_of(void *arg, const struct path *path, size_t *used)
{
	struct rows *r = arg;
	struct str   name = path->steps[0].name;

	*used = 1;
	if (name.p == NULL)
		return -1;
	if (r->conf.timed && str_eq(name, STR("window_start")))
		return SLOT_START;
	if (r->conf.timed && str_eq(name, STR("window_end")))
		return SLOT_END;
	for (size_t i = 0; i < group_columns(r->group); i++) {
		if (str_eq(name, str_of(group_column_name(r->group, i)))) {
			r->reads_keys = true;
			return (int)(SLOT_KEYS + i);
		}
	}
	for (size_t i = 0; i < agg_columns(r->aggs); i++) {
		struct str column = agg_column_name(r->aggs, i);

		if (column.p != NULL && str_eq(name, column))
			return (int)(SLOT_KEYS + group_columns(r->group) + i);
	}
	return -1;
}

static int
slot_kind(void *arg, int slot)
{
	const struct rows *r = arg;
	const size_t n_keys = group_columns(r->group);

	if (slot < SLOT_KEYS)
		return VAL_TIME;
	slot -= SLOT_KEYS;
	return (size_t)slot < n_keys ? -1 : agg_column_kind(r->aggs, (size_t)slot - n_keys);
}

static int
slot_of_call(void *arg, struct agg_call *call, struct err *err)
{
	struct rows *r = arg;
	int column = agg_list_call(r->aggs, call, err);

	return column < 0 ? -1 : (int)(SLOT_KEYS + group_columns(r->group)) + column;
}

/* Has a row a member of that name already, the first n_keys and n_aggs columns among them? */
static bool
is_taken(const struct rows *r, struct str name, size_t n_keys, size_t n_aggs)
{
	if (str_eq(name, STR("update")) || str_eq(name, STR("early")) ||
	    (r->conf.timed && (str_eq(name, STR("window_start")) ||
	                       str_eq(name, STR("window_end")))))
		return true;
	for (size_t i = 0; i < n_keys; i++)
		if (str_eq(name, str_of(group_column_name(r->group, i))))
			return true;
	for (size_t i = 0; i < n_aggs; i++)
		if (str_eq(name, agg_column_name(r->aggs, i)))
			return true;
	return false;
}

static int
fail_taken(const char *option, struct str name, struct err *err)
{
	char quoted[QUOTE_MAX];

	return fail_as(err, STATUS_USAGE,
	               "%s: the column %s is there already (name this one with AS)", option,
	               quote(quoted, name));
}

static int
check_names(const struct rows *r, struct err *err)
{
	const size_t n_keys = group_columns(r->group);

	for (size_t i = 0; i < n_keys; i++)
		if (is_taken(r, str_of(group_column_name(r->group, i)), i, 0))
			return fail_taken("--key", str_of(group_column_name(r->group, i)), err);
	for (size_t i = 0; i < agg_columns(r->aggs); i++)
		if (is_taken(r, agg_column_name(r->aggs, i), n_keys, i))
			return fail_taken("--agg", agg_column_name(r->aggs, i), err);
	return 0;
}

/* ---- making one */

static int
compile(struct rows *r, struct extractor *extractor, struct err *err)
{
	const struct expr_scope scope = {
		.fields = extractor, .slot = slot_of, .slot_kind = slot_kind,
		.aggregate = slot_of_call, .arg = r,
	};

	if (r->conf.having != NULL) {
		r->having = expr_new(str_of(r->conf.having), "--having", &scope, err);
		if (r->having == NULL || expr_want_condition(r->having, "--having", err) < 0)
			return -1;
	}
	if (r->conf.top_by != NULL) {
		r->top_by = expr_new(str_of(r->conf.top_by), "--top", &scope, err);
		if (r->top_by == NULL)
			return -1;
	}
	return 0;
}

static void
make_labels(struct rows *r)
{
	bool first = true;

	r->labels = mem_zalloc(r->n_columns, sizeof(*r->labels));
	for (size_t i = 0; i < r->n_columns; i++) {
		struct str name = agg_column_name(r->aggs, i);

		buf_init(&r->labels[i], BUF_NO_MAX);
		if (name.p == NULL)
			continue;
		if (!first)
			buf_add_char(&r->labels[i], ',');
		json_add_string(&r->labels[i], name);
		buf_add_char(&r->labels[i], ':');
		first = false;
	}
}

struct rows *
rows_new(const struct row_conf *conf, struct agg_list *aggs, struct group *group,
         struct extractor *extractor, struct err *err)
{
	struct rows *r = mem_zalloc(1, sizeof(*r));

	r->conf = *conf;
	r->aggs = aggs;
	r->group = group;
	buf_init(&r->bounds, BUF_NO_MAX);
	buf_init(&r->line, BUF_NO_MAX);
	r->window = (struct span){ TIME_MAX, TIME_MIN };
	if (check_names(r, err) < 0 || compile(r, extractor, err) < 0) {
		rows_free(r);
		return NULL;
	}
	r->n_columns = agg_columns(aggs);
	r->slots = mem_zalloc(SLOT_KEYS + group_columns(group) + r->n_columns, sizeof(*r->slots));
	make_labels(r);
	if (r->top_by != NULL) {
		r->best = mem_zalloc((size_t)conf->top, sizeof(*r->best));
		for (int64_t i = 0; i < conf->top; i++) {
			buf_init(&r->best[i].bytes, BUF_NO_MAX);
			buf_init(&r->best[i].line, BUF_NO_MAX);
		}
	}
	return r;
}

void
rows_free(struct rows *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; r->labels != NULL && i < r->n_columns; i++)
		buf_release(&r->labels[i]);
	for (int64_t i = 0; r->best != NULL && i < r->conf.top; i++) {
		buf_release(&r->best[i].bytes);
		buf_release(&r->best[i].line);
	}
	expr_free(r->having);
	expr_free(r->top_by);
	free(r->labels);
	free(r->best);
	free(r->slots);
	arena_release(&r->scratch);
	buf_release(&r->bounds);
	buf_release(&r->line);
	free(r);
}

void
rows_to(struct rows *r, struct out *out)
{
	r->out = out;
}

size_t
rows_bytes(const struct rows *r)
{
	return r->scratch.cap + r->line.cap;
}

uint64_t
rows_fired(const struct rows *r)
{
	return r->fired;
}

/* ---- rows */

static void
add_bound(struct rows *r, const char *label, int64_t ts)
{
	char text[TIME_TEXT_MAX];

	buf_add_str(&r->bounds, str_of(label));
	if (r->conf.ms) {
		buf_add_i64(&r->bounds, ts);
	} else {
		buf_add_char(&r->bounds, '"');
		buf_add(&r->bounds, text, time_print(text, ts));
		buf_add_char(&r->bounds, '"');
	}
	buf_add_char(&r->bounds, ',');
}

void
rows_begin(struct rows *r, const struct span *window)
{
	if (!r->conf.timed || (window->start == r->window.start && window->end == r->window.end))
		return;
	r->window = *window;
	buf_clear(&r->bounds);
	add_bound(r, "\"window_start\":", window->start);
	add_bound(r, "\"window_end\":", window->end);
	r->slots[SLOT_START] = (struct val){ .kind = VAL_TIME, .ms = window->start };
	r->slots[SLOT_END] = (struct val){ .kind = VAL_TIME, .ms = window->end };
}

static int
print_line(struct rows *r, uint32_t key, const struct val *results, enum row_mark mark)
{
	static const char *const marks[] = { "}", ",\"update\":true}", ",\"early\":true}" };

	buf_clear(&r->line);
	buf_add_char(&r->line, '{');
	group_print(r->group, key, &r->line);
	buf_add_str(&r->line, buf_str(&r->bounds));
	for (size_t i = 0; i < r->n_columns; i++) {
		if (r->labels[i].n == 0)
			continue;
		buf_add_str(&r->line, buf_str(&r->labels[i]));
		val_add_json(&r->line, &results[i]);
	}
	return buf_add_str(&r->line, str_of(marks[mark]));
}

/* Is a better than b? NULL is worst; what cannot be compared is equal. */
static bool
is_better(const struct val *a, const struct val *b)
{
	if (a->kind == VAL_NULL || b->kind == VAL_NULL)
		return a->kind != VAL_NULL && b->kind == VAL_NULL;
	return val_cmp(a, b) == 1;
}

/* Take the row into the best if it is one of them: behind those that are as good. */
static void
rank(struct rows *r, const struct val *v)
{
	size_t top = (size_t)r->conf.top, at = r->n_best;
	struct ranked entry;

	if (at == top && !is_better(v, &r->best[top - 1].rank))
		return;
	if (at == top)
		at--;
	else
		r->n_best++;
	entry = r->best[at];
	for (; at > 0 && is_better(v, &r->best[at - 1].rank); at--)
		r->best[at] = r->best[at - 1];
	val_keep(&entry.rank, &entry.bytes, v);
	buf_clear(&entry.line);
	buf_add_str(&entry.line, buf_str(&r->line));
	r->best[at] = entry;
}

int
row_add(struct rows *r, uint32_t key, const void *acc, enum row_mark mark)
{
	const size_t          n_keys = group_columns(r->group);
	struct val           *results = r->slots + SLOT_KEYS + n_keys;
	const struct expr_env env = { .slots = r->slots, .scratch = &r->scratch };
	struct val            v;

	arena_reset(&r->scratch);
	r->fired++;
	agg_result(r->aggs, acc, results, &r->scratch);
	for (size_t i = 0; r->reads_keys && i < n_keys; i++)
		group_value(r->group, key, i, &r->slots[SLOT_KEYS + i], &r->scratch);
	if (r->having != NULL && !expr_true(r->having, &env))
		return 0;
	if (print_line(r, key, results, mark) < 0)
		return -1;
	if (r->top_by == NULL)
		return out_line(r->out, buf_str(&r->line));
	expr_eval(r->top_by, &env, &v);
	rank(r, &v);
	return 0;
}

/* A row of many values takes room that others will not need. */
static void
give_back(struct rows *r)
{
	if (r->scratch.cap > SCRATCH_KEEP)
		arena_release(&r->scratch);
	if (r->line.cap > SCRATCH_KEEP)
		buf_release(&r->line);
}

int
rows_end(struct rows *r)
{
	size_t n = r->n_best;

	give_back(r);
	r->n_best = 0;
	for (size_t i = 0; i < n; i++)
		if (out_line(r->out, buf_str(&r->best[i].line)) < 0)
			return -1;
	return 0;
}

int
row_alone(struct rows *r, const struct span *window, uint32_t key, const void *acc,
          enum row_mark mark)
{
	rows_begin(r, window);
	return row_add(r, key, acc, mark) < 0 ? -1 : rows_end(r);
}

void
row_prefetch(const struct rows *r, uint32_t key, int step)
{
	group_prefetch_text(r->group, key, step);
}
