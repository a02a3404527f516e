/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.c - reading and writing the lines that speak about the stream
 *
 * A control line decides when results are final, so reading is by rote: the
 * tokens that control_print writes, in their order, and nothing else. Only space
 * between tokens is free, because a filter that prints JSON anew may add some.
 */
#include "stream/control.h"

#include <inttypes.h>

#define HEX_ID 32

static void
skip_space(struct str *rest)
{
	while (rest->n > 0 && (*rest->p == ' ' || *rest->p == '\t'))
		*rest = str_slice(*rest, 1, rest->n);
}

/* The next token, if it is this one. */
static bool
take(struct str *rest, const char *token)
{
	const struct str want = str_of(token);

	skip_space(rest);
	if (!str_starts(*rest, want))
		return false;
	*rest = str_slice(*rest, want.n, rest->n);
	return true;
}

/* What stands between the next two quotes; no escapes: none of our words needs one. */
static bool
take_text(struct str *rest, struct str *text)
{
	const char *end;

	if (!take(rest, "\""))
		return false;
	end = memchr(rest->p, '"', rest->n);
	if (end == NULL || memchr(rest->p, '\\', (size_t)(end - rest->p)) != NULL)
		return false;
	*text = (struct str){ rest->p, (size_t)(end - rest->p) };
	*rest = str_slice(*rest, text->n + 1, rest->n);
	return true;
}

/* A JSON number that is a whole one: -0, 007 and 1e3 are not. */
static bool
take_i64(struct str *rest, int64_t *to)
{
	const bool negative = take(rest, "-");
	uint64_t v = 0;
	size_t n;

	if (!negative)
		skip_space(rest);
	for (n = 0; n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '9'; n++) {
		const uint64_t digit = (uint64_t)(rest->p[n] - '0');

		if (v > ((uint64_t)INT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	if (n == 0 || (n > 1 && rest->p[0] == '0') || (negative && v == 0))
		return false;
	*to = negative ? -(int64_t)v : (int64_t)v;
	*rest = str_slice(*rest, n, rest->n);
	return true;
}

/* ,"name": */
static bool
take_name(struct str *rest, const char *name)
{
	struct str text;

	return take(rest, ",") && take_text(rest, &text) && str_eq(text, str_of(name)) &&
	       take(rest, ":");
}

static bool
take_id(struct str *rest, char to[HEX_ID + 1])
{
	struct str text;

	if (!take_text(rest, &text) || text.n != HEX_ID)
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (strchr("0123456789abcdef", text.p[i]) == NULL)
			return false;
	memcpy(to, text.p, HEX_ID);
	to[HEX_ID] = '\0';
	return true;
}

static bool
take_bool(struct str *rest, bool *to)
{
	*to = take(rest, "true");
	return *to || take(rest, "false");
}

static int
malformed(const struct control *c, struct err *err)
{
	static const char *const shape[] = {
		[CONTROL_HELLO] = "{\"_maip\":\"hello\",\"version\":1,\"job\":\"<32 hex>\","
		                  "\"run\":\"<32 hex>\",\"watermarks\":true|false,"
		                  "\"checkpoints\":true|false}",
		[CONTROL_WATERMARK] = "{\"_maip\":\"watermark\",\"ts\":<milliseconds>}",
		[CONTROL_IDLE] = "{\"_maip\":\"idle\"}",
		[CONTROL_ACTIVE] = "{\"_maip\":\"active\"}",
		[CONTROL_END] = "{\"_maip\":\"end\",\"drain\":true|false}",
	};

	return fail_as(err, STATUS_DATA, "malformed control line, expected %s", shape[c->kind]);
}

static int
parse_hello(struct control *to, struct str *rest, struct err *err)
{
	int64_t version;

	if (!take_name(rest, "version") || !take_i64(rest, &version))
		return malformed(to, err);
	if (version != STREAM_VERSION)
		return fail_as(err, STATUS_DATA, "the stream has version %" PRId64 " and this tool "
		               "reads version %d: install the same release of every stage",
		               version, STREAM_VERSION);
	if (!take_name(rest, "job") || !take_id(rest, to->job) ||
	    !take_name(rest, "run") || !take_id(rest, to->run) ||
	    !take_name(rest, "watermarks") || !take_bool(rest, &to->watermarks) ||
	    !take_name(rest, "checkpoints") || !take_bool(rest, &to->checkpoints))
		return malformed(to, err);
	return 0;
}

static int
parse_watermark(struct control *to, struct str *rest, struct err *err)
{
	if (!take_name(rest, "ts") || !take_i64(rest, &to->ts))
		return malformed(to, err);
	return 0;
}

static int
parse_end(struct control *to, struct str *rest, struct err *err)
{
	if (!take_name(rest, "drain") || !take_bool(rest, &to->drain))
		return malformed(to, err);
	return 0;
}

static const struct {
	const char *name;
	/* The members; NULL: there are none. */
	int (*parse)(struct control *to, struct str *rest, struct err *err);
} kinds[] = {
	[CONTROL_HELLO]     = { "hello", parse_hello },
	[CONTROL_WATERMARK] = { "watermark", parse_watermark },
	[CONTROL_IDLE]      = { "idle", NULL },
	[CONTROL_ACTIVE]    = { "active", NULL },
	[CONTROL_END]       = { "end", parse_end },
};

static enum control_kind
kind_of(struct str name)
{
	for (size_t i = CONTROL_NONE + 1; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (str_eq(name, str_of(kinds[i].name)))
			return (enum control_kind)i;
	return CONTROL_NONE;
}

static bool
take_opening(struct str *rest)
{
	return take(rest, "{") && take(rest, "\"_maip\"") && take(rest, ":");
}

bool
control_looks(struct str line)
{
	/* The common line is turned away by its third byte. */
	if (line.n > 2 && line.p[0] == '{' && line.p[1] == '"' && line.p[2] != '_')
		return false;
	return take_opening(&line);
}

int
control_parse(struct control *to, struct str line, struct err *err)
{
	struct str name;

	*to = (struct control){ .kind = CONTROL_NONE };
	if (!take_opening(&line) || !take_text(&line, &name))
		return fail_as(err, STATUS_DATA, "malformed control line, "
		               "expected {\"_maip\":\"<kind>\",...}");
	to->kind = kind_of(name);
	if (to->kind == CONTROL_NONE) {
		char quoted[QUOTE_MAX];

		return fail_as(err, STATUS_DATA, "unknown kind of control line: %s",
		               quote(quoted, name));
	}
	if (kinds[to->kind].parse != NULL && kinds[to->kind].parse(to, &line, err) < 0)
		return -1;
	if (!take(&line, "}"))
		return malformed(to, err);
	skip_space(&line);
	return line.n == 0 ? 0 : malformed(to, err);
}

static int
out_text(struct out *o, const char *text)
{
	return out_str(o, str_of(text));
}

static const char *
bool_word(bool b)
{
	return b ? "true" : "false";
}

int
control_print(struct out *o, const struct control *c)
{
	out_text(o, "{\"_maip\":\"");
	out_text(o, kinds[c->kind].name);
	out_char(o, '"');
	if (c->kind == CONTROL_HELLO) {
		out_text(o, ",\"version\":");
		out_i64(o, STREAM_VERSION);
		out_text(o, ",\"job\":\"");
		out_text(o, c->job);
		out_text(o, "\",\"run\":\"");
		out_text(o, c->run);
		out_text(o, "\",\"watermarks\":");
		out_text(o, bool_word(c->watermarks));
		out_text(o, ",\"checkpoints\":");
		out_text(o, bool_word(c->checkpoints));
	} else if (c->kind == CONTROL_WATERMARK) {
		out_text(o, ",\"ts\":");
		out_i64(o, c->ts);
	} else if (c->kind == CONTROL_END) {
		out_text(o, ",\"drain\":");
		out_text(o, bool_word(c->drain));
	}
	out_char(o, '}');
	return out_char(o, '\n');       /* no out_end_line(): it counts records */
}
