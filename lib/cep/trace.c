/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.c - which key is meant, and news of the general engine in words
 */
#include "cep/trace.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"
#include "json/scan.h"
#include "sql/value.h"

static const char *const words[] = {
	[NEWS_BEGAN] = "begins with it, goes on to ",
	[NEWS_TOOK] = "takes it, goes on to ",
	[NEWS_WAITS] = "passes it over, waits in ",
	[NEWS_DIED] = "dies: it fits nowhere in ",
	[NEWS_STOPPED] = "dies: what must not come has come: ",
	[NEWS_MATCHED] = "is complete: ",
	[NEWS_SKIPPED] = "dies: ruled out by --after-match, in ",
	[NEWS_TIMED_OUT] = "dies: out of time in ",
	[NEWS_SHED] = "dies: dropped at --max-partial, in ",
};

/* ---- which key */

static void
add_key(struct tracer *t, const struct val *v)
{
	buf_init(&t->keys[t->n_keys], BUF_NO_MAX);
	val_key_part(&t->keys[t->n_keys++], v, false);
}

/* A JSON array of n values. */
static bool
read_array(struct tracer *t, struct str text, size_t n, struct arena *scratch)
{
	struct buf   *key = &t->keys[0];
	struct field  value;
	struct str    name;
	struct val    v;
	size_t        at = 0, count = 0;

	if (json_check(text, NULL) < 0 || json_value(text, &value, &at, NULL) < 0 ||
	    value.kind != JSON_ARRAY)
		return false;
	buf_init(key, BUF_NO_MAX);
	text = value.raw;
	for (at = 0; json_next(text, &at, &name, &value) > 0; count++) {
		val_of_field(&v, &value, scratch);
		val_key_part(key, &v, n > 1);
	}
	if (count != n)
		buf_release(key);
	t->n_keys = count == n;
	return count == n;
}

/* A text, and what the text is in JSON if it is no array of another length. */
static void
read_value(struct tracer *t, struct str text, struct arena *scratch)
{
	struct field value;
	struct val   v;
	size_t       end;

	add_key(t, &(struct val){ .kind = VAL_TEXT, .text = text });
	if (json_check(text, NULL) < 0 || json_value(text, &value, &end, NULL) < 0 ||
	    value.kind == JSON_ARRAY)
		return;
	val_of_field(&v, &value, scratch);
	add_key(t, &v);
}

int
tracer_init(struct tracer *t, const char *name, size_t n, struct err *err)
{
	struct arena scratch = { 0 };
	char q[QUOTE_MAX];

	t->name = name;
	buf_init(&t->first, BUF_NO_MAX);
	const bool array = read_array(t, str_of(name), n, &scratch);
	if (!array && n == 1)
		read_value(t, str_of(name), &scratch);
	arena_release(&scratch);
	if (array || n == 1)
		return 0;
	if (n == 0)
		return fail_as(err, STATUS_USAGE,
		               "--trace: %s is no key here (all records have the key [], where "
		               "there is no --key, nor a PARTITION BY)",
		               quote(q, str_of(name)));
	return fail_as(err, STATUS_USAGE,
	               "--trace: %s is not a JSON array of %zu values, one for each part of the "
	               "key (in order, such as [\"c-1\",5])",
	               quote(q, str_of(name)), n);
}

void
tracer_release(struct tracer *t)
{
	for (size_t i = 0; i < t->n_keys; i++)
		buf_release(&t->keys[i]);
	buf_release(&t->first);
	free(t->places);
}

bool
trace_is(const struct tracer *t, struct str key)
{
	for (size_t i = 0; i < t->n_keys; i++)
		if (str_eq(buf_str(&t->keys[i]), key))
			return true;
	return false;
}

/* ---- which line */

static bool
same_source(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

void
trace_place(struct tracer *t, uint64_t arrival, uint64_t line, const char *source)
{
	const struct trace_place *last = t->n_places > 0 ? &t->places[t->n_places - 1] : NULL;

	if (last != NULL && line - arrival == last->line - last->arrival &&
	    same_source(source, last->source))
		return;
	t->places = mem_more(t->places, t->n_places, &t->cap_places, sizeof(*t->places));
	t->places[t->n_places++] = (struct trace_place){ arrival, line, source };
}

static void
tell_place(const struct tracer *t, uint64_t arrival)
{
	size_t low = 0, high = t->n_places;

	while (low < high) {            /* places[low - 1] is the last that is not behind it */
		const size_t middle = low + (high - low) / 2;
		if (t->places[middle].arrival <= arrival)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0) {
		out_str(t->to, STR("record "));
		out_i64(t->to, (int64_t)arrival);
		return;
	}
	const struct trace_place *place = &t->places[low - 1];
	if (t->several) {
		char q[QUOTE_MAX];
		out_str(t->to, place->source == NULL ? STR("standard input")
		                                     : str_of(quote(q, str_of(place->source))));
		out_str(t->to, STR(" "));
	}
	out_str(t->to, STR("line "));
	out_i64(t->to, (int64_t)(place->line + (arrival - place->arrival)));
}

/* ---- news */

static struct str
element_name(const struct program *g, int state)
{
	return g->pattern->elements[g->states[state].element]->name;
}

void
trace_news(void *arg, enum nfa_news what, const struct branch *b, const struct event *e, int64_t at)
{
	struct tracer *t = arg;
	const struct node *first = b->node;
	struct buf state;
	char    time[TIME_TEXT_MAX];
	int64_t taken = 0;

	for (const struct node *n = b->node; n != NULL; n = n->before, taken++)
		first = n;
	t->told = true;
	buf_init(&state, BUF_NO_MAX);
	if (what == NEWS_STOPPED)
		buf_add_str(&state, element_name(t->program, b->state));
	else
		program_state_name(t->program, b->state, &state);
	if (at != TIME_MAX)
		out_bytes(t->to, time, time_print(time, at));
	if (at != TIME_MAX && (e != NULL || t->now == TIME_MAX))
		out_str(t->to, STR(" "));
	if (e != NULL)
		tell_place(t, e->arrival);
	else if (t->now == TIME_MAX)
		out_str(t->to, STR("end"));
	out_str(t->to, STR(": match from "));
	tell_place(t, first->event->arrival);
	out_str(t->to, STR(": "));
	out_str(t->to, what == NEWS_SKIPPED && t->program->pattern->sql
	                       ? STR("dies: ruled out by AFTER MATCH, in ")
	                       : str_of(words[what]));
	out_str(t->to, buf_str(&state));
	out_str(t->to, STR(" ("));
	out_i64(t->to, taken);
	out_str(t->to, STR(" taken)"));
	out_end_line(t->to);
	buf_release(&state);
}

void
trace_late(struct tracer *t, int64_t ts, uint64_t arrival, int64_t now)
{
	char time[TIME_TEXT_MAX];

	t->told = true;
	out_bytes(t->to, time, time_print(time, ts));
	out_str(t->to, STR(" "));
	tell_place(t, arrival);
	out_str(t->to, STR(": comes too late, after the watermark "));
	out_bytes(t->to, time, time_print(time, now));
	out_end_line(t->to);
}

void
trace_end(struct tracer *t)
{
	char q[QUOTE_MAX];

	if (t->told)
		return;
	out_str(t->to, STR("end: "));
	if (t->records > 0) {
		out_str(t->to, STR("none of the records of "));
		out_str(t->to, str_of(quote(q, str_of(t->name))));
		out_str(t->to, STR(" begins a match; there are "));
		out_i64(t->to, (int64_t)t->records);
	} else {
		out_str(t->to, STR("no record has the key "));
		out_str(t->to, str_of(quote(q, str_of(t->name))));
		if (t->first.n > 0)
			out_str(t->to, STR("; the first one has "));
		out_str(t->to, buf_str(&t->first));
	}
	out_end_line(t->to);
}
