/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cast.c - values of one kind as another
 *
 * The rules are Flink's: a number loses its fraction on the way to an integer, text may have
 * space around a number and around nothing else, and what does not fit is NULL.
 */
#include <stdio.h>

#include "base/time.h"
#include "sql/node.h"

/* As Java trims: of everything up to a space. */
static struct str
trimmed(struct str s)
{
	while (s.n > 0 && (unsigned char)s.p[0] <= ' ')
		s = str_slice(s, 1, s.n);
	while (s.n > 0 && (unsigned char)s.p[s.n - 1] <= ' ')
		s.n--;
	return s;
}

static bool
is_digit(struct str s, size_t i)
{
	return i < s.n && s.p[i] >= '0' && s.p[i] <= '9';
}

/* What SQL allows and JSON does not: zeros in front, and a point with nothing on one side. */
static struct str
json_number_of(struct str text, struct arena *scratch)
{
	char *p;

	while (text.n > 1 && text.p[0] == '0' && is_digit(text, 1))
		text = str_slice(text, 1, text.n);
	if (text.n > 1 && text.p[text.n - 1] == '.' && is_digit(text, text.n - 2))
		text.n--;
	if (text.n < 2 || text.p[0] != '.')
		return text;
	p = arena_alloc(scratch, text.n + 1);
	p[0] = '0';
	memcpy(p + 1, text.p, text.n);
	return (struct str){ p, text.n + 1 };
}

int
text_to_num(struct num *to, struct str text, struct arena *scratch)
{
	struct field f;
	struct err   ignored;
	size_t       end;
	bool         minus;

	text = trimmed(text);
	minus = text.n > 0 && text.p[0] == '-';
	if (minus || (text.n > 0 && text.p[0] == '+'))
		text = str_slice(text, 1, text.n);
	text = json_number_of(text, scratch);
	if (!is_digit(text, 0) || json_value(text, &f, &end, &ignored) < 0 || end != text.n ||
	    num_parse(to, f.raw) < 0)
		return -1;
	if (minus)
		num_neg(to, to);
	return 0;
}

int
val_to_text(struct str *to, const struct val *v, struct arena *scratch)
{
	char text[NUM_TEXT_MAX];

	switch (v->kind) {
	case VAL_NULL:
		return -1;
	case VAL_TEXT:
		*to = v->text;
		return 0;
	case VAL_BOOL:
		*to = v->truth ? STR("TRUE") : STR("FALSE");
		return 0;
	case VAL_NUM:
		*to = arena_dup(scratch, (struct str){ text, num_print(text, &v->num) });
		return 0;
	case VAL_TIME:
		*to = arena_dup(scratch, (struct str){ text, time_print(text, v->ms) });
		return 0;
	case VAL_INTERVAL:
		*to = arena_dup(scratch, (struct str){ text, dur_print(text, v->ms) });
		return 0;
	case VAL_JSON:
		*to = v->raw;
		return 0;
	}
	return -1;
}

static bool
word_is_one_of(struct str word, const char *const *words)
{
	for (; *words != NULL; words++) {
		size_t i = 0;

		while (i < word.n && (word.p[i] | 32) == ((*words)[i] | 32) && (*words)[i] != '\0')
			i++;
		if (i == word.n && (*words)[i] == '\0')
			return true;
	}
	return false;
}

static enum tri
truth_of(const struct val *v)
{
	static const char *const yes[] = { "true", "t", "yes", "y", "1", NULL };
	static const char *const no[] = { "false", "f", "no", "n", "0", NULL };
	struct num zero = num_of(0);
	struct str word;

	if (v->kind == VAL_BOOL)
		return v->truth ? TRI_TRUE : TRI_FALSE;
	if (v->kind == VAL_NUM)
		return num_cmp(&v->num, &zero) != 0 ? TRI_TRUE : TRI_FALSE;
	if (v->kind != VAL_TEXT)
		return TRI_NULL;
	word = v->text;
	if (word_is_one_of(word, yes))
		return TRI_TRUE;
	return word_is_one_of(word, no) ? TRI_FALSE : TRI_NULL;
}

static int
number_of(struct num *to, const struct val *v, struct arena *scratch)
{
	if (v->kind == VAL_NUM)
		*to = v->num;
	else if (v->kind == VAL_BOOL)
		*to = num_of(v->truth);
	else if (v->kind != VAL_TEXT || text_to_num(to, v->text, scratch) < 0)
		return -1;
	return 0;
}

static int
to_int(struct num *n, const struct cast_type *type)
{
	int64_t i;

	if (num_round(n, n, 0, NUM_TRUNCATE) < 0 || num_to_i64(n, &i) < 0 || i < type->min ||
	    i > type->max)
		return -1;
	*n = num_of(i);
	return 0;
}

/* A double as a decimal: rounded as ROUND does it, 1.005e0 to 1.01. */
static int
decimal_of_double(struct num *n, int scale)
{
	char text[128];
	int  length;

	if (num_round(n, n, scale, NUM_HALF_UP) < 0 || n->d > 1e38 || n->d < -1e38)
		return -1;
	length = snprintf(text, sizeof(text), "%.*f", scale, n->d);
	return num_parse(n, (struct str){ text, (size_t)length });
}

/* Exactly scale digits after the point, and no more than digits in all. */
static int
to_decimal(struct num *n, const struct cast_type *type)
{
	struct num zero = { .scale = (uint8_t)type->scale };
	int128     limit = 1;

	if (n->approx && decimal_of_double(n, type->scale) < 0)
		return -1;
	if (num_round(n, n, type->scale, NUM_HALF_UP) < 0 || num_add(n, n, &zero) < 0 ||
	    n->approx ||
	    n->scale != type->scale)
		return -1;
	for (int i = 0; i < type->digits; i++)
		limit *= 10;
	return n->v < limit && n->v > -limit ? 0 : -1;
}

static int
to_number(struct num *n, const struct val *v, const struct cast_type *type, struct arena *scratch)
{
	if (number_of(n, v, scratch) < 0)
		return -1;
	if (type->to == CAST_INT)       /* text with an exponent is no integer */
		return v->kind == VAL_TEXT && n->approx ? -1 : to_int(n, type);
	if (type->to == CAST_DECIMAL)
		return to_decimal(n, type);
	return num_of_double(n, num_to_double(n));
}

void
cast_val(struct val *to, const struct val *v, const struct cast_type *type, struct arena *scratch)
{
	struct num n;
	struct str text;
	int64_t    ms;

	if (type->only_text && v->kind != VAL_TEXT) {
		*to = *v;
		return;
	}
	val_set_null(to);
	switch (type->to) {
	case CAST_BOOL:
		val_set_tri(to, truth_of(v));
		break;
	case CAST_INT:
	case CAST_DECIMAL:
	case CAST_DOUBLE:
		if (to_number(&n, v, type, scratch) == 0)
			val_set_num(to, n);
		break;
	case CAST_TEXT:
		if (val_to_text(&text, v, scratch) == 0)
			val_set_text(to, type->length == 0
			                 ? text : text_slice(text, 0, type->length));
		break;
	case CAST_TIME:
		if (v->kind == VAL_TIME)
			val_set_ms(to, VAL_TIME, v->ms);
		else if (v->kind == VAL_TEXT && text_to_time(&ms, v->text) == 0)
			val_set_ms(to, VAL_TIME, ms);
		break;
	}
}
