/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route.c - from a line to a record: the form, then the expressions
 */
#include "kafka/route.h"

#include <stdlib.h>

#include "base/keys.h"
#include "base/mem.h"
#include "base/sha1.h"
#include "base/time.h"
#include "json/extract.h"
#include "kafka/envelope.h"
#include "sql/expr.h"

#define GENERATION 262144 /* lines that are remembered before the older half is forgotten */

/* uuid5(NAMESPACE_URL, "urn:maip:produce") = 1e1b340a-1aa8-5d04-85b6-2f15434e1688 */
static const char event_namespace[] =
	"\x1e\x1b\x34\x0a\x1a\xa8\x5d\x04\x85\xb6\x2f\x15\x43\x4e\x16\x88";

/* lines by the digest of their id, and how often they came again */
struct seen {
	struct keys *keys;
	uint32_t    *again;
};

struct route {
	enum route_form         form;
	struct str              topic;          /* p NULL: not fixed */
	struct extractor       *extractor;      /* NULL: nothing is looked at */
	struct field            fields[EXTRACT_FIELDS];
	struct expr            *topic_expr, *partition, *key, *tombstone_when;
	struct time_expr       *timestamp;
	struct expr           **header_values;
	/* of the conf, then room for those of an envelope before them */
	struct header          *headers;
	size_t                  n_headers, cap_all;
	void                  (*lacks)(size_t header);  /* NULL once it has been asked */
	bool                    begun;          /* a line has come */
	struct header          *all;
	struct arena            scratch;
	struct buf              text;           /* of a value that has to be printed */
	struct envelope_parser *envelope;
	/* EVENT: what stands after the id; before the payload */
	struct buf              head, tail;
	struct str              type;
	struct buf              event;
	struct sha1            *sha1;           /* EVENT */
	struct seen             young, old;
	uint64_t                seed;
};

/* ---- making it */

static void
seen_init(struct seen *s, uint64_t seed)
{
	s->keys = keys_new(seed);
	s->again = mem_alloc(GENERATION * sizeof(*s->again));
}

static void
seen_release(struct seen *s)
{
	keys_free(s->keys);
	free(s->again);
	*s = (struct seen){ 0 };
}

static int
compile(struct route *r, struct expr **to, const char *text, const char *what, struct err *err)
{
	const struct expr_scope scope = { .fields = r->extractor };

	if (text == NULL)
		return 0;
	*to = expr_new(str_of(text), what, &scope, err);
	return *to == NULL ? -1 : 0;
}

static int
compile_headers(struct route *r, const struct route_conf *conf, struct err *err)
{
	r->lacks = conf->lacks;
	r->headers = mem_zalloc(conf->n_headers, sizeof(*r->headers));
	r->header_values = mem_zalloc(conf->n_headers, sizeof(struct expr *));
	for (size_t i = 0; i < conf->n_headers; i++) {
		struct str name = conf->headers[i].name;

		r->headers[i].name = (struct str){ mem_dup(name), name.n };
		r->n_headers++;
		if (compile(r, &r->header_values[i], conf->headers[i].value, "--header", err) < 0)
			return -1;
	}
	return 0;
}

static int
compile_all(struct route *r, const struct route_conf *conf, struct err *err)
{
	const struct expr_scope scope = { .fields = r->extractor };

	if (compile(r, &r->topic_expr, conf->topic_expr, "--topic-expr", err) < 0 ||
	    compile(r, &r->partition, conf->partition, "--partition-expr", err) < 0 ||
	    compile(r, &r->key, conf->key, "--key", err) < 0 ||
	    compile(r, &r->tombstone_when, conf->tombstone_when, "--tombstone-when", err) < 0 ||
	    compile_headers(r, conf, err) < 0)
		return -1;
	if (r->tombstone_when != NULL &&
	    expr_want_condition(r->tombstone_when, "--tombstone-when", err) < 0)
		return -1;
	if (conf->timestamp != NULL) {
		r->timestamp =
			time_expr_new(str_of(conf->timestamp), "--timestamp", TIME_EXPR_NO_FORMAT,
			              &scope, err);
		if (r->timestamp == NULL)
			return -1;
	}
	return 0;
}

/* The parts of an event that never change. */
static void
prepare_event(struct route *r, const struct route_conf *conf)
{
	const struct str type = str_of(conf->event_type);

	buf_add_str(&r->head, STR("\",\"eventType\":"));
	json_add_string(&r->head, type);
	buf_add_str(&r->head, STR(",\"eventVersion\":\"1.0\",\"timestamp\":\""));
	buf_add_str(&r->tail, STR("\",\"source\":"));
	json_add_string(&r->tail, str_of(conf->source));
	buf_add_str(&r->tail, STR(",\"payload\":"));
	r->type = (struct str){ mem_dup(type), type.n };
	r->sha1 = sha1_new();
	seen_init(&r->young, r->seed);
}

struct route *
route_new(const struct route_conf *conf, struct err *err)
{
	struct route *r = mem_zalloc(1, sizeof(*r));
	const bool looks = conf->topic_expr != NULL || conf->partition != NULL ||
	                   conf->key != NULL || conf->timestamp != NULL ||
	                   conf->tombstone_when != NULL || conf->n_headers > 0;

	r->form = conf->form;
	r->seed = conf->seed;
	if (conf->topic != NULL)
		r->topic = str_of(conf->topic);
	buf_init(&r->text, BUF_NO_MAX);
	buf_init(&r->head, BUF_NO_MAX);
	buf_init(&r->tail, BUF_NO_MAX);
	buf_init(&r->event, BUF_NO_MAX);
	if (conf->form == ROUTE_JSON || conf->form == ROUTE_EVENT ||
	    (conf->form == ROUTE_ENVELOPE && looks))
		r->extractor = extract_new();
	if (conf->form == ROUTE_ENVELOPE)
		r->envelope = envelope_parser_new();
	if (conf->form == ROUTE_EVENT)
		prepare_event(r, conf);
	if (compile_all(r, conf, err) < 0) {
		route_free(r);
		return NULL;
	}
	return r;
}

void
route_free(struct route *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->n_headers; i++) {
		expr_free(r->header_values[i]);
		free((void *)(uintptr_t)r->headers[i].name.p);
	}
	free(r->header_values);
	free(r->headers);
	free(r->all);
	expr_free(r->topic_expr);
	expr_free(r->partition);
	expr_free(r->key);
	expr_free(r->tombstone_when);
	time_expr_free(r->timestamp);
	sha1_free(r->sha1);
	free((void *)(uintptr_t)r->type.p);
	extract_free(r->extractor);
	envelope_parser_free(r->envelope);
	seen_release(&r->young);
	seen_release(&r->old);
	arena_release(&r->scratch);
	buf_release(&r->text);
	buf_release(&r->head);
	buf_release(&r->tail);
	buf_release(&r->event);
	free(r);
}

/* ---- expressions */

/* The bytes of what e yields: text without quotes, anything else as it is printed; NULL is null. */
static struct str
text_of(struct route *r, const struct expr *e, const struct expr_env *env)
{
	const int         index = expr_field(e);
	const struct str *raw = index < 0 ? NULL : &r->fields[index].raw;
	struct val        v;
	struct str        s;

	if (index >= 0 && r->fields[index].kind == JSON_STRING && !r->fields[index].escaped)
		return str_slice(*raw, 1, raw->n - 1);
	if (index >= 0 && r->fields[index].kind == JSON_NUMBER)
		return *raw;
	expr_eval(e, env, &v);
	if (v.kind == VAL_NULL)
		return (struct str){ NULL, 0 };
	if (v.kind == VAL_TEXT)
		return v.text;
	buf_clear(&r->text);
	val_add_json(&r->text, &v);
	s = buf_str(&r->text);
	if (s.n > 1 && s.p[0] == '"')
		s = str_slice(s, 1, s.n - 1);
	return arena_dup(&r->scratch, s);
}

static int
choose_topic(struct route *r, const struct expr_env *env, struct record *to, struct err *err)
{
	if (r->topic_expr != NULL) {
		to->topic = text_of(r, r->topic_expr, env);
		if (to->topic.n == 0)
			return fail_as(err, STATUS_DATA,
			               "--topic-expr: no topic (it is NULL or empty)");
	} else if (r->topic.p != NULL) {
		to->topic = r->topic;
	} else if (to->topic.p == NULL) {
		return fail_as(err, STATUS_DATA,
		               "the envelope names no topic, and neither does -t");
	}
	return 0;
}

static int
choose_partition(struct route *r, const struct expr_env *env, struct record *to, struct err *err)
{
	struct val v;
	int64_t    n;

	if (r->partition == NULL)
		return 0;
	expr_eval(r->partition, env, &v);
	to->partition = -1;
	if (v.kind == VAL_NULL)
		return 0;
	if (v.kind != VAL_NUM || num_to_i64(&v.num, &n) < 0 || n < 0 || n > INT32_MAX)
		return fail_as(err, STATUS_DATA, "--partition-expr: not a whole number from 0 on");
	to->partition = (int32_t)n;
	return 0;
}

static int
choose_time(struct route *r, const struct expr_env *env, struct record *to, struct err *err)
{
	if (r->timestamp == NULL)
		return 0;
	if (time_expr_eval(r->timestamp, env, &to->timestamp, err) < 0)
		return fail_in(err, "--timestamp");
	if (to->timestamp < 0)
		return fail_as(err, STATUS_DATA, "--timestamp: Kafka has no times before 1970");
	return 0;
}

static void
tell_lacking(struct route *r)
{
	for (size_t i = 0; i < r->n_headers; i++) {
		const int field = expr_field(r->header_values[i]);

		if (field >= 0 && r->fields[field].kind == JSON_MISSING)
			r->lacks(i);
	}
	r->lacks = NULL;
}

/* Those of the line first, then ours: none is replaced, as in Kafka. */
static void
add_headers(struct route *r, const struct expr_env *env, struct record *to)
{
	const size_t n = to->n_headers + r->n_headers;

	if (r->n_headers == 0)
		return;
	if (r->lacks != NULL)
		tell_lacking(r);
	if (n > r->cap_all) {
		r->all = mem_resize(r->all, n, sizeof(*r->all));
		r->cap_all = n;
	}
	if (to->n_headers > 0)
		memcpy(r->all, to->headers, to->n_headers * sizeof(*r->all));
	for (size_t i = 0; i < r->n_headers; i++)
		r->all[to->n_headers + i] =
			(struct header){ r->headers[i].name, text_of(r, r->header_values[i], env) };
	to->headers = r->all;
	to->n_headers = n;
}

/* ---- events */

/* How often a line with this digest has come before, as far as we remember. */
static uint32_t
times_seen(struct route *r, const unsigned char digest[SHA1_SIZE])
{
	const struct str key = { (const char *)digest, SHA1_SIZE };
	uint32_t         id, n = 0;
	bool             fresh;

	if (keys_count(r->young.keys) == GENERATION &&
	    keys_find(r->young.keys, key, keys_hash(r->young.keys, key)) == KEYS_NONE) {
		seen_release(&r->old);
		r->old = r->young;
		seen_init(&r->young, r->seed);
	}
	id = keys_intern(r->young.keys, key, keys_hash(r->young.keys, key), &fresh);
	if (!fresh)
		return ++r->young.again[id];
	if (r->old.keys != NULL) {
		uint32_t before = keys_find(r->old.keys, key, keys_hash(r->old.keys, key));

		n = before == KEYS_NONE ? 0 : r->old.again[before] + 1;
	}
	r->young.again[id] = n;
	return n;
}

static void
event_id(struct route *r, struct str topic, struct str line, char uuid[UUID_TEXT])
{
	enum { PARTS = 6, AGAIN = 7 };
	struct str parts[AGAIN] = {
		{ event_namespace, sizeof(event_namespace) - 1 },
		r->type, STR("\n"), topic, STR("\n"), line,
	};
	unsigned char digest[SHA1_SIZE];
	uint32_t      n;

	sha1_of(r->sha1, parts, PARTS, digest);
	n = times_seen(r, digest);
	if (n > 0) {
		buf_clear(&r->text);
		buf_add_char(&r->text, '\n');
		buf_add_u64(&r->text, n);
		parts[PARTS] = buf_str(&r->text);
		sha1_of(r->sha1, parts, AGAIN, digest);
	}
	uuid_of_sha1(uuid, digest);
}

static int
wrap(struct route *r, struct str line, int64_t now, struct record *to, struct err *err)
{
	char uuid[UUID_TEXT], time[TIME_TEXT_MAX];

	if (json_too_deep(line))
		return fail_as(err, STATUS_DATA, "nested too deep for the payload of an event");
	event_id(r, to->topic, line, uuid);
	buf_clear(&r->event);
	buf_add_str(&r->event, STR("{\"eventId\":\""));
	buf_add(&r->event, uuid, UUID_TEXT - 1);
	buf_add_str(&r->event, buf_str(&r->head));
	buf_add(&r->event, time, time_print(time, to->timestamp >= 0 ? to->timestamp : now));
	buf_add_str(&r->event, buf_str(&r->tail));
	buf_add_str(&r->event, line);
	buf_add_char(&r->event, '}');
	to->value = buf_str(&r->event);
	return 0;
}

/* Where the very first line is no object it may be meant so. */
static int
hint_at_text(struct str line, struct err *err)
{
	const struct err why = *err;

	if (line.n > 0 && line.p[0] == '{')
		return -1;
	return fail_as(err, why.status, "%s (--text sends lines whatever they are)", why.msg);
}

int
route_line(struct route *r, struct str line, int64_t now, struct record *to, struct err *err)
{
	const struct expr_env env = { .fields = r->fields, .scratch = &r->scratch };
	const bool            first = !r->begun;

	r->begun = true;
	arena_reset(&r->scratch);
	if (r->extractor != NULL && extract(r->extractor, line, r->fields, err) < 0)
		return first && r->form == ROUTE_JSON ? hint_at_text(line, err) : -1;
	if (r->form == ROUTE_ENVELOPE) {
		if (envelope_parse(r->envelope, line, to, err) < 0)
			return -1;
	} else {
		*to = (struct record){
			.partition = -1, .offset = -1, .timestamp = -1, .value = line
		};
	}
	if (choose_topic(r, &env, to, err) < 0 || choose_partition(r, &env, to, err) < 0 ||
	    choose_time(r, &env, to, err) < 0)
		return -1;
	if (r->key != NULL)
		to->key = text_of(r, r->key, &env);
	add_headers(r, &env, to);
	if (r->tombstone_when != NULL && expr_true(r->tombstone_when, &env))
		to->value = (struct str){ NULL, 0 };
	else if (r->form == ROUTE_EVENT)
		return wrap(r, line, now, to, err);
	return 0;
}
