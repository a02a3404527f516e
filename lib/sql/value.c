/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value.c - values: from fields, compared, printed, kept
 *
 * The bytes of val_key start with one that tells the kind, so that equal bytes mean equal
 * values and nothing else. A double is written as the decimal that it is exactly where 38
 * digits are enough, because then it can be equal to an exact number.
 */
#include <math.h>

#include "base/time.h"
#include "sql/small.h"
#include "sql/value.h"

#define DOUBLE_BITS      53             /* of a coefficient */
#define MORE_THAN_DIGITS ((int128)10000000000000000000U * 10000000000000000000U)  /* 10^38 */

const char *
val_kind_name(enum val_kind kind)
{
	static const char *const names[] = {
		"NULL", "a condition", "a number", "text", "a moment", "an interval",
		"a JSON object or array",
	};

	return names[kind];
}

void
val_of_field(struct val *to, const struct field *f, struct arena *scratch)
{
	struct small small;

	*to = (struct val){ .kind = VAL_NULL, .raw = f->raw };
	switch (f->kind) {
	case JSON_MISSING:
	case JSON_NULL:
		to->raw = (struct str){ NULL, 0 };
		break;
	case JSON_FALSE:
	case JSON_TRUE:
		to->kind = VAL_BOOL;
		to->truth = f->kind == JSON_TRUE;
		break;
	case JSON_NUMBER:
		if (small_parse(&small, f->raw))
			to->num = small_num(small);
		else if (num_parse(&to->num, f->raw) < 0) {
			to->raw = (struct str){ NULL, 0 };
			break;
		}
		to->kind = VAL_NUM;
		break;
	case JSON_STRING:
		to->kind = VAL_TEXT;
		to->text = f->escaped ? json_text(f, scratch) : str_slice(f->raw, 1, f->raw.n - 1);
		break;
	case JSON_OBJECT:
	case JSON_ARRAY:
		to->kind = VAL_JSON;
		break;
	}
}

static int
cmp_i64(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* Kinds among each other: in the order of enum val_kind. */
int
val_order(const struct val *a, const struct val *b)
{
	int order = val_cmp(a, b);

	if (order != VAL_UNLIKE)
		return order;
	return a->kind == b->kind ? 0 : a->kind < b->kind ? -1 : 1;
}

int
val_cmp(const struct val *a, const struct val *b)
{
	int order;

	if (a->kind != b->kind)
		return VAL_UNLIKE;
	switch (a->kind) {
	case VAL_BOOL:
		return (int)a->truth - (int)b->truth;
	case VAL_NUM:
		return num_cmp(&a->num, &b->num);
	case VAL_TEXT:
		order = str_cmp(a->text, b->text);
		return (order > 0) - (order < 0);
	case VAL_TIME:
	case VAL_INTERVAL:
		return cmp_i64(a->ms, b->ms);
	case VAL_NULL:
	case VAL_JSON:
		break;
	}
	return VAL_UNLIKE;
}

/* The exact decimal that a double is; false if that takes more than 38 digits. */
static bool
exact_of_double(struct num *to, double d)
{
	int      exponent;
	double   fraction = frexp(d, &exponent);
	int128   v = (int128)(int64_t)ldexp(fraction, DOUBLE_BITS);
	unsigned scale = 0;

	exponent -= DOUBLE_BITS;
	for (; v != 0 && v % 2 == 0 && exponent < 0; exponent++)
		v /= 2;
	for (; v != 0 && exponent != 0; exponent += exponent < 0 ? 1 : -1) {
		if (__builtin_mul_overflow(v, exponent < 0 ? 5 : 2, &v))
			return false;
		scale += exponent < 0;
	}
	*to = (struct num){ .v = v, .scale = (uint8_t)scale };
	return scale <= NUM_DIGITS && v < MORE_THAN_DIGITS && v > -MORE_THAN_DIGITS;
}

static int
key_of_num(struct buf *to, struct num n)
{
	struct num exact;
	char       text[NUM_TEXT_MAX];

	if (n.approx && exact_of_double(&exact, n.d))
		n = exact;
	num_normalize(&n);
	if (buf_add_char(to, n.approx ? 'd' : 'n') < 0)
		return -1;
	return buf_add(to, text, num_print(text, &n));
}

int
val_key(struct buf *to, const struct val *v)
{
	switch (v->kind) {
	case VAL_NULL:
		return buf_add_char(to, '0');
	case VAL_BOOL:
		return buf_add_char(to, v->truth ? 't' : 'f');
	case VAL_NUM:
		return key_of_num(to, v->num);
	case VAL_TEXT:
		return buf_add_char(to, 's') < 0 ? -1 : buf_add_str(to, v->text);
	case VAL_TIME:
	case VAL_INTERVAL:
		if (buf_add_char(to, v->kind == VAL_TIME ? 'm' : 'i') < 0)
			return -1;
		return buf_put_i64(to, v->ms);
	case VAL_JSON:
		return buf_add_char(to, 'j') < 0 ? -1 : json_add_compact(to, v->raw);
	}
	return -1;
}

int
val_key_part(struct buf *to, const struct val *v, bool several)
{
	const size_t at = to->n;

	if (val_key(to, v) < 0)
		return -1;
	if (several)
		buf_put_u64(to, to->n - at);
	return 0;
}

int
val_of_key(struct val *to, struct str key)
{
	struct cursor c = { .rest = str_slice(key, 1, key.n), .ok = true };

	*to = (struct val){ .kind = VAL_NULL };
	switch (key.n > 0 ? key.p[0] : '\0') {
	case '0':
		return 0;
	case 't':
	case 'f':
		to->kind = VAL_BOOL;
		to->truth = key.p[0] == 't';
		return 0;
	case 'n':
	case 'd':
		to->kind = VAL_NUM;
		if (num_parse(&to->num, c.rest) < 0)
			return -1;
		return key.p[0] == 'n' ? 0 : num_of_double(&to->num, num_to_double(&to->num));
	case 's':
		to->kind = VAL_TEXT;
		to->text = c.rest;
		return 0;
	case 'm':
	case 'i':
		to->kind = key.p[0] == 'm' ? VAL_TIME : VAL_INTERVAL;
		to->ms = cursor_i64(&c);
		return c.ok ? 0 : -1;
	case 'j':
		to->kind = VAL_JSON;
		to->raw = c.rest;
		return 0;
	default:
		return -1;
	}
}

int
val_add_json(struct buf *to, const struct val *v)
{
	char text[NUM_TEXT_MAX];

	if (v->raw.p != NULL)
		return buf_add_str(to, v->raw);
	switch (v->kind) {
	case VAL_BOOL:
		return buf_add_str(to, v->truth ? STR("true") : STR("false"));
	case VAL_NUM:
		return buf_add(to, text, num_print(text, &v->num));
	case VAL_TEXT:
		return json_add_string(to, v->text);
	case VAL_TIME:
		if (buf_add_char(to, '"') < 0 || buf_add(to, text, time_print(text, v->ms)) < 0)
			return -1;
		return buf_add_char(to, '"');
	case VAL_INTERVAL:
		return buf_add_i64(to, v->ms);
	case VAL_NULL:
	case VAL_JSON:
		break;
	}
	return buf_add_str(to, STR("null"));
}

int
val_print(struct out *o, const struct val *v)
{
	char text[NUM_TEXT_MAX];

	if (v->raw.p != NULL)
		return out_str(o, v->raw);
	switch (v->kind) {
	case VAL_BOOL:
		return out_str(o, v->truth ? STR("true") : STR("false"));
	case VAL_NUM:
		return out_num(o, &v->num);
	case VAL_TEXT:
		return out_json_string(o, v->text);
	case VAL_TIME:
		out_char(o, '"');
		out_bytes(o, text, time_print(text, v->ms));
		return out_char(o, '"');
	case VAL_INTERVAL:
		return out_i64(o, v->ms);
	case VAL_NULL:
	case VAL_JSON:
		break;
	}
	return out_str(o, STR("null"));
}

void
val_keep(struct val *to, struct buf *bytes, const struct val *from)
{
	size_t raw = from->raw.p != NULL ? from->raw.n : 0;

	buf_clear(bytes);
	*to = *from;
	if (raw > 0)
		buf_add(bytes, from->raw.p, raw);
	if (from->kind == VAL_TEXT)
		buf_add_str(bytes, from->text);
	if (from->raw.p != NULL)
		to->raw.p = bytes->p;
	if (from->kind == VAL_TEXT)
		to->text.p = bytes->p + raw;
}

/* One byte for the kind, one that says what follows. */
enum { HAS_RAW = 1, IS_TRUE = 2, IS_APPROX = 4 };

void
val_save(struct buf *to, const struct val *v)
{
	int flags = v->raw.p != NULL ? HAS_RAW : 0;

	if (v->kind == VAL_BOOL && v->truth)
		flags |= IS_TRUE;
	if (v->kind == VAL_NUM && v->num.approx)
		flags |= IS_APPROX;
	buf_add_char(to, (char)v->kind);
	buf_add_char(to, (char)flags);
	if (v->raw.p != NULL)
		buf_put_str(to, v->raw);
	if (v->kind == VAL_NUM && v->num.approx) {
		uint64_t bits;

		memcpy(&bits, &v->num.d, sizeof(bits));
		buf_put_u64(to, bits);
	} else if (v->kind == VAL_NUM) {
		buf_put_u64(to, (uint64_t)v->num.v);
		buf_put_i64(to, (int64_t)(v->num.v >> 64));
		buf_add_char(to, (char)v->num.scale);
	} else if (v->kind == VAL_TEXT) {
		buf_put_str(to, v->text);
	} else if (v->kind == VAL_TIME || v->kind == VAL_INTERVAL) {
		buf_put_i64(to, v->ms);
	}
}

static unsigned char
cursor_byte(struct cursor *c)
{
	unsigned char byte;

	if (!c->ok || c->rest.n == 0) {
		c->ok = false;
		return 0;
	}
	byte = (unsigned char)c->rest.p[0];
	c->rest = str_slice(c->rest, 1, c->rest.n);
	return byte;
}

static int
load_num(struct num *to, struct cursor *from, bool approx)
{
	uint64_t low = cursor_u64(from);
	double   d;

	if (approx) {
		memcpy(&d, &low, sizeof(d));
		return num_of_double(to, d);
	}
	*to = (struct num){ .v = (int128)((uint128)(uint64_t)cursor_i64(from) << 64 | low) };
	to->scale = cursor_byte(from);
	return to->scale <= NUM_DIGITS && to->v < MORE_THAN_DIGITS && to->v > -MORE_THAN_DIGITS
	               ? 0
	               : -1;
}

int
val_load(struct val *to, struct cursor *from)
{
	unsigned kind = cursor_byte(from), flags = cursor_byte(from);

	*to = (struct val){ .kind = (enum val_kind)kind };
	if (kind > VAL_JSON || flags > (HAS_RAW | IS_TRUE | IS_APPROX))
		from->ok = false;
	if (from->ok && (flags & HAS_RAW) != 0)
		to->raw = cursor_str(from);
	if (!from->ok)
		return -1;
	if (kind == VAL_BOOL)
		to->truth = (flags & IS_TRUE) != 0;
	else if (kind == VAL_NUM && load_num(&to->num, from, (flags & IS_APPROX) != 0) < 0)
		from->ok = false;
	else if (kind == VAL_TEXT)
		to->text = cursor_str(from);
	else if (kind == VAL_TIME || kind == VAL_INTERVAL)
		to->ms = cursor_i64(from);
	return from->ok ? 0 : -1;
}
