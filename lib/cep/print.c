/* SPDX-License-Identifier: Apache-2.0 */
/*
 * print.c - from the way back through the nodes to a line
 */
#include "cep/print.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"
#include "json/line.h"

const char *const emit_words[] = { "match", "summary", "count", NULL };

struct taken_event {
	int                 element;
	const struct event *event;
};

/* A match laid out flat: elements by their first event, the events of each in order. */
struct row {
	const struct printer     *printer;      /* for those who only get rows: qsort's compare */
	int64_t                   at;           /* when it was found, or ran out of time */
	const struct taken_event *taken;
	size_t                    n;
	int64_t                   first_ts, last_ts;
	uint64_t                  start;
	/* one element took all n; only the first need be there, where others are not printed */
	bool                      alike;
};

struct printer {
	struct print_conf conf;
	struct buf       *names;        /* by element, quoted */
	struct field     *fields;
	struct buf        line;         /* with slack, to extract from */
	struct buf        keys;
	struct arena      scratch;
	struct row       *rows;
	size_t            n_rows, cap_rows;
};

/* ---- order */

static const struct node **
path_of(struct printer *p, const struct node *last, size_t *n)
{
	*n = 0;
	for (const struct node *node = last; node != NULL; node = node->before)
		++*n;
	const struct node **path = arena_alloc(&p->scratch, *n * sizeof(const struct node *));
	size_t i = *n;
	for (const struct node *node = last; node != NULL; node = node->before)
		path[--i] = node;
	return path;
}

static void
lay_out(struct printer *p, const struct found *found, struct row *row)
{
	size_t n, filled = 0;
	const struct node **path = path_of(p, found->node, &n);
	struct taken_event *taken = arena_alloc(&p->scratch, n * sizeof(*taken));
	bool done[PATTERN_ELEMENTS] = { false };

	for (size_t i = 0; i < n; i++) {
		const int element = path[i]->element;
		if (done[element])
			continue;
		done[element] = true;
		for (size_t j = i; j < n; j++)
			if (path[j]->element == element)
				taken[filled++] = (struct taken_event){ element, path[j]->event };
	}
	*row = (struct row){ p, found->at, taken, n, path[0]->event->ts,
		             path[n - 1]->event->ts, path[0]->event->seq, false };
}

static int
compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* The same events, taken by other elements: the one that took more first, then by name. */
static int
compare_elements(const struct printer *p, const struct row *a, const struct row *b)
{
	struct element *const *elements = p->conf.pattern->elements;

	for (size_t i = 0; i < a->n; i++) {
		const int x = a->taken[i].element, y = b->taken[i].element;
		if (x == y)
			continue;
		if (i > 0 && a->taken[i - 1].element == x)
			return -1;
		if (i > 0 && b->taken[i - 1].element == y)
			return 1;
		return str_cmp(elements[x]->name, elements[y]->name);
	}
	return 0;
}

static int
compare_rows(const void *pa, const void *pb)
{
	const struct row *a = pa, *b = pb;
	int d = compare_u64(a->start, b->start);

	if (d == 0)
		d = compare_u64(a->n, b->n);
	for (size_t i = 0; d == 0 && i < a->n; i++)
		d = compare_u64(a->taken[i].event->arrival, b->taken[i].event->arrival);
	return d != 0 ? d : compare_elements(a->printer, a, b);
}

/* ---- printing */

static void
print_time(const struct printer *p, struct out *out, int64_t ms)
{
	char text[TIME_TEXT_MAX];

	if (p->conf.times_as_ms) {
		out_i64(out, ms);
		return;
	}
	out_char(out, '"');
	out_bytes(out, text, time_print(text, ms));
	out_char(out, '"');
}

bool
print_needs_lines(enum emit emit, size_t n_columns)
{
	return emit == EMIT_MATCH || n_columns > 0;
}

int
print_add_key(struct buf *to, bool first, const struct val *v)
{
	if (!first && buf_add_char(to, '\n') < 0)
		return -1;
	return val_add_json(to, v);
}

void
print_add_keys(struct buf *to, const struct expr_column *keys, size_t n, const struct expr_env *env)
{
	for (size_t i = 0; i < n; i++) {
		struct val v;
		expr_eval(keys[i].expr, env, &v);
		print_add_key(to, i == 0, &v);
	}
}

static struct str
plain_key(struct printer *p, const struct event *e)
{
	struct val v;

	val_of_key(&v, keys_text(p->conf.texts, e->key));
	buf_clear(&p->keys);
	buf_add_char(&p->keys, '"');
	buf_add_str(&p->keys, v.text);
	buf_add_char(&p->keys, '"');
	return buf_str(&p->keys);
}

/* The values of an event's keys, read once more from its line where they do not stand in its
 * place: nobody has to keep them meanwhile. */
static struct str
key_values(struct printer *p, const struct event *e)
{
	struct expr_env env = { .fields = p->fields, .scratch = &p->scratch };

	if (p->conf.brief)
		return event_line(e).n > 0 ? event_line(e) : plain_key(p, e);
	buf_clear(&p->line);
	buf_clear(&p->keys);
	const struct str line = event_line(e);
	if (buf_room(&p->line, line.n + LINE_SLACK) == NULL)
		return STR("");
	buf_add_str(&p->line, line);
	memset(p->line.p + line.n, 0, LINE_SLACK);
	if (extract(p->conf.fields, buf_str(&p->line), p->fields, NULL) < 0)
		return STR("");
	print_add_keys(&p->keys, p->conf.keys, p->conf.n_keys, &env);
	return buf_str(&p->keys);
}

static void
print_keys(struct printer *p, const struct event *e, struct out *out)
{
	struct str rest = p->conf.n_keys > 0 ? key_values(p, e) : STR("");

	for (size_t i = 0; i < p->conf.n_keys; i++) {
		const char *end = rest.n > 0 ? memchr(rest.p, '\n', rest.n) : NULL;
		const size_t n = end != NULL ? (size_t)(end - rest.p) : rest.n;
		out_json_string(out, str_of(p->conf.keys[i].name));
		out_char(out, ':');
		out_str(out, str_slice(rest, 0, n));
		rest = str_slice(rest, end != NULL ? n + 1 : n, rest.n);
		if (i + 1 < p->conf.n_keys || !p->conf.rows || p->conf.n_columns > 0)
			out_char(out, ',');
	}
}

static void
print_events(const struct printer *p, const struct row *row, struct out *out)
{
	out_str(out, STR("\"matches\":{"));
	for (size_t i = 0; i < row->n; i++) {
		if (i == 0 || row->taken[i].element != row->taken[i - 1].element) {
			out_str(out, i == 0 ? STR("") : STR("],"));
			out_str(out, buf_str(&p->names[row->taken[i].element]));
			out_str(out, STR(":["));
		} else {
			out_char(out, ',');
		}
		out_str(out, event_line(row->taken[i].event));
	}
	out_str(out, STR("]}"));
}

/* ---- columns: what the elements took, for expressions */

static size_t
taken_count(void *self, int element)
{
	const struct row *row = self;
	const uint64_t elements = program_elements(row->printer->conf.pattern, element);
	size_t n = 0;

	for (size_t i = 0; i < row->n; i++)
		n += elements >> row->taken[i].element & 1;
	return n;
}

static const struct field *
taken_fields(void *self, int element, size_t i)
{
	const struct row *row = self;
	const uint64_t elements = program_elements(row->printer->conf.pattern, element);
	size_t at = 0;

	if (element == ALL_ELEMENTS)
		return event_fields(row->taken[i].event);
	while ((elements >> row->taken[at].element & 1) == 0)
		at++;
	if (element < ALL_ELEMENTS)     /* an element's events stand together */
		return event_fields(row->taken[at + i].event);
	for (; i > 0; i--)
		do
			at++;
		while ((elements >> row->taken[at].element & 1) == 0);
	return event_fields(row->taken[at].event);
}

static const struct event *
last_event(const struct row *row)
{
	const struct event *last = row->taken[0].event;

	for (size_t i = 1; i < row->n; i++)
		if (row->taken[i].event->seq > last->seq)
			last = row->taken[i].event;
	return last;
}

static void
print_columns(struct printer *p, const struct row *row, struct out *out)
{
	const struct taken taken = { .self = (void *)(uintptr_t)row,
		                     .count = taken_count,
		                     .fields = taken_fields };
	const struct val row_time = { .kind = VAL_TIME, .ms = row->last_ts };
	const struct expr_env env = { .fields = event_fields(last_event(row)), .slots = &row_time,
		                      .taken = &taken, .scratch = &p->scratch };

	for (size_t i = 0; i < p->conf.n_columns; i++) {
		struct val v;
		expr_eval(p->conf.columns[i].expr, &env, &v);
		if (i > 0)
			out_char(out, ',');
		out_json_string(out, str_of(p->conf.columns[i].name));
		out_char(out, ':');
		val_print(out, &v);
	}
}

static void
print_counts(const struct printer *p, const struct row *row, struct out *out)
{
	out_str(out, STR("\"events\":{"));
	for (size_t i = 0, n; i < row->n; i += n) {
		for (n = row->alike ? row->n : 1;
		     i + n < row->n && row->taken[i + n].element == row->taken[i].element; n++)
			;
		out_str(out, i == 0 ? STR("") : STR(","));
		out_str(out, buf_str(&p->names[row->taken[i].element]));
		out_char(out, ':');
		out_i64(out, (int64_t)n);
	}
	out_char(out, '}');
}

static void
print_name(const struct printer *p, struct out *out)
{
	if (p->conf.name == NULL)
		return;
	out_str(out, STR("\"anomalyType\":"));
	out_json_string(out, str_of(p->conf.name));
	out_char(out, ',');
}

static int
print_row(struct printer *p, const struct row *row, bool timeout, struct out *out)
{
	out_char(out, '{');
	print_name(p, out);
	print_keys(p, row->taken[0].event, out);
	if (p->conf.rows && !timeout) {
		print_columns(p, row, out);
		out_char(out, '}');
		return out_end_line(out);
	}
	out_str(out, STR("\"match_start\":"));
	print_time(p, out, row->first_ts);
	out_str(out, timeout ? STR(",\"timeout\":") : STR(",\"match_end\":"));
	print_time(p, out, timeout ? row->at : row->last_ts);
	out_char(out, ',');
	if (p->conf.n_columns > 0 && !timeout)
		print_columns(p, row, out);
	else if (p->conf.emit == EMIT_MATCH)
		print_events(p, row, out);
	else
		print_counts(p, row, out);
	out_char(out, '}');
	return out_end_line(out);
}

/* How many were found at this moment that end at one time: one line. */
static int
print_count(struct printer *p, const struct row *first, size_t n, struct out *out)
{
	out_char(out, '{');
	print_name(p, out);
	print_keys(p, first->taken[0].event, out);
	out_str(out, STR("\"match_end\":"));
	print_time(p, out, first->last_ts);
	out_str(out, STR(",\"count\":"));
	out_i64(out, (int64_t)n);
	out_char(out, '}');
	return out_end_line(out);
}

static void
begin_rows(struct printer *p)
{
	arena_reset(&p->scratch);
	p->n_rows = 0;
}

static void
add_row(struct printer *p, const struct found *found)
{
	p->rows = mem_more(p->rows, p->n_rows, &p->cap_rows, sizeof(*p->rows));
	lay_out(p, found, &p->rows[p->n_rows++]);
}

static int
compare_ends(const void *pa, const void *pb)
{
	const struct row *a = pa, *b = pb;

	return a->last_ts != b->last_ts ? (a->last_ts > b->last_ts) - (a->last_ts < b->last_ts)
	                                : compare_rows(pa, pb);
}

/* Time alone may complete several matches at once, and a strategy hold matches back: they do not
 * all end together. */
static int
print_all_counts(struct printer *p, struct out *out)
{
	int result = 0;

	qsort(p->rows, p->n_rows, sizeof(*p->rows), compare_ends);
	for (size_t i = 0, n; i < p->n_rows && result == 0; i += n) {
		for (n = 1; i + n < p->n_rows && p->rows[i + n].last_ts == p->rows[i].last_ts; n++)
			;
		result = print_count(p, &p->rows[i], n, out);
	}
	return result;
}

static int
print_rows(struct printer *p, bool timeouts, struct out *out)
{
	int result = 0;

	if (p->conf.emit == EMIT_COUNT && !timeouts)
		return print_all_counts(p, out);
	qsort(p->rows, p->n_rows, sizeof(*p->rows), compare_rows);
	for (size_t i = 0; i < p->n_rows && result == 0; i++)
		result = print_row(p, &p->rows[i], timeouts, out);
	return result;
}

int
print_found(struct printer *p, const struct found_list *found, struct out *out)
{
	if (found->n == 0)
		return 0;
	begin_rows(p);
	for (size_t i = 0; i < found->n; i++)
		add_row(p, &found->a[i]);
	return print_rows(p, false, out);
}

/* ---- timeouts: there may be many, so that only those of one start are laid out together */

struct timeout {
	const struct found *found;
	uint64_t            start;
};

static uint64_t
start_of(const struct found *f)
{
	const struct node *n = f->node;

	while (n->before != NULL)
		n = n->before;
	return n->event->seq;
}

static int
compare_timeouts(const void *pa, const void *pb)
{
	const struct timeout *a = pa, *b = pb;
	const int64_t x = a->found->at, y = b->found->at;

	return x != y ? (x > y) - (x < y) : compare_u64(a->start, b->start);
}

int
print_timeouts(struct printer *p, const struct found_list *found, struct out *out)
{
	struct timeout one, *all = found->n == 1 ? &one : mem_zalloc(found->n, sizeof(*all));
	int result = 0;

	for (size_t i = 0; i < found->n; i++)
		all[i] = (struct timeout){ &found->a[i], start_of(&found->a[i]) };
	qsort(all, found->n, sizeof(*all), compare_timeouts);
	for (size_t i = 0, next; i < found->n && result == 0; i = next) {
		begin_rows(p);
		for (next = i;
		     next < found->n && compare_timeouts(&all[i], &all[next]) == 0; next++)
			add_row(p, all[next].found);
		result = print_rows(p, true, out);
	}
	if (all != &one)
		free(all);
	return result;
}

static const struct taken_event *
taken_by(struct printer *p, int element, const struct stamped *events, size_t n)
{
	struct taken_event *taken;

	arena_reset(&p->scratch);
	taken = arena_alloc(&p->scratch, n * sizeof(*taken));
	for (size_t i = 0; i < n; i++)
		taken[i] = (struct taken_event){ element, events[i].event };
	return taken;
}

int
print_slices(struct printer *p, int element, const struct stamped *events, size_t n, size_t matches,
             struct out *out)
{
	const int64_t last_ts = events[n - 1].ts;
	const bool columns = p->conf.n_columns > 0, lines = p->conf.emit == EMIT_MATCH && !columns;
	const struct taken_event *taken = lines ? taken_by(p, element, events, n) : NULL;
	int           result = 0;

	/* columns need room of their own; what is a mere count has only the first event laid out */
	for (size_t i = 0; i < matches && result == 0; i++) {
		if (!lines)
			taken = taken_by(p, element, events + i, columns ? n - i : 1);
		result = print_row(p,
		                   &(struct row){ p, last_ts, lines ? taken + i : taken, n - i,
		                                  events[i].ts, last_ts, 0, true },
		                   false, out);
	}
	return result;
}

int
print_slice_count(struct printer *p, struct event *first, int64_t last_ts, size_t matches,
                  struct out *out)
{
	const struct taken_event taken = { 0, first };

	arena_reset(&p->scratch);
	return print_count(p, &(struct row){ .taken = &taken, .last_ts = last_ts }, matches, out);
}

int
print_slice_timeout(struct printer *p, int element, const struct stamped *events, size_t n,
                    int64_t at, struct out *out)
{
	const struct taken_event *taken = taken_by(p, element, events, n);

	return print_row(p,
	                 &(struct row){ p, at, taken, n, events[0].ts, events[n - 1].ts, 0, true },
	                 true, out);
}

/* ---- */

struct printer *
printer_new(const struct print_conf *conf)
{
	struct printer *p = mem_zalloc(1, sizeof(*p));

	p->conf = *conf;
	p->names = mem_zalloc((size_t)conf->pattern->n, sizeof(*p->names));
	for (int i = 0; i < conf->pattern->n; i++) {
		buf_init(&p->names[i], BUF_NO_MAX);
		json_add_string(&p->names[i], conf->pattern->elements[i]->name);
	}
	p->fields = mem_zalloc(EXTRACT_FIELDS, sizeof(*p->fields));
	buf_init(&p->line, BUF_NO_MAX);
	buf_init(&p->keys, BUF_NO_MAX);
	return p;
}

void
printer_free(struct printer *p)
{
	if (p == NULL)
		return;
	for (int i = 0; i < p->conf.pattern->n; i++)
		buf_release(&p->names[i]);
	free(p->names);
	free(p->fields);
	buf_release(&p->line);
	buf_release(&p->keys);
	arena_release(&p->scratch);
	free(p->rows);
	free(p);
}
