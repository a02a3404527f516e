/* SPDX-License-Identifier: Apache-2.0 */
/*
 * envelope.c - the one spelling of each record
 *
 * Printing decides by the bytes alone how key, headers and value are spelled, so the way back
 * never guesses.
 */
#include "kafka/envelope.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/mem.h"
#include "json/scan.h"

/* ---- printing */

static int
print_base64(struct out *o, struct str bytes)
{
	enum { PIECE = 3 * 1024 };
	char text[PIECE / 3 * 4];

	out_char(o, '"');
	for (size_t i = 0; i < bytes.n; i += PIECE)
		out_bytes(o, text, base64_encode(text, str_slice(bytes, i, i + PIECE)));
	return out_char(o, '"');
}

/* "key":"text", or "key_b64":"..." when it is no text. */
static int
print_text_member(struct out *o, struct str name, struct str text)
{
	bool valid = utf8_valid(text);

	out_char(o, '"');
	out_str(o, name);
	out_str(o, valid ? STR("\":") : STR("_b64\":"));
	if (text.p == NULL)
		return out_str(o, STR("null"));
	return valid ? out_json_string(o, text) : print_base64(o, text);
}

static int
print_header_text(struct out *o, struct str text)
{
	if (text.p == NULL)
		return out_str(o, STR("null"));
	if (utf8_valid(text))
		return out_json_string(o, text);
	out_str(o, STR("{\"b64\":"));
	print_base64(o, text);
	return out_char(o, '}');
}

static int
print_headers(struct out *o, const struct record *r)
{
	out_str(o, STR("\"headers\":["));
	for (size_t i = 0; i < r->n_headers; i++) {
		out_str(o, i > 0 ? STR(",[") : STR("["));
		print_header_text(o, r->headers[i].name);
		out_char(o, ',');
		print_header_text(o, r->headers[i].value);
		out_char(o, ']');
	}
	return out_char(o, ']');
}

/* How often c is in s; stops at max. */
static size_t
count(struct str s, char c, size_t max)
{
	const char *at = s.p, *end = s.p + s.n;
	size_t      n = 0;

	while (n < max && (at = memchr(at, c, (size_t)(end - at))) != NULL) {
		at++;
		n++;
	}
	return n;
}

static size_t
nesting(struct str value)
{
	size_t depth = 0, deepest = 0;

	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		if (c == '"') {
			while (value.p[++i] != '"')
				i += value.p[i] == '\\';
		} else if (c == '{' || c == '[') {
			depth++;
			if (depth > deepest)
				deepest = depth;
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return deepest;
}

bool
json_too_deep(struct str value)
{
	if (value.n < 2 * JSON_DEPTH ||
	    count(value, '{', JSON_DEPTH) + count(value, '[', JSON_DEPTH) < JSON_DEPTH)
		return false;
	return nesting(value) >= JSON_DEPTH;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Would the value come back byte for byte if it stood in the line as it is? */
static bool
stands_as_json(struct str value)
{
	if (value.n == 0 || is_space(value.p[0]) || is_space(value.p[value.n - 1]) ||
	    str_eq(value, STR("null")))
		return false;
	if (memchr(value.p, '\n', value.n) != NULL || memchr(value.p, '\r', value.n) != NULL)
		return false;
	return json_check(value, NULL) == 0 && !json_too_deep(value);
}

static int
print_value(struct out *o, struct str value)
{
	if (value.p == NULL)
		return out_str(o, STR("\"value\":null"));
	if (stands_as_json(value)) {
		out_str(o, STR("\"value\":"));
		return out_str(o, value);
	}
	if (utf8_valid(value)) {
		out_str(o, STR("\"value_text\":"));
		return out_json_string(o, value);
	}
	out_str(o, STR("\"value_b64\":"));
	return print_base64(o, value);
}

static const struct str ts_names[] = { STR("none"), STR("create"), STR("append") };

static void
print_i64_or_null(struct out *o, int64_t v)
{
	if (v < 0)
		out_str(o, STR("null"));
	else
		out_i64(o, v);
}

static void
print_place(struct out *o, const struct record *r)
{
	out_str(o, STR("{\"topic\":"));
	out_json_string(o, r->topic);
	out_str(o, STR(",\"partition\":"));
	print_i64_or_null(o, r->partition);
	if (r->offset < 0) {
		out_str(o, STR(",\"offset\":null"));
	} else {
		out_str(o, STR(",\"offset\":\""));
		out_i64(o, r->offset);
		out_char(o, '"');
	}
	out_str(o, STR(",\"timestamp\":"));
	print_i64_or_null(o, r->timestamp);
	out_str(o, STR(",\"timestampType\":\""));
	out_str(o, ts_names[r->timestamp_type]);
	out_str(o, STR("\","));
}

static void
print_members(struct out *o, const struct record *r)
{
	print_place(o, r);
	print_text_member(o, STR("key"), r->key);
	out_char(o, ',');
	print_headers(o, r);
	out_char(o, ',');
	print_value(o, r->value);
}

int
envelope_print(struct out *o, const struct record *r)
{
	print_members(o, r);
	out_char(o, '}');
	return out_end_line(o);
}

int
envelope_print_part(struct out *o, const struct record *r, enum envelope_part part)
{
	out_char(o, '{');
	if (part == ENVELOPE_KEY)
		print_text_member(o, STR("key"), r->key);
	else if (part == ENVELOPE_VALUE)
		print_value(o, r->value);
	else
		print_headers(o, r);
	out_char(o, '}');
	return out_end_line(o);
}

int
envelope_print_failed(struct out *o, const struct record *r, const struct err *why)
{
	struct str text = str_of(why->msg);

	print_members(o, r);
	out_str(o, STR(",\"error\":"));
	out_json_string(o, utf8_valid(text) ? text : STR("unknown"));
	out_char(o, '}');
	return out_end_line(o);
}

/* ---- parsing */

struct envelope_parser {
	struct arena   arena;           /* decoded text */
	struct header *headers;
	size_t         n_headers, cap_headers;
	struct record *to;              /* of the call that is going on */
};

struct envelope_parser *
envelope_parser_new(void)
{
	return mem_zalloc(1, sizeof(struct envelope_parser));
}

void
envelope_parser_free(struct envelope_parser *p)
{
	if (p == NULL)
		return;
	arena_release(&p->arena);
	free(p->headers);
	free(p);
}

static int
read_text(struct envelope_parser *p, const struct field *f, struct str *to, struct err *err)
{
	if (f->kind == JSON_NULL)
		*to = (struct str){ NULL, 0 };
	else if (f->kind == JSON_STRING)
		*to = json_text(f, &p->arena);
	else
		return fail_as(err, STATUS_DATA, "is neither a string nor null");
	return 0;
}

static int
read_base64(struct envelope_parser *p, const struct field *f, struct str *to, struct err *err)
{
	struct str text;
	char      *bytes;
	long long  n;

	if (f->kind != JSON_STRING)
		return fail_as(err, STATUS_DATA, "is not a string");
	text = json_text(f, &p->arena);
	bytes = arena_alloc(&p->arena, text.n / 4 * 3 + 1);
	n = base64_decode(bytes, text);
	if (n < 0)
		return fail_as(err, STATUS_DATA, "is not base64");
	*to = (struct str){ bytes, (size_t)n };
	return 0;
}

/* A whole number from 0 to max, or null: -1. */
static int
read_whole(const struct field *f, int64_t max, int64_t *to, struct err *err)
{
	int64_t v = 0;

	if (f->kind == JSON_NULL) {
		*to = -1;
		return 0;
	}
	if (f->kind != JSON_NUMBER)
		return fail_as(err, STATUS_DATA, "is neither a whole number nor null");
	for (size_t i = 0; i < f->raw.n; i++) {
		int d = f->raw.p[i] - '0';

		if (d < 0 || d > 9 || v > (max - d) / 10)
			return fail_as(err, STATUS_DATA, "is not a whole number from 0 to %" PRId64,
			               max);
		v = 10 * v + d;
	}
	*to = v;
	return 0;
}

static int
read_topic(struct envelope_parser *p, const struct field *f, struct err *err)
{
	if (f->kind != JSON_STRING || f->raw.n <= 2)
		return fail_as(err, STATUS_DATA, "is not the name of a topic");
	return read_text(p, f, &p->to->topic, err);
}

static int
read_partition(struct envelope_parser *p, const struct field *f, struct err *err)
{
	int64_t v;

	if (read_whole(f, INT32_MAX, &v, err) < 0)
		return -1;
	p->to->partition = (int32_t)v;
	return 0;
}

/* Where the record came from; where it goes, the broker decides. */
static int
read_offset(struct envelope_parser *p, const struct field *f, struct err *err)
{
	struct field digits = { JSON_NUMBER, false, f->raw };

	if (f->kind != JSON_STRING)
		return read_whole(f, INT64_MAX, &p->to->offset, err);
	digits.raw = str_slice(f->raw, 1, f->raw.n - 1);
	if (digits.raw.n == 0)
		return fail_as(err, STATUS_DATA, "is empty");
	return read_whole(&digits, INT64_MAX, &p->to->offset, err);
}

static int
read_timestamp(struct envelope_parser *p, const struct field *f, struct err *err)
{
	return read_whole(f, INT64_MAX, &p->to->timestamp, err);
}

static int
read_timestamp_type(struct envelope_parser *p, const struct field *f, struct err *err)
{
	struct str text = f->kind == JSON_STRING ? json_text(f, &p->arena) : STR("");

	for (int i = TS_NONE; i <= TS_APPEND; i++)
		if (str_eq(text, ts_names[i])) {
			p->to->timestamp_type = (enum ts_type)i;
			return 0;
		}
	return fail_as(err, STATUS_DATA, "is not \"create\", \"append\" or \"none\"");
}

static int
read_key(struct envelope_parser *p, const struct field *f, struct err *err)
{
	return read_text(p, f, &p->to->key, err);
}

static int
read_key_base64(struct envelope_parser *p, const struct field *f, struct err *err)
{
	return read_base64(p, f, &p->to->key, err);
}

static int
read_value(struct envelope_parser *p, const struct field *f, struct err *err)
{
	(void)err;
	p->to->value = f->kind == JSON_NULL ? (struct str){ NULL, 0 } : f->raw;
	return 0;
}

static int
read_value_text(struct envelope_parser *p, const struct field *f, struct err *err)
{
	if (f->kind != JSON_STRING)
		return fail_as(err, STATUS_DATA, "is not a string");
	return read_text(p, f, &p->to->value, err);
}

static int
read_value_base64(struct envelope_parser *p, const struct field *f, struct err *err)
{
	return read_base64(p, f, &p->to->value, err);
}

static struct str
name_text(struct envelope_parser *p, struct str raw)
{
	struct field f = { JSON_STRING, memchr(raw.p, '\\', raw.n) != NULL, raw };

	return json_text(&f, &p->arena);
}

/* "text", null, or {"b64":"..."} */
static int
read_header_text(struct envelope_parser *p, const struct field *f, struct str *to, struct err *err)
{
	struct str   name;
	struct field value, more;
	size_t       at = 0;

	if (f->kind != JSON_OBJECT)
		return read_text(p, f, to, err);
	if (json_next(f->raw, &at, &name, &value) == 0 || !str_eq(name_text(p, name), STR("b64")) ||
	    json_next(f->raw, &at, &name, &more) == 1)
		return fail_as(err, STATUS_DATA, "is an object, and not {\"b64\":\"...\"}");
	return read_base64(p, &value, to, err);
}

static int
read_header(struct envelope_parser *p, const struct field *pair, struct header *to, struct err *err)
{
	struct str   none;
	struct field name, value, more;
	size_t       at = 0;

	if (pair->kind != JSON_ARRAY || json_next(pair->raw, &at, &none, &name) == 0 ||
	    json_next(pair->raw, &at, &none, &value) == 0 ||
	    json_next(pair->raw, &at, &none, &more) == 1)
		return fail_as(err, STATUS_DATA, "is not a pair of name and value");
	if (name.kind == JSON_NULL)
		return fail_as(err, STATUS_DATA, "has no name");
	if (read_header_text(p, &name, &to->name, err) < 0)
		return fail_in(err, "its name");
	if (read_header_text(p, &value, &to->value, err) < 0)
		return fail_in(err, "its value");
	return 0;
}

static int
read_headers(struct envelope_parser *p, const struct field *f, struct err *err)
{
	struct str   none;
	struct field pair;
	size_t       at = 0;

	if (f->kind != JSON_NULL && f->kind != JSON_ARRAY)
		return fail_as(err, STATUS_DATA, "is neither an array nor null");
	while (f->kind == JSON_ARRAY && json_next(f->raw, &at, &none, &pair) == 1) {
		if (p->n_headers == p->cap_headers)
			p->headers = mem_more(p->headers, p->n_headers, &p->cap_headers,
			                      sizeof(*p->headers));
		if (read_header(p, &pair, &p->headers[p->n_headers], err) < 0)
			return fail_in(err, "header %zu", p->n_headers + 1);
		p->n_headers++;
	}
	p->to->headers = p->headers;
	p->to->n_headers = p->n_headers;
	return 0;
}

/* Passed over: what the broker or the client said about the record. */
static int
read_error(struct envelope_parser *p, const struct field *f, struct err *err)
{
	(void)p, (void)f, (void)err;
	return 0;
}

/* Members of one slot say the same thing in different spellings: at most one of them may be
 * there. */
enum slot {
	SLOT_TOPIC,
	SLOT_PARTITION,
	SLOT_OFFSET,
	SLOT_TIMESTAMP,
	SLOT_TYPE,
	SLOT_KEY,
	SLOT_HEADERS,
	SLOT_VALUE,
	SLOT_ERROR
};

static const struct member {
	struct str name;
	enum slot  slot;
	int      (*read)(struct envelope_parser *p, const struct field *f, struct err *err);
} members[] = {
	{ STR("topic"), SLOT_TOPIC, read_topic },
	{ STR("partition"), SLOT_PARTITION, read_partition },
	{ STR("offset"), SLOT_OFFSET, read_offset },
	{ STR("timestamp"), SLOT_TIMESTAMP, read_timestamp },
	{ STR("timestampType"), SLOT_TYPE, read_timestamp_type },
	{ STR("key"), SLOT_KEY, read_key },
	{ STR("key_b64"), SLOT_KEY, read_key_base64 },
	{ STR("headers"), SLOT_HEADERS, read_headers },
	{ STR("value"), SLOT_VALUE, read_value },
	{ STR("value_text"), SLOT_VALUE, read_value_text },
	{ STR("value_b64"), SLOT_VALUE, read_value_base64 },
	{ STR("error"), SLOT_ERROR, read_error },
};
enum { MEMBERS = sizeof(members) / sizeof(*members) };

/* Two members of a slot: the same, or another spelling of it. */
static int
fail_twice(const struct member *m, unsigned seen, struct err *err)
{
	const struct member *other = members, *plain = members;

	while (other->slot != m->slot || !(seen & 1u << (other - members)))
		other++;
	while (plain->slot != m->slot)
		plain++;
	if (other == m)
		return fail_as(err, STATUS_DATA, "'%.*s' is there twice", STR_ARGS(m->name));
	return fail_as(err, STATUS_DATA, "'%.*s' and '%.*s' both say the %.*s",
	               STR_ARGS(other->name), STR_ARGS(m->name), STR_ARGS(plain->name));
}

static bool
is_seen(enum slot slot, unsigned seen)
{
	for (size_t i = 0; i < MEMBERS; i++)
		if (members[i].slot == slot && seen & 1u << i)
			return true;
	return false;
}

static int
read_member(struct envelope_parser *p, struct str raw_name, const struct field *f, unsigned *seen,
            struct err *err)
{
	const struct member *m = members;
	struct str           name = name_text(p, raw_name);
	char                 text[QUOTE_MAX];

	while (m < members + MEMBERS && !str_eq(m->name, name))
		m++;
	if (m == members + MEMBERS)
		return fail_as(err, STATUS_DATA,
		               "%s is not a member of an envelope; see maip-stream(5)",
		               quote(text, name));
	if (is_seen(m->slot, *seen))
		return fail_twice(m, *seen, err);
	*seen |= 1u << (m - members);
	return m->read(p, f, err) < 0 ? fail_in(err, "%s", quote(text, m->name)) : 0;
}

int
envelope_parse(struct envelope_parser *p, struct str line, struct record *to, struct err *err)
{
	unsigned     seen = 0;
	struct field f, whole;
	struct str   name;
	size_t       at = 0, end;

	if (json_check(line, err) < 0 || json_value(line, &whole, &end, err) < 0)
		return -1;
	if (whole.kind != JSON_OBJECT)
		return fail_as(err, STATUS_DATA, "is not an object");
	arena_reset(&p->arena);
	p->n_headers = 0;
	p->to = to;
	*to = (struct record){ .partition = -1, .offset = -1, .timestamp = -1 };
	while (json_next(whole.raw, &at, &name, &f) == 1)
		if (read_member(p, name, &f, &seen, err) < 0)
			return -1;
	if (!is_seen(SLOT_VALUE, seen))
		return fail_as(err, STATUS_DATA, "has no value (\"value\":null is a tombstone)");
	return 0;
}
