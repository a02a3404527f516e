/* SPDX-License-Identifier: Apache-2.0 */
/*
 * time_expr.c - the event time of a record
 *
 * Nearly always a path to a text or a number, which is read where it stands. The
 * message for a record without a time names the path and shows what stood there.
 */
#include <stdlib.h>

#include "base/time.h"
#include "sql/parse.h"

struct time_expr {
	struct expr     *expr;
	char            *text;          /* for messages */
	int              field;         /* -1: not a plain path */
	enum time_format format;
	bool             has_format;    /* the tool has --time-format */
};

struct time_expr *
time_expr_new(struct str text, const char *option, int format, const struct expr_scope *scope,
              struct err *err)
{
	struct expr      *e = expr_new(text, option, scope, err);
	struct time_expr *t;
	int               kind;

	if (e == NULL)
		return NULL;
	kind = expr_kind(e);
	if (kind != KIND_UNKNOWN && kind != VAL_TEXT && kind != VAL_NUM && kind != VAL_TIME) {
		fail_as(err, STATUS_USAGE, "%s: this is %s, not a time", option,
		        val_kind_name((enum val_kind)kind));
		expr_free(e);
		return NULL;
	}
	t = mem_zalloc(1, sizeof(*t));
	*t = (struct time_expr){ .expr = e, .text = mem_dup(text), .field = expr_field(e),
		.has_format = format != TIME_EXPR_NO_FORMAT };
	t->format = t->has_format ? (enum time_format)format : TIME_FORMAT_AUTO;
	return t;
}

void
time_expr_free(struct time_expr *t)
{
	if (t == NULL)
		return;
	expr_free(t->expr);
	free(t->text);
	free(t);
}

/* Text in the wanted format: digits count as a number where the unit is given. */
static int
parse_text(const struct time_expr *t, struct str text, int64_t *ms)
{
	if (t->format == TIME_FORMAT_AUTO || t->format == TIME_FORMAT_RFC3339)
		return time_parse_rfc3339(ms, text);
	return time_parse_number(ms, text, t->format);
}

static int
parse_number(const struct time_expr *t, struct str number, int64_t *ms)
{
	if (t->format == TIME_FORMAT_RFC3339)
		return -1;
	return time_parse_number(ms, number, t->format);
}

static int
fail_no_time(const struct time_expr *t, struct err *err)
{
	char q[QUOTE_MAX];

	return fail_as(err, STATUS_DATA, "no time: %s is missing or null",
	               quote(q, str_of(t->text)));
}

/* Text, numbers and truth are shown; of anything else its kind says enough. What starts with a text
 * would have quotes within quotes. */
static int
fail_bad_time(const struct time_expr *t, enum val_kind kind, struct str shown, struct err *err)
{
	static const char *const wanted[] = {
		[TIME_FORMAT_AUTO] = "a time (RFC 3339, or a number since 1970)",
		[TIME_FORMAT_RFC3339] = "an RFC 3339 time",
		[TIME_FORMAT_S] = "a number of seconds since 1970",
		[TIME_FORMAT_MS] = "a number of milliseconds since 1970",
		[TIME_FORMAT_US] = "a number of microseconds since 1970",
		[TIME_FORMAT_NS] = "a number of nanoseconds since 1970",
	};
	const bool show = kind == VAL_TEXT || kind == VAL_NUM || kind == VAL_BOOL;
	const char *const what = kind == VAL_TEXT  ? "the text "
	                         : kind == VAL_NUM ? "the number "
	                         : show            ? ""
	                                           : val_kind_name(kind);
	char name[QUOTE_MAX], q[QUOTE_MAX];
	const char *hint = "";
	int64_t ms;

	if (kind == VAL_TEXT && t->format == TIME_FORMAT_AUTO && t->has_format &&
	    time_parse_number(&ms, shown, TIME_FORMAT_AUTO) == 0)
		hint = " (--time-format s, ms, us or ns takes numbers in text)";
	return fail_as(err, STATUS_DATA,
	               "%s is %s%s, which is not %s within the years -9999 to 9999%s",
	               t->text[0] == '\'' ? "this" : quote(name, str_of(t->text)),
	               what,
	               kind == VAL_BOOL ? shown.p
	               : show           ? quote(q, shown)
	                                : "",
	               wanted[t->format], hint);
}

static int
eval_value(const struct time_expr *t, const struct expr_env *env, int64_t *ms, struct err *err)
{
	char       number[NUM_TEXT_MAX];
	struct str shown = STR("");
	struct val v;
	bool       ok = false;

	expr_eval(t->expr, env, &v);
	if (v.kind == VAL_NULL)
		return fail_no_time(t, err);
	if (v.kind == VAL_TIME) {
		*ms = v.ms;
		ok = v.ms >= TIME_FIRST && v.ms <= TIME_LAST;
	} else if (v.kind == VAL_TEXT) {
		shown = v.text;
		ok = parse_text(t, shown, ms) == 0;
	} else if (v.kind == VAL_NUM) {
		shown = (struct str){ number, num_print(number, &v.num) };
		ok = parse_number(t, shown, ms) == 0;
	} else if (v.kind == VAL_BOOL) {
		shown = v.truth ? STR("TRUE") : STR("FALSE");
	}
	return ok ? 0 : fail_bad_time(t, v.kind, shown, err);
}

int
time_expr_eval(const struct time_expr *t, const struct expr_env *env, int64_t *ms, struct err *err)
{
	const struct field *f;

	if (t->field < 0)
		return eval_value(t, env, ms, err);
	f = &env->fields[t->field];
	if (f->kind == JSON_NUMBER && parse_number(t, f->raw, ms) == 0)
		return 0;
	if (f->kind == JSON_NUMBER)
		return fail_bad_time(t, VAL_NUM, f->raw, err);
	if (f->kind == JSON_STRING && !f->escaped &&
	    parse_text(t, str_slice(f->raw, 1, f->raw.n - 1), ms) == 0)
		return 0;
	return eval_value(t, env, ms, err);     /* what is not plain, and what goes wrong */
}
