/* SPDX-License-Identifier: Apache-2.0 */
/*
 * selector.c - what maip-consume looks at in a record
 *
 * The value is copied once, because the scanner may read a few bytes behind it, which in
 * librdkafka's fetch buffer may not be ours.
 */
#include <stdlib.h>

#include "base/base64.h"
#include "base/mem.h"
#include "json/line.h"
#include "kafka/selector.h"
#include "sql/expr.h"

enum slot {
	SLOT_KEY,
	SLOT_KEY_B64,
	SLOT_TOPIC,
	SLOT_PARTITION,
	SLOT_OFFSET,
	SLOT_TIMESTAMP,
	SLOT_HEADERS
};

static const char *const slot_names[] = { "$key",       "$key_b64", "$topic",
	                                  "$partition", "$offset",  "$timestamp" };
static const char slot_list[] =
	"$key, $topic, $partition, $offset, $timestamp and $headers.NAME; $key_b64 and "
	"$headers.NAME.b64 are bytes in base64";

#define HEADER_NAMES 32                 /* different $headers.NAME in one command */

struct wanted_header {
	struct str name;                        /* owned */
	bool       base64;
};

struct selector {
	/* conditions without and with fields of the value */
	struct expr     **early, **late;
	size_t            n_early, n_late;
	struct extractor *fields;
	struct time_expr *time;                 /* NULL: the record's timestamp */
	bool              raw;
	bool              key_base64;           /* a condition looks at $key_b64 */
	struct wanted_header header[HEADER_NAMES];
	size_t            n_headers;
	struct val        slots[SLOT_HEADERS + HEADER_NAMES];
	struct field      values[EXTRACT_FIELDS];
	struct arena      scratch;
};

/* ---- compiling */

static int
header_slot(struct selector *s, struct str name, bool base64)
{
	for (size_t i = 0; i < s->n_headers; i++)
		if (s->header[i].base64 == base64 && str_eq(s->header[i].name, name))
			return SLOT_HEADERS + (int)i;
	if (s->n_headers == HEADER_NAMES)
		return -1;
	s->header[s->n_headers] = (struct wanted_header){ { mem_dup(name), name.n }, base64 };
	return SLOT_HEADERS + (int)s->n_headers++;
}

static int
find_slot(void *arg, const struct path *path, size_t *used)
{
	const struct step *step = path->steps;
	struct selector *s = arg;
	bool base64;

	if (step[0].name.p == NULL)
		return -1;
	*used = 1;
	for (size_t i = 0; i < sizeof(slot_names) / sizeof(slot_names[0]); i++)
		if (str_eq(step[0].name, str_of(slot_names[i]))) {
			s->key_base64 = s->key_base64 || i == SLOT_KEY_B64;
			return (int)i;
		}
	if (step[0].name.n == 0 || step[0].name.p[0] != '$')
		return -1;
	if (path->n < 2 || step[1].name.p == NULL || !str_eq(step[0].name, STR("$headers")))
		return EXPR_NO_SLOT;
	base64 = path->n > 2 && step[2].name.p != NULL && str_eq(step[2].name, STR("b64"));
	*used = base64 ? 3 : 2;
	return header_slot(s, step[1].name, base64);
}

/* Keys and headers that are no text are NULL. */
static int
slot_kind(void *arg, int slot)
{
	(void)arg;
	return slot == SLOT_TIMESTAMP                            ? VAL_TIME
	       : slot == SLOT_PARTITION || slot == SLOT_OFFSET ? VAL_NUM
	                                                         : VAL_TEXT;
}

/* Compiled first on its own: that shows whether it wants fields of the value. */
static int
add_condition(struct selector *s, const char *text, struct err *err)
{
	struct expr_scope scope = { .fields = extract_new(), .slot = find_slot,
	                            .slot_kind = slot_kind, .slot_names = slot_list, .arg = s };
	struct expr *e = expr_new(str_of(text), "--where", &scope, err);
	const bool early = extract_count(scope.fields) == 0;

	extract_free(scope.fields);
	if (e == NULL || expr_want_condition(e, "--where", err) < 0) {
		expr_free(e);
		return -1;
	}
	if (early) {
		s->early[s->n_early++] = e;
		return 0;
	}
	expr_free(e);
	scope.fields = s->fields;
	s->late[s->n_late] = expr_new(str_of(text), "--where", &scope, err);
	return s->late[s->n_late] == NULL ? -1 : (s->n_late++, 0);
}

struct selector *
selector_new(const struct selector_conf *conf, struct err *err)
{
	struct selector *s = mem_zalloc(1, sizeof(*s));
	const struct expr_scope scope = { .fields = s->fields = extract_new(), .slot = find_slot,
	                                  .slot_kind = slot_kind, .slot_names = slot_list,
	                                  .arg = s };

	s->raw = conf->raw;
	s->early = mem_zalloc(conf->n_where, sizeof(struct expr *));
	s->late = mem_zalloc(conf->n_where, sizeof(struct expr *));
	for (size_t i = 0; i < conf->n_where; i++)
		if (add_condition(s, conf->where[i], err) < 0)
			goto failed;
	if (conf->time == NULL)
		return s;
	s->time = time_expr_new(str_of(conf->time), "--time", conf->time_format, &scope, err);
	if (s->time != NULL)
		return s;
failed:
	selector_free(s);
	return NULL;
}

void
selector_free(struct selector *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n_early; i++)
		expr_free(s->early[i]);
	for (size_t i = 0; i < s->n_late; i++)
		expr_free(s->late[i]);
	for (size_t i = 0; i < s->n_headers; i++)
		free((char *)s->header[i].name.p);
	free(s->early);
	free(s->late);
	time_expr_free(s->time);
	extract_free(s->fields);
	arena_release(&s->scratch);
	free(s);
}

bool
selector_headers(const struct selector *s)
{
	return s->n_headers > 0;
}

void
selection_init(struct selection *to)
{
	*to = (struct selection){ 0 };
	buf_init(&to->text, BUF_NO_MAX);
}

void
selection_release(struct selection *to)
{
	buf_release(&to->text);
}

/* ---- looking */

static struct val
text_val(struct str s)
{
	if (s.p == NULL || !utf8_valid(s))
		return (struct val){ .kind = VAL_NULL };
	return (struct val){ .kind = VAL_TEXT, .text = s };
}

/* What is no text can be compared in the form that an envelope gives it. */
static struct val
base64_val(struct selector *s, struct str bytes)
{
	struct str text;
	char *p;

	if (bytes.p == NULL)
		return (struct val){ .kind = VAL_NULL };
	p = arena_alloc(&s->scratch, base64_size(bytes.n));
	text = (struct str){ p, base64_encode(p, bytes) };
	return (struct val){ .kind = VAL_TEXT, .text = text };
}

static struct val
header_val(struct selector *s, const struct record *r, const struct wanted_header *wanted)
{
	for (size_t i = r->n_headers; i > 0; i--) {
		const struct header *h = &r->headers[i - 1];

		if (str_eq(h->name, wanted->name))
			return wanted->base64 ? base64_val(s, h->value) : text_val(h->value);
	}
	return (struct val){ .kind = VAL_NULL };
}

static void
fill_slots(struct selector *s, const struct record *r)
{
	s->slots[SLOT_KEY] = text_val(r->key);
	if (s->key_base64)
		s->slots[SLOT_KEY_B64] = base64_val(s, r->key);
	s->slots[SLOT_TOPIC] = text_val(r->topic);
	s->slots[SLOT_PARTITION] = (struct val){ .kind = VAL_NUM, .num = num_of(r->partition) };
	s->slots[SLOT_OFFSET] = (struct val){ .kind = VAL_NUM, .num = num_of(r->offset) };
	s->slots[SLOT_TIMESTAMP] = r->timestamp_type == TS_NONE
	                                   ? (struct val){ .kind = VAL_NULL }
	                                   : (struct val){ .kind = VAL_TIME, .ms = r->timestamp };
	for (size_t i = 0; i < s->n_headers; i++)
		s->slots[SLOT_HEADERS + i] = header_val(s, r, &s->header[i]);
}

static bool
all_true(struct expr *const *list, size_t n, const struct expr_env *env)
{
	for (size_t i = 0; i < n; i++)
		if (!expr_true(list[i], env))
			return false;
	return true;
}

/* The value in to->text, with room behind it for the scanner. */
static int
take_value(const struct record *r, size_t max_value, struct selection *to, struct err *err)
{
	char *p;

	if (r->value.n > max_value)
		return fail_as(err, STATUS_DATA,
		               "%zu bytes, longer than the %zu bytes of --max-line",
		               r->value.n, max_value);
	buf_clear(&to->text);
	p = buf_room(&to->text, r->value.n + LINE_SLACK);
	memcpy(p, r->value.p, r->value.n);
	memset(p + r->value.n, 0, LINE_SLACK);
	to->line = str_trim((struct str){ p, r->value.n });
	return 0;
}

/* Pretty-printed JSON has line breaks, which stand only between its tokens. */
static void
put_on_one_line(struct selection *to)
{
	const size_t at = (size_t)(to->line.p - to->text.p), n = to->line.n;

	if (memchr(to->line.p, '\n', n) == NULL && memchr(to->line.p, '\r', n) == NULL)
		return;
	to->text.n = at + n;
	/* the source must not move while it is read */
	buf_room(&to->text, n + LINE_SLACK);
	json_add_compact(&to->text, (struct str){ to->text.p + at, n });
	to->line = str_slice(buf_str(&to->text), at + n, to->text.n);
}

static int
find_time(struct selector *s, const struct record *r, const struct expr_env *env,
          struct selection *to, struct err *err)
{
	if (s->time == NULL) {
		to->time = r->timestamp;
		to->has_time = r->timestamp_type != TS_NONE;
		return 0;
	}
	if (time_expr_eval(s->time, env, &to->time, err) < 0)
		return -1;
	to->has_time = true;
	return 0;
}

enum selected
selector_look(struct selector *s, const struct record *r, size_t max_value, struct selection *to,
              struct err *err)
{
	const struct expr_env env = { .fields = s->values,
		                      .slots = s->slots,
		                      .scratch = &s->scratch };
	const bool wants_fields = extract_count(s->fields) > 0;
	bool wanted = true;

	to->has_time = false;
	to->line = (struct str){ 0 };
	arena_reset(&s->scratch);
	if (s->n_early + s->n_late > 0 || s->time != NULL)
		fill_slots(s, r);
	wanted = all_true(s->early, s->n_early, &env);
	if (!wanted && s->time == NULL)
		return SELECTED_NO;
	if (r->value.p == NULL && (!s->raw || wants_fields))
		return !wanted                    ? SELECTED_NO
		       : s->raw && s->n_late == 0 ? SELECTED_YES
		       : s->raw                   ? SELECTED_NO
		                                  : SELECTED_TOMBSTONE;
	if (!s->raw || wants_fields) {
		if (take_value(r, max_value, to, err) < 0 ||
		    extract(s->fields, to->line, s->values, err) < 0)
			return wanted ? SELECTED_BAD : SELECTED_NO;
	}
	if (find_time(s, r, &env, to, err) < 0)
		return wanted ? SELECTED_BAD : SELECTED_NO;
	if (!wanted || !all_true(s->late, s->n_late, &env))
		return SELECTED_NO;
	if (!s->raw)
		put_on_one_line(to);
	return SELECTED_YES;
}
